"""Training runs on the wire: a JSON header with a row a run, and what is told when one of them changes.

While the panel lives, messages `{type: "runs", seq, order, runs}` say what came since the one before: the names in
their order, the newest first, and by name the rows that changed. Each has the `seq` of the one before plus one; after a
gap the page asks `runs`, whose answer is a header. `tests/golden/runs.json` holds both sides to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.panels.packing import packed, sendable
from nbtransformers.panels.training.curves import thinned
from nbtransformers.panels.training.wire import clean, eval_of
from nbtransformers.plain_text import count
from nbtransformers.results.runs import Runs
from nbtransformers.results.trainingrun import TrainingRun
from nbtransformers.rundir.listing import shown_folder

VERSION = 1
MOST_POINTS = 1_000  # of a curve among others

Rows = dict[str, dict[str, Any]]


def runs_header(runs: Runs) -> tuple[dict[str, Any], bytes]:
    """The header and the payload, which is empty: curves are asked for."""
    return whole(runs, rows_of(runs), 0), b""


def whole(runs: Runs, rows: Rows, seq: int) -> dict[str, Any]:
    """The header, of rows that were made already."""
    return {
        "version": VERSION,
        "kind": "runs",
        "rows": 0,
        "inline": True,
        "title": "Training runs",
        "subtitle": sendable(f"{count(len(rows), 'run')} in {shown_folder(runs.folder)}"),
        "seq": seq,
        "order": list(rows),
        "runs": rows,
        "facts": [],
        "notes": [],
        "sections": [],
    }


def rows_of(runs: Runs) -> Rows:
    """A row a run, by its name."""
    return {sendable(run.name): _row(run) for run in runs}


def _row(run: TrainingRun) -> dict[str, Any]:
    state, plan, best = run.state, run.plan, run.best  # the state first: its events are read then
    evals = [eval_of(one)["metrics"] or {} for one in run.history.of("eval")]
    row = {
        "state": state,
        "task": run.description.get("training_task"),
        "data": run.data_name,
        "model": run.model_name,
        "method": run.request.method,
        "settings": run.shown_settings,
        "metrics": {name: value for name, value in run.metrics.items() if isinstance(value, int | float)},
        "best": best and best["metric"],
        "step": run.step,
        "steps": plan.get("steps"),
        "evals": len(evals),
        "rewritten": run.history.rewritten,
        "seconds": round(run.duration),
        "message": run.message if state == "failed" else "",
        "curves": list(dict.fromkeys([*run.history.series, *(name for one in evals for name in one)])),
    }
    return clean(row)


def curve(run: TrainingRun, metric: str) -> tuple[dict[str, Any], bytes]:
    """A metric of a run by step: that of its steps, thinned, and that of its evaluations; `step` and `value` each."""
    run.history.read()
    steps = run.history.steps
    arrays: dict[str, NDArray[Any]] = {}
    if metric in run.history.series:
        values = steps[metric]
        at = thinned(values, MOST_POINTS)
        arrays |= {"step": steps["step"][at], "value": values[at].astype(np.float32)}
    told = [(one["step"], (one.get("metrics") or {}).get(metric)) for one in run.history.of("eval")]
    found = [(step, value) for step, value in told if isinstance(value, int | float)][-MOST_POINTS:]
    arrays["eval_step"] = np.array([step for step, _ in found], dtype=np.uint32)
    arrays["eval_value"] = np.array([value for _, value in found], dtype=np.float32)
    sections, payload = packed(arrays)
    return {"sections": sections}, payload


def said(values: Iterable[Any], most: int) -> list[str]:
    """Settings in words, of so many characters at most each."""
    return [_in_words(value)[:most] for value in values]


def _in_words(value: Any) -> str:
    if value is None:
        return "–"
    return " ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)  # pyright: ignore[reportUnknownArgumentType]
