"""Attention as bytes, and what its panel is answered: against the golden file, and as small as it must be."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sines import QuickMaps, SineMaps, attention, sections, side

from nbtransformers.panels.attention import wire
from nbtransformers.panels.attention.methods import methods
from nbtransformers.panels.attention.snapshot import attention_snapshot
from nbtransformers.panels.attention.wire import attention_header
from nbtransformers.panels.widget import panel_class
from nbtransformers.results.attention import Attention, Side
from nbtransformers.results.attentionmaps import NoHeadError

GOLDEN = json.loads(Path(__file__).parent.parent.joinpath("golden", "attention.json").read_text(encoding="utf-8"))


def golden_side(name: str, which: str) -> Side:
    """A side as the golden file tells of it; the columns come from the longest page of it."""
    case = GOLDEN[name]
    tokens = case["tokens"][which]
    ids, offsets, words = (np.zeros((len(tokens), *more), np.int64) for more in ((), (2,), ()))
    for start, told in [(0, case), *((one["params"].get("start"), one) for one in case["answers"])]:
        listed = told.get("header", told.get("result"))["sections"]
        columns = sections(listed, base64.b64decode(told["payload_base64"]))
        if f"{which}_ids" in columns:
            cut = slice(start, start + len(columns[f"{which}_ids"]))
            ids[cut], words[cut] = columns[f"{which}_ids"], columns[f"{which}_words"]
            offsets[cut] = np.stack([columns[f"{which}_start"], columns[f"{which}_stop"]], axis=1)
    header = case["header"]
    text = header["target_text"] if which == "queries" and "encoded" in case["tokens"] else case["text"]
    flags = np.array([flags for _, _, flags in tokens], np.uint8)
    return Side(text, ids, tuple(piece for piece, _, _ in tokens), offsets, words, flags)


def golden(name: str) -> Attention:
    header = GOLDEN[name]["header"]
    sides = {which: golden_side(name, which) for which in GOLDEN[name]["tokens"]}
    causal = name not in ("encoder", "pair")
    fields: dict[str, Any] = {"signed": header["signed"], "pair": header["pair_text"], "target": header["target_text"]}
    fields["notes"] = ("A note.",)
    return attention(sides["queries"], sides.get("encoded"), causal=causal, **fields)


def alike(written: dict[str, Any], told: dict[str, Any]) -> None:
    """The same sections with the same values, as near as float32 may be."""
    assert list(written) == list(told)
    for name, expected in told.items():
        if isinstance(expected, list):
            assert written[name] == expected, name
        else:
            assert (written[name].dtype, written[name].shape) == (expected.dtype, expected.shape), name
            off = 1 if name.endswith("_thumbs") else 2e-6
            values = (array.astype(float) for array in (written[name], expected))
            np.testing.assert_allclose(*values, atol=off, rtol=1e-6, err_msg=name)


@pytest.mark.parametrize("name", GOLDEN)
def test_the_golden_header_is_what_we_write(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "FIRST_TOKENS", 500)  # as the long one has it
    case, (header, payload) = GOLDEN[name], attention_header(golden(name))
    expected = case["header"]
    told = sections(expected["sections"], base64.b64decode(case["payload_base64"]))
    assert list(header) == list(expected)
    for key in set(expected) - {"facts", "sections"}:
        assert header[key] == expected[key], key
    alike(sections(header["sections"], payload), told)


@pytest.mark.parametrize("name", [name for name in GOLDEN if GOLDEN[name]["answers"]])
def test_the_golden_answers_are_what_we_answer(name: str) -> None:
    made = methods(golden(name))
    for case in GOLDEN[name]["answers"]:
        facts, (payload,) = made[case["method"]](case["params"])
        told = case["result"]
        alike(
            sections(facts["sections"], payload),
            sections(told["sections"], base64.b64decode(case["payload_base64"])),
        )
        for key in set(told) - {"sections"}:
            expected = pytest.approx(told[key], abs=1e-4) if isinstance(told[key], float) else told[key]
            assert facts[key] == expected, (case["method"], key)


# --- as small as it must be ---

MOST = 300_000  # bytes that a panel adds to a saved notebook


def kept(result: Attention) -> int:
    """Bytes that a saved notebook keeps of a result."""
    header, payload = attention_header(result)
    state = [header, base64.b64encode(payload).decode(), panel_class("attention")._esm, panel_class("attention")._css]  # pyright: ignore
    written = json.dumps([*state, attention_snapshot("id", result)], ensure_ascii=False)
    return len(written.encode())


@pytest.mark.parametrize("heads", [(6, 12), (12, 12), (30, 9), (48, 32)])
@pytest.mark.parametrize("tokens", [10, 17, 100, 512, 8_192])
def test_a_notebook_stays_small_at_any_length(tokens: int, heads: tuple[int, int]) -> None:
    tokens = min(tokens, 2**22 // (heads[0] * heads[1]))  # at more, the same number of queries is looked at
    assert kept(attention(tokens, layers=heads[0], heads=heads[1], maps=QuickMaps)) < MOST


def test_a_notebook_stays_small_with_three_parts_and_long_pieces() -> None:
    pieces = ["👩\u200d👧" * 40, "文" * 300] * 1_000
    result = attention(side(2_000, pieces=pieces), side(2_000, pieces=pieces), layers=24, heads=16, maps=QuickMaps)
    assert kept(result) < MOST


def test_a_layer_with_fewer_heads_than_another_leaves_theirs_empty() -> None:
    class Uneven(SineMaps):
        def weights(self, part: Any, layer: int, head: int, rows: Any) -> Any:
            if layer == 1 and head > 1:
                raise NoHeadError(f"Layer 1 has no head {head}.", hint="It has 2.")
            return super().weights(part, layer, head, rows)

    result = attention(6, layers=3, heads=4, maps=Uneven)
    header, payload = attention_header(result)
    found = sections(header["sections"], payload)
    assert (header["inline"], header["notes"]) == (False, [])
    assert np.isnan(found["self_measures"][:, 1, 2:]).all() and np.isfinite(found["self_measures"][0, [0, 2]]).all()
    assert found["self_thumb_max"][1].tolist()[2:] == [0, 0]
    assert attention_snapshot("id", result).count("<img ") == 1
