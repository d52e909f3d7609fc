"""What the panel of an attention is answered: as numpy has it by brute force, in bounded work; to nonsense a line."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sines import QuickMaps, attention, sections, side

from nbtransformers.errors import UserError
from nbtransformers.panels.attention import methods as asked_of
from nbtransformers.panels.attention.actions import actions, pinned_rows
from nbtransformers.panels.attention.methods import methods
from nbtransformers.panels.kinds import kind_of_result
from nbtransformers.panels.widget import AttentionPanel, panel_class
from nbtransformers.results import attentiontiles
from nbtransformers.results.attention import CONTINUES, SPECIAL, Attention
from nbtransformers.results.attentionmaps import Part


def ask(result: Attention, method: str, **params: Any) -> dict[str, Any]:
    facts, buffers = methods(result)[method]({"part": "self", **params})
    return {**facts, **sections(facts["sections"], buffers[0])}


def whole(result: Attention) -> NDArray[np.float32]:
    """`[layer, head, query, key]`"""
    shape = result.shape
    return np.array([[result[layer, head] for head in range(shape.heads)] for layer in range(shape.layers)])


def blocks(values: NDArray[Any], rows: NDArray[Any], columns: NDArray[Any], pool: Any) -> NDArray[np.float64]:
    return np.array([[pool(values[a:b, c:d]) for c, d in pairwise(columns)] for a, b in pairwise(rows)])


# --- tiles ---


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_tile_is_the_pooled_map(data: st.DataObject) -> None:
    queries, keys = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 40))
    parts: list[Part] = ["self", "cross", "encoder"]
    part = data.draw(st.sampled_from(parts))
    result = attention(queries, keys, signed=data.draw(st.booleans()))
    shape = result.of_part(part).shape
    ends = [
        sorted(data.draw(st.lists(st.integers(0, n), min_size=2, max_size=2, unique=True)))
        for n in (shape.queries, shape.keys)
    ]
    stretches = [[*end, data.draw(st.integers(1, 50))] for end in ends]
    head, pooling = data.draw(st.sampled_from([0, 1, "mean"])), data.draw(st.sampled_from(["max", "mean"]))
    place: dict[str, Any] = {"part": part, "layer": 1, "head": head, "rows": stretches[0], "columns": stretches[1]}
    found = ask(result, "tile", **place, pooling=pooling, row_most=True)
    maps = whole(result.of_part(part))[1].astype(float)
    values = maps.mean(axis=0) if head == "mean" else maps[head]
    farthest = lambda block: block.ravel()[np.abs(block).argmax()]  # noqa: E731
    expected = blocks(values, found["row_starts"], found["column_starts"], np.mean if pooling == "mean" else farthest)
    # Of two that are as far from 0, either may be told.
    np.testing.assert_allclose(np.abs(found["values"]), np.abs(expected), atol=1e-6)
    for name, (start, stop, cells) in zip(("row_starts", "column_starts"), stretches, strict=True):
        assert (found[name][0], found[name][-1], len(found[name]) - 1) == (start, stop, min(cells, stop - start))
    assert (found["row_most"] >= np.abs(found["values"]).max(axis=1) - 1e-6).all()
    assert not found["sampled"]


def test_a_row_has_its_greatest_value_wherever_it_stands() -> None:
    result = attention(30)
    found = ask(result, "tile", layer=0, head=1, rows=[0, 30, 30], columns=[0, 5, 5], pooling="max", row_most=True)
    np.testing.assert_array_equal(found["row_most"], result[0, 1].max(axis=1))


@pytest.mark.parametrize(("columns", "times"), [([0, 40, 8], 1), ([0, 20, 8], 1.5)])
def test_no_weight_of_a_map_from_afar_is_pooled_twice(
    columns: list[int], times: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a head of thousands of tokens that would take longer than its weights do."""
    result, pooled, seen = attention(30, 40), attentiontiles.pooled, list[int]()

    def counted(weights: Any, rows: Any, columns: Any, **options: Any) -> Any:
        if len(rows) == len(weights) == 30 and weights.shape[1] > 8:  # as they are computed
            seen.append(weights.size)
        return pooled(weights, rows, columns, **options)

    monkeypatch.setattr(attentiontiles, "pooled", counted)
    ask(result, "tile", part="cross", layer=0, head=1, rows=[0, 30, 5], columns=columns)
    assert sum(seen) == times * 30 * 40


