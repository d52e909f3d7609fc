"""A million rows: what the panel asks is answered while somebody waits, and a partial result costs next to nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from many import many

from nbtransformers.panels.classification.methods import methods
from nbtransformers.panels.classification.snapshot import classification_snapshot
from nbtransformers.panels.classification.wire import classification_header, partial_header
from nbtransformers.results.classification import Classification

pytestmark = pytest.mark.slow

ROWS = 1_000_000


@pytest.fixture(scope="module")
def result() -> Classification:
    return many(ROWS)


def busy(work: Callable[[], Any]) -> float:
    """Seconds of this thread's own time: what else the machine does is not counted."""
    work()
    started = time.thread_time()
    work()
    return time.thread_time() - started


def test_the_first_page_comes_at_once(result: Classification) -> None:
    assert busy(lambda: classification_header(result)) < 0.3
    assert busy(lambda: classification_snapshot("id", result)) < 0.5
    assert busy(lambda: methods(result)["rows"]({"start": 0, "stop": 100})) < 0.1


@pytest.mark.parametrize("by", ["score", "label", 1])
def test_sorting_takes_less_than_a_second(result: Classification, by: str | int) -> None:
    question = {"start": 0, "stop": 100, "sort": {"by": by, "descending": True}}
    assert busy(lambda: methods(result)["rows"](question)) < 1


@pytest.mark.parametrize("search", ["joy", "好看", "99999"])
def test_a_search_takes_a_few_seconds_at_worst(result: Classification, search: str) -> None:
    assert busy(lambda: methods(result)["rows"]({"start": 0, "stop": 100, "search": search})) < 3


def test_one_more_letter_looks_only_into_what_was_found(result: Classification) -> None:
    ask = methods(result)["rows"]
    whole = ask({"stop": 1, "search": "joy joy"})[0]["total"]
    started = time.thread_time()
    narrower = ask({"stop": 1, "search": "joy joy v"})[0]["total"]
    assert 0 < narrower < whole
    assert time.thread_time() - started < 0.3


def test_pages_come_quickly_wherever_they_are(result: Classification) -> None:
    ask = methods(result)["rows"]
    starts = np.random.default_rng(0).integers(0, ROWS - 100, 200)
    spent = []
    for start in starts.tolist():
        begun = time.thread_time()
        ask({"start": start, "stop": start + 100})
        spent.append(time.thread_time() - begun)
    assert np.percentile(spent, 95) < 0.01


def test_all_rows_found_are_four_megabytes(result: Classification) -> None:
    _, (payload,) = methods(result)["positions"]({"start": 0, "stop": ROWS})
    assert len(payload) == 4 * ROWS


def test_a_partial_result_is_shown_in_a_moment(result: Classification) -> None:
    _, payload = partial_header(result, ROWS)
    assert len(payload) < 50_000
    assert busy(lambda: partial_header(result, ROWS)) < 0.3
    window = many(20_000)
    assert busy(lambda: partial_header(window, ROWS)) < 0.02
