"""Generated texts in a panel: their wire, their snapshot, the questions about them, and branches."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import helpers
import numpy as np
import pytest
from generated import GOLDEN, generation
from hypothesis import given
from hypothesis import strategies as st

from nbtransformers.errors import UserError
from nbtransformers.panels import earlier
from nbtransformers.panels.background import open_panel
from nbtransformers.panels.generation import branches
from nbtransformers.panels.generation.methods import actions, methods
from nbtransformers.panels.generation.snapshot import generation_snapshot
from nbtransformers.panels.generation.wire import MOST_TOKENS, generation_header, page, partial_header
from nbtransformers.panels.packing import sendable
from nbtransformers.panels.widget import Panel
from nbtransformers.results.generation import ENDED, Generation
from nbtransformers.results.rows import NOT_DONE


def decoded(sections: list[dict[str, Any]], payload: bytes) -> list[dict[str, Any]]:
    """The rows on the wire, as the browser reads them."""
    found: dict[str, Any] = {}
    for section in sections:
        start, stop = section["offset"], section["offset"] + section["nbytes"]
        assert start % 8 == 0 and stop <= len(payload)
        found[section["name"]] = np.frombuffer(payload[start:stop], section["dtype"]).reshape(section["shape"])
    tables = {name: strings(found, name) for name in ("texts", "index", "reasons", "pieces")}
    return [
        {
            "index": tables["index"][row],
            "text": tables["texts"][row],
            "reason": tables["reasons"][found["reason"][row] - 1] if found["reason"][row] else None,
            "ending": int(found["ending"][row]),
            "pieces": tables["pieces"][start:stop],
            "probabilities": found["probabilities"][start:stop].tolist(),
            "tokens": int(found["tokens"][row]),
            "mean": float(found["mean"][row]),
            "pending": bool(found["flags"][row] & 4),
        }
        for row, (start, stop) in enumerate(pairwise(found["rows"].tolist()))
    ]


def strings(found: dict[str, Any], name: str) -> list[str]:
    offsets, data = found[f"{name}_offsets"].tolist(), found[f"{name}_bytes"].tobytes()
    return [data[start:stop].decode("utf-8") for start, stop in pairwise(offsets)]


def golden() -> Generation:
    """The result that the golden file tells of."""
    rows, header = GOLDEN["rows"], GOLDEN["header"]
    return generation(
        [row["text"] if row["reason"] != "missing" else None for row in rows],
        [list(zip(row["pieces"], row["probabilities"], strict=True)) for row in rows],
        endings=[row["ending"] for row in rows],
        reasons={number: row["reason"] for number, row in enumerate(rows) if row["reason"]},
        index=[row["index"] for row in rows],
        notes=header["notes"],
        run=replace(helpers.RUN, model=header["title"]),
    )


# --- the wire ---


def test_the_golden_bytes_are_what_we_write() -> None:
    header, payload = generation_header(golden())
    assert header["sections"] == GOLDEN["header"]["sections"]
    assert payload == base64.b64decode(GOLDEN["payload_base64"])
    assert set(header) == set(GOLDEN["header"])
    for key in set(header) - {"subtitle", "facts", "branches"}:
        assert header[key] == GOLDEN["header"][key], key


def test_the_golden_rows_are_read_as_they_are_told() -> None:
    for row, told in zip(decoded(*generation_header_parts(golden())), GOLDEN["rows"], strict=True):
        assert {key: row[key] for key in told} == told


def generation_header_parts(result: Generation) -> tuple[list[dict[str, Any]], bytes]:
    header, payload = generation_header(result)
    return header["sections"], payload


@pytest.mark.parametrize("query", GOLDEN["queries"], ids=lambda query: str(query["params"])[:60])
def test_the_golden_queries_are_answered(query: dict[str, Any]) -> None:
    answered, (payload,) = methods(golden())["rows"](query["params"])
    assert answered["total"] == query["total"]
    (section,) = [section for section in answered["sections"] if section["name"] == "position"]
    found = np.frombuffer(payload[section["offset"] :][: section["nbytes"]], np.uint32)
    assert found.tolist() == query["positions"]


any_text = st.text(st.characters(categories=None), max_size=8)
token = st.tuples(any_text, st.floats(0, 1, width=32))
row = st.tuples(st.none() | any_text, st.lists(token, max_size=5))


@given(st.lists(row, max_size=6))
def test_any_result_is_read_back(rows: list[Any]) -> None:
    result = generation([prompt for prompt, _ in rows], [[] if p is None else written for p, written in rows])
    for read, (prompt, written) in zip(decoded(*generation_header_parts(result)), rows, strict=True):
        assert read["text"] == sendable(prompt or "")
        assert read["pieces"] == [sendable(piece) for piece, _ in written] * (prompt is not None)
        if prompt is not None and written:
            np.testing.assert_allclose(read["mean"], np.mean([p for _, p in written]), atol=1e-6)


def test_a_long_table_carries_the_first_tokens_and_is_asked_for_the_others() -> None:
    long = [("word ", 0.5)] * (3 * MOST_TOKENS)
    result = generation(["a"] * 3000, [long if row == 7 else [("x", 1.0)] for row in range(3000)])
    header, payload = generation_header(result)
    read = decoded(header["sections"], payload)
    assert (header["inline"], header["rows"], len(read)) == (False, 3000, 100)
    assert (len(read[7]["pieces"]), read[7]["tokens"]) == (MOST_TOKENS, 3 * MOST_TOKENS)
    answered, (payload,) = methods(result)["row"]({"position": 7})
    (whole,) = decoded(answered["sections"], payload)
    assert whole["pieces"] == ["word "] * (3 * MOST_TOKENS)


def test_a_single_prompt_is_sent_whole_while_it_is_written() -> None:
    long = [("word ", 0.5)] * (3 * MOST_TOKENS)
    header, payload = partial_header(generation(["Why?"], [long], endings=[0]), 1)
    (read,) = decoded(header["sections"], payload)
    assert (header["partial"], header["rows"], read["ending"], len(read["pieces"])) == (True, 1, 0, len(long))
    assert "tokens/s" in header["subtitle"]


def test_rows_that_wait_are_told_as_such() -> None:
    result = generation(["a", "b"], [[("x", 1.0)], []], endings=[1, 0], reasons={1: NOT_DONE})
    header, payload = partial_header(result, 9)
    assert [row["pending"] for row in decoded(header["sections"], payload)] == [False, True]
    assert (header["rows"], header["done"]) == (9, 1)
    sections, payload = page(branchless(result), np.array([1]))
    assert decoded(sections, payload)[0]["reason"] == NOT_DONE


def branchless(result: Generation) -> Any:
    from nbtransformers.panels.generation.prompts import Prompts

    return Prompts(result)


# --- questions ---


def test_the_alternatives_are_the_result_s_own() -> None:
    result = generation(["Why?"], [[(" Paris", 0.5), (".", 0.25)]])
    answered, _ = methods(result)["alternatives"]({"position": 0, "token": 1})
    expected = [(each.id, each.token, each.probability) for each in result.alternatives(0, 1)]
    assert [(each["id"], each["text"], each["probability"]) for each in answered] == expected
    assert [each["chosen"] for each in answered] == [True, False, False, False, False]


def test_a_token_that_was_forced_stands_behind_the_likeliest() -> None:
    result = generation(["Why?"], [[(" Paris", 0.5), (".", 0.001)]])
    result.found.flat["top_ids"][1] = [3, 4, 5, 6, -1]
    answered, _ = methods(result)["alternatives"]({"position": 0, "token": 1})
    assert [each["chosen"] for each in answered] == [False, False, False, False, True]
    assert answered[-1]["text"] == "." and answered[-1]["probability"] == pytest.approx(0.001)


def test_there_is_no_such_token() -> None:
    with pytest.raises(UserError, match="Row 0 has no token 5"):
        methods(generation(["Why?"], [[("x", 0.5)]]))["alternatives"]({"position": 0, "token": 5})


# --- branches ---


@pytest.fixture
def panel() -> Iterator[Panel]:
    with helpers.ipython():
        opened = open_panel("Generating", "generate")
        yield opened
        opened.close()


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What was asked for, of something that writes `other` in place of everything."""
    asked: list[Any] = []

    def branch(result: Generation, row: int, position: int, token: int, view: Any) -> Generation:
        asked.append((row, position, token))
        made = generation(["Why?"], [[(" Lyon", 0.1)]])
        earlier.put_in_place_of(made, result)
        view.show(made)
        return made

    monkeypatch.setattr(branches, "_offered", [branch])
    yield asked


