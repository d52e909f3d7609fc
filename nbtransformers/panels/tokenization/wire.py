"""A tokenization as bytes: a small JSON header and one binary buffer of named sections.

Besides what every page of rows has, for each tokenizer number t: `t{t}_counts` uint32 `[row]` (tokens of the whole
text) and `t{t}_cut` uint32 `[row]` (those beyond the limit); `t{t}_rows` uint32 `[row + 1]`, where the tokens of each
row begin in what follows; `t{t}_ids` int32, `t{t}_start`, `t{t}_stop` uint32 (code points of the whole text),
`t{t}_word` int32 (-1 for none), `t{t}_flags` uint8 and `t{t}_piece` uint32 `[token]`; and the string tables
`t{t}_pieces` and `t{t}_bytes` `[piece]`. `tests/golden/tokenize.json` holds both sides to it.

A small result is inline: all of it travels with the header. Of any other, pages carry the first tokens of each text,
as far as its beginning that travels too reaches; the panel asks for the others.
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
    Positions,
    RowColumns,
    row_columns,
)
from nbtransformers.plain_text import count, seconds
from nbtransformers.results.rows import NOT_DONE
from nbtransformers.results.tokenization import HOW_WORDS_COUNT, Tokenization
from nbtransformers.results.tokens import NO_OFFSETS, SPECIAL, Batch, Tokens

VERSION = 1
MOST_TOKENS = 500  # of one text that a page carries; the rest is fetched when it is looked at

_BYTES_A_TOKEN = 21


def tokenization_header(result: Tokenization) -> tuple[dict[str, Any], bytes]:
    """The header and the payload of a tokenization: all its rows when it is inline, else the first ones."""
    inline = _is_small(result)
    shown = np.arange(len(result) if inline else min(len(result), FIRST_ROWS))
    sections, payload = page(result, shown, None if inline else CLIPPED_AT)
    own, subtitle = _header(result, sections), f"{count(len(result), 'text')} · {seconds(result.run.seconds)}"
    return headers.whole(own, result, subtitle=subtitle, inline=inline, facts=_facts(result)), payload


def partial_header(result: Tokenization, rows: int | None) -> tuple[dict[str, Any], bytes]:
    """The header and the payload of a result as it stands; `rows` are those to come, None when nobody knows."""
    shown = np.arange(min(len(result), FIRST_ROWS))
    sections, payload = page(result, shown, PARTIAL_CLIPPED_AT, waiting=NOT_DONE)
    done = int(np.count_nonzero(result.done))
    return headers.partial(_header(result, sections), result, rows, done=done), payload


def _header(result: Tokenization, sections: list[Section]) -> dict[str, Any]:
    return {
        "version": VERSION,
        "kind": "tokenize",
        "title": sendable(", ".join(tokens.name for tokens in result.tokenizers)),
        "tokenizers": [_tokenizer(result, number) for number in range(len(result.tokenizers))],
        "sections": sections,
    }


def _tokenizer(result: Tokenization, number: int) -> dict[str, Any]:
    tokens, totals = result.tokenizers[number], result.totals(number)
    return {
        "name": sendable(tokens.name),
        "model": sendable(tokens.model),
        "vocabulary": tokens.vocabulary,
        "limit": tokens.limit or None,
        "fast": tokens.fast,
        "right_to_left": False,
        "totals": {
            "tokens": totals.tokens,
            "words": totals.words,
            "fertility": totals.fertility,
            "characters": totals.characters,
            "unknown": totals.unknown,
            "special": totals.special,
            "cut_texts": totals.cut_texts,
            "cut_tokens": totals.cut_tokens,
        },
        "batch": _batch(result.batch(number)),
    }


def _batch(batch: Batch) -> dict[str, Any] | None:
    if not len(batch.rows):
        return None
    return {
        "rows": len(batch.rows),
        "width": batch.width,
        "lengths": batch.lengths.tolist(),
        "pad_token": None if batch.pad_token is None else sendable(batch.pad_token),
        "padding_side": batch.padding_side,
        "tokens": int(batch.lengths.sum()),
        "pad_tokens": batch.pad_tokens,
        "waste": batch.padding_waste,
        "truncated": batch.truncated.tolist(),
    }


def _facts(result: Tokenization) -> list[tuple[str, str]]:
    special = "added" if result.request.special_tokens else "left out"
    return [*result.run.facts(), ("Special tokens", special), ("Words are counted", HOW_WORDS_COUNT)]


def _is_small(result: Tokenization) -> bool:
    tokens = sum(len(tokens.flat) for tokens in result.tokenizers)
    return len(result) <= INLINE_ROWS and 2 * result.texts.characters_at_most + _BYTES_A_TOKEN * tokens <= INLINE_BYTES


def page(
    result: Tokenization, positions: Positions, clipped_at: int | None = CLIPPED_AT, waiting: str | None = None
) -> tuple[list[Section], bytes]:
    """The sections and the bytes of some rows, in the order given.

    `clipped_at` None sends whole texts with all tokens; a row with the reason `waiting` is one that has yet to come.
    """
    rows = row_columns(result, positions, clipped_at, waiting)
    arrays = _row_arrays(rows)
    for number, tokens in enumerate(result.tokenizers):
        starts, stops = tokens.rows[positions], tokens.rows[positions + 1]
        if clipped_at is not None:
            stops = _as_far(tokens, starts, stops, rows)
        arrays |= _token_arrays(f"t{number}", tokens, positions, starts, stops)
    return packed(arrays)


def stretch_of_tokens(
    result: Tokenization, row: int, tokenizer: int, start: int, stop: int
) -> tuple[int, list[Section], bytes]:
    """Some tokens of one text as a page of one row, and the code point that the part of the text begins at.

    That part reaches from the end of the token before to the beginning of the one behind, so that nothing is lost
    between two stretches.
    """
    tokens, text = result.tokenizers[tokenizer], result.texts[row] or ""
    first, last = int(tokens.rows[row]), int(tokens.rows[row + 1])
    starts, stops = min(first + start, last), min(first + stop, last)
    from_, to = _span(tokens, first, last, starts, stops, len(text))
    positions = np.array([row])
    rows = row_columns(result, positions)
    part = string_table("texts", [sendable(text[from_:to])])
    arrays = _row_arrays(rows) | part | _token_arrays("t0", tokens, positions, np.array([starts]), np.array([stops]))
    return from_, *packed(arrays)


def _row_arrays(rows: RowColumns) -> dict[str, NDArray[Any]]:
    return {"position": rows.position, "reason": rows.reason, "flags": rows.flags, **rows.strings}


def _token_arrays(
    name: str, tokens: Tokens, positions: Positions, starts: NDArray[np.int64], stops: NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    lengths = stops - starts
    rows = np.concatenate([[0], np.cumsum(lengths)])
    taken = np.arange(rows[-1]) + np.repeat(starts - rows[:-1], lengths)
    flat, spelling = tokens.flat, tokens.spelling
    ids = flat.ids[taken]
    pieces, piece = np.unique(spelling.places(ids), return_inverse=True)
    return {
        f"{name}_counts": (tokens.rows[positions + 1] - tokens.rows[positions]).astype(np.uint32),
        f"{name}_cut": tokens.cut[positions].astype(np.uint32),
        f"{name}_rows": rows.astype(np.uint32),
        f"{name}_ids": ids,
        f"{name}_start": flat.start[taken],
        f"{name}_stop": flat.stop[taken],
        f"{name}_word": flat.word[taken],
        f"{name}_flags": flat.flags[taken],
        f"{name}_piece": piece.astype(np.uint32),
        **string_table(f"{name}_pieces", (sendable(spelling.pieces[number] or "") for number in pieces.tolist())),
        **string_table(f"{name}_bytes", (spelling.bytes[number] or "" for number in pieces.tolist())),
    }


def _as_far(tokens: Tokens, starts: NDArray[np.int64], stops: NDArray[np.int64], rows: RowColumns) -> NDArray[np.int64]:
    """Where to stop in each row: at most so many tokens, and none of what is beyond the text that travels."""
    ends = np.minimum(stops, starts + MOST_TOKENS)
    for number, (start, stop, text) in enumerate(zip(starts.tolist(), ends.tolist(), rows.texts, strict=True)):
        beyond = np.flatnonzero(tokens.flat.stop[start:stop] > len(text))
        if len(beyond):
            ends[number] = start + beyond[0]
    return ends


def _span(tokens: Tokens, first: int, last: int, start: int, stop: int, length: int) -> tuple[int, int]:
    """The part of a text that some of its tokens stand in, and what lies between them and their neighbours."""
    placed = (tokens.flat.flags[first:last] & (SPECIAL | NO_OFFSETS)) == 0
    placed |= tokens.flat.stop[first:last] > tokens.flat.start[first:last]
    before = np.flatnonzero(placed[: start - first])
    within = np.flatnonzero(placed[start - first : stop - first]) + start
    behind = np.flatnonzero(placed[stop - first :]) + stop
    from_ = int(tokens.flat.stop[first + before[-1]]) if len(before) else 0
    to = int(tokens.flat.start[behind[0]]) if len(behind) else length
    if len(within):  # pieces of bytes may share a character with their neighbours
        from_ = min(from_, int(tokens.flat.start[within].min()))
        to = max(to, int(tokens.flat.stop[within].max()))
    return from_, max(from_, to)
