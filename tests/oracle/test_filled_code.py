"""The plain programs of filled masks and of answers give those of the result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracle.test_code import LONG, ran
from oracle.test_fillings import save_masked
from oracle.test_scores import TEXTS
from oracle.tiny import VOCABULARY, save_tiny
from oracle.writers import save_writer
from transformers import AutoModelForQuestionAnswering

import nbtransformers as nbt
from nbtransformers.results.answers import Answers
from nbtransformers.results.filling import Filling


def same(result: Filling | Answers, **names: Any) -> None:
    """The table of the program is that of the result."""
    table, expected = ran(nbt.code(result), **names)["table"], result.to_pandas()
    assert list(table.columns) == list(expected.columns)
    for column in (name for name in expected.columns if name != "score"):
        mine, theirs = (frame[column].astype(object).where(frame[column].notna(), None) for frame in (table, expected))
        assert mine.tolist() == theirs.tolist(), column
    np.testing.assert_allclose(table["score"].astype(float), expected["score"].astype(float), rtol=2e-3, atol=1e-6)


MASKED = [
    "Paris is the [MASK] of France.",
    "",
    "none here",
    'The [MASK] scored <mask> "before" half time.',
    f"[MASK] {LONG} [MASK] {LONG} [MASK]",
]


def test_fillings(tmp_path: Path) -> None:
    bert = save_masked("bert", tmp_path / "bert")
    same(nbt.fill(MASKED, model=bert, max_length=40), data=MASKED)
    targets = ["good", "bad", "striker"]
    same(nbt.fill(MASKED, model=bert, targets=targets, top_k=2, long="truncate", max_length=20), data=MASKED)
    roberta = save_masked("roberta", tmp_path / "roberta")
    same(nbt.fill(MASKED[:4], model=roberta, top_k=3), data=MASKED[:4])


def test_tokens_that_the_tokenizer_does_not_know(tmp_path: Path) -> None:
    padded = save_masked("bert", tmp_path / "padded", vocab_size=2 * VOCABULARY)
    result = nbt.fill(MASKED, model=padded, top_k=8, max_length=40)
    named = [f"[{number}]" for number in result.found.flat["ids"].ravel().tolist() if number >= VOCABULARY]
    assert named and set(named) <= set(result.to_pandas()["token"])
    same(result, data=MASKED)


QUESTIONS = [TEXTS[0], "Who?", "", "What happened then?"]
CONTEXTS = [f"{TEXTS[2]} {LONG}", "It isn't co-operative, Ms. O'Neill said.", "one", None]


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny("bert", tmp_path_factory.mktemp("spans"), labels=2, kind=AutoModelForQuestionAnswering)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"top_k": 4, "no_answer": True, "max_length": 48, "max_answer_length": 6},
        {"long": "truncate", "max_length": 48},
    ],
)
def test_answers(bert: Path, options: dict[str, Any]) -> None:
    result = nbt.answer(QUESTIONS, CONTEXTS, model=bert, **options)
    assert sum(answer is not None for answer in result.answers) >= 2 or "no_answer" in options
    same(result, questions=QUESTIONS, contexts=CONTEXTS)


def test_one_of_many(bert: Path, tmp_path: Path) -> None:
    same(nbt.answer("Who?", CONTEXTS, model=bert), questions="Who?", contexts=CONTEXTS)
    xlnet = save_tiny("xlnet", tmp_path, labels=2, kind=AutoModelForQuestionAnswering)
    same(nbt.answer(QUESTIONS, LONG, model=xlnet, max_length=40), questions=QUESTIONS, contexts=LONG)


def test_answers_that_are_written(tmp_path: Path) -> None:
    for kind in ("chat", "t5"):
        folder = save_writer(kind, tmp_path / kind)
        result = nbt.answer(QUESTIONS, CONTEXTS, model=folder, generate=True, max_answer_length=5)
        same(result, questions=QUESTIONS, contexts=CONTEXTS)
