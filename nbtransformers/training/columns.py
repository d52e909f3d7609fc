"""Which columns of some examples hold the texts, and which what is to be learnt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nbtransformers.errors import UserError, shown
from nbtransformers.inputs.columns import as_typed, no_column
from nbtransformers.inputs.tablerows import Table
from nbtransformers.request import FinetuneRequest, is_conversation

_PAIRS = (
    *(("sentence1", "sentence2"), ("premise", "hypothesis"), ("question1", "question2"), ("text1", "text2")),
    ("text", "pair"),
)
_TEXTS = ("text", "messages", "tokens", "words", "sentence", "review", "document", "article", "content", "source")
_LABELS = (
    *("label", "labels", "ner_tags", "tags", "target", "class", "category", "sentiment", "stars", "rating", "score"),
    *("summary", "highlights", "translation", "y"),
)
_NO_LABELS = re.compile(r"id|idx|index|.*[_. ]id|Unnamed: \d+", re.IGNORECASE)
_NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*")
_LOOKED_AT = 1_000  # rows


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that are learnt from.

    Attributes:
        text: of the texts, of lists of words, or of conversations.
        pair: of the second texts; None where there are none.
        labels: of what is to be learnt; empty where the texts are all there is.
        first: the values of the first rows, by column.
    """

    text: str
    pair: str | None
    labels: tuple[str, ...]
    first: dict[str, list[Any]]

    @property
    def all(self) -> tuple[str, ...]:
        """All of them, in the order in which a row has them."""
        return (self.text, *((self.pair,) if self.pair else ()), *self.labels)

    @property
    def first_text(self) -> Any:
        """What the first row that has a text has for one."""
        return next((value for value in self.first[self.text] if value is not None), None)

    @property
    def by_name(self) -> dict[str, str]:
        """What they are called in the user's data."""
        named = {"text": self.text, "pair": self.pair, "label": ", ".join(self.labels)}
        return {name: column for name, column in named.items() if column}


def find_columns(table: Table, request: FinetuneRequest) -> Columns:
    """The columns that a request names, or that are meant by their names and what they hold.

    Raises:
        UserError: when there is no such column, or more than one could be meant.
    """
    named = [name for name in (request.text, request.pair, *request.label) if name is not None]
    for name in named:
        refuse_unknown(name, table)
        if named.count(name) > 1:
            raise UserError(
                f"{shown(name)} of {table.name} is named twice.", hint="Name one column of texts, another of labels."
            )
    looked_at = tuple(dict.fromkeys([*table.columns, *named]))
    rows = next(table.windows(looked_at, _LOOKED_AT), [])
    if not rows:
        raise UserError(f"{table.name} is empty.", hint="Give rows of texts and labels.")
    first = {name: [row[number] for row in rows] for number, name in enumerate(looked_at)}
    labels = request.label or _labels(table, request, first)
    text, pair = request.text, request.pair
    if text is None and pair is None:
        text, pair = _known_pair(table, labels)
    if text is None:
        text = _text(table, {*labels, *([pair] if pair else [])}, first)
    return Columns(text, pair, tuple(labels), first)


def holds_numbers(values: Sequence[Any]) -> bool:
    """Whether values are numbers, or texts that are read as such."""
    return all(_is_number(value) for value in values if value is not None and value != "")


def _is_number(value: Any) -> bool:
    return bool(_NUMBER.fullmatch(value)) if isinstance(value, str) else isinstance(value, int | float)


def refuse_unknown(name: str, table: Table) -> None:
    """Refuse a column that a table does not have.

    Raises:
        UserError: with the nearest name that it has.
    """
    if name not in table.columns and not (set(name.split(".")) & set(table.columns)):
        raise no_column(name, table.columns, table.name)


def _labels(table: Table, request: FinetuneRequest, first: dict[str, list[Any]]) -> tuple[str, ...]:
    taken = {request.text, request.pair}
    others = [name for name in table.columns if name not in taken and not _NO_LABELS.fullmatch(name)]
    if request.training_task in ("causal", "masked"):
        return ()
    by_name = {name.casefold(): name for name in reversed(others)}
    named = next((by_name[name] for name in _LABELS if name in by_name), None)
    if named is not None:
        return (named,)
    if request.text is None and len(others) == 1:
        return ()
    if request.text is None:
        others = [name for name in others if not _may_be_text(first[name])]
    if len(others) == 1:
        return (others[0],)
    if not others:
        return ()
    raise UserError(
        f"Which column of {table.name} holds the labels? It has {', '.join(others)}.",
        hint=f"Add `--label {as_typed(others[0])}`.",
    )


def _known_pair(table: Table, labels: Sequence[str]) -> tuple[str | None, str | None]:
    by_name = {name.casefold(): name for name in table.columns if name not in labels}
    for one, other in _PAIRS:
        if one in by_name and other in by_name:
            return by_name[one], by_name[other]
    return None, None


def _text(table: Table, taken: set[str], first: dict[str, list[Any]]) -> str:
    free = [name for name in table.columns if name not in taken]
    texts = [name for name in free if _may_be_text(first[name])]
    by_name = {name.casefold(): name for name in reversed(texts)}
    named = next((by_name[name] for name in _TEXTS if name in by_name), None)
    if named is not None:
        return named
    if len(texts) == 1:
        return texts[0]
    if not texts and len(free) == 1:
        return free[0]  # refused for what it holds
    listed = ", ".join(texts or free or table.columns)
    raise UserError(
        f"Which column of {table.name} holds the texts? It has {listed}.",
        hint=f"Add `--text {as_typed((texts or free or table.columns)[0])}`.",
    )


def _may_be_text(values: Sequence[Any]) -> bool:
    there = [value for value in values if value is not None and value != ""]
    if any(isinstance(value, list) for value in there):
        return all(is_conversation(value) or _is_words(value) for value in there)
    return any(isinstance(value, str) and not _NUMBER.fullmatch(value) for value in there)


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)
