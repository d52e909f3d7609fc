"""Answers as bytes: a small JSON header and one binary buffer of named sections.

Besides what every page of rows has: `questions`, a string table `[row]`; `contexts`, a string table `[row]` of what is
sent of each context, or of one alone that all rows share; `context_start` and `context_length` uint32 `[row]`, where
that begins in the context and how long the whole is, in code points; `none` float32 `[row]`, the score of no answer;
`found` uint32 `[row + 1]`, where the answers of each row begin in what follows; `start` and `end` int32 (code points of
the context, -1 where an answer does not stand in it), `score` float32 `[answer]`; and `answers`, a string table, empty
for no answer. `tests/golden/answer.json` holds both sides to it.

A small result is inline: all of it travels with the header. Of any other, pages carry the surroundings of the best
answers; the panel asks for the rest of a context when it is looked at.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.panels import headers
from nbtransformers.panels.answering.shown import EXCERPT, Excerpt, Shown, excerpt
from nbtransformers.panels.packing import Section, packed, sendable, string_table
from nbtransformers.panels.rows import (
    CLIPPED_AT,
    FIRST_ROWS,
    INLINE_BYTES,
    INLINE_ROWS,
    PARTIAL_CLIPPED_AT,
    TEXT_CUT,
    Positions,
    row_columns,
)
from nbtransformers.plain_text import count, seconds
from nbtransformers.results.answers import Answers
from nbtransformers.results.rows import NOT_DONE

VERSION = 1
_AROUND = 600  # characters of a context that a page carries

_METHODS = {
    False: "P(start) · P(end), each a softmax over the whole context and the no-answer position",
    True: "the geometric mean of the probabilities of the tokens that the model wrote",
}


def answers_header(result: Answers) -> tuple[dict[str, Any], bytes]:
    """The header and the payload of a result: all its rows when it is inline, else the first ones."""
    inline, shown = _is_small(result), Shown.of(result)
    rows = np.arange(len(result) if inline else min(len(result), FIRST_ROWS))
    sections, payload = page(shown, rows, None) if inline else page(shown, rows)
    subtitle = f"{count(len(result), 'question')} · {seconds(result.run.seconds)}"
    own, totals = _header(shown, sections), _totals(result)
    header = headers.whole(own, result, subtitle=subtitle, inline=inline, facts=_facts(result), totals=totals)
    return header, payload


def partial_header(result: Answers, rows: int | None) -> tuple[dict[str, Any], bytes]:
    """The header and the payload of a result as it stands; `rows` are those to come, None when nobody knows."""
    shown = Shown.of(result)
    sections, payload = page(shown, np.arange(min(len(result), FIRST_ROWS)), PARTIAL_CLIPPED_AT, NOT_DONE)
    done = int(np.count_nonzero(result.done))
    totals = _totals(result)
    totals["without_score"] -= len(result) - done
    return headers.partial(_header(shown, sections), result, rows, done=done, totals=totals), payload


def _header(shown: Shown, sections: list[Section]) -> dict[str, Any]:
    return {
        "version": VERSION,
        "kind": "answer",
        "title": sendable(shown.result.run.model),
        "question": None if shown.question is None else sendable(shown.question),
        "sections": sections,
    }


def _totals(result: Answers) -> dict[str, Any]:
    answered = int(np.count_nonzero(result.answered))
    without = len(result.reasons)
    return {"counts": [answered, len(result) - answered - without], "without_score": without}


def _facts(result: Answers) -> list[tuple[str, str]]:
    return [*result.run.facts(), ("Scores", _METHODS[result.written is not None])]


def _is_small(result: Answers) -> bool:
    if len(result) > INLINE_ROWS:
        return False
    texts = result.texts
    # A shared context travels once, and one that names its row twice.
    characters = texts.questions.characters_at_most + texts.contexts.characters_at_most
    found = result.found.flat
    answers = int((found["end"] - found["start"]).sum())
    return 2 * (characters * (1 if texts.is_shared else 2) + answers) + found.nbytes <= INLINE_BYTES


def page(
    shown: Shown, positions: Positions, clipped_at: int | None = CLIPPED_AT, waiting: str | None = None
) -> tuple[list[Section], bytes]:
    """The sections and the bytes of some rows, in the order given.

    `clipped_at` None sends whole texts; a row with the reason `waiting` is sent as one that has yet to come.
    """
    result = shown.result
    rows = row_columns(shown, positions, clipped_at, waiting)
    cut = (result.unread[positions] > 0).astype(np.uint8)
    places = result.found.places(positions)
    counts = result.found.counts[positions]
    excerpts = [excerpt(result, row, EXCERPT if clipped_at is None else _AROUND) for row in positions.tolist()]
    answers = [answer.answer or "" for row in positions.tolist() for answer in result.of(row)]
    arrays: dict[str, NDArray[Any]] = {
        "position": rows.position,
        "reason": rows.reason,
        "flags": rows.flags | cut * TEXT_CUT,
        **rows.strings,
        **string_table(
            "questions", [sendable((result.questions[row] or "")[:clipped_at]) for row in positions.tolist()]
        ),
        **string_table("contexts", [sendable(part.text) for part in _sent(result, excerpts)]),
        "context_start": np.array([part.start for part in excerpts], dtype=np.uint32),
        "context_length": np.array([part.length for part in excerpts], dtype=np.uint32),
        "none": result.no_answer[positions].astype(np.float32),
        "found": np.concatenate([[0], np.cumsum(counts)]).astype(np.uint32),
        "start": result.found.flat["start"][places].astype(np.int32),
        "end": result.found.flat["end"][places].astype(np.int32),
        "score": result.found.flat["score"][places].astype(np.float32),
        **string_table("answers", map(sendable, answers)),
    }
    return packed(arrays)


def _sent(result: Answers, excerpts: list[Excerpt]) -> list[Excerpt]:
    """The excerpts; of a context that all rows share and see whole, one."""
    whole = all(len(part.text) == part.length for part in excerpts)
    return excerpts[:1] if result.texts.is_shared and whole else excerpts
