"""How the engine tells what it is doing: one small record, handed to a callback."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Progress:
    """One moment of the work.

    Attributes:
        stage: `loading` (a model), or `running` (it is at work on the rows).
        message: one line for a person.
        done: units finished so far.
        total: units in all; None when it is not known.
        unit: what is counted, in the plural.
        tokens_per_s: tokens through the model a second, padding not counted.
        eta_s: seconds that are probably left.
    """

    stage: Literal["loading", "running"]
    message: str
    done: int = 0
    total: int | None = None
    unit: str = "texts"
    tokens_per_s: float | None = None
    eta_s: float | None = None


OnProgress = Callable[[Progress], None]

_ETA_AFTER = 0.5  # seconds; earlier it would only be a guess


def under_way(message: str, done: int, total: int | None, tokens: int, seconds: float) -> Progress:
    """How far the work on the rows is, with its pace and the time that is left as far as they can be told.

    Args:
        message: one line for a person.
        done: rows finished so far.
        total: rows in all; None when it is not known.
        tokens: that went through the model.
        seconds: since the work began.
    """
    return Progress(
        "running",
        message,
        done,
        total,
        tokens_per_s=tokens / seconds if tokens else None,
        eta_s=seconds * (total - done) / done if total and done and seconds > _ETA_AFTER else None,
    )


def silent(_: Progress) -> None:
    """The callback that shows nothing."""


class Pace:
    """Passes progress on at most every `interval` seconds, the first and the last always.

    A message to the browser costs far more than a small batch does.
    """

    def __init__(self, on_progress: OnProgress, interval: float = 0.1) -> None:
        self._on_progress = on_progress
        self._interval = interval
        self._last = float("-inf")

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        finished = progress.total is not None and progress.done >= progress.total
        if finished or now - self._last >= self._interval:
            self._last = now
            self._on_progress(progress)


OnPartial = Callable[[Any], None]
"""Shown a result as it stands while the work goes on."""


class Glimpses:
    """Shows the result as it stands, at most every `interval` seconds and for a fortieth of the time."""

    def __init__(self, show: OnPartial | None, interval: float = 0.3) -> None:
        self._show, self._interval = show, interval
        self._next = time.monotonic() + interval

    def __call__(self, result: Callable[[], Any]) -> None:
        started = time.monotonic()
        if self._show is None or started < self._next:
            return
        self._show(result())
        ended = time.monotonic()
        self._next = ended + max(self._interval, 40 * (ended - started))
