"""The result of `positions`: how a formula, or a model, tells where a token stands."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import UserError, did_you_mean, shown
from nbtransformers.plain_text import count, size
from nbtransformers.request import PositionsRequest
from nbtransformers.results.positionsrecipe import PositionsRecipe

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
Form = Literal["sinusoidal", "learned", "rotary", "relative"]
Picture = Literal["value", "cos", "sin", "angle", "bias"]
Rows = slice | Sequence[int] | Integers

LARGEST_MATRIX = 2**30  # bytes


@dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class Encoding(ABC):
    """One way in which positions are told.

    Attributes:
        name: which one, where a model has several, such as `encoder`.
        form: what it is: a table by the formula, a table that was learned, rotations, or relative to the query.
        positions: int64 `[position]`, what each row is of; the distance, key minus query, where `row` says so.
        formula: how it is defined, a line each.
        source: where the model has it, such as `embeddings.position_embeddings`; empty for the formula.
    """

    pictures: ClassVar[tuple[Picture, ...]]
    column: ClassVar[str]
    row: ClassVar[str] = "position"

    name: str
    form: Form
    positions: Integers
    formula: tuple[str, ...]
    source: str = ""

    @property
    @abstractmethod
    def columns(self) -> int:
        """How many columns a picture has: dimensions, pairs of them, or heads."""

    @abstractmethod
    def picture(self, name: Picture, rows: Rows = slice(None), columns: Rows = slice(None)) -> Floats:
        """Float32 `[position, column]`: one of `pictures`, or some of its rows and columns, by their numbers.

        Raises:
            UserError: when there is no such picture.
        """

    @abstractmethod
    def alike(self, rows: Rows, columns: Rows, head: int = 0) -> Floats:
        """Float32 `[row, column]`: a part of the matrix of positions, each with each."""

    @abstractmethod
    def by_distance(self, head: int = 0) -> tuple[Integers, Floats]:
        """How the matrix depends on the distance: int64 `[distance]`, and the mean over its pairs `[distance]`."""

    @property
    def values(self) -> Floats:
        """Float32 `[position, dimension]`: the first of `pictures`; of a relative one `[distance, head]`."""
        return self.picture(self.pictures[0])

    @property
    def side(self) -> int:
        """How many positions the matrix compares."""
        return len(self.positions)

    def similarity(self, head: int = 0) -> Floats:
        """Float32 `[position, position]`: how alike any two positions are.

        Of a table the cosine of its rows. Of rotations the product of a vector of length 1 that is turned to both
        places, where all of its pairs are alike. Of a relative encoding there is no such thing, and it is what a head
        adds to a score, `[query, key]`, NaN where a query may not look.

        Args:
            head: of a relative encoding.

        Raises:
            UserError: when it would take more than a gibibyte, or there is no such head.
        """
        nbytes = 4 * self.side**2
        if nbytes > LARGEST_MATRIX:
            raise UserError(
                f"The matrix of {self.side:,} × {self.side:,} positions would take {size(nbytes)}.",
                hint="Ask for fewer positions, `--length 4096`, or take `.by_distance()`.",
            )
        return self.alike(slice(None), slice(None), head)

    def to_pandas(self, picture: Picture | None = None) -> pd.DataFrame:
        """A picture as a table: a row a position (or distance), a column a dimension (or pair, or head).

        Raises:
            UserError: when there is no such picture.
        """
        import pandas as pd

        index = pd.Index(self.positions, name=self.row)
        return pd.DataFrame(
            self.picture(picture or self.pictures[0]),
            index=index,
            columns=pd.RangeIndex(self.columns, name=self.column),
        )

    @property
    def told(self) -> str:
        """What it is, in a few words."""
        extent = f"{count(len(self.positions), self.row)} × {count(self.columns, self.column)}"
        return f"{self.form} · {extent}"

    def _refuse_unknown(self, picture: str) -> None:
        if picture not in self.pictures:
            raise UserError(f"There is no picture {shown(picture)}.", hint=did_you_mean(str(picture), self.pictures))

    def __repr__(self) -> str:
        return ": ".join(filter(None, (self.name, self.told)))


@dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class TableEncoding(Encoding):
    """A vector for each position, which is added to that of the token.

    Attributes:
        table: float32 `[position, dimension]`.
    """

    pictures = ("value",)
    column = "dimension"

    table: Floats

    @property
    def columns(self) -> int:
        """How many dimensions there are."""
        return self.table.shape[1]

    def picture(self, name: Picture, rows: Rows = slice(None), columns: Rows = slice(None)) -> Floats:
        """Float32 `[position, dimension]`: the table."""
        self._refuse_unknown(name)
        return self.table[rows][:, columns]

    def alike(self, rows: Rows, columns: Rows, head: int = 0) -> Floats:
        """Float32 `[position, position]`: the cosine of two rows."""
        return self._directions(rows) @ self._directions(columns).T

    def by_distance(self, head: int = 0) -> tuple[Integers, Floats]:
        """The mean cosine of the pairs that are so far apart: int64 and float32 `[distance]`."""
        rows = self._directions(slice(None)).astype(np.float64)
        length = len(rows)
        # The sums over all pairs of one distance are an autocorrelation: no pair is looked at.
        turned = np.fft.rfft(rows, n=2 * length, axis=0)
        sums = np.fft.irfft((turned * turned.conj()).sum(axis=1), n=2 * length)[:length]
        return np.arange(length), (sums / np.arange(length, 0, -1)).astype(np.float32)

    def _directions(self, rows: Rows) -> Floats:
        found = self.table[rows]
        return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), np.float32(1e-12))


@dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class DistanceEncoding(TableEncoding):
    """A vector for each distance, which goes into the scores of the layers and is added to no token.

    Attributes:
        table: float32 `[distance, dimension]`; the distances are in `positions`, key minus query.
    """

    row = "distance"


@dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class RotaryEncoding(Encoding):
    """A turn of each pair of dimensions of the queries and keys, by an angle that grows with the position.

    Attributes:
        cos: float32 `[position, pair]`, as the model's own rotary module gives them.
        sin: float32 `[position, pair]`.
        frequencies: float32 `[pair]`, radians a position.
        scaling: what cosines and sines are multiplied by; 1 mostly.
    """

    pictures = ("cos", "sin", "angle")
    column = "pair"

    cos: Floats
    sin: Floats
    frequencies: Floats
    scaling: float = 1.0

    @property
    def columns(self) -> int:
        """How many pairs of dimensions are turned."""
        return self.cos.shape[1]

    @property
    def angles(self) -> Floats:
        """Float32 `[position, pair]`: by how much a pair is turned, in radians."""
        return self.picture("angle")

    def picture(self, name: Picture, rows: Rows = slice(None), columns: Rows = slice(None)) -> Floats:
        """Float32 `[position, pair]`: `cos`, `sin`, or `angle` in radians."""
        self._refuse_unknown(name)
        if name == "angle":
            return self.positions[rows].astype(np.float32)[:, None] * self.frequencies[columns]
        return (self.sin if name == "sin" else self.cos)[rows][:, columns]

    def alike(self, rows: Rows, columns: Rows, head: int = 0) -> Floats:
        """Float32 `[position, position]`: a vector of length 1, its pairs alike, turned to one place and to another."""
        products = self.cos[rows] @ self.cos[columns].T + self.sin[rows] @ self.sin[columns].T
        return (products / self.columns).astype(np.float32, copy=False)

    def by_distance(self, head: int = 0) -> tuple[Integers, Floats]:
        """The same by distance: int64 and float32 `[distance]`; it depends on nothing else."""
        return np.arange(self.side), self.alike([0], slice(None))[0]


@dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class RelativeEncoding(Encoding):
    """What each head adds to the score of a key, by how far it is from the query.

    Attributes:
        bias: float32 `[distance, head]`; the distances are in `positions`, key minus query.
        slopes: float32 `[head]` of ALiBi, what each step away takes from the score; None of any other.
    """

    pictures = ("bias",)
    column = "head"
    row = "distance"

    bias: Floats
    slopes: Floats | None = None

    @property
    def columns(self) -> int:
        """How many heads there are."""
        return self.bias.shape[1]

    @property
    def side(self) -> int:
        """How many positions lie within the distances."""
        return 1 - int(self.positions[0])

    def picture(self, name: Picture, rows: Rows = slice(None), columns: Rows = slice(None)) -> Floats:
        """Float32 `[distance, head]`: the bias."""
        self._refuse_unknown(name)
        return self.bias[rows][:, columns]

    def alike(self, rows: Rows, columns: Rows, head: int = 0) -> Floats:
        """Float32 `[query, key]`: what a head adds; NaN where a query may not look."""
        self._refuse_other(head)
        places = np.arange(self.side)
        # Row `side - 1` is that of distance 0.
        at = places[columns][None, :] - places[rows][:, None] + self.side - 1
        found = self.bias[np.minimum(at, len(self.bias) - 1), head]  # a copy
        found[at >= len(self.bias)] = np.nan
        return found

    def by_distance(self, head: int = 0) -> tuple[Integers, Floats]:
        """What a head adds by distance, key minus query: int64 and float32 `[distance]`."""
        self._refuse_other(head)
        return self.positions, self.bias[:, head]

    def _refuse_other(self, head: int) -> None:
        if not -self.columns <= head < self.columns:
            raise UserError(f"There is no head {head}.", hint=f"They are numbered from 0 to {self.columns - 1}.")


@dataclass(frozen=True, slots=True, eq=False, repr=False, weakref_slot=True)
class Positions:
    """How positions are encoded: by the sinusoidal formula, or by a model.

    Attributes:
        request: what was asked for.
        encodings: the ways in which positions are told; most models have one.
        model: the name of the model; empty for the formula.
        revision: of a Hub model, the commit that its files are from.
        notes: what a careful reader should know, one sentence each.
        recipe: what a program must know to give the same.

    Example:
        >>> result = nbt.positions(length=128, dim=64)
        >>> result.values.shape
        (128, 64)
        >>> result.similarity()[0, 5]
        >>> nbt.positions("gpt2").encodings[0].form
        'learned'
    """

    request: PositionsRequest
    encodings: tuple[Encoding, ...]
    model: str = ""
    revision: str | None = None
    notes: tuple[str, ...] = ()
    recipe: PositionsRecipe | None = None

    def __getitem__(self, which: int | str) -> Encoding:
        """An encoding, by its number or its name.

        Raises:
            UserError: when there is none such.
        """
        names = [encoding.name for encoding in self.encodings]
        if isinstance(which, str) and which in names:
            return self.encodings[names.index(which)]
        if isinstance(which, int) and -len(names) <= which < len(names):
            return self.encodings[which]
        known = [repr(name) for name in names if name] or [str(number) for number in range(len(names))]
        raise UserError(f"There is no encoding {shown(which)}.", hint=did_you_mean(repr(which), known))

    @property
    def values(self) -> Floats:
        """Float32 `[position, dimension]` of the first encoding; of a relative one `[distance, head]`."""
        return self.encodings[0].values

    def similarity(self, head: int = 0) -> Floats:
        """Float32 `[position, position]` of the first encoding, see `Encoding.similarity`."""
        return self.encodings[0].similarity(head)

    def by_distance(self, head: int = 0) -> tuple[Integers, Floats]:
        """How that depends on the distance: int64 `[distance]` and float32 `[distance]`, of the first encoding."""
        return self.encodings[0].by_distance(head)

    def to_pandas(self, rows: Sequence[int] | None = None) -> pd.DataFrame:
        """The first encoding as a table: a row a position, a column a dimension; all rows, or some by number."""
        table = self.encodings[0].to_pandas()
        return table if rows is None else table.iloc[list(rows)]

    def plot(
        self, ax: Axes | None = None, *, encoding: int | str = 0, picture: str | None = None, head: int = 0
    ) -> Axes:
        """A heat map: a row a position, a column a dimension.

        Args:
            ax: where to draw; None makes a figure.
            encoding: which one, by number or name.
            picture: of rotations `cos`, `sin` or `angle`; `similarity` draws the matrix of positions.
            head: whose matrix, of a relative encoding.

        Raises:
            UserError: when there is no such encoding, picture or head.

        Example:
            >>> result.plot().figure.savefig("positions.svg")
        """
        from nbtransformers.results.positionsshown import heat_map

        return heat_map(self, self[encoding], picture, head, ax)

    @property
    def title(self) -> str:
        """Whose encodings they are."""
        return self.model or "The sinusoidal formula"

    def __str__(self) -> str:
        """Each encoding with its formula, and the notes, for a plain terminal."""
        from nbtransformers.results.positionsshown import as_text

        return as_text(self)

    def __repr__(self) -> str:
        return str(self)
