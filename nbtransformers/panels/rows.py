"""What a page of rows has on every wire: place, text, label, and the reason of a row that has no result.

Sections: `position` uint32 `[row]`, `reason` uint8 `[row]` (0 is none, else 1 + its place in `reasons`), `flags` uint8
`[row]`, and the string tables `texts`, `index` and `reasons`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nbtransformers.panels.packing import sendable, string_table
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.rows import row_names as names_of
from nbtransformers.results.texts import Texts

INLINE_ROWS = 2_000
INLINE_BYTES = 2_000_000  # about: two bytes a character
FIRST_ROWS = 100
PARTIAL_CLIPPED_AT = 400  # sent again and again: as much as a line shows
CLIPPED_AT = 2_000  # characters of a text that a table row carries; the rest is fetched when a row is opened

TEXT_CLIPPED, TEXT_CUT, ROW_PENDING = 1, 2, 4  # bits of `flags`

_MOST_REASONS = 255  # in a page: each is a byte
_ANOTHER_REASON = "another reason: see .reasons"

Positions = NDArray[np.int64]


class HasRows(Protocol):
    """A result that has rows."""

    @property
    def texts(self) -> Texts: ...

    @property
    def index(self) -> Any: ...

    @property
    def reasons(self) -> Reasons: ...

    def __len__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class RowColumns:
    """The columns of some rows that all results have.

    Attributes:
        position, reason, flags: the sections of these names.
        strings: the sections of the three string tables.
        texts: what is sent of each text.
    """

    position: NDArray[np.uint32]
    reason: NDArray[np.uint8]
    flags: NDArray[np.uint8]
    strings: dict[str, NDArray[Any]]
    texts: list[str]


def row_columns(
    result: HasRows, positions: Positions, clipped_at: int | None = CLIPPED_AT, waiting: str | None = None
) -> RowColumns:
    """The columns of some rows, in the order given.

    `clipped_at` None sends whole texts; a row with the reason `waiting` is sent as one that has yet to come.
    """
    rows = positions.tolist()
    whole = [result.texts[row] or "" for row in rows]
    texts = [text[:clipped_at] for text in whole]
    given = [result.reasons.get(row) for row in rows]
    pending = np.array([reason is not None and reason == waiting for reason in given], dtype=np.uint8)
    given = [None if reason == waiting else reason for reason in given]
    reasons = sorted({reason for reason in given if reason is not None})
    if len(reasons) > _MOST_REASONS:
        reasons = [*reasons[: _MOST_REASONS - 1], _ANOTHER_REASON]
    codes = {reason: code for code, reason in enumerate(reasons, start=1)}
    lengths = zip(texts, whole, strict=True)
    clipped = np.fromiter((len(text) < len(full) for text, full in lengths), dtype=np.uint8, count=len(texts))
    return RowColumns(
        position=positions.astype(np.uint32),
        reason=np.array([0 if reason is None else codes.get(reason, len(reasons)) for reason in given], np.uint8),
        flags=clipped * TEXT_CLIPPED + pending * ROW_PENDING,
        strings={
            **string_table("texts", map(sendable, texts)),
            **string_table("index", row_names(result, positions)),
            **string_table("reasons", map(sendable, reasons)),
        },
        texts=texts,
    )


def row_names(result: HasRows, positions: Positions) -> list[str]:
    """The labels of some rows, as text."""
    return [sendable(name) for name in names_of(result, positions.tolist())]
