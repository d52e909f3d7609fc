"""A tokenization as bytes: what is written is what is read, and both ends are held to one golden file."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenized import GOLDEN, golden, read_back, token, tokenization, tokens

import nbtransformers as nbt
from nbtransformers.panels.packing import sendable
from nbtransformers.panels.rows import CLIPPED_AT, FIRST_ROWS, INLINE_ROWS
from nbtransformers.panels.tokenization.methods import methods
from nbtransformers.panels.tokenization.wire import MOST_TOKENS, page, partial_header, tokenization_header
from nbtransformers.results.rows import NOT_DONE
from nbtransformers.results.tokenization import Tokenization


def written(result: Tokenization) -> list[dict[str, Any]]:
    header, payload = tokenization_header(result)
    json.dumps(header, ensure_ascii=False, allow_nan=False).encode("utf-8")
    return read_back(header["sections"], payload, len(result.tokenizers))


# --- the golden file ---


@pytest.mark.parametrize("name", GOLDEN)
def test_the_golden_rows_are_read_as_they_are_told(name: str) -> None:
    case = GOLDEN[name]
    tokenizers = len(case["header"]["tokenizers"])
    rows = read_back(case["header"]["sections"], base64.b64decode(case["payload_base64"]), tokenizers)
    for row, told in zip(rows, case["rows"], strict=True):
        assert {key: row[key] for key in ("index", "text", "reason", "clipped")} == {
            key: told[key] for key in ("index", "text", "reason", "clipped")
        }
        for ours, theirs in zip(row["tokenizers"], told["tokenizers"], strict=True):
            assert ours == {key: theirs[key] for key in ("count", "cut", "tokens")}


@pytest.mark.parametrize("name", GOLDEN)
def test_the_golden_rows_are_what_we_write(name: str) -> None:
    """A small result is written whole; in the file one text is short and some of its tokens are left out."""
    case, result = GOLDEN[name], golden(name)
    header, _ = tokenization_header(result)
    for ours, told in zip(written(result), case["rows"], strict=True):
        assert (ours["index"], ours["reason"]) == (told["index"], told["reason"])
        assert ours["text"] == told["whole_text"]
        for mine, theirs in zip(ours["tokenizers"], told["tokenizers"], strict=True):
            assert mine["tokens"] == theirs.get("all", theirs["tokens"])
            assert (mine["count"], mine["cut"]) == (theirs["count"], theirs["cut"])
    assert set(header) == set(case["header"])
    for key in set(header) - {"subtitle", "facts", "sections"}:
        assert (
            header[key] == pytest.approx(case["header"][key])
            if key == "waste"
            else header[key] == (case["header"][key])
        ), key


@pytest.mark.parametrize("name", GOLDEN)
def test_the_golden_bytes_are_what_we_write_of_the_rows_that_travel_whole(name: str) -> None:
    case, result = GOLDEN[name], golden(name)
    short = [number for number, row in enumerate(case["rows"]) if row["clipped"]]
    kept = np.array([number for number in range(len(result)) if number not in short])
    sections, payload = page(result, kept, None)
    theirs = read_back(
        case["header"]["sections"], base64.b64decode(case["payload_base64"]), len(case["header"]["tokenizers"])
    )
    ours = read_back(sections, payload, len(result.tokenizers))
    assert ours == [theirs[number] for number in kept]
    assert [section["name"] for section in sections] == [section["name"] for section in case["header"]["sections"]]
    assert [section["dtype"] for section in sections] == [section["dtype"] for section in case["header"]["sections"]]


@pytest.mark.parametrize("name", GOLDEN)
def test_the_golden_queries_are_answered(name: str) -> None:
    result = golden(name)
    ask = methods(result)
    for query in GOLDEN[name]["queries"]:
        reply, buffers = ask["rows"](query["params"])
        rows = read_back(reply["sections"], buffers[0], len(result.tokenizers))
        assert (reply["total"], [row["position"] for row in rows]) == (query["total"], query["positions"]), query
        _, (positions,) = ask["positions"](query["params"])
        assert np.frombuffer(positions, np.uint32).tolist() == query["positions"]


# --- there and back ---

any_text = st.text(st.characters(categories=None), max_size=20)


@settings(max_examples=100)
@given(st.lists(st.none() | any_text, max_size=6), any_text)
def test_what_is_written_is_read(texts: list[str | None], name: str) -> None:
    rows = [
        [token(text[at : at + 3], at, min(at + 3, len(text)), id=at) for at in range(0, len(text or ""), 3)]
        if text
        else []
        for text in texts
    ]
    named = {row: name or "missing" for row, text in enumerate(texts) if text is None}
    # One number is one piece: the spelling of a token is its tokenizer's.
    for row in rows:
        for told in row:
            told.update(piece=f"{name}{told['id']}", bytes="")
    result = tokenization(texts, [tokens(name, rows)], reasons=named)
    for row, found in enumerate(written(result)):
        assert found["text"] == sendable(texts[row] or "")
        assert found["reason"] == (sendable(named[row]) if row in named else None)
        assert [told["piece"] for told in found["tokenizers"][0]["tokens"]] == [
            sendable(told["piece"]) for told in rows[row]
        ]
        assert [(told["start"], told["stop"]) for told in found["tokenizers"][0]["tokens"]] == [
            (told["start"], told["stop"]) for told in rows[row]
        ]


# --- many rows, long texts ---


@pytest.mark.parametrize("rows", [0, 1, INLINE_ROWS, INLINE_ROWS + 1])
def test_few_rows_are_all_sent_and_many_only_begun(rows: int) -> None:
    result = tokenization(["t"] * rows, [tokens("x", [[token("t", 0, 1)]] * rows)])
    header, payload = tokenization_header(result)
    inline = rows <= INLINE_ROWS
    assert (header["rows"], header["inline"]) == (rows, inline)
    assert len(read_back(header["sections"], payload, 1)) == (rows if inline else FIRST_ROWS)
    assert (header["tokenizers"][0]["batch"] is None) == (rows == 0)


LONG = "word 好🎬 " * 40_000


@pytest.fixture(scope="module")
def long() -> Tokenization:
    return nbt.tokenize([LONG, "short"], model=["minilm"])


def test_a_long_text_travels_with_its_first_tokens(long: Tokenization) -> None:
    header, payload = tokenization_header(long)
    assert header["inline"] is False
    first, second = read_back(header["sections"], payload, 1)
    told = first["tokenizers"][0]
    assert first["clipped"]
    assert first["text"] == LONG[:CLIPPED_AT]
    assert told["count"] == len(long.ids[0])
    assert told["cut"] == told["count"] - 512
    assert len(told["tokens"]) <= MOST_TOKENS
    assert max(piece["stop"] for piece in told["tokens"]) <= CLIPPED_AT
    assert [piece["id"] for piece in told["tokens"]] == long.ids[0][: len(told["tokens"])]
    assert len(second["tokenizers"][0]["tokens"]) == len(long.ids[1])


@pytest.mark.parametrize("size", [1, 700, 20_000])
def test_stretches_of_tokens_tell_the_whole_text(long: Tokenization, size: int) -> None:
    ask = methods(long)["tokens"]
    total = int(long.counts[0])
    found, text, reached = [], "", 0
    for start in range(0, total if size > 1 else 20, size):
        reply, buffers = ask({"position": 0, "tokenizer": 0, "start": start, "stop": start + size})
        (row,) = read_back(reply["sections"], buffers[0], 1)
        told = row["tokenizers"][0]
        assert (reply["total"], told["count"], row["position"]) == (total, total, 0)
        assert len(told["tokens"]) == min(size, total - start)
        for piece in told["tokens"]:
            if piece["stop"] > piece["start"]:
                assert reply["text_start"] <= piece["start"]
                assert piece["stop"] <= reply["text_start"] + len(row["text"])
        found += [piece["id"] for piece in told["tokens"]]
        assert reply["text_start"] <= reached
        text = text[: reply["text_start"]] + row["text"]
        reached = max(reached, len(text))
    assert found == long.ids[0][: len(found)]
    assert LONG.startswith(text)
    assert size == 1 or text == LONG


@pytest.mark.parametrize(
    "params", [{"start": 10**9, "stop": 10**9 + 5}, {"start": 5, "stop": 2}, {"start": -3, "stop": 1}]
)
def test_a_stretch_beyond_the_end_is_empty(long: Tokenization, params: dict[str, int]) -> None:
    reply, buffers = methods(long)["tokens"]({"position": 1, "tokenizer": 0, **params})
    (row,) = read_back(reply["sections"], buffers[0], 1)
    assert len(row["tokenizers"][0]["tokens"]) == (1 if params["start"] < 0 else 0)


def test_a_text_can_be_had_whole(long: Tokenization) -> None:
    assert methods(long)["text"]({"position": 0}) == ({"text": LONG}, [])


def test_a_result_under_way_says_how_far_it_is() -> None:
    rows = [[token("a", 0, 1)], []]
    result = tokenization(["a", "b"], [tokens("x", rows)], reasons={1: NOT_DONE})
    header, payload = partial_header(result, 10)
    assert (header["partial"], header["done"], header["rows"]) == (True, 1, 10)
    assert [row["reason"] for row in read_back(header["sections"], payload, 1)] == [None, None]
