"""What has happened in a run, kept small and up to date: its steps as columns, everything else as events.

A million steps as dictionaries would take a gigabyte and twenty seconds; as columns they take 100 MB and two.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nbtransformers.rundir.events import STEP, STEPPED, Event, event_of, resumed_from, up_to
from nbtransformers.rundir.lines import BLOCK, Lines
from nbtransformers.rundir.state import Told

SERIES = ("loss", "lr", "grad_norm", "tokens_per_s")
"""What is told of every step and is worth a curve."""

_COLUMNS: dict[str, type[np.generic]] = {
    "step": np.uint32,
    **dict.fromkeys(("time", "epoch", "tokens", *SERIES), np.float64),
}
_FEW = 200  # lines that are quicker to read one by one
_PACE_STEPS = 200  # the last steps, by which the time that is left is told

Column = NDArray[Any]


class Steps:
    """The steps of a run as columns that grow.

    Attributes:
        told: the columns in which there has been a number.
    """

    def __init__(self) -> None:
        self.told: set[str] = set()
        self._columns: dict[str, Column] = {name: np.empty(0, kind) for name, kind in _COLUMNS.items()}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, name: str) -> Column:
        """A column `[step]`: `step`, `time`, `epoch`, `tokens` or one of `SERIES`; NaN where nothing was told."""
        return self._columns[name][: self._count]

    def columns(self) -> dict[str, Column]:
        """All columns as they are at one moment, whoever reads on meanwhile."""
        count, columns = self._count, self._columns
        return {name: columns[name][:count] for name in _COLUMNS}

    def add(self, new: dict[str, Column]) -> None:
        """Add steps at the end."""
        count = self._count + len(new["step"])
        if count > len(self._columns["step"]):
            self._make_room(count + count // 2)
        for name, values in new.items():
            self._columns[name][self._count : count] = values
            if name not in self.told and np.isfinite(values).any():
                self.told.add(name)
        self._count = count  # last, so that whoever looks meanwhile sees whole steps

    def back_to(self, step: int) -> bool:
        """Leave out the steps after one; whether there were any."""
        kept = self["step"] <= step
        if kept.all():
            return False
        # Into new arrays, since somebody may still look at what is left out.
        self._columns = {name: self[name][kept] for name in _COLUMNS}
        self._count = len(self._columns["step"])
        return True

    def _make_room(self, length: int) -> None:
        for name, kind in _COLUMNS.items():
            longer = np.empty(length, kind)
            longer[: self._count] = self[name]
            self._columns[name] = longer


class History:
    """What has happened in a run, as if it had never been interrupted; see `events.fold`.

    One thread may read on while another looks at it.

    Args:
        path: the file of events; it need not be there yet.

    Attributes:
        steps: the steps.
        events: all other events by their type, in order.
        told: what the workers told of the state.
        rewritten: how often steps, or what belongs to them, were left out because they were done again.
    """

    def __init__(self, path: Path) -> None:
        self._lines = Lines(path)
        self._lock = threading.Lock()
        self._clock = _Clock()
        self._first = 0  # the number of the first step of this attempt
        self.steps = Steps()
        self.events: dict[str, list[Event]] = {}
        self.told = Told()
        self.rewritten = 0

    def read(self) -> bool:
        """Take in what came since the last call; whether anything did. A file that has not grown is not opened."""
        with self._lock:
            before = self.seen
            for lines in self._lines.new():
                self._take(lines)
            return self.seen > before

    @property
    def seen(self) -> int:
        """How many bytes of the file were read: whoever has seen as many knows all that is here."""
        return self._lines.offset

    def of(self, kind: str) -> list[Event]:
        """The events of a type, in order."""
        return self.events.get(kind, [])

    def last(self, kind: str) -> Event | None:
        """The last event of a type; None before there was one."""
        return self.of(kind)[-1] if self.of(kind) else None

    def worked_s(self, now: float | None = None) -> float | None:
        """Seconds in which workers were at it, pauses apart; None before there was one.

        Args:
            now: the time, where one is at it now.
        """
        return self._clock.worked_s(now)

    def worked_by(self, times: ArrayLike) -> NDArray[np.float64]:
        """The same at each of some times, all of them past ones: seconds `[time]`."""
        return self._clock.worked_by(np.asarray(times, dtype=np.float64))

    @property
    def series(self) -> list[str]:
        """What there is a curve of by step: the loss, and the others once there was a number of them."""
        return [name for name in SERIES if len(self.steps) and (name == "loss" or name in self.steps.told)]

    @property
    def span(self) -> tuple[float, float] | None:
        """When the first worker began, and when the last was heard of; None before there was one."""
        return self._clock.span

    def pace_s(self) -> float | None:
        """Seconds that a step takes, by the last ones, with what was between them; None before there are two."""
        times = self.steps["time"][max(self._first, len(self.steps) - _PACE_STEPS) :]
        if len(times) < 2:
            return None
        return self._clock.between(float(times[0]), float(times[-1])) / (len(times) - 1)

    def left_s(self) -> float | None:
        """Seconds that the steps which are planned still take at that pace; None before it can be told."""
        pace, steps = self.pace_s(), (self.last("plan") or {}).get("steps")
        return None if pace is None or not steps else max(0.0, (steps - int(self.steps["step"][-1])) * pace)

    def _take(self, lines: list[bytes]) -> None:
        steps: list[bytes] = []
        for line in lines:
            # No event of a step has an object in it, so that a torn one does not end like this.
            if line.startswith(STEP) and line.endswith(b"}"):
                steps.append(line)
            elif (event := event_of(line)) is None:
                continue
            elif event["type"] == "step":  # written by somebody else, in another order
                steps.append(line)
            else:
                self._add_steps(steps)
                steps = []
                self._add(event)
        self._add_steps(steps)

    def _add_steps(self, lines: list[bytes]) -> None:
        columns = _columns(lines)
        if len(columns["step"]):
            self.steps.add(columns)
            self._clock.heard(float(columns["time"][-1]))

    def _add(self, event: Event) -> None:
        if event["type"] == "attempt":
            self._back_to(resumed_from(event))
            self._first = len(self.steps)
        self._clock.add(event)
        self.told.add([event])
        self.events.setdefault(event["type"], []).append(event)

    def _back_to(self, step: int) -> None:
        lost = self.steps.back_to(step)
        for kind in STEPPED:
            kept = up_to(step, self.of(kind))
            lost |= len(kept) < len(self.of(kind))
            self.events[kind] = kept
        self.rewritten += lost


class _Clock:
    """For how long workers were at it."""

    def __init__(self) -> None:
        self._attempts: list[tuple[float, float]] = []  # from when to when each was heard of
        self._pauses: list[tuple[float, float]] = []

    def heard(self, time: float) -> None:
        if self._attempts:
            start, end = self._attempts[-1]
            self._attempts[-1] = start, max(end, time)

    def add(self, event: Event) -> None:
        time = _number(event.get("time"))
        if event["type"] in ("attempt", "state") and self._pauses:
            start, end = self._pauses[-1]
            self._pauses[-1] = start, min(end, time)
        if event["type"] == "attempt":
            self._attempts.append((time, time))
        elif event.get("state") == "paused":
            self._pauses.append((time, float("inf")))
        self.heard(time)

    @property
    def span(self) -> tuple[float, float] | None:
        return (self._attempts[0][0], self._attempts[-1][1]) if self._attempts else None

    def worked_s(self, now: float | None) -> float | None:
        if not self._attempts:
            return None
        *earlier, (start, end) = self._attempts
        return sum(self.between(*span) for span in [*earlier, (start, max(end, now or end))])

    def worked_by(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        worked = np.zeros_like(times)
        for start, end in self._attempts:
            by = np.clip(times, start, end)
            worked += by - start
            for since, until in self._pauses:
                first = max(start, since)
                worked -= np.clip(np.minimum(by, until) - first, 0, None)
        return worked

    def between(self, start: float, end: float) -> float:
        paused = sum(max(0.0, min(end, until) - max(start, since)) for since, until in self._pauses)
        return max(0.0, end - start - paused)


def _columns(lines: list[bytes]) -> dict[str, Column]:
    """The steps of some lines as columns; lines that cannot be read are left out."""
    if len(lines) > _FEW:
        import pyarrow as pa

        try:
            return _columns_by_arrow(lines)
        except pa.ArrowInvalid:
            pass  # one of them is broken: those that are not are found one by one
    steps = [event for line in lines if (event := event_of(line)) is not None]
    return {name: np.array([_number(step.get(name)) for step in steps], kind) for name, kind in _COLUMNS.items()}


def _columns_by_arrow(lines: Sequence[bytes]) -> dict[str, Column]:
    import pyarrow as pa
    from pyarrow import json as arrow_json

    table: Any = arrow_json.read_json(
        io.BytesIO(b"\n".join(lines)),
        read_options=arrow_json.ReadOptions(use_threads=False, block_size=2 * BLOCK),  # the cores are the worker's
        parse_options=arrow_json.ParseOptions(
            explicit_schema=pa.schema([(name, pa.float64()) for name in _COLUMNS]), unexpected_field_behavior="ignore"
        ),
    )
    table = table.filter(table["step"].is_valid())
    return {name: table[name].to_numpy().astype(kind) for name, kind in _COLUMNS.items()}


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
