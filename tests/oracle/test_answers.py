"""Answers against a search over all spans of all windows of plain Transformers, independent of the engine."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.tiny import ARCHITECTURES, save_tiny
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

import nbtransformers as nbt
from nbtransformers.engine.answers import AnswerWindow, best_spans


def by_brute_force(
    context: str, offsets: Sequence[tuple[int, int]], windows: Sequence[AnswerWindow], top_k: int, longest: int
) -> tuple[list[tuple[int, int, float]], float]:
    """Every span of every window, tried one by one."""
    totals = []
    with_none = [window.none for window in windows if window.none is not None]
    none = min(with_none, key=lambda pair: pair[0] + pair[1]) if with_none else None
    for side in ("start", "end"):
        best: dict[int, float] = {}
        for window in windows:
            for place, value in enumerate(getattr(window, side).tolist()):
                token = window.first + place
                best[token] = max(value, best.get(token, -math.inf))
        values = [*best.values(), *([none[side == "end"]] if none else [])]
        totals.append(math.fsum(math.exp(value) for value in values))
    scores: dict[tuple[int, int], tuple[float, int, int]] = {}
    for window in windows:
        for i in range(len(window.start)):
            for j in range(i, min(len(window.start), i + longest)):
                first, last = offsets[window.first + i], offsets[window.first + j]
                if first[0] >= first[1] or last[0] >= last[1]:
                    continue
                span = whole_words(context, first[0], last[1])
                if span is None:
                    continue
                logit = float(window.start[i]) + float(window.end[j])
                key = (-logit, window.first + i, window.first + j)
                if span not in scores or key < scores[span]:
                    scores[span] = key
    order = sorted(scores, key=scores.__getitem__)[:top_k]
    scale = totals[0] * totals[1]
    found = [(start, end, math.exp(-scores[start, end][0]) / scale) for start, end in order]
    return found, math.exp(sum(none)) / scale if none else math.nan


def whole_words(context: str, start: int, end: int) -> tuple[int, int] | None:
    """For English texts: a word is letters and digits in a row."""
    while start < end and context[start] == " ":
        start += 1
    while start < end and context[end - 1] == " ":
        end -= 1
    if start >= end:
        return None
    for word in re.finditer("[A-Za-z0-9]+", context):
        if word.start() < start < word.end():
            start = word.start()
        if word.start() < end < word.end():
            end = word.end()
    return start, end


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, list[tuple[int, int]], list[AnswerWindow], int, int]:
    """A text cut into tokens anywhere, white space within them or not, in overlapping windows of any logits."""
    context = draw(st.text("ab .", min_size=1, max_size=24))
    cuts = sorted({0, len(context), *draw(st.lists(st.integers(0, len(context)), max_size=12))})
    offsets = list(pairwise(cuts))
    for at in draw(st.lists(st.integers(0, len(offsets)), max_size=2)):
        offsets.insert(at, (cuts[min(at, len(cuts) - 1)],) * 2)  # a token that stands for nothing
    # Few values, so that many spans are equally good.
    logits = st.one_of(st.sampled_from([-2.0, 0.0, 1.5]), st.floats(-8, 8, width=32))
    width = draw(st.integers(1, len(offsets)))
    step = draw(st.integers(1, width))
    has_none = draw(st.booleans())
    windows: list[AnswerWindow] = []
    for first in range(0, max(1, len(offsets) - width + step), step):
        size = min(width, len(offsets) - first)
        if size > 0:
            start, end = (np.array(draw(st.lists(logits, min_size=size, max_size=size))) for _ in range(2))
            windows.append(AnswerWindow(first, start, end, (draw(logits), draw(logits)) if has_none else None))
    return context, offsets, windows, draw(st.integers(1, 6)), draw(st.integers(1, 5))


@settings(max_examples=500, deadline=None)
@given(cases())
def test_the_best_spans_are_those_of_a_search_over_all(case: tuple) -> None:
    context, offsets, windows, top_k, longest = case
    expected, none = by_brute_force(context, offsets, windows, top_k, longest)
    found = best_spans(context, np.array(offsets).reshape(-1, 2), windows, top_k, longest)
    assert found is not None
    assert list(zip(found.start.tolist(), found.end.tolist(), strict=True)) == [span[:2] for span in expected]
    np.testing.assert_allclose(found.score, [span[2] for span in expected], rtol=1e-9)
    np.testing.assert_allclose(found.no_answer, none, rtol=1e-9)


def test_a_block_of_many_candidates_is_as_good_as_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    context = " ".join(["word"] * 200)
    offsets = np.array([(5 * number, 5 * number + 4) for number in range(200)])
    window = AnswerWindow(0, random.normal(size=200), random.normal(size=200), (0.0, 0.0))
    whole = best_spans(context, offsets, [window], 20, 200)
    monkeypatch.setattr("nbtransformers.engine.answers._MOST_AT_ONCE", 700)
    parts = best_spans(context, offsets, [window], 20, 200)
    assert whole is not None and parts is not None
    assert parts.start.tolist() == whole.start.tolist() and parts.end.tolist() == whole.end.tolist()


# --- through a model ---

SENTENCES = (
    "The striker scored twice before half time.",
    "It is a quiet film about a man who repairs clocks in a town where time has stopped, told without hurry.",
    "In 1815 Ada was born in London (England).",
    "Two hours of noise; I would rather have watched the paint dry on the cinema's wall.",
)
CONTEXTS = [" ".join(SENTENCES[(row + part) % 4] for part in range(1 + 3 * (row % 4))) for row in range(8)]
QUESTIONS = ["Who scored?", "What is the film about, and where does it play?", "When was Ada born?", "How long?"] * 2
LONGEST, TOP_K, LIMIT = 10, 3, 64


def plainly(folder: Path, question: str, context: str) -> tuple[list[tuple[int, int, float]], float]:
    """What a user would write: windows by the tokenizer, one at a time through the model, and the search above."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForQuestionAnswering.from_pretrained(folder).eval()
    room = LIMIT - len(tokenizer(question, "a")["input_ids"]) + 1
    stride = max(room // 4, LONGEST)
    whole = tokenizer(context, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    cut = tokenizer(
        question,
        context,
        truncation="only_second",
        max_length=LIMIT,
        stride=stride,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    windows = []
    for number in range(len(cut["input_ids"])):
        names = ("input_ids", "token_type_ids")
        inputs = {name: torch.tensor([cut[name][number]]) for name in names if name in cut}
        with torch.no_grad():
            output = model(**inputs)
        start, end = output.start_logits[0].numpy(), output.end_logits[0].numpy()
        places = [place for place, side in enumerate(cut.sequence_ids(number)) if side == 1]
        first = number * (room - stride)
        assert cut["offset_mapping"][number][places[0]] == whole[first]
        cls = cut["input_ids"][number].index(tokenizer.cls_token_id)
        windows.append(AnswerWindow(first, start[places], end[places], (float(start[cls]), float(end[cls]))))
    return by_brute_force(context, whole, windows, TOP_K, LONGEST)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_answers_are_those_of_a_search_over_what_plain_transformers_says(architecture: str, tmp_path: Path) -> None:
    folder = save_tiny(architecture, tmp_path, labels=2, kind=AutoModelForQuestionAnswering)
    result = nbt.answer(
        QUESTIONS, CONTEXTS, model=str(folder), top_k=TOP_K, max_answer_length=LONGEST, max_length=LIMIT
    )
    table = result.to_pandas()
    assert max(result.tokens) > 2 * LIMIT, "some contexts must be read in windows, or this shows too little"
    for row, (question, context) in enumerate(zip(QUESTIONS, CONTEXTS, strict=True)):
        expected, none = plainly(folder, question, context)
        found = table[table.row == row]
        assert list(zip(found.start, found.end, strict=True)) == [span[:2] for span in expected]
        np.testing.assert_allclose(found.score, [span[2] for span in expected], rtol=1e-3)
        np.testing.assert_allclose(result.no_answer[row], none, rtol=1e-3)
        assert list(found.answer) == [context[start:end] for start, end, _ in expected]


def test_a_shared_context_gives_what_each_pair_gives_alone(tmp_path: Path) -> None:
    folder = save_tiny("bert", tmp_path, labels=2, kind=AutoModelForQuestionAnswering)
    options = {"model": str(folder), "top_k": 2, "max_length": LIMIT}
    together = nbt.answer(QUESTIONS[:4], CONTEXTS[3], **options)
    apart = pd.concat([nbt.answer(question, CONTEXTS[3], **options).to_pandas() for question in QUESTIONS[:4]])
    assert together.texts.is_shared
    for column in ("answer", "start", "end"):
        assert together.to_pandas()[column].tolist() == apart[column].tolist()
    np.testing.assert_allclose(together.to_pandas().score, apart.score, rtol=1e-4)
