"""What the panel of position encodings can be asked: finer parts of a picture, and other curves."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import UserError, shown
from nbtransformers.panels.channel import Answer, Method
from nbtransformers.panels.packing import packed
from nbtransformers.panels.positions.wire import MOST_POINTS, step_of
from nbtransformers.results.positions import Encoding, Picture, Positions

ALIKE = "alike"
"""The picture of each position with each."""

_SIDE = 256  # cells of a tile
_MOST_CURVES = 16
_HINT = "Run the cell again."


def methods(result: Positions) -> dict[str, Method]:
    """The questions about a result: `tile` (a part of a picture), `curves` (columns of one)."""
    return {"tile": lambda params: _tile(result, params), "curves": lambda params: _curves(result, params)}


def _tile(result: Positions, params: dict[str, Any]) -> Answer:
    """Some rows and columns of a picture, at even steps: `rows` and `columns` are each [start, stop, cells].

    A cell is the number at the first of its places, never a mean: waves would cancel each other out.
    `row_starts` and `column_starts` `[cell + 1]` tell where cells begin.
    """
    encoding = encoding_of(result, params)
    picture = str(params.get("picture"))
    square = picture == ALIKE
    rows = _places(params.get("rows"), encoding.side if square else len(encoding.positions))
    columns = _places(params.get("columns"), encoding.side if square else encoding.columns)
    if square:
        values = encoding.alike(rows[:-1], columns[:-1], number_of(params.get("head", 0), encoding.columns, "head"))
    else:
        values = encoding.picture(picture_of(encoding, picture), rows[:-1], columns[:-1])
    starts = {"row_starts": rows.astype(np.uint32), "column_starts": columns.astype(np.uint32)}
    return _answered({"values": np.ascontiguousarray(values, dtype=np.float32), **starts})


def _curves(result: Positions, params: dict[str, Any]) -> Answer:
    """Some columns of a picture: `values` float32 `[column, position]`, at the `step` that is asked for, or more."""
    encoding = encoding_of(result, params)
    given = params.get("columns")
    asked = cast("list[Any]", given)[:_MOST_CURVES] if isinstance(given, list) else []
    columns = [number_of(column, encoding.columns, encoding.column) for column in asked]
    step = max(step_of(len(encoding.positions), MOST_POINTS), int(params.get("step") or 1))
    values = encoding.picture(picture_of(encoding, str(params.get("picture"))), slice(None, None, step), columns)
    return _answered({"values": np.ascontiguousarray(values.T, dtype=np.float32)}, step=step)


def encoding_of(result: Positions, params: dict[str, Any]) -> Encoding:
    """The encoding that is asked for.

    Raises:
        UserError: when there is none such.
    """
    return result.encodings[number_of(params.get("encoding"), len(result.encodings), "encoding")]


def picture_of(encoding: Encoding, name: str) -> Picture:
    """The name of one of its pictures.

    Raises:
        UserError: when there is none such.
    """
    for picture in encoding.pictures:
        if picture == name:
            return picture
    raise UserError(f"There is no picture {shown(name)}.", hint=_HINT)


def number_of(given: Any, total: int, what: str) -> int:
    """The number of one of so many.

    Raises:
        UserError: when it is none.
    """
    if isinstance(given, int | float) and given == int(given) and 0 <= given < total:
        return int(given)
    raise UserError(f"There is no {what} {shown(given)}.", hint=_HINT)


def _places(given: Any, length: int) -> NDArray[np.int64]:
    """The places that a stretch begins its cells with, and where it ends."""
    values = cast("list[Any]", given) if isinstance(given, list) else []
    if len(values) != 3 or not all(isinstance(value, int | float) for value in values):
        raise UserError(f"{shown(given)} is no stretch of positions.", hint=_HINT)
    start, stop, cells = (int(value) for value in values)
    start, stop = max(0, start), min(length, stop)
    if start >= stop:
        raise UserError(f"{shown(given)} is no stretch of positions.", hint=_HINT)
    step = step_of(stop - start, min(_SIDE, max(1, cells)))
    return np.append(np.arange(start, stop, step), stop)


def _answered(arrays: dict[str, NDArray[Any]], **facts: Any) -> Answer:
    sections, payload = packed(arrays)
    return {**facts, "sections": sections}, [payload]
