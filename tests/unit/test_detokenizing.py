"""Text as tokens come: together it is what the tokenizer decodes, and no part of it is ever taken back or broken."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.tiny import tiny_tokenizer
from oracle.writers import save_writer
from transformers import AutoTokenizer

from nbtransformers.engine.detokenizing import Detokenizer

TEXTS = [
    "The capital of France is Paris.",
    "Grüße aus Köln — 100 % échte Fälle",
    "🤗 and 👩‍👧 and 🏳️‍🌈 at once",
    "法国的首都是巴黎。",
    "عاصمة فرنسا هي باريس",
    "  two  spaces\n\n\tand a tab\r\n",
    "",
]


@cache
def _folder() -> Path:
    import tempfile

    return Path(tempfile.mkdtemp(prefix="nbt-writers-"))


@cache
def tokenizer(kind: str) -> Any:
    if kind == "word pieces":
        return tiny_tokenizer("llama")
    return AutoTokenizer.from_pretrained(save_writer(kind, _folder() / kind))


KINDS = ["bart", "t5", "marian", "word pieces"]


def told(tokenizer: Any, ids: list[int], context: list[int] | None = None) -> list[str]:
    detokenizer = Detokenizer(tokenizer, context or [])
    return [*map(detokenizer.add, ids), detokenizer.rest()]


def whole(tokenizer: Any, ids: list[int]) -> str:
    return tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", TEXTS)
def test_the_parts_are_the_text(kind: str, text: str) -> None:
    ids = tokenizer(kind)(text)["input_ids"]
    assert "".join(told(tokenizer(kind), ids)) == whole(tokenizer(kind), ids)


@given(st.text(max_size=40), st.integers(0, 40))
@settings(max_examples=150, deadline=None)
def test_the_parts_are_the_text_after_any_beginning(text: str, cut: int) -> None:
    made = tokenizer("bart")
    ids = made(text, add_special_tokens=False)["input_ids"]
    before, after = ids[:cut], ids[cut:]
    if whole(made, before).endswith("\ufffd"):
        return  # in the middle of a character: what is told of it is up to whoever began it
    assert whole(made, before) + "".join(told(made, after, before)) == whole(made, ids)


@given(st.lists(st.integers(4, 799), max_size=30))
@settings(max_examples=150, deadline=None)
def test_any_tokens_are_told_to_their_end(ids: list[int]) -> None:
    made = tokenizer("bart")
    parts = told(made, ids)
    assert len("".join(parts)) >= len(whole(made, ids).rstrip("\ufffd"))
    assert len(parts) == len(ids) + 1


def test_a_character_of_several_tokens_comes_with_the_last_of_them() -> None:
    made = tokenizer("bart")
    ids = made("a🤗b", add_special_tokens=False)["input_ids"]
    parts = told(made, ids)
    assert "🤗" in parts
    assert not any("\ufffd" in part for part in parts)
    assert parts[parts.index("🤗") - 1] == ""


def test_half_a_character_at_the_end_is_told_as_such() -> None:
    made = tokenizer("bart")
    ids = made("a🤗", add_special_tokens=False)["input_ids"]
    assert "".join(told(made, ids[:-1])) == whole(made, ids[:-1]) == "a\ufffd"


def test_a_word_that_goes_on_has_its_space_only_after_another() -> None:
    made = tokenizer("t5")
    ids = made("quiet film", add_special_tokens=False)["input_ids"]
    assert "".join(told(made, ids)) == "quiet film"
    assert "".join(told(made, ids, made("A", add_special_tokens=False)["input_ids"])).startswith(" quiet")


def test_special_tokens_are_not_in_the_text() -> None:
    made = tokenizer("bart")
    assert "".join(told(made, [0, *made("Hi", add_special_tokens=False)["input_ids"], 2])) == "Hi"
