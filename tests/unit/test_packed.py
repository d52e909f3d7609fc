"""Packed texts and reasons: they read like the tuple and the dict that they stand for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtransformers.results.reasons import Reasons
from nbtransformers.results.rows import NOT_DONE
from nbtransformers.results.texts import Texts

ANY_TEXT = st.none() | st.text(st.characters(categories=None), max_size=8)  # lone surrogates too
REASONS = st.dictionaries(st.integers(0, 9), st.sampled_from(["missing", "empty", NOT_DONE, "错"]))


@given(st.lists(ANY_TEXT, max_size=12))
def test_texts_read_like_a_tuple(texts: list[str | None]) -> None:
    packed = Texts(texts)
    assert len(packed) == len(texts)
    assert list(packed) == texts
    assert [packed[row] for row in range(len(texts))] == texts
    assert [packed[row - len(texts)] for row in range(len(texts))] == texts
    assert packed == tuple(texts) and tuple(texts) == packed
    assert packed[1:3] == tuple(texts[1:3])
    assert packed.missing.tolist() == [text is None for text in texts]
    with pytest.raises(IndexError):
        _ = packed[len(texts)]


@given(st.lists(st.lists(ANY_TEXT, max_size=4), max_size=5))
def test_texts_are_joined_in_order(parts: list[list[str | None]]) -> None:
    assert Texts.joined(map(Texts, parts)) == tuple(text for part in parts for text in part)


def test_a_short_text_costs_its_bytes_and_eight_more() -> None:
    assert Texts(["a good film"] * 1000).nbytes == 1000 * (len("a good film") + 8)


@given(REASONS)
def test_reasons_read_like_a_dict(given_reasons: dict[int, str]) -> None:
    packed = Reasons(10, given_reasons)
    assert packed == given_reasons
    assert dict(packed) == dict(sorted(given_reasons.items()))
    assert [packed.get(row) for row in range(-1, 12)] == [given_reasons.get(row) for row in range(-1, 12)]
    assert packed.done.tolist() == [given_reasons.get(row) != NOT_DONE for row in range(10)]
    for reason in {"missing", *given_reasons.values()}:
        assert packed.rows(reason).tolist() == sorted(row for row, why in given_reasons.items() if why == reason)


@given(st.lists(REASONS, max_size=4), st.integers(0, 12), st.integers(0, 12))
def test_reasons_are_joined_and_parted(parts: list[dict[int, str]], start: int, length: int) -> None:
    whole = {10 * number + row: why for number, part in enumerate(parts) for row, why in part.items()}
    joined = Reasons.joined(Reasons(10, part) for part in parts)
    assert joined == whole
    expected = {row - start: why for row, why in whole.items() if start <= row < start + length}
    assert joined.part(start, start + length) == expected
