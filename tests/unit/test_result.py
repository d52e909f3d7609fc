"""What came out, as a DataFrame, a figure and plain text."""

from __future__ import annotations

import pickle
import unicodedata
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, replace
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from helpers import RUN, classification
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtransformers.plain_text import count, printable, seconds
from nbtransformers.results.classification import Classification
from nbtransformers.results.rows import NOT_DONE, row_names

THREE = ("red", "green", "blue")


@pytest.fixture(autouse=True)
def _agg() -> Iterator[None]:
    mpl.use("Agg")
    yield
    from matplotlib import pyplot as plt

    plt.close("all")


def single(**options: Any) -> Classification:
    return classification(["good", None, "bad", "meh"], [[0.1, 0.9], None, [0.8, 0.2], [0.5, 0.5]], **options)


def multi(**options: Any) -> Classification:
    scores = [[0.9, 0.1, 0.7], [0.1, 0.2, 0.3], None]
    return classification(["x", "y", ""], scores, labels=THREE, problem="multi_label", **options)


def regression(values: list[list[float] | None], **options: Any) -> Classification:
    labels = options.pop("labels", ("stars",))
    return classification([f"t{n}" for n in range(len(values))], values, labels=labels, problem="regression", **options)


# --- as a table ---


def test_a_table_has_its_columns_in_order() -> None:
    table = single().to_pandas()
    assert list(table.columns) == ["text", "label", "score", "reason", "negative", "positive"]
    assert table["label"].tolist() == ["positive", None, "negative", "negative"]
    assert table["reason"].tolist() == [None, "missing", None, None]
    assert table["text"].tolist() == ["good", None, "bad", "meh"]
    np.testing.assert_allclose(table["score"], np.float32([0.9, np.nan, 0.8, 0.5]))
    np.testing.assert_array_equal(table[["negative", "positive"]].to_numpy(), single().scores)


def test_what_is_not_there_is_none_in_text_and_nan_in_numbers() -> None:
    table = single().to_pandas()
    assert [str(kind) for kind in table.dtypes] == ["object"] * 2 + ["float32", "object"] + ["float32"] * 2
    for column in ("text", "label"):
        assert table[column].iloc[1] is None
        assert table[column].isna().tolist() == [False, True, False, False]
    assert table["reason"].iloc[0] is None
    assert np.isnan(table["score"].iloc[1])
    # What people do next gives what they expect.
    assert table["label"].value_counts().to_dict() == {"negative": 2, "positive": 1}
    assert table.dropna(subset=["label"]).index.tolist() == [0, 2, 3]
    assert table.groupby("label")["score"].count().to_dict() == {"negative": 2, "positive": 1}
    assert table[table["reason"].notna()].index.tolist() == [1]


def test_all_rows_without_a_score_are_none_too() -> None:
    table = classification([None, None], [None, None]).to_pandas()
    assert table["label"].tolist() == [None, None]
    assert table["label"].dtype == object


@pytest.mark.parametrize(
    "index",
    [
        pd.Index([7, 7, 1, 0]),
        pd.MultiIndex.from_product([["a", "b"], [1, 2]]),
        pd.date_range("2026-01-01", periods=4, tz="UTC"),
        pd.Index(["a", None, 3.5, ("x", "y")], dtype=object),
    ],
    ids=["twice", "levels", "dates", "mixed"],
)
def test_the_index_is_the_input_s(index: Any) -> None:
    result = single(index=index)
    pd.testing.assert_index_equal(result.to_pandas().index, index)
    assert result.top(1)["row"].tolist() == index.take([0, 2, 3]).tolist()


@pytest.mark.parametrize(
    "keys", [["x", 5, None, 2.5], [(1, 2), (3, 4), (5, 6), (7, 8)], [(1,), (1, 2), "a", 3], [1, 2, 3, 4]]
)
def test_keys_of_a_dict_are_an_index(keys: list[Any]) -> None:
    result = single(index=keys)
    assert result.to_pandas()["text"].tolist() == ["good", None, "bad", "meh"]
    assert result.top(1)["label"].tolist() == ["positive", "negative", "negative"]
    assert len(result.top(1)["row"]) == 3
    first = " · ".join(map(str, keys[0])) if isinstance(keys[0], tuple) else str(keys[0])
    assert first in str(result)


