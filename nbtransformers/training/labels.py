"""Labels of the user's data: their names, their numbers, and how often each is there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import kind_of, shown
from nbtransformers.inputs.values import EMPTY, MISSING, Unreadable, reason_for_no_text

_MARKED = re.compile(r"([BIESLU])-(.+)")


class Missing(Exception):  # noqa: N818  (no failure of the program: a row without a label)
    """There is nothing to learn in a row."""


class Wrong(Exception):  # noqa: N818
    """What is to be learnt of a row cannot be that; says what it is, as `has …` goes on."""


@dataclass(slots=True)
class Names:
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
        """The number of a label, by the order in which they came.

        Raises:
            Missing: when there is none.
            Wrong: when it is none of those that the data declares, or can be none.
        """
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
    if reason in (MISSING, EMPTY):
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


def by_value(name: str) -> tuple[int, float, str]:
    """The place of a label among others: numbers in their order, others by the alphabet."""
    try:
        return 0, float(name), name
    except ValueError:
        return 1, 0.0, name


def by_tag(name: str) -> tuple[bool, str, str]:
    """The place of a tag among others: `O` first, then the kinds, of each the beginning before the rest."""
    found = _MARKED.fullmatch(name)
    return (name != "O", found[2], found[1]) if found else (name != "O", name, "")


def label_counts(values: Sequence[Any], labels: int, *, hot: bool) -> NDArray[np.int64]:
    """How often each label is there, int64 `[label]`.

    Args:
        values: of each row what is stored of its labels: a number, a list of numbers, or a 0 or 1 for each label.
        labels: how many labels there are.
        hot: whether it is a 0 or 1 for each label.

    Example:
        >>> label_counts([0, 2, 2], 3, hot=False).tolist(), label_counts([[1, 0], [1, 1]], 2, hot=True).tolist()
        ([1, 0, 2], [2, 1])
    """
    if hot:
        return np.array(values, dtype=np.int64).reshape(-1, labels).sum(axis=0)
    flat = np.concatenate([np.zeros(0, np.int64), *map(np.atleast_1d, values)])
    return np.bincount(flat.astype(np.int64), minlength=labels)
