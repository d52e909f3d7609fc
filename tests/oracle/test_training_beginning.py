"""What a worker tells before its first step, and that it hears what it is told there."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from training_runs import events, new_run, reviews, tiny_bert, told, weights, work
from training_runs import one_thread as one_thread  # the fixture

from nbtransformers.rundir.control import tell
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.rundir.state import state_of
from nbtransformers.training import callbacks, journal
from nbtransformers.training.tasks import textwise
from nbtransformers.training.worker import run_worker

DATA = pd.concat([reviews(60)] * 50, ignore_index=True)  # 3,000 rows, which are tokenized a thousand at a time
SETTINGS: dict[str, Any] = {"test_share": 0.1, "batch_size": 500, "epochs": 1.0, "max_length": 8}


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return new_run(tmp_path / "run", tiny_bert(tmp_path / "bert"), DATA, **SETTINGS)


def stages(run: RunFolder, name: str) -> list[dict[str, Any]]:
    return [event for event in events(run, "stage") if event["stage"] == name]


def test_how_many_texts_are_tokenized_is_told_on_the_way(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_EVERY_S", 0.0)
    assert work(run) == 0
    counted = [(event["done"], event["total"]) for event in stages(run, "tokenizing")]
    rows = len(DATA)
    train = events(run, "plan")[0]["train_rows"]
    assert counted == [(done, rows) for done in (0, 1_000, 2_000, train, train, rows)]


def test_of_a_stage_that_is_quick_not_every_part_is_told(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_EVERY_S", 1e6)
    assert work(run) == 0
    assert [event["done"] for event in stages(run, "tokenizing")] == [0]


def test_a_run_that_is_told_to_stop_while_its_model_is_loaded_tokenizes_nothing(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenized = batches_until_stop(run, monkeypatch, stop_at=99)
    stop = tell(run.control, "stop")
    assert work(run) == 0
    assert_stopped(run, stop)
    assert tokenized == []
    assert events(run, "state")[0]["message"].startswith("It was stopped before its first step:")
    assert not run.model.exists()


def test_a_run_is_stopped_between_two_batches_of_texts_and_goes_on(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = new_run(tmp_path / "whole", tmp_path / "bert", DATA, **SETTINGS)
    assert work(whole) == 0
    with monkeypatch.context() as patch:
        tokenized = batches_until_stop(run, patch, stop_at=2)
        assert work(run) == 0
    assert tokenized == [1_000, 1_000]
    assert_stopped(run, events(run, "control")[0]["id"])
    assert run_worker(run, run.control.stat().st_size) == 0
    assert state_of(run) == "done"
    assert told(run) == told(whole)
    assert weights(run.model) == weights(whole.model)


def test_of_a_run_that_is_stopped_before_it_goes_on_the_model_is_that_of_its_checkpoint(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:  # at its second step, which it finishes
        patch.setattr(
            callbacks.RunEvents, "on_step_begin", lambda self, args, state, control, **others: tell_at(run, state, 1)
        )
        assert work(run) == 0
    assert state_of(run) == "stopped"
    learnt = weights(run.model)
    shutil.rmtree(run.model)  # as if it had been killed before it wrote that
    before = run.control.stat().st_size
    tell(run.control, "stop")
    assert run_worker(run, before) == 0
    assert state_of(run) == "stopped"
    assert weights(run.model) == learnt
    assert [event["step"] for event in events(run, "step")] == [1, 2]
    assert run_worker(run, run.control.stat().st_size) == 0
    assert state_of(run) == "done"


def tell_at(run: RunFolder, state: Any, step: int) -> None:
    if state.global_step == step:
        tell(run.control, "stop")


def test_a_run_that_is_paused_before_its_first_step_waits_there(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenized: list[str] = []
    tokens_of = textwise.tokens_of

    def seen(tokenizer: Any, rows: Any, max_length: int) -> dict[str, Any]:
        tokenized.append(state_of(run))
        if len(tokenized) == 1:
            tell(run.control, "pause")
            threading.Thread(target=resume_once_paused, daemon=True).start()
        return tokens_of(tokenizer, rows, max_length)

    def resume_once_paused() -> None:
        while not events(run, "state"):
            time.sleep(0.02)
        tell(run.control, "resume")

    monkeypatch.setattr(textwise, "tokens_of", seen)
    assert work(run) == 0
    assert [event["state"] for event in events(run, "state")] == ["paused", "starting", "running", "done"]
    paused = events(run, "state")[0]["time"]
    assert [event["done"] for event in stages(run, "tokenizing") if event["time"] < paused] in ([0], [0, 1_000])


def test_a_run_that_is_paused_when_its_training_begins_takes_no_step(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = callbacks.RunEvents.on_train_begin

    def told_then(self: Any, *given: Any, **named: Any) -> None:
        tell(run.control, "pause")
        threading.Timer(0.5, lambda: tell(run.control, "stop")).start()
        begin(self, *given, **named)

    monkeypatch.setattr(callbacks.RunEvents, "on_train_begin", told_then)
    assert work(run) == 0
    assert [event["state"] for event in events(run, "state")] == ["running", "paused", "running", "stopped"]
    assert not events(run, "step")


def batches_until_stop(run: RunFolder, patch: pytest.MonkeyPatch, stop_at: int) -> list[int]:
    """The sizes of the batches that are tokenized; in one of them, the run is told to stop."""
    sizes: list[int] = []
    tokens_of = textwise.tokens_of

    def seen(tokenizer: Any, rows: Any, max_length: int) -> dict[str, Any]:
        sizes.append(len(rows["text"]))
        if len(sizes) == stop_at:
            tell(run.control, "stop")
        return tokens_of(tokenizer, rows, max_length)

    patch.setattr(textwise, "tokens_of", seen)
    return sizes


def assert_stopped(run: RunFolder, by: str) -> None:
    """It has ended well before it trained."""
    assert state_of(run) == "stopped"
    assert [event["state"] for event in events(run, "state")] == ["stopped"]
    assert [(event["id"], event["step"]) for event in events(run, "control")] == [(by, 0)]
    assert not events(run, "plan")
