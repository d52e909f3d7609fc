"""Answers as static HTML: the first rows, each with its question, its answers, and what stands around the best."""

from __future__ import annotations

from html import escape

from nbtransformers.panels.colours import HEX
from nbtransformers.panels.snapshot import CELL, QUIET, framed, note_line
from nbtransformers.plain_text import count, seconds
from nbtransformers.results.answers import NO_ANSWER, Answer, Answers
from nbtransformers.results.rows import row_names

SNAPSHOT_ROWS = 50
_QUESTION_CHARACTERS = 300
_ANSWER_CHARACTERS = 300
_ANSWERS = 5
_AROUND = 160  # characters of the context on either side of the best answer
_WHOLE = 3_000  # of the context of a single question

_COLUMNS = (("", "7%"), ("question", "33%"), ("answer", "60%"))


def answers_snapshot(panel_id: str, result: Answers) -> str:
    """Answers as HTML: the title, the notes, and the first rows."""
    line = f"{count(len(result), 'question')} · {seconds(result.run.seconds)} · {result.run.device}"
    title = f'<p><strong dir="auto">{escape(result.run.model)}</strong> <span style="{QUIET}">{escape(line)}</span></p>'
    return framed(panel_id, "".join([title, *map(note_line, result.notes), _rows(result)]))


def _rows(result: Answers) -> str:
    shown = min(len(result), SNAPSHOT_ROWS)
    if not shown:
        return "<p><em>No questions.</em></p>"
    heads = "".join(f'<th style="{CELL};width:{width}">{head}</th>' for head, width in _COLUMNS)
    around = _WHOLE if len(result) == 1 else _AROUND
    names = row_names(result, range(shown))
    body = "".join(_row(result, row, name, around) for row, name in enumerate(names))
    left = len(result) - shown
    more = f'<p style="{QUIET}">… {count(left, "more question")}.</p>' if left else ""
    return f'<table style="width:100%;margin:0"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{more}'


def _row(result: Answers, row: int, name: str, around: int) -> str:
    reason, question = result.reasons.get(row), _clipped(result.questions[row] or "", _QUESTION_CHARACTERS)
    if reason is not None:
        shown = f'<em style="{QUIET}">{escape(reason)}</em>'
    else:
        found = result.of(row)
        left = len(found) - _ANSWERS
        more = f'<div style="{QUIET}">… {count(left, "more answer")}</div>' if left > 0 else ""
        shown = "".join(map(_answer, found[:_ANSWERS])) + more + _context(result, row, found, around)
    return (
        f'<tr><td style="{CELL};{QUIET}">{escape(name)}</td><td style="{CELL}" dir="auto">{escape(question)}</td>'
        f'<td style="{CELL}">{shown}</td></tr>'
    )


def _answer(answer: Answer) -> str:
    width = round(60 * min(1.0, max(0.0, answer.score)))
    bar = f'<div style="height:3px;width:{width}px;background-color:{HEX["blue"]};border-radius:2px"></div>'
    if answer.answer is None:
        text = f'<em style="{QUIET}">{NO_ANSWER}</em>'
    else:
        text = f'<strong dir="auto">{escape(_clipped(answer.answer, _ANSWER_CHARACTERS))}</strong>'
    return f'<div>{text} <span style="{QUIET}">{answer.score:.3f}</span>{bar}</div>'


def _context(result: Answers, row: int, found: list[Answer], around: int) -> str:
    """What stands around the best answer, which is marked."""
    context = result.texts[row].context or ""
    best = next((answer for answer in found if answer.start >= 0), None)
    if best is None:
        return f'<p style="{QUIET};margin:4px 0 0 0" dir="auto">{escape(_clipped(context, 2 * around))}</p>'
    start, stop = max(0, best.start - around), min(len(context), best.end + around)
    before, behind = context[start : best.start], context[best.end : stop]
    marked = (
        f'<span style="background-color:{HEX["blue"]}44;border-bottom:2px solid {HEX["blue"]}">'
        f"{escape(context[best.start : best.end])}</span>"
    )
    shown = f"{'…' if start else ''}{escape(before)}{marked}{escape(behind)}{'…' if stop < len(context) else ''}"
    return f'<p style="{QUIET};margin:4px 0 0 0;white-space:pre-wrap" dir="auto">{shown}</p>'


def _clipped(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
