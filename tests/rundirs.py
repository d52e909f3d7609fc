"""Run directories as a worker leaves them, written by hand: for tests of what looks at runs."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbtransformers.request import DataRef, FinetuneRequest, ModelRef
from nbtransformers.results.trainingrun import TrainingRun
from nbtransformers.rundir.atomic import write_json
from nbtransformers.rundir.folder import COMPLETE, RunFolder
from nbtransformers.rundir.heartbeat import of_process

PLAN = {
    "steps": 100,
    "epochs": 2.0,
    "steps_per_epoch": 50,
    "batch_size": 16,
    "micro_batch": 16,
    "accumulation": 1,
    "trainable": 22_000_000,
    "parameters": 22_713_728,
    "task": "classification",
    "labels": ["negative", "positive"],
    "train_rows": 800,
    "test_rows": 200,
}
REQUEST = FinetuneRequest(
    DataRef("variable", "reviews"), text="text", label=("label",), model=ModelRef("bundled", "minilm")
)
BEGUN = time.time() - 600


class Written:
    """A run directory, and what its worker would do to it.

    Args:
        path: the directory.
        alive: whether this process stands for its worker; else it has none.
        request: what was asked for.
    """

    def __init__(self, path: Path, *, alive: bool = True, request: FinetuneRequest = REQUEST) -> None:
        path.mkdir(parents=True)
        self.files = RunFolder(path)
        self.files.request.write_text(request.to_json(), encoding="utf-8")
        self._time = BEGUN
        if alive:
            replace(of_process(os.getpid()), memory=800_000_000).write(self.files.heartbeat)

    @property
    def run(self) -> TrainingRun:
        """Somebody who looks at it, and knows nothing yet."""
        return TrainingRun(self.files)

    def add(self, *events: Mapping[str, Any]) -> None:
        """Add events, as they are."""
        with self.files.events.open("ab") as file:
            file.writelines(json.dumps(one).encode() + b"\n" for one in events)

    def write(self, kind: str, attempt: int = 1, **values: Any) -> None:
        """Add an event, half a second after the one before."""
        self._time += 0.5
        self.add({"type": kind, "time": round(self._time, 3), "attempt": attempt, **values})

    def later(self, seconds: float) -> None:
        """Nothing is heard of it for so long."""
        self._time += seconds

    def begin(self, attempt: int = 1, resumed_from: int | None = None, **plan: Any) -> None:
        """A worker begins, and trains."""
        self.write("attempt", attempt, pid=os.getpid(), resumed_from=resumed_from, versions={})
        self.write("stage", attempt, stage="loading", done=None, total=None)
        self.write("plan", attempt, **{**PLAN, **plan})
        self.write("state", attempt, state="running")
        self.write("stage", attempt, stage="training", done=None, total=None)

    def step(self, steps: Iterable[int], attempt: int = 1) -> None:
        """It does some steps."""
        for number in steps:
            self.write("step", attempt, **values_of(number))

    def evaluate(self, step: int, attempt: int = 1, report: Any = None, **metrics: Any) -> None:
        """It evaluates; without a report, there is none."""
        path = self.files.evaluation(step)
        if report is not None:
            path.parent.mkdir(exist_ok=True)
            write_json(path, report)
        told = {"step": step, "epoch": step / 50, "seconds": 1.25, "report": f"evaluations/{path.name}"}
        self.write("eval", attempt, metrics={"loss": 1 / (1 + step), **metrics}, **told)

    def save(self, step: int, attempt: int = 1) -> None:
        """It makes a checkpoint."""
        folder = self.files.checkpoint(step)
        folder.mkdir(parents=True)
        (folder / COMPLETE).touch()
        self.write("checkpoint", attempt, step=step)

    def end(self, state: str, attempt: int = 1, **values: Any) -> None:
        """It ends."""
        self.write("state", attempt, state=state, **values)


def values_of(step: int) -> dict[str, Any]:
    """What a worker tells of a step."""
    return {
        "step": step,
        "epoch": round(step / 50, 4),
        "loss": round(1.2 / (1 + step / 20) + (step * 7 % 10) / 40, 4),
        "lr": 2e-5 * max(0.0, 1 - step / 100),
        "grad_norm": 1 + (step * 3 % 7) / 5,
        "tokens": 400 + step * 11 % 90,
        "tokens_per_s": 1500.0 + step * 13 % 300,
    }


def million(path: Path, steps: int = 1_000_000) -> Written:
    """A run of very many steps; written quickly."""
    made = Written(path)
    made.begin(steps=steps, steps_per_epoch=steps // 4, epochs=4.0)
    line = (
        '{{"type": "step", "time": {:.3f}, "attempt": 1, "step": {}, "epoch": {:.6f}, "loss": {:.6f}, "lr": 2e-05, '
        '"grad_norm": {:.6f}, "tokens": 500, "tokens_per_s": {:.2f}}}\n'
    )
    with made.files.events.open("a", encoding="utf-8") as file:
        for step in range(1, steps + 1):
            loss = 2 / (1 + step / 1e5) + (step * 7919 % 1000) / 1000
            told = (BEGUN + step / 1e4, step, 4 * step / steps, loss, 1 + step * 31 % 100 / 90, 1000 + step % 77)
            file.write(line.format(*told))
    return made


REPORT = {
    "confusion": [[80, 20], [15, 85]],
    "labels": ["negative", "positive"],
    "mistakes": [
        {
            "row": 7,
            "text": "Great, another sequel.",
            "expected": "negative",
            "predicted": "positive",
            "loss": 4.1,
            "score": 0.98,
        },
        {"row": 9, "text": "不算太差。", "expected": "positive", "predicted": "negative", "loss": 3.2, "score": 0.9},
    ],
    "by_label": {"negative": {"precision": 0.84, "recall": 0.8, "f1": 0.82, "support": 100}},
}


def expanded(events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The events of a golden case: what stands for many steps as these."""
    found: list[dict[str, Any]] = []
    for one in events:
        if one["type"] != "steps":
            found.append(dict(one))
            continue
        columns = {name: values for name, values in one.items() if isinstance(values, list)}
        rows = zip(*columns.values(), strict=True)
        found += [{"type": "step", "attempt": one["attempt"], **dict(zip(columns, row, strict=True))} for row in rows]
    return found
