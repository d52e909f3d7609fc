"""What a worker is told while it trains, and what stops it: commands, signals, a full disk, memory, divergence."""

from __future__ import annotations

import json
import math
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors.torch import load_file, save_file
from training_runs import ForkedWorker, events, new_run, tiny_bert, told, until, weights
from training_runs import one_thread as one_thread  # the fixture

from nbtransformers.rundir import heartbeat
from nbtransformers.rundir.control import tell
from nbtransformers.rundir.folder import COMPLETE, RunFolder
from nbtransformers.rundir.state import state_of
from nbtransformers.training.movie_snippets import movie_snippets

LONG = 400.0  # epochs: such a run does not end by itself


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("models") / "bert")


def steps(run: RunFolder) -> list[int]:
    return [event["step"] for event in events(run, "step")]


def stages(run: RunFolder) -> list[tuple[int, str]]:
    return [(event["attempt"], event["stage"]) for event in events(run, "stage")]


def last_state(run: RunFolder) -> dict[str, Any]:
    return events(run, "state")[-1]


# --- commands ---


def test_a_run_pauses_goes_on_saves_changes_its_rate_and_stops(tmp_path: Path, encoder: Path) -> None:
    run = new_run(tmp_path / "run", encoder, epochs=LONG, warmup=0.0, arguments={"eval_steps": 1000})
    worker = ForkedWorker(run)
    until(lambda: len(steps(run)) >= 3)
    pause = tell(run.control, "pause")
    until(lambda: state_of(run) == "paused")
    count = len(steps(run))
    time.sleep(0.3)
    assert len(steps(run)) == count
    halved = tell(run.control, "lr", factor=0.5)  # followed in the pause, too
    saved = tell(run.control, "save")
    until(lambda: {saved, halved} <= {event["id"] for event in events(run, "control")})
    assert run.complete_checkpoints()[-1] == steps(run)[-1]
    resume = tell(run.control, "resume")
    until(lambda: state_of(run) == "running" and len(steps(run)) > count + 2)
    fixed = tell(run.control, "lr", value=1e-5)
    until(lambda: any(event["id"] == fixed for event in events(run, "lr")))
    stop = tell(run.control, "stop")
    assert worker.wait() == 0
    assert state_of(run) == "stopped"
    followed = [event["id"] for event in events(run, "control")]
    assert sorted(followed) == sorted([pause, halved, saved, resume, fixed, stop])
    assert run.complete_checkpoints()[-1] == steps(run)[-1]
    assert weights(run.model) == weights(run.checkpoint(steps(run)[-1]))  # none was evaluated: the last
    assert_rates(run)


def assert_rates(run: RunFolder) -> None:
    """The learning rate of every step is that of the linear schedule, times the changes before it."""
    plan = events(run, "plan")[-1]
    assert plan["device"] == "cpu"
    for event in events(run, "step"):
        factor = math.prod(change["factor"] for change in events(run, "lr") if change["step"] < event["step"])
        schedule = 1 - (event["step"] - 1) / plan["steps"]
        assert event["lr"] == pytest.approx(1e-3 * schedule * factor, rel=1e-9)


OWN_PADDING = """
import json
import time
from pathlib import Path
from transformers import AutoTokenizer, DataCollatorWithPadding

usual = DataCollatorWithPadding(AutoTokenizer.from_pretrained({model!r}))
sizes = []

def padded(rows):
    sizes.append(len(rows))
    Path("sizes.json").write_text(json.dumps(sizes))
    if len(sizes) > 8 and Path("slow").exists():
        time.sleep(0.5)
    return usual(rows)
"""


