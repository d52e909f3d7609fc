"""What an attention result tells of its weights: by hand, and against plain NumPy."""

from __future__ import annotations

import gc
import tracemalloc
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attended import SPECIAL, attention, random_weights, side
from hypothesis import given
from hypothesis import strategies as st

import nbtransformers as nbt
from nbtransformers.errors import UserError
from nbtransformers.request import AttentionRequest, DataRef, RunOptions
from nbtransformers.results import attentionfile, attentionflow, attentionframes, attentionlookup
from nbtransformers.results.arraymaps import ArrayMaps
from nbtransformers.results.attentionblocks import evenly
from nbtransformers.results.attentionkeys import KeptLayer, KeyMaps
from nbtransformers.results.attentionmeasures import MEASURES, HeadMeasures

TEXT = "The unbelievable cat sat because it was tired."


def refusal(call: Any) -> str:
    with pytest.raises(UserError) as caught:
        call()
    return str(caught.value)


# --- looking up ---


def test_a_head_is_looked_up_by_layer_head_and_rows() -> None:
    found = attention()
    weights = random_weights(2, 3, 6, 6)
    assert found.shape == (2, 3, 6, 6)
    assert found[1, 2].dtype == np.float32
    np.testing.assert_array_equal(found[1, 2], weights[1, 2])
    np.testing.assert_array_equal(found[-1, -1], weights[1, 2])
    np.testing.assert_array_equal(found[0, 0, 3], weights[0, 0, 3])
    np.testing.assert_array_equal(found[0, 0, -1], weights[0, 0, -1])
    np.testing.assert_array_equal(found[0, 0, 1:4], weights[0, 0, 1:4])
    np.testing.assert_array_equal(found[0, 0, [5, 0]], weights[0, 0, [5, 0]])
    np.testing.assert_array_equal(found[0, 0, np.array([True] + [False] * 5)], weights[0, 0, :1])
    for place in (
        np.s_[:, 1],
        np.s_[1, :, -1],
        np.s_[-1, [0, 2], :, 3],
        np.s_[:, :, 1:4, [0, 5]],
        np.s_[0, 1, 2, 3],
        np.s_[0, 0, []],
        np.s_[[], 0],
        np.s_[0, [], 2],
    ):
        np.testing.assert_array_equal(found[place], weights[place])


def test_what_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found = attention()
    assert refusal(lambda: found[2, 0]) == "a-model has no layer 2. Its layers are numbered from 0 to 1."
    assert refusal(lambda: found[0, 3]) == "a-model has no head 3. Its heads are numbered from 0 to 2."
    assert refusal(lambda: found["first", 0]) == "a-model has no layer 'first'. Its layers are numbered from 0 to 1."
    assert refusal(lambda: found[True, 0]) == "a-model has no layer True. Its layers are numbered from 0 to 1."
    assert refusal(lambda: found[[[0, 1]], 0]).startswith("a-model has no layer [[0, 1]].")
    assert refusal(lambda: found.mean(True)).startswith("a-model has no layer True.")
    assert refusal(lambda: found.edges(0, 0, most=0)) == "The 0 strongest weights are none. Ask for 1 or more."
    assert refusal(lambda: found.edges(0, [])) == (
        "There are no heads to look for the strongest weights in. Give one, such as `[0]`."
    )
    assert refusal(lambda: found[0]) == "Attention is looked up by layer and head. Type `attention[0, 0]`."
    assert refusal(lambda: found[0, 0, 6]) == (
        "There is no such query: the text has 6 tokens. They are numbered from 0 to 5."
    )
    assert refusal(lambda: found[0, 0, :, 9]).startswith("There is no such key: the text has 6 tokens.")
    assert refusal(lambda: found.flow(17)).startswith("There is no such query")
    assert refusal(lambda: found.plot([0], 0)).startswith("a-model has no layer")
    monkeypatch.setattr(attentionlookup, "LARGEST", 800)
    assert refusal(lambda: found[:, :]) == "These weights are 864 bytes. Take one head: `attention[layer, head]`."
    assert refusal(lambda: found.cross) == (
        "a-model is no encoder-decoder: it has no cross attention. Its attention is `attention[layer, head]`."
    )
    assert "Only the attention weights are kept here" in refusal(lambda: found.q(0, 0))
    assert "Only the attention weights" in refusal(lambda: found.maps.steps("self", 0, 0, 0))
    assert refusal(lambda: found.measures()["entrpy"]) == "There is no measure 'entrpy'. Did you mean entropy?"
    assert refusal(lambda: found.flow(0, "up")) == 'There is no direction \'up\'. Type `"from"` or `"to"`.'  # pyright: ignore
    assert refusal(lambda: found.tile(0, 0, rows=(0, 9, 3))) == (
        "Queries 0 to 9 are not all there. There are 6, from 0: give the first, and the one behind the last."
    )
    assert refusal(lambda: found.tile(0, 0, rows=(0, 5, 0))) == (
        "A side of 0 cells shows nothing. Ask for 1 cell or more."
    )
    assert refusal(lambda: found.edges(0, 0, columns=(3, 3))).startswith("Keys 3 to 3 are not all there.")
    assert (
        refusal(lambda: found.to_pandas(head=1)) == "There is a head, 1, and no layer. Type `.to_pandas(layer, head)`."
    )
    assert refusal(lambda: found.minus(3)) == "3 is an int, no attention. Give another result."  # pyright: ignore


