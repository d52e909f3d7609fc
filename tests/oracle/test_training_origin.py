"""The model that a run starts from: a run goes on with the same, or not at all."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file
from training_runs import ForkedWorker, events, new_run, start_worker, tiny_bert, told, until, weights
from training_runs import one_thread as one_thread  # the fixture

from nbtransformers.request import FinetuneRequest, ModelRef
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.rundir.state import state_of

COMMITS = "0123456789abcdef0123456789abcdef01234567", "89abcdef0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("models") / "bert")


def killed_run(folder: Path, model: Path, **settings: Any) -> RunFolder:
    run = new_run(folder, model, arguments={"save_steps": 3, "eval_steps": 12}, **settings)
    worker = ForkedWorker(run)
    until(run.complete_checkpoints)
    worker.kill()
    worker.wait()
    return run


def other_weights(model: Path) -> None:
    """All weights others, and the file as long as it was."""
    tensors = load_file(model / "model.safetensors")
    save_file({name: tensor + 0.01 for name, tensor in tensors.items()}, model / "model.safetensors", {"format": "pt"})


def other_vocabulary(model: Path) -> None:
    """Two words have changed places."""
    path = model / "tokenizer.json"
    described = json.loads(path.read_text())
    words = described["model"]["vocab"]
    words["film"], words["movie"] = words["movie"], words["film"]
    path.write_text(json.dumps(described))


@pytest.mark.parametrize(
    "method, change, file",
    [
        ("lora", other_weights, "model.safetensors"),
        ("head", other_weights, "model.safetensors"),
        ("full", other_vocabulary, "tokenizer.json"),
    ],
)
def test_a_run_whose_model_has_changed_does_not_go_on_until_it_is_back(
    tmp_path: Path, encoder: Path, method: Any, change: Any, file: str
) -> None:
    whole = new_run(tmp_path / "whole", encoder, method=method, arguments={"save_steps": 3, "eval_steps": 12})
    assert ForkedWorker(whole).wait() == 0
    model = shutil.copytree(encoder, tmp_path / "bert")
    run = killed_run(tmp_path / "run", model, method=method)
    done = run.complete_checkpoints()
    (model / "notes.json").write_text("{}")  # which is nothing to it
    shutil.move(model, tmp_path / "kept")
    shutil.copytree(tmp_path / "kept", model)
    change(model)
    assert ForkedWorker(run).wait() == 1
    assert state_of(run) == "failed"
    said = events(run, "state")[-1]
    assert said["message"] == f"The model bert is not what it was when the run run began: {file} has changed."
    assert said["hint"] == "Put it back as it was, or begin another run: `%finetune`."
    assert run.complete_checkpoints() == done
    shutil.rmtree(model)
    shutil.move(tmp_path / "kept", model)
    assert ForkedWorker(run).wait() == 0
    assert state_of(run) == "done"
    assert weights(run.model) == weights(whole.model)
    assert told(run) == told(whole)


@pytest.mark.slow
def test_a_model_of_the_hub_is_taken_at_the_commit_that_the_run_began_with(tmp_path: Path, encoder: Path) -> None:
    repository = tmp_path / "cache" / "models--acme--tiny"
    (repository / "refs").mkdir(parents=True)
    for commit in COMMITS:
        shutil.copytree(encoder, repository / "snapshots" / commit)
    other_weights(repository / "snapshots" / COMMITS[1])
    whole = new_run(tmp_path / "whole", encoder, method="lora")
    assert ForkedWorker(whole).wait() == 0
    run = new_run(tmp_path / "run", encoder, method="lora")
    request = replace(FinetuneRequest.from_json(run.request.read_text()), model=ModelRef("hub", "acme/tiny"))
    run.request.write_text(request.to_json())
    (repository / "refs" / "main").write_text(COMMITS[0])
    worker = start_worker(run, HF_HUB_CACHE=str(repository.parent))
    until(run.complete_checkpoints)
    worker.kill()
    worker.wait()
    (repository / "refs" / "main").write_text(COMMITS[1])
    assert start_worker(run, HF_HUB_CACHE=str(repository.parent)).wait() == 0
    assert state_of(run) == "done"
    assert len(events(run, "attempt")) == 2
    assert json.loads(run.origin.read_text())["commit"] == COMMITS[0]
    assert weights(run.model) == weights(whole.model)
