"""What may stand in the place of masked words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.plain_text import count
from nbtransformers.request import FillRequest
from nbtransformers.results.figures import BLUE, SPREAD_HEIGHT, bars_height, canvas, score_bars, titled
from nbtransformers.results.ragged import Ragged
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.recipe import FillRecipe
from nbtransformers.results.rows import RowResult, row_names, row_numbers, row_table
from nbtransformers.results.run import RunReport
from nbtransformers.results.table import Table
from nbtransformers.results.terminal import line_table, printed
from nbtransformers.results.texts import Texts
from nbtransformers.results.tokens import PerRow, Spelling

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

GLUE = "##"  # a token that goes on with the word before it is written so


def mask_kind(fillings: int) -> np.dtype[Any]:
    """What a row has for each of its masks: where it stands in the text, and its fillings, the likeliest first."""
    return np.dtype(
        [
            ("start", np.int32),
            ("end", np.int32),
            ("ids", np.int32, (fillings,)),
            ("probabilities", np.float32, (fillings,)),
        ]
    )


@dataclass(frozen=True, slots=True, eq=False, repr=False, weakref_slot=True)
class Filling(RowResult):
    """What may stand in the place of masked words.

    Several masks of a text are filled independently of one another: each as if the others stayed masked.

    Attributes:
        request: what was asked for.
        prompts: the texts with their masks, one a row, packed; None where a row held none.
        index: the labels of the rows, as in the input's index; None numbers them from 0.
        found: the masks of each row, records of `mask_kind`: `start` and `end` in code points of the text, and `ids`
            and `probabilities` `[rank]` of the fillings: the softmax over the whole vocabulary, also with targets.
        spelling: how the tokens are written.
        reasons: row number to the reason why nothing was filled.
        tokens_read: int64 `[row]`, tokens that the model read.
        unread: int64 `[row]`, tokens beyond the limit, which it did not read.
        doubtful: bool `[row]`, whether the model can hardly read it: many unknown tokens, or another script.
        run: how the run went.
        read_to_end: whether the input has no rows but these.
        notes: what a careful reader should know, one sentence each.
        recipe: how a plain program fills the same; None when the result was not made by a run.

    Example:
        >>> result = nbt.fill("Paris is the <mask> of France.", model="distilbert/distilroberta-base")
        >>> result.texts[0], result.tokens[0][0][:2], result.probabilities[0][0, :2]
    """

    request: FillRequest
    prompts: Texts
    index: Any
    found: Ragged
    spelling: Spelling
    reasons: Reasons
    tokens_read: NDArray[np.int64]
    unread: NDArray[np.int64]
    doubtful: NDArray[np.bool_]
    run: RunReport
    read_to_end: bool = True
    notes: tuple[str, ...] = ()
    recipe: FillRecipe | None = None

    def __len__(self) -> int:
        return len(self.prompts)

    @property
    def texts(self) -> list[str | None]:
        """The texts with the likeliest filling of every mask, one a row; None where a row has a reason for none."""
        return [self.filled(row) for row in range(len(self))]

    @property
    def tokens(self) -> PerRow[list[str]]:
        """The fillings, the likeliest first: for each row a list a mask, of texts. `##s` goes on with a word."""
        return PerRow(
            self.found.rows, lambda first, last: [self.spelled(i) for i in self.found.flat["ids"][first:last]]
        )

    @property
    def probabilities(self) -> PerRow[NDArray[np.float32]]:
        """How likely they are: for each row a list of float32 arrays `[rank]`, one a mask."""
        return PerRow(self.found.rows, lambda first, last: list(self.found.flat["probabilities"][first:last]))

    def filled(self, row: int, mask: int = -1, rank: int = 0) -> str | None:
        """A text with the likeliest filling of every mask, or with another one in one of them.

        Args:
            row: the number of the row.
            mask: the mask that has another filling.
            rank: which one, from 0.
        """
        text, masks = self.prompts[row], self.found[row]
        if text is None or row in self.reasons:
            return None
        parts, at = [""], 0
        for number, (start, end, ids) in enumerate(zip(masks["start"], masks["end"], masks["ids"], strict=True)):
            token = self.spelled(ids[rank : rank + 1] if number == mask else ids[:1])[0]
            before = text[at:start]
            glued = token.startswith(GLUE) and len(token) > len(GLUE)
            parts += [before.rstrip() if glued else before, token.removeprefix(GLUE) if glued else token]
            at = int(end)
        return "".join([*parts, text[at:]])

    def spelled(self, ids: NDArray[np.int32]) -> list[str]:
        """The texts of some tokens of this result, without the space that some have before them."""
        return [self._spelled(place) for place in self.spelling.places(ids).tolist()]

    def _spelled(self, place: int) -> str:
        piece = self.spelling.pieces[place] or ""
        text = bytes.fromhex(self.spelling.bytes[place] or "").decode("utf-8", "backslashreplace").strip()
        if text and not piece.startswith(GLUE):
            return text
        return piece or f"[{self.spelling.ids[place]}]"  # a model may have more tokens than its tokenizer knows

    def to_pandas(self, rows: Sequence[int] | NDArray[np.int64] | None = None) -> pd.DataFrame:
        """One row a filling, of all texts or of those with the numbers `rows`, in that order.

        Columns: `row` (the input's index), `mask` (its number within the text, from 0), `rank` (from 1), `token`,
        `score` (its probability) and `text`: with it in this mask, and with the likeliest in every other.
        """
        import pandas as pd

        taken = row_numbers(self, rows)
        places = self.found.places(taken)
        records, counts = self.found.flat[places], self.found.counts[taken]
        ranks = records["ids"].shape[1]
        masks = np.concatenate([np.empty(0, dtype=np.int64), *(np.arange(number) for number in counts)])
        owner = np.repeat(taken, counts)
        texts = [
            self.filled(row, mask, rank)
            for row, mask in zip(owner.tolist(), masks.tolist(), strict=True)
            for rank in range(ranks)
        ]
        columns: dict[str, Any] = {
            "row": self.to_pandas_index().to_flat_index().take(owner.repeat(ranks)),
            "mask": masks.repeat(ranks),
            "rank": np.tile(np.arange(1, ranks + 1), len(owner)),
            "token": pd.Series(self.spelled(records["ids"].ravel()), dtype=object),
            "score": records["probabilities"].ravel(),
            "text": pd.Series(texts, dtype=object),
        }
        return pd.DataFrame(columns, index=pd.RangeIndex(len(texts)))

    def table(self, rows: NDArray[np.int64] | None, most: int) -> Table:
        """What `to_pandas` gives, of so many texts at a time at most."""
        return row_table(self, rows, most, labelled="row")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Of one text with one mask the fillings with their probabilities, as bars; else how the best are spread.

        Example:
            >>> result.plot().figure.savefig("fillings.svg")
        """
        masks = self.found.flat
        alone = len(masks) == 1
        ax = canvas(ax, bars_height(masks["ids"].shape[1]) if alone else SPREAD_HEIGHT)
        if alone:
            score_bars(ax, self.spelled(masks["ids"][0]), masks["probabilities"][0].tolist(), "probability")
        else:
            ax.hist(masks["probabilities"][:, 0], bins=np.linspace(0, 1, 21).tolist(), color=BLUE, alpha=0.75)
            ax.set(xlabel="probability of the likeliest filling", ylabel="masks")
        return titled(ax, f"{self.run.model} · {count(len(masks), 'mask')}")

    def __str__(self) -> str:
        """The head of the table and the notes, for a plain terminal."""
        return _as_text(self)


def _as_text(result: Filling, rows: int = 10) -> str:
    shown = min(rows, len(result))
    lines = [line for row, name in enumerate(row_names(result, range(shown))) for line in _lines(result, row, name)]
    left = len(result) - shown
    without = len(result.reasons)
    totals = [count(len(result), "text"), *([f"not filled {without:,}"] if without else [])]
    return printed(
        f"{result.run.pinned_model}: {' · '.join(totals)}",
        line_table(["", "fillings", "score", "text"], lines, right=["score"]) if lines else None,
        f"… {left:,} more texts: .to_pandas()" if left else None,
        *(f"Note: {note}" for note in result.notes),
    )


def _lines(result: Filling, row: int, name: str) -> list[tuple[str, str, str, str]]:
    reason, prompt = result.reasons.get(row), result.prompts[row] or ""
    if reason is not None:
        return [(name, "–", "–", f"({reason}) {prompt}".rstrip())]
    tokens, probabilities = result.tokens[row], result.probabilities[row]
    return [
        ("" if mask else name, ", ".join(found), f"{likely[0]:.3f}", "" if mask else result.filled(row) or "")
        for mask, (found, likely) in enumerate(zip(tokens, probabilities, strict=True))
    ]
