"""Reports that go elsewhere besides: what is written for TensorBoard, read by TensorBoard itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from training_runs import events, reviews, tiny_bert
from workers import end_workers

import nbtransformers as nbt

pytest.importorskip("tensorboard")


@pytest.fixture(autouse=True)
def _no_worker_is_left(tmp_path: Path) -> Iterator[None]:
    yield
    end_workers(tmp_path)


def test_tensorboard_reads_the_losses_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    monkeypatch.delenv("TENSORBOARD_LOGGING_DIR", raising=False)
    run = nbt.finetune(
        reviews(40),
        **{"text": "review", "label": "stars", "model": str(tiny_bert(tmp_path / "bert"))},
        **{"epochs": 1, "batch_size": 8, "report_to": "tensorboard", "device": "cpu"},
        **{"folder": tmp_path / "runs", "wait": True},
    )
    assert run.state == "done"
    (folder,) = (run.files.checkpoints / "runs").iterdir()
    read = EventAccumulator(str(folder)).Reload()
    steps = [(event["step"], event["loss"]) for event in events(run.files, "step")]
    assert len(steps) == 4
    assert [(one.step, one.value) for one in read.Scalars("train/loss")] == [
        (step, pytest.approx(loss)) for step, loss in steps
    ]
    (evaluation,) = events(run.files, "eval")
    assert [one.value for one in read.Scalars("eval/f1")] == [pytest.approx(evaluation["metrics"]["f1"])]
