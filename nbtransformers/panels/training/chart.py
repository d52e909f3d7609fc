"""The curves of a run as SVG, for where no script runs."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from nbtransformers.panels.colours import HEX
from nbtransformers.panels.training.curves import Numbers, thinned
from nbtransformers.panels.training.wire import eval_of
from nbtransformers.results.trainingrun import TrainingRun
from nbtransformers.rundir.history import History

MOST_CHARTS = 4
_POINTS = 300  # of a curve
_WIDTH, _HEIGHT = 300, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 42, 8, 22, 18  # around the curves
_MOST_DOTS = 100  # evaluations that get one each

_LEGEND = "".join(
    f'<text x="{x}" y="13" text-anchor="end" fill="{HEX[colour]}">{name}</text>'
    for name, colour, x in (("training", "blue", _WIDTH - 70), ("evaluation", "orange", _WIDTH - _RIGHT))
)

Points = tuple[Numbers, Numbers]


def charts(run: TrainingRun) -> str:
    """The loss, what the evaluations gave, and the learning rate, each by step; nothing before the first step."""
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
    end = max(float(curve[0][-1]) for curve in curves)
    low, high = float(values.min()), float(values.max())
    spread = high - low or abs(high) or 1.0
    frame = _Frame(end, low - 0.05 * spread, high + 0.05 * spread)
    drawn = [
        frame.line(trained, HEX["blue"], 0.9) if trained is not None else "",
        frame.dotted(evaluated, HEX["orange"]) if evaluated is not None else "",
    ]
    legend = _LEGEND if len(curves) == 2 else ""
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" style="max-width:100%" role="img" '
        f'aria-label="{escape(name)} by step" font-size="10" fill="currentColor">'
        f'<text x="{_LEFT}" y="13" font-size="12">{escape(name[:40])}</text>{legend}'
        f"{frame.axes(low, high)}{''.join(drawn)}</svg>"
    )


class _Frame:
    """Where steps and values are in a picture."""

    def __init__(self, end: float, low: float, high: float) -> None:
        self._end, self._low, self._high = max(end, 1.0), low, high

    def x(self, steps: Numbers) -> Numbers:
        return _LEFT + steps / self._end * (_WIDTH - _LEFT - _RIGHT)

    def y(self, values: Numbers) -> Numbers:
        return _HEIGHT - _BOTTOM - (values - self._low) / (self._high - self._low) * (_HEIGHT - _TOP - _BOTTOM)

    def axes(self, low: float, high: float) -> str:
        bottom = _HEIGHT - _BOTTOM
        labels = [
            *(
                (_LEFT - 4, float(self.y(np.array(value))) + 3, "end", f"{value:.3g}")
                for value in dict.fromkeys((low, high))
            ),
            (_LEFT, bottom + 12, "start", "0"),
            (_WIDTH - _RIGHT, bottom + 12, "end", f"{self._end:,.0f}"),
        ]
        texts = (
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" opacity="0.7">{escape(text)}</text>'
            for x, y, anchor, text in labels
        )
        line = f'<path d="M{_LEFT} {_TOP}V{bottom}H{_WIDTH - _RIGHT}" fill="none" stroke="currentColor" opacity="0.3"/>'
        return line + "".join(texts)

    def line(self, points: Points, colour: str, opacity: float) -> str:
        """A curve, with gaps where a value was not finite."""
        at = thinned(points[1], 2 * (_POINTS // 2))
        x, y = self.x(points[0][at]), self.y(points[1][at])
        path = "".join(_commands(x, y))
        return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.2" opacity="{opacity}"/>'

    def dotted(self, points: Points, colour: str) -> str:
        dots = ""
        if len(points[0]) <= _MOST_DOTS:
            places = zip(self.x(points[0]).tolist(), self.y(points[1]).tolist(), strict=True)
            dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in places)
        return self.line(points, colour, 1) + dots


def _commands(x: Numbers, y: Numbers) -> Sequence[str]:
    found: list[str] = []
    is_drawing = False
    for across, down in zip(x.tolist(), y.tolist(), strict=True):
        if down != down:
            is_drawing = False
            continue
        found.append(f"{'L' if is_drawing else 'M'}{across:.1f} {down:.1f}")
        is_drawing = True
    return found
