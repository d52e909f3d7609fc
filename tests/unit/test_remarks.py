"""What a careful reader is told: which texts a model of English cannot read."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbtransformers as nbt
from nbtransformers.engine.classify import ClassifyTask
from nbtransformers.engine.embed import EmbedTask
from nbtransformers.engine.remarks import in_another_script, remarks, stopped
from nbtransformers.engine.summarize import SummarizeTask
from nbtransformers.loading.card import Card
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.rows import NOT_DONE

CARD = Card("a-model", "", frozenset(), (), ("en",))
LETTER = re.compile(r"[^\W\d_]")
BEYOND_LATIN = re.compile(r"[^\W\d_\u0000-\u024F\u1E00-\u1EFF\uFF21-\uFF5A]")


def is_told(texts: list[str | None]) -> bool:
    """Whether a text is told to be in another script."""
    doubtful = in_another_script(CARD, texts)
    found = remarks(CARD, np.zeros(len(texts), np.int64), doubtful)
    return any("another script" in remark for remark in found)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, False),
        ("", False),
        ("A joy.", False),
        ("Señor, naïve café – “déjà vu” 🎬 123", False),
        ("Ｆｕｌｌ ｗｉｄｔｈ", False),
        ("这部电影很好看", True),
        ("Фильм", True),
        ("ab 电影", False),  # no more than half of the letters
        ("a 电影", True),
        ("🎬 1 2 3 ١٢", False),
    ],
)
def test_a_text_mostly_in_another_script_is_told(text: str | None, told: bool) -> None:
    assert is_told([text]) == told


@given(st.text(st.sampled_from("aé9_ .–Ａ电ф١🎬\u0301\ud800Ⅷª") | st.characters(categories=None), max_size=12))
def test_letters_are_counted_as_one_by_one(text: str) -> None:
    other = len(BEYOND_LATIN.findall(text))
    assert is_told([text]) == (other > len(LETTER.findall(text)) / 2)


@pytest.mark.parametrize(
    ("rows", "left", "read_to_end", "begun", "told"),
    [
        (3, 2, True, 0, "Why: 1 of 3 texts is done. `nbt.resume(result)` does the rest."),
        (1, 1, True, 0, "Why: 0 of 1 text is done. `nbt.resume(result)` does the rest."),
        (
            1,
            1,
            False,
            0,
            "Why: 0 of the 1 text that was read is done, and what follows was not read. "
            "`nbt.resume(result)` does the rest.",
        ),
        (
            1,
            1,
            True,
            1,
            "Why: what came is kept. 0 of 1 text is done. `nbt.resume(result)` writes the stopped text anew.",
        ),
        (
            5,
            3,
            True,
            2,
            "Why: what came is kept. 2 of 5 texts are done. "
            "`nbt.resume(result)` does the rest, and writes the 2 stopped texts anew.",
        ),
    ],
)
def test_what_is_left_is_told(rows: int, left: int, read_to_end: bool, begun: int, told: str) -> None:
    reasons = Reasons(rows, dict.fromkeys(range(rows - left, rows), NOT_DONE))
    assert stopped("Why.", reasons, read_to_end, begun) == told


@pytest.mark.parametrize(
    ("gives", "number", "what"),
    [
        (SummarizeTask.gives, 1, "its text"),
        (SummarizeTask.gives, 2, "their texts"),
        (EmbedTask.gives, 1, "its vector"),
        (EmbedTask.gives, 2, "their vectors"),
        (ClassifyTask.gives, 1, "its score"),
    ],
)
def test_what_is_not_to_be_relied_on_is_called_by_its_name(gives: str, number: int, what: str) -> None:
    found = remarks(CARD, np.zeros(number, np.int64), np.ones(number, bool), gives)
    assert found[0].endswith(f"do not rely on {what}.")


def test_a_vector_is_called_so_by_every_door() -> None:
    texts = ["A joy.", "这部电影很好看"]
    for result in (nbt.embed(texts), nbt.similar(texts), nbt.similar(["A joy."], other=texts)):
        (note,) = [note for note in result.notes if "hard to read" in note]
        assert note.endswith("do not rely on its vector.")
