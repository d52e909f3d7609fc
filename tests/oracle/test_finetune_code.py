"""The plain program of a training run trains the same model, step by step."""

from __future__ import annotations

from pathlib import Path

import pytest
from oracle.test_code import ran
from training_runs import new_run, tiny_bert, told, weights, work
from training_runs import one_thread as one_thread  # the fixture

import nbtransformers as nbt
from nbtransformers.errors import UserError
from nbtransformers.magics import last, nbt_code
from nbtransformers.results.trainingrun import TrainingRun


@pytest.mark.parametrize("method", ["full", "lora"])
def test_every_step_and_the_model_are_those_of_the_run(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = tiny_bert(tmp_path / "bert", labels=5)  # its head is for others, and made anew
    folder = new_run(tmp_path / "run", encoder, arguments={"max_grad_norm": 0.5}, schedule="cosine", method=method)
    assert work(folder) == 0
    program = nbt.code(TrainingRun(folder))
    last.remember(TrainingRun(folder))
    assert nbt_code.code([], None) == program.rstrip("\n")
    monkeypatch.chdir(tmp_path)
    table = ran(program)["table"]
    steps = [event for event in told(folder) if event["type"] == "step"]
    evaluations = [event["metrics"] for event in told(folder) if event["type"] == "eval"]
    logged, evaluated = table[table["loss"].notna()], table[table["eval_loss"].notna()]
    assert logged["loss"].tolist() == [step["loss"] for step in steps]
    assert logged["learning_rate"].tolist() == [step["lr"] for step in steps]
    for name in ("loss", "accuracy", "f1", "precision", "recall"):
        mine, theirs = evaluated[f"eval_{name}"].tolist(), [metrics[name] for metrics in evaluations]
        assert mine == pytest.approx(theirs, rel=1e-5), name
    if method == "full":
        assert weights(tmp_path / "trained" / "model") == weights(folder.model)
    else:
        assert (tmp_path / "trained" / "model" / "adapter_model.safetensors").exists()


def test_a_run_without_a_program_says_so(tmp_path: Path) -> None:
    folder = new_run(tmp_path / "run", tiny_bert(tmp_path / "bert"), method="head")
    with pytest.raises(UserError, match="There is a program of %finetune for runs that learn one label a text"):
        nbt.code(TrainingRun(folder))
