"""A worker that is killed at any moment: the next one goes on, and ends as if nothing had happened."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from training_runs import ForkedWorker, events, new_run, tiny_bert, told, weights
from training_runs import one_thread as one_thread  # the fixture

from nbtransformers.rundir.control import tell
from nbtransformers.rundir.folder import COMPLETE, RunFolder
from nbtransformers.rundir.state import state_of

SEED = 20
MOMENTS = 20


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run whose learning rate is changed after its first step, and whose checkpoints are rotated; not begun."""
    folder = tmp_path_factory.mktemp("runs")
    run = new_run(folder / "run", tiny_bert(folder / "bert"), arguments={"save_steps": 3, "eval_steps": 6})
    tell(run.control, "lr", factor=0.5)
    return run


@pytest.fixture(scope="module")
def whole(prepared: RunFolder) -> RunFolder:
    """The run that was never interrupted."""
    run = copied(prepared, "whole")
    assert ForkedWorker(run).wait() == 0
    assert state_of(run) == "done"
    return run


def copied(run: RunFolder, name: str) -> RunFolder:
    shutil.copytree(run.path, run.path.with_name(name))
    return RunFolder(run.path.with_name(name))


# --- moments ---


def stage(name: str) -> Callable[[RunFolder], bool]:
    return lambda run: any(event["stage"] == name for event in events(run, "stage"))


def step(number: int) -> Callable[[RunFolder], bool]:
    return lambda run: any(event["step"] >= number for event in events(run, "step"))


def is_saving(run: RunFolder) -> bool:
    return any(not (folder / COMPLETE).exists() for folder in run.checkpoints.glob("checkpoint-*"))


def is_rotating(run: RunFolder) -> bool:
    """Whether a checkpoint that was whole is gone or going."""
    known = [event["step"] for event in events(run, "checkpoint")]
    return any(not (run.checkpoint(number) / COMPLETE).exists() for number in known)


def is_saving_model(run: RunFolder) -> bool:
    return (run.path / ".model-new").exists() or run.model.exists()


KINDS: dict[str, Callable[[RunFolder], bool]] = {
    "loading": stage("loading"),
    "tokenizing": stage("tokenizing"),
    "step": step(2),
    "late step": step(14),
    "saving": is_saving,
    "later saving": lambda run: step(12)(run) and is_saving(run),
    "rotating": is_rotating,
    "evaluating": stage("evaluating"),
    "saving the model": is_saving_model,
}


def moments() -> list[Any]:
    """Kinds of moments in turn, each with a delay of its own, from a seed."""
    drawn = random.Random(SEED)
    kinds = list(KINDS)
    return [
        pytest.param(kind := kinds[number % len(kinds)], drawn.uniform(0, 0.06), id=f"{number} {kind}")
        for number in range(MOMENTS)
    ]


def killed_at(worker: ForkedWorker, run: RunFolder, moment: Callable[[RunFolder], bool], delay: float) -> None:
    """Kill a worker a little after a moment has come, unless it has ended."""
    while worker.is_alive() and not moment(run):
        time.sleep(0.001)
    time.sleep(delay)
    if worker.is_alive():
        worker.kill()
    worker.wait()


@pytest.mark.slow
@pytest.mark.parametrize("kind, delay", moments())
def test_a_run_that_was_killed_ends_as_if_it_had_not_been(
    prepared: RunFolder, whole: RunFolder, tmp_path: Path, kind: str, delay: float
) -> None:
    run = copied(prepared, tmp_path.name)
    killed_at(ForkedWorker(run), run, KINDS[kind], delay / 20 if kind == "saving the model" else delay)
    assert state_of(run) in ("dead", "done")  # it may have told its end when it was killed
    assert ForkedWorker(run, heard(run)).wait() == 0
    assert_same(run, whole)


def test_a_run_that_was_killed_again_and_again_ends_as_if_it_had_not_been(
    prepared: RunFolder, whole: RunFolder
) -> None:
    run = copied(prepared, "again")
    for kind, delay in (("step", 0.01), ("saving", 0.005), ("late step", 0.02)):
        killed_at(ForkedWorker(run, heard(run)), run, KINDS[kind], delay)
    assert ForkedWorker(run, heard(run)).wait() == 0
    assert_same(run, whole)


def heard(run: RunFolder) -> int:
    """What of the control file a next worker need not read: the change of the learning rate, once it is recorded."""
    recorded = bool(events(run, "lr"))
    return run.control.stat().st_size if recorded else 0


def assert_same(run: RunFolder, whole: RunFolder) -> None:
    """The same weights, bit for bit; the same optimizer; the same told of every step."""
    assert state_of(run) == "done"
    assert run.complete_checkpoints() == whole.complete_checkpoints()
    assert weights(run.model) == weights(whole.model)
    last = whole.complete_checkpoints()[-1]
    assert weights(run.checkpoint(last)) == weights(whole.checkpoint(last))
    ours, theirs = (torch.load(folder.checkpoint(last) / "optimizer.pt") for folder in (run, whole))
    for number, moments in theirs["state"].items():
        for name, value in moments.items():
            assert torch.equal(ours["state"][number][name], value)
    assert told(run) == told(whole)
    assert names(run) == names(whole)


def names(run: RunFolder) -> set[Path]:
    return {path.relative_to(run.path) for path in run.path.rglob("*")}
