"""Tokens as a table, one row a token, stretch after stretch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.results.rows import pandas_index, row_numbers
from nbtransformers.results.texts import Texts
from nbtransformers.results.tokens import ADDED, CONTINUES, CUT, SPECIAL, UNKNOWN, Tokens

if TYPE_CHECKING:
    import pandas as pd

    from nbtransformers.results.tokenization import Tokenization

_FLAGS = {"special": SPECIAL, "added": ADDED, "unknown": UNKNOWN, "continues": CONTINUES, "cut": CUT}


def token_frames(
    result: Tokenization, rows: Sequence[int] | NDArray[np.int64] | None, most: int | None = None
) -> Iterator[pd.DataFrame]:
    """The tokens of all texts, or of those with these numbers in that order, tokenizer after tokenizer.

    Args:
        result: whose tokens.
        rows: the numbers of the texts; None takes all.
        most: tokens in a frame at most, be it in the middle of a text; None puts all of a tokenizer into one.
    """
    taken = row_numbers(result, rows)
    labels = pandas_index(result).to_flat_index()  # a MultiIndex as tuples: it is to be one column
    for tokens in result.tokenizers:
        stops = np.cumsum(tokens.counts[taken])
        total = int(stops[-1]) if len(stops) else 0
        step = most or max(1, total)
        for start in range(0, max(1, total), step):
            number = np.arange(start, min(total, start + step))
            which = np.searchsorted(stops, number, side="right")
            row = taken[which]
            position = number - (stops - tokens.counts[taken])[which]
            yield _frame(result, tokens, labels, row, position)


def _frame(
    result: Tokenization, tokens: Tokens, labels: pd.Index, row: NDArray[np.int64], position: NDArray[np.int64]
) -> pd.DataFrame:
    """The tokens in these places of these texts."""
    import pandas as pd

    flat, at = tokens.flat, tokens.rows[row] + position
    start, stop, flags = flat.start[at], flat.stop[at], flat.flags[at]
    # As objects: pandas' own type for text cannot hold a lone surrogate.
    columns: dict[str, Any] = {}
    if len(result.tokenizers) > 1:
        columns["tokenizer"] = pd.Series([tokens.name] * len(at), dtype=object)
    columns |= {
        "row": labels.take(row),
        "position": position,
        "token": pd.Series(tokens.spelling.pieces_of(flat.ids[at]), dtype=object),
        "id": flat.ids[at],
        "start": start,
        "stop": stop,
        "text": pd.Series(_slices(result.texts, row, start, stop), dtype=object),
        "word": flat.word[at],
    }
    columns |= {name: (flags & flag) > 0 for name, flag in _FLAGS.items()}
    return pd.DataFrame(columns, index=pd.RangeIndex(len(at)))


def _slices(texts: Texts, rows: NDArray[np.int64], starts: NDArray[np.uint32], stops: NDArray[np.uint32]) -> list[str]:
    found: list[str] = []
    last, text = -1, ""
    for row, start, stop in zip(rows.tolist(), starts.tolist(), stops.tolist(), strict=True):
        if row != last:
            last, text = row, texts[row] or ""
        found.append(text[start:stop])
    return found
