"""What the log of a worker says of a run: a line for each event that a person asks about, and none for each step."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from nbtransformers.training.journal import Journal

PLAN = {"steps": 250, "batch_size": 16, "trainable": 22_713_986, "parameters": 22_713_986}


@pytest.mark.parametrize(
    ("event", "told", "said"),
    [
        ("stage", {"stage": "loading"}, "loading the model"),
        ("stage", {"stage": "tokenizing", "done": 0, "total": 5_000}, "tokenizing"),
        ("stage", {"stage": "tokenizing", "done": 1_000, "total": 5_000}, None),
        ("stage", {"stage": "training"}, None),
        ("plan", PLAN, "250 steps of 16 rows each; 22,713,986 of 22,713,986 parameters learn"),
        ("state", {"state": "paused"}, "paused"),
        ("state", {"state": "failed", "message": "No memory."}, None),  # the traceback and the message are printed
        ("step", {"step": 3, "loss": 0.5}, None),
        ("lr", {"step": 1_003, "factor": 0.5}, "step 1,003: learning rate ×0.5"),
        ("eval", {"step": 250, "metrics": {"loss": 0.42612, "f1": None}}, "step 250: loss 0.4261, f1 None"),
        ("checkpoint", {"step": 250}, "step 250: checkpoint"),
        ("note", {"text": "电影 \x1b[31mred"}, "电影 ␛[31mred"),
    ],
)
def test_an_event_is_said_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], event: str, told: dict[str, Any], said: str | None
) -> None:
    journal = Journal(tmp_path / "events.jsonl", 1, begins=False)
    journal.write(event, **told)
    journal.close()
    lines = [re.sub(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", "", line) for line in capsys.readouterr().err.splitlines()]
    assert lines == ([] if said is None else [said])


@pytest.mark.parametrize(("resumed_from", "said"), [(None, "begins"), (1_500, "goes on from step 1,500")])
def test_a_worker_says_where_it_begins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], resumed_from: int | None, said: str
) -> None:
    Journal(tmp_path / "events.jsonl", 2, resumed_from, worker=123).close()
    assert capsys.readouterr().err.strip().endswith(f"process 123 {said}")