def test_a_label_that_is_called_like_a_column_steps_aside() -> None:
    labels = ("text", "score", "score:text", "fine")
    table = classification(["x"], [[0.1, 0.2, 0.3, 0.4]], labels=labels).to_pandas()
    assert list(table.columns) == [
        "text",
        "label",
        "score",
        "reason",
        "score:text",
        "score:score",
        "score:score:text",
        "fine",
    ]
    assert table.iloc[0].tolist()[4:] == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert (table["text"][0], table["label"][0]) == ("x", "fine")


@pytest.mark.parametrize(
    ("labels", "columns"),
    [
        (("score:text", "text", "x"), ["score:text", "score:score:text", "x"]),
        (("text", "text", "score:text"), ["score:text", "score:score:text", "score:score:score:text"]),
    ],
)
def test_no_label_takes_another_s_column(labels: tuple[str, ...], columns: list[str]) -> None:
    table = classification(["x"], [[0.1, 0.2, 0.3]], labels=labels).to_pandas()
    assert list(table.columns)[4:] == columns
    assert table.iloc[0].tolist()[4:] == pytest.approx([0.1, 0.2, 0.3])


def test_the_best_of_a_multi_label_row_may_be_unassigned() -> None:
    result = multi(threshold=0.7)
    assert result.to_pandas()["label"].tolist() == ["red", "blue", None]
    assert result.assigned.tolist() == [[True, False, True], [False] * 3, [False] * 3]
    assert result.totals == {"red": 1, "green": 0, "blue": 1}


def test_no_rows_is_a_result_too() -> None:
    for problem in ("single_label", "multi_label", "regression"):
        result = classification([], [], problem=problem)
        table = result.to_pandas()
        assert list(table.columns) == ["text", "label", "score", "reason", "negative", "positive"]
        assert len(table) == len(result.top()) == len(result) == 0
        assert list(result.totals.values()) == [0, 0]
        assert "0 texts" in str(result)
        result.plot().figure.canvas.draw()


# --- what is counted ---


def test_the_first_of_equal_labels_is_the_best() -> None:
    assert single().best.tolist() == [1, -1, 0, 0]
    assert single().totals == {"negative": 2, "positive": 1}
    assert single().scored.tolist() == [True, False, True, True]


def test_what_an_interrupt_left_is_not_done() -> None:
    result = single(reasons={1: NOT_DONE})
    assert result.done.tolist() == [True, False, True, True]
    assert single().done.all()


def test_a_row_of_the_top_has_its_rank() -> None:
    table = multi().top(2)
    assert table["row"].tolist() == [0, 0, 1, 1]
    assert table["rank"].tolist() == [1, 2, 1, 2]
    assert table["label"].tolist() == ["red", "blue", "blue", "green"]
    np.testing.assert_allclose(table["score"], np.float32([0.9, 0.7, 0.3, 0.2]))


def test_the_top_is_as_long_as_asked_for() -> None:
    assert len(multi().top()) == 6  # three labels, two scored rows
    assert len(multi().top(1)) == 2
    assert len(multi(top_k=2).top()) == 4
    assert len(multi(top_k=2).top(99)) == 6


@settings(max_examples=60)
@given(st.lists(st.none() | st.lists(st.floats(0, 1, width=32), min_size=3, max_size=3), max_size=8), st.floats(0, 1))
def test_every_row_is_counted_once(scores: list[Any], threshold: float) -> None:
    for problem in ("single_label", "multi_label"):
        result = classification(["t"] * len(scores), scores, labels=THREE, problem=problem, threshold=threshold)
        table = result.to_pandas()
        assert len(table) == len(scores)
        assert table["score"].isna().tolist() == [row is None for row in scores]
        if problem == "single_label":
            assert sum(result.totals.values()) == int(result.scored.sum())
        for row, given_scores in enumerate(scores):
            if given_scores is not None:
                assert table["score"][row] == np.float32(max(given_scores))
                assert result.scores[row, THREE.index(table["label"][row])] == table["score"][row]


def test_a_threshold_is_compared_as_the_scores_are() -> None:
    result = classification(["x"], [[0.7, 0.1]], problem="multi_label", threshold=0.7)
    assert result.assigned.tolist() == [[True, False]]  # 0.7 as float32 is less than 0.7


# --- as a figure ---


