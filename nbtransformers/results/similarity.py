"""How alike some texts are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import UserError
from nbtransformers.plain_text import count, size
from nbtransformers.request import Measure, SimilarRequest
from nbtransformers.results.embeddings import Embeddings, Query
from nbtransformers.results.neighbours import check_count, nearest, similar_pairs, similarities
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.recipe import SimilarRecipe
from nbtransformers.results.rows import RowResult, index_of, pandas_index, row_numbers, row_table
from nbtransformers.results.run import RunReport
from nbtransformers.results.table import Table
from nbtransformers.results.texts import Texts
from nbtransformers.results.tiles import Rows, Tiles

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Vectors = NDArray[np.float32]

LARGEST_MATRIX = 2**30  # bytes
SOON_COMPARED = 5_000  # texts whose pairs are all compared within a second, without being asked to
_PART = 512  # rows of the matrix at a time


@dataclass(frozen=True, slots=True, eq=False, repr=False, weakref_slot=True)
class Similarity(RowResult):
    """How alike some texts are: to each other, or to those of a second list.

    The texts are embedded; what is compared is computed when it is asked for.

    Attributes:
        request: what was asked for.
        embeddings: the texts with their vectors, one a row of the matrix.
        others: those of the second list, one a column; None compares the texts with each other.
        measure: how alike two vectors are: `cosine`, `dot`, or minus a distance (`euclidean`, `manhattan`).
        query_vector: float32 `[dimension]`, the vector of the request's query; None without one.

    Example:
        >>> result = nbt.similar(["A joy.", "Great fun.", "Dull."])
        >>> result.matrix.shape
        (3, 3)
        >>> result.pairs(1)
    """

    request: SimilarRequest
    embeddings: Embeddings
    others: Embeddings | None
    measure: Measure
    query_vector: Vectors | None = None
    _kept: dict[Any, Any] = field(default_factory=dict[Any, Any])

    def __len__(self) -> int:
        return len(self.embeddings)

    # --- the rows, as any result has them ---

    @property
    def texts(self) -> Texts:
        """The texts, one a row, packed; None where a row held none."""
        return self.embeddings.texts

    @property
    def index(self) -> Any:
        """The labels of the rows, as in the input's index; None numbers them from 0."""
        return self.embeddings.index

    @property
    def reasons(self) -> Reasons:
        """Row number to the reason why it has no vector."""
        return self.embeddings.reasons

    @property
    def done(self) -> NDArray[np.bool_]:
        """Bool `[text]`: the rows that were finished, with a vector or with a reason for none.

        With a second list that is not finished, none of them is.
        """
        done = self.embeddings.done
        return done if self.others is None or self.others.done.all() else np.zeros_like(done)

    @property
    def run(self) -> RunReport:
        """How the run went, for both lists together."""
        return self.embeddings.run if self.others is None else self.others.run.after(self.embeddings.run)

    @property
    def read_to_end(self) -> bool:
        """Whether the inputs have no rows but these."""
        return self.embeddings.read_to_end and (self.others is None or self.others.read_to_end)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a careful reader should know, one sentence each."""
        if self.others is None:
            return self.embeddings.notes
        theirs = (f"Of the second list: {note}" for note in self.others.notes if note not in self.embeddings.notes)
        return (*self.embeddings.notes, *theirs)

    @property
    def recipe(self) -> SimilarRecipe | None:
        """How a plain program compares them; None when the result was not made by a run."""
        own, others = self.embeddings.recipe, None if self.others is None else self.others.recipe
        if own is None or (self.others is not None and others is None):
            return None
        return SimilarRecipe(own, None if others is None else others.reading, self.measure)

    @property
    def vectors(self) -> Vectors:
        """Float32 `[text, dimension]`; NaN where a row has none."""
        return self.embeddings.vectors

    @property
    def columns(self) -> Embeddings:
        """What stands above the columns of the matrix: the second list, or the texts again."""
        return self.embeddings if self.others is None else self.others

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the matrix."""
        return len(self.embeddings), len(self.columns)

    @property
    def extent(self) -> str:
        """How many texts are compared, for a person."""
        rows, columns = self.shape
        return count(rows, "text") if self.others is None else f"{count(rows, 'text')} × {columns:,}"

    # --- the matrix ---

    @property
    def matrix(self) -> Vectors:
        """Float32 `[text, text]`, or `[text, other]`: how alike each is to each; NaN where one has no vector.

        It is made when it is asked for, and kept.

        Raises:
            UserError: when it would take more than a gibibyte; `matrix_block` makes a part of it.
        """
        if "matrix" not in self._kept:
            rows, columns = self.shape
            nbytes = 4 * rows * columns
            if nbytes > LARGEST_MATRIX:
                raise UserError(
                    f"The matrix of {rows:,} × {columns:,} texts would take {size(nbytes)}.",
                    hint="Take `.nearest(query)`, `.pairs(100)`, or a part of it: `.matrix_block(range(1000))`.",
                )
            self._kept["matrix"] = self.matrix_block()
        return self._kept["matrix"]

    def matrix_block(self, rows: Rows | None = None, columns: Rows | None = None) -> Vectors:
        """A part of the matrix, float32 `[row, column]`: some rows and columns, by their numbers; None takes all.

        Raises:
            UserError: when there is no such row or column.

        Example:
            >>> result.matrix_block(range(100), range(100))
        """
        a, b = _taken(self.embeddings.vectors, rows, "row"), _taken(self.columns.vectors, columns, "column")
        block = np.empty((len(a), len(b)), dtype=np.float32)
        for start in range(0, len(a), _PART):
            block[start : start + _PART] = similarities(a[start : start + _PART], b, self.measure)
        return block

    def tiles(
        self, rows: Rows, columns: Rows, most: int, columns_most: int | None = None
    ) -> tuple[Vectors, NDArray[np.int64], NDArray[np.int64]]:
        """The matrix of some rows and columns seen from afar: means over tiles, of any number of texts at once.

        Args:
            rows: row numbers, in the order of the picture.
            columns: likewise.
            most: tiles a side, at most; with no more rows than that each is a tile of its own.
            columns_most: likewise across, where that is another number.

        Returns:
            Float32 `[tile, tile]`, the mean over the pairs of each tile (NaN where there are none), and where the
            tiles begin in `rows` and in `columns`: `[tile + 1]`, with the end. Of distances, the mean over a sample
            of 16 × 16 pairs a tile.
        """
        if "tiles" not in self._kept:
            others = None if self.others is None else self.others.vectors
            self._kept["tiles"] = Tiles(self.vectors, others, self.measure)
        return self._kept["tiles"].means(rows, columns, most, columns_most or most)

    def matrix_to_pandas(self) -> pd.DataFrame:
        """The matrix as a table, with the texts as the names of its rows and columns.

        Raises:
            UserError: when it is too large, as `matrix`.
        """
        import pandas as pd

        return pd.DataFrame(self.matrix, index=index_of(self.texts), columns=index_of(self.columns.texts))

    # --- order ---

    @property
    def order(self) -> NDArray[np.int64]:
        """Int64 `[text]`: the row numbers in an order that puts like beside like; those without a vector come last.

        Average linkage on the cosine distance, see `nbtransformers.results.clusters`; made when asked for, and kept.
        """
        return self.embeddings.clusters.order

    @property
    def column_order(self) -> NDArray[np.int64]:
        """Int64 `[other]`: the same for the columns."""
        return self.columns.clusters.order

    def clusters(self, number: int | None = None) -> NDArray[np.int64]:
        """Int64 `[text]`: which of so many clusters, at most, a text is in, numbered as `order` has them.

        Args:
            number: how many; None takes about the root of half the texts, from 2 to 12.

        Returns:
            -1 for a text without a vector.

        Raises:
            UserError: when `number` is no whole number of 1 or more.
        """
        if number is not None:
            check_count("number", number)
        usual = min(12, max(2, round((len(self) / 2) ** 0.5)))
        return self.embeddings.clusters.labels(usual if number is None else number)

    # --- what is most alike ---

    def positions(self, queries: Vectors, k: int) -> tuple[NDArray[np.int64], Vectors]:
        """The nearest texts of vectors `[query, dimension]`: their numbers and scores, both `[query, rank]`.

        Exact: all are compared, a block at a time. -1 and NaN for a query that is not finite.
        """
        return nearest(queries, self.embeddings.vectors, k, self.measure)

    def positions_of(self, row: int, k: int) -> tuple[NDArray[np.int64], Vectors]:
        """The nearest columns of a row, not counting itself: their numbers and scores, both `[rank]`."""
        rows, scores = self._nearest_of(self.embeddings.vectors[row : row + 1], np.array([row]), k)
        known = rows[0] >= 0
        return rows[0][known], scores[0][known]

    def pair_positions(self, k: int) -> tuple[NDArray[np.int64], Vectors]:
        """The most similar pairs: row and column `[pair, 2]`, and the scores `[pair]`; the best of all is kept.

        All pairs are compared, block by block: a second for 5,000 texts, a minute or so for 100,000.
        """
        kept: tuple[int, NDArray[np.int64], Vectors] | None = self._kept.get("pairs")
        if kept is None or kept[0] < k:
            others = None if self.others is None else self.others.vectors
            kept = self._kept["pairs"] = (k, *similar_pairs(self.vectors, k, self.measure, others))
        return kept[1][:k], kept[2][:k]

    def pairs(self, k: int | None = None) -> pd.DataFrame:
        """The most similar pairs, the best first; of equal ones the first.

        Args:
            k: how many, at most; None takes the request's `top_k`.

        Returns:
            Columns `row` and `other` (of the inputs' indexes), `score`, `text`, `other_text`.

        Raises:
            UserError: when `k` is no whole number of 1 or more.

        Example:
            >>> result.pairs(20)
        """
        import pandas as pd

        if k is not None:
            check_count("k", k)
        pairs, scores = self.pair_positions(self.request.top_k if k is None else k)
        return pd.DataFrame(
            {
                "row": pandas_index(self).take(pairs[:, 0]),
                "other": pandas_index(self.columns).take(pairs[:, 1]),
                "score": scores,
                "text": _column(self.texts, pairs[:, 0]),
                "other_text": _column(self.columns.texts, pairs[:, 1]),
            }
        )

    def nearest(self, query: Query | None = None, k: int | None = None, **prompt: str | None) -> pd.DataFrame:
        """The texts nearest to a query, the best first.

        Args:
            query: a text, several, or vectors; None takes the request's query.
            k: how many, at most; None takes the request's `top_k`.
            prompt: `prompt` or `prompt_name`, as `Embeddings.nearest` takes them.

        Returns:
            Columns `row` (of the input's index), `score`, `text`; with several queries `query`, their number, before.

        Raises:
            UserError: when the query is none of these, or there is none; or `k` is no whole number of 1 or more.
        """
        if query is None:
            query = self.query_vector
        if query is None:
            raise UserError("There is no query.", hint='Type `.nearest("a text")`.')
        return self._measured.nearest(query, self.request.top_k if k is None else k, **prompt)

    def map(self, method: str = "pca", seed: int = 0) -> Vectors:
        """The texts on a plane: float32 `[text, 2]`, NaN where there is no vector.

        Those of a second list are not on it.

        Args:
            method: `pca`, `umap` or `tsne`, as `Embeddings.map` has them.
            seed: what chance starts from; the same seed gives the same picture.

        Raises:
            UserError: for an unknown method, one whose package is not installed, or too few texts for it.

        Example:
            >>> result.map().shape
            (3, 2)
        """
        return self.embeddings.map(method, seed)

    @property
    def _measured(self) -> Embeddings:
        """The texts with this result's measure."""
        from dataclasses import replace

        return replace(self.embeddings, measure=self.measure)

    def _nearest_of(self, vectors: Vectors, rows: NDArray[np.int64], k: int) -> tuple[NDArray[np.int64], Vectors]:
        """The nearest columns of some rows: numbers and scores `[row, rank]`, without a text itself."""
        if self.others is not None:
            return nearest(vectors, self.others.vectors, k, self.measure)
        found, scores = nearest(vectors, self.embeddings.vectors, k + 1, self.measure)
        # Itself goes to the end, or the last of equal ones does, where it was not even among the nearest.
        place = np.argsort(found == rows[:, None], axis=1, kind="stable")[:, : max(0, found.shape[1] - 1)][:, :k]
        return np.take_along_axis(found, place, axis=1), np.take_along_axis(scores, place, axis=1)

    # --- a row a text ---

    def to_pandas(self, rows: Sequence[int] | NDArray[np.int64] | None = None) -> pd.DataFrame:
        """One row a text, with the input's index; all of them, or those with the numbers `rows`, in that order.

        Columns: `text`; with a query `score`, how alike the text is to it; else `nearest` (the row of the most similar
        other text), `score` and `nearest_text`; and `reason` (None with a vector).
        """
        import pandas as pd

        taken = row_numbers(self, rows)
        vectors = self.embeddings.vectors[taken]
        columns: dict[str, Any] = {"text": _column(self.texts, taken)}
        if self.query_vector is not None:
            columns["score"] = similarities(vectors, self.query_vector[None], self.measure)[:, 0]
        else:
            found, scores = self._nearest_of(vectors, taken, 1)
            found, scores = (found[:, 0], scores[:, 0]) if found.shape[1] else _nothing(len(taken))
            columns["nearest"] = _labels(pandas_index(self.columns), found)
            columns["score"] = scores
            columns["nearest_text"] = _column(self.columns.texts, found)
        columns["reason"] = pd.Series(self.reasons.at(taken), dtype=object)
        return pd.DataFrame(columns).set_axis(self.to_pandas_index()[taken], axis=0)

    def table(self, rows: NDArray[np.int64] | None, most: int) -> Table:
        """What `to_pandas` gives, in stretches of so many rows at most."""
        pointers = {"nearest": pandas_index(self.columns)} if self.query_vector is None else {}
        return row_table(self, rows, most, pointers=pointers)

    def plot(self, ax: Axes | None = None) -> Axes:
        """The matrix as a heat map, like beside like; few texts with their beginnings, many as means over tiles.

        Example:
            >>> result.plot().figure.savefig("similarity.svg")
        """
        from nbtransformers.results.similarityshown import heat_map

        return heat_map(self, ax)

    def __str__(self) -> str:
        """The nearest, or the most similar pairs, and the notes, for a plain terminal."""
        from nbtransformers.results.similarityshown import as_text

        return as_text(self)


