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

from nbtransformers.panels.packing import Section, packed, sendable, string_table
from nbtransformers.plain_text import count, seconds
from nbtransformers.results.classification import Classification
from nbtransformers.results.rows import NOT_DONE
from nbtransformers.results.rows import row_names as names_of

VERSION = 1
INLINE_ROWS = 2_000
INLINE_BYTES = 2_000_000  # about: two bytes a character
FIRST_ROWS = 100
PARTIAL_CLIPPED_AT = 400  # sent again and again: as much as a line shows
CLIPPED_AT = 2_000  # characters of a text that a table row carries; the rest is fetched when a row is opened

_MOST_REASONS = 255  # in a page: each is a byte
_ANOTHER_REASON = "another reason: see .reasons"

TEXT_CLIPPED, TEXT_CUT, ROW_PENDING = 1, 2, 4  # bits of `flags`

Positions = NDArray[np.int64]


def classification_header(result: Classification) -> tuple[dict[str, Any], bytes]:
    """The header and the payload of a classification: all its rows when it is inline, else the first ones."""
    inline = _is_small(result)
    shown = np.arange(len(result) if inline else min(len(result), FIRST_ROWS))
    sections, payload = page(result, shown, None if inline else CLIPPED_AT)
    subtitle = f"{count(len(result), 'text')} · {seconds(result.run.seconds)}"
    header = {
        **_header(result, sections),
        "subtitle": subtitle,
        "rows": len(result),
        "inline": inline,
        "totals": _totals(result),
        "facts": [[name, sendable(value)] for name, value in _facts(result)],
        "notes": list(map(sendable, result.notes)),
    }
    return header, payload


def partial_header(result: Classification, rows: int | None) -> tuple[dict[str, Any], bytes]:
    """The header and the payload of a result as it stands; `rows` are those to come, None when nobody knows."""
    sections, payload = page(result, np.arange(min(len(result), FIRST_ROWS)), PARTIAL_CLIPPED_AT, waiting=NOT_DONE)
    done = int(np.count_nonzero(result.done))
    totals = _totals(result)
    header = {
        **_header(result, sections),
        "partial": True,
        "subtitle": f"{done:,} of {rows:,} done" if rows else f"{done:,} done",
        "rows": max(rows or 0, len(result)),
        "inline": False,
        "done": done,
        "totals": {**totals, "without_score": totals["without_score"] - (len(result) - done)},
        "facts": [],
        "notes": [],
    }
    return header, payload


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
    cut = (result.unread[positions] > 0).astype(np.uint8)
    arrays: dict[str, NDArray[Any]] = {
        "position": positions.astype(np.uint32),
        "scores": np.ascontiguousarray(result.scores[positions], dtype=np.float32),
        "reason": np.array([0 if reason is None else codes.get(reason, len(reasons)) for reason in given], np.uint8),
        "flags": clipped * TEXT_CLIPPED + cut * TEXT_CUT + pending * ROW_PENDING,
        **string_table("texts", map(sendable, texts)),
        **string_table("index", row_names(result, positions)),
        **string_table("reasons", map(sendable, reasons)),
    }
    return packed(arrays)


def row_names(result: Classification, positions: Positions) -> list[str]:
    """The labels of some rows, as text."""
    return [sendable(name) for name in names_of(result, positions.tolist())]


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
