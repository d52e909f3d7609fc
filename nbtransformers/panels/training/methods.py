"""What the panel of a training run can be asked, and what it can have done."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from nbtransformers.errors import UserError, did_you_mean, shown
from nbtransformers.panels.channel import Answer, Method
from nbtransformers.panels.packing import packed
from nbtransformers.panels.training.curves import cuts, summed_up
from nbtransformers.panels.training.log import piece
from nbtransformers.panels.training.wire import report_of
from nbtransformers.results.smoothing import Numbers, smoothed
from nbtransformers.results.trainingrun import TrainingRun
from nbtransformers.rundir import control
from nbtransformers.rundir.state import ENDED

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel

_AGAIN = "Run the cell again."
_MOST_PIXELS = 8_000


def methods(run: TrainingRun) -> dict[str, Method]:
    """The questions about a run.

    `curve` is a stretch of a series, as many points as there are pixels; `log` a piece of what the worker printed;
    `evaluation` what one found out.
    """

    def log(params: dict[str, Any]) -> Answer:
        offset = params.get("offset")
        text, end, size = piece(run.files.log, None if offset is None else _whole(offset, "place in the log"))
        return {"text": text, "offset": end, "size": size}, []

    def evaluation(params: dict[str, Any]) -> Answer:
        found = report_of(run, _whole(params.get("step"), "step"))
        return {"missing": True} if found is None else found, []

    averages = _Averages(run)
    return {"curve": lambda params: _curve(run, averages, params), "log": log, "evaluation": evaluation}


def actions(run: TrainingRun, panel: Panel) -> dict[str, Method]:
    """`run` is the whole of it as it is now; `control` tells its worker something, or starts another one."""

    def whole(params: dict[str, Any]) -> Answer:
        panel.follower.start()  # it may have ended with a worker, and another has begun since
        header, payload = panel.follower.whole()
        return header, [payload]

    def tell(params: dict[str, Any]) -> Answer:
        told = _tell(run, params)
        panel.follower.start()
        return {"id": told}, []

    return {"run": whole, "control": tell}


class _Averages:
    """Smoothed series; the last one is kept, for whoever zooms into it."""

    def __init__(self, run: TrainingRun) -> None:
        self._run = run
        self._kept: tuple[Any, Numbers] = None, np.empty(0)

    def of(self, name: str, smoothing: float, values: Numbers) -> Numbers:
        """A series smoothed, as far as it was read."""
        key = name, smoothing, len(values), self._run.history.rewritten
        if self._kept[0] != key:
            self._kept = key, smoothed(values, smoothing)
        return self._kept[1]


def _curve(run: TrainingRun, averages: _Averages, params: dict[str, Any]) -> Answer:
    """A stretch of a series: `step`, `min`, `max` and `mean` `[bucket]`, and `smooth` where it is to be smoothed.

    The step is that in the middle of a bucket, the smoothed value that at its end.
    """
    name, names = params.get("name"), run.history.series
    if name not in names:
        raise UserError(f"The run has no curve {shown(name)}.", hint=did_you_mean(str(name), names))
    begin, end = (_whole(params.get(key), "step") for key in ("from_step", "to_step"))
    pixels = min(_whole(params.get("pixels"), "number of pixels"), _MOST_PIXELS)
    smoothing = params.get("smoothing") or 0
    if not isinstance(smoothing, int | float) or not 0 <= smoothing < 1:
        raise UserError(f"{shown(smoothing)} is no smoothing.", hint="Give a number from 0 to below 1.")
    steps, values = (run.history.steps[column] for column in ("step", name))
    steps, values = steps[: len(values)], values[: len(steps)]  # as they are now: a thread reads on
    start, stop = (int(at) for at in (np.searchsorted(steps, begin), np.searchsorted(steps, end, "right")))
    buckets = min(pixels, max(0, stop - start))
    bounds = cuts(max(0, stop - start), buckets)
    low, high, mean = summed_up(values[start:stop], bounds)
    arrays = {"step": steps[start:stop][(bounds[:-1] + bounds[1:] - 1) // 2], "min": low, "max": high, "mean": mean}
    if smoothing:
        arrays["smooth"] = averages.of(str(name), smoothing, values)[start + bounds[1:] - 1]
    as_sent = {key: array if key == "step" else array.astype(np.float32) for key, array in arrays.items()}
    sections, payload = packed(as_sent)
    facts = {"name": name, "points": max(0, stop - start), "exact": buckets == stop - start, "sections": sections}
    return facts, [payload]


def _tell(run: TrainingRun, params: dict[str, Any]) -> str | None:
    """The id of what the worker was told; None where another one was started."""
    command, factor, state = params.get("command"), params.get("factor"), run.state
    if command not in control.COMMANDS:
        raise UserError(f"A run cannot be told to {shown(command)}.", hint=_AGAIN)
    if state in ENDED and command == "resume":
        run.resume()
        return None
    if state in ENDED:
        raise UserError(f"The run has ended: it is {state}.", hint="Resume it first, or start another one.")
    if command != "lr":
        return control.tell(run.files.control, command)
    if isinstance(factor, bool) or not isinstance(factor, int | float) or not 0 < factor < math.inf:
        raise UserError(f"{shown(factor)} is no factor of the learning rate.", hint="Give a number above 0.")
    return control.tell(run.files.control, command, factor=factor)


def _whole(given: Any, what: str) -> int:
    number = isinstance(given, int | float) and not isinstance(given, bool)
    if number and math.isfinite(given) and given >= 0 and given == int(given):
        return int(given)
    raise UserError(f"{shown(given)} is no {what}.", hint=_AGAIN)
