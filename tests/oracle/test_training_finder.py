"""The search for a learning rate: what it chooses, and that it leaves no trace in the run."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any

import pytest
from training_runs import events, new_run, reviews, tiny_bert, told, weights, work
from training_runs import one_thread as one_thread  # the fixture

from nbtransformers.rundir.atomic import read_json
from nbtransformers.training.finder import chosen_lr


@pytest.mark.parametrize("method", ["full", "lora", "head"])
def test_a_run_with_a_rate_that_was_found_is_the_run_with_that_rate(tmp_path: Path, method: str) -> None:
    model = tiny_bert(tmp_path / "model", labels=5)
    settings: dict[str, Any] = {"data": reviews(40), "method": method, "epochs": 1.0}
    finding = new_run(tmp_path / "finding", model, **{**settings, "find_lr": True, "lr": None})
    assert work(finding) == 0
    found = read_json(finding.finder)
    event = events(finding, "finder")[0]
    assert (event["points"], event["chosen"]) == (found["points"], found["chosen"])
    rates = [lr for lr, _ in found["points"]]
    assert 10 < len(rates) <= 100
    assert rates == sorted(rates)
    assert finding.finder.with_suffix(".png").stat().st_size > 5_000
    assert found["chosen"] is not None or method == "lora"  # an adapter of so tiny a model may learn nothing
    plain = new_run(tmp_path / "plain", model, **{**settings, "lr": found["chosen"]})
    assert work(plain) == 0
    assert weights(finding.model) == weights(plain.model)
    assert [e for e in told(finding) if e["type"] == "step"] == [e for e in told(plain) if e["type"] == "step"]


def test_a_rate_that_is_asked_for_is_used(tmp_path: Path) -> None:
    model = tiny_bert(tmp_path / "model")
    run = new_run(tmp_path / "run", model, data=reviews(30), epochs=1.0, find_lr=True, lr=1e-4, schedule="constant")
    assert work(run) == 0
    assert {event["lr"] for event in told(run) if event["type"] == "step"} <= {0.0, 1e-4}
    assert any("0.0001 is used, as asked for" in event["text"] for event in events(run, "note"))


def test_what_a_worker_found_that_was_killed_before_it_told_is_told_by_the_next(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"data": reviews(30), "epochs": 1.0, "find_lr": True, "lr": None}
    model = tiny_bert(tmp_path / "model")
    whole, run = (new_run(tmp_path / name, model, **settings) for name in ("whole", "run"))
    assert work(whole) == 0
    run.evaluations.mkdir()
    shutil.copy(whole.finder, run.finder)
    assert work(run) == 0
    (event,) = events(run, "finder")
    assert {"points": event["points"], "chosen": event["chosen"]} == read_json(whole.finder)
    assert [event["text"] for event in events(run, "note")] == [event["text"] for event in events(whole, "note")]
    assert told(run) == told(whole)


def valley(rates: list[float]) -> list[tuple[float, float]]:
    """Falls around 1e-4, is lowest near 1e-2, and blows up."""
    logs = [math.log10(lr) for lr in rates]
    return [
        (lr, 1 - 0.7 / (1 + math.exp(-3 * (log + 4))) + math.exp(4 * (log + 1)))
        for lr, log in zip(rates, logs, strict=True)
    ]


def test_the_rate_is_where_the_loss_falls_fastest() -> None:
    points = valley([10 ** (-7 + number / 14) for number in range(98)])
    chosen = chosen_lr(points)
    assert chosen is not None
    assert 5e-5 < chosen < 1e-3


@pytest.mark.parametrize(
    "losses", [[1.0] * 5, [1 + n / 10 for n in range(50)], [math.nan] * 50], ids=["few", "never better", "nothing"]
)
def test_no_rate_is_made_up(losses: list[float]) -> None:
    assert chosen_lr([(10 ** (-6 + n / 10), loss) for n, loss in enumerate(losses)]) is None
