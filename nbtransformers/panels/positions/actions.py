"""What the panel of position encodings can have done: its numbers and its pictures written into files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from nbtransformers.panels.channel import Answer, Method
from nbtransformers.panels.export import Fill, figure_file, file_name, one_of, table_file
from nbtransformers.panels.positions.methods import ALIKE, encoding_of, number_of, picture_of
from nbtransformers.panels.positions.wire import sent_pictures
from nbtransformers.results.positions import Encoding, Floats, Integers, Positions, RotaryEncoding

if TYPE_CHECKING:
    import pandas as pd

    from nbtransformers.panels.widget import Panel


def actions(result: Positions, panel: Panel) -> dict[str, Method]:
    """`export`: a picture as CSV or as a figure, or all numbers as NPZ."""
    return {"export": lambda params: _write(result, params)}


def arrays_of(result: Positions) -> dict[str, Floats | Integers]:
    """All numbers of all encodings: their `positions`, each picture by its name, and of rotations their `frequencies`.

    Of several encodings each array has the name of its own before it, such as `encoder_bias`.
    """
    found: dict[str, Floats | Integers] = {}
    for number, encoding in enumerate(result.encodings):
        prefix = f"{file_name(encoding.name) or number}_" if len(result.encodings) > 1 else ""
        arrays = {"positions": encoding.positions, **{name: encoding.picture(name) for name in sent_pictures(encoding)}}
        if isinstance(encoding, RotaryEncoding):
            arrays["frequencies"] = encoding.frequencies
        found |= {f"{prefix}{name}": array for name, array in arrays.items()}
    return found


def _write(result: Positions, params: dict[str, Any]) -> Answer:
    what, encoding = str(params.get("what")), encoding_of(result, params)
    name = f"{result.model or 'sinusoidal'} positions"
    if what == "npz":
        return one_of(what, {what: lambda file: _fill_arrays(result, file)}, name)
    alike = params.get("picture") == ALIKE
    picture = "similarity" if alike else picture_of(encoding, str(params.get("picture")))
    head = number_of(params.get("head", 0), encoding.columns, "head") if alike else 0
    at = result.encodings.index(encoding)
    rows, columns = (encoding.side,) * 2 if alike else (len(encoding.positions), encoding.columns)
    keep = f"positions[{at}].{'similarity' if alike else 'picture'}({head if alike else repr(picture)})"
    fills: dict[str, Fill] = {
        "csv": table_file(rows, columns, lambda: _table(encoding, picture, head), keep),
        **{
            kind: figure_file(kind, lambda axes: result.plot(axes, encoding=at, picture=picture, head=head))
            for kind in ("png", "svg")
        },
    }
    which = f" head {head}" if alike and encoding.form == "relative" else ""
    return one_of(what, fills, f"{name} {encoding.name} {picture}{which}")


def _table(encoding: Encoding, picture: Any, head: int) -> pd.DataFrame:
    import pandas as pd

    if picture != "similarity":
        return encoding.to_pandas(picture)
    if encoding.form == "relative":
        return pd.DataFrame(encoding.similarity(head)).rename_axis("query")
    places = encoding.positions
    return pd.DataFrame(encoding.similarity(), index=pd.Index(places, name=encoding.row), columns=places)


def _fill_arrays(result: Positions, file: BinaryIO) -> tuple[int, tuple[str, ...]]:
    arrays: dict[str, Any] = {**arrays_of(result)}
    np.savez(file, **arrays)
    return len(result.encodings[0].positions), ()