@pytest.fixture
def slow(tmp_path: Path, encoder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file. While it is there, the collator `own_padding:padded`, which does what the usual one does, takes half a
    second for every batch but the first eight: what a worker is told comes in time, however quick it is.
    """
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_padding.py").write_text(OWN_PADDING.format(model=str(encoder)))
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "slow").touch()
    return tmp_path / "slow"


@pytest.mark.parametrize("how", ["command", "signal"])
def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(
    tmp_path: Path, encoder: Path, slow: Path, how: str
) -> None:
    settings: dict[str, Any] = {"arguments": {"save_steps": 5, "eval_steps": 6}}
    whole = new_run(tmp_path / "whole", encoder, **settings)
    assert ForkedWorker(whole).wait() == 0
    run = new_run(tmp_path / "run", encoder, **settings, collator="own_padding:padded")
    worker = ForkedWorker(run)
    until(lambda: len(steps(run)) >= 7)
    if how == "command":
        tell(run.control, "stop")
    else:
        worker.kill(signal.SIGTERM)
    assert worker.wait() == 0
    assert state_of(run) == "stopped"
    assert 7 <= steps(run)[-1] < 24
    slow.unlink()
    assert ForkedWorker(run, run.control.stat().st_size if run.control.exists() else 0).wait() == 0
    assert state_of(run) == "done"
    assert weights(run.model) == weights(whole.model)
    stopped_at = events(run, "attempt")[-1]["resumed_from"]
    without = [event for event in told(run) if event != {"type": "checkpoint", "step": stopped_at}]
    assert without == [event for event in told(whole) if event != {"type": "checkpoint", "step": stopped_at}]


def test_an_evaluation_with_a_collator_of_the_user_s_own_is_paused_and_broken_off_and_made_up_for(
    tmp_path: Path, encoder: Path, slow: Path
) -> None:
    settings: dict[str, Any] = {
        "test_share": 0.8,  # 48 rows, one at a time
        "arguments": {"save_steps": 50, "eval_steps": 2, "per_device_eval_batch_size": 1},
    }
    whole = new_run(tmp_path / "whole", encoder, **settings)
    assert ForkedWorker(whole).wait() == 0
    run = new_run(tmp_path / "run", encoder, **settings, collator="own_padding:padded")
    for attempt in (1, 2):  # once more while it is made up for
        worker = ForkedWorker(run, run.control.stat().st_size if run.control.exists() else 0)
        until(lambda attempt=attempt: (attempt, "evaluating") in stages(run))
        tell(run.control, "pause")
        until(lambda: state_of(run) == "paused")
        assert not events(run, "eval")
        tell(run.control, "stop")
        assert worker.wait() == 0
        assert state_of(run) == "stopped"
        assert not events(run, "eval")
        assert run.complete_checkpoints() == [2]
    slow.unlink()
    assert ForkedWorker(run, run.control.stat().st_size).wait() == 0
    assert state_of(run) == "done"
    assert weights(run.model) == weights(whole.model)
    assert [event for event in told(run) if event["type"] != "checkpoint"] == [
        event for event in told(whole) if event["type"] != "checkpoint"
    ]
    assert set(json.loads(Path("sizes.json").read_text())) == {1, 4}


def test_a_run_is_told_to_stop_before_its_first_step(tmp_path: Path, encoder: Path) -> None:
    run = new_run(tmp_path / "run", encoder)
    tell(run.control, "stop")
    assert ForkedWorker(run).wait() == 0
    assert state_of(run) == "stopped"
    assert not steps(run)
    assert not run.model.exists()
    assert ForkedWorker(run, run.control.stat().st_size).wait() == 0
    assert state_of(run) == "done"


# --- the best checkpoint ---

OWN = """
steps = []
def worse(predictions, labels):
    assert predictions.shape == (len(labels), 2)
    steps.append(1)
    return {1: 0.5, 2: 0.7, 3: 0.9}.get(len(steps), 0.8 / len(steps))
"""


def test_a_run_that_gets_no_better_ends_and_keeps_its_best_by_a_metric_of_the_user_s_own(
    tmp_path: Path, encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own_worse.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))
    settings: dict[str, Any] = {
        **{"metric": "own_worse:worse", "early_stopping": 3, "epochs": LONG},
        "arguments": {"eval_steps": 2, "save_steps": 1000},
    }
    run = new_run(tmp_path / "run", encoder, **settings)
    assert ForkedWorker(run).wait() == 0
    assert state_of(run) == "done"
    values = [event["metrics"]["worse"] for event in events(run, "eval")]
    assert values[:2] == [0.7, 0.9]  # the first was tried before training, with a few rows
    assert steps(run)[-1] == 10  # the best at step 4, and three more evaluations
    assert [(event["step"], event["metric"]) for event in events(run, "best")] == [(2, "worse"), (4, "worse")]
    assert run.complete_checkpoints() == [4, 8, 10]
    assert weights(run.model) == weights(run.checkpoint(4))
    assert events(run, "note")[-1]["text"] == "The model is that of step 4, the best by worse."


def test_a_run_that_was_killed_while_it_gets_no_better_counts_on(tmp_path: Path, encoder: Path) -> None:
    # The rate is so low that nothing changes: no evaluation is better than the first.
    settings: dict[str, Any] = {"lr": 1e-30, "early_stopping": 4, "epochs": LONG}
    run = new_run(tmp_path / "run", encoder, **settings, arguments={"eval_steps": 2, "save_steps": 1000})
    worker = ForkedWorker(run)
    until(lambda: run.complete_checkpoints()[-1:] == [6] or len(steps(run)) > 6)
    worker.kill()
    worker.wait()
    assert ForkedWorker(run).wait() == 0
    assert state_of(run) == "done"
    assert steps(run)[-1] == 10


def test_a_metric_that_is_not_there_is_told_before_training(tmp_path: Path, encoder: Path) -> None:
    run = new_run(tmp_path / "run", encoder, metric="acuracy")
    assert ForkedWorker(run).wait() == 1
    assert not steps(run)
    assert last_state(run)["message"] == "There is no metric 'acuracy'."
    assert last_state(run)["hint"] == "Did you mean accuracy?"


def test_a_model_that_lacks_a_part_of_its_body_is_not_trained(tmp_path: Path, encoder: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(encoder, broken)
    tensors = load_file(broken / "model.safetensors")
    lost = next(name for name in tensors if "layer.1." in name)
    kept = {name: tensor for name, tensor in tensors.items() if name != lost}
    save_file(kept, broken / "model.safetensors", metadata={"format": "pt"})
    run = new_run(tmp_path / "run", broken)
    assert ForkedWorker(run).wait() == 1
    assert last_state(run)["message"] == f"broken is not whole: {lost} is not in its weights."


# --- one worker ---


def test_two_workers_never_own_one_run(tmp_path: Path, encoder: Path) -> None:
    run = new_run(tmp_path / "run", encoder, epochs=LONG)
    worker = ForkedWorker(run)
    until(lambda: len(steps(run)) >= 2)
    before = run.events.read_bytes()
    assert ForkedWorker(run).wait() == 3
    assert "Another worker owns the run" in run.log.read_text()
    assert run.events.read_bytes().startswith(before)
    assert len(events(run, "attempt")) == 1
    beat = heartbeat.read(run.heartbeat)
    assert beat is not None and beat.pid == worker.pid and beat.memory is not None and beat.memory > 2**26
    worker.kill(signal.SIGINT)
    assert worker.wait() == 0
    assert state_of(run) == "stopped"


def test_a_run_that_is_done_is_left_alone(tmp_path: Path, encoder: Path) -> None:
    run = new_run(tmp_path / "run", encoder, epochs=0.25)
    assert ForkedWorker(run).wait() == 0
    before = run.events.read_bytes()
    assert ForkedWorker(run).wait() == 0
    assert run.events.read_bytes() == before


# --- what goes wrong ---


def test_a_loss_that_runs_away_stops_the_run_and_says_so(tmp_path: Path, encoder: Path) -> None:
    run = new_run(tmp_path / "run", encoder, lr=10.0, epochs=20.0)
    assert ForkedWorker(run).wait() == 1
    assert state_of(run) == "failed"
    told_last = last_state(run)
    assert "training diverged" in told_last["message"]
    assert told_last["hint"] == "Type a smaller learning rate: `--lr 5e-05`."
    assert "NaN" not in run.events.read_text() and "Infinity" not in run.events.read_text()


def test_a_loss_that_is_no_number_stops_the_run_at_once(tmp_path: Path, encoder: Path) -> None:
    run = new_run(tmp_path / "run", encoder, lr=1e30, epochs=20.0, arguments={"max_grad_norm": 0.0})
    assert ForkedWorker(run).wait() == 1
    assert "no number any more" in last_state(run)["message"]
    assert len(steps(run)) < 20
    for step in run.complete_checkpoints():  # none of it was saved
        assert all(np.isfinite(np.frombuffer(raw, np.float32)).all() for raw in weights(run.checkpoint(step)).values())


def test_whatever_fails_is_told_in_a_line_with_the_whole_of_it_in_the_log(tmp_path: Path, encoder: Path) -> None:
    run = new_run(tmp_path / "run", encoder)
    (run.data / "train.arrow").write_bytes(b"no arrow")
    assert ForkedWorker(run).wait() == 1
    assert state_of(run) == "failed"
    assert last_state(run)["message"].startswith("Training failed (Arrow")
    assert last_state(run)["hint"] == f"The whole of it is in {run.log}."
    assert "Traceback" in run.log.read_text()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", str(folder)], capture_output=True)
    if made.returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)  # a worker may be in it still


def test_a_disk_that_others_fill_stops_the_run_and_it_says_so(small_disk: Path, encoder: Path) -> None:
    run = new_run(small_disk / "run", encoder, epochs=LONG, arguments={"save_steps": 1000, "eval_steps": 1000})
    worker = ForkedWorker(run)
    until(lambda: len(steps(run)) >= 2)
    with (small_disk / "filler").open("wb", buffering=0) as filler, pytest.raises(OSError, match="No space"):
        while True:
            filler.write(bytes(4096))
    assert worker.wait() == 1
    assert state_of(run) == "failed"
    assert last_state(run)["message"].startswith("The disk is full, and the run run cannot be written on.")


def test_a_full_disk_stops_the_run_with_its_last_checkpoint_whole(small_disk: Path, encoder: Path) -> None:
    # A checkpoint of this model takes 13 MB: three are kept for a moment, and the fourth has no room.
    run = new_run(small_disk / "run", encoder, arguments={"save_steps": 3, "eval_steps": 3})
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 2**20 * 46)
    assert ForkedWorker(run).wait() == 1
    assert state_of(run) == "failed"
    whole = run.complete_checkpoints()
    assert whole
    said = last_state(run)
    assert said["message"] == (
        f"The disk is full, and the run run cannot be written on. Its last checkpoint, of step {whole[-1]}, is whole."
    )
    assert said["hint"] == f"Make room, and type `%runs resume run --folder {small_disk}`."
    assert all((folder / COMPLETE).exists() for folder in run.checkpoints.iterdir())
    filler.unlink()
    assert ForkedWorker(run).wait() == 0
    assert state_of(run) == "done"
    assert run.model.exists()


def test_a_disk_that_takes_no_more_stops_the_run_and_it_goes_on_when_there_is_room(
    tmp_path: Path, encoder: Path
) -> None:
    # The system refuses to let a file grow beyond a limit as it does on a full disk, and for this no one need be root.
    run = new_run(tmp_path / "run", encoder, epochs=LONG, arguments={"save_steps": 3, "eval_steps": 1000})
    worker = ForkedWorker(run)
    until(run.complete_checkpoints)
    tell(run.control, "pause")
    until(lambda: state_of(run) == "paused")
    worker.limit_files(2**20)
    tell(run.control, "resume")
    assert worker.wait() == 1
    assert state_of(run) == "failed"
    whole, said = run.complete_checkpoints(), last_state(run)
    assert said["message"] == (
        f"The disk is full, and the run run cannot be written on. Its last checkpoint, of step {whole[-1]}, is whole."
    )
    assert said["hint"] == f"Make room, and type `%runs resume run --folder {tmp_path}`."
    assert all((folder / COMPLETE).exists() for folder in run.checkpoints.iterdir())
    again = ForkedWorker(run, run.control.stat().st_size)
    until(lambda: run.complete_checkpoints()[-1] > whole[-1])
    assert events(run, "attempt")[-1]["resumed_from"] == whole[-1]
    tell(run.control, "stop")
    assert again.wait() == 0
    assert state_of(run) == "stopped"
    assert run.model.exists()


# --- memory ---


@pytest.fixture(scope="module")
def hungry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder that takes 100 MB for a text of 2,000 tokens; without dropout, parts of a batch give what it gives."""
    sizes: dict[str, Any] = {"intermediate_size": 4096, "max_position_embeddings": 2048}
    dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "classifier_dropout": 0.0}
    return tiny_bert(tmp_path_factory.mktemp("models") / "hungry", **sizes, **dropout)


