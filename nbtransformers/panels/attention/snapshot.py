"""Attention as static HTML: the maps of all heads, the strongest heads by each measure, the notes."""

from __future__ import annotations

from html import escape

import numpy as np

from nbtransformers.errors import UserError
from nbtransformers.panels.attention.picture import PIXELS, grid_uri
from nbtransformers.panels.attention.wire import seen_of, subtitle, texts_of
from nbtransformers.panels.snapshot import CELL, QUIET, framed, note_line
from nbtransformers.plain_text import count
from nbtransformers.results.attention import Attention
from nbtransformers.results.attentionmaps import Floats, Part
from nbtransformers.results.attentionmeasures import MEASURES

TEXT_CHARACTERS = 400

_STRONGEST = 3  # heads of a measure
_HEAD_SIDE = (16, 40)  # pixels of a head on the page
_WIDTH, _HEIGHT = 640, 640  # of all heads, about
_NOTHING = 0.005  # what is less is written as 0 %

_PARTS: dict[Part, str] = {
    "self": "Attention of the text to itself",
    "cross": "Attention of the decoder to the encoder's text",
    "encoder": "Attention of the encoder's text to itself",
}
_DECODER = "Attention of the decoder's text to itself"

# What a measure is called, how a value of it is written, and whether the greatest values are the telling ones.
_TOLD: dict[str, tuple[str, str, bool]] = {
    "entropy": ("most focused (entropy in nats)", ".2f", False),
    "distance": ("farthest on average (tokens)", ".1f", True),
    "special": ("on special tokens", ".0%", True),
    "previous": ("on the previous token", ".0%", True),
    "next": ("on the next token", ".0%", True),
    "first": ("on the first token", ".0%", True),
    "induction": ("on what followed the same token before", ".0%", True),
}


def attention_snapshot(panel_id: str, result: Attention) -> str:
    """An attention as HTML: as much of it as a page holds."""
    what = "difference of attention" if result.signed else "attention"
    line = f"{what} · {subtitle(result)}"
    parts = [
        f'<p><strong dir="auto">{escape(result.run.model)}</strong> <span style="{QUIET}">{escape(line)}</span></p>',
        *map(note_line, result.notes),
        *_texts(result),
        *(_part(result, part) for part in result.maps.parts),
    ]
    return framed(panel_id, "".join(parts))


def _texts(result: Attention) -> list[str]:
    found = (text for text in texts_of(result).values() if text)
    return [f'<p dir="auto" style="white-space:pre-wrap">{escape(_short(text))}</p>' for text in found]


def _part(result: Attention, part: Part) -> str:
    try:
        seen = seen_of(result, part)
    except UserError as error:
        return note_line(str(error))
    shape = result.maps.extent(part)
    uri, width, height = grid_uri(seen.pictures, signed=result.signed, pixels=PIXELS // len(result.maps.parts))
    least, most = _HEAD_SIDE
    shown = shape.heads * max(least, min(most, _WIDTH // shape.heads, _HEIGHT // shape.layers))
    title = _DECODER if part == "self" and result.encoded is not None else _PARTS[part]
    from_ = "" if seen.sampled is None else f"; drawn and measured from {count(seen.sampled, 'query', 'queries')}"
    more = "blue for more, orange for less" if result.signed else "the bluer, the more weight"
    said = (
        f"{title}: a row a layer, from 0 above to {shape.layers - 1}, a column a head, from 0 to {shape.heads - 1}; in "
        f"each, queries from above and keys from the left, {more}, on a scale of its own{from_}."
    )
    return (
        f'<img src="{uri}" alt="{escape(title)}" width="{shown}" height="{round(shown * height / width)}" '
        'style="image-rendering:pixelated;max-width:100%;margin:0">'
        f'<p style="{QUIET}">{escape(said)}</p>{_strongest(seen.measures)}'
    )


def _strongest(measures: Floats) -> str:
    """The heads that a measure is strongest of, the strongest first."""
    lines: list[str] = []
    for name, values in zip(MEASURES, measures, strict=True):
        title, written, greatest = _TOLD[name]
        flat = values.ravel()
        order = np.argsort(-flat if greatest else flat, kind="stable")[:_STRONGEST]
        places = [divmod(place, values.shape[1]) for place in order.tolist() if np.isfinite(flat[place])]
        told = " · ".join(f"{layer}.{head} ({format(values[layer, head], written)})" for layer, head in places)
        if told and not (greatest and values[places[0]] < _NOTHING):
            lines.append(f'<tr><td style="{CELL}">{escape(title)}</td><td style="{CELL}">{escape(told)}</td></tr>')
    heads = f'<th style="{CELL}">heads</th><th style="{CELL}">layer.head</th>'
    return f'<table style="margin:0 0 8px 0"><thead><tr>{heads}</tr></thead><tbody>{"".join(lines)}</tbody></table>'


def _short(text: str) -> str:
    return text if len(text) <= TEXT_CHARACTERS else text[:TEXT_CHARACTERS] + "…"