def test_a_request_is_checked() -> None:
    data = DataRef("whole", TEXT)
    assert refusal(lambda: AttentionRequest(data, run=RunOptions(long="window"))) == (
        "`--long window` reads a text in pieces, and attention is between the tokens of one reading. "
        "Type `--long truncate` to look at its beginning."
    )
    assert refusal(lambda: AttentionRequest(data, pair=3)) == '`--pair` is 3, an int. Type `--pair "a text"`.'  # pyright: ignore
    request = AttentionRequest(data, pair="It was tired.", run=RunOptions(long="truncate", max_length=9))
    assert AttentionRequest.from_json(request.to_json()) == request


# --- measures ---

HAND = [
    [1.0, 0.0, 0.0, 0.0],
    [0.5, 0.5, 0.0, 0.0],
    [0.0, 0.25, 0.5, 0.25],
    [0.0, 0.0, 1.0, 0.0],
]


def test_measures_by_hand() -> None:
    # [CLS] a a b: the second `a` was there before, and nothing but itself stands behind the first.
    found = attention([[HAND]], queries=side(["[CLS]", "a", "a", "b"], special=[0])).measures()
    two, four = np.log(2), np.log(4)
    expected = {
        "entropy": (0 + two + (two / 2 + four / 2) + 0) / 4,
        "distance": (0 + 0.5 + (0.25 + 0.25) + 1) / 4,
        "special": (1 + 0.5 + 0 + 0) / 4,
        "previous": (0.5 + 0.25 + 1) / 3,
        "next": (0 + 0 + 0.25) / 3,
        "first": (1 + 0.5 + 0 + 0) / 4,
    }
    for name, value in expected.items():
        assert found[name][0, 0] == pytest.approx(value, abs=1e-6), name
    assert np.isnan(found["induction"][0, 0])
    assert found.sampled is None


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=12), st.integers(1, 12))
def test_the_keys_behind_earlier_places_are_found(tokens: list[tuple[int, bool]], most: int) -> None:
    ids, special = [token for token, _ in tokens], [at for at, (_, is_special) in enumerate(tokens) if is_special]
    weights = random_weights(1, 1, len(ids), len(ids))
    found = attention(weights, queries=side([str(number) for number in ids], special=special))
    rows = evenly(len(ids), most)
    at, keys, number = HeadMeasures(found, rows).repeating(slice(0, len(rows)))
    wanted = [
        (place, key + 1)
        for place, row in enumerate(rows.tolist())
        for key in range(row - 1)
        if row not in special and ids[key] == ids[row]
    ]
    assert list(zip(at.tolist(), keys.tolist(), strict=True)) == wanted
    assert number == len({place for place, _ in wanted})


def test_one_token_over_and_over_takes_little_memory() -> None:
    copies = 8_192
    found = attention(np.zeros((1, 1, 1, 1), np.float32), queries=side(["a"] * copies, special=[]))
    tracemalloc.start()
    measure = HeadMeasures(found, np.arange(copies))
    measure.repeating(slice(copies - 256, copies))  # a block
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 120 * 2**20


