"""What is left of vectors where no script runs."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from payloads import MARKUP
from vectors import embeddings, near_topics, similarity, topical

from nbtransformers.panels.embedding.snapshot import SNAPSHOT_ROWS, embedding_snapshot
from nbtransformers.panels.similarity.snapshot import SNAPSHOT_PAIRS, SNAPSHOT_SIDE, similarity_snapshot

ELEMENTS = {
    *("style", "div", "p", "strong", "span", "em", "table", "thead", "tbody", "tr", "td", "th", "svg", "circle", "bdi"),
}


class Reader(HTMLParser):
    """The elements, the attributes, and the text of a snapshot; its own style apart."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_markup_in_texts_names_and_queries_stays_text() -> None:
    made = embeddings(MARKUP, index=MARKUP)
    others = embeddings(MARKUP[:3], near_topics(3), MARKUP[:3])
    asked = similarity(made, query=MARKUP[2])
    object.__setattr__(asked, "query_vector", made.vectors[0])
    for html in (
        embedding_snapshot("p", made),
        similarity_snapshot("p", asked),
        similarity_snapshot("p", similarity(embeddings(MARKUP[:4], index=MARKUP[:4]), others)),
    ):
        seen = Reader(html)
        assert seen.elements <= ELEMENTS
        assert not {name for name in seen.attributes if name.startswith("on")}
        assert MARKUP[2] in seen.text


@pytest.mark.parametrize("rows", [0, 1, 2, SNAPSHOT_SIDE, 300, 3_000])
def test_any_number_of_texts_has_a_snapshot(rows: int) -> None:
    result = embeddings([None if row == 1 else text for row, text in enumerate(topical(rows))])
    html = embedding_snapshot("p", result)
    assert html.count("<tr><td") == min(rows, SNAPSHOT_ROWS)
    assert ("<svg" in html) == (3 <= rows <= 2_000)
    assert html.count("<circle") == (rows - 1 if "<svg" in html else 0)
    html = similarity_snapshot("p", similarity(result))
    assert html.count("Most similar pairs") == (rows > 2)
    assert len(html) < 400_000


def test_a_small_matrix_is_told_in_numbers() -> None:
    result = similarity(embeddings([*topical(5), None]))
    cells = re.findall(r'<td style="[^"]*">(–|-?\d\.\d\d)</td>', similarity_snapshot("p", result))
    told = ["–" if np.isnan(value) else f"{value:.2f}" for value in result.matrix.ravel().tolist()]
    assert cells[:36] == told


def test_pairs_and_what_is_nearest_are_those_of_the_result() -> None:
    made = embeddings(topical(40))
    result = similarity(made, query="a film", top_k=3)
    object.__setattr__(result, "query_vector", made.vectors[7])
    scores = re.findall(r'<td style="[^"]*">(-?\d\.\d{3})</td>', similarity_snapshot("p", result))
    near, pairs = result.nearest()["score"].tolist(), result.pairs(SNAPSHOT_PAIRS)["score"].tolist()
    assert scores == [f"{score:.3f}" for score in [*near, *pairs]]
