"""Filled masks as bytes: a small JSON header and one binary buffer of named sections.

Besides what every page of rows has: `filled`, a string table `[row]` of the texts with the likeliest fillings; `masks`
uint32 `[row + 1]`, where the masks of each row begin in what follows; `start` and `end` uint32 `[mask]` (code points of
the text), `word` uint32 `[mask, rank]` (the place of a filling in `words`, a string table), and `probability` float32
`[mask, rank]`. `tests/golden/fill.json` holds both sides to it. A small result is inline: all of it travels with the
header.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.panels import headers
from nbtransformers.panels.packing import Section, packed, sendable, string_table
from nbtransformers.panels.rows import (
    CLIPPED_AT,
    FIRST_ROWS,
    INLINE_BYTES,
    INLINE_ROWS,
    PARTIAL_CLIPPED_AT,
    Positions,
    row_columns,
)
from nbtransformers.plain_text import count, seconds
from nbtransformers.results.filling import Filling
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.rows import NOT_DONE
from nbtransformers.results.texts import Texts

VERSION = 1
_METHOD = "softmax over the whole vocabulary, of each mask on its own"


@dataclass(frozen=True, slots=True)
class Shown:
    """The rows of a result as a table has them: by their texts with the masks."""

    result: Filling

    @property
    def texts(self) -> Texts:
        """The texts with their masks."""
        return self.result.prompts

    @property
    def index(self) -> Any:
        """The labels of the rows."""
        return self.result.index

    @property
    def reasons(self) -> Reasons:
        """Why rows were not filled."""
        return self.result.reasons

    def __len__(self) -> int:
        return len(self.result)


def filling_header(result: Filling) -> tuple[dict[str, Any], bytes]:
    """The header and the payload of a result: all its rows when it is inline, else the first ones."""
    inline = _is_small(result)
    shown = np.arange(len(result) if inline else min(len(result), FIRST_ROWS))
    sections, payload = page(result, shown, None) if inline else page(result, shown)
    subtitle = f"{count(len(result), 'text')} · {seconds(result.run.seconds)}"
    facts = [*result.run.facts(), ("Scores", _METHOD)]
    return headers.whole(_header(result, sections), result, subtitle=subtitle, inline=inline, facts=facts), payload


def partial_header(result: Filling, rows: int | None) -> tuple[dict[str, Any], bytes]:
    """The header and the payload of a result as it stands; `rows` are those to come, None when nobody knows."""
    sections, payload = page(result, np.arange(min(len(result), FIRST_ROWS)), PARTIAL_CLIPPED_AT, NOT_DONE)
    return headers.partial(_header(result, sections), result, rows), payload


def _header(result: Filling, sections: list[Section]) -> dict[str, Any]:
    return {"version": VERSION, "kind": "fill", "title": sendable(result.run.model), "sections": sections}


def _is_small(result: Filling) -> bool:
    if len(result) > INLINE_ROWS:
        return False
    return 4 * result.prompts.characters_at_most + result.found.flat.nbytes <= INLINE_BYTES


def page(
    result: Filling, positions: Positions, clipped_at: int | None = CLIPPED_AT, waiting: str | None = None
) -> tuple[list[Section], bytes]:
    """The sections and the bytes of some rows, in the order given.

    `clipped_at` None sends whole texts; a row with the reason `waiting` is sent as one that has yet to come.
    """
    rows = row_columns(Shown(result), positions, clipped_at, waiting)
    records = result.found.flat[result.found.places(positions)]
    words, word = np.unique(records["ids"], return_inverse=True)
    filled = [sendable((result.filled(row) or "")[:clipped_at]) for row in positions.tolist()]
    arrays: dict[str, NDArray[Any]] = {
        "position": rows.position,
        "reason": rows.reason,
        "flags": rows.flags,
        **rows.strings,
        **string_table("filled", filled),
        "masks": np.concatenate([[0], np.cumsum(result.found.counts[positions])]).astype(np.uint32),
        "start": records["start"].astype(np.uint32),
        "end": records["end"].astype(np.uint32),
        "word": word.reshape(records["ids"].shape).astype(np.uint32),
        **string_table("words", map(sendable, result.spelled(words))),
        "probability": np.ascontiguousarray(records["probabilities"], dtype=np.float32),
    }
    return packed(arrays)