def test_induction_is_what_goes_behind_earlier_places() -> None:
    # a b a b a: the third token may look at 1 (behind 0); the fourth at 2; the fifth at 1 and 3.
    weights = random_weights(1, 1, 5, 5, causal=True)
    found = attention(weights, queries=side(["a", "b", "a", "b", "a"], special=[])).measures()["induction"]
    rows = weights[0, 0]
    assert found[0, 0] == pytest.approx((rows[2, 1] + rows[3, 2] + rows[4, 1] + rows[4, 3]) / 3, abs=1e-6)
    special = attention(weights, queries=side(["a", "b", "a", "b", "a"], special=[0, 2, 4])).measures()["induction"]
    assert special[0, 0] == pytest.approx(rows[3, 2], abs=1e-6)


@given(st.integers(1, 40), st.integers(0, 10**6), st.booleans())
def test_measures_are_those_of_plain_numpy(tokens: int, seed: int, causal: bool) -> None:
    weights = random_weights(2, 2, tokens, tokens, causal=causal, seed=seed)
    pieces = [str(number) for number in np.random.default_rng(seed).integers(0, 6, tokens)]
    found = attention(weights, queries=side(pieces, special=[0])).measures()
    assert found.values.shape == (len(MEASURES), 2, 2)
    exact = weights.astype(float)
    logs = np.log(np.where(exact > 0, exact, 1))
    places = np.arange(tokens)
    np.testing.assert_allclose(found["entropy"], -(exact * logs).sum(-1).mean(-1), atol=1e-5)
    np.testing.assert_allclose(
        found["distance"], (exact * np.abs(places - places[:, None])).sum(-1).mean(-1), atol=1e-4
    )
    np.testing.assert_allclose(found["first"], exact[..., 0].mean(-1), atol=1e-5)
    if tokens > 1:
        np.testing.assert_allclose(found["previous"], exact[..., places[1:], places[:-1]].mean(-1), atol=1e-5)
        np.testing.assert_allclose(found["next"], exact[..., places[:-1], places[1:]].mean(-1), atol=1e-5)
    else:
        assert np.isnan(found["previous"]).all()


def test_measures_of_a_long_text_are_taken_block_by_block_and_from_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    from nbtransformers.results import attentionblocks

    found = attention(random_weights(1, 2, 50, 50), queries=side([str(n % 7) for n in range(50)]))
    whole = found.measures().values
    monkeypatch.setattr(attentionblocks, "BLOCK", 150)
    np.testing.assert_allclose(found.measures().values, whole, atol=1e-6)
    sampled = found.measures(queries=10)
    assert sampled.sampled == 10
    rows = np.linspace(0, 49, 10).round().astype(int)
    np.testing.assert_allclose(sampled["first"], found[0, 0, rows][:, 0].mean(), atol=0.2)
    assert sampled["first"][0, 0] == pytest.approx(float(found[0, 0, rows][:, 0].mean()), abs=1e-6)
    table = found.measures().to_pandas()
    assert list(table.columns) == list(MEASURES)
    assert table.index.names == ["layer", "head"]
    np.testing.assert_array_equal(found.entropy(), found.measures()["entropy"])


# --- through the layers ---


def test_rollout_of_two_layers_by_hand() -> None:
    first, second = [[1.0, 0.0], [0.5, 0.5]], [[1.0, 0.0], [1.0, 0.0]]
    found = attention([[first], [second]], queries=side(["a", "b"]))
    one = np.array([[1, 0], [0.25, 0.75]])
    np.testing.assert_allclose(found.rollout(1), one)
    np.testing.assert_allclose(found.rollout(), np.array([[1, 0], [0.5, 0.5]]) @ one)
    np.testing.assert_array_equal(found.rollout(0), np.eye(2))


@given(st.integers(1, 12), st.integers(1, 4), st.integers(0, 10**6))
def test_flow_is_a_row_or_a_column_of_the_rollout(tokens: int, layers: int, seed: int) -> None:
    weights = random_weights(layers, 2, tokens, tokens, seed=seed)
    found = attention(weights, queries=side([str(n) for n in range(tokens)]))
    token = seed % tokens
    into, out = found.flow(token, "to"), found.flow(token)
    assert into.shape == out.shape == (layers, tokens)
    mixed = np.eye(tokens)
    for layer in range(layers):
        step = 0.5 * weights[layer].astype(float).mean(0) + 0.5 * np.eye(tokens)
        mixed = step / step.sum(-1, keepdims=True) @ mixed
        np.testing.assert_allclose(into[layer], mixed[token], atol=1e-5)
        np.testing.assert_allclose(out[layer], mixed[:, token], atol=1e-5)
        np.testing.assert_allclose(found.rollout(layer + 1), mixed, atol=1e-5)
    np.testing.assert_allclose(found.mean(0), weights[0].mean(0), atol=1e-6)