def special_words() -> Attention:
    """[CLS] un ##beli ##evable [SEP] as ##is [SEP], with words."""
    pieces = ["[CLS]", "un", "##beli", "##evable", "[SEP]", "as", "##is", "[SEP]"]
    flags = [SPECIAL, 0, CONTINUES, CONTINUES, SPECIAL, 0, CONTINUES, SPECIAL]
    words = [-1, 0, 0, 0, -1, 1, 1, -1]
    return attention(side(8, pieces=pieces, flags=np.array(flags, np.uint8), words=np.array(words)), causal=False)


@pytest.mark.parametrize(
    "source", [{"layer": 1, "head": 0}, {"layer": 0, "head": "mean"}, {"layer": "rollout", "head": 0}]
)
@pytest.mark.parametrize("words", [False, True])
@pytest.mark.parametrize("hide", [False, True])
def test_words_and_without_special_tokens(source: dict[str, Any], words: bool, hide: bool) -> None:
    result = special_words()
    cuts = [(0, 1), (1, 4), (4, 5), (5, 7), (7, 8)] if words else [(at, at + 1) for at in range(8)]
    cuts = [cut for cut in cuts if not (hide and cut[0] in (0, 4, 7))]
    params = {"rows": [0, len(cuts), 9], "columns": [0, len(cuts), 9], "pooling": "max"}
    found = ask(result, "tile", **source, **params, words=words, hide_special=hide)
    if source["layer"] == "rollout":
        values = rolled(result)[-1]
    else:
        layer = whole(result)[source["layer"]]
        values = layer.mean(axis=0) if source["head"] == "mean" else layer[source["head"]]
    expected = [[values[a:b, c:d].sum() / (b - a) for c, d in cuts] for a, b in cuts]
    np.testing.assert_allclose(found["values"], expected, atol=1e-6)
    assert found["row_starts"].tolist() == list(range(len(cuts) + 1))


def test_a_first_look_at_a_long_head_takes_few_of_its_rows() -> None:
    result = attention(8_192, maps=QuickMaps)
    params = {"layer": 0, "head": 0, "rows": [0, 8_192, 256], "columns": [0, 8_192, 256], "pooling": "max"}
    found = ask(result, "tile", **params, quick=True)
    assert (found["sampled"], found["exact"], found["values"].shape) == (True, False, (256, 256))
    assert result.maps.asked <= 2**22  # pyright: ignore[reportAttributeAccessIssue]
    near = ask(result, "tile", **{**params, "rows": [8_000, 8_192, 256], "columns": [0, 200, 256]})
    assert near["exact"]
    np.testing.assert_array_equal(near["values"], result[0, 0, 8_000:8_192][:, :200])


def test_the_mean_of_many_long_heads_takes_bounded_work() -> None:
    result = attention(4_096, heads=32, maps=QuickMaps)
    params = {"layer": 0, "head": "mean", "rows": [0, 4_096, 64], "columns": [0, 4_096, 64], "pooling": "max"}
    assert ask(result, "tile", **params)["sampled"]
    assert result.maps.asked <= 2**26  # pyright: ignore[reportAttributeAccessIssue]


# --- rows, edges ---


def test_rows_are_those_of_the_heads_in_the_order_asked() -> None:
    result = attention(9, heads=3)
    found = ask(result, "rows", layer=1, heads=[2, 0], queries=[8, 3])
    np.testing.assert_array_equal(found["weights"], whole(result)[1][[2, 0]][:, [8, 3]])


def test_rows_are_so_many_at_most() -> None:
    result = attention(9, heads=20)
    assert ask(result, "rows", layer=0, heads="mean", queries=list(range(9)))["weights"].shape == (16, 4, 9)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 25), st.booleans(), st.integers(1, 60), st.data())
