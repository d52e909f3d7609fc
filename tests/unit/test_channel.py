"""A panel's questions: each is answered once, on its id, with a value or an error."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from helpers import classification, decoded
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtransformers.errors import Interrupted, UserError
from nbtransformers.panels.channel import Answer, answer
from nbtransformers.panels.classification.methods import methods
from nbtransformers.panels.classification.wire import classification_header
from nbtransformers.panels.widget import Panel

RESULT = classification(["a", "b", None], [[0.1, 0.9], [0.8, 0.2], None])


def _refuse(params: dict[str, Any]) -> Answer:
    raise UserError("It is closed.", hint="Run the cell again.")


def _fail(params: dict[str, Any]) -> Answer:
    raise ZeroDivisionError("1/0")


def _stop(params: dict[str, Any]) -> Answer:
    raise Interrupted("Interrupted: nothing was captured. Run it again.")


def _interrupt(params: dict[str, Any]) -> Answer:
    raise KeyboardInterrupt


METHODS = {
    "interrupt": _interrupt,
    "echo": lambda params: ({"got": params}, [b"\x00\x01"]),
    "refuse": _refuse,
    "fail": _fail,
    "stop": _stop,
    **methods(RESULT),
}


def said(message: object) -> list[tuple[dict[str, Any], list[bytes]]]:
    """All that is sent for one message."""
    sent: list[tuple[dict[str, Any], list[bytes]]] = []
    answer(message, METHODS, lambda content, buffers: sent.append((content, buffers)))
    return sent


def request(method: Any, params: Any = None, number: Any = 7) -> dict[str, Any]:
    return {"type": "request", "id": number, "method": method, "params": params}


def test_a_question_is_answered_on_its_id_with_its_buffers() -> None:
    assert said(request("echo", {"a": 1})) == [
        ({"type": "reply", "id": 7, "ok": True, "result": {"got": {"a": 1}}}, [b"\x00\x01"])
    ]


@pytest.mark.parametrize("params", [None, {}])
def test_a_question_may_come_without_parameters(params: Any) -> None:
    ((reply, _),) = said(request("echo", params))
    assert reply["result"] == {"got": {}}


def test_a_question_whose_work_is_interrupted_is_answered() -> None:
    assert said(request("stop")) == [
        ({"type": "reply", "id": 7, "ok": False, "error": "Interrupted: nothing was captured. Run it again."}, [])
    ]


def test_a_question_that_hears_no_interrupt_is_answered_too() -> None:
    """Or its panel would wait for ever for what ended long ago."""
    assert said(request("interrupt")) == [({"type": "reply", "id": 7, "ok": False, "error": "Interrupted."}, [])]


def test_an_unknown_question_is_told() -> None:
    assert said(request("dance")) == [
        ({"type": "reply", "id": 7, "ok": False, "error": "This panel knows no dance. Run the cell again."}, [])
    ]


def test_a_refusal_is_told_without_a_log(caplog: pytest.LogCaptureFixture) -> None:
    ((reply, buffers),) = said(request("refuse"))
    assert (reply["ok"], reply["error"], buffers) == (False, "It is closed. Run the cell again.", [])
    assert not caplog.records


def test_a_defect_is_told_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        ((reply, _),) = said(request("fail"))
    assert reply == {"type": "reply", "id": 7, "ok": False, "error": "ZeroDivisionError: 1/0"}
    assert caplog.records[0].exc_info is not None


@pytest.mark.parametrize("message", [None, "text", 5, [], {}, {"type": "cancel", "id": 3}, {"type": "reply", "id": 3}])
def test_what_is_no_question_is_passed_over(message: object) -> None:
    assert said(message) == []


WRONG = [
    ("rows", {"start": "x"}),
    ("rows", {"stop": None}),
    ("rows", {"label": 99}),
    ("rows", {"label": "x"}),
    ("rows", {"label": [1]}),
    ("rows", {"sort": {"by": "nothing"}}),
    ("rows", {"sort": {"by": 99}}),
    ("rows", {"sort": "text"}),
    ("rows", ["a"]),
    ("positions", {"start": "x"}),
    ("positions", {"label": 99}),
    ("text", {}),
    ("text", {"position": 99}),
    ("text", {"position": None}),
]


@pytest.mark.parametrize(("method", "params"), WRONG)
def test_a_wrong_question_is_answered_with_an_error(method: str, params: Any) -> None:
    ((reply, buffers),) = said(request(method, params))
    assert (reply["id"], reply["ok"], buffers) == (7, False, [])
    assert reply["error"]


json_value = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["by", "descending"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@settings(max_examples=300)
@given(
    st.sampled_from(["rows", "positions", "text", "", None, 3]),
    st.dictionaries(st.sampled_from(["start", "stop", "sort", "label", "search", "position"]), json_value) | json_value,
    json_value,
)
def test_every_question_gets_exactly_one_answer(method: Any, params: Any, number: Any) -> None:
    logging.disable(logging.CRITICAL)
    try:
        ((reply, _),) = said(request(method, params, number))
    finally:
        logging.disable(logging.NOTSET)
    assert (reply["type"], reply["id"]) == ("reply", number)
    assert isinstance(reply["ok"], bool)
    assert ("result" in reply) is reply["ok"]


# --- the widget ---


def test_the_widget_answers_as_the_channel_does() -> None:
    panel = Panel()
    header, payload = classification_header(RESULT)
    panel.show("classify", header, payload, lambda: methods(RESULT))
    sent: list[tuple[Any, Any]] = []
    panel.send = lambda content, buffers=None: sent.append((content, buffers))
    asked = request("rows", {"start": 0, "stop": 9, "label": 1})
    panel._handle_custom_msg(asked, [])  # pyright: ignore[reportPrivateUsage]
    ((reply, buffers),) = sent
    assert reply["ok"], reply
    assert [row["text"] for row in decoded(reply["result"]["sections"], buffers[0])] == ["a"]
    panel.close()


def test_a_result_ends_the_progress() -> None:
    panel = Panel(progress={"stage": "loading", "message": "x"})
    header, payload = classification_header(RESULT)
    panel.show("classify", header, payload, lambda: methods(RESULT))
    assert (panel.progress, panel.error, panel.header, panel.payload) == (None, None, header, payload)
    panel.close()


def test_panels_have_ids_of_their_own_and_no_plain_text() -> None:
    first, second = Panel(), Panel()
    assert first.panel_id != second.panel_id
    bundle = first._repr_mimebundle_()  # pyright: ignore[reportPrivateUsage]
    assert bundle[0]["text/plain"] == ""
    assert "application/vnd.jupyter.widget-view+json" in bundle[0]
    first.close()
    second.close()
