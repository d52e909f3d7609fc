"""Encodings of positions as static HTML: the formula, a heat map, which positions are alike, and that by distance."""

from __future__ import annotations

from html import escape

import numpy as np

from nbtransformers.panels.attention.picture import grid_uri
from nbtransformers.panels.positions.wire import most_of, step_of, subtitle
from nbtransformers.panels.snapshot import CELL, QUIET, framed, note_line
from nbtransformers.results.positions import Encoding, Floats, Positions

_SIDE = 150  # cells of a picture
_WIDTH, _HEIGHT = 480, 220  # pixels on the page
_SHOWN = 4  # encodings with pictures; a model with more has one a layer
_DISTANCES = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256)


def positions_snapshot(panel_id: str, result: Positions) -> str:
    """Encodings of positions as HTML."""
    parts = [
        f'<p><strong dir="auto">{escape(result.title)}</strong> '
        f'<span style="{QUIET}">{escape(subtitle(result))}</span></p>',
        *map(note_line, result.notes),
        *map(_encoding, result.encodings[:_SHOWN]),
        *(f"<p>{escape(f'{one.name}: {one.told}')}</p>" for one in result.encodings[_SHOWN:]),
    ]
    return framed(panel_id, "".join(parts))


def _encoding(encoding: Encoding) -> str:
    rows = slice(None, None, step_of(len(encoding.positions), _SIDE))
    columns = slice(None, None, step_of(encoding.columns, _SIDE))
    end = most_of(encoding, encoding.pictures[0])
    seen = np.clip(encoding.picture(encoding.pictures[0], rows, columns), -end, end)
    some = slice(None, None, step_of(encoding.side, _SIDE))
    name = f"<p><strong>{escape(encoding.name)}</strong> {escape(encoding.told)}</p>" if encoding.name else ""
    lines = "".join(f"<div><code>{escape(line)}</code></div>" for line in encoding.formula)
    sampled = "".join(
        f"; every {_nth(side.step)} {what} is drawn"
        for side, what in ((rows, encoding.row), (columns, encoding.column))
        if side.step > 1
    )
    first, last = int(encoding.positions[0]), int(encoding.positions[-1])
    said = f"A row a {encoding.row}, from {first} to {last}; a column a {encoding.column}{sampled}."
    alike = (
        "What head 0 adds, queries down and keys across"
        if encoding.form == "relative"
        else f"How alike {encoding.row}s are"
    )
    return (
        f"{name}{lines}"
        f"{_image(seen, said, (_WIDTH, _HEIGHT))}{_image(encoding.alike(some, some), f'{alike}.', (_HEIGHT, _HEIGHT))}"
        f"{_distances(encoding)}"
    )


def _nth(number: int) -> str:
    last = number % 10 if number % 100 not in (11, 12, 13) else 0
    return f"{number}{({1: 'st', 2: 'nd', 3: 'rd'}).get(last, 'th')}"


def _image(values: Floats, said: str, size: tuple[int, int]) -> str:
    signed = bool(np.nanmin(values, initial=0) < 0)
    uri, _, _ = grid_uri(values[None, None], signed=signed)
    colours = "blue above zero, orange below" if signed else "the bluer, the more"
    return (
        f'<img src="{uri}" alt="{escape(said)}" width="{size[0]}" height="{size[1]}" '
        'style="image-rendering:pixelated;max-width:100%;margin:6px 0 0 0">'
        f'<p style="{QUIET}">{escape(f"{said[:-1]}; {colours}.")}</p>'
    )


def _distances(encoding: Encoding) -> str:
    distances, values = encoding.by_distance()
    places = [np.flatnonzero(np.abs(distances) == far) for far in _DISTANCES if far < encoding.side]
    found = [int(place[0]) for place in places if len(place)]
    style = f"{CELL};white-space:nowrap"
    heads = "".join(f'<th style="{style};font-weight:400">{distances[at]}</th>' for at in found)
    cells = "".join(f'<td style="{style}">{values[at]:.3f}</td>' for at in found)
    what = "bias of head 0" if encoding.form == "relative" else "similarity"
    return (
        f'<table style="margin:0 0 8px 0"><tr><th style="{style}">distance</th>{heads}</tr>'
        f'<tr style="background:none"><th style="{style}">{what}</th>{cells}</tr></table>'
    )