def test_edges_are_the_strongest(tokens: int, signed: bool, most: int, data: st.DataObject) -> None:
    result = attention(tokens, signed=signed)
    a, b, c, d = (data.draw(st.integers(0, tokens)) for _ in range(4))
    rows, columns = sorted((a, b)), sorted((c, d))
    if rows[0] == rows[1] or columns[0] == columns[1]:
        with pytest.raises(UserError, match="hold no token"):
            ask(result, "edges", layer=0, heads=[1, 0], rows=rows, columns=columns, most=most)
        return
    found = ask(result, "edges", layer=0, heads=[1, 0], rows=rows, columns=columns, most=most)
    window = np.abs(whole(result)[0][:, rows[0] : rows[1], columns[0] : columns[1]])
    strongest = np.sort(window[window > 0])[::-1][:most]
    np.testing.assert_array_equal(np.abs(found["weight"]), strongest)
    places = (found["head"], found["query"], found["key"])
    np.testing.assert_array_equal(whole(result)[0][places], found["weight"])


def test_edges_of_a_long_text_go_as_far_as_bounded_work_does() -> None:
    result = attention(8_192, heads=16, maps=QuickMaps)
    found = ask(result, "edges", layer=0, heads="mean", rows=[10, 8_000], columns=[0, 100], most=50)
    assert found["rows"] == [10, 138]
    assert len(found["weight"]) == 50
    assert result.maps.asked <= 2**24  # pyright: ignore[reportAttributeAccessIssue]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=8), st.booleans(), st.integers(1, 60), st.data())
def test_edges_of_words_are_the_strongest_of_whole_words(
    sizes: list[int], signed: bool, most: int, data: st.DataObject
) -> None:
    words = np.repeat(np.arange(len(sizes)), sizes)
    tokens, starts = len(words), np.cumsum([0, *sizes])
    result = attention(side(tokens, words=words), signed=signed)
    rows, columns = (sorted((data.draw(st.integers(0, tokens - 1)), tokens)) for _ in range(2))
    rows[1] = data.draw(st.integers(rows[0] + 1, tokens))
    found = ask(result, "edges", layer=0, heads=[1, 0], rows=rows, columns=columns, most=most, words=True)
    of_words = np.array(
        [
            [[head[a:b, c:d].sum(axis=1).mean() for c, d in pairwise(starts)] for a, b in pairwise(starts)]
            for head in whole(result)[0]
        ]
    )
    inside = [(starts[1:] > a) & (starts[:-1] < b) for a, b in (rows, columns)]
    window = np.abs(of_words[:, inside[0]][:, :, inside[1]])
    np.testing.assert_allclose(np.abs(found["weight"]), np.sort(window[window > 0])[::-1][:most], atol=1e-6)
    places = (found["head"], words[found["query"]], words[found["key"]])
    np.testing.assert_allclose(of_words[places], found["weight"], atol=1e-6)
    assert set(found["query"].tolist()) | set(found["key"].tolist()) <= set(starts.tolist())


# --- steps ---


def test_steps_lead_from_the_query_to_the_weights() -> None:
    result = attention(40)
    found = ask(result, "steps", layer=1, head=0, query=20, most=8)
    keys = found["keys"].tolist()
    assert keys == sorted(np.argsort(-result[1, 0, 20], kind="stable")[:8].tolist())
    np.testing.assert_allclose(found["products"].sum(axis=1) * found["scaling"], found["scores"], atol=1e-6)
    np.testing.assert_allclose(np.exp(found["scores"] - found["log_sum"]), found["weights"], atol=1e-6)
    np.testing.assert_array_equal(found["weights"], result[1, 0, 20][keys])
    assert (found["masked_keys"], found["masked"].tolist()) == (19, [0] * 8)
    assert found["concatenated"].shape == (2 * found["dims"],)


def test_steps_can_be_those_to_a_key_that_is_not_among_the_heaviest() -> None:
    result = attention(40)
    heaviest = ask(result, "steps", layer=1, head=0, query=20, most=4)["keys"].tolist()
    key = next(key for key in range(20) if key not in heaviest)
    found = ask(result, "steps", layer=1, head=0, query=20, most=4, key=key)
    assert found["keys"].tolist() == sorted([*heaviest, key])
    np.testing.assert_array_equal(found["weights"], result[1, 0, 20][found["keys"]])
    assert ask(result, "steps", layer=1, head=0, query=20, most=4, key=heaviest[0])["keys"].tolist() == heaviest


