"""Entities as bytes, and what their panel is answered: both ends are held to one golden file."""

from __future__ import annotations

import base64
import json
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from entitied import GOLDEN, entities, golden

from nbtransformers.panels.rows import CLIPPED_AT, FIRST_ROWS, INLINE_ROWS
from nbtransformers.panels.tagging.methods import Finder, Query, methods
from nbtransformers.panels.tagging.wire import entities_header, partial_header
from nbtransformers.results.rows import NOT_DONE


def read(sections: list[dict[str, Any]], payload: bytes) -> dict[str, np.ndarray]:
    return {
        section["name"]: np.frombuffer(
            payload, section["dtype"], count=int(np.prod(section["shape"])), offset=section["offset"]
        )
        for section in sections
    }


def strings(found: dict[str, np.ndarray], name: str) -> list[str]:
    offsets, data = found[f"{name}_offsets"].tolist(), found[f"{name}_bytes"].tobytes()
    return [data[start:stop].decode() for start, stop in pairwise(offsets)]


def test_the_golden_bytes_are_what_we_write() -> None:
    result = golden()
    header, payload = entities_header(result)
    ours, theirs = (
        read(header["sections"], payload),
        read(GOLDEN["header"]["sections"], base64.b64decode(GOLDEN["payload_base64"])),
    )
    assert list(ours) == list(theirs)
    for name, array in theirs.items():
        assert ours[name].dtype == array.dtype
        assert ours[name].tolist() == array.tolist(), name
    assert set(header) == set(GOLDEN["header"])
    for key in set(header) - {"subtitle", "title", "facts", "sections"}:
        assert header[key] == GOLDEN["header"][key], key
    json.dumps(header, ensure_ascii=False, allow_nan=False).encode("utf-8")


@pytest.mark.parametrize("query", GOLDEN["queries"], ids=lambda query: json.dumps(query["params"], ensure_ascii=False))
def test_the_golden_queries_are_answered_as_they_are_told(query: dict[str, Any]) -> None:
    result, params = golden(), query["params"]
    answer, (payload,) = methods(result)["rows"](params)
    assert answer["total"] == query["total"]
    assert read(answer["sections"], payload)["position"].tolist() == query["positions"]


def test_a_page_has_the_entities_in_what_it_carries_of_a_text_and_the_rest_is_asked_for() -> None:
    text = "Ada " * 1_000
    spans = [(4 * at, 4 * at + 3, "PER", 0.5) for at in range(1_000)]
    result = entities([text, "Ada"] * (INLINE_ROWS // 2 + 1), [spans, spans[:1]] * (INLINE_ROWS // 2 + 1))
    header, payload = entities_header(result)
    assert not header["inline"]
    found = read(header["sections"], payload)
    assert len(found["position"]) == FIRST_ROWS
    assert found["count"][:2].tolist() == [1_000, 1]
    assert found["found"][:3].tolist() == [0, CLIPPED_AT // 4, CLIPPED_AT // 4 + 1]
    assert found["stop"][: CLIPPED_AT // 4].max() <= CLIPPED_AT
    answer, (payload,) = methods(result)["spans"]({"position": 0})
    own = read(answer["sections"], payload)
    assert own["start"].tolist() == [span[0] for span in spans]


def test_tokens_are_answered_in_stretches() -> None:
    result = entities(["Ada met 李娜 <b>", None], [[(0, 3, "PER", 0.5)], []])
    answer, (payload,) = methods(result)["tokens"]({"position": 0, "start": 0, "stop": 2})
    found = read(answer["sections"], payload)
    assert (answer["total"], answer["start"]) == (7, 0)
    assert strings(found, "pieces") == ["Ada", "met"]
    assert [strings(found, "labels")[number] for number in found["label"]] == ["B-PER", "O"]
    rest, (payload,) = methods(result)["tokens"]({"position": 0, "start": 2, "stop": 99})
    assert strings(read(rest["sections"], payload), "pieces") == ["李", "娜", "<", "b", ">"]
    assert methods(result)["tokens"]({"position": 1, "start": 0, "stop": 9})[0]["total"] == 0


def test_a_result_under_way_has_its_first_rows() -> None:
    result = entities(["Ada", "Ada"], [[(0, 3, "PER", 0.5)], []], reasons={1: NOT_DONE})
    header, payload = partial_header(result, 50)
    found = read(header["sections"], payload)
    assert (header["partial"], header["rows"], header["counts"]) == (True, 50, [1, 0])
    assert found["flags"].tolist() == [0, 4]
    assert found["reason"].tolist() == [0, 0]
    assert partial_header(result, None)[0]["rows"] == 2


def test_many_rows_are_found_by_type_and_sorted_by_their_number() -> None:
    rows = 5_000
    result = entities(["Ada in Rome"] * rows, [[(0, 3, "PER", 0.5)] * (row % 3) for row in range(rows)])
    finder = Finder(result)
    assert finder.found(Query(type=0)).tolist() == [row for row in range(rows) if row % 3]
    assert finder.found(Query(type=1)).tolist() == []
    ordered = finder.found(Query(sort_by="entities", descending=True)).tolist()
    assert ordered == sorted(range(rows), key=lambda row: -(row % 3))
