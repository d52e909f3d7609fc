"""What is to be learnt of a row: values of the user's data to what is stored in train.arrow and test.arrow.

A target reads every row once, before all labels are known, and numbers these as they come. What it read is kept on the
disk meanwhile, and put into its last form when the rows are dealt out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import kind_of, shown
from nbtransformers.inputs.values import Unreadable, reason_for_no_text

_MARKED = re.compile(r"([BIESLU])-(.+)")


class Missing(Exception):  # noqa: N818  (no failure of the program: a row without a label)
    """There is nothing to learn in a row."""


class Wrong(Exception):  # noqa: N818
    """What is to be learnt of a row cannot be that; says what it is, as `has …` goes on."""


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


@dataclass(slots=True)
class _Names:
    """Labels, numbered as they come.

    Attributes:
        declared: the names that the data declares for its numbers; empty where it declares none.
        preferred: the order to put the names in where they are these, as a model has them.
    """

    declared: tuple[str, ...] = ()
    preferred: tuple[str, ...] = ()
    numbers: dict[str, int] = field(default_factory=dict[str, int])

    def __post_init__(self) -> None:
        self.numbers = {name: number for number, name in enumerate(self.declared)}

    def number(self, value: Any) -> int:
        name = self._declared_name(value) if self.declared else label_name(value)
        return self.numbers.setdefault(name, len(self.numbers))

    def _declared_name(self, value: Any) -> str:
        if isinstance(value, Integral) and not isinstance(value, bool):
            if value == -1:  # as datasets marks rows whose labels are kept secret
                raise Missing
            if not 0 <= int(value) < len(self.declared):
                raise Wrong(f"the number {value}, and there are {len(self.declared)} labels")
            return self.declared[int(value)]
        name = label_name(value)
        if name not in self.numbers:
            raise Wrong(f"{shown(name)}, which is none of its labels")
        return name

    def ordered(self, order: Any) -> tuple[str, ...]:
        """The names in their last order."""
        if self.declared:
            return self.declared
        if set(self.preferred) == set(self.numbers):
            return self.preferred
        return tuple(sorted(self.numbers, key=order))

    def final(self, ordered: Sequence[str]) -> list[int]:
        """Of each number that was given as it came, the last one."""
        place = {name: number for number, name in enumerate(ordered)}
        return [place[name] for name in self.numbers]


def label_name(value: Any) -> str:
    """The name of a label.

    Raises:
        Missing: when there is none.
        Wrong: when it can be none.

    Example:
        >>> label_name(4.0), label_name(True), label_name(" good ")
        ('4', 'True', 'good')
    """
    reason = reason_for_no_text(value)
    if reason in ("missing", "empty"):
        raise Missing
    if isinstance(value, Unreadable):
        raise Wrong(value.reason)
    if isinstance(value, str):
        if reason is not None:
            raise Wrong(f"a label that is {reason}")
        return value.strip()
    if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):
        return str(bool(value))
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real):
        number = float(value)
        return str(int(number)) if number.is_integer() else repr(number)
    raise Wrong(f"{kind_of(value)} for a label")


def _by_value(name: str) -> tuple[int, float, str]:
    try:
        return 0, float(name), name
    except ValueError:
        return 1, 0.0, name


def _by_tag(name: str) -> tuple[bool, str, str]:
    """O first, then the kinds, of each the beginning before the rest."""
    found = _MARKED.fullmatch(name)
    return (name != "O", found[2], found[1]) if found else (name != "O", name, "")


@dataclass(slots=True)
class OneLabel:
    """One label a row: its number is stored."""

    names: _Names
    what: str = "label"

    @classmethod
    def of(cls, declared: tuple[str, ...], preferred: tuple[str, ...]) -> OneLabel:
        """For a column whose numbers have declared names, and a model that has an order for names."""
        return cls(_Names(declared, preferred))

    @property
    def labels(self) -> tuple[str, ...]:
        """The names; numbers in their order, others by the alphabet."""
        return self.names.ordered(_by_value)

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

    names: _Names
    columns: tuple[str, ...]
    hot: bool
    what: str = "labels"

    @classmethod
    def of(
        cls, columns: tuple[str, ...], first: Sequence[Any], declared: tuple[str, ...], preferred: tuple[str, ...]
    ) -> LabelSet:
        """For label columns of which the first one begins so."""
        if len(columns) > 1:
            return cls(_Names(columns), columns, hot=True)
        width = _hot_width(first)
        if width and len(declared) != width:
            declared = preferred if len(preferred) == width else tuple(map(str, range(width)))
        return cls(_Names(declared, preferred), columns, hot=bool(width))

    @property
    def labels(self) -> tuple[str, ...]:
        """The names."""
        return self.names.ordered(_by_value)

    def read(self, values: Sequence[Any]) -> list[int]:
        """The numbers of the labels that apply."""
        if len(self.columns) > 1:
            return [number for number, value in enumerate(values) if _is_one(value)]
        value = values[0]
        if reason_for_no_text(value) == "missing":
            raise Missing
        if isinstance(value, Unreadable):
            raise Wrong(value.reason)
        if not isinstance(value, list | tuple | set | frozenset | np.ndarray):
            raise Wrong(f"{kind_of(value)} for a list of labels")
        given = sorted(value, key=str) if isinstance(value, set | frozenset) else list(value)
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


def _is_one(value: Any) -> bool:
    name = label_name(value)
    if name not in ("0", "1", "True", "False", "true", "false"):
        raise Wrong(f"{shown(name)}, which is neither 0 nor 1")
    return name in ("1", "True", "true")


@dataclass(slots=True)
class Number:
    """A number a row."""

    what: str = "number"
    labels: tuple[str, ...] = ()

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

    def final(self, kept: list[float]) -> list[float]:
        """As it is."""
        return kept

    def strata(self, kept: Any) -> NDArray[np.int64]:
        """All alike."""
        return np.zeros(len(kept), dtype=np.int64)


@dataclass(slots=True)
class Tags:
    """A tag for each word: their numbers are stored."""

    names: _Names
    what: str = "tags"

    @classmethod
    def of(cls, declared: tuple[str, ...], preferred: tuple[str, ...]) -> Tags:
        """For a column whose numbers have declared names, and a model that has an order for names."""
        return cls(_Names(declared, preferred))

    @property
    def labels(self) -> tuple[str, ...]:
        """The names, `O` first."""
        return self.names.ordered(_by_tag)

    def read(self, values: Sequence[Any]) -> list[int]:
        """The number of each tag."""
        value = values[0]
        if reason_for_no_text(value) == "missing":
            raise Missing
        if not isinstance(value, list | tuple | np.ndarray):
            raise Wrong(f"{kind_of(value)} for a list of tags")
        return [self.names.number(tag) for tag in value]

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

    def strata(self, kept: Any) -> NDArray[np.int64]:
        """All alike."""
        return np.zeros(len(kept), dtype=np.int64)


@dataclass(slots=True)
class Text:
    """A text that is to be written."""

    what: str = "text to write"
    labels: tuple[str, ...] = ()

    def read(self, values: Sequence[Any]) -> str:
        """The text."""
        reason = reason_for_no_text(values[0])
        if reason in ("missing", "empty"):
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

    def final(self, kept: list[str]) -> list[str]:
        """As it is."""
        return kept

    def strata(self, kept: Any) -> NDArray[np.int64]:
        """All alike."""
        return np.zeros(len(kept), dtype=np.int64)
