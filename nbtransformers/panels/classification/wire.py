"""A classification as bytes: a small JSON header and one binary buffer of named sections.

Sections of a page of rows: `position` uint32 `[row]`, `scores` float32 `[row, label]`, `reason`
uint8 `[row]` (0 is none, else 1 + its place in `reasons`), `flags` uint8 `[row]`, and the string
tables `texts`, `index` and `reasons`, each as `NAME_offsets` uint32 and `NAME_bytes` in UTF-8.
Sections begin at multiples of eight. `tests/golden/classify.json` holds both sides to it.

A small result is inline: all of it travels with the header, whole texts too, and the browser sorts and
searches alone. Any other is sorted and searched here, and its pages carry the beginnings of long texts.

While the work goes on, a partial result is sent a few times a second: only its first rows, since a kernel at
work in a cell answers no question. Its header has `partial`, and `rows` counts those to come, where that is known.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.panels import headers
from nbtransformers.panels.packing import Section, packed, sendable
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
from nbtransformers.plain_text import count, seconds
from nbtransformers.results.classification import Classification
from nbtransformers.results.rows import NOT_DONE

VERSION = 1


def classification_header(result: Classification) -> tuple[dict[str, Any], bytes]:
    """The header and the payload of a classification: all its rows when it is inline, else the first ones."""
    inline = _is_small(result)
    shown = np.arange(len(result) if inline else min(len(result), FIRST_ROWS))
    sections, payload = page(result, shown, None if inline else CLIPPED_AT)
    subtitle = f"{count(len(result), 'text')} · {seconds(result.run.seconds)}"
    own, totals = _header(result, sections), _totals(result)
    header = headers.whole(own, result, subtitle=subtitle, inline=inline, facts=_facts(result), totals=totals)
    return header, payload


def partial_header(result: Classification, rows: int | None) -> tuple[dict[str, Any], bytes]:
    """The header and the payload of a result as it stands; `rows` are those to come, None when nobody knows."""
    sections, payload = page(result, np.arange(min(len(result), FIRST_ROWS)), PARTIAL_CLIPPED_AT, waiting=NOT_DONE)
    done = int(np.count_nonzero(result.done))
    totals = _totals(result)
    totals["without_score"] -= len(result) - done
    return headers.partial(_header(result, sections), result, rows, done=done, totals=totals), payload


def _header(result: Classification, sections: list[Section]) -> dict[str, Any]:
    return {
        "version": VERSION,
        "kind": "classify",
        "title": sendable(result.run.model),
        "problem": result.problem,
        "labels": list(map(sendable, result.labels)),
        "threshold": result.request.threshold,
        "top_k": result.request.top_k,
        "sections": sections,
    }


def _is_small(result: Classification) -> bool:
    if len(result) > INLINE_ROWS:
        return False
    return 2 * result.texts.characters_at_most + result.scores.nbytes <= INLINE_BYTES


def _facts(result: Classification) -> list[tuple[str, str]]:
    return [*result.run.facts(), *([("Scores", result.method)] if result.method else [])]


def page(
    result: Classification, positions: Positions, clipped_at: int | None = CLIPPED_AT, waiting: str | None = None
) -> tuple[list[Section], bytes]:
    """The sections and the bytes of some rows, in the order given.

    `clipped_at` None sends whole texts; a row with the reason `waiting` is sent as one that has yet to come.
    """
    rows = row_columns(result, positions, clipped_at, waiting)
    cut = (result.unread[positions] > 0).astype(np.uint8)
    arrays: dict[str, NDArray[Any]] = {
        "position": rows.position,
        "scores": np.ascontiguousarray(result.scores[positions], dtype=np.float32),
        "reason": rows.reason,
        "flags": rows.flags | cut * TEXT_CUT,
        **rows.strings,
    }
    return packed(arrays)


def _totals(result: Classification) -> dict[str, Any]:
    if result.problem == "regression":
        return _spread(result)
    return {"counts": list(result.totals.values()), "without_score": len(result) - int(result.scored.sum())}


def _spread(result: Classification) -> dict[str, Any]:
    scored = result.scored
    without, values = len(result) - int(scored.sum()), result.scores[scored].ravel()
    if not len(values):
        return {"counts": [], "edges": [], "mean": None, "min": None, "max": None, "without_score": without}
    counts, edges = np.histogram(values, bins=20)
    return {
        "counts": counts.tolist(),
        "edges": edges.tolist(),
        "mean": float(values.mean()),
        "min": float(values.min()),
        "max": float(values.max()),
        "without_score": without,
    }
