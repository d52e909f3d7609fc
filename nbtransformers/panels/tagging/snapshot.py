"""Entities as static HTML: how many of each type, the notes, and the first texts with their entities marked."""

from __future__ import annotations

from html import escape

from nbtransformers.panels.colours import HEX, label_colours
from nbtransformers.panels.snapshot import CELL, QUIET, framed, note_line
from nbtransformers.plain_text import count, seconds
from nbtransformers.results.entities import Entities, Span
from nbtransformers.results.rows import row_names

SNAPSHOT_ROWS = 50
_TEXT_CHARACTERS = 600
_WHOLE = 10_000  # of a single text
_MOST_TYPES = 24

_COLUMNS = (("", "8%"), ("text", "92%"))


def entities_snapshot(panel_id: str, result: Entities) -> str:
    """Entities as HTML: the totals, the notes, and the first texts."""
    colours = dict(zip(result.types, (HEX[name] for name in label_colours(result.types)), strict=True))
    found = count(len(result.found.flat), "entity", "entities")
    line = f"{count(len(result), 'text')} · {found} · {seconds(result.run.seconds)} · {result.run.device}"
    parts = [
        f'<p><strong dir="auto">{escape(result.run.model)}</strong> <span style="{QUIET}">{escape(line)}</span></p>',
        _legend(result, colours),
        *map(note_line, result.notes),
        _rows(result, colours),
    ]
    return framed(panel_id, "".join(parts))


def _legend(result: Entities, colours: dict[str, str]) -> str:
    totals = [(name, total) for name, total in result.totals.items() if total]
    left = len(totals) - _MOST_TYPES
    if left > 0:
        totals = sorted(totals, key=lambda total: -total[1])[:_MOST_TYPES]
    shown = [
        f'<span style="border-bottom:3px solid {colours[name]};margin-right:14px;white-space:nowrap">'
        f"<bdi>{escape(name)}</bdi> {total:,}</span>"
        for name, total in totals
    ]
    if left > 0:
        shown.append(f'<span style="{QUIET}">… {count(left, "more type")}</span>')
    return f'<p style="margin:4px 0 8px 0;line-height:2">{" ".join(shown)}</p>' if shown else ""


def _rows(result: Entities, colours: dict[str, str]) -> str:
    shown = min(len(result), SNAPSHOT_ROWS)
    if not shown:
        return "<p><em>No texts.</em></p>"
    heads = "".join(f'<th style="{CELL};width:{width}">{head}</th>' for head, width in _COLUMNS)
    most = _WHOLE if len(result) == 1 else _TEXT_CHARACTERS
    names = row_names(result, range(shown))
    body = "".join(_row(result, row, name, colours, most) for row, name in enumerate(names))
    left = len(result) - shown
    more = f'<p style="{QUIET}">… {count(left, "more row")}.</p>' if left else ""
    return f'<table style="width:100%;margin:0"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{more}'


def _row(result: Entities, row: int, name: str, colours: dict[str, str], most: int) -> str:
    reason, text = result.reasons.get(row), result.texts[row] or ""
    if reason is None:
        shown = _marked(text, result.spans[row], colours, most)
    else:
        shown = f'<em style="{QUIET}">{escape(reason)}</em> {escape(text[:_TEXT_CHARACTERS])}'
    return f'<tr><td style="{CELL};{QUIET}">{escape(name)}</td><td style="{CELL}" dir="auto">{shown}</td></tr>'


def _marked(text: str, spans: list[Span], colours: dict[str, str], most: int) -> str:
    """A text, or its beginning, with its entities coloured and named."""
    parts: list[str] = []
    at = 0
    for start, end, label, _, inside in spans:
        if end > most:
            break
        colour = colours[label]
        parts.append(escape(text[at:start]))
        parts.append(
            f'<span style="background-color:{colour}33;border-bottom:2px solid {colour};border-radius:3px;'
            f'padding:0 2px"><bdi>{escape(inside)}</bdi> <bdi style="font-size:9px;opacity:0.8">{escape(label)}</bdi>'
            "</span>"
        )
        at = end
    stop = max(at, most)
    return "".join([*parts, escape(text[at:stop]), "…" if stop < len(text) else ""])
