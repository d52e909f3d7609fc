"""What a model wrote: for every prompt a text, token by token."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args, overload

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import UserError
from nbtransformers.plain_text import count, printable
from nbtransformers.results.figures import BLUE, canvas, titled
from nbtransformers.results.ragged import Ragged
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.rows import RowResult, refuse_missing_row, row_names, row_numbers, row_table
from nbtransformers.results.run import RunReport
from nbtransformers.results.table import Table
from nbtransformers.results.terminal import WIDTH, printed
from nbtransformers.results.texts import Texts
from nbtransformers.results.tokens import PerRow, Spelling
from nbtransformers.results.writingrecipe import GenerateRecipe, RewriteRecipe

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

ALTERNATIVES = 5

TOKEN = np.dtype(
    [
        ("id", np.int32),
        ("probability", np.float32),
        ("top_ids", np.int32, ALTERNATIVES),
        ("top_probabilities", np.float32, ALTERNATIVES),
    ]
)
"""A token that was written: its number, how likely the model held it, and which it held likeliest in its place. Where a
vocabulary has fewer, the rest of these are -1 and NaN."""

Ending = Literal["end of text", "stop string", "length", "end of context", "stopped"]
"""Why a text ended: the model ended it; it holds a stop string; it has as many tokens as were asked for; the model can
read no more; the user stopped it."""
ENDINGS = ("", *get_args(Ending))
"""All of these; the first is of a text that has not ended."""
STOPPED = ENDINGS.index("stopped")
_IN_WORDS = {"length": "reached --max-new-tokens", "end of context": "end of the model's context"}
ENDED = tuple(_IN_WORDS.get(ending, ending) for ending in ENDINGS)
"""The same for a person."""


class Alternative(NamedTuple):
    """A token that might have stood in the place of another.

    Attributes:
        token: its text; of a special token its name, of a piece of a character its bytes.
        probability: how likely the model held it.
        id: its number.
    """

    token: str
    probability: float
    id: int


class ArrayPerRow(Sequence[NDArray[np.float32]]):
    """One array a row, on the memory of all.

    Args:
        ragged: records.
        field: which field of theirs.
    """

    __slots__ = ("_field", "_ragged")

    def __init__(self, ragged: Ragged, field: str) -> None:
        self._ragged, self._field = ragged, field

    def __len__(self) -> int:
        return len(self._ragged)

    @overload
    def __getitem__(self, row: int) -> NDArray[np.float32]: ...
    @overload
    def __getitem__(self, row: slice) -> list[NDArray[np.float32]]: ...
    def __getitem__(self, row: int | slice) -> NDArray[np.float32] | list[NDArray[np.float32]]:
        if isinstance(row, slice):
            return [self[number] for number in range(*row.indices(len(self)))]
        number = row + len(self) if row < 0 else row
        if not 0 <= number < len(self):
            raise IndexError(f"row {row} of {len(self)}")
        return self._ragged[number][self._field]

    def __repr__(self) -> str:
        return f"[{', '.join(map(repr, self[:3]))}{', …' if len(self) > 3 else ''}] ({len(self):,} rows)"


@dataclass(frozen=True, slots=True, eq=False, repr=False, weakref_slot=True)
class Generation(RowResult):
    """What a model wrote for some prompts.

    Probabilities are the model's own: the softmax of what it says, at temperature 1, before penalties, temperature,
    top-k or top-p change it. A token that was forced may so be unlikely.

    Attributes:
        request: what was asked for.
        prompts: the prompts, one a row, packed; None where a row held none. Of other tasks: what was read.
        texts: what was written, one a row, without special tokens; None where a row has a reason for none.
        index: the labels of the rows, as in the input's index; None numbers them from 0.
        found: the tokens that were written, of each row, records of the kind `TOKEN`; the end of the text is one.
        pieces: the text that each of them adds, one behind the other; a special token adds none.
        spelling: how the tokens and their alternatives are written.
        endings: uint8 `[row]`, why each text ended, as `ENDINGS` counts.
        reasons: row number to the reason why nothing was written.
        read: int64 `[row]`, tokens of the prompt, with those of the chat template.
        doubtful: bool `[row]`, whether the model can hardly read the prompt.
        run: how the run went.
        read_to_end: whether the input has no rows but these.
        notes: what a careful reader should know, one sentence each.
        method: how tokens were chosen, in words.
        recipe: how a plain program writes the same; None when the result was not made by a run.

    Example:
        >>> result = nbt.generate(["The capital of France is"], model="smollm2", max_new_tokens=10)
        >>> result.texts[0], result.tokens[0], result.probabilities[0], result.alternatives(0, 3)
    """

    request: Any
    prompts: Texts
    texts: Texts
    index: Any
    found: Ragged
    pieces: Texts
    spelling: Spelling
    endings: NDArray[np.uint8]
    reasons: Reasons
    read: NDArray[np.int64]
    doubtful: NDArray[np.bool_]
    run: RunReport
    read_to_end: bool = True
    notes: tuple[str, ...] = ()
    method: str = ""
    recipe: GenerateRecipe | RewriteRecipe | None = None

    def __len__(self) -> int:
        return len(self.prompts)

    @property
    def done(self) -> NDArray[np.bool_]:
        """Bool `[row]`: the rows that were finished, with a text or with a reason for none; not those stopped on the
        way, whose beginning is kept.
        """
        return self.reasons.done & (self.endings != STOPPED)

    @property
    def tokens(self) -> PerRow[str]:
        """The tokens that were written, a list a row: the text that each adds; of a special token its name.

        A character may take several tokens: its last one adds it, and those before it nothing.
        """
        return PerRow(self.found.rows, self._tokens_between)

    def _tokens_between(self, first: int, last: int) -> list[str]:
        pieces = [piece or "" for piece in self.pieces[first:last]]
        unseen = [number for number, piece in enumerate(pieces) if not piece]
        if unseen:
            ids = self.found.flat["id"][first:last][unseen]
            places = self.spelling.places(ids)
            for number, place in zip(unseen, places.tolist(), strict=True):
                if not self.spelling.bytes[place]:
                    pieces[number] = self.spelling.pieces[place] or ""
        return pieces

    @property
    def probabilities(self) -> ArrayPerRow:
        """How likely the model held each token that was written: a float32 array `[token]` a row."""
        return ArrayPerRow(self.found, "probability")

    @property
    def seed(self) -> int:
        """What the random numbers of the first row began with; those of row `i` with this plus `i`."""
        return int(self.request.decoding.seed)

    @property
    def new_tokens(self) -> int:
        """Tokens that were written, in all rows."""
        return len(self.found.flat)

    @property
    def log_probability(self) -> NDArray[np.float32]:
        """Float32 `[row]`: the mean natural logarithm of the probabilities of a row's tokens; NaN where it has none."""
        with np.errstate(divide="ignore"):
            logs = np.log(self.found.flat["probability"].astype(np.float64))
        counts = self.found.counts
        sums = np.zeros(len(self))
        np.add.at(sums, self.found.owner, logs)
        return np.divide(sums, counts, out=np.full(len(self), np.nan), where=counts > 0).astype(np.float32)

    @property
    def perplexity(self) -> NDArray[np.float32]:
        """Float32 `[row]`: how surprised the model was by its own text: among so many likely tokens it chose each."""
        with np.errstate(over="ignore"):
            return np.exp(-self.log_probability)

    def alternatives(self, row: int, position: int) -> list[Alternative]:
        """The likeliest tokens in the place of one that was written, the likeliest first; the one may be among them.

        Args:
            row: the number of the row.
            position: of the token in its text, from 0.

        Raises:
            UserError: when there is no such token.
        """
        token = self.token(row, position)
        ids, likely = token["top_ids"].tolist(), token["top_probabilities"].tolist()
        return [
            Alternative(self.spelled(number), p, number) for number, p in zip(ids, likely, strict=True) if number >= 0
        ]

    def token(self, row: int, position: int) -> Any:
        """The record of a token that was written.

        Raises:
            UserError: when there is no such token.
        """
        refuse_missing_row(self, row)
        tokens = self.found[row]
        if not 0 <= position < len(tokens):
            raise UserError(
                f"Row {row:,} has no token {position:,}.", hint=f"It has {count(len(tokens), 'token')}, from 0."
            )
        return tokens[position]

    def spelled(self, number: int) -> str:
        """The text of one of the tokens of this result, as `Alternative` has it."""
        place = int(self.spelling.places(np.array([number], np.int32))[0])
        written = bytes.fromhex(self.spelling.bytes[place] or "")
        return written.decode("utf-8", "backslashreplace") or self.spelling.pieces[place] or ""

    def to_pandas(self, rows: Sequence[int] | NDArray[np.int64] | None = None) -> pd.DataFrame:
        """One row a prompt, with the input's index; all of them, or those with the numbers `rows`, in that order.

        Columns: `prompt`, `text` (what was written), `tokens` (how many), `log_probability` (their mean),
        `perplexity`, `finish_reason` (as `ENDINGS` has it), `reason` (why there is no text).
        """
        import pandas as pd

        taken = row_numbers(self, rows)
        mean = self.log_probability[taken]
        # As objects: pandas' own type for text cannot hold a lone surrogate, and makes None a NaN.
        columns: dict[str, Any] = {
            "prompt": pd.Series([self.prompts[int(row)] for row in taken], dtype=object),
            "text": pd.Series([self.texts[int(row)] for row in taken], dtype=object),
            "tokens": self.found.counts[taken],
            "log_probability": mean,
            "perplexity": self.perplexity[taken],
            "finish_reason": pd.Series(np.array([None, *ENDINGS[1:]], object)[self.endings[taken]], dtype=object),
            "reason": pd.Series(self.reasons.at(taken), dtype=object),
        }
        return pd.DataFrame(columns).set_axis(self.to_pandas_index()[taken], axis=0)

    def table(self, rows: NDArray[np.int64] | None, most: int) -> Table:
        """What `to_pandas` gives, in stretches of so many rows at most."""
        return row_table(self, rows, most)

    def tokens_of(self, row: int) -> pd.DataFrame:
        """The tokens of one text, with the number `row`.

        Columns: `token` (the text that it adds), `id`, `probability`, `rank` (among the alternatives, from 1; 0 when it
        is none of them), then `alternatives` (a list of token and probability).

        Raises:
            UserError: when there is no such row.
        """
        import pandas as pd

        refuse_missing_row(self, row)
        tokens = self.found[row]
        among = tokens["top_ids"] == tokens["id"][:, None]
        likely = [
            [(token, probability) for token, probability, _ in self.alternatives(row, position)]
            for position in range(len(tokens))
        ]
        columns: dict[str, Any] = {
            "token": pd.Series(self.tokens[row], dtype=object),
            "id": tokens["id"].astype(np.int64),
            "probability": np.ascontiguousarray(tokens["probability"]),
            "rank": np.where(among.any(axis=1), among.argmax(axis=1) + 1, 0),
            "alternatives": pd.Series(likely, dtype=object),
        }
        return pd.DataFrame(columns, index=pd.RangeIndex(len(tokens)))

    def facts(self) -> list[tuple[str, str]]:
        """The run as name and value, for a person."""
        rate = self.new_tokens / self.run.seconds if self.run.seconds > 0 else 0.0
        written = ("Written", f"{count(self.new_tokens, 'token')} · {rate:,.1f} tokens/s")
        return [*self.run.facts(), written, *([("Method", self.method)] if self.method else [])]

    def plot(self, row: int = 0, ax: Axes | None = None) -> Axes:
        """How likely the model held each token of one text, as bars.

        Raises:
            UserError: when there is no such row.

        Example:
            >>> result.plot(row=2).figure.savefig("tokens.svg")
        """
        refuse_missing_row(self, row)
        tokens, likely = self.tokens[row], self.probabilities[row]
        ax = canvas(ax, 3.4, width=min(16.0, max(4.8, 0.24 * len(tokens))))
        ax.bar(range(len(tokens)), likely.tolist(), color=BLUE, width=0.8)
        names = [printable(token.strip()) or "·" for token in tokens]
        ax.set_xticks(range(len(tokens)), names, rotation=90, fontsize=8, parse_math=False)
        ax.set(ylabel="probability", ylim=(0, 1))
        ax.margins(x=0.01)
        return titled(ax, f"{self.run.model} · row {row_names(self, [row])[0]}")

    def __str__(self) -> str:
        """The first texts with their prompts, the totals and the notes, for a plain terminal."""
        return _as_text(self)


