"""The vectors of some texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import UserError, kind_of, shown
from nbtransformers.plain_text import count, printable
from nbtransformers.request import EmbedRequest, Measure, Pooling
from nbtransformers.results.clusters import Clusters, clusters
from nbtransformers.results.figures import BLUE, canvas, titled
from nbtransformers.results.maps import Projection, projection
from nbtransformers.results.neighbours import check_count, nearest
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.recipe import EmbedRecipe
from nbtransformers.results.rows import RowResult, row_names, row_numbers, row_table
from nbtransformers.results.run import RunReport
from nbtransformers.results.table import Table
from nbtransformers.results.terminal import line_table, printed
from nbtransformers.results.texts import Texts

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Vectors = NDArray[np.float32]
Embed = Callable[[Sequence[str], "str | None", "str | None"], Vectors]
"""Queries, a prompt and the name of one to vectors `[query, dimension]`, by the model that made the others."""

Query = str | Sequence[str] | Vectors

_PRINTED_NUMBERS = 3  # of a vector
_LABELLED = 30  # points of a figure that can be labelled
_LABEL_CHARACTERS = 28


@dataclass(frozen=True, slots=True, eq=False, repr=False, weakref_slot=True)
class Embeddings(RowResult):
    """The vectors of some texts.

    Attributes:
        request: what was asked for.
        texts: the texts, one a row, packed; None where a row held none.
        index: the labels of the rows, as in the input's index; None numbers them from 0.
        vectors: float32 `[text, dimension]`; NaN where a row has none.
        reasons: row number to the reason why it has no vector.
        tokens: int64 `[text]`, tokens that the model read, those of the prompt too.
        unread: int64 `[text]`, tokens beyond the limit, which it did not read.
        doubtful: bool `[text]`, whether the model can hardly read it: many unknown tokens, or another script.
        poolings: how the vectors of a text's tokens became one, several joined end to end.
        normalized: whether the vectors are of length 1.
        prompt: what was put before every text; empty when nothing was.
        measure: how the model's vectors are to be compared.
        run: how the run went.
        read_to_end: whether the input has no rows but these; a file is not read on after an interrupt.
        notes: what a careful reader should know, one sentence each.
        recipe: how a plain program makes the same; None when the result was not made by a run.
        embed: embeds queries with the same model; None when the result was not made by a run.

    Example:
        >>> result = nbt.embed(["A joy from start to end.", "Dull."])
        >>> result.vectors.shape
        (2, 384)
        >>> result.nearest("a happy film", k=1)
    """

    request: EmbedRequest
    texts: Texts
    index: Any
    vectors: Vectors
    reasons: Reasons
    tokens: NDArray[np.int64]
    unread: NDArray[np.int64]
    doubtful: NDArray[np.bool_]
    poolings: tuple[Pooling, ...]
    normalized: bool
    prompt: str
    measure: Measure
    run: RunReport
    read_to_end: bool = True
    notes: tuple[str, ...] = ()
    recipe: EmbedRecipe | None = None
    embed: Embed | None = None
    _kept: dict[Any, Any] = field(default_factory=dict[Any, Any])

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def dimension(self) -> int:
        """Numbers of a vector."""
        return self.vectors.shape[1]

    @property
    def embedded(self) -> NDArray[np.bool_]:
        """Bool `[text]`: the rows that have a vector."""
        return np.isfinite(self.vectors[:, 0])  # a vector is whole, or not there

    @property
    def method(self) -> str:
        """How the vectors came about, in words."""
        parts = [f"{_POOLED[pooling]}" for pooling in self.poolings]
        return " and ".join(parts) + (", of length 1" if self.normalized else "")

    def to_pandas(self, rows: Sequence[int] | NDArray[np.int64] | None = None) -> pd.DataFrame:
        """One row a text, with the input's index; all of them, or those with the numbers `rows`, in that order.

        Columns: `text`, `vector` (a float32 array `[dimension]`; None where there is none), `reason` (None with a
        vector). `np.stack(frame["vector"])` makes one array of them; `.vectors` is one.
        """
        import pandas as pd

        taken = row_numbers(self, rows)
        has = self.embedded
        found = pd.Series([self.vectors[row] if has[row] else None for row in taken.tolist()], dtype=object)
        columns = {
            "text": pd.Series([self.texts[row] for row in taken.tolist()], dtype=object),
            "vector": found,
            "reason": pd.Series(self.reasons.at(taken), dtype=object),
        }
        return pd.DataFrame(columns).set_axis(self.to_pandas_index()[taken], axis=0)

    def table(self, rows: NDArray[np.int64] | None, most: int) -> Table:
        """What `to_pandas` gives, in stretches of so many rows at most."""
        return row_table(self, rows, most, vectors={"vector": self.dimension})

    def query_vectors(self, query: Query, prompt: str | None = None, prompt_name: str | None = None) -> Vectors:
        """Queries as vectors `[query, dimension]`: texts are embedded, by the model that made the others.

        Args:
            query: a text, several, or vectors.
            prompt: what is put before a text; None is the model's own prompt for a query, where it has one.
            prompt_name: another of the model's own prompts.

        Raises:
            UserError: when it is none of these, or the vectors are of another length.
        """
        texts = [query] if isinstance(query, str) else query
        if isinstance(query, str) and not query.strip():
            raise UserError(f"The query is {shown(query)}, which holds no text.", hint='Type `.nearest("a text")`.')
        if isinstance(texts, Sequence) and texts and all(isinstance(text, str) for text in texts):
            if self.embed is None:
                raise UserError("This result has no model to embed a query with.", hint="Give a vector.")
            return self.embed(cast("Sequence[str]", texts), prompt, prompt_name)
        return _as_vectors(query, self.dimension)

    def positions(self, queries: Vectors, k: int) -> tuple[NDArray[np.int64], Vectors]:
        """The nearest texts of vectors `[query, dimension]`: their numbers and scores, both `[query, rank]`.

        Exact: all texts are compared, a block at a time. -1 and NaN for a query that is not finite.
        """
        return nearest(queries, self.vectors, k, self.measure)

    def positions_of(self, row: int, k: int) -> tuple[NDArray[np.int64], Vectors]:
        """The nearest other texts of one of them: their numbers and scores, both `[rank]`."""
        rows, scores = self.positions(self.vectors[row : row + 1], k + 1)
        others = (rows[0] != row) & (rows[0] >= 0)
        return rows[0][others][:k], scores[0][others][:k]

    def nearest(
        self, query: Query, k: int = 10, *, prompt: str | None = None, prompt_name: str | None = None
    ) -> pd.DataFrame:
        """The texts nearest to a query, the best first.

        Args:
            query: a text, several, or vectors `[dimension]` or `[query, dimension]`.
            k: how many, at most.
            prompt: what is put before a text; None is the model's own prompt for a query, where it has one.
            prompt_name: another of the model's own prompts.

        Returns:
            Columns `row` (of the input's index), `score`, `text`; with several queries `query`, their number, before.

        Raises:
            UserError: when the query is none of these, or `k` no whole number of 1 or more.

        Example:
            >>> result.nearest("a happy film", k=3)
        """
        import pandas as pd

        check_count("k", k)
        rows, scores = self.positions(self.query_vectors(query, prompt, prompt_name), k)
        number, rank = np.nonzero(rows >= 0)
        found = rows[number, rank]
        columns = {
            "query": number,
            "row": self.to_pandas_index().take(found),
            "score": scores[number, rank],
            "text": pd.Series([self.texts[row] for row in found.tolist()], dtype=object),
        }
        frame = pd.DataFrame(columns)
        is_one = isinstance(query, str) or (isinstance(query, np.ndarray) and query.ndim == 1)
        return frame.drop(columns="query") if is_one else frame

    def projection(self, method: str = "pca", seed: int = 0) -> Projection:
        """The texts on a plane, with what there is to say of the picture; the same one is not made twice.

        Raises:
            UserError: for an unknown method, one whose package is not installed, or too few texts for it.
        """
        key = ("map", method, seed)
        if key not in self._kept:
            self._kept[key] = projection(self.vectors, method, seed)
        return self._kept[key]

    @property
    def clusters(self) -> Clusters:
        """The texts in an order that puts like beside like, and as a tree; made when it is asked for, and kept."""
        if "clusters" not in self._kept:
            self._kept["clusters"] = clusters(self.vectors)
        return self._kept["clusters"]

    def map(self, method: str = "pca", seed: int = 0) -> Vectors:
        """The texts on a plane: float32 `[text, 2]`, NaN where there is no vector.

        Args:
            method: `pca` (the two directions in which the vectors differ most), `umap` or `tsne` (which keep
                neighbourhoods; their packages come with `pip install "nbtransformers[map]"`).
            seed: what chance starts from; the same seed gives the same picture.

        Raises:
            UserError: as `projection`.
        """
        return self.projection(method, seed).points

    def plot(self, method: str = "pca", ax: Axes | None = None) -> Axes:
        """The texts as points on a plane; few of them with their beginnings.

        Example:
            >>> result.plot("umap").figure.savefig("map.svg")
        """
        found = self.projection(method)
        ax = canvas(ax, 5.2)
        few = len(self) <= _LABELLED
        ax.scatter(*found.points.T, s=24 if few else max(2, 16 - len(self) // 2000), color=BLUE, alpha=0.75)
        if few:
            _label(ax, found.points, self.texts)
        axes = ("first", "second") if found.explained is None else [f"{share:.0%}" for share in found.explained]
        ax.set(xlabel=f"{found.title}, {axes[0]}", ylabel=f"{found.title}, {axes[1]}")
        ax.margins(0.12)
        return titled(ax, f"{self.run.model} · {count(len(self), 'text')}")

    def __str__(self) -> str:
        """The head of the table and the notes, for a plain terminal."""
        return _as_text(self)


_POOLED: dict[Pooling, str] = {
    "mean": "mean of the token vectors",
    "cls": "vector of the first token",
    "lasttoken": "vector of the last token",
    "max": "maximum over the token vectors",
    "mean_sqrt_len_tokens": "sum of the token vectors over the root of their number",
    "weightedmean": "mean of the token vectors, later ones weighing more",
}


def _as_vectors(query: Any, dimension: int) -> Vectors:
    if isinstance(query, str) or not hasattr(query, "__len__"):
        raise UserError(
            f"The query is {shown(query, 40)}, {kind_of(query)}.", hint="Give a text, a list of texts, or a vector."
        )
    try:
        found = np.atleast_2d(np.asarray(query, dtype=np.float32))
    except (TypeError, ValueError):
        found = np.empty((0, 0), dtype=np.float32)
    if found.ndim != 2 or found.shape[1] != dimension:
        raise UserError(
            f"The query is neither text nor a vector of {dimension:,} numbers.",
            hint="Give a text, a list of texts, or a vector.",
        )
    return found


def short(text: str | None, characters: int = _LABEL_CHARACTERS) -> str:
    """The beginning of a text, for where there is little room."""
    line = printable(text or "")
    return line if len(line) <= characters else line[: characters - 1] + "…"


def _label(ax: Axes, points: Vectors, texts: Texts) -> None:
    for (x, y), text in zip(points.tolist(), texts, strict=True):
        if x == x:
            label = ax.annotate(short(text), (x, y), xytext=(4, 3), textcoords="offset points", fontsize=8)
            label.set_parse_math(False)  # a $ in a text is no formula


def _as_text(result: Embeddings, rows: int = 10) -> str:
    parts = [count(len(result), "text"), f"vectors of {result.dimension:,} numbers"]
    without = len(result) - int(result.embedded.sum())
    parts += [f"without a vector {without:,}"] if without else []
    shown_rows = range(min(rows, len(result)))
    names = row_names(result, shown_rows)
    cells = [(name, *_cells(result, row)) for row, name in zip(shown_rows, names, strict=True)]
    left = len(result) - len(shown_rows)
    return printed(
        f"{printable(result.run.pinned_model)}: {' · '.join(parts)}",
        line_table(("", "vector", "text"), cells) if cells else None,
        f"… {left:,} more rows: .to_pandas()" if left else "",
        *(f"Note: {note}" for note in result.notes),
        f"Vectors: {result.method}",
        f"Before every text: {result.prompt}" if result.prompt else "",
    )


def _cells(result: Embeddings, row: int) -> tuple[str, str]:
    reason, text = result.reasons.get(row), result.texts[row] or ""
    if reason is not None:
        return "–", f"({reason}) {text}".rstrip()
    numbers = " ".join(f"{number:+.3f}" for number in result.vectors[row, :_PRINTED_NUMBERS])
    return f"{numbers} …", text
