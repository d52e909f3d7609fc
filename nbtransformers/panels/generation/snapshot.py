"""Generated texts as static HTML: each prompt and its text, every token shaded by its probability."""

from __future__ import annotations

from html import escape

from nbtransformers.panels.colours import HEX
from nbtransformers.panels.generation.prompts import Prompts, unit_of
from nbtransformers.panels.snapshot import QUIET, framed, note_line
from nbtransformers.plain_text import count, seconds
from nbtransformers.results.generation import ENDED, Generation
from nbtransformers.results.rows import row_names

SNAPSHOT_ROWS = 50
_MOST_TOKENS = 4_000  # in all: a token that is shaded is a hundred bytes of HTML
_PROMPT_CHARACTERS = 400
_SURE = 0.95  # a token that is likelier bears no shade, and needs no HTML

_TEXT = "white-space:pre-wrap;margin:2px 0;unicode-bidi:plaintext"


def generation_snapshot(panel_id: str, result: Generation) -> str:
    """Generated texts as HTML: the notes, and the first prompts, each with its text."""
    told = [count(len(result), unit_of(result)), f"{count(result.new_tokens, 'token')} written"]
    line = " · ".join([*told, seconds(result.run.seconds)])
    left = len(result) - SNAPSHOT_ROWS
    shade = f'<span style="{_shade(0.3)};padding:0 4px">unsure</span>'
    parts = [
        f'<p><strong dir="auto">{escape(result.run.model)}</strong> <span style="{QUIET}">{escape(line)}</span></p>',
        *map(note_line, result.notes),
        *_rows(result),
        f'<p style="{QUIET}">… {count(left, "more " + unit_of(result))}.</p>' if left > 0 else "",
        f'<p style="{QUIET}">The less likely a token was to the model, the darker: {shade}.</p>',
    ]
    return framed(panel_id, "".join(parts))


def _rows(result: Generation) -> list[str]:
    shown = min(len(result), SNAPSHOT_ROWS)
    most, mean = _MOST_TOKENS // max(1, shown), Prompts(result).mean
    found: list[str] = []
    for row, name in enumerate(row_names(result, range(shown))):
        prompt = result.prompts[row] or ""
        prompt = prompt if len(prompt) <= _PROMPT_CHARACTERS else prompt[:_PROMPT_CHARACTERS] + "…"
        number = f"{escape(name)} · " if len(result) > 1 else ""
        reason, tokens = result.reasons.get(row), int(result.found.counts[row])
        told = [count(tokens, "token"), *([f"mean probability {mean[row]:.2f}"] if tokens else [])]
        told += [ENDED[result.endings[row]]] if result.endings[row] else []
        text = f"<em>{escape(reason)}</em>" if reason is not None else _shaded(result, row, most)
        found.append(
            f'<div style="margin:8px 0;padding-left:8px;border-left:3px solid {HEX["grey"]}55">'
            f'<div style="{_TEXT};{QUIET}" dir="auto">{escape(prompt)}</div>'
            f'<div style="{_TEXT}" dir="auto">{text}</div>'
            f'<div style="{QUIET};font-size:11px">{number}{escape(" · ".join(told))}</div></div>'
        )
    return found


def _shaded(result: Generation, row: int, most: int) -> str:
    first, last = result.found.rows[row : row + 2].tolist()
    end = min(last, first + most)
    likely = result.found.flat["probability"][first:end].tolist()
    parts: list[str] = []
    for piece, probability in zip(result.pieces[first:end], likely, strict=True):
        if not piece:
            continue
        if probability >= _SURE:
            parts.append(escape(piece))
        else:
            parts.append(f'<span style="{_shade(probability)}" title="{probability:.3f}">{escape(piece)}</span>')
    more = f'<span style="{QUIET}"> … {count(last - end, "more token")}</span>' if last > end else ""
    return "".join(parts) + more


def _shade(probability: float) -> str:
    """A half transparent colour, which suits a light and a dark page alike."""
    return f"background-color:{HEX['orange']}{round(150 * (1 - probability)):02x}"
