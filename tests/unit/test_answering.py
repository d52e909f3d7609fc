"""Answers: which span is meant, what a result tells, and what becomes of rows that cannot be answered."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import helpers
import numpy as np
import pandas as pd
import pytest
from answered import answers, span
from helpers import Terminal
from hypothesis import given
from hypothesis import strategies as st
from oracle.writers import save_writer

import nbtransformers as nbt
from nbtransformers.engine.answers import AnswerWindow, best_spans
from nbtransformers.engine.answerwriting import located
from nbtransformers.errors import UserError
from nbtransformers.interrupt import stopped_by
from nbtransformers.request import AnswerRequest, DataRef, ModelRef
from nbtransformers.results.rows import NOT_DONE

# --- whole words ---

# A context, what the model's tokens say, and what it is widened to.
WORDS = [
    ("unbelievable luck", "believ", "unbelievable"),
    ("unbelievable luck", "able l", "unbelievable luck"),
    ("France's capital", "France", "France"),
    ("born (in London).", "London", "London"),
    ("born (in London).", "London).", "London)."),
    ("it costs 3.5 euros", "3", "3"),
    ("it costs 3.5 euros", ".5", ".5"),
    ("state-of-the-art", "art", "art"),
    ("she won  easily", " won ", "won"),
    ("艾达出生在伦敦。", "伦", "伦"),
    ("ولدت في لندن عام", "ندن", "لندن"),
    ("cafe\u0301 noir", "cafe", "cafe\u0301"),
    ("a 👩‍👩‍👧 b", "👩", "👩‍👩‍👧"),
    ("Straße 12a", "12", "12a"),
    ("e\u0301", "e", "e\u0301"),
    ("word", "word", "word"),
]


@pytest.mark.parametrize(("context", "tokens", "expected"), WORDS)
def test_a_span_is_widened_to_whole_words_but_not_across_punctuation(context: str, tokens: str, expected: str) -> None:
    start = context.index(tokens)
    window = AnswerWindow(0, np.zeros(1), np.zeros(1))
    found = best_spans(context, np.array([[start, start + len(tokens)]]), [window], 1, 5)
    assert found is not None
    assert context[int(found.start[0]) : int(found.end[0])] == expected


@given(st.text(min_size=1, max_size=30), st.data())
def test_a_span_of_any_text_holds_what_the_tokens_hold_but_for_white_space(context: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(context) - 1))
    stop = data.draw(st.integers(start + 1, len(context)))
    found = best_spans(context, np.array([[start, stop]]), [AnswerWindow(0, np.zeros(1), np.zeros(1))], 1, 5)
    assert found is not None
    if not context[start:stop].strip():
        assert len(found.start) == 0
        return
    first, last = int(found.start[0]), int(found.end[0])
    answer = context[first:last]
    assert context[start:stop].strip() in answer
    assert answer == answer.strip()


def test_no_answer_is_that_of_the_window_that_is_surest_of_one() -> None:
    offsets = np.array([[0, 1], [2, 3]])
    sure = AnswerWindow(0, np.array([9.0]), np.array([9.0]), (-4.0, -4.0))
    unsure = AnswerWindow(1, np.array([0.0]), np.array([0.0]), (8.0, 8.0))
    found = best_spans("a b", offsets, [sure, unsure], 2, 1)
    assert found is not None
    assert found.start.tolist() == [0, 2]
    assert found.score[0] > 0.99 and found.no_answer < 1e-5


def test_logits_that_are_no_numbers_make_no_answer() -> None:
    window = AnswerWindow(0, np.array([np.nan]), np.array([0.0]))
    assert best_spans("a", np.array([[0, 1]]), [window], 1, 1) is None


# --- a request ---


def test_a_request_is_read_back_as_it_was_written() -> None:
    request = AnswerRequest(
        DataRef("lines", "who?\nwhere?"), DataRef("file", "c.txt"), ModelRef("hub", "a/b"), top_k=3, no_answer=True
    )
    assert AnswerRequest.from_json(request.to_json()) == request
    assert request.run.long == "window"


# --- a result ---

CONTEXT = "Ada was born in London in 1815."
SEVERAL = answers(
    ["Where?", "When?", "Who \x1b[31mwon?", "What?"],
    [CONTEXT, CONTEXT, "Nobody knows.", None],
    [
        [span(CONTEXT, "London", 0.75), span(CONTEXT, "in London", 0.125)],
        [span(CONTEXT, "1815", 0.5)],
        [(-1, -1, 0.75), (0, 6, 0.25)],
        None,
    ],
    index=list("wxyz"),
)


def test_a_result_as_a_table_has_a_row_an_answer() -> None:
    table = SEVERAL.to_pandas()
    assert list(table) == ["row", "rank", "answer", "start", "end", "score"]
    assert table.to_dict("list") == {
        "row": ["w", "w", "x", "y", "y", "z"],
        "rank": [1, 2, 1, 1, 2, 1],
        "answer": ["London", "in London", "1815", None, "Nobody", None],
        "start": [16, 13, 26, -1, 0, -1],
        "end": [22, 22, 30, -1, 6, -1],
        "score": [0.75, 0.125, 0.5, 0.75, 0.25, pytest.approx(float("nan"), nan_ok=True)],
    }
    assert SEVERAL.to_pandas([1])["row"].tolist() == ["x"]
    assert SEVERAL.answers == ["London", "1815", None, None]
    assert SEVERAL.answered.tolist() == [True, True, False, False]
    alone = answers(["Where?"], [CONTEXT], [[span(CONTEXT, "London", 0.75)]])
    assert list(alone.to_pandas()) == ["row", "answer", "start", "end", "score"]


def test_a_result_is_printed_with_nothing_that_steers_a_terminal() -> None:
    text = str(SEVERAL)
    assert "\x1b" not in text and "Who ␛[31mwon?" in text
    assert "(no answer)" in text and "(no context: missing) What?" in text
    assert text.splitlines()[0] == "a-model: 4 questions · no answer 1 · not answered 1"


def test_a_result_is_written_as_it_is_shown(tmp_path: Path) -> None:
    SEVERAL.to_csv(tmp_path / "a.csv")
    SEVERAL.to_parquet(tmp_path / "a.parquet")
    read = pd.read_parquet(tmp_path / "a.parquet")
    assert read["answer"].fillna("(none)").tolist() == SEVERAL.to_pandas()["answer"].fillna("(none)").tolist()
    assert read["start"].tolist() == SEVERAL.to_pandas()["start"].tolist()
    assert pd.read_csv(tmp_path / "a.csv")["answer"].tolist()[0] == "London"


@pytest.mark.parametrize("rows", [1, 4, 0])
def test_a_result_is_drawn(rows: int) -> None:
    from matplotlib import pyplot as plt

    result = answers(["$a$?"] * rows, [CONTEXT] * rows, [[span(CONTEXT, "London", 0.5), (-1, -1, 0.3)]] * rows)
    axes = result.plot()
    axes.figure.canvas.draw()  # pyright: ignore[reportAttributeAccessIssue]
    assert axes.get_xlabel()
    plt.close("all")


# --- through a model ---

STRIKER = "the striker scored twice from start to end. " * 4


@pytest.fixture(scope="module")
def answerer(models: Path) -> str:
    return str(models / "answerer")


def test_rows_that_cannot_be_answered_have_a_reason_and_nothing_is_lost(answerer: str) -> None:
    questions = ["who?", "", None, "a " * 40, "who scored?"]
    contexts = ["the striker", "x", "y", "z", None]
    result = nbt.answer(questions, contexts, model=answerer)
    assert dict(result.reasons) == {
        1: "no question: empty",
        2: "no question: missing",
        3: "the question leaves no room for the context: it has 40 tokens, and answerer reads 32 in all",
        4: "no context: missing",
    }
    assert result.contexts == contexts
    assert list(result.questions) == ["who?", "", "", "a " * 40, "who scored?"]


def test_a_context_of_which_the_tokenizer_makes_nothing_has_a_reason(models: Path) -> None:
    from tokenizers.normalizers import BertNormalizer
    from transformers import AutoModelForQuestionAnswering

    tokenizer = helpers.tokenizer()
    tokenizer.backend_tokenizer.normalizer = BertNormalizer()
    model = AutoModelForQuestionAnswering.from_pretrained(models / "answerer")
    result = nbt.answer("who?", ["the striker", "\u200b\x00"], model=model, tokenizer=tokenizer)
    assert dict(result.reasons) == {1: "no context: the tokenizer makes nothing of it"}


def test_no_answer_may_be_the_answer_where_it_is_allowed(answerer: str) -> None:
    forced = nbt.answer("who?", STRIKER, model=answerer, top_k=3)
    allowed = nbt.answer("who?", STRIKER, model=answerer, top_k=500, no_answer=True)
    rows = allowed.to_pandas()
    none = rows[rows.answer.isna()]
    assert forced.to_pandas().answer.notna().all()
    assert len(none) == 1 and none.start.tolist() == [-1]
    assert none.score.tolist() == [pytest.approx(float(forced.no_answer[0]))]
    assert rows.score.is_monotonic_decreasing
    assert not rows.duplicated(["start", "end"]).any()


def test_a_context_cut_off_is_told(answerer: str) -> None:
    whole = nbt.answer("who?", STRIKER, model=answerer)
    cut = nbt.answer("who?", STRIKER, model=answerer, long="truncate")
    assert whole.unread.tolist() == [0]
    assert cut.unread[0] > 0 and cut.tokens[0] == 32
    assert any("1 text was cut" in note for note in cut.notes)


def test_a_model_without_a_cls_token_has_no_score_of_no_answer(models: Path) -> None:
    from transformers import AutoModelForQuestionAnswering

    tokenizer = helpers.tokenizer()
    tokenizer.cls_token = None
    options: dict[str, Any] = {
        "model": AutoModelForQuestionAnswering.from_pretrained(models / "answerer"),
        "tokenizer": tokenizer,
    }
    assert np.isnan(nbt.answer("who?", "the striker", **options).no_answer).all()
    with pytest.raises(UserError) as caught:
        nbt.answer("who?", "the striker", **options, no_answer=True)
    assert str(caught.value) == (
        "model has no CLS token, and so no score for there being no answer. Leave `no_answer` out."
    )


def test_a_slow_tokenizer_is_refused(models: Path) -> None:
    from transformers import AutoModelForQuestionAnswering, ByT5Tokenizer

    model = AutoModelForQuestionAnswering.from_pretrained(models / "answerer")
    with pytest.raises(UserError) as caught:
        nbt.answer("who?", "the striker", model=model, tokenizer=ByT5Tokenizer())
    assert caught.value.message == (
        "model has a slow tokenizer, which does not tell where its tokens stand in the text."
    )


def test_a_function_is_told_what_it_lacks() -> None:
    with pytest.raises(UserError) as caught:
        nbt.answer(["who?"])
    assert str(caught.value) == (
        "There are questions, a list, and no contexts to find the answers in. "
        "Type `nbt.answer(questions, contexts)`, or give a table with a column of each."
    )
    with pytest.raises(UserError) as caught:
        nbt.answer(["who?"], ["x"], question="q")
    assert str(caught.value) == "`question` is the column of a table, and there are contexts. Leave it out."


def test_columns_of_a_table_keep_its_index(answerer: str) -> None:
    frame = pd.DataFrame({"q": ["who?", "when?"], "c": ["the striker", "twice"]}, index=["x", "y"])
    result = nbt.answer(frame, question="q", context="c", model=answerer)
    assert result.to_pandas().row.tolist() == ["x", "y"]


@pytest.mark.parametrize("shared", [True, False])
def test_an_interrupted_run_is_resumed_to_the_whole(answerer: str, shared: bool) -> None:
    questions = [f"who scored {number}?" for number in range(40)]
    # Windows of one length are read first: a row is done early when it has one only.
    short = "the striker scored twice."
    contexts: Any = short if shared else [f"{short} {number}" * (1 + 3 * (number % 2)) for number in range(40)]
    whole = nbt.answer(questions, contexts, model=answerer, batch_tokens=64, threads=1)
    part = whole
    for batches in range(4, 60, 4):  # the first that leave a part of the rows done
        asked = count()
        with stopped_by(lambda asked=asked, batches=batches: next(asked) > batches):
            part = nbt.answer(questions, contexts, model=answerer, batch_tokens=64, threads=1)
        if part.done.any():
            break
    assert 0 < part.done.sum() < 40
    assert set(part.reasons.values()) == {NOT_DONE}
    rest = nbt.resume(part)
    assert rest.done.all() and rest.contexts == whole.contexts and rest.texts == whole.texts
    pd.testing.assert_frame_equal(rest.to_pandas(), whole.to_pandas(), rtol=1e-3)


@pytest.mark.parametrize("shared", [True, False])
def test_results_go_straight_to_a_file(answerer: str, tmp_path: Path, shared: bool) -> None:
    questions = [f"who scored {number}?" for number in range(30)]
    contexts: Any = STRIKER if shared else [f"{STRIKER} {number}" for number in range(30)]
    nbt.answer(questions, contexts, model=answerer, top_k=2, to=tmp_path / "a.parquet")
    read = pd.read_parquet(tmp_path / "a.parquet")
    assert read.answer.tolist() == nbt.answer(questions, contexts, model=answerer, top_k=2).to_pandas().answer.tolist()


# --- written by a model ---

LOCATED = [
    ("London", "She lived in London.", "London"),
    ("london.", "She lived in London.", "London"),
    (' "London"', "She lived in London.", "London"),
    ("art", "party art", "art"),
    ("Paris", "She lived in London.", None),
    ("“伦敦”。", "她出生在伦敦。", "伦敦"),
    ("...", "She lived.", None),
    ("a.c", "abc a.c", "a.c"),
]


@pytest.mark.parametrize(("answer", "context", "expected"), LOCATED)
def test_a_written_answer_is_found_where_it_stands(answer: str, context: str, expected: str | None) -> None:
    start, end = located(answer, context)
    assert (context[start:end] if start >= 0 else None) == expected


def test_a_model_may_write_the_answers(tmp_path: Path) -> None:
    folder = str(save_writer("t5", tmp_path))
    questions, contexts = ["who scored?", "", "when?"], "the striker scored twice."
    result = nbt.answer(questions, contexts, model=folder, generate=True, max_answer_length=5)
    assert dict(result.reasons) == {1: "no question: empty"}
    plain = nbt.generate(
        [f"question: {question} context: {contexts}" for question in questions],
        model=folder,
        max_new_tokens=5,
        do_sample=False,
    )
    for row in (0, 2):
        (found,) = result.of(row)
        assert (found.answer or "") == (plain.texts[row] or "").strip()
        assert found.start == -1 or contexts[found.start : found.end].casefold() in (found.answer or "").casefold()
        assert 0 <= found.score <= 1
    assert result.texts.is_shared
    assert np.isnan(result.no_answer).all()


def test_a_written_answer_that_is_in_its_context_has_its_place(tmp_path: Path) -> None:
    folder, context = str(save_writer("t5", tmp_path)), "the striker scored twice."
    for _ in range(9):  # a model of random weights writes anything: it is given that to read, until it writes it again
        found = nbt.answer("who scored?", context, model=folder, generate=True, max_answer_length=1).of(0)[0]
        if found.start >= 0:
            break
        context += f" {found.answer}"
    assert found.answer and context[found.start : found.end].casefold() == found.answer.casefold()


def test_a_model_that_only_goes_on_cannot_be_told_to_answer(tmp_path: Path) -> None:
    folder = str(save_writer("base", tmp_path))
    with pytest.raises(UserError) as caught:
        nbt.answer("who?", "the striker", model=folder, generate=True)
    assert caught.value.message.endswith("is a causal model without a chat template, and cannot be told to answer.")


def test_the_magic_keeps_and_shows_its_result(terminal: Terminal, answerer: str) -> None:
    shown = terminal.printed(f"%%answer -m {answerer} -k 2 --out found\nquestion: who?\nquestion: when?\n{STRIKER}")
    assert "answerer: 2 questions" in shown
    assert len(terminal.run("found.to_pandas()")) == 4
    assert terminal.run("found.texts.is_shared")
