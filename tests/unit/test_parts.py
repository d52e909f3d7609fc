"""Long texts in parts: nothing lost, nothing too long, cut where a reader would."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtransformers.engine.parts import By, Part, between, cut


def _characters(texts: list[str]) -> list[list[int]]:
    return [[ord(character) for character in text] for text in texts]


def _cut(text: str, most: int, by: By = "whole") -> list[str]:
    return [text[part.start : part.stop] for part in cut([text], _characters, lambda n: n <= most, by)[0]]


SENTENCES = [
    ("It rained. We stayed.", ["It rained.", "We stayed."]),
    ("He said “Stop!” and left. Then she came.", ["He said “Stop!” and left.", "Then she came."]),
    ("Dr. Smith met J. R. Hill. They talked.", ["Dr. Smith met J. R. Hill.", "They talked."]),
    ("It costs 3.50 dollars. Really?! Yes.", ["It costs 3.50 dollars.", "Really?!", "Yes."]),
    ("i.e. this, e.g. that. done", ["i.e. this, e.g. that. done"]),
    ("今天下雨。我们在家！你呢？", ["今天下雨。", "我们在家！", "你呢？"]),
    ("彼は「行く。」と言った。", ["彼は「行く。」", "と言った。"]),
    ("هل تأتي؟ نعم.", ["هل تأتي؟", "نعم."]),
    ("वह आया। मैं गया।", ["वह आया।", "मैं गया।"]),
    ("One line\nAnother line\nthat goes on", ["One line", "Another line\nthat goes on"]),
    ("Wait… What?", ["Wait…", "What?"]),
    ("", []),
    (" \n ", []),
]


@pytest.mark.parametrize(("text", "expected"), SENTENCES)
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str]) -> None:
    assert _cut(text, 1000, "sentences") == expected


def test_a_text_is_cut_between_paragraphs_before_lines_before_sentences_before_words() -> None:
    assert _cut("One two. Three.\n\nFour\nfive six.", 20) == ["One two. Three.", "Four\nfive six."]
    assert _cut("One two three\nFour. Five six", 20) == ["One two three", "Four. Five six"]
    assert _cut("Once upon a time. There was a bear", 20) == ["Once upon a time.", "There was a bear"]
    assert _cut("once upon a time, there was", 20) == ["once upon a time,", "there was"]
    assert _cut("once upon a time there", 15) == ["once upon", "a time there"]
    assert _cut("永和九年岁在癸丑", 4) == ["永和九年", "岁在癸丑"]
    assert _cut("abcdefgh", 4) == ["abcd", "efgh"]


def test_a_text_that_fits_is_not_cut_but_at_the_ends_of_its_lines() -> None:
    text = "A first. A second.\n\nA third."
    assert _cut(text, 1000) == [text]
    assert _cut(text, 1000, "lines") == ["A first. A second.", "A third."]


def test_a_text_of_which_no_character_fits_has_no_parts() -> None:
    assert _cut("ab", 0) == []


@given(
    text=st.text(st.one_of(st.characters(), st.sampled_from(list(" \n\t.!?。,\u2028\xa0👩‍👧é́"))), max_size=200),
    most=st.integers(4, 40),
    by=st.sampled_from(["whole", "lines", "sentences"]),
)
def test_no_character_is_lost_and_no_part_is_too_long(text: str, most: int, by: By) -> None:
    parts: list[Part] = cut([text, "another text"], _characters, lambda n: n <= most, by)[0]
    if not parts:
        # One character of Unicode may be many code points.
        assert not text.strip() or any(len(piece) > most for piece in _graphemes(text))
        return
    gaps = between(text, parts)
    assert not "".join(gaps).strip()
    pieces = [text[part.start : part.stop] for part in parts]
    assert "".join(gap + piece for gap, piece in zip(gaps, [*pieces, ""], strict=True)) == text
    assert all(
        0 < len(piece) <= most and len(part.ids) == len(piece) for part, piece in zip(parts, pieces, strict=True)
    )


def _graphemes(text: str) -> list[str]:
    import regex

    return regex.findall(r"\X", text)
