"""A classification as static HTML: the totals, the notes, and the first rows."""

from __future__ import annotations

from html import escape

from nbtransformers.panels.colours import HEX, label_colours
from nbtransformers.panels.snapshot import CELL, QUIET, framed, note_line
from nbtransformers.plain_text import count, seconds
from nbtransformers.results.classification import Classification, shown_labels
from nbtransformers.results.rows import row_names

SNAPSHOT_ROWS = 50
_TEXT_CHARACTERS = 400
_MOST_TOTALS = 12

# Notebooks lay their tables out by the widths of the first row, all alike where none is given.
_COLUMNS = (("", "7%"), ("label", "24%"), ("score", "12%"), ("text", "57%"))


def classification_snapshot(panel_id: str, result: Classification) -> str:
    """A classification as HTML: the totals, the notes, and the first rows."""
    colours = [HEX[name] for name in label_colours(result.labels)]
    parts = [
        _title(result),
        _totals(result, colours),
        *map(note_line, result.notes),
        _rows(result, colours),
        _method(result),
    ]
    return framed(panel_id, "".join(parts))


def _title(result: Classification) -> str:
    line = f"{count(len(result), 'text')} · {seconds(result.run.seconds)} · {result.run.device}"
    return f'<p><strong dir="auto">{escape(result.run.model)}</strong> <span style="{QUIET}">{escape(line)}</span></p>'


def _method(result: Classification) -> str:
    return f'<p style="{QUIET}">Scores: {escape(result.method)}.</p>' if result.method else ""


def _totals(result: Classification, colours: list[str]) -> str:
    without = len(result) - int(result.scored.sum())
    if result.problem == "regression":
        return _spread(result, without)
    totals = list(zip(result.labels, result.assigned.sum(axis=0).tolist(), colours, strict=True))
    left = len(totals) - _MOST_TOTALS
    if left > 0:
        totals = sorted(totals, key=lambda total: -total[1])[:_MOST_TOTALS]
    cells = [_bar_row(name, total, total / max(1, len(result)), colour) for name, total, colour in totals]
    if left > 0:
        cells.append(f'<tr style="background:none"><td style="{CELL};{QUIET}">… {count(left, "more label")}</td></tr>')
    if without:
        cells.append(_bar_row("without a score", without, without / len(result), HEX["grey"]))
    return f'<table role="presentation" style="border:none;margin:4px 0 8px 0"><tbody>{"".join(cells)}</tbody></table>'


def _bar_row(name: str, total: int, share: float, colour: str) -> str:
    bar = f'<div style="height:10px;width:{round(160 * share)}px;background-color:{colour};border-radius:3px"></div>'
    return (
        f'<tr style="background:none"><td style="{CELL}" dir="auto">{escape(name)}</td>'
        f'<td style="{CELL};text-align:right">{total:,}</td>'
        f'<td style="{CELL};{QUIET}">{share:.0%}</td><td style="{CELL};width:160px">{bar}</td></tr>'
    )


def _spread(result: Classification, without: int) -> str:
    values = result.scores[result.scored]
    parts = [f"mean {values.mean():.3f} · from {values.min():.3f} to {values.max():.3f}"] if len(values) else []
    parts += [f"without a score {without:,}"] if without else []
    return f"<p>{escape(' · '.join(parts))}</p>"


def _rows(result: Classification, colours: list[str]) -> str:
    shown = min(len(result), SNAPSHOT_ROWS)
    if not shown:
        return "<p><em>No texts.</em></p>"
    heads = "".join(f'<th style="{CELL};width:{width}">{head}</th>' for head, width in _COLUMNS)
    names = row_names(result, range(shown))
    body = "".join(_row(result, row, name, colours) for row, name in enumerate(names))
    left = len(result) - shown
    more = f'<p style="{QUIET}">… {count(left, "more row")}.</p>' if left else ""
    return f'<table style="width:100%;margin:0"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{more}'


def _row(result: Classification, row: int, name: str, colours: list[str]) -> str:
    text = result.texts[row] or ""
    text = text if len(text) <= _TEXT_CHARACTERS else text[:_TEXT_CHARACTERS] + "…"
    reason = result.reasons.get(row)
    if reason is not None:
        label, score = f'<em style="{QUIET}">{escape(reason)}</em>', "–"
    else:
        label, score = _labels(result, row, colours), _score(result, row, colours)
    return (
        f'<tr><td style="{CELL};{QUIET}">{escape(name)}</td><td style="{CELL}">{label}</td>'
        f'<td style="{CELL}">{score}</td><td style="{CELL}" dir="auto">{escape(text)}</td></tr>'
    )


def _labels(result: Classification, row: int, colours: list[str]) -> str:
    if result.problem == "regression":
        return ""
    return " ".join(
        f'<span style="border-left:4px solid {colours[number]};padding:0 6px" dir="auto">'
        f"{escape(result.labels[number])}</span>"
        for number in shown_labels(result, row)
    )


def _score(result: Classification, row: int, colours: list[str]) -> str:
    best = int(result.scores[row].argmax())
    value = float(result.scores[row, best])
    if result.problem == "regression":
        return f"{value:.3f}"
    width = round(60 * min(1.0, max(0.0, value)))
    bar = f'<div style="height:3px;width:{width}px;background-color:{colours[best]};border-radius:2px"></div>'
    return f"{value:.3f}{bar}"
