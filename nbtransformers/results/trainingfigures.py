"""Training runs as figures: their curves, one on the other, and what a search for a learning rate found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from nbtransformers.errors import UserError, did_you_mean, shown
from nbtransformers.plain_text import printable
from nbtransformers.results.figures import canvas, legend, titled
from nbtransformers.results.smoothing import Numbers, smoothed
from nbtransformers.results.trainingtables import Part, curve_tables

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nbtransformers.results.trainingrun import TrainingRun

Along = Literal["step", "epoch", "time"]
"""What a curve goes along: steps, epochs, or the time that workers have been at it, pauses apart."""

FINDER_TITLE = "loss by learning rate"
FINDER_SMOOTHING = 0.9  # of the losses of a search for a learning rate
FINDER_MOST = 1.6  # times the first loss: behind it there is nothing to see

_COLUMNS: dict[str, str] = {"step": "step", "epoch": "epoch", "time": "elapsed_s"}
_UNITS = ((7_200, 3_600, "hours"), (300, 60, "minutes"), (0, 1, "seconds"))  # from so many seconds on
_CHOSEN = "#D55E00"
_FAINT = 0.35
_HEIGHT = 3.4  # inches


def curves_figure(
    runs: Sequence[TrainingRun],
    metric: str,
    ax: Axes | None,
    *,
    title: str,
    along: Along,
    smoothing: float,
    by_run: bool = False,
    colours: Sequence[str] | None = None,
    within: tuple[float, float] | None = None,
) -> Axes:
    """The curves of a metric.

    Args:
        runs: each with a curve of it.
        metric: which curve.
        ax: the axes to draw on; None makes new ones.
        title: what stands above.
        along: what they go along.
        smoothing: the share of a smoothed value that is what came before; what each step told is faint then.
        by_run: each run has a colour, and its evaluations are dots in it; else these have one of their own.
        colours: of the runs; None takes matplotlib's.
        within: the stretch that is seen, in steps, epochs or seconds; None shows all.

    Raises:
        UserError: when there is no such way along, or that is no smoothing.
    """
    if along not in get_args(Along):
        raise UserError(f"A curve does not go along {shown(along)}.", hint=did_you_mean(str(along), get_args(Along)))
    if isinstance(smoothing, bool) or not isinstance(smoothing, int | float) or not 0 <= smoothing < 1:
        raise UserError(f"The smoothing is {shown(smoothing)}.", hint="Give a number from 0 to below 1.")
    unit, label = _unit(runs) if along == "time" else (1, along)
    axes, parts = canvas(ax, _HEIGHT), set[Part]()
    for number, run in enumerate(runs):
        name, colour = printable(run.name), colours[number] if colours else None
        for part, table in curve_tables(run, metric):
            parts.add(part)
            at, values = table[_COLUMNS[along]].to_numpy(float), table[metric].to_numpy(float)
            called, dots = name if by_run else part, part == "evaluation"
            used = _line(axes, at / unit, values, called, colour, 0.0 if dots else smoothing, dots=dots)
            if by_run:
                name, colour = None, used
    titled(axes, printable(f"{title}; dots are evaluations" if by_run and len(parts) > 1 else title))
    if within is not None:
        axes.set_xlim(within[0] / unit, within[1] / unit)
    axes.set_xlabel(label)
    legend(axes)
    return axes


def finder_figure(points: Sequence[Sequence[float | None]], chosen: float | None, title: str, ax: Axes | None) -> Axes:
    """The loss at each learning rate that a search tried, and the one that it chose.

    Args:
        points: learning rate and loss of each step; a loss that was not finite is None, or NaN.
        chosen: None when the loss never fell.
        title: what stands above.
        ax: the axes to draw on; None makes new ones.
    """
    axes = titled(canvas(ax, _HEIGHT), printable(title))
    rates, losses = np.array(points, dtype=np.float64).T
    smooth = smoothed(losses, FINDER_SMOOTHING)
    _line(axes, rates, losses, "loss", None, FINDER_SMOOTHING)
    finite = smooth[np.isfinite(smooth)]
    if len(finite):
        axes.set_ylim(0.8 * finite.min(), FINDER_MOST * finite[0])
    if chosen:
        axes.axvline(chosen, color=_CHOSEN, linewidth=1, label=f"chosen: {chosen:g}")
    axes.set_xscale("log")
    axes.set_xlabel("learning rate")
    legend(axes)
    return axes


def _line(
    axes: Axes, at: Numbers, values: Numbers, name: str | None, colour: Any, smoothing: float, *, dots: bool = False
) -> Any:
    """Draw a curve, smoothed over what was told; returns its colour. Without a name it is in no legend."""
    if smoothing:
        (faint,) = axes.plot(at, values, linewidth=0.8, alpha=_FAINT, color=colour)
        values, colour = smoothed(values, smoothing), faint.get_color()
    marks: dict[str, Any] = {"marker": "o", "markersize": 4} if dots else {}
    (line,) = axes.plot(at, values, linewidth=1.4 if smoothing else 1, color=colour, label=name, **marks)
    return line.get_color()


def _unit(runs: Sequence[TrainingRun]) -> tuple[int, str]:
    """Seconds of a unit that suits how long the longest took, and what stands below."""
    longest = max(run.history.worked_s() or 0.0 for run in runs)
    return next((unit, f"{name} at work") for least, unit, name in _UNITS if longest >= least)