@pytest.mark.slow
def test_less_is_computed_at_once_when_memory_runs_out(tmp_path: Path, hungry: Path) -> None:
    texts = [f"{snippet.text} " * 90 for snippet in movie_snippets()[:20]]
    data = pd.DataFrame({"review": texts, "stars": ["bad", "good"] * 10})
    settings: dict[str, Any] = {"batch_size": 8, "epochs": 1.0, "warmup": 0.0, "arguments": {"save_steps": 1}}
    ample = new_run(tmp_path / "ample", hungry, data, **settings)
    assert ForkedWorker(ample).wait() == 0
    run = new_run(tmp_path / "run", hungry, data, **settings)
    assert ForkedWorker(run, megabytes=1000).wait() == 0
    assert state_of(run) == "done"
    smaller = events(run, "micro_batch")
    assert smaller
    plan = events(run, "plan")[-1]
    assert plan["micro_batch"] * plan["accumulation"] == plan["batch_size"] == 8
    assert plan["steps"] == events(ample, "plan")[-1]["steps"]
    ours, theirs = ([event for event in told(some) if event["type"] == "step"] for some in (run, ample))
    assert [event["tokens"] for event in ours] == [event["tokens"] for event in theirs]
    assert [event["loss"] for event in ours] == pytest.approx([event["loss"] for event in theirs], rel=1e-4)