def ended(panel: Panel) -> None:
    while panel.busy:
        threading.Event().wait(0.01)


def test_a_branch_takes_the_place_of_the_text_and_is_gone_back_from(panel: Panel, offered: list[Any]) -> None:
    result = generation(["Why?"], [[(" Paris", 0.5)]])
    panel.view.show(result)
    assert panel.header is not None and (panel.header["branches"], panel.header["depth"]) == (True, 0)
    other = result.alternatives(0, 0)[1].id
    assert actions(result, panel)["branch"]({"position": 0, "token": 0, "id": other}) == ({}, [])
    ended(panel)
    assert offered == [(0, 0, other)]
    assert panel.result.texts[0] == " Lyon" and panel.header["depth"] == 1
    assert result.texts[0] == " Paris", "the old text is kept"
    actions(panel.result, panel)["back"]({})
    assert panel.result is result and panel.header["depth"] == 0
    actions(result, panel)["back"]({})
    assert panel.result is result


def test_one_text_at_a_time_is_gone_on_with(panel: Panel, offered: list[Any]) -> None:
    result = generation(["Why?"], [[(" Paris", 0.5)]])
    panel.view.show(result)
    panel.working(lambda: None)
    with pytest.raises(UserError) as caught:
        actions(result, panel)["branch"]({"position": 0, "token": 0, "id": 1})
    assert str(caught.value) == "The text is still being written. Stop it first."
    assert offered == []


def test_where_nothing_can_run_a_model_nothing_is_gone_on_with(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(branches, "_offered", [])
    result = generation(["Why?"], [[(" Paris", 0.5)]])
    assert "branch" not in actions(result, panel) and generation_header(result)[0]["branches"] is False


# --- the snapshot ---


def test_the_snapshot_shades_what_the_model_was_unsure_of_and_escapes_the_rest() -> None:
    result = generation(["<b>Why?</b>"], [[(" <i>sure</i>", 0.99), (" unsure", 0.25), ("", 0.5)]])
    html = generation_snapshot("abc", result)
    assert "&lt;b&gt;Why?&lt;/b&gt;" in html and " &lt;i&gt;sure&lt;/i&gt;<span" in html
    assert 'title="0.250"> unsure</span>' in html
    assert "3 tokens · mean probability 0.58 · end of text" in html
    assert "<script" not in html and "<i>" not in html


def test_the_snapshot_of_many_prompts_is_bounded_and_says_what_is_missing() -> None:
    result = generation(["Why?"] * 500, [[("word ", 0.5)] * 200] * 500)
    html = generation_snapshot("abc", result)
    assert "… 450 more prompts." in html and "… 120 more tokens" in html
    assert len(html) < 700_000


def test_the_endings_are_those_of_the_wire() -> None:
    assert tuple(GOLDEN["header"]["endings"]) == ENDED