def test_steps_of_few_keys_show_the_masked_ones_too() -> None:
    found = ask(attention(5), "steps", layer=0, head=0, query=1)
    assert found["keys"].tolist() == [0, 1, 2, 3, 4]
    assert found["masked"].tolist() == [0, 0, 1, 1, 1]
    assert np.isneginf(found["scores"][2:]).all()


# --- measures, flow ---


def test_the_measures_of_a_layer_are_those_of_the_result() -> None:
    result = attention(700, heads=3)
    found = ask(result, "measures", layer=1)
    np.testing.assert_allclose(found["self_measures"][:, 0], result.measures().values[:, 1], atol=1e-5)
    assert (found["layers"], found["sampled"]) == ([1, 2], None)
    assert list(found["self_thumbs"].shape) == [1, 3, *found["thumb"]]


def test_a_closer_look_at_a_long_layer_takes_bounded_work() -> None:
    result = attention(8_192, heads=32, maps=QuickMaps)
    found = ask(result, "measures", layer=0)
    assert found["sampled"] == 128
    assert result.maps.asked <= 2**25  # pyright: ignore[reportAttributeAccessIssue]


def rolled(result: Attention) -> list[NDArray[np.float64]]:
    mixed, found = np.eye(result.shape.keys), []
    for layer in whole(result).astype(float):
        step = layer.mean(axis=0) + np.eye(len(mixed))
        mixed = step / step.sum(axis=1, keepdims=True) @ mixed
        found.append(mixed)
    return found


def test_a_token_flows_as_the_rollout_says() -> None:
    result = attention(12, layers=3)
    to, from_ = (ask(result, "flow", token=4, direction=direction) for direction in ("to", "from"))
    np.testing.assert_allclose(to["share"], [layer[4] for layer in rolled(result)], atol=1e-6)
    np.testing.assert_allclose(from_["share"], [layer[:, 4] for layer in rolled(result)], atol=1e-6)
    assert (to["starts"].tolist(), to["sampled"]) == (list(range(13)), False)


def test_a_long_text_flows_in_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    result = attention(1_000)
    monkeypatch.setattr(asked_of, "_ROLLOUT", 2 * 2 * 1_000 * 50)
    found = ask(result, "flow", token=999, direction="to")
    assert (found["sampled"], found["share"].shape) == (True, (2, 50))
    np.testing.assert_allclose(found["share"].sum(axis=1), 1, atol=1e-5)
    tile = ask(result, "tile", layer="rollout", head=0, rows=[0, 1_000, 256], columns=[500, 1_000, 256], pooling="max")
    assert (tile["sampled"], tile["values"].shape) == (True, (50, 25))
    assert tile["column_starts"][[0, -1]].tolist() == [500, 1_000]
    hidden = ask(result, "tile", layer="rollout", rows=[0, 1_000, 256], columns=[0, 1_000, 256], hide_special=True)
    assert hidden["values"].shape == (50, 50)


# --- tokens and texts ---


def test_tokens_and_texts_are_told_whole() -> None:
    result = attention(side(5_000), pair="B" * 9_000)
    found = ask(result, "tokens", side="queries", start=1_990, stop=5_000)
    assert found["queries_pieces"][0] == "w1990"
    assert len(found["queries_ids"]) == 2_000
    facts, _ = methods(result)["texts"]({})
    assert (facts["text"], facts["pair_text"], facts["target_text"]) == (result.queries.text, "B" * 9_000, None)


def test_what_was_lost_of_a_text_does_not_stop_the_others() -> None:
    result = attention(side(2, pieces=["\ud800", "b"], text="\ud800 b"))
    assert ask(result, "tokens", side="queries", start=0, stop=2)["queries_text"] == ["\ufffd", "b"]


# --- nonsense ---

