"""Answers made by hand, for several test files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from helpers import RUN

from nbtransformers.request import AnswerRequest, DataRef
from nbtransformers.results.answers import ANSWER, Answers
from nbtransformers.results.pairs import Pairs
from nbtransformers.results.ragged import Ragged
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.run import RunReport
from nbtransformers.results.texts import Texts

Found = tuple[int, int, float]


def answers(
    questions: Sequence[str],
    contexts: Sequence[str | None] | str,
    found: Sequence[Sequence[Found] | None],
    *,
    none: Sequence[float] | None = None,
    reasons: Mapping[int, str] | None = None,
    index: Any = None,
    run: RunReport = RUN,
    notes: Sequence[str] = (),
    written: Sequence[str | None] | None = None,
    unread: Sequence[int] | None = None,
    **fields: Any,
) -> Answers:
    """A result as the engine could have given it; None as what a row has found is a row that was not answered."""
    given = {row: "no context: missing" for row, spans in enumerate(found) if spans is None}
    fields.setdefault("top_k", max([1, *(len(spans) for spans in found if spans is not None)]))
    packed = Ragged.packed([None if spans is None else np.array(spans, dtype=ANSWER) for spans in found], ANSWER)
    rows = len(questions)
    no_answer = [0.01 if spans is not None else np.nan for spans in found] if none is None else none
    return Answers(
        request=AnswerRequest(DataRef("variable", "questions"), DataRef("variable", "contexts"), **fields),
        texts=Pairs(Texts(questions), Texts([contexts] if isinstance(contexts, str) else contexts)),
        index=index,
        found=packed,
        no_answer=np.array(no_answer, dtype=np.float32),
        reasons=Reasons(rows, given | dict(reasons or {})),
        tokens=np.full(rows, 40, dtype=np.int64),
        unread=np.array([0] * rows if unread is None else unread, dtype=np.int64),
        doubtful=np.zeros(rows, dtype=bool),
        run=run,
        notes=tuple(notes),
        written=None if written is None else Texts(written),
    )


def span(context: str, answer: str, score: float) -> Found:
    """Where an answer first stands in a context."""
    start = context.index(answer)
    return start, start + len(answer), score
