"""Position encodings for people: a heat map, and words in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nbtransformers.errors import UserError, did_you_mean, shown
from nbtransformers.plain_text import printable
from nbtransformers.results.figures import canvas, titled
from nbtransformers.results.positions import Encoding, Positions
from nbtransformers.results.run import pinned
from nbtransformers.results.terminal import line_table, printed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIDE = 1_024  # rows or columns of a figure, which has no more dots
_DISTANCES = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)  # told in a terminal


def heat_map(result: Positions, encoding: Encoding, picture: str | None, head: int, ax: Axes | None) -> Axes:
    """A picture of an encoding; of a long one, rows and columns at even steps."""
    names = (*encoding.pictures, "similarity")
    if picture is not None and picture not in names:
        raise UserError(f"There is no picture {shown(picture)}.", hint=did_you_mean(str(picture), names))
    ax = canvas(ax, 5.0, width=7.2)
    square = picture == "similarity"
    down, across = _spread(encoding.side if square else len(encoding.positions)), _spread(encoding.columns)
    if square:
        values = encoding.alike(down, down, head)
        is_bias = encoding.form == "relative"
        labels = ("key", "query") if is_bias else (encoding.row, encoding.row)
        first = 0 if is_bias else int(encoding.positions[0])
        last = first + encoding.side - 1
        extent = (first - 0.5, last + 0.5, last + 0.5, first - 0.5)
    else:
        values = encoding.picture(picture or encoding.pictures[0], down, across)  # pyright: ignore[reportArgumentType]
        labels = (encoding.column, encoding.row)
        first, last = int(encoding.positions[0]), int(encoding.positions[-1])
        extent = (-0.5, encoding.columns - 0.5, last + 0.5, first - 0.5)
    most = float(np.nanmax(np.abs(values), initial=0)) or 1.0
    signed = bool(np.nanmin(values, initial=0) < 0)
    image = ax.imshow(
        values,
        aspect="auto",
        cmap="RdBu_r" if signed else "viridis",
        vmin=-most if signed else None,
        vmax=most if signed else None,
        extent=extent,
        interpolation="nearest",
    )
    ax.figure.colorbar(image, ax=ax, shrink=0.8)
    ax.set_xlabel(labels[0])
    ax.set_ylabel(labels[1])
    of_head = f"head {head}" if square and encoding.form == "relative" else ""
    return titled(ax, " · ".join(filter(None, (result.title, encoding.name, encoding.form, of_head))), boxed=True)


def _spread(number: int) -> Any:
    return np.unique(np.linspace(0, number - 1, min(number, _SIDE)).round().astype(np.int64))


def as_text(result: Positions) -> str:
    """Each encoding with its formula and what it is by distance, and the notes."""
    parts: list[Any] = [printable(pinned(result.title, result.revision))]
    for encoding in result.encodings:
        parts += [
            repr(encoding),
            *(f"    {line}" for line in encoding.formula),
            _distances(encoding),
        ]
    return printed(*parts, *(f"Note: {note}" for note in result.notes))


def _distances(encoding: Encoding) -> Any:
    distances, values = encoding.by_distance()
    found = [int(np.flatnonzero(np.abs(distances) == far)[0]) for far in _DISTANCES if far < encoding.side]
    what = "bias of head 0" if encoding.form == "relative" else "similarity"
    rows = [(str(int(distances[at])), f"{values[at]:.4f}") for at in found]
    return line_table(("distance", what), rows, right=("distance",))