TILE = {"layer": 0, "head": 0, "rows": [0, 6, 6], "columns": [0, 6, 6]}


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        ("tile", {**TILE, "part": "cross"}, "There is no cross attention here."),
        ("tile", {**TILE, "layer": 2}, "There is no layer 2."),
        ("tile", {**TILE, "head": None}, "There is no head None."),
        ("tile", {**TILE, "head": -1}, "There is no head -1."),
        ("tile", {**TILE, "rows": [5, 5, 1]}, "hold no token"),
        ("tile", {**TILE, "rows": "all"}, "are no stretch"),
        ("tile", {**TILE, "columns": [9, 12, 1]}, "hold no token"),
        ("rows", {"layer": 0, "heads": [], "queries": [0]}, "No head was asked for."),
        ("rows", {"layer": 0, "heads": [0], "queries": [6]}, "There is no query 6."),
        ("rows", {"layer": 0, "heads": [0.5], "queries": [0]}, "There is no head 0.5."),
        ("edges", {"layer": True, "heads": [0], "rows": [0, 2]}, "are no stretch"),
        ("steps", {"layer": 0, "head": 0, "query": "x"}, "There is no query 'x'."),
        ("measures", {"layer": 7}, "There is no layer 7."),
        ("flow", {"token": 6, "direction": "to"}, "There is no token 6."),
        ("tokens", {"side": "encoded", "start": 0, "stop": 1}, "There are no tokens encoded here."),
    ],
)
def test_nonsense_is_one_line(method: str, params: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as caught:
        ask(attention(6), method, **params)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_difference_has_no_steps_and_no_flow() -> None:
    result = attention(6, signed=True)
    for method in ({"steps": {"layer": 0, "head": 0, "query": 0}}, {"flow": {"token": 0}}):
        ((name, params),) = method.items()
        with pytest.raises(UserError):
            ask(result, name, **params)


def test_nothing_but_special_tokens_cannot_be_hidden() -> None:
    result = attention(side(2, flags=np.array([SPECIAL, SPECIAL], np.uint8)))
    with pytest.raises(UserError, match="All tokens are special ones"):
        ask(result, "tile", **TILE, hide_special=True)


# --- the panel ---


def test_attention_has_a_panel_of_its_own() -> None:
    kind = kind_of_result(attention(3))
    assert kind.name == "attention"
    assert panel_class("attention") is AttentionPanel


def test_pinned_tokens_are_rows_of_all_heads() -> None:
    result = attention(5)
    table = pinned_rows(result, [4, 1])
    assert table.index.names == ["layer", "head", "query", "query_token"]
    assert table.columns.tolist() == result.key_tokens
    np.testing.assert_array_equal(table.to_numpy()[4], result[1, 0, 4])
    assert pinned_rows(result, []).shape == (0, 5)
    with pytest.raises(UserError, match="20 tokens are pinned"):
        pinned_rows(attention(30), range(20))


@pytest.mark.parametrize("what", ["npz", "csv", "png", "svg"])
def test_a_head_is_written_into_a_file(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = attention(side(3, pieces=["a", "文", "$x$"]))
    export = actions(result, None)["export"]  # pyright: ignore[reportArgumentType]
    params = {"what": what, "part": "self", "layer": 1, "head": 0}
    first, second = (export(params)[0]["name"] for _ in range(2))
    stem = "a-model-attention" if what == "npz" else "a-model-attention-1.0"
    assert (first, second) == (f"{stem}.{what}", f"{stem}-2.{what}")
    assert (tmp_path / second).stat().st_size > 50
    if what == "csv":
        import pandas as pd

        table = pd.read_csv(tmp_path / first, index_col=0)
        np.testing.assert_allclose(table.to_numpy(), result[1, 0], atol=1e-7)
        assert table.index.tolist() == ["a", "文", "$x$"]
    if what == "npz":
        np.testing.assert_allclose(Attention.load(tmp_path / first)[1, 1], result[1, 1], atol=1e-6)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"what": "exe", "part": "self"}, "There is no file of kind exe to write."),
        ({"what": "csv", "part": "self", "layer": 9, "head": 0}, "There is no layer 9."),
    ],
)
def test_no_file_is_written_of_nothing(params: dict[str, Any], said: str) -> None:
    export = actions(attention(3), None)["export"]  # pyright: ignore[reportArgumentType]
    with pytest.raises(UserError, match=said):
        export(params)


def test_a_long_head_is_no_table_of_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("nbtransformers.panels.export._CSV_NUMBERS", 20)
    export = actions(attention(5), None)["export"]  # pyright: ignore[reportArgumentType]
    with pytest.raises(UserError, match="As CSV these are 5 × 5 numbers, which take long to write"):
        export({"what": "csv", "part": "self", "layer": 0, "head": "mean"})
    assert not list(tmp_path.iterdir())
