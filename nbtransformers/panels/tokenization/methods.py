"""What the panel of a tokenization can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.panels import rowmethods
from nbtransformers.panels.channel import Answer, Method
from nbtransformers.panels.export import file_name
from nbtransformers.panels.finder import stretch
from nbtransformers.panels.rowmethods import RowQuery, row_actions, row_methods
from nbtransformers.panels.rows import Positions
from nbtransformers.panels.tokenization.wire import page, stretch_of_tokens
from nbtransformers.results.tokenization import Tokenization

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel

_MOST_TOKENS = 20_000


class Finder(rowmethods.Finder[Tokenization, RowQuery]):
    """Finds the rows of a tokenization; it sorts also by `tokens0`, `tokens1` …: the tokens of a tokenizer."""

    def keys(self, by: str | int, rows: Positions) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        counts = self.result[int(str(by).removeprefix("tokens"))].counts
        with_tokens = np.ones(len(self.result), dtype=bool)
        with_tokens[self.result.reasons.rows()] = False
        return counts[rows], with_tokens[rows]


def methods(result: Tokenization) -> dict[str, Method]:
    """The questions about a result: those of any rows, and `tokens` (a stretch of the tokens of one text)."""

    def tokens(params: dict[str, Any]) -> Answer:
        row, tokenizer = int(params["position"]), int(params.get("tokenizer", 0))
        total = int(result[tokenizer].counts[row])
        start, stop = stretch(params, total)
        stop = min(stop, start + _MOST_TOKENS)
        text_start, sections, payload = stretch_of_tokens(result, row, tokenizer, start, stop)
        return {"total": total, "start": start, "text_start": text_start, "sections": sections}, [payload]

    return {**row_methods(result, Finder(result), page), "tokens": tokens}


def actions(result: Tokenization, panel: Panel) -> dict[str, Method]:
    """What a panel can have done: `export` writes the tokens of rows into a file."""
    name = file_name(" ".join([*(tokens.name for tokens in result.tokenizers), "tokens"]))
    return row_actions(result, panel, Finder(result), name)
