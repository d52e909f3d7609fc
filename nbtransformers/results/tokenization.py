"""The tokens of some texts, by one tokenizer or by several side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import UserError, did_you_mean
from nbtransformers.plain_text import count, printable, seconds
from nbtransformers.request import TokenizeRequest
from nbtransformers.results.figures import canvas, legend
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.recipe import TokenizeRecipe
from nbtransformers.results.rows import RowResult, row_names
from nbtransformers.results.table import Table
from nbtransformers.results.terminal import WIDTH, line_table, printed
from nbtransformers.results.texts import Texts
from nbtransformers.results.tokens import CUT, SPECIAL, UNKNOWN, Batch, PerRow, Tokens, Totals
from nbtransformers.results.tokentable import token_frames

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

BATCH_SIZE = 32  # texts in the batch that is shown, unless the request says otherwise
HOW_WORDS_COUNT = "by Unicode word boundaries (UAX #29); a Chinese, Hiragana or Thai character is one"

_NAME_CELLS = 24  # of a printed index or tokenizer


@dataclass(frozen=True, slots=True)
class TokenizeRun:
    """How a run went.

    Attributes:
        load_seconds: time to load the tokenizers; 0 when they were loaded already.
        seconds: time from the first text to the last token.
        tokens: tokens that were made, by all tokenizers together.
        models: the models that the tokenizers are of; those of the Hub with the commit of their files.
    """

    load_seconds: float
    seconds: float
    tokens: int
    models: tuple[str, ...] = ()

    @property
    def tokens_per_s(self) -> float:
        """Tokens a second."""
        return self.tokens / self.seconds if self.seconds > 0 else 0.0

    def facts(self) -> list[tuple[str, str]]:
        """The run as name and value, for a person."""
        models = [("Model" if len(self.models) == 1 else "Models", ", ".join(self.models))] if self.models else []
        return [
            *models,
            ("Time", f"{seconds(self.seconds)} (+ {seconds(self.load_seconds)} to load)"),
            ("Tokens", f"{self.tokens:,} · {self.tokens_per_s:,.0f} tokens/s"),
        ]


@dataclass(frozen=True, slots=True, eq=False, repr=False, weakref_slot=True)
class Tokenization(RowResult):
    """The tokens of some texts.

    Attributes:
        request: what was asked for.
        texts: the texts, one a row, packed; None where a row held none.
        index: the labels of the rows, as in the input's index; None numbers them from 0.
        reasons: row number to the reason why it has no tokens.
        tokenizers: what each tokenizer made of them.
        words: int32 `[text]`, words of each text, counted alike for every tokenizer: what stands between two word
            boundaries of Unicode (UAX #29) and holds a letter or a digit. Scripts without spaces are not looked up
            in a dictionary: each Chinese, Hiragana, Thai, Lao, Khmer or Burmese character is a word.
        characters: int32 `[text]`, code points of each text.
        run: how the run went.
        read_to_end: whether the input has no rows but these; a file is not read on after an interrupt.
        notes: what a careful reader should know, one sentence each.
        recipe: what `nbt.code` must know besides the request; None when the result was not made by a run.

    Example:
        >>> result = nbt.tokenize(["Unbelievable!"], model=["minilm", "gpt2"])
        >>> result.tokens[0], result["gpt2"].tokens[0]
    """

    request: TokenizeRequest
    texts: Texts
    index: Any
    reasons: Reasons
    tokenizers: tuple[Tokens, ...]
    words: NDArray[np.int32]
    characters: NDArray[np.int32]
    run: TokenizeRun
    read_to_end: bool = True
    notes: tuple[str, ...] = ()
    recipe: TokenizeRecipe | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, tokenizer: str | int) -> Tokens:
        """What one tokenizer made, by its name or its number.

        Raises:
            UserError: when there is no such tokenizer.
        """
        names = [tokens.name for tokens in self.tokenizers]
        if isinstance(tokenizer, int) and -len(names) <= tokenizer < len(names):
            return self.tokenizers[tokenizer]
        if tokenizer not in names:
            raise UserError(
                f"There is no tokenizer {tokenizer} in this result.", hint=did_you_mean(str(tokenizer), names)
            )
        return self.tokenizers[names.index(str(tokenizer))]

    @property
    def tokens(self) -> PerRow[str]:
        """The tokens of each text, by the first tokenizer, as it writes them: one list a row."""
        return self.tokenizers[0].tokens

    @property
    def ids(self) -> PerRow[int]:
        """The numbers of the tokens of each text, by the first tokenizer: one list a row."""
        return self.tokenizers[0].ids

    @property
    def offsets(self) -> PerRow[tuple[int, int]]:
        """Where each token starts and stops in its text, in code points, by the first tokenizer: one list a row."""
        return self.tokenizers[0].offsets

    @property
    def counts(self) -> NDArray[np.int64]:
        """Int64 `[text]`: tokens of each text, by the first tokenizer, special ones included, cut or not."""
        return self.tokenizers[0].counts

    @property
    def attention_mask(self) -> NDArray[np.int64]:
        """Int64 `[text, token]`: the mask of the batch, by the first tokenizer; 0 where there is padding."""
        return self.batch().attention_mask

    def batch(self, tokenizer: str | int = 0) -> Batch:
        """The first texts as the model would get them: cut at the limit, padded to the longest.

        They are `batch_size` texts, or 32; rows without tokens are left out.
        """
        with_tokens = np.ones(len(self), dtype=bool)
        with_tokens[self.reasons.rows()] = False
        return self[tokenizer].batch(np.flatnonzero(with_tokens)[: self.request.batch_size or BATCH_SIZE])

    def totals(self, tokenizer: str | int = 0) -> Totals:
        """Sums over all texts, by one tokenizer."""
        tokens = self[tokenizer]
        return Totals(
            tokens=len(tokens.flat),
            words=int(self.words.sum()),
            characters=int(self.characters.sum()),
            unknown=tokens.number_with(UNKNOWN),
            special=tokens.number_with(SPECIAL),
            cut_texts=int((tokens.cut > 0).sum()),
            cut_tokens=int(tokens.cut.sum()),
        )

    def compare(self) -> pd.DataFrame:
        """One row a tokenizer: its kind, vocabulary and limit, its tokens, words, fertility, unknown and cut tokens."""
        import pandas as pd

        rows: dict[str, dict[str, Any]] = {}
        for number, tokens in enumerate(self.tokenizers):
            totals = self.totals(number)
            rows[tokens.name] = {
                "model": tokens.model,
                "vocabulary": tokens.vocabulary,
                "limit": tokens.limit or None,
                "tokens": totals.tokens,
                "words": totals.words,
                "fertility": totals.fertility,
                "characters": totals.characters,
                "unknown": totals.unknown,
                "special": totals.special,
                "cut_texts": totals.cut_texts,
                "cut_tokens": totals.cut_tokens,
            }
        table = pd.DataFrame.from_dict(rows, orient="index")
        return table.astype({"limit": "Int64", "fertility": "float64"}).rename_axis("tokenizer")

    def to_pandas(self, rows: Sequence[int] | NDArray[np.int64] | None = None) -> pd.DataFrame:
        """One row a token; those of all texts, or of those with the numbers `rows`, in that order.

        Columns: `row` (the input's index), `position` (of the token in its text, from 0), `token`, `id`, `start` and
        `stop` (code points), `text` (what is between them), `word` (its number in the text; -1 for special tokens and
        white space), then whether it is `special`, `added`, `unknown`, `continues` a word, or is `cut`. With several
        tokenizers `tokenizer` comes first.
        """
        import pandas as pd

        frames = list(token_frames(self, rows))
        return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)

    def table(self, rows: NDArray[np.int64] | None, most: int) -> Table:
        """What `to_pandas` gives, in stretches of so many tokens at most."""
        return Table(self.to_pandas(range(0)), token_frames(self, rows, most), self.to_pandas_index(), labelled="row")

    def plot(self, ax: Axes | None = None) -> Axes:
        """How long the texts are in tokens, with the limit where it is near: a histogram for each tokenizer."""
        ax = canvas(ax, 3.5, width=7)
        _plot(self, ax)
        return ax

    def __str__(self) -> str:
        """The first texts with their tokens, the totals and the notes, for a plain terminal."""
        return _as_text(self)


def _plot(result: Tokenization, ax: Axes) -> None:
    lengths = [tokens.counts[tokens.counts > 0] for tokens in result.tokenizers]
    longest = max((int(own.max(initial=1)) for own in lengths), default=1)
    bins = np.linspace(0.5, longest + 0.5, min(60, longest) + 1)
    colours = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
    for number, (tokens, own) in enumerate(zip(result.tokenizers, lengths, strict=True)):
        colour = colours[number % len(colours)]
        ax.hist(own, bins=bins.tolist(), alpha=0.65, label=printable(tokens.name), color=colour)
        if tokens.limit and tokens.limit <= 1.5 * longest:
            ax.axvline(tokens.limit, color=colour, linestyle="--", label=f"limit of {printable(tokens.name)}")
    ax.set(xlabel="tokens", ylabel="texts")
    if lengths:
        legend(ax)


# --- in a terminal ---


def _as_text(result: Tokenization, rows: int = 10) -> str:
    several = len(result.tokenizers) > 1
    lines = list(_lines(result, min(rows, len(result)), several))
    heads = ["", *(["tokenizer"] if several else []), "tokens", ""]
    return printed(
        *(f"{tokens.name}: {totals_line(result, number)}" for number, tokens in enumerate(result.tokenizers)),
        line_table(heads, lines, right=["tokens"], least=6, most=_NAME_CELLS) if lines else None,
        f"… {len(result) - rows:,} more rows: .to_pandas()" if len(result) > rows else None,
        *(f"Note: {note}" for note in result.notes),
    )


def totals_line(result: Tokenization, tokenizer: int) -> str:
    """The totals of one tokenizer, for a person."""
    totals, tokens = result.totals(tokenizer), result.tokenizers[tokenizer]
    parts = [count(len(result), "text"), count(totals.tokens, "token"), count(totals.words, "word")]
    if totals.fertility is not None:
        parts.append(f"{totals.fertility:.2f} tokens a word")
    if totals.unknown:
        parts.append(f"unknown {totals.unknown:,}")
    parts.append(f"limit {tokens.limit:,}" if tokens.limit else "no limit")
    if totals.cut_texts:
        parts.append(f"cut {count(totals.cut_texts, 'text')}, {count(totals.cut_tokens, 'token')}")
    return " · ".join(parts)


def _lines(result: Tokenization, rows: int, several: bool) -> Iterator[list[str]]:
    for row, name in enumerate(row_names(result, range(rows))):
        reason = result.reasons.get(row)
        for number, tokens in enumerate(result.tokenizers if reason is None else result.tokenizers[:1]):
            named = ["" if reason else tokens.name] if several else []
            yield ["" if number else name, *named, *_cells(result, tokens, row, reason)]


def _cells(result: Tokenization, tokens: Tokens, row: int, reason: str | None) -> tuple[str, str]:
    if reason is not None:
        return "–", f"({reason}) {(result.texts[row] or '')[:WIDTH]}".rstrip()
    start, stop = int(tokens.rows[row]), int(tokens.rows[row + 1])
    shown = slice(start, min(stop, start + WIDTH))  # a token is a cell at least: no more can be seen
    pieces = tokens.spelling.pieces_of(tokens.flat.ids[shown])
    cut = (tokens.flat.flags[shown] & CUT) > 0
    if cut.any():
        pieces.insert(int(cut.argmax()), "✂")
    return f"{stop - start:,}", " ".join(pieces)