def test_what_has_no_rollout_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    found = attention()
    assert refusal(lambda: found.minus(found).rollout()) == (
        "There is no rollout of a difference. Look at a part where a text attends to itself."
    )
    assert refusal(lambda: found.rollout(-1)) == "There is no rollout of -1 layers. Type a number from 0 to 2."
    assert refusal(lambda: found.rollout(3)) == "There is no rollout of 3 layers. Type a number from 0 to 2."
    both = attention(
        encoded=side(["x", "y", "z"]),
        maps=ArrayMaps({"self": random_weights(2, 3, 6, 6), "cross": random_weights(2, 3, 6, 3, seed=1)}),
    )
    assert refusal(lambda: both.cross.rollout()).startswith("There is no rollout of attention to another text.")
    assert refusal(lambda: both.cross.flow(0)).startswith("There is no rollout of attention to another text.")
    assert both.cross.shape == (2, 3, 6, 3)
    assert np.isnan(both.cross.measures()["distance"]).all()
    monkeypatch.setattr(attentionflow, "LARGEST", 100)
    assert refusal(lambda: found.mean(0)) == (
        'That is 6 × 6 weights: 144 bytes. Take a part of it: `.tile(layer, "mean", rows=(0, 1000, 1000))`.'
    )
    assert "Take of one token: `.flow(token)`." in refusal(found.rollout)


# --- from afar ---


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 12), st.booleans(), st.integers(0, 10**6))
def test_tiles_pool_what_lies_in_them(queries: int, keys: int, cells: int, mean: bool, seed: int) -> None:
    weights = random_weights(1, 2, queries, keys, seed=seed)
    found = attention(
        queries=side([str(n) for n in range(queries)]),
        encoded=side([str(n) for n in range(keys)]),
        maps=ArrayMaps({"cross": weights}),
        part="cross",
    )
    start, first = queries // 3, keys // 2
    tile = found.tile(0, 1, (start, queries, cells), (first, keys, cells), mean=mean)
    assert tile.row_starts[0] == start
    assert tile.row_starts[-1] == queries
    assert len(tile.column_starts) == min(cells, keys - first) + 1
    assert not tile.sampled
    pool = np.mean if mean else np.max
    for row, (a, b) in enumerate(zip(tile.row_starts[:-1], tile.row_starts[1:], strict=True)):
        for column, (c, d) in enumerate(zip(tile.column_starts[:-1], tile.column_starts[1:], strict=True)):
            assert tile.values[row, column] == pytest.approx(pool(weights[0, 1, a:b, c:d]), abs=1e-6)


def test_the_mean_over_heads_has_tiles_too() -> None:
    found = attention()
    np.testing.assert_allclose(found.tile(1, "mean").values, found.mean(1), atol=1e-6)


def test_edges_are_the_strongest(monkeypatch: pytest.MonkeyPatch) -> None:
    from nbtransformers.results import attentionblocks

    monkeypatch.setattr(attentionblocks, "BLOCK", 12)
    weights = random_weights(2, 3, 6, 6)
    found = attention(weights)
    edges = found.edges(1, [0, 2], rows=(1, 5), columns=(2, 6), most=7)
    part = weights[1][[0, 2], 1:5, 2:6]
    assert len(edges) == 7
    np.testing.assert_allclose(edges.weights, np.sort(part.ravel())[::-1][:7])
    np.testing.assert_array_equal(weights[1][edges.heads, edges.queries, edges.keys], edges.weights)
    assert len(found.edges(0, 1)) == 36


# --- words ---


