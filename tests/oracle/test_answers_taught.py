"""Answers of a model that was taught on real tweets, on tweets that it has not seen."""

from __future__ import annotations

import pytest
from taught import qa

import nbtransformers as nbt


@pytest.mark.slow
def test_the_answering_model_is_as_good_through_answer_as_by_itself() -> None:
    """As `test_taught` holds it to with plain Transformers: to those with an answer, and to those without."""
    asked = qa.questions("held-out")
    result = nbt.answer(
        [question.question for question in asked],
        [question.context for question in asked],
        model=str(qa.qa_model()),
        max_answer_length=20,
        no_answer=True,
    )
    assert not result.reasons
    right = [
        answer in question.texts if question.answers else answer is None
        for question, answer in zip(asked, result.answers, strict=True)
    ]
    answered = [bool(question.answers) for question in asked]
    assert sum(ok for ok, has_answer in zip(right, answered, strict=True) if has_answer) / sum(answered) >= 0.5
    assert sum(ok for ok, has_answer in zip(right, answered, strict=True) if not has_answer) / sum(answered) >= 0.6


@pytest.mark.slow
def test_a_long_context_of_many_tweets_holds_the_same_answer() -> None:
    """An answer in the middle of a context of several windows is found there, at its place in the whole."""
    asked = [question for question in qa.questions("held-out") if question.answers][:24]
    alone = nbt.answer(
        [question.question for question in asked],
        [question.context for question in asked],
        model=str(qa.qa_model()),
        max_answer_length=20,
    )
    filler = "the weather is fine today and nothing else happened. " * 20
    amid = nbt.answer(
        [question.question for question in asked],
        [f"{filler}{question.context} {filler}" for question in asked],
        model=str(qa.qa_model()),
        max_answer_length=20,
        max_length=128,
    )
    same = 0
    for row in range(len(asked)):
        before, after = alone.of(row)[0], amid.of(row)[0]
        same += (after.start, after.end) == (before.start + len(filler), before.end + len(filler))
    assert same / len(asked) > 0.5
