"""An explanation as a result, on the wire, as HTML, in a terminal; and what its panel can have done."""

from __future__ import annotations

import base64
import sys
import threading
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from explained import GOLDEN, explanation, golden
from hypothesis import given
from hypothesis import strategies as st
from payloads import MARKUP

from nbtransformers.errors import UserError
from nbtransformers.panels import earlier
from nbtransformers.panels.explanation import again
from nbtransformers.panels.explanation.snapshot import MOST_WORDS, explanation_snapshot
from nbtransformers.panels.explanation.wire import explanation_header, partial_header, word_texts
from nbtransformers.request import DataRef, ExplainRequest, RunOptions, parse_methods
from nbtransformers.results.explanation import Explanation

# --- the wire ---


def test_the_wire_is_the_golden_one() -> None:
    header, payload = explanation_header(golden())
    expected = GOLDEN["header"]
    assert base64.b64encode(payload).decode() == GOLDEN["payload_base64"]
    different = {"facts", "again", "methods"}
    same = [key for key in expected if key not in different]
    assert {key: header[key] for key in same} == {key: expected[key] for key in same}
    assert header["methods"] == expected["methods"]
    assert dict(map(tuple, header["facts"]))["Explained"] == "the logit of positive"


def test_what_is_on_its_way_is_marked_so() -> None:
    header, _ = partial_header(golden(), None)
    assert header["partial"] is True and header["again"] is False


def test_words_are_the_golden_ones() -> None:
    result = golden()
    words = result.words
    told = [
        {
            "before": before,
            "text": text,
            "special": bool(words.special[word]),
            "second": bool(result.side.flags[words.first[word]] & 4),
            "values": [float(words.sums(one.values)[word]) for one in result.found],
        }
        for word, (before, text) in enumerate(word_texts(result))
    ]
    assert told == GOLDEN["words"]


def test_a_long_text_stays_small() -> None:
    size = 8_192
    spans = [(5 * at, 5 * at + 4) for at in range(size)]
    result = explanation(
        "word " * size, [np.ones(size).tolist()] * 3, spans=spans, pieces=["Ġword"] * size, words=list(range(size))
    )
    _, payload = explanation_header(result)
    snapshot = explanation_snapshot("p", result)
    assert len(payload) + len(snapshot.encode()) < 300_000, (len(payload), len(snapshot))
    assert f"{size - MOST_WORDS // 3:,} more words" in snapshot


# --- the result ---


def test_words_are_sums_and_tokens_are_a_table() -> None:
    result = golden()
    table = result.to_pandas()
    assert table.columns.tolist() == [
        *("token", "text", "start", "stop", "word", "special", "integrated_gradients", "occlusion"),
    ]
    assert table["text"].to_list() == ["", "Un", "good", "很", "😀", "😀", "", "<b>", ""]
    words = result.to_pandas(by="word")
    assert words["word"].tolist() == ["[CLS]", "Ungood", "很", "😀", "[SEP]", "<b>", "[SEP]"]
    assert words["integrated_gradients"].sum() == pytest.approx(table["integrated_gradients"].sum())
    assert result.to_pandas([2, 1])["token"].tolist() == ["##good", "un"]
    with pytest.raises(UserError, match="no rows by 'letter'"):
        result.to_pandas(by="letter")


@given(st.lists(st.tuples(st.integers(0, 4), st.floats(-5, 5, width=32)), min_size=1, max_size=12))
def test_no_attribution_is_lost_between_tokens_and_words(tokens: list[tuple[int, float]]) -> None:
    words = np.cumsum([new > 1 for new, _ in tokens]).tolist()
    size = len(tokens)
    result = explanation(
        "x" * size,
        [[value for _, value in tokens]],
        spans=[(at, at + 1) for at in range(size)],
        pieces=["x"] * size,
        words=words,
    )
    known = result.words
    assert known.sums(result.attributions).sum() == pytest.approx(sum(v for _, v in tokens), abs=1e-4)
    assert "".join(before + text for before, text in word_texts(result)) == "x" * size


def test_a_method_is_looked_up_by_its_name() -> None:
    result = golden()
    assert result["occlusion"].values is result.found[1].values
    assert result.methods == ("integrated_gradients", "occlusion")
    assert result.completeness_gap == 0.005
    with pytest.raises(UserError, match=r"'occlusoin' is not in this explanation\. Did you mean occlusion\?"):
        _ = result["occlusoin"]


def test_a_gap_is_told_with_its_sign() -> None:
    one = golden().found[0]
    told = {gap: replace(one, completeness_gap=gap).told for gap in (0.005, -0.0125, 0.00005)}
    assert list(told.values()) == [
        f"completeness gap {gap} in 32 steps" for gap in ("+0.50%", "−1.25%", "within 0.01%")
    ]


def test_it_is_written_as_a_file(tmp_path: Path) -> None:
    golden().to_csv(tmp_path / "why.csv")
    assert pd.read_csv(tmp_path / "why.csv")["token"].tolist() == list(golden().side.pieces)


