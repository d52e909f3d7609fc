"""What was run in this session, by magics and in workbenches, for the history of the latter.

Of a result only a weak reference: it holds all its texts and scores, and would never be freed. What its program is
written from is kept, and what a magic says, such as what is set: that is short.
"""

from __future__ import annotations

import time
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nbtransformers.magics import last

if TYPE_CHECKING:
    from nbtransformers.results.trainingrun import TrainingRun

NOT_NOTED = ("workbench",)
"""Magics that are no part of the history, since they show it."""

_MOST = 100  # what nobody scrolls through


@dataclass(slots=True)
class Ran:
    """One run of a task.

    Attributes:
        number: counts the runs of the session, from 1.
        task: which one.
        line: what stood behind its magic.
        cell: what stood below it; None for a line magic.
        place: where it was run: `cell` or `workbench`.
        since: when, in seconds of the epoch.
        seconds: how long it took; None while it goes on.
        message: why it gave nothing; empty when it did.
        stopped: whether that was the user's wish.
        said: what it said, where it gave a text.
        program: what a program for it is written from; None before it has come so far, and where there is nothing.
    """

    number: int
    task: str
    line: str
    cell: str | None
    place: str
    since: float = field(default_factory=time.time)
    seconds: float | None = None
    message: str = ""
    stopped: bool = False
    said: str = ""
    program: last.Remembered | TrainingRun | None = None
    _value: weakref.ref[Any] | None = None

    def begin(self) -> None:
        """It begins, and is part of the history."""
        _ran.append(self)
        _tell()

    def doing(self, run: Callable[[], Any]) -> Any:
        """What `run` gives; what is remembered meanwhile, in threads that it starts too, is of this run."""
        token = _now.set(self)
        try:
            return run()
        finally:
            _now.reset(token)

    def end(self, value: Any = None, message: str = "", stopped: bool = False) -> None:
        """It has ended: what it gave, or why it gave nothing."""
        self.seconds, self.message, self.stopped = time.time() - self.since, message, stopped
        if isinstance(value, str):
            self.said = value
        elif value is not None:
            with suppress(TypeError):  # what can be referred to by nobody's leave is no result
                self._value = weakref.ref(value)
        _tell()

    @property
    def value(self) -> Any:
        """What it gave; None once that is gone."""
        return None if self._value is None else self._value()


_ran: deque[Ran] = deque(maxlen=_MOST)
_now: ContextVar[Ran | None] = ContextVar("now", default=None)
_listeners: weakref.WeakSet[Any] = weakref.WeakSet()
_count = 0


def new(task: str, line: str, cell: str | None, place: str) -> Ran:
    """A run that has not begun, and is not in the history yet."""
    global _count
    _count += 1
    return Ran(_count, task, line, cell, place)


def noting(task: str, line: str, cell: str | None, run: Callable[[], Any]) -> Any:
    """Run a magic, and note how that goes."""
    entry = new(task, line, cell, "cell")
    entry.begin()
    try:
        value = entry.doing(run)
    except BaseException as error:
        entry.end(None, str(error) or type(error).__name__, isinstance(error, KeyboardInterrupt))
        raise
    entry.end(value)
    return value


def remember(result: last.Asked) -> None:
    """Keep what a program needs to give a result again, for `%nbt code` and for the run that is at work."""
    program, entry = last.remember(result), _now.get()
    if entry is not None:
        entry.program = program


def ran() -> list[Ran]:
    """What was run, the newest first."""
    return list(reversed(_ran))


def listen(listener: Any) -> None:
    """Call an object, for as long as it lives, after each change."""
    _listeners.add(listener)


def forget() -> None:
    """Keep nothing any more, and count anew."""
    global _count
    _count = 0
    _ran.clear()


def _tell() -> None:
    for listener in list(_listeners):
        listener()
