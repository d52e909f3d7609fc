"""The curves of a run as SVG, for where no script runs."""

from __future__ import annotations

import math

import numpy as np

from nbtransformers.panels.colours import HEX
from nbtransformers.panels.training.picture import RIGHT, WIDTH, Frame, Points, picture
from nbtransformers.panels.training.wire import eval_of
from nbtransformers.results.smoothing import smoothed
from nbtransformers.results.trainingfigures import FINDER_MOST, FINDER_SMOOTHING
from nbtransformers.results.trainingrun import TrainingRun
from nbtransformers.rundir.events import Event
from nbtransformers.rundir.history import History

MOST_CHARTS = 4
_LEGEND = "".join(
    f'<text x="{x}" y="13" text-anchor="end" fill="{HEX[colour]}">{name}</text>'
    for name, colour, x in (("training", "blue", WIDTH - 70), ("evaluation", "orange", WIDTH - RIGHT))
)


def charts(run: TrainingRun) -> str:
    """The loss, what the evaluations gave, and the learning rate, each by step; and what a search for the rate found.

    Nothing before the first step, or the search.
    """
    history = run.history
    evals = _evaluated(history)
    steps = history.steps
    lines: dict[str, tuple[Points | None, Points | None]] = {}
    if len(steps):
        lines["loss"] = (steps["step"].astype(float), steps["loss"]), evals.pop("loss", None)
    lines |= {name: (None, points) for name, points in evals.items()}
    if "lr" in steps.told:
        lines["learning rate"] = (steps["step"].astype(float), steps["lr"]), None
    drawn = [_chart(name, *curves) for name, curves in list(lines.items())[:MOST_CHARTS]]
    drawn.append(_finder_chart(history.last("finder")))
    return f"<div>{' '.join(filter(None, drawn))}</div>" if any(drawn) else ""


def _evaluated(history: History) -> dict[str, Points]:
    """By metric the steps and the values of the evaluations."""
    evals = [eval_of(one) for one in history.of("eval")]
    found: dict[str, Points] = {}
    for name in dict.fromkeys(name for one in evals for name in one["metrics"] or {}):
        told = [
            (one["step"], value) for one in evals if isinstance(value := (one["metrics"] or {}).get(name), int | float)
        ]
        if told:
            at, values = np.array(told, dtype=np.float64).T
            found[name] = (at, values)
    return found


def _chart(name: str, trained: Points | None, evaluated: Points | None) -> str:
    curves = [curve for curve in (trained, evaluated) if curve is not None]
    values = np.concatenate([curve[1][np.isfinite(curve[1])] for curve in curves])
    if not len(values):
        return ""
    end = max(1.0, *(float(curve[0][-1]) for curve in curves))
    frame = Frame((0.0, end), (float(values.min()), float(values.max())))
    drawn = [
        _trained(frame, trained) if trained is not None else "",
        frame.dotted(evaluated, HEX["orange"]) if evaluated is not None else "",
    ]
    legend = _LEGEND if len(curves) == 2 else ""
    return picture(name, f"{name} by step", legend, frame.axes(("0", f"{end:,.0f}")), *drawn)


def _trained(frame: Frame, points: Points) -> str:
    """The curve of what is told of each step; the first alone is a dot."""
    return frame.line(points, HEX["blue"], 0.9) if len(points[0]) > 1 else frame.dotted(points, HEX["blue"])


def _finder_chart(found: Event | None) -> str:
    """The loss at each learning rate that was tried, and the one that was chosen."""
    if found is None or len(found["points"]) < 2:
        return ""
    rates, losses = np.array(found["points"], dtype=np.float64).T  # None becomes NaN
    finite = np.flatnonzero(np.isfinite(losses))
    if not len(finite):
        return ""
    at, smooth = np.log10(rates), smoothed(losses, FINDER_SMOOTHING)
    most = min(float(np.nanmax(losses)), FINDER_MOST * float(losses[finite[0]]))
    frame = Frame((float(at[0]), float(at[-1])), (float(np.nanmin([losses, smooth])), most))
    lines = [
        frame.line((at, np.where(values <= most, values, np.nan)), HEX["blue"], opacity)
        for values, opacity in ((losses, 0.35), (smooth, 1.0))
    ]
    chosen = found["chosen"]
    mark = frame.mark(math.log10(chosen), f"chosen: {chosen:g}", HEX["green"]) if chosen else ""
    name = "loss by learning rate"
    return picture(name, name, frame.axes((f"{rates[0]:.2g}", f"{rates[-1]:.2g}")), *lines, mark)