def test_words_take_the_sum_of_their_keys_and_the_mean_of_their_queries() -> None:
    weights = random_weights(1, 1, 6, 6)
    pieces = side(["[CLS]", "un", "##real", "un", "##real", "[SEP]"], words=[-1, 0, 0, 1, 1, -1])
    words = attention(weights, queries=pieces).by_words()
    assert words.shape == (1, 1, 4, 4)
    assert words.tokens == ["[CLS]", "un ##real", "un ##real", "[SEP]"]
    assert words.queries.ids[1] == words.queries.ids[2] < 0
    assert words.queries.flags.tolist() == [SPECIAL, 0, 0, SPECIAL]
    assert words.queries.words.tolist() == [-1, 0, 1, -1]
    rows = weights[0, 0]
    summed = np.stack([rows[:, 0], rows[:, 1] + rows[:, 2], rows[:, 3] + rows[:, 4], rows[:, 5]], axis=1)
    expected = np.stack([summed[0], (summed[1] + summed[2]) / 2, (summed[3] + summed[4]) / 2, summed[5]])
    np.testing.assert_allclose(words[0, 0], expected, atol=1e-6)
    np.testing.assert_allclose(words[0, 0, [3, 1]], expected[[3, 1]], atol=1e-6)
    np.testing.assert_allclose(words[0, 0].sum(1), 1, atol=1e-6)
    assert "Words have no queries" in refusal(lambda: words.k(0, 0))
    assert words.by_words().tokens == words.tokens


# --- differences ---


def test_a_difference_on_the_same_tokens() -> None:
    one, other = attention(), attention(random_weights(2, 3, 6, 6, seed=5))
    found = one - other
    assert found.signed
    assert found.run.model == "a-model"
    np.testing.assert_allclose(found[1, 2], one[1, 2] - other[1, 2])
    np.testing.assert_allclose(
        found.measures()["special"], one.measures()["special"] - other.measures()["special"], atol=1e-6
    )
    assert np.isnan(found.measures()["entropy"]).all()
    tile = found.tile(0, 0, (0, 6, 2), (0, 6, 2)).values
    blocks = found[0, 0].reshape(2, 3, 2, 3).transpose(0, 2, 1, 3).reshape(2, 2, 9)
    np.testing.assert_allclose(tile, np.take_along_axis(blocks, np.abs(blocks).argmax(-1)[..., None], -1)[..., 0])
    assert "A difference has no queries" in refusal(lambda: found.v(0, 0))


def test_a_difference_of_two_texts_pairs_their_tokens() -> None:
    one = attention(random_weights(1, 1, 4, 4), queries=side(["[CLS]", "a", "b", "[SEP]"]))
    other = attention(random_weights(1, 1, 5, 5, seed=3), queries=side(["[CLS]", "x", "a", "b", "[SEP]"]))
    found = one.minus(other)
    paired = other[0, 0][np.ix_([0, 2, 3, 4], [0, 2, 3, 4])]
    np.testing.assert_allclose(found[0, 0], one[0, 0] - paired)
    assert found.notes == ()
    back = other.minus(one)
    assert np.isnan(back[0, 0, 1]).all()
    assert np.isnan(back[0, 0][:, 1]).all()
    assert np.isfinite(back[0, 0][np.ix_([0, 2, 3, 4], [0, 2, 3, 4])]).all()
    assert back.notes == (
        "1 of 5 tokens of the text has no partner in the other one: there is no difference there (NaN).",
    )
    # The measures are over what has a partner: a token without one does not make the difference look smaller.
    measures, paired = back.measures(), back[0, 0][np.ix_([0, 2, 3, 4], [0, 2, 3, 4])]
    assert measures["special"][0, 0] == pytest.approx(paired[:, [0, 3]].sum() / 4, abs=1e-6)
    assert measures["first"][0, 0] == pytest.approx(paired[:, 0].mean(), abs=1e-6)
    assert measures["previous"][0, 0] == pytest.approx((paired[2, 1] + paired[3, 2]) / 2, abs=1e-6)
    assert np.isnan(back.tile(0, 0).values[1]).all()
    assert np.isfinite(back.edges(0, 0).weights).all()
    str(back)


def test_models_that_do_not_pair_are_refused() -> None:
    one, other = attention(), attention(random_weights(4, 1, 6, 6))
    assert refusal(lambda: one - other) == (
        "a-model has 2 layers of 3 heads and a-model 4 layers of 1 head: their heads do not pair. "
        "Compare models of one shape, such as two checkpoints, or subtract their `.rollout()`."
    )
    both = attention(
        encoded=side(["x", "y", "z"]),
        maps=ArrayMaps({"self": random_weights(2, 3, 6, 6), "cross": random_weights(2, 3, 6, 3, seed=1)}),
    )
    assert refusal(lambda: one - both) == (
        "Of a-model and a-model one is an encoder-decoder: their heads do not pair. Compare models of one kind."
    )
    assert np.abs((both - both).cross[1, 1]).max() == 0


