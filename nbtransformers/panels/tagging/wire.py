"""Entities as bytes: a small JSON header and one binary buffer of named sections.

Besides what every page of rows has: `count` uint32 `[row]`, the entities of the whole text; `found` uint32 `[row + 1]`,
where the entities of each row begin in what follows; `start`, `stop` (code points) and `type` (its place in the
header's `types`) uint32 and `score` float32 `[entity]`. `tests/golden/entities.json` holds both sides to it.

A small result is inline: all of it travels with the header. Of any other, pages carry the entities in the beginning of
a text that travels too; the panel asks for the others, and always for the tokens, when they are looked at.
"""

from __future__ import annotations

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
    TEXT_CUT,
    Positions,
    row_columns,
)
from nbtransformers.panels.tokenization.pieces import legible
from nbtransformers.plain_text import count, seconds
from nbtransformers.results.entities import Entities
from nbtransformers.results.rows import NOT_DONE

VERSION = 1


def entities_header(result: Entities) -> tuple[dict[str, Any], bytes]:
    """The header and the payload of a result: all its rows when it is inline, else the first ones."""
    inline = _is_small(result)
    shown = np.arange(len(result) if inline else min(len(result), FIRST_ROWS))
    sections, payload = page(result, shown, None if inline else CLIPPED_AT)
    found = count(len(result.found.flat), "entity", "entities")
    subtitle = f"{count(len(result), 'text')} · {found} · {seconds(result.run.seconds)}"
    facts = [*result.run.facts(), ("Entities", result.method)]
    return headers.whole(_header(result, sections), result, subtitle=subtitle, inline=inline, facts=facts), payload


def partial_header(result: Entities, rows: int | None) -> tuple[dict[str, Any], bytes]:
    """The header and the payload of a result as it stands; `rows` are those to come, None when nobody knows."""
    sections, payload = page(result, np.arange(min(len(result), FIRST_ROWS)), PARTIAL_CLIPPED_AT, waiting=NOT_DONE)
    return headers.partial(_header(result, sections), result, rows), payload


def _header(result: Entities, sections: list[Section]) -> dict[str, Any]:
    return {
        "version": VERSION,
        "kind": "entities",
        "title": sendable(result.run.model),
        "types": list(map(sendable, result.types)),
        "counts": list(result.totals.values()),
        "sections": sections,
    }


def _is_small(result: Entities) -> bool:
    if len(result) > INLINE_ROWS:
        return False
    return 2 * result.texts.characters_at_most + result.found.flat.nbytes <= INLINE_BYTES


def page(
    result: Entities, positions: Positions, clipped_at: int | None = CLIPPED_AT, waiting: str | None = None
) -> tuple[list[Section], bytes]:
    """The sections and the bytes of some rows, in the order given.

    `clipped_at` None sends whole texts; a row with the reason `waiting` is sent as one that has yet to come.
    """
    rows = row_columns(result, positions, clipped_at, waiting)
    cut = (result.unread[positions] > 0).astype(np.uint8)
    spans, counts = result.found.flat[result.found.places(positions)], result.found.counts[positions]
    owner = np.repeat(np.arange(len(positions)), counts)
    lengths = np.fromiter(map(len, rows.texts), dtype=np.int64, count=len(rows.texts))
    here = spans["stop"] <= lengths[owner]
    arrays: dict[str, NDArray[Any]] = {
        "position": rows.position,
        "reason": rows.reason,
        "flags": rows.flags | cut * TEXT_CUT,
        **rows.strings,
        "count": counts.astype(np.uint32),
        "found": np.concatenate([[0], np.cumsum(np.bincount(owner[here], minlength=len(positions)))]).astype(np.uint32),
        **_span_arrays(spans[here]),
    }
    return packed(arrays)


def spans_of_row(result: Entities, row: int) -> tuple[list[Section], bytes]:
    """The entities of one text, all of them: the sections that a page has of each."""
    return packed(_span_arrays(result.found[row]))


def tokens_of_row(result: Entities, row: int, start: int, stop: int) -> tuple[list[Section], bytes]:
    """Some tokens of one text.

    Sections: `label` (its place in the string table `labels`) uint32, `score` float32 and `begins` (of a word) uint8
    `[token]`, and the string tables `pieces` `[token]` and `labels`.
    """
    tagged = result.tagged[row][start:stop]
    spelling = result.spelling
    places = spelling.places(tagged["id"]).tolist()
    pieces = [legible(spelling.pieces[place] or "", spelling.bytes[place] or "") for place in places]
    return packed(
        {
            "label": tagged["label"].astype(np.uint32),
            "score": np.ascontiguousarray(tagged["score"]),
            "begins": tagged["begins"].astype(np.uint8),
            **string_table("pieces", map(sendable, pieces)),
            **string_table("labels", map(sendable, result.labels)),
        }
    )


def _span_arrays(spans: NDArray[Any]) -> dict[str, NDArray[Any]]:
    return {
        "start": np.ascontiguousarray(spans["start"]),
        "stop": np.ascontiguousarray(spans["stop"]),
        "type": spans["type"].astype(np.uint32),
        "score": np.ascontiguousarray(spans["score"]),
    }
