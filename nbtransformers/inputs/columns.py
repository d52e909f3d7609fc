"""Which column holds the texts: the same question and the same answers for every kind of table."""

from __future__ import annotations

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
        raise UserError(f"{name} has no column {shown(chosen)}.", hint=did_you_mean(chosen, known, what="It has"))
    if known.count(chosen) > 1:
        raise UserError(f"{name} has {known.count(chosen)} columns called {chosen}.", hint="Rename one of them.")
    return chosen


def _only_one(texts: Sequence[str], known: Sequence[str], name: str) -> str:
    names = list(dict.fromkeys(texts or known))
    twins = [name for name in names if known.count(name) > 1]
    if texts and len(names) == 1:
        return names[0]
    if twins and (twins == names or not texts):
        return twins[0]  # refused for that, since no name could mean one of them
    example = next((name for name in names if known.count(name) == 1), "NAME")
    if any(not (character.isalnum() or character in "_-") for character in example):
        example = f'"{example}"'
    listed = ", ".join(names) or "none"
    found = "text columns" if texts else "columns"
    raise UserError(
        f"Which column of {name} holds the texts? Its {found}: {listed}.", hint=f"Add `--column {example}`."
    )