def _as_text(result: Generation, rows: int = 10) -> str:
    shown = min(rows, len(result))
    read = "prompt" if result.request.task == "generate" else "text"
    parts = [count(len(result), read), f"{count(result.new_tokens, 'token')} written"]
    lines = [f"{result.run.pinned_model}: {' · '.join(parts)}"]
    for row, name in enumerate(row_names(result, range(shown))):
        lines += _row_lines(result, row, name)
    if len(result) > shown:
        lines.append(f"… {len(result) - shown:,} more rows: .to_pandas()")
    notes = [f"Note: {note}" for note in result.notes]
    return printed(*(line or " " for line in [*lines, *([""] if notes else []), *notes]))


def _row_lines(result: Generation, row: int, name: str) -> Iterator[str]:
    prompt = printable(result.prompts[row] or "")
    shortened = _end_of if result.request.task == "generate" else _beginning_of
    yield ""
    yield f"[{name}] {shortened(prompt, max(20, WIDTH - len(name) - 3))}"
    reason = result.reasons.get(row)
    if reason is not None:
        yield f"    ({reason})"
        return
    for line in (result.texts[row] or "").strip("\n").split("\n"):
        yield f"    {printable(line)}"


def _beginning_of(text: str, cells: int) -> str:
    """As much of a text as there is room for, up to the end of a word."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) <= cells:
        return text
    head = set_cell_size(text, cells - 1)
    whole = text[len(head)].isspace() or head[-1].isspace()
    words = head if whole else head[: max(0, head.rfind(" "))]
    # What is written without spaces is cut where it is full.
    return (words if 2 * cell_len(words) > cells else head).rstrip() + "…"


def _end_of(text: str, cells: int) -> str:
    """As much of a text's end as there is room for, from the beginning of a word: what is new goes on from there."""
    return _beginning_of(text[::-1], cells)[::-1]
