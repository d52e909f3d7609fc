"""What a worker tells before its first step, and that it hears what it is told there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from training_runs import events, new_run, reviews, tiny_bert, told, weights, work
from training_runs import one_thread as one_thread  # the fixture

from nbtransformers.rundir.control import tell
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.rundir.state import state_of
from nbtransformers.training import journal
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