# --- tables ---


def test_tables_name_layers_heads_and_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    found = attention()
    wide = found.to_pandas(1, 0)
    assert list(wide.index) == list(wide.columns) == found.tokens
    np.testing.assert_array_equal(wide.to_numpy(), found[1, 0])
    long = found.to_pandas()
    assert list(long.columns) == ["layer", "head", "query", "key", "query_token", "key_token", "weight"]
    assert len(long) == 2 * 3 * 36
    row = long[(long.layer == 1) & (long["head"] == 2) & (long["query"] == 3) & (long.key == 4)].iloc[0]
    assert row.weight == found[1, 2, 3][4]
    assert (row.query_token, row.key_token) == ("a", "c")
    assert set(found.to_pandas(1).layer) == {1}
    monkeypatch.setattr(attentionframes, "MOST_ROWS", 100)
    assert refusal(found.to_pandas) == (
        "That table would have 216 rows: 2 × 3 × 6 × 6. "
        "Take one head, `.to_pandas(layer, head)`, or its strongest weights, `.edges(layer, head)`."
    )


def test_xarray_has_named_axes(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("xarray")
    found = attention()
    array = found.to_xarray()
    assert array.dims == ("layer", "head", "query", "key")
    assert array.query_token.values.tolist() == found.tokens
    np.testing.assert_array_equal(array.sel(layer=1, head=2).values, found[1, 2])
    monkeypatch.setattr(attentionframes, "LARGEST", 100)
    assert refusal(found.to_xarray) == (
        "The weights of all heads are 864 bytes. Take one head, `attention[layer, head]`."
    )
    monkeypatch.setitem(__import__("sys").modules, "xarray", None)
    assert refusal(found.to_xarray) == "xarray is not installed. Type `%pip install xarray`."


# --- files ---


def test_a_file_holds_all_of_it(tmp_path: Path) -> None:
    found = attention(notes=("One.",), pair=None)
    written = found.save(tmp_path / "x.npz")
    assert written.path == tmp_path / "x.npz"
    again = nbt.load_attention(tmp_path / "x.npz")
    for part in ("tokens", "notes", "run", "request", "part", "signed", "shape"):
        assert getattr(again, part) == getattr(found, part), part
    for name in ("ids", "offsets", "words", "flags"):
        np.testing.assert_array_equal(getattr(again.queries, name), getattr(found.queries, name))
    assert again.queries.text == found.queries.text
    for layer in range(2):
        for head in range(3):
            np.testing.assert_array_equal(again[layer, head], found[layer, head])
    assert type(found).load(tmp_path / "x.npz").tokens == found.tokens
    with np.load(tmp_path / "x.npz", allow_pickle=False) as plain:
        np.testing.assert_array_equal(plain["self/1/weights"], random_weights(2, 3, 6, 6)[1])
    assert refusal(lambda: found.save(tmp_path / "x.npz")) == (
        "x.npz is there already. Give another name, or `overwrite=True`."
    )
    found.save(tmp_path / "x.npz", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["x.npz"]


def test_a_difference_and_words_can_be_kept(tmp_path: Path) -> None:
    one = attention(queries=side(["a", "a", "b", "c", "d", "e"], words=[0, 0, 1, 2, 3, 4]))
    for number, found in enumerate((one - attention(random_weights(2, 3, 6, 6, seed=9)), one.by_words())):
        found.save(tmp_path / f"{number}.npz")
        again = nbt.load_attention(tmp_path / f"{number}.npz")
        assert again.signed == found.signed
        np.testing.assert_array_equal(again[1, 1], found[1, 1])


def kept_layer(rng: Any, **given: Any) -> KeptLayer:
    q, k, v = (rng.normal(size=(heads, 7, 4)).astype(np.float32) for heads in (4, 2, 2))
    run: dict[str, Any] = {"first": np.zeros(7, np.int64), "stop": np.arange(1, 8)}
    return KeptLayer(q, k, v, np.array([0.5]), **{**run, **given})


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"softcap": np.array([2.0])},
        {"sinks": np.array([0.0, 1.0, -1.0, 3.0], np.float32)},
        {"first": np.arange(7) - np.minimum(np.arange(7), 2)},
        {"first": None, "stop": None, "seen": np.eye(7, dtype=bool) | np.tri(7, k=-3, dtype=bool)},
        {"by_distance": np.linspace(-1, 1, 4 * 13).reshape(4, 13).astype(np.float32)},
        {"bias": np.linspace(-1, 1, 49).reshape(1, 7, 7).astype(np.float32)},
    ],
    ids=["causal", "softcap", "sinks", "sliding", "any mask", "by distance", "bias"],
)
def test_weights_come_of_queries_and_keys(given: dict[str, Any], tmp_path: Path) -> None:
    layer = kept_layer(np.random.default_rng(1), **given)
    found = attention(maps=KeyMaps({"self": [layer]}), queries=side([str(n) for n in range(7)]))
    found.save(tmp_path / "x.npz")
    again = nbt.load_attention(tmp_path / "x.npz")
    assert isinstance(again.maps, KeyMaps)
    for head in range(4):
        scores = layer.q[head].astype(float) @ layer.k[head // 2].T.astype(float) * 0.5
        if layer.softcap is not None:
            scores = 2 * np.tanh(scores / 2)
        for query in range(7):
            for key in range(7):
                if layer.by_distance is not None:
                    scores[query, key] += layer.by_distance[head, key - query + 6]
                if layer.bias is not None:
                    scores[query, key] += layer.bias[0, query, key]
                seen = layer.seen[query, key] if layer.seen is not None else key <= query
                if layer.seen is None and layer.first is not None:
                    seen &= key >= layer.first[query]
                if not seen:
                    scores[query, key] = -np.inf
        expected = np.exp(scores)
        total = expected.sum(-1, keepdims=True) + (0 if layer.sinks is None else np.exp(layer.sinks[head]))
        np.testing.assert_allclose(found[0, head], expected / total, atol=1e-6)
        np.testing.assert_array_equal(again[0, head], found[0, head])
        np.testing.assert_array_equal(again.k(0, head), layer.k[head // 2])
    assert "The steps need the model, whose projection is not kept here." in refusal(
        lambda: again.maps.steps("self", 0, 0, 0)
    )


def test_a_layer_may_have_fewer_heads_than_another(tmp_path: Path) -> None:
    more = kept_layer(np.random.default_rng(1))
    fewer = replace(kept_layer(np.random.default_rng(2)), q=more.q[:2] + 1)
    tokens = side([str(n) for n in range(7)])
    found = attention(maps=KeyMaps({"self": [fewer, more]}), queries=tokens)
    assert found.shape == (2, 4, 7, 7)
    assert refusal(lambda: found[0, 2]) == "Layer 0 has 2 heads, and no head 2. They are numbered from 0 to 1."
    means = [np.mean([found[layer, head] for head in range(2 + 2 * layer)], axis=0) for layer in (0, 1)]
    np.testing.assert_allclose(found.mean(0), means[0], atol=1e-6)
    one, other = (mean / 2 + np.eye(7) / 2 for mean in means)
    np.testing.assert_allclose(found.rollout(), other @ one, atol=1e-6)
    assert np.isnan(found.entropy()).tolist() == [[False, False, True, True], [False] * 4]
    table = found.to_pandas()
    assert len(table) == (2 + 4) * 49 and not table.weight.isna().any()
    assert table.groupby("layer")["head"].max().tolist() == [1, 3]
    assert table.query("layer == 1 and head == 3 and query == 4 and key == 2").weight.item() == found[1, 3][4, 2]
    assert len(found.to_pandas(0)) == 2 * 49
    array = found.to_xarray()
    assert np.isnan(array.sel(layer=0, head=[2, 3])).all() and not np.isnan(array.sel(layer=1)).any()
    np.testing.assert_array_equal(array.sel(layer=0, head=1), found[0, 1])
    found.save(tmp_path / "x.npz")
    again = nbt.load_attention(tmp_path / "x.npz")
    assert again.shape == found.shape
    np.testing.assert_array_equal(again[0, 1], found[0, 1])
    np.testing.assert_array_equal(again[1, 3], found[1, 3])


def test_numbers_that_do_not_give_the_weights_are_not_kept(tmp_path: Path) -> None:
    class Odd(KeyMaps):
        """Of a model that does more with its scores than is known."""

        def weights(self, part: Any, layer: int, head: int, rows: Any) -> Any:
            return super().weights(part, layer, head, rows) ** 2

    found = attention(
        maps=Odd({"self": [kept_layer(np.random.default_rng(2))]}), queries=side([str(n) for n in range(7)])
    )
    found.save(tmp_path / "x.npz")
    again = nbt.load_attention(tmp_path / "x.npz")
    assert isinstance(again.maps, ArrayMaps)
    np.testing.assert_array_equal(again[0, 3], found[0, 3])


def test_a_file_that_is_none_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert refusal(lambda: nbt.load_attention("no.npz")).startswith(f"There is no file {tmp_path}/no.npz. Save one:")
    attention().save("good.npz")
    good = Path("good.npz").read_bytes()
    np.savez("other.npz", x=np.zeros(3))
    np.savez("pickled.npz", header=np.array([{"format": 1}], dtype=object))
    Path("text.npz").write_text("hello")
    Path("torn.npz").write_bytes(good[: len(good) // 2])
    Path("spoilt.npz").write_bytes(good[:300] + b"xx" + good[302:])
    for name in ("other", "pickled", "text", "torn", "spoilt"):
        said = refusal(lambda name=name: nbt.load_attention(f"{name}.npz"))
        assert said.startswith(f"{name}.npz holds no attention, or is damaged ("), said
        assert said.endswith('Give a file that `attention.save("attention.npz")` has written.')
    monkeypatch.setattr(attentionfile, "_VERSION", 2)
    attention().save("new.npz")
    monkeypatch.setattr(attentionfile, "_VERSION", 1)
    assert refusal(lambda: nbt.load_attention("new.npz")) == (
        "new.npz was written by a newer nbtransformers. Type `pip install --upgrade nbtransformers`."
    )
    monkeypatch.setattr(attentionfile, "LARGEST", 10)
    assert refusal(lambda: attention().save("large.npz")) == (
        "The weights of all heads are 864 bytes, and they come of nothing smaller that could be kept. "
        'Keep those of a head: `numpy.save("head.npy", attention[layer, head])`.'
    )


# --- for people ---


def test_a_figure_names_tokens_as_they_are() -> None:
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    tokens = side(["[CLS]", "$x$", "猫", "العربية", "a\x1bb", "[SEP]"])
    ax: Any = attention(queries=tokens).plot(1, 2)
    labels = [text.get_text() for text in ax.get_yticklabels()]
    assert labels[:2] == ["[CLS]", "$x$"]
    assert labels[2] in ("猫", "□")  # as the fonts of this machine allow
    assert labels[4] in ("a␛b", "a□b")
    assert all(not text.get_parse_math() for text in [*ax.get_yticklabels(), *ax.get_xticklabels(), ax._left_title])
    assert ax.get_title(loc="left") == "a-model · layer 1, head 2"
    np.testing.assert_array_equal(ax.images[0].get_array(), attention(queries=tokens)[1, 2])
    ax.figure.canvas.draw()
    plt.close("all")


def test_a_figure_of_a_long_text_is_pooled_and_numbered() -> None:
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    found = attention(random_weights(1, 1, 900, 900), queries=side([str(n) for n in range(900)]))
    ax: Any = found.plot(0, "mean")
    assert ax.images[0].get_array().shape == (400, 400)
    assert [text.get_text() for text in ax.get_xticklabels()] == ["0", "200", "400", "600", "800"]
    assert ax.get_xticks()[1] == pytest.approx(200.5 * 400 / 900 - 0.5)
    (found - found).plot(0, 0)
    figure = attention().plot_grid()
    assert len(figure.axes) == 6
    figure.canvas.draw()
    plt.close("all")


def test_text_for_a_terminal() -> None:
    shown = str(attention(queries=side(["[CLS]", "a\x1b[31m", "b", "a", "c", "[SEP]"]), notes=("It was cut.",)))
    assert shown.startswith("a-model: 2 layers × 3 heads · 6 tokens\n[CLS] a␛[31m b a c [SEP]\n")
    assert "entropy (nats)" in shown
    assert shown.endswith("Note: It was cut.")
    assert repr(attention()) == str(attention())


def test_there_is_nothing_to_resume() -> None:
    found = attention()
    assert nbt.resume(found) is found


def test_a_result_goes_when_nobody_keeps_it() -> None:
    found = attention()
    assert hash(found) == hash(found)
    gone = weakref.ref(found)
    found.measures()
    found.rollout()
    del found
    gc.collect()
    assert gone() is None
