"""Which column holds the texts: the same question and the same answers for every kind of table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from nbtransformers.errors import UserError, did_you_mean, shown


def picked(column: str | None, known: Sequence[str], with_text: Callable[[], Sequence[str]], name: str) -> str:
    """The column that was asked for; without one, the only one that holds text.

    Args:
        column: the name that was given.
        known: the columns there are.
        with_text: finds those that hold text; asked only when none was given.
        name: what the table is called.

    Raises:
        UserError: when there is no such column, or more than one could be meant.
    """
    chosen = _only_one(with_text(), known, name) if column is None else column
    if chosen not in known:
        raise no_column(chosen, known, name)
    refuse_twins([one for one in known if one == chosen], name)
    return chosen


def no_column(column: str, known: Sequence[str], name: str) -> UserError:
    """What is said of a column that a table does not have, with the nearest name that it has."""
    return UserError(f"{name} has no column {shown(column)}.", hint=did_you_mean(column, known, what="It has"))


def refuse_twins(columns: Sequence[str], name: str) -> None:
    """Refuse columns of which two have one name.

    Raises:
        UserError: with that name.
    """
    twin, number = Counter(columns).most_common(1)[0] if columns else ("", 0)
    if number > 1:
        raise UserError(f"{name} has {number} columns called {twin}.", hint="Rename one of them.")


def as_typed(column: str) -> str:
    """A column as it is typed in an option.

    Example:
        >>> as_typed("stars"), as_typed("how good")
        ('stars', '"how good"')
    """
    return column if re.fullmatch(r"[\w.-]+", column) else f'"{column}"'


def _only_one(texts: Sequence[str], known: Sequence[str], name: str) -> str:
    names = list(dict.fromkeys(texts or known))
    twins = [name for name in names if known.count(name) > 1]
    if texts and len(names) == 1:
        return names[0]
    if twins and (twins == names or not texts):
        return twins[0]  # refused for that, since no name could mean one of them
    example = next((name for name in names if known.count(name) == 1), "NAME")
    listed = ", ".join(names) or "none"
    found = "text columns" if texts else "columns"
    raise UserError(
        f"Which column of {name} holds the texts? Its {found}: {listed}.", hint=f"Add `--column {as_typed(example)}`."
    )
