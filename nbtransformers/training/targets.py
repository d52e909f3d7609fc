"""What is to be learnt of a row: values of the user's data to what is stored in train.arrow and test.arrow.

A target reads every row once, before all labels are known, and numbers these as they come. What it read is kept on the
disk meanwhile, and put into its last form when the rows are dealt out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import kind_of, shown
from nbtransformers.inputs.values import EMPTY, MISSING, Unreadable, reason_for_no_text
from nbtransformers.training.labels import Missing, Names, Wrong, by_tag, by_value, label_name


class Target(Protocol):
    """What is to be learnt of each row.

    Attributes:
        what: what a row has of it, in words: `label`, `number`.
        labels: the names of the labels in the order of their numbers, once all rows were read; empty where there are
            none.
    """

    what: str

    @property
    def labels(self) -> tuple[str, ...]: ...

    def read(self, values: Sequence[Any]) -> Any:
        """The values of the label columns of a row, to what is kept of it until all labels are known.

        Raises:
            Missing: when there are none.
            Wrong: when they cannot be learnt.
        """
        ...

    def kept(self) -> Any:
        """The Arrow type of what is kept."""
        ...

    def feature(self) -> Any:
        """The feature of `datasets` that the column is stored as."""
        ...

    def final(self, kept: list[Any]) -> list[Any]:
        """What was kept, as it is stored."""
        ...

    def strata(self, kept: Any) -> NDArray[np.int64]:
        """Of the column that was kept, int64 `[row]`: rows with one number are alike, for the draw of test rows."""
        ...


class _Alike:
    """A target by which no row differs from another for the draw of test rows."""

    __slots__ = ()

    def strata(self, kept: Any) -> NDArray[np.int64]:
        """All alike."""
        return np.zeros(len(kept), dtype=np.int64)


class _Plain(_Alike):
    """A target without labels, which is stored as it was read."""

    __slots__ = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """None."""
        return ()

    def final(self, kept: list[Any]) -> list[Any]:
        """As it is."""
        return kept


@dataclass(slots=True)
class OneLabel:
    """One label a row: its number is stored."""

    names: Names
    what: str = "label"

    @property
    def labels(self) -> tuple[str, ...]:
        """The names; numbers in their order, others by the alphabet."""
        return self.names.ordered(by_value)

    def read(self, values: Sequence[Any]) -> int:
        """The number of the label."""
        return self.names.number(values[0])

    def kept(self) -> Any:
        """A number."""
        import pyarrow as pa

        return pa.int64()

    def feature(self) -> Any:
        """The number of a label that has a name."""
        from datasets import ClassLabel

        return ClassLabel(names=list(self.labels))

    def final(self, kept: list[int]) -> list[int]:
        """In the last order."""
        place = self.names.final(self.labels)
        return [place[number] for number in kept]

    def strata(self, kept: Any) -> NDArray[np.int64]:
        """By label."""
        return kept.to_numpy()


@dataclass(slots=True)
class LabelSet:
    """Any number of labels a row: a number of 0 or 1 is stored for each label.

    Attributes:
        columns: the label columns: one of lists, or one of 0 and 1 for each label.
        hot: whether a list has a 0 or 1 for each label, rather than the labels that apply.
    """

    names: Names
    columns: tuple[str, ...]
    hot: bool
    what: str = "labels"

    @classmethod
    def of(
        cls, columns: tuple[str, ...], first: Sequence[Any], declared: tuple[str, ...], preferred: tuple[str, ...]
    ) -> LabelSet:
        """For label columns of which the first one begins so."""
        if len(columns) > 1:
            return cls(Names(columns), columns, hot=True)
        width = _hot_width(first)
        if width and len(declared) != width:
            declared = preferred if len(preferred) == width else tuple(map(str, range(width)))
        return cls(Names(declared, preferred), columns, hot=bool(width))

    @property
    def labels(self) -> tuple[str, ...]:
        """The names."""
        return self.names.ordered(by_value)

    def read(self, values: Sequence[Any]) -> list[int]:
        """The numbers of the labels that apply."""
        if len(self.columns) > 1:
            return [number for number, value in enumerate(values) if _is_one(value)]
        value = values[0]
        given = _listed(sorted(value, key=str) if isinstance(value, set | frozenset) else value, self.what)
        if not self.hot:
            return sorted({self.names.number(label) for label in given})
        if len(given) != len(self.names.declared):
            raise Wrong(f"{len(given)} numbers, where the first row has {len(self.names.declared)}")
        return [number for number, one in enumerate(given) if _is_one(one)]

    def kept(self) -> Any:
        """A list of numbers."""
        import pyarrow as pa

        return pa.list_(pa.int64())

    def feature(self) -> Any:
        """A number of 0 or 1 for each label."""
        from datasets import List, Value

        return List(Value("float32"), length=len(self.labels))

    def final(self, kept: list[list[int]]) -> list[list[float]]:
        """A number of 0 or 1 for each label, in the last order."""
        place = self.names.final(self.labels)
        rows = [[0.0] * len(place) for _ in kept]
        for row, numbers in zip(rows, kept, strict=True):
            for number in numbers:
                row[place[number]] = 1.0
        return rows

    def strata(self, kept: Any) -> NDArray[np.int64]:
        """By the rarest of its labels, so that none is drawn whole."""
        rows = kept.to_pylist()
        counts = np.zeros(len(self.names.numbers) + 1, dtype=np.int64)
        for numbers in rows:
            counts[numbers] += 1
        return np.array([min(numbers, key=lambda n: (counts[n], n), default=-1) for numbers in rows], dtype=np.int64)


def _hot_width(first: Sequence[Any]) -> int:
    """How long lists of 0 and 1 are; 0 when they are lists of labels, which are never twice in one."""
    lists = [list(value) for value in first if isinstance(value, list | tuple | np.ndarray)]
    widths = {len(value) for value in lists}
    if len(widths) != 1 or not all(isinstance(one, int | float) and one in (0, 1) for row in lists for one in row):
        return 0
    twice = any(len(row) > len(set(row)) for row in lists)
    return widths.pop() if twice else 0


def _listed(value: Any, what: str) -> list[Any]:
    """A list of what is to be learnt of a row, whichever kind of list it is."""
    if reason_for_no_text(value) == MISSING:
        raise Missing
    if isinstance(value, Unreadable):
        raise Wrong(value.reason)
    if not isinstance(value, list | tuple | np.ndarray):
        raise Wrong(f"{kind_of(value)} for a list of {what}")
    return list(value)


def _is_one(value: Any) -> bool:
    name = label_name(value)
    if name not in ("0", "1", "True", "False", "true", "false"):
        raise Wrong(f"{shown(name)}, which is neither 0 nor 1")
    return name in ("1", "True", "true")


@dataclass(slots=True)
class Number(_Plain):
    """A number a row."""

    what: str = "number"

    def read(self, values: Sequence[Any]) -> float:
        """The number."""
        value = values[0]
        name = label_name(value)
        try:
            number = float(name)
        except ValueError:
            raise Wrong(f"{shown(name)}, which is no number") from None
        if math.isnan(number):
            raise Missing
        if math.isinf(number):
            raise Wrong("an infinite number")
        return number

    def kept(self) -> Any:
        """A number."""
        import pyarrow as pa

        return pa.float64()

    def feature(self) -> Any:
        """A number, as models compute it."""
        from datasets import Value

        return Value("float32")


@dataclass(slots=True)
class Tags(_Alike):
    """A tag for each word: their numbers are stored."""

    names: Names
    what: str = "tags"

    @property
    def labels(self) -> tuple[str, ...]:
        """The names, `O` first."""
        return self.names.ordered(by_tag)

    def read(self, values: Sequence[Any]) -> list[int]:
        """The number of each tag."""
        return [self.names.number(tag) for tag in _listed(values[0], self.what)]

    def kept(self) -> Any:
        """A list of numbers."""
        import pyarrow as pa

        return pa.list_(pa.int64())

    def feature(self) -> Any:
        """Numbers of labels that have names."""
        from datasets import ClassLabel, List

        return List(ClassLabel(names=list(self.labels)))

    def final(self, kept: list[list[int]]) -> list[list[int]]:
        """In the last order."""
        place = self.names.final(self.labels)
        return [[place[number] for number in numbers] for numbers in kept]


@dataclass(slots=True)
class Text(_Plain):
    """A text that is to be written."""

    what: str = "text to write"

    def read(self, values: Sequence[Any]) -> str:
        """The text."""
        reason = reason_for_no_text(values[0])
        if reason in (MISSING, EMPTY):
            raise Missing
        if reason is not None:
            raise Wrong(f"what is {reason}")
        return str(values[0])

    def kept(self) -> Any:
        """A text."""
        import pyarrow as pa

        return pa.string()

    def feature(self) -> Any:
        """A text."""
        from datasets import Value

        return Value("string")