def test_bars_are_the_totals() -> None:
    axes = single().plot()
    assert [bar.get_width() for bar in axes.patches] == [2, 1]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["negative", "positive"]
    assert [text.get_text() for text in axes.texts] == ["2", "1"]
    assert axes.get_title(loc="left") == "a-model · 4 texts"


def test_any_name_can_be_drawn() -> None:
    labels = ("$\\frac{$", "a\tb", "a b", "电影", "_hidden", "")
    result = classification(["x"], [[0.1, 0.2, 0.3, 0.1, 0.2, 0.1]], labels=labels, run=replace(RUN, model="$x_{$"))
    axes = result.plot()
    assert len(axes.patches) == len(axes.get_yticklabels()) == 6  # two that print alike are two bars
    with mpl.rc_context({"font.family": ["DejaVu Sans"]}), pytest.warns(UserWarning, match="missing from font"):
        axes.figure.canvas.draw()


def test_regression_is_drawn_as_a_spread() -> None:
    axes = regression([[1.0], [2.0], None, [4.0]]).plot()
    assert sum(bar.get_height() for bar in axes.patches) == 3
    two = regression([[1.0, 5.0], [2.0, 6.0]], labels=("$a_{$", "b")).plot()
    assert [text.get_text() for text in two.get_legend().get_texts()] == ["$a_{$", "b"]
    two.figure.canvas.draw()


def test_a_figure_can_be_drawn_into() -> None:
    from matplotlib import pyplot as plt

    _, axes = plt.subplots()
    assert single().plot(axes) is axes
    assert len(plt.get_fignums()) == 1


# --- as plain text ---

DIRTY = "red\x1b[31m\x07\x00\r\nup\x1b[A \u202eright-to-left\u2066 \u200f \x9b0m \ud800 end"


def test_nothing_in_a_text_reaches_the_terminal_as_a_command() -> None:
    result = classification(
        [DIRTY],
        [[0.5, 0.5]],
        labels=(DIRTY, "b"),
        index=[DIRTY],
        notes=[DIRTY],
        method=DIRTY,
        run=replace(RUN, model=DIRTY),
    )
    shown = str(result)
    assert repr(result) == shown
    for character in shown:
        assert character == "\n" or unicodedata.category(character) not in {"Cc", "Cs"}, hex(ord(character))
        assert character not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
    shown.encode("utf-8")


@settings(max_examples=300)
@given(st.text(st.characters(categories=None), max_size=40))
def test_any_text_is_one_safe_line(text: str) -> None:
    safe = printable(text)
    assert safe.encode("utf-8").decode("utf-8").splitlines() in ([], [safe])
    assert not any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in safe)
    assert printable(safe) == safe
    assert len(safe) == len(text)


def test_text_that_is_fine_is_left_alone() -> None:
    for text in ("plain", "这部电影", "كان الفيلم", "👩‍👩‍👧‍👦🎬", "Cafe\u0301", "a_b*c [red]x[/red]"):
        assert printable(text) == text


def test_wide_characters_stay_in_their_columns() -> None:
    from rich.cells import cell_len

    result = classification(["这部电影很好看" * 20, "🎬" * 99, "plain"], [[0.1, 0.9]] * 3, labels=("坏", "好"))
    rows = [line for line in str(result).splitlines() if "0.900" in line]
    assert len(rows) == 3
    assert all(cell_len(line) <= 100 for line in rows)
    assert len({cell_len(line[: line.index("0.900")]) for line in rows}) == 1


def test_markup_of_rich_is_only_text() -> None:
    shown = str(classification(["[bold]x[/bold] [/]"], [[0.1, 0.9]], labels=("[a]", "[/b]"), notes=["[red]n"]))
    assert "[bold]x[/bold] [/]" in shown
    assert "[/b]" in shown
    assert "[red]n" in shown


def test_the_text_has_totals_rows_and_remarks() -> None:
    shown = str(single(notes=["Two were cut."], method="by the model"))
    first, *rest = shown.splitlines()
    assert first == "a-model: 4 texts · negative 2 · positive 1 · without a score 1"
    assert [line.split() for line in rest if line.strip().startswith(("0", "1"))] == [
        ["0", "positive", "0.900", "good"],
        ["1", "–", "–", "(missing)"],
    ]
    assert rest[-2:] == ["Note: Two were cut.", "Scores: by the model"]


