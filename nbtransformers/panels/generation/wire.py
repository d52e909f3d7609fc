"""Generated texts as bytes: a small JSON header and one binary buffer of named sections.

Besides what every page of rows has, the texts being the prompts: `tokens` uint32 `[row]` (all of the row), `mean`
float32 `[row]` (their mean probability, NaN for none) and `ending` uint8 `[row]` (its place in the header's `endings`);
`rows` uint32 `[row + 1]`, where the tokens of each row begin in what follows; `probabilities` float32 `[token]`; and
the string table `pieces` `[token]`, the text that each adds. `tests/golden/generate.json` holds both sides to it.

A small result is inline: all of it travels with the header. Of any other, pages carry the first tokens of each row, and
the panel asks for the others when a row is opened. While a single prompt is written on, all its tokens are sent each
time: a few kilobytes, ten times a second.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.panels import headers
from nbtransformers.panels.earlier import depth
from nbtransformers.panels.generation.branches import offered
from nbtransformers.panels.generation.prompts import Prompts
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
from nbtransformers.results.generation import ENDED, Generation
from nbtransformers.results.rows import NOT_DONE

VERSION = 1
MOST_TOKENS = 100  # of one row that a page carries: more than a line shows

_BYTES_A_TOKEN = 12


def generation_header(result: Generation) -> tuple[dict[str, Any], bytes]:
    """The header and the payload of generated texts: all rows when they are inline, else the first ones."""
    rows, inline = Prompts(result), _is_small(result)
    shown = np.arange(len(result) if inline else min(len(result), FIRST_ROWS))
    sections, payload = page(rows, shown, None if inline else CLIPPED_AT, None if inline else MOST_TOKENS)
    own, subtitle = _header(result, sections), _subtitle(result)
    return headers.whole(own, result, subtitle=subtitle, inline=inline, facts=result.facts()), payload


def partial_header(result: Generation, rows: int | None) -> tuple[dict[str, Any], bytes]:
    """The header and the payload of a result as it stands; `rows` are those to come, None when nobody knows."""
    total = max(rows or 0, len(result))
    shown, most = np.arange(min(len(result), FIRST_ROWS)), None if total == 1 else MOST_TOKENS
    sections, payload = page(Prompts(result), shown, PARTIAL_CLIPPED_AT, most, waiting=NOT_DONE)
    subtitle = _subtitle(result) if total == 1 else ""  # of several, the panel has its progress
    done = int(np.count_nonzero(result.done))
    return headers.partial(_header(result, sections), result, rows, subtitle, done=done), payload


def _header(result: Generation, sections: list[Section]) -> dict[str, Any]:
    return {
        "version": VERSION,
        "kind": "generate",
        "task": result.request.task,
        "title": sendable(result.run.model),
        "endings": list(ENDED),
        "branches": offered() and result.request.task == "generate",
        "depth": depth(result),
        "sections": sections,
    }


def _subtitle(result: Generation) -> str:
    spent = result.run.seconds
    rate = [f"{result.new_tokens / spent:,.0f} tokens/s"] if spent > 0 and result.new_tokens else []
    return " · ".join(
        [count(len(result), "prompt" if result.request.task == "generate" else "text"), seconds(spent), *rate]
    )


def _is_small(result: Generation) -> bool:
    nbytes = 2 * (result.prompts.characters_at_most + result.pieces.characters_at_most)
    return len(result) <= INLINE_ROWS and nbytes + _BYTES_A_TOKEN * result.new_tokens <= INLINE_BYTES


def page(
    rows: Prompts,
    positions: Positions,
    clipped_at: int | None = CLIPPED_AT,
    most: int | None = MOST_TOKENS,
    waiting: str | None = None,
) -> tuple[list[Section], bytes]:
    """The sections and the bytes of some rows, in the order given.

    `clipped_at` None sends whole prompts, `most` None all tokens; a row with the reason `waiting` is sent as one that
    has yet to come.
    """
    result = rows.generation
    columns, counts = row_columns(rows, positions, clipped_at, waiting), result.found.counts[positions]
    lengths = counts if most is None else np.minimum(counts, most)
    begins = np.concatenate([[0], np.cumsum(lengths)])
    taken = np.arange(begins[-1]) + np.repeat(result.found.rows[positions] - begins[:-1], lengths)
    starts = result.found.rows[positions].tolist()
    stretches = zip(starts, lengths.tolist(), strict=True)
    pieces = (piece or "" for start, length in stretches for piece in result.pieces[start : start + length])
    arrays: dict[str, NDArray[Any]] = {
        "position": columns.position,
        "reason": columns.reason,
        "flags": columns.flags,
        **columns.strings,
        "tokens": counts.astype(np.uint32),
        "mean": rows.mean[positions],
        "ending": result.endings[positions],
        "rows": begins.astype(np.uint32),
        "probabilities": np.ascontiguousarray(result.found.flat["probability"][taken]),
        **string_table("pieces", map(sendable, pieces)),
    }
    return packed(arrays)
