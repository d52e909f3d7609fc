"""Encodings of positions as bytes: a small JSON header and one binary buffer of named sections.

Of the encoding number N the payload has, sampled at even steps where it is large (`step` of the header, [row, column]):
`N_PICTURE` float32 `[position, column]` for each picture but the angles, which are the product of a position and
`N_frequencies` float32 `[pair]`; `N_alike` float32 `[position, position]`, and `N_distance` int32 with `N_by_distance`
float32; where it is sampled also `N_curves` float32 `[curve, position]`, some columns of the first picture at finer
steps. What a head adds, by query and key, is read off its bias. `tests/golden/positions.json` holds both sides to it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.panels.packing import packed, sendable
from nbtransformers.plain_text import count
from nbtransformers.results.positions import Encoding, Picture, Positions, RelativeEncoding, RotaryEncoding
from nbtransformers.results.run import pinned

VERSION = 1
MOST_POINTS = 512  # of a curve

_CELLS = 30_000  # of all pictures together, 120 kB; and a quarter of it for curves
_CURVES = 6  # that are drawn first
_HEADS = 8
_SIDE = 256  # cells of what a head adds by query and key, which the page makes
_CLIPPED = 0.995  # of the numbers that a model has learned: some few are so large that all others would look alike

Arrays = dict[str, NDArray[Any]]


def positions_header(result: Positions) -> tuple[dict[str, Any], bytes]:
    """The header and the payload."""
    arrays: Arrays = {}
    encodings: list[dict[str, Any]] = []
    cells = _CELLS // len(result.encodings)
    for number, encoding in enumerate(result.encodings):
        facts, own = _encoding(encoding, cells)
        encodings.append(facts)
        arrays |= {f"{number}_{name}": array for name, array in own.items()}
    sections, payload = packed(arrays)
    header = {
        "version": VERSION,
        "kind": "positions",
        "title": sendable(result.title),
        "subtitle": sendable(subtitle(result)),
        "rows": len(result.encodings[0].positions),
        "inline": True,
        "facts": [[name, sendable(value)] for name, value in facts_of(result)],
        "notes": list(map(sendable, result.notes)),
        "encodings": encodings,
        "sections": sections,
    }
    return header, payload


def subtitle(result: Positions) -> str:
    """What the encodings are, in a line."""
    if len(result.encodings) == 1:
        return result.encodings[0].told
    forms = " and ".join(dict.fromkeys(one.form for one in result.encodings))
    return f"{count(len(result.encodings), 'encoding')} of positions · {forms}"


def facts_of(result: Positions) -> list[tuple[str, str]]:
    """Where the numbers are from."""
    if not result.model:
        return [("Formula", "Vaswani et al. 2017, section 3.5")]
    where = [(one.name.capitalize() or "Module", one.source) for one in result.encodings if one.source]
    return [("Model", pinned(result.model, result.revision)), *where]


def step_of(length: int, most: int) -> int:
    """The step at which no more than so many of a side are taken."""
    return max(1, -(-length // max(1, most)))


def sent_pictures(encoding: Encoding) -> tuple[Picture, ...]:
    """The pictures that travel; angles are a product."""
    return tuple(name for name in encoding.pictures if name != "angle")


def curve_columns(encoding: Encoding) -> list[int]:
    """The columns that are drawn as curves first: of heads the first ones, of dimensions some far apart."""
    if isinstance(encoding, RelativeEncoding):
        return list(range(min(encoding.columns, _HEADS)))
    if encoding.columns <= _CURVES:
        return list(range(encoding.columns))
    # Even ones: of a table by the formula these are the sines.
    return np.unique(encoding.columns * np.arange(_CURVES) // _CURVES // 2 * 2).tolist()


def _encoding(encoding: Encoding, cells: int) -> tuple[dict[str, Any], Arrays]:
    names = sent_pictures(encoding)
    compared = not isinstance(encoding, RelativeEncoding)
    step = _steps(len(encoding.positions), encoding.columns, cells // (len(names) + compared))
    arrays: Arrays = {
        name: encoding.picture(name, slice(None, None, step[0]), slice(None, None, step[1])) for name in names
    }
    left = cells - sum(array.size for array in arrays.values())
    alike_step = step_of(encoding.side, int(left**0.5) if compared else _SIDE)
    if compared:
        some = slice(None, None, alike_step)
        distances, means = encoding.by_distance()
        few = slice(None, None, step_of(len(distances), MOST_POINTS))
        arrays |= {
            "alike": encoding.alike(some, some),
            "distance": distances[few].astype(np.int32),
            "by_distance": means[few],
        }
    if isinstance(encoding, RotaryEncoding):
        arrays["frequencies"] = encoding.frequencies
    curves = curve_columns(encoding)
    room = MOST_POINTS if step == [1, 1] else min(MOST_POINTS, cells // 4 // len(curves))
    curve_step = step_of(len(encoding.positions), room)
    if step != [1, 1]:
        lines = encoding.picture(names[0], slice(None, None, curve_step), curves)
        arrays["curves"] = np.ascontiguousarray(lines.T)
    made: Arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    facts = {
        "name": sendable(encoding.name),
        "form": encoding.form,
        "told": sendable(encoding.told),
        "source": sendable(encoding.source),
        "formula": list(map(sendable, encoding.formula)),
        "row": encoding.row,
        "column": encoding.column,
        "rows": len(encoding.positions),
        "columns": encoding.columns,
        "first": int(encoding.positions[0]),
        "side": encoding.side,
        "pictures": list(encoding.pictures),
        "most": [most_of(encoding, name) for name in encoding.pictures],
        "step": step,
        "alike_step": alike_step,
        "curves": curves,
        "curve_step": curve_step,
    }
    return facts, made


def _steps(rows: int, columns: int, cells: int) -> list[int]:
    """The steps, [row, column], at which so many cells at most are taken of a picture."""
    step = [1, 1]
    while -(-rows // step[0]) * -(-columns // step[1]) > cells:
        # The side that has more left is thinned first; a picture is about as wide as it is high.
        step[0 if rows / step[0] >= columns / step[1] else 1] += 1
    return step


def most_of(encoding: Encoding, name: Picture) -> float:
    """The size of a number that the end of the colours stands for."""
    if name == "angle" and isinstance(encoding, RotaryEncoding):
        return float(encoding.positions[-1] * encoding.frequencies.max(initial=0))
    sizes = np.abs(encoding.picture(name))
    if encoding.form == "learned":
        return float(np.quantile(sizes[:: step_of(len(sizes), MOST_POINTS)], _CLIPPED))
    return float(sizes.max(initial=0))
