"""What is selected in a panel: a trait that both sides set, and Python reads as rows of the result."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers import classification
from hypothesis import given
from hypothesis import strategies as st

import nbtransformers as nbt
from nbtransformers.errors import UserError
from nbtransformers.panels.classification.methods import methods
from nbtransformers.panels.classification.wire import classification_header, partial_header
from nbtransformers.panels.shown import remember
from nbtransformers.panels.widget import Panel

ROWS = 6


def result(rows: int = ROWS) -> Any:
    return classification([f"text {n}" for n in range(rows)], [[0.1, 0.9]] * rows, index=list("abcdefgh")[:rows])


@pytest.fixture
def panel() -> Iterator[Panel]:
    made = Panel()
    header, payload = classification_header(result())
    made.show("classify", header, payload, dict)
    yield made
    made.close()


GIVEN: list[tuple[Any, list[int]]] = [
    ([], []),
    ([3, 1, 3], [1, 3]),
    ((5, 0), [0, 5]),
    ({4, 2}, [2, 4]),
    (range(1, 3), [1, 2]),
    (np.array([4, 0], dtype=np.uint8), [0, 4]),
    (np.array([], dtype=np.float64), []),
    (pd.Index([2, 1]), [1, 2]),
    (pd.Series([1]), [1]),
    ([False, True, False, False, False, True], [1, 5]),
    (pd.Series([True] + [False] * 5), [0]),
    ((row for row in (2, 0)), [0, 2]),
]


@pytest.mark.parametrize(("value", "rows"), GIVEN, ids=lambda value: str(value)[:30])
def test_whatever_says_rows_can_be_given(panel: Panel, value: Any, rows: list[int]) -> None:
    panel.selection = value
    assert panel.selection == rows
    assert all(type(row) is int for row in panel.selection), "the trait must travel as JSON"


WRONG: list[tuple[Any, str]] = [
    ("12", "The selection is '12', a str. Give row numbers, or a mask of all rows: `panel.selection = [0, 2]`."),
    (7, "The selection is 7, an int. Give row numbers, or a mask of all rows: `panel.selection = [0, 2]`."),
    (None, "The selection is None, a NoneType. Give row numbers, or a mask of all rows: `panel.selection = [0, 2]`."),
    ([0.5], "The selection is [0.5], a list. Give row numbers, or a mask of all rows: `panel.selection = [0, 2]`."),
    (["a"], "The selection is ['a'], a list. Give row numbers, or a mask of all rows: `panel.selection = [0, 2]`."),
    ([[1]], "The selection is [[1]], a list. Give row numbers, or a mask of all rows: `panel.selection = [0, 2]`."),
    ([[1], [1, 2]], "The selection is [[1], [1, 2]], a list. Give row numbers, or a mask of all rows: "),
    ([0, 6], "There is no row 6. Give row numbers from 0 to 5."),
    ([-1], "There is no row -1. Give row numbers from 0 to 5."),
    ([2**70], "The selection is [1180591620717411303424], a list. Give row numbers, or a mask of all rows: "),
    ([True], "The mask has 1 rows, and the result 6. Give row numbers, or a mask of all rows: "),
]


@pytest.mark.parametrize(("value", "message"), WRONG, ids=[str(value) for value, _ in WRONG])
def test_what_says_no_rows_is_refused_in_one_line(panel: Panel, value: Any, message: str) -> None:
    panel.selection = [1]
    with pytest.raises(UserError) as caught:
        panel.selection = value
    assert str(caught.value).startswith(message)
    assert panel.selection == [1]


@given(st.lists(st.integers(0, ROWS - 1)))
def test_rows_are_sorted_and_each_is_there_once(rows: list[int]) -> None:
    made = Panel(selection=rows)
    assert made.selection == sorted(set(rows))
    made.close()


def test_a_change_is_told_once(panel: Panel) -> None:
    seen: list[list[int]] = []
    panel.observe(lambda change: seen.append(change.new), "selection")
    for rows in ([2, 1], [1, 2], np.array([1, 2]), [3]):
        panel.selection = rows
    assert seen == [[1, 2], [3]]


def test_no_two_panels_share_a_selection() -> None:
    first, second = Panel(), Panel()
    first.selection = [1]
    assert second.selection == []
    first.close()
    second.close()


def test_what_was_selected_while_the_work_went_on_is_kept_as_far_as_it_is_there() -> None:
    made = Panel()
    made.begin("classify", *partial_header(result(), 1000))
    made.selection = [1, 5, 900]
    header, payload = classification_header(result())
    made.show("classify", header, payload, dict)
    assert made.selection == [1, 5]
    made.close()


# --- a result and its panel ---


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(UserError) as caught:
        call()
    return str(caught.value)


def test_the_rows_selected_are_those_of_to_pandas() -> None:
    shown, made = result(), Panel()
    made.result = shown
    remember(shown, made)
    assert nbt.panel(shown) is made
    made.selection = [4, 1]
    pd.testing.assert_frame_equal(nbt.selected(shown), shown.to_pandas().iloc[[1, 4]])
    made.selection = []
    assert len(nbt.selected(shown)) == 0
    made.close()


def test_a_result_that_is_not_on_the_screen_is_told() -> None:
    told = "This result is not on the screen. Show it in a notebook: `nbt.show(result)`."
    shown, made = result(), Panel()
    assert refused(lambda: nbt.panel(shown)) == told
    assert refused(lambda: nbt.selected(shown)) == told
    remember(shown, made)
    made.close()
    assert refused(lambda: nbt.panel(shown)) == told
    assert refused(lambda: nbt.selected([1])) == "[1] is a list, not a result. Give what `nbt.classify` gave."  # pyright: ignore[reportArgumentType]
    assert refused(lambda: nbt.panel([1])) == "[1] is a list, not a result. Give what `nbt.classify` gave."  # pyright: ignore[reportArgumentType]
    assert refused(lambda: nbt.show([1])) == "[1] is a list, not a result. Give what `nbt.classify` gave."  # pyright: ignore[reportArgumentType]
    assert refused(lambda: nbt.panel()).startswith("panel(): missing a required argument: 'result'.")  # pyright: ignore[reportCallIssue]


def test_to_know_its_panel_keeps_no_result_alive() -> None:
    shown, made = result(), Panel()
    header, payload = classification_header(shown)
    made.show("classify", header, payload, partial(methods, shown))
    remember(shown, made)
    gone = weakref.ref(shown)
    made.close()
    del shown, made
    gc.collect()
    assert gone() is None
