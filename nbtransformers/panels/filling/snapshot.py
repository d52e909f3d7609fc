"""Filled masks as static HTML: the first texts, with the likeliest fillings of each mask."""

from __future__ import annotations

from html import escape

from nbtransformers.panels.colours import HEX
from nbtransformers.panels.snapshot import CELL, QUIET, framed, note_line
from nbtransformers.plain_text import count, seconds
from nbtransformers.results.filling import Filling
from nbtransformers.results.rows import row_names

SNAPSHOT_ROWS = 50
_TEXT_CHARACTERS = 400
_FILLINGS = 5

_COLUMNS = (("", "7%"), ("text", "53%"), ("fillings", "40%"))


def filling_snapshot(panel_id: str, result: Filling) -> str:
    """Filled masks as HTML: the title, the notes, and the first rows."""
    line = f"{count(len(result), 'text')} · {seconds(result.run.seconds)} · {result.run.device}"
    title = f'<p><strong dir="auto">{escape(result.run.model)}</strong> <span style="{QUIET}">{escape(line)}</span></p>'
    return framed(panel_id, "".join([title, *map(note_line, result.notes), _rows(result)]))


def _rows(result: Filling) -> str:
    shown = min(len(result), SNAPSHOT_ROWS)
    if not shown:
        return "<p><em>No texts.</em></p>"
    heads = "".join(f'<th style="{CELL};width:{width}">{head}</th>' for head, width in _COLUMNS)
    body = "".join(_row(result, row, name) for row, name in enumerate(row_names(result, range(shown))))
    left = len(result) - shown
    more = f'<p style="{QUIET}">… {count(left, "more text")}.</p>' if left else ""
    return f'<table style="width:100%;margin:0"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{more}'


def _row(result: Filling, row: int, name: str) -> str:
    reason, text = result.reasons.get(row), _clipped(result.prompts[row] or "")
    if reason is not None:
        fillings = f'<em style="{QUIET}">{escape(reason)}</em>'
    else:
        text = _clipped(result.filled(row) or "")
        pairs = zip(result.tokens[row], result.probabilities[row], strict=True)
        fillings = "".join(_mask(found[:_FILLINGS], likely.tolist()) for found, likely in pairs)
    return (
        f'<tr><td style="{CELL};{QUIET}">{escape(name)}</td><td style="{CELL}" dir="auto">{escape(text)}</td>'
        f'<td style="{CELL}">{fillings}</td></tr>'
    )


def _mask(tokens: list[str], probabilities: list[float]) -> str:
    shown = zip(tokens, probabilities, strict=False)
    return f'<div style="margin:0 0 6px 0">{"".join(_filling(*pair) for pair in shown)}</div>'


def _filling(token: str, probability: float) -> str:
    width = round(60 * min(1.0, max(0.0, probability)))
    bar = f'<div style="height:3px;width:{width}px;background-color:{HEX["blue"]};border-radius:2px"></div>'
    return f'<div><strong dir="auto">{escape(token)}</strong> <span style="{QUIET}">{probability:.3f}</span>{bar}</div>'


def _clipped(text: str) -> str:
    return text if len(text) <= _TEXT_CHARACTERS else f"{text[:_TEXT_CHARACTERS]}…"
