"""Encodings of positions against what plain Transformers makes of them in a forward pass."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from typing import Any

import numpy as np
import pytest
import torch
from oracle.test_code import checked
from oracle.tiny import ARCHITECTURES
from transformers import AutoConfig, AutoModel

import nbtransformers as nbt
from nbtransformers.engine.positions import positions
from nbtransformers.request import ModelRef, PositionsRequest
from nbtransformers.results.positions import DistanceEncoding, Positions, RelativeEncoding, RotaryEncoding

_SMALL = {"vocab_size": 99, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
_LLAMA = {
    **{**_SMALL, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2},
    **{"intermediate_size": 64, "max_position_embeddings": 64},
}
_BART = {
    **{**_SMALL, "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2},
    **{"decoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "max_position_embeddings": 40},
    **{"decoder_start_token_id": 2, "forced_eos_token_id": 2},
}
_OPT = {
    **{**_SMALL, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "ffn_dim": 32},
    **{"max_position_embeddings": 40, "word_embed_proj_dim": 16},
}
_GPTJ = {**_SMALL, "n_embd": 32, "n_layer": 1, "n_head": 2, "n_positions": 40, "rotary_dim": 8, "n_inner": 32}
TABLES: dict[str, dict[str, Any]] = {
    **{name: ARCHITECTURES[name] for name in ("bert", "roberta", "distilbert", "albert", "electra", "mpnet", "gpt2")},
    "bart": _BART,
    "mbart": _BART,
    "opt": _OPT,
    "pegasus": _BART,
    "marian": _BART,
    "m2m_100": _BART,
    "blenderbot": _BART,
    "biogpt": _LLAMA,
    "xglm": {**_OPT, "d_model": 16, "num_layers": 1, "attention_heads": 2},
    "xlm-roberta": {**ARCHITECTURES["roberta"], "vocab_size": 99},
}
ROTARY: dict[str, dict[str, Any]] = {
    "llama": _LLAMA,
    "qwen2": _LLAMA,
    "mistral": {**_LLAMA, "sliding_window": 8},
    "gpt_neox": {**_LLAMA, "rotary_pct": 0.5},
    "cohere": _LLAMA,
    "phi": {**_LLAMA, "partial_rotary_factor": 0.5},
    "gemma3_text": {**_LLAMA, "head_dim": 8, "num_hidden_layers": 6},
    "modernbert": ARCHITECTURES["modernbert"],
    "gptj": _GPTJ,
    "esm": {**ARCHITECTURES["bert"], "vocab_size": 99, "position_embedding_type": "rotary", "mask_token_id": 98},
    "roformer": {**ARCHITECTURES["bert"], "vocab_size": 99},
    **{
        kind: {**_LLAMA, "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 1, 1]}}
        for kind in ("qwen2_vl_text", "qwen2_5_vl_text")
    },
}
_DEBERTA = {**ARCHITECTURES["deberta-v2"], "vocab_size": 99, "max_relative_positions": 32}
BY_DISTANCE: dict[str, tuple[str, dict[str, Any]]] = {
    "deberta": ("deberta", _DEBERTA),
    "deberta, one way": ("deberta", {**_DEBERTA, "pos_att_type": ["c2p"], "position_biased_input": True}),
    "deberta-v2": ("deberta-v2", _DEBERTA),
    "deberta-v2, buckets": ("deberta-v2", {**_DEBERTA, "position_buckets": 8, "norm_rel_ebd": "layer_norm"}),
    "xlnet": ("xlnet", {**ARCHITECTURES["xlnet"], "vocab_size": 99}),
    "xlnet, clamped": ("xlnet", {**ARCHITECTURES["xlnet"], "vocab_size": 99, "clamp_len": 9}),
    "xlnet, one way": ("xlnet", {**ARCHITECTURES["xlnet"], "vocab_size": 99, "attn_type": "uni"}),
}
SCALED: dict[str, dict[str, Any]] = {
    "linear": {"factor": 4.0},
    "dynamic": {"factor": 2.0},
    "yarn": {"factor": 4.0, "original_max_position_embeddings": 16},
    "longrope": {
        **{"short_factor": [1.0] * 4, "long_factor": [3.0] * 4},
        "original_max_position_embeddings": 32,
    },
    "llama3": {
        **{"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0},
        "original_max_position_embeddings": 16,
    },
}


def built(kind: str, config: dict[str, Any]) -> Any:
    torch.manual_seed(0)
    return AutoModel.from_config(AutoConfig.for_model(kind, **config)).eval()


def looked_at(model: Any, **asked: Any) -> Positions:
    return positions(PositionsRequest(model=ModelRef("variable", "model"), **asked), {"model": model})


def given(model: Any, source: str, tokens: int) -> list[tuple[Any, Any, Any]]:
    """What a module is called with in a forward pass, and what it gives."""
    seen: list[tuple[Any, Any, Any]] = []
    hook = model.get_submodule(source).register_forward_hook(
        lambda module, args, kwargs, output: seen.append((args, kwargs, output)), with_kwargs=True
    )
    ids = torch.arange(3, 3 + tokens)[None]
    with torch.no_grad():
        decoding = {"decoder_input_ids": ids} if model.config.is_encoder_decoder else {}
        model(input_ids=ids, **decoding)
    hook.remove()
    return seen


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_is_what_the_model_adds(kind: str) -> None:
    model = built(kind, TABLES[kind])
    result = looked_at(model)
    tables = [one for one in result.encodings if one.form in ("learned", "sinusoidal")]
    assert [one.name for one in tables] == (
        ["encoder", "decoder"] if model.config.is_encoder_decoder else ["learned"] if kind == "mpnet" else [""]
    )
    for one in tables:
        ((_, _, output),) = given(model, one.source, 20)
        np.testing.assert_array_equal(one.values[:20], output.numpy().reshape(20, -1))
        assert len(one.positions) >= 20
    assert {one.form for one in tables} == {
        "sinusoidal" if kind in ("pegasus", "marian", "m2m_100", "xglm") else "learned"
    }


@pytest.mark.parametrize("kind", ROTARY)
def test_rotations_are_those_of_the_rotary_module(kind: str) -> None:
    model = built(kind, ROTARY[kind])
    found = looked_at(model).encodings
    assert len(found) == (2 if kind in ("gemma3_text", "modernbert") else 1)
    for one in found:
        assert isinstance(one, RotaryEncoding)
        for args, kwargs, output in given(model, one.source, 20):
            layer_type = kwargs.get("layer_type") or next((arg for arg in args if isinstance(arg, str)), None)
            if layer_type is not None and layer_type.replace("_", " ") != one.name:
                continue
            assert_same_turns(one, output)


def assert_same_turns(one: RotaryEncoding, output: Any) -> None:
    if isinstance(output, tuple):
        columns = [part[0].numpy() for part in output]
        columns = columns if columns[0][0].any() else columns[::-1]
    else:
        half = output.shape[-1] // 2
        columns = [output[:20, half:].numpy(), output[:20, :half].numpy()]
    for pairs, made in zip((one.cos, one.sin), columns, strict=True):
        repeats = made.shape[1] // pairs.shape[1]
        ways = [np.tile(pairs[:20], repeats), np.repeat(pairs[:20], repeats, axis=1)]
        assert any(np.array_equal(way, made) for way in ways)
    np.testing.assert_allclose(one.scaling * np.cos(one.angles), one.cos, atol=2e-4)
    np.testing.assert_allclose(one.scaling * np.sin(one.angles), one.sin, atol=2e-4)


@pytest.mark.parametrize("kind", SCALED)
def test_scaled_rotations(kind: str) -> None:
    model = built("llama", {**_LLAMA, "rope_parameters": {"rope_type": kind, "rope_theta": 10_000.0, **SCALED[kind]}})
    before = model.rotary_emb.inv_freq.clone()
    (one,) = looked_at(model, length=100).encodings
    assert isinstance(one, RotaryEncoding)
    with torch.no_grad():
        cos, sin = model.rotary_emb(torch.zeros(1), torch.arange(100)[None])
    half = cos.shape[-1] // 2
    np.testing.assert_array_equal(one.cos, cos[0, :, :half].numpy())
    np.testing.assert_array_equal(one.sin, sin[0, :, :half].numpy())
    np.testing.assert_allclose(one.frequencies, model.rotary_emb.inv_freq.numpy(), rtol=1e-5)
    assert one.scaling == pytest.approx(model.rotary_emb.attention_scaling)
    assert kind in one.formula[1]
    # To look at a model changes nothing in it.
    fresh = built("llama", {**_LLAMA, "rope_parameters": {"rope_type": kind, "rope_theta": 10_000.0, **SCALED[kind]}})
    looked_at(fresh, length=100)
    torch.testing.assert_close(fresh.rotary_emb.inv_freq, before, rtol=0, atol=0)


def test_a_vector_that_is_turned_is_as_alike_as_told() -> None:
    from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

    model = built("llama", _LLAMA)
    (one,) = looked_at(model).encodings
    cos, sin = model.rotary_emb(torch.zeros(1), torch.arange(64)[None])
    vector = torch.full((1, 1, 64, 8), 8**-0.5)
    turned, _ = apply_rotary_pos_emb(vector, vector, cos, sin)
    products = (turned[0, 0] @ turned[0, 0].T).numpy()
    np.testing.assert_allclose(one.similarity(), products, atol=1e-5)
    distances, by_distance = one.by_distance()
    np.testing.assert_allclose(by_distance, products[0], atol=1e-5)
    assert distances.tolist() == list(range(64))


@pytest.mark.parametrize("architecture", ["t5", "mpnet", "bloom", "mpt"])
def test_what_heads_add_is_all_that_is_left_where_queries_are_zero(architecture: str) -> None:
    """With q = 0, the weights of eager attention are the softmax of the bias alone."""
    model = built(architecture, RELATIVE[architecture])
    model.set_attn_implementation("eager")
    for name, parameter in model.named_parameters():
        if name.endswith(ZEROED):
            parameter.data.zero_()
    found = [one for one in looked_at(model).encodings if isinstance(one, RelativeEncoding)]
    ids = torch.arange(3, 23)[None]
    decoding = {"decoder_input_ids": ids} if model.config.is_encoder_decoder else {}
    with torch.no_grad():
        output = model(input_ids=ids, output_attentions=True, **decoding)
    weights = (
        {"encoder": output.encoder_attentions, "decoder": output.decoder_attentions}
        if decoding
        else {"relative" if architecture == "mpnet" else "": output.attentions}
    )
    assert [one.name for one in found] == list(weights)
    for one in found:
        for head in range(one.columns):
            bias = one.similarity(head)[:20, :20].astype(np.float64)
            expected = np.exp(np.where(np.isnan(bias), -np.inf, bias))
            expected /= expected.sum(axis=1, keepdims=True)
            np.testing.assert_allclose(weights[one.name][0][0, head].numpy(), expected, atol=1e-6)


def test_each_layer_may_have_a_bias_of_its_own() -> None:
    sizes = {"vocab_size": 99, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4}
    model = built("umt5", sizes)
    result = looked_at(model, length=10)
    assert [one.name for one in result.encodings] == [
        f"{side} layer {n}" for side in ("encoder", "decoder") for n in (0, 1)
    ]
    for one in result.encodings:
        attention = model.get_submodule(one.source.rpartition(".")[0])
        bias = attention.compute_bias(10, 10)[0].detach().numpy()
        for head in range(4):
            known = ~np.isnan(one.similarity(head))
            np.testing.assert_allclose(one.similarity(head)[known], bias[head][known], atol=1e-6)
    assert_same(result, ran(result, model=model))


def test_slopes_that_go_into_the_mask() -> None:
    """Of Falcon: under eager attention, Transformers adds them twice, so that weights tell nothing."""
    model = built("falcon", RELATIVE["falcon"])
    (one,) = looked_at(model).encodings
    assert isinstance(one, RelativeEncoding)
    seen: list[Any] = []
    layer = model.h[0].self_attention
    layer.register_forward_pre_hook(lambda _, args, kwargs: seen.append(kwargs["attention_mask"]), with_kwargs=True)
    with torch.no_grad():
        model(input_ids=torch.arange(3, 23)[None])
    for head in range(one.columns):
        bias, added = one.similarity(head)[:20, :20], seen[0][0, head].numpy()
        # A softmax is the same wherever a row begins; theirs begins with the first key.
        expected = bias - np.diagonal(bias)[:, None]
        np.testing.assert_allclose(
            np.where(np.isnan(bias), np.nan, added - np.diagonal(added)[:, None]), expected, atol=1e-2
        )


ZEROED = (
    "SelfAttention.q.weight",
    "attn.q.weight",
    "attn.q.bias",
    "query_key_value.weight",
    "query_key_value.bias",
    "Wqkv.weight",
)
RELATIVE: dict[str, dict[str, Any]] = {
    "t5": ARCHITECTURES["t5"],
    "mpnet": ARCHITECTURES["mpnet"],
    "bloom": {"vocab_size": 99, "hidden_size": 32, "n_layer": 1, "n_head": 4},
    "mpt": {"vocab_size": 99, "d_model": 32, "n_layers": 1, "n_heads": 4, "expansion_ratio": 2, "max_seq_len": 64},
    "falcon": {
        **{"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4},
        **{"alibi": True, "new_decoder_architecture": False, "multi_query": False},
    },
}


def test_a_model_without_any_is_told_in_one_line() -> None:
    from nbtransformers.errors import UserError

    model = built("mamba", {"vocab_size": 99, "hidden_size": 16, "num_hidden_layers": 1})
    with pytest.raises(UserError) as caught:
        looked_at(model)
    assert str(caught.value) == (
        "model has no encoding of positions that is known here. `%positions` alone shows the sinusoidal formula."
    )


# --- a vector for each distance ---


def of_distance(one: Any, distance: int) -> Any:
    """The vector of a key that is so far behind the query."""
    return torch.from_numpy(one.table[int(np.flatnonzero(one.positions == distance)[0])])


def by_distance(model: Any, **asked: Any) -> Any:
    (one,) = (one for one in looked_at(model, **asked).encodings if isinstance(one, DistanceEncoding))
    return one


@pytest.mark.parametrize("kind", [kind for kind in BY_DISTANCE if kind.startswith("deberta")])
@pytest.mark.parametrize("tokens", [12, 45])
def test_the_vectors_of_distances_make_what_is_added_to_scores(kind: str, tokens: int) -> None:
    """By hand: a query times the key of a distance, and a key times its query, where Transformers adds both."""
    model = built(*BY_DISTANCE[kind])
    one = by_distance(model, length=tokens)
    attention = model.encoder.layer[0].attention.self
    name = next(n for n in ("disentangled_attention_bias", "disentangled_att_bias") if hasattr(attention, n))
    own, seen = getattr(attention, name), list[Any]()

    def heard(query: Any, key: Any, *rest: Any) -> Any:
        seen.append((query, key, own(query, key, *rest)))
        return seen[-1][2]

    setattr(attention, name, heard)
    with torch.no_grad():
        model(input_ids=torch.arange(3, 3 + tokens)[None])
    ((query, key, added),) = seen
    heads, size = attention.num_attention_heads, attention.attention_head_size
    query, key, added = (part.reshape(heads, tokens, -1) for part in (query, key, added))
    ways = model.config.pos_att_type
    first = BY_DISTANCE[kind][0] == "deberta"
    # The first has its queries scaled already.
    scale = (size * (1 + len(ways))) ** 0.5
    to_key = attention.pos_proj if first else attention.pos_key_proj
    expected = torch.zeros(heads, tokens, tokens)
    with torch.no_grad():
        for i in range(tokens):
            for j in range(tokens):
                vector = of_distance(one, j - i)
                expected[:, i, j] = (query[:, i] * to_key(vector).view(heads, size)).sum(-1) / (1 if first else scale)
                if "p2c" in ways:
                    to_query = attention.pos_q_proj if first else attention.pos_query_proj
                    expected[:, i, j] += (key[:, j] * to_query(vector).view(heads, size)).sum(-1) / scale
    torch.testing.assert_close(added, expected, rtol=1e-4, atol=1e-4)


def test_far_distances_share_vectors_by_their_logarithm() -> None:
    model = built(*BY_DISTANCE["deberta-v2, buckets"])
    result = looked_at(model)
    (one,) = result.encodings
    assert one.positions.tolist() == list(range(-31, 32)) and one.source == "encoder.rel_embeddings"
    assert one.formula == (
        "score(q, k) = (q·k + q·Wₖr + k·W_q r) / √(3d)",
        "r = row bucket(q − k) + 8 of encoder.rel_embeddings",
    )
    assert result.notes == (
        "Up to 4 apart each distance has a vector of its own; of farther ones several share one, by their logarithm, "
        "up to 32.",
    )
    vectors = {distance: of_distance(one, distance).numpy().tobytes() for distance in range(32)}
    assert len({vectors[distance] for distance in range(5)}) == 5
    assert len(set(vectors.values())) == 8
    weights = model.encoder.get_rel_embedding().detach()
    torch.testing.assert_close(of_distance(one, 0), weights[8], rtol=0, atol=0)
    torch.testing.assert_close(of_distance(one, -3), weights[11], rtol=0, atol=0)


def test_positions_and_distances_are_told_apart() -> None:
    result = looked_at(built(*BY_DISTANCE["deberta, one way"]))
    assert [(one.name, one.row) for one in result.encodings] == [
        ("learned position", "position"),
        ("learned distance", "distance"),
    ]
    assert result.encodings[1].formula[0] == "score(q, k) = (q·k + q·Wₖr) / √(2d)"


@pytest.mark.parametrize("kind", [kind for kind in BY_DISTANCE if kind.startswith("xlnet")])
def test_the_waves_of_distances_are_those_that_layers_are_given(kind: str) -> None:
    from transformers.models.xlnet.modeling_xlnet import XLNetRelativeAttention

    model = built(*BY_DISTANCE[kind])
    tokens = 20
    one = by_distance(model, length=tokens)
    seen: list[Any] = []
    model.layer[0].register_forward_pre_hook(lambda _, args, kwargs: seen.append((args, kwargs)), with_kwargs=True)
    with torch.no_grad():
        model(input_ids=torch.arange(3, 3 + tokens)[None])
    args, kwargs = seen[0]
    given_rows = kwargs["r"] if "r" in kwargs else args[4]
    # Which row a layer takes for which query and key: its own way of moving them.
    numbers = torch.arange(float(len(given_rows))).expand(1, 1, tokens, -1)
    taken = XLNetRelativeAttention.rel_shift_bnij(numbers, klen=tokens)[0, 0].long()
    for i in range(tokens):
        for j in range(tokens if model.attn_type == "bi" else i + 1):
            torch.testing.assert_close(given_rows[taken[i, j], 0], of_distance(one, j - i), rtol=0, atol=0)
    assert int(one.positions[-1]) == (0 if model.attn_type == "uni" else tokens - 1)
    # And by the formula.
    clamp = model.clamp_len if model.clamp_len > 0 else tokens
    angles = np.clip(-one.positions, -clamp, clamp)[:, None] / 10_000 ** (np.arange(0, 32, 2) / 32)
    np.testing.assert_allclose(one.table, np.concatenate([np.sin(angles), np.cos(angles)], axis=1), atol=1e-5)


# --- rotations by the places of a picture ---


def test_pairs_that_turn_by_time_height_and_width() -> None:
    model = built("qwen2_vl_text", ROTARY["qwen2_vl_text"])
    (one,) = looked_at(model).encodings
    assert one.formula[-1] == "pairs 0–1 by time, 2 by height, 3 by width; tokens of text have one number for all three"
    places = torch.tensor([[[5]], [[11]], [[17]]])
    with torch.no_grad():
        cos, sin = model.rotary_emb(torch.zeros(1), places)
    for pair, place in enumerate((5, 5, 11, 17)):
        assert float(cos[0, 0, pair]) == pytest.approx(float(one.values[place, pair]), abs=1e-6)
        assert float(sin[0, 0, pair]) == pytest.approx(float(one.picture("sin")[place, pair]), abs=1e-6)


def test_pairs_that_take_turns() -> None:
    (one,) = looked_at(built("qwen3_vl_text", {**ROTARY["qwen2_vl_text"], "head_dim": 8})).encodings
    assert "by height" in one.formula[-1] and "by width" in one.formula[-1]


def test_pairs_that_layers_choose_are_left_to_them() -> None:
    (one,) = looked_at(built("glm4v_text", ROTARY["qwen2_vl_text"])).encodings
    assert not any("by height" in line for line in one.formula)


# --- the program ---


def ran(result: Positions, **names: Any) -> dict[str, np.ndarray]:
    """The arrays that the program of a result leaves, which imports nothing of this package."""
    source = checked(nbt.code(result), names)
    scope = dict(names)
    with redirect_stdout(io.StringIO()):
        exec(compile(source, "<program>", "exec"), scope)
    return scope["encodings"]


def assert_same(result: Positions, made: dict[str, np.ndarray]) -> None:
    for one in result.encodings:
        name = one.name or "positions"
        if not isinstance(one, RotaryEncoding):
            np.testing.assert_allclose(made[name], one.values, atol=1e-6)
            continue
        for wave, pairs in (("cos", one.cos), ("sin", one.sin)):
            columns = made[f"{name}: {wave}"]
            ways = [columns[:, : pairs.shape[1]], columns[:, ::2]]  # halves, or neighbours
            assert any(way.shape == pairs.shape and np.allclose(way, pairs) for way in ways)


def test_the_program_of_the_formula() -> None:
    result = nbt.positions(length=30, dim=10)
    np.testing.assert_allclose(ran(result)["positions"], result.values, atol=1e-6)
    assert nbt.code(PositionsRequest(length=30, dim=10)) == nbt.code(result)


PROGRAMS = {**{name: TABLES[name] for name in ("roberta", "bart", "xglm", "mpnet")}, **ROTARY, **RELATIVE}


@pytest.mark.parametrize("kind", BY_DISTANCE)
def test_the_program_of_vectors_by_distance(kind: str) -> None:
    model = built(*BY_DISTANCE[kind])
    result = looked_at(model, length=40)
    assert_same(result, ran(result, model=model))


@pytest.mark.parametrize("kind", PROGRAMS)
def test_the_program_of_a_model(kind: str) -> None:
    model = built(kind, PROGRAMS[kind])
    result = looked_at(model, length=20)
    made = ran(result, model=model)
    if kind == "roformer":  # its table of sines and cosines
        (one,) = result.encodings
        assert isinstance(one, RotaryEncoding)
        np.testing.assert_array_equal(made["positions"], np.concatenate([one.sin, one.cos], axis=1))
    else:
        assert_same(result, made)


def test_the_program_of_a_model_that_it_loads() -> None:
    result = nbt.positions("minilm", length=40)
    np.testing.assert_array_equal(ran(result)["positions"], result.values)
