"""When training has gone astray: told by its losses."""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Iterable

from nbtransformers.errors import UserError

_FIRST = 5  # steps whose median loss is the start
_FEWEST, _MOST = 10, 50  # steps in a row that are far above it
_TIMES, _ABOVE = 2.0, 1.0  # far: both twice as much, and one more


class DivergedError(UserError):
    """The loss is no number any more, or far above its start and does not come back."""


class Divergence:
    """Watches the losses of a run.

    Args:
        steps: how many there will be; a short run is given up sooner.
        lr: the learning rate at its highest, for the hint.
        before: the losses of the steps so far, in a run that is resumed.
    """

    def __init__(self, steps: int, lr: float, before: Iterable[float] = ()) -> None:
        self._lr = lr
        self._first: list[float] = []
        self._last: deque[float] = deque(maxlen=min(max(steps // 5, _FEWEST), _MOST))
        for loss in before:
            self._keep(loss)

    def watch(self, step: int, loss: float, grad_norm: float | None = None) -> None:
        """Take in the loss of a step.

        Raises:
            DivergedError: when it is no number, its gradient is none, or it has been far above the start for long.
        """
        if not math.isfinite(loss):
            raise DivergedError(
                f"The loss is no number any more from step {step:,} on: training diverged.", hint=self._hint
            )
        if grad_norm is not None and math.isnan(grad_norm):
            raise DivergedError(
                f"The gradient is no number any more at step {step:,}: training diverged.", hint=self._hint
            )
        self._keep(loss)
        if len(self._first) < _FIRST or len(self._last) < (self._last.maxlen or 0):
            return
        start = statistics.median(self._first)
        if min(self._last) > max(_TIMES * start, start + _ABOVE):
            raise DivergedError(
                f"The loss began at {start:.3g} and has been above {min(self._last):.3g} for {len(self._last)} steps: "
                "training diverged.",
                hint=self._hint,
            )

    def _keep(self, loss: float) -> None:
        if len(self._first) < _FIRST:
            self._first.append(loss)
        self._last.append(loss)

    @property
    def _hint(self) -> str:
        return f"Type a smaller learning rate: `--lr {_smaller(self._lr):g}`."


def _smaller(lr: float) -> float:
    """A tenth, with one digit, and no more than what pretrained models are usually trained with."""
    return min(float(f"{lr / 10:.0e}"), 5e-5)