GREEDY = """
from transformers import AutoTokenizer, DataCollatorWithPadding

usual = DataCollatorWithPadding(AutoTokenizer.from_pretrained({model!r}))

def padded(rows):
    if len(rows) {sizes}:
        raise MemoryError
    return usual(rows)
"""


@pytest.fixture
def greedy(tmp_path: Path, encoder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Makes a collator for which memory runs out where it gets such a number of rows: `> 2`."""

    def written(sizes: str) -> str:
        (tmp_path / "own_greed.py").write_text(GREEDY.format(model=str(encoder), sizes=sizes))
        return "own_greed:padded"

    monkeypatch.syspath_prepend(str(tmp_path))
    return written


def test_what_a_run_was_told_before_memory_ran_out_is_followed_after_it(
    tmp_path: Path, encoder: Path, greedy: Callable[[str], str]
) -> None:
    settings: dict[str, Any] = {"epochs": LONG, "warmup": 0.0, "arguments": {"save_steps": 1000, "eval_steps": 1000}}
    run = new_run(tmp_path / "run", encoder, **settings, collator=greedy("> 2"))
    pause, halved, save = tell(run.control, "pause"), tell(run.control, "lr", factor=0.5), tell(run.control, "save")
    worker = ForkedWorker(run)  # which reads them before its first step, and has no memory for that
    until(lambda: state_of(run) == "paused", 30)
    assert not steps(run)
    tell(run.control, "resume")
    until(lambda: len(steps(run)) > 2)
    assert [event["micro_batch"] for event in events(run, "micro_batch")] == [2]
    assert {halved, save} <= {event["id"] for event in events(run, "control")}
    assert run.complete_checkpoints()[0] == 1
    tell(run.control, "stop")
    assert worker.wait() == 0
    assert [event["id"] for event in events(run, "control")].count(pause) == 1
    assert_rates(run)


def test_an_evaluation_for_which_memory_is_too_little_takes_less_at_once_and_training_as_much(
    tmp_path: Path, encoder: Path, greedy: Callable[[str], str]
) -> None:
    settings: dict[str, Any] = {"arguments": {"per_device_eval_batch_size": 9, "eval_steps": 6, "save_steps": 6}}
    ample = new_run(tmp_path / "ample", encoder, **settings)
    assert ForkedWorker(ample).wait() == 0
    run = new_run(tmp_path / "run", encoder, **settings, collator=greedy("> 5"))
    worker = ForkedWorker(run)
    until(lambda: events(run, "eval"))
    worker.kill()
    worker.wait()
    assert ForkedWorker(run).wait() == 0
    assert [(event["step"], event["eval_batch"]) for event in events(run, "eval_batch")] == [(6, 4)]  # and it is kept
    assert not events(run, "micro_batch")
    assert len(events(run, "attempt")) == 2
    assert events(run, "note")[0]["text"] == (
        "Memory ran out in an evaluation: 4 examples at once are evaluated from here on. "
        "Training's batches stay as they are."
    )
    assert weights(run.model) == weights(ample.model)
    assert [event for event in told(run) if event["type"] == "step"] == [
        event for event in told(ample) if event["type"] == "step"
    ]
    ours, theirs = ([event["metrics"] for event in told(some) if event["type"] == "eval"] for some in (run, ample))
    assert ours == [pytest.approx(metrics, rel=1e-5) for metrics in theirs]


def test_an_evaluation_for_which_memory_never_suffices_says_so(
    tmp_path: Path, encoder: Path, greedy: Callable[[str], str]
) -> None:
    settings: dict[str, Any] = {"arguments": {"per_device_eval_batch_size": 2, "eval_steps": 1}}
    run = new_run(tmp_path / "run", encoder, **settings, collator=greedy("< 4"))
    assert ForkedWorker(run).wait() == 1
    assert [event["eval_batch"] for event in events(run, "eval_batch")] == [1]
    assert not events(run, "micro_batch")
    assert last_state(run)["message"] == "Memory ran out in an evaluation with one example at a time."
    assert last_state(run)["hint"] == "Type `--max-length 128`, or give a smaller model."


@pytest.mark.slow
def test_memory_that_runs_out_in_an_evaluation_leaves_training_as_it_is(tmp_path: Path, hungry: Path) -> None:
    texts = [f"{snippet.text} " * 90 for snippet in movie_snippets()[:40]]
    data = pd.DataFrame({"review": texts, "stars": ["bad", "good"] * 20})
    sizes = {"per_device_eval_batch_size": 20, "eval_steps": 4, "save_steps": 4}
    run = new_run(tmp_path / "run", hungry, data, batch_size=1, test_share=0.5, arguments={**sizes, "max_steps": 4})
    assert ForkedWorker(run, megabytes=1000).wait() == 0
    assert state_of(run) == "done"
    assert events(run, "eval_batch")
    assert not events(run, "micro_batch")
    assert steps(run) == [1, 2, 3, 4]


@pytest.mark.slow
def test_memory_that_is_too_little_for_one_example_is_told(tmp_path: Path, hungry: Path) -> None:
    texts = [f"{snippet.text} " * 90 for snippet in movie_snippets()[:20]]
    data = pd.DataFrame({"review": texts, "stars": ["bad", "good"] * 10})
    run = new_run(tmp_path / "run", hungry, data, batch_size=2)
    assert ForkedWorker(run, megabytes=300).wait() == 1
    assert last_state(run)["message"] == "Memory ran out with one example at a time."
