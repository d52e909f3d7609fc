"""The labels of some texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.plain_text import count, printable
from nbtransformers.request import ClassifyRequest
from nbtransformers.results.figures import SPREAD_HEIGHT, bars_height, canvas, count_bars, legend, titled
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.recipe import Problem, Recipe
from nbtransformers.results.rows import RowResult, index_of, row_names, row_table
from nbtransformers.results.run import RunReport
from nbtransformers.results.table import Table
from nbtransformers.results.terminal import line_table, printed
from nbtransformers.results.texts import Texts

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True, eq=False, repr=False, weakref_slot=True)
class Classification(RowResult):
    """The labels of some texts.

    Attributes:
        request: what was asked for.
        texts: the texts, one a row, packed; None where a row held none.
        index: the labels of the rows, as in the input's index; None numbers them from 0.
        labels: the label names, in the order of the score axis.
        scores: float32 `[text, label]`: after softmax (each row sums to 1), after sigmoid for
            multi-label, the value itself for regression. Zero-shot by similarity: after softmax of
            20 · cosine. NaN where a row has no score.
        reasons: row number to the reason why it has no score.
        problem: `single_label`, `multi_label` or `regression`.
        tokens: int64 `[text]`, tokens that the model read.
        unread: int64 `[text]`, tokens beyond the limit, which it did not read.
        doubtful: bool `[text]`, whether the model can hardly read it: many unknown tokens, or another script.
        run: how the run went.
        read_to_end: whether the input has no rows but these; a file is not read on after an interrupt.
        notes: what a careful reader should know, one sentence each.
        method: how the scores come about, when that is not plain from the model.
        recipe: what `nbt.code` must know besides the request; None when the result was not made by a run.

    Example:
        >>> result = nbt.classify(["A joy from start to end.", "Dull."])
        >>> result.to_pandas()[["text", "label", "score"]]
    """

    request: ClassifyRequest
    texts: Texts
    index: Any
    labels: tuple[str, ...]
    scores: NDArray[np.float32]
    reasons: Reasons
    problem: Problem
    tokens: NDArray[np.int64]
    unread: NDArray[np.int64]
    doubtful: NDArray[np.bool_]
    run: RunReport
    read_to_end: bool = True
    notes: tuple[str, ...] = ()
    method: str | None = None
    recipe: Recipe | None = None

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def scored(self) -> NDArray[np.bool_]:
        """Bool `[text]`: the rows that have a score."""
        return np.logical_not(np.isnan(self.scores).any(axis=1))

    @property
    def best(self) -> NDArray[np.int64]:
        """Int64 `[text]`: the number of the label with the highest score, the first on a tie; -1 without a score."""
        return _best(self.scores)

    @property
    def assigned(self) -> NDArray[np.bool_]:
        """Bool `[text, label]`: the best label, or for multi-label every label at the threshold or above."""
        if self.problem == "multi_label":
            return self.scores >= self.request.threshold
        return np.equal(self.best[:, None], np.arange(len(self.labels)))

    @property
    def totals(self) -> dict[str, int]:
        """How many texts each label was assigned to."""
        return dict(zip(self.labels, self.assigned.sum(axis=0).tolist(), strict=True))

    def to_pandas(self, rows: Sequence[int] | NDArray[np.int64] | None = None) -> pd.DataFrame:
        """One row a text, with the input's index; all of them, or those with the numbers `rows`, in that order.

        Columns: `text`, `label` (the best; None without a score), `score`, `reason` (None with a
        score), then one a label. A label whose name is taken gets `score:` before it, until it is free.
        """
        import pandas as pd

        taken, texts = self._taken(rows)
        scores = self.scores[taken]
        best = _best(scores)
        # As objects: pandas' own type for text cannot hold a lone surrogate, and makes None a NaN.
        columns: dict[str, Any] = {
            "text": pd.Series(texts, dtype=object),
            "label": pd.Series(np.array([*self.labels, None], dtype=object)[best], dtype=object),
            "score": np.where(best >= 0, scores[np.arange(len(best)), best], np.float32("nan")),
            "reason": pd.Series(self.reasons.at(taken), dtype=object),
        }
        for number, name in enumerate(self.labels):
            while name in columns:
                name = f"score:{name}"
            columns[name] = scores[:, number]
        frame = pd.DataFrame(dict(enumerate(columns.values())))
        return frame.set_axis(index_of(columns), axis=1).set_axis(self.to_pandas_index()[taken], axis=0)

    def _taken(self, rows: Sequence[int] | NDArray[np.int64] | None) -> tuple[slice | NDArray[np.int64], Any]:
        """Rows as numpy takes them, and their texts; one stretch of rows is read much faster than each on its own."""
        if rows is None:
            rows = range(len(self))
        if isinstance(rows, range) and rows.step == 1:
            return slice(rows.start, rows.stop), self.texts[rows.start : rows.stop]
        return np.asarray(rows, dtype=np.int64), [self.texts[int(row)] for row in rows]

    def table(self, rows: NDArray[np.int64] | None, most: int) -> Table:
        """What `to_pandas` gives, in stretches of so many rows at most."""
        return row_table(self, rows, most)

    def top(self, k: int | None = None) -> pd.DataFrame:
        """The `k` best labels of each scored text, one row each: columns `row`, `rank`, `label`, `score`.

        `k` is the request's `top_k` unless given, or 3; `row` is the input's index.
        """
        import pandas as pd

        k = min(k or self.request.top_k or 3, len(self.labels))
        rows = np.flatnonzero(self.scored)
        order = np.argsort(-self.scores[rows], axis=1, kind="stable")[:, :k]
        return pd.DataFrame(
            {
                "row": self.to_pandas_index().take(rows).repeat(k),
                "rank": np.tile(np.arange(1, k + 1), len(rows)),
                "label": pd.Series(np.asarray(self.labels, dtype=object)[order.ravel()], dtype=object),
                "score": np.take_along_axis(self.scores[rows], order, axis=1).ravel(),
            }
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """How many texts each label has, as bars; for regression, how the values are spread.

        Example:
            >>> result.plot().figure.savefig("labels.svg")
        """
        is_regression = self.problem == "regression"
        ax = canvas(ax, SPREAD_HEIGHT if is_regression else bars_height(len(self.labels)))
        if is_regression:
            _plot_values(self, ax)
        else:
            count_bars(ax, self.totals, "texts")
        return titled(ax, f"{self.run.model} · {count(len(self), 'text')}")

    def __str__(self) -> str:
        """The head of the table, the totals and the notes, for a plain terminal."""
        return _as_text(self)


def _best(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    if not len(scores):
        return np.empty(0, dtype=np.int64)
    scored = np.logical_not(np.isnan(scores).any(axis=1))
    return np.where(scored, np.nan_to_num(scores, nan=-np.inf).argmax(axis=1), -1)


def shown_labels(result: Classification, row: int) -> list[int]:
    """The labels that a row shows, the best first: the `top_k`, else those assigned to it."""
    scores = result.scores[row]
    order = np.argsort(-scores, kind="stable")
    if result.request.top_k:
        return order[: result.request.top_k].tolist()
    if result.problem == "multi_label":
        return [number for number in order.tolist() if scores[number] >= result.request.threshold]
    return order[:1].tolist()


def _plot_values(result: Classification, ax: Axes) -> None:
    for number, name in enumerate(result.labels):
        values = result.scores[result.scored, number]
        ax.hist(values, bins="auto" if len(values) < 5000 else 60, alpha=0.75, label=printable(name))
    ax.set(xlabel="value", ylabel="texts")
    if len(result.labels) > 1:
        legend(ax)


def _as_text(result: Classification, rows: int = 10) -> str:
    names = row_names(result, range(min(rows, len(result))))
    lines = [(name, *_cells(result, row)) for row, name in enumerate(names)]
    return printed(
        f"{result.run.pinned_model}: {_totals_line(result)}",
        line_table(["", "label", "score", "text"], lines, right=["score"], least=5) if lines else None,
        f"… {len(result) - rows:,} more rows: .to_pandas()" if len(result) > rows else None,
        *(f"Note: {note}" for note in result.notes),
        f"Scores: {result.method}" if result.method else None,
    )


def _totals_line(result: Classification) -> str:
    parts = [count(len(result), "text")]
    if result.problem == "regression":
        values = result.scores[result.scored]
        if len(values):
            parts.append(f"mean {values.mean():.3f}, from {values.min():.3f} to {values.max():.3f}")
    else:
        totals = sorted(result.totals.items(), key=lambda item: -item[1])
        parts += [f"{name} {value:,}" for name, value in totals[:6]]
    without = len(result) - int(result.scored.sum())
    if without:
        parts.append(f"without a score {without:,}")
    return " · ".join(parts)


def _cells(result: Classification, row: int) -> tuple[str, str, str]:
    reason, text = result.reasons.get(row), result.texts[row] or ""
    if reason is not None:
        return "–", "–", f"({reason}) {text}".rstrip()
    names = ", ".join(result.labels[number] for number in shown_labels(result, row)) or "(none)"
    return names, f"{result.scores[row].max():.3f}", text
