"""Results in a file, shown: in a panel, in a saved notebook, in a terminal."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import helpers
import numpy as np
import pandas as pd
import pytest

from nbtransformers.panels.kinds import kind_of_result
from nbtransformers.panels.stored.snapshot import stored_snapshot
from nbtransformers.panels.stored.wire import stored_header
from nbtransformers.request import ClassifyRequest, DataRef, RunOptions
from nbtransformers.results.stored import Stored

GOLDEN = json.loads(Path(__file__).parent.parent.joinpath("golden", "stored.json").read_text(encoding="utf-8"))


def stored(**changes: Any) -> Stored:
    """What the golden file tells of."""
    head = pd.DataFrame(
        {
            "text": pd.Series(
                ["A joy from start to end.", "很好看", "كان مملاً", "<img src=x onerror=alert(1)> \ud83c"], dtype=object
            ),
            "label": pd.Series(["positive", "positive", "negative", None], dtype=object),
            "score": np.array([0.9987, 0.75, 0.5, np.nan], dtype=np.float32),
            "reason": pd.Series([None, None, None, "missing"], dtype=object),
            "vector": [np.array([0.5, -1, 2, 3, 4]), np.array([0.5, 1]), np.zeros(1), None],
        }
    )
    made = Stored(
        request=ClassifyRequest(DataRef("variable", "data"), run=RunOptions(to="labels.parquet")),
        path=Path("/data/labels über <b>.parquet"),
        rows=200_000,
        total=200_000,
        nbytes=12_300_000,
        head=head,
        run=helpers.RUN,
        notes=("2 texts were cut.",),
        done=True,
    )
    return replace(made, **changes)


def test_the_wire_is_the_golden_one() -> None:
    header, payload = stored_header(stored())
    assert (header, payload) == (GOLDEN["header"], b"")
    assert kind_of_result(stored()).name == header["kind"]


def test_a_snapshot_has_the_same_with_no_markup_of_the_data() -> None:
    html = stored_snapshot("id", stored())
    assert "<img" not in html
    assert "<b>" not in html
    for cell in ("labels über &lt;b&gt;.parquet", "200,000 texts", "很好看", "كان مملاً", "⚠ 2 texts were cut."):
        assert cell in html
    assert "The first rows; `pd.read_parquet(&#x27;labels.parquet&#x27;)` has all." in html


@pytest.mark.parametrize(
    ("texts", "rows", "done", "more"),
    [
        (200_000, 50, True, "The first rows; `pd.read_parquet('labels.parquet')` has all."),
        (6, 12, True, "The first rows; `pd.read_parquet('labels.parquet')` has all."),  # two entities a text
        (15_000, 50, False, "The first rows."),
        (10, 10, True, ""),
        (4, 10, True, ""),
    ],
)
def test_more_rows_than_are_shown_are_told(texts: int, rows: int, done: bool, more: str) -> None:
    result = stored(rows=texts, head=pd.concat([stored().head] * 13)[:rows], done=done)
    assert result.more == more
    assert ("The first rows" in str(result)) == bool(more)
    assert ("The first rows" in stored_snapshot("id", result)) == bool(more)


def test_a_terminal_shows_the_same() -> None:
    lines = str(stored()).splitlines()
    assert lines[0] == "labels über <b>.parquet: 200,000 texts · 12.3 MB · 400 ms"
    assert lines[-1] == "Note: 2 texts were cut."
    assert any("positive" in line and "0.9987" in line for line in lines)


def test_what_is_not_done_says_how_far_it_is() -> None:
    unfinished = stored(rows=15_000, done=False)
    assert unfinished.summary == "15,000 of 200,000 texts · 12.3 MB · 400 ms"
    assert unfinished.facts()[0] == ("File to be", "/data/labels über <b>.parquet")
    assert stored(rows=15_000, done=False, total=None).summary.startswith("15,000 texts")


def test_the_labels_of_the_rows_are_shown_where_they_are_no_numbers() -> None:
    named = stored().head.set_axis(["a", "b", "c", "d"], axis=0).rename_axis("name")
    columns, rows = stored(head=named).cells()
    assert (columns[0], rows[0][0]) == ("name", "a")


def test_no_rows_are_said_to_be_none() -> None:
    assert "No rows." in stored_snapshot("id", stored(rows=0, head=stored().head.iloc[:0]))


def test_a_wide_vector_is_cut_short() -> None:
    wide = stored().head.assign(vector=[np.arange(4_096.0)] * 4)
    assert len(json.dumps(stored_header(stored(head=wide))[0])) < 2_000
