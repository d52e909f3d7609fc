"""Training runs on the wire: a JSON header with a row a run, and what is told when one of them changes.

While the panel lives, messages `{type: "runs", seq, order, runs}` say what came since the one before: the names in
their order, the newest first, and by name the rows that changed. Each has the `seq` of the one before plus one; after a
gap the page asks `runs`, whose answer is a header. A curve is asked for by `curve`, and of one that the page has only
what is new of it. `tests/golden/runs.json` holds both sides to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.panels.packing import packed, sendable
from nbtransformers.panels.training.curves import thinned
from nbtransformers.panels.training.wire import clean, queued_of
from nbtransformers.plain_text import count
from nbtransformers.results.runs import Runs
from nbtransformers.results.trainingrun import TrainingRun
from nbtransformers.rundir.listing import shown_folder
from nbtransformers.rundir.state import ENDED

if TYPE_CHECKING:
    import pandas as pd

VERSION = 1
MOST_POINTS = 10_000  # of a curve that a page does not have yet

Rows = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Had:
    """How much of a curve a page has.

    Attributes:
        points: of its steps.
        evals: how many evaluations the run had then.
        rewritten: how often its history had been rewritten.
    """

    points: int
    evals: int
    rewritten: int


NOTHING = Had(0, 0, -1)


def runs_header(runs: Runs) -> tuple[dict[str, Any], bytes]:
    """The header and the payload, which is empty: curves are asked for."""
    return whole(runs, rows_of(runs), 0), b""


def whole(runs: Runs, rows: Rows, seq: int) -> dict[str, Any]:
    """The header, of rows that were made already."""
    return {
        "version": VERSION,
        "kind": "runs",
        "rows": len(rows),
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
        "evals": len(run.history.of("eval")),
        "rewritten": run.history.rewritten,
        "seconds": round(run.duration),
        "message": run.message if state in ENDED else "",
        "curves": run.curves,
        "queued": [] if state in ENDED else [one["command"] for one in queued_of(run)],
        "has_model": state in ENDED and run.has_model,
    }
    return clean(row)


def curve(run: TrainingRun, metric: str, had: Had = NOTHING) -> tuple[dict[str, Any], bytes]:
    """What is new of a metric of a run, by its steps (very many thinned) and by its evaluations.

    Returns:
        `from`, the point that the first of them is, and how many `points` there are now; `evals_from` and `evals` the
        same of evaluations; `rewritten`. Both begin at 0 where what the page has is not so any more. In the payload
        `step`, `epoch`, `elapsed_s` and `value`, and the same of evaluations behind `eval_`, as far as there is any.
    """
    history = run.history
    history.read()
    rewritten, table, evals = history.rewritten, run.steps(), run.evals()
    points = len(table) if metric in history.series else 0
    is_on = had.rewritten == rewritten and 0 <= had.points <= points and 0 <= had.evals <= len(evals)
    begin, first = (had.points, had.evals) if is_on else (0, 0)
    new = table.iloc[begin:points]
    told = evals.iloc[first:]
    arrays = _columns(new, metric, "") | _columns(told, metric, "eval_")
    sections, payload = packed(arrays)
    counts = {"from": begin, "points": points, "evals_from": first, "evals": len(evals), "rewritten": rewritten}
    return {**counts, "sections": sections}, payload


def _columns(points: pd.DataFrame, metric: str, before: str) -> dict[str, NDArray[Any]]:
    if metric not in points.columns:
        return {}
    values = points[metric].to_numpy(float)
    at = thinned(values, MOST_POINTS)
    return {
        f"{before}step": points.index.to_numpy(np.uint32)[at],
        **{f"{before}{name}": points[name].to_numpy(np.float32)[at] for name in ("epoch", "elapsed_s")},
        f"{before}value": values[at].astype(np.float32),
    }


def said(values: Iterable[Any], most: int) -> list[str]:
    """Settings in words, of so many characters at most each."""
    return [_in_words(value)[:most] for value in values]


def _in_words(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.6g}"
    return " ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)  # pyright: ignore[reportUnknownArgumentType]
