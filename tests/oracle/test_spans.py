"""Spans against a decoder that tries every stretch of words, and against seqeval's own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle.bruteforce import Spans, brute_force, slowly
from seqeval.metrics.sequence_labeling import get_entities

from nbtransformers.engine.spans import decode, label_words, tags_of
from nbtransformers.request import Aggregation

BIOES = [f"{mark}-{kind}" for mark in "BIES" for kind in ("PER", "LOC")]
BIO = [label for label in BIOES if label[0] in "BI"]


def decoded(words: Sequence[str], labels: Sequence[str] | None = None) -> Spans:
    """What we make of the labels of the words of one text."""
    labels = list(dict.fromkeys([*(labels or ["O"]), *words]))
    tags = tags_of(labels)
    numbers = np.array([labels.index(word) for word in words], dtype=np.int64)
    spans = decode(numbers, np.ones(len(words), np.float32), np.zeros(len(words), np.int64), tags)
    return [
        (tags.types[kind], first, last)
        for kind, first, last in zip(spans.type.tolist(), spans.first.tolist(), spans.last.tolist(), strict=True)
    ]


@given(st.lists(st.sampled_from(["O", *BIOES]), max_size=12))
def test_every_stretch_that_is_a_span_is_found(words: list[str]) -> None:
    assert decoded(words, ["O", *BIOES]) == brute_force(words)


@given(st.lists(st.sampled_from(["O", *BIOES]), max_size=12))
def test_spans_are_those_of_seqeval(words: list[str]) -> None:
    assert decoded(words, ["O", *BIOES]) == get_entities(words)


@given(st.lists(st.sampled_from(["O", *BIO]), max_size=12))
def test_a_mark_behind_the_type_means_the_same(words: list[str]) -> None:
    turned = [word if word == "O" else f"{word[2:]}-{word[0]}" for word in words]
    labels = ["O", *(f"{label[2:]}-{label[0]}" for label in BIO)]
    assert decoded(turned, labels) == get_entities(turned, suffix=True) == decoded(words, ["O", *BIO])


@given(st.lists(st.sampled_from(["O", *BIO]), max_size=12))
def test_one_spelling_is_as_good_as_another(words: list[str]) -> None:
    """BILOU, BMES and an underscore name the same spans as BIOES."""
    spans = brute_force(words)
    for marks, sign in (("BILU", "-"), ("BMES", "-"), ("BIES", "_")):
        first, inner, last, single = marks
        labels = ["O", *(f"{mark}{sign}{kind}" for mark in marks for kind in ("PER", "LOC"))]
        given = ["O"] * len(words)
        for kind, start, stop in spans:
            given[start : stop + 1] = [f"{inner}{sign}{kind}"] * (stop + 1 - start)
            given[start], given[stop] = f"{first}{sign}{kind}", f"{last}{sign}{kind}"
            if start == stop:
                given[start] = f"{single}{sign}{kind}"
        assert decoded(given, labels) == spans


@given(
    st.lists(st.lists(st.sampled_from(range(5)), min_size=1, max_size=6), max_size=5),
    st.data(),
)
def test_texts_one_behind_the_other_are_those_texts_alone(rows: list[list[int]], data: st.DataObject) -> None:
    tags = tags_of(["O", *BIO])
    scores = [
        np.array(data.draw(st.lists(st.floats(0, 1, width=32), min_size=len(row), max_size=len(row))), np.float32)
        for row in rows
    ]
    flat = np.array([label for row in rows for label in row], dtype=np.int64)
    owner = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    spans = decode(flat, np.concatenate([np.empty(0, np.float32), *scores]), owner, tags)
    alone: list[tuple[int, int, int, float]] = []
    at = 0
    for row, own in zip(rows, scores, strict=True):
        one = decode(np.array(row), own, np.zeros(len(row), np.int64), tags)
        for first, last, kind in zip(one.first.tolist(), one.last.tolist(), one.type.tolist(), strict=True):
            alone.append((at + first, at + last, kind, float(np.mean(own[first : last + 1], dtype=np.float64))))
        at += len(row)
    together = list(zip(spans.first.tolist(), spans.last.tolist(), spans.type.tolist(), strict=True))
    assert together == [span[:3] for span in alone]
    assert np.allclose(spans.score, [span[3] for span in alone], atol=1e-6)


@pytest.mark.parametrize(
    ("labels", "scheme", "types"),
    [
        (["O", "B-PER", "I-PER"], "BIO", ("PER",)),
        (["O", "I-LOC", "I-PER"], "IO", ("LOC", "PER")),  # Jean-Baptiste/camembert-ner
        (["B-address", "I-address", "S-address", "O", "[PAD]"], "BIOES", ("address",)),  # uer/…-cluener2020-chinese
        (["O", "PER-B", "PER-I", "AFW-B", "AFW-I"], "BIO", ("PER", "AFW")),  # monologg/koelectra-…-naver-ner
        (["O", "B-AGE", "I-AGE", "L-AGE", "U-AGE"], "BILOU", ("AGE",)),  # obi/deid_roberta_i2b2
        (["B", "I", "O"], "BIO", ("entity",)),
        (["O", "PER", "LOC"], "plain", ("PER", "LOC")),
        (["0", ".", ",", "?"], "plain", (".", ",", "?")),  # oliverguhr/fullstop-punctuation-multilang-large
        (["O", "B_per", "I_per"], "BIO", ("per",)),
        (["O", "E-commerce", "S_class"], "plain", ("E-commerce", "S_class")),
        (["O", "B-PER", "I-PER", "LOC"], "BIO", ("PER", "LOC")),
        (["O", "B-PER", "I-PER", "X", "[CLS]"], "BIO", ("PER",)),
        (["NOUN", "VERB", "X"], "plain", ("NOUN", "VERB", "X")),
        (["LABEL_0", "LABEL_1"], "plain", ("LABEL_0", "LABEL_1")),
        (["O", "B-A-B", "I-A-B"], "BIO", ("A-B",)),
    ],
)
def test_what_labels_mean(labels: list[str], scheme: str, types: tuple[str, ...]) -> None:
    tags = tags_of(labels)
    assert (tags.scheme, tags.types) == (scheme, types)
    assert tags.has_outside == ("O" in labels or "0" in labels)


def test_words_without_marks_go_on_where_their_type_does() -> None:
    assert decoded(["PER", "PER", "O", "PER", "LOC"]) == [("PER", 0, 1), ("PER", 3, 3), ("LOC", 4, 4)]


def test_without_an_outside_every_word_is_a_span() -> None:
    labels = ["NOUN", "VERB"]
    assert decoded(["NOUN", "NOUN", "VERB"], labels) == [("NOUN", 0, 0), ("NOUN", 1, 1), ("VERB", 2, 2)]


# --- words of several tokens ---


@pytest.mark.parametrize("aggregation", ["first", "average", "max"])
@given(lengths=st.lists(st.integers(1, 4), max_size=6), seed=st.integers(0, 2**32 - 1))
def test_the_pieces_of_a_word_become_one_label(aggregation: Aggregation, lengths: list[int], seed: int) -> None:
    # Few values, so that there are ties.
    probabilities = np.random.default_rng(seed).integers(0, 4, (sum(lengths), 3)).astype(np.float32) / 4
    firsts = np.cumsum([0, *lengths])[:-1]
    labels, scores = label_words(probabilities, firsts.astype(np.int64), aggregation)
    expected = slowly(probabilities, firsts.tolist(), aggregation)
    assert labels.tolist() == [label for label, _ in expected]
    assert np.allclose(scores, [score for _, score in expected], atol=1e-6)