def test_only_the_first_rows_are_printed() -> None:
    result = classification([f"text {n}" for n in range(1234)], [[0.1, 0.9]] * 1234)
    shown = str(result)
    assert "… 1,224 more rows: .to_pandas()" in shown
    assert "text 9" in shown
    assert "text 10" not in shown


def test_several_labels_are_printed_for_multi_label_and_top_k() -> None:
    lines = str(multi(threshold=0.7)).splitlines()
    assert lines[0] == "a-model: 3 texts · red 1 · blue 1 · green 0 · without a score 1"
    assert "red, blue" in next(line for line in lines if line.endswith(" x"))
    assert "(none)" in next(line for line in lines if line.endswith(" y"))
    assert "positive, negative" in str(single(top_k=2))
    rising = classification(["x"], [[0.6, 0.7, 0.8]], labels=THREE, problem="multi_label")
    assert "blue, green, red" in str(rising)


DAYS = pd.date_range("2026-01-31", periods=2)


@pytest.mark.parametrize(
    ("index", "names"),
    [
        (None, ["0", "1"]),
        (pd.MultiIndex.from_product([["k"], [1, 2]]), ["k · 1", "k · 2"]),
        ([("k", np.int64(1)), ()], ["k · 1", "()"]),
        (DAYS, ["2026-01-31", "2026-02-01"]),
        (DAYS.tz_localize("Asia/Tokyo"), ["2026-01-31", "2026-02-01"]),
        (DAYS + pd.Timedelta("1h"), ["2026-01-31 01:00:00", "2026-02-01 01:00:00"]),
        (pd.DatetimeIndex([DAYS[0], DAYS[1] + pd.Timedelta("1h")]), ["2026-01-31 00:00:00", "2026-02-01 01:00:00"]),
        (pd.MultiIndex.from_product([["k"], DAYS]), ["k · 2026-01-31 00:00:00", "k · 2026-02-01 00:00:00"]),
    ],
    ids=["none", "levels", "tuples", "days", "days of a zone", "times", "one time", "levels with days"],
)
def test_a_row_is_named_as_people_write_it(index: Any, names: list[str]) -> None:
    result = classification(["x", "y"], [[0.1, 0.9]] * 2, index=index)
    assert row_names(result, range(2)) == names
    assert row_names(result, [1]) == names[1:]
    assert names[0] in str(result)


def test_regression_is_printed_with_its_spread() -> None:
    assert str(regression([[1.0], None, [3.0]])).startswith(
        "a-model: 3 texts · mean 2.000, from 1.000 to 3.000 · without a score 1"
    )
    assert str(regression([None])).startswith("a-model: 1 text · without a score 1")


def test_the_run_is_told_in_facts() -> None:
    assert RUN.facts() == [
        ("Model", "a-model"),
        ("Device", "cpu · float32 · 2 threads"),
        ("Time", "400 ms (+ 500 ms to load)"),
        ("Tokens", "1,200 · 3,000 tokens/s"),
        ("Batches", "3 of up to 512 tokens"),
        ("Padding waste", "1.0%"),
    ]
    assert replace(RUN, out_of_memory=2).facts()[-1] == ("Out of memory", "budget halved 2 times")
    assert replace(RUN, seconds=0, tokens=0, pad_tokens=0).facts()[3] == ("Tokens", "0 · 0 tokens/s")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0 ms"),
        (0.0004, "0 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.0 s"),
        (1, "1.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 0 s"),
        (119.6, "2 min 0 s"),
        (3599.6, "1 h 0 min"),
        (7300, "2 h 1 min"),
    ],
)
def test_a_duration_is_said_as_people_do(value: float, said: str) -> None:
    assert seconds(value) == said


def test_a_number_has_its_noun() -> None:
    assert [count(n, "text") for n in (0, 1, 2, 1200)] == ["0 texts", "1 text", "2 texts", "1,200 texts"]
    assert count(2, "entry", "entries") == "2 entries"


# --- a value ---


def test_a_result_is_frozen_and_can_be_kept() -> None:
    result = single(index=pd.Index(list("abcd")))
    with pytest.raises(FrozenInstanceError):
        result.texts = ()  # pyright: ignore[reportAttributeAccessIssue]
    again = pickle.loads(pickle.dumps(result))
    pd.testing.assert_frame_equal(again.to_pandas(), result.to_pandas())
    assert result in {result}