def _taken(vectors: Vectors, rows: Rows | None, side: str) -> Vectors:
    if rows is None:
        return vectors
    if isinstance(rows, slice):
        return vectors[rows]
    numbers = np.asarray(rows, dtype=np.int64)
    beyond = numbers[(numbers >= len(vectors)) | (numbers < -len(vectors))]
    if len(beyond):
        raise UserError(f"The matrix has no {side} {beyond[0]}.", hint=f"It has {len(vectors):,}, from 0.")
    return vectors[numbers]


def _column(texts: Texts, rows: NDArray[np.int64]) -> pd.Series:
    import pandas as pd

    return pd.Series([texts[row] if row >= 0 else None for row in rows.tolist()], dtype=object)


def _labels(index: pd.Index, rows: NDArray[np.int64]) -> pd.Series:
    """The labels of some rows; None for -1."""
    import pandas as pd

    found = np.full(len(rows), None, dtype=object)
    there = np.greater_equal(rows, 0)
    found[there] = np.fromiter(index.take(rows[there]), dtype=object, count=int(there.sum()))
    labels = pd.Series(found, dtype=object)
    return labels.infer_objects() if bool(np.all(there)) else labels  # or numbers with a gap would become floats


def _nothing(rows: int) -> tuple[NDArray[np.int64], Vectors]:
    return np.full(rows, -1, dtype=np.int64), np.full(rows, np.nan, dtype=np.float32)
