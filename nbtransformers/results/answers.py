"""The answers to some questions, each from its context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nbtransformers.plain_text import count, printable
from nbtransformers.request import AnswerRequest
from nbtransformers.results.figures import BLUE, SPREAD_HEIGHT, bars_height, canvas, legend, score_bars, titled
from nbtransformers.results.pairs import Pairs
from nbtransformers.results.ragged import Ragged
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.recipe import AnswerRecipe
from nbtransformers.results.rows import RowResult, row_names, row_numbers, row_table
from nbtransformers.results.run import RunReport
from nbtransformers.results.table import Table
from nbtransformers.results.terminal import line_table, printed
from nbtransformers.results.texts import Texts
from nbtransformers.results.writingrecipe import WrittenAnswerRecipe

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

NO_ANSWER = "no answer"
ANSWER = np.dtype([("start", np.int32), ("end", np.int32), ("score", np.float32)])  # what a row has any number of


class Answer(NamedTuple):
    """One answer.

    Attributes:
        answer: its text; None for there being none.
        start: where it begins in the context, in code points; -1 when it does not stand there.
        end: where it ends: it is `context[start:end]`.
        score: from 0 to 1.
    """

    answer: str | None
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True, eq=False, repr=False, weakref_slot=True)
class Answers(RowResult):
    """The answers to some questions, each from its context.

    Attributes:
        request: what was asked for.
        texts: the questions, one a row, each of which knows its `context`; packed.
        index: the labels of the rows, as in the input's index; None numbers them from 0.
        found: the answers of each row, the best first, as records: `start`, where it begins in its context, in code
            points, -1 for no answer and for a written one that does not stand there; `end`, where it ends: it is
            `context[start:end]`; and `score`: P(start) · P(end), both after softmax over the tokens of the whole
            context and the no-answer position; of a written answer the geometric mean of its tokens' probabilities.
        no_answer: float32 `[row]`, the score of there being no answer, on the same scale; NaN where there is none.
        reasons: row number to the reason why it was not answered.
        tokens: int64 `[row]`, tokens that the model read, question included; overlaps of windows count once.
        unread: int64 `[row]`, tokens beyond the limit, which it did not read.
        doubtful: bool `[row]`, whether the model can hardly read it: many unknown tokens, or another script.
        run: how the run went.
        written: the answers as a model wrote them, one each; None where they are spans of the context.
        read_to_end: whether the input has no rows but these; a file is not read on after an interrupt.
        notes: what a careful reader should know, one sentence each.
        recipe: how a plain program finds the same; None when the result was not made by a run.

    Example:
        >>> result = nbt.answer("Where did she live?", "Ada lived in London.", model="deepset/roberta-base-squad2")
        >>> result.to_pandas()
    """

    request: AnswerRequest
    texts: Pairs
    index: Any
    found: Ragged
    no_answer: NDArray[np.float32]
    reasons: Reasons
    tokens: NDArray[np.int64]
    unread: NDArray[np.int64]
    doubtful: NDArray[np.bool_]
    run: RunReport
    written: Texts | None = None
    read_to_end: bool = True
    notes: tuple[str, ...] = ()
    recipe: AnswerRecipe | WrittenAnswerRecipe | None = None

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def questions(self) -> Texts:
        """The questions, one a row."""
        return self.texts.questions

    @property
    def contexts(self) -> list[str | None]:
        """The contexts, one a row; None where a row had none."""
        return [pair.context for pair in self.texts]

    @property
    def answers(self) -> list[str | None]:
        """The best answer of each row; None where there is none."""
        return [found[0].answer if (found := self.of(row)) else None for row in range(len(self))]

    @property
    def best(self) -> NDArray[np.int64]:
        """Int64 `[row]`: the place of its best answer in `found.flat`; -1 for a row without any."""
        return np.where(self.found.counts > 0, self.found.rows[:-1], -1)

    @property
    def answered(self) -> NDArray[np.bool_]:
        """Bool `[row]`: whether its best answer is one, and not that there is none."""
        best = self.best
        found = best >= 0
        if self.written is None:
            found[found] = self.found.flat["start"][best[found]] >= 0
        else:
            found[found] = ~self.written.missing[best[found]]
        return found

    def of(self, row: int) -> list[Answer]:
        """The answers of a row, the best first; none where it has a reason."""
        context = self.texts[row].context or ""
        first = int(self.found.rows[row])
        return [self._answer(first + rank, record, context) for rank, record in enumerate(self.found[row].tolist())]

    def _answer(self, place: int, record: tuple[int, int, float], context: str) -> Answer:
        start, end, score = record
        text = self.written[place] if self.written is not None else context[start:end] if start >= 0 else None
        return Answer(text, start, end, score)

    def to_pandas(self, rows: Sequence[int] | NDArray[np.int64] | None = None) -> pd.DataFrame:
        """One row an answer, of all questions or of those with the numbers `rows`, in that order.

        Columns: `row` (the input's index), with a `top_k` above 1 `rank` (from 1), `answer` (None for no answer),
        `start`, `end` (code points of the context; -1 where it does not stand there) and `score`. A question that
        was not answered has one row with no answer and no score; `reasons` says why.
        """
        import pandas as pd

        taken = row_numbers(self, rows)
        found = [self.of(row) or [Answer(None, -1, -1, float("nan"))] for row in taken.tolist()]
        flat = [answer for answers in found for answer in answers]
        columns: dict[str, Any] = {
            "row": self.to_pandas_index().to_flat_index().take(taken.repeat([len(answers) for answers in found])),
            "rank": np.array([rank for answers in found for rank in range(1, len(answers) + 1)], dtype=np.int64),
            # As objects: pandas' own type for text makes None a NaN.
            "answer": pd.Series([answer.answer for answer in flat], dtype=object),
            "start": np.array([answer.start for answer in flat], dtype=np.int64),
            "end": np.array([answer.end for answer in flat], dtype=np.int64),
            "score": np.array([answer.score for answer in flat], dtype=np.float32),
        }
        if self.request.top_k == 1:
            del columns["rank"]
        return pd.DataFrame(columns, index=pd.RangeIndex(len(flat)))

    def table(self, rows: NDArray[np.int64] | None, most: int) -> Table:
        """What `to_pandas` gives, of so many questions at a time at most."""
        return row_table(self, rows, most, labelled="row")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Of one question the answers with their scores, as bars; of several, how their best scores are spread.

        Example:
            >>> result.plot().figure.savefig("answers.svg")
        """
        found = self.of(0) if len(self) == 1 else []
        ax = canvas(ax, bars_height(max(1, len(found))) if len(self) == 1 else SPREAD_HEIGHT)
        if len(self) == 1:
            _plot_answers(found, ax)
        else:
            _plot_scores(self, ax)
        title = printable(self.questions[0] or "") if len(self) == 1 else count(len(self), "question")
        return titled(ax, f"{self.run.model} · {title}")

    def __str__(self) -> str:
        """The head of the table and the notes, for a plain terminal."""
        return _as_text(self)


def _plot_answers(found: list[Answer], ax: Axes) -> None:
    names = [answer.answer or f"({NO_ANSWER})" for answer in found]
    short = [name if len(name) < 40 else f"{name[:39]}…" for name in names]
    score_bars(ax, short, [answer.score for answer in found], "score")


def _plot_scores(result: Answers, ax: Axes) -> None:
    best, answered = result.best, result.answered
    parts = [("answered", answered, BLUE), (NO_ANSWER, (best >= 0) & ~answered, "#999999")]
    edges = np.linspace(0, 1, 21)
    for label, rows, colour in parts:
        if rows.any():
            ax.hist(result.found.flat["score"][best[rows]], bins=edges.tolist(), alpha=0.75, label=label, color=colour)
    ax.set(xlabel="score of the best answer", ylabel="questions")
    if parts[1][1].any():
        legend(ax)


def _as_text(result: Answers, rows: int = 10) -> str:
    shown = min(rows, len(result))
    lines = [line for row, name in enumerate(row_names(result, range(shown))) for line in _lines(result, row, name)]
    left = len(result) - shown
    return printed(
        f"{result.run.pinned_model}: {_totals_line(result)}",
        line_table(["", "answer", "score", "question"], lines, right=["score"]) if lines else None,
        f"… {left:,} more questions: .to_pandas()" if left else None,
        *(f"Note: {note}" for note in result.notes),
    )


def _totals_line(result: Answers) -> str:
    parts = [count(len(result), "question")]
    without = len(result.reasons)
    none = len(result) - int(result.answered.sum()) - without
    if none:
        parts.append(f"{NO_ANSWER} {none:,}")
    if without:
        parts.append(f"not answered {without:,}")
    return " · ".join(parts)


def _lines(result: Answers, row: int, name: str) -> list[tuple[str, str, str, str]]:
    question, reason = result.questions[row] or "", result.reasons.get(row)
    if reason is not None:
        return [(name, "–", "–", f"({reason}) {question}".rstrip())]
    return [
        (
            name if rank == 0 else "",
            found.answer or f"({NO_ANSWER})",
            f"{found.score:.3f}",
            question if rank == 0 else "",
        )
        for rank, found in enumerate(result.of(row))
    ] or [(name, "–", "–", question)]