def test_a_terminal_gets_a_line_a_word() -> None:
    text = str(golden())
    assert "a-model · 9 tokens · positive (logit 2.50, probability 75.0%)" in text
    assert "Integrated gradients: completeness gap +0.50% in 32 steps" in text
    assert "Note: A note." in text
    assert "-0.750" in text and "Ungood" in text
    single = str(explanation("Ungood 很\n \x1b[31m"))
    assert "\x1b" not in single and "█" in single and "░" in single


def test_figures_have_a_bar_a_word() -> None:
    from matplotlib import pyplot as plt

    axes = golden().plot()
    assert len(axes.figure.axes) == 2
    bars: Any = axes.patches
    assert bars[1].get_width() == pytest.approx(-0.75)
    one = golden().plot("occlusion")
    assert one.get_title(loc="left") == "Occlusion: positive"
    with pytest.raises(UserError, match="2 methods, and one `ax`"):
        golden().plot(ax=one)
    plt.close("all")


# --- without a script ---


class Reader(HTMLParser):
    """The elements and the text of a snapshot."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_snapshot_tells_all_that_matters() -> None:
    read = Reader(explanation_snapshot("p1", golden()))
    for told in (
        "positive",
        "logit 2.50",
        "75.0%",
        "Integrated gradients",
        "Occlusion",
        "Ungood",
        "很",
        "😀",
        "A note.",
    ):
        assert told in read.text, told
    assert "completeness gap +0.50% in 32 steps" in read.text
    assert read.elements <= {"style", "div", "p", "strong", "span", "table", "thead", "tbody", "tr", "td", "th"}


def test_markup_stays_text() -> None:
    for payload in MARKUP:
        size = len(payload)
        spans = [(0, 1), (1, size)] if size > 1 else [(0, 1), (0, 1)]
        result = explanation(
            payload, [[1.0, -1.0]], spans=spans, pieces=[payload, payload], words=[0, 1], name=payload, notes=[payload]
        )
        read = Reader(explanation_snapshot("p", result))
        assert read.elements <= {"style", "div", "p", "strong", "span", "table", "thead", "tbody", "tr", "td", "th"}


# --- again ---


class FakeView:
    def __init__(self) -> None:
        self.shown: list[Explanation] = []

    def show(self, result: Explanation) -> None:
        self.shown.append(result)


class FakePanel:
    def __init__(self, busy: bool = False) -> None:
        self.busy, self.view = busy, FakeView()

    def working(self, stop: Any) -> None:
        """Nothing to stop here."""


def test_another_target_can_be_gone_back_from(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = golden(), golden()
    monkeypatch.setattr(again, "_offered", [lambda *_: second])
    earlier.put_in_place_of(second, first)
    assert earlier.depth(first) == 0 and earlier.depth(second) == 1
    panel: Any = FakePanel()
    again.again_actions(second, panel)["back"]({})
    assert panel.view.shown == [first]
    with pytest.raises(UserError, match="on its way"):
        again.again_actions(second, FakePanel(busy=True))["again"]({"target": "a", "methods": ["occlusion"]})  # pyright: ignore[reportArgumentType]


def test_a_panel_explains_again_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    done = threading.Event()

    def explain(*given: Any) -> Explanation:
        asked.extend(given[:3])
        done.set()
        return golden()

    monkeypatch.setattr(again, "_offered", [explain])
    result, panel = golden(), FakePanel()
    again.again_actions(result, panel)["again"]({"target": "negative", "methods": ["occlusion"]})  # pyright: ignore[reportArgumentType]
    assert done.wait(10)
    assert asked == [result, "negative", ("occlusion",)]


# --- the request ---


def test_methods_are_told_in_any_way() -> None:
    assert parse_methods(None) == ("integrated_gradients",)
    assert parse_methods("occlusion, Input-X-Gradient") == ("occlusion", "input_x_gradient")
    assert parse_methods(["occlusion"]) == ("occlusion",)


def test_a_request_comes_back_from_json() -> None:
    request = golden().request
    assert ExplainRequest.from_json(request.to_json()) == request


def test_what_a_request_cannot_be_is_told() -> None:
    text = DataRef("whole", "a joy")
    with pytest.raises(UserError, match=r"The method is 5, an int\."):
        parse_methods(5)  # pyright: ignore[reportArgumentType]
    with pytest.raises(UserError, match=r"There is no method\. Type"):
        parse_methods([])
    with pytest.raises(UserError, match="explained in one reading"):
        ExplainRequest(text, run=RunOptions(long="window"))


def test_without_captum_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "captum", None)
    import nbtransformers as nbt

    with pytest.raises(UserError) as caught:
        nbt.explain("a joy")
    assert str(caught.value) == (
        "Integrated gradients need captum, which is not installed. "
        'Type `pip install "nbtransformers[explain]"`, or take `method="occlusion"`.'
    )
    others = nbt.explain("a joy", method=["occlusion", "input_x_gradient"])
    assert others.methods == ("occlusion", "input_x_gradient") and others.completeness_gap is None
