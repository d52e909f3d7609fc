"""Attention captured in one pass, against plain Transformers, for every way in which it is computed."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from attentive import SETTINGS, VARIANTS, padded, tiny
from transformers import AttentionInterface, AttentionMaskInterface, AutoConfig, AutoModel
from transformers.pytorch_utils import Conv1D

from nbtransformers.engine import threads
from nbtransformers.engine.ablate import ablated
from nbtransformers.engine.capture import layer, replay
from nbtransformers.engine.capture.anatomy import is_linear
from nbtransformers.engine.capture.forward import CapturedMaps, captured, one_row
from nbtransformers.engine.capture.store import Store
from nbtransformers.engine.threads import torch_threads
from nbtransformers.engine.whatif import without_heads
from nbtransformers.errors import Interrupted, UserError
from nbtransformers.interrupt import stopped_by
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.results.attentionmaps import Part, Steps

# What Transformers gives for these is something else: attention in a window in a form of its own, scores in the
# place of weights, and, for the distances of Falcon, under eager what its SDPA path does not compute.
APART = {"longformer", "led", "squeezebert", "falcon"}
# Where the heads' outputs do not go into the projection as they are: normed, gated, or beside a convolution.
ON_THE_WAY = {
    "bitnet": "layers.1.self_attn.o_proj",
    "afmoe": "layers.1.self_attn.o_proj",
    "diffllama": "layers.1.self_attn.o_proj",
    "convbert": "encoder.layer.1.attention.output.dense",
}
WHOLE = slice(None)
ALIKE = 1e-6
PARTS: dict[bool, dict[Part, str]] = {
    False: {"self": "attentions"},
    True: {"self": "decoder_attentions", "cross": "cross_attentions", "encoder": "encoder_attentions"},
}


def plain(loaded: LoadedModel, inputs: dict[str, Any], **more: Any) -> Any:
    with torch.inference_mode():
        return loaded.model(**inputs, **more)


def sides(inputs: dict[str, Any], row: int, part: Part) -> tuple[torch.Tensor, torch.Tensor]:
    """Which queries and keys of a row are no padding."""
    everything = torch.ones_like(inputs["input_ids"])
    encoded = inputs.get("attention_mask", everything)[row].bool()
    decoded = inputs.get("decoder_attention_mask", inputs.get("attention_mask", everything))[row].bool()
    return encoded if part == "encoder" else decoded, decoded if part == "self" else encoded


def heads_of(maps: CapturedMaps, part: Part, layer: int) -> Any:
    """Float32 `[head, query, key]`."""
    return np.stack([maps.weights(part, layer, head, WHOLE) for head in range(maps.extent(part).heads)])


def assert_same_weights(maps: CapturedMaps, wanted: Any, inputs: dict[str, Any], row: int) -> None:
    names = PARTS["decoder_attentions" in wanted]
    assert set(maps.parts) == set(names)
    for part, name in names.items():
        queries, keys = sides(inputs, row, part)
        extent = (len(wanted[name]), wanted[name][0].shape[1], int(queries.sum()), int(keys.sum()))
        assert maps.extent(part) == extent
        for number, weights in enumerate(wanted[name]):
            found = heads_of(maps, part, number)
            np.testing.assert_allclose(found, weights[row][:, queries][:, :, keys], atol=ALIKE, rtol=0)


@pytest.mark.parametrize("name", sorted({*SETTINGS, *VARIANTS} - APART))
def test_weights_and_hidden_states_are_those_of_transformers(name: str) -> None:
    loaded, eager = tiny(name), tiny(name, "eager")
    for side, row in ((None, 0), ("left", 1), ("right", 1)):
        inputs = padded(side, loaded.model)
        wanted = plain(eager, inputs, output_attentions=True)
        output = plain(loaded, one_row(inputs, row))  # of three rows a product may be rounded otherwise
        maps = captured(loaded, inputs, row=row)
        assert_same_weights(maps, wanted, inputs, row)
        real = sides(inputs, row, "self")[0]
        found = maps.output.last_hidden_state[0][real]
        np.testing.assert_allclose(found, output.last_hidden_state[0][real], atol=ALIKE, rtol=0)


@pytest.mark.parametrize("name", ["bert", "llama", "t5", "gemma2", "falcon"])
def test_a_model_that_is_on_eager_stays_on_it(name: str) -> None:
    eager, inputs = tiny(name, "eager"), padded("left", tiny(name).model)
    assert_same_weights(captured(eager, inputs, row=1), plain(eager, inputs, output_attentions=True), inputs, 1)


@pytest.mark.parametrize("name", ["bert", "electra", "albert", "roformer", "xlnet"])
def test_a_pair_of_texts_is_read_as_one(name: str) -> None:
    loaded = tiny(name)
    inputs = padded("right", loaded.model, pair=True)
    wanted = plain(tiny(name, "eager"), inputs, output_attentions=True)
    assert_same_weights(captured(loaded, inputs, row=1), wanted, inputs, 1)


@pytest.mark.parametrize("name", ["llama", "mistral", "qwen3", "gemma2", "gpt_oss"])
def test_texts_packed_into_a_row_do_not_see_one_another(name: str) -> None:
    loaded = tiny(name)
    inputs = {
        "input_ids": padded(None, loaded.model)["input_ids"][:1],
        "position_ids": torch.cat([torch.arange(7), torch.arange(12)])[None],
    }
    maps = captured(loaded, inputs)
    # Only without a cache does a model take the positions for those of several texts.
    wanted = plain(tiny(name, "eager"), inputs, output_attentions=True, use_cache=False)
    assert_same_weights(maps, wanted, inputs, 0)
    assert heads_of(maps, "self", 0)[:, 7:, :7].any() == (name == "gpt_oss")  # which is not told of positions


def test_scores_that_squeezebert_calls_attention() -> None:
    loaded = tiny("squeezebert")
    inputs = padded("right", loaded.model)
    scores = plain(loaded, inputs, output_attentions=True).attentions[1][1]
    maps, (queries, keys) = captured(loaded, inputs, row=1), sides(inputs, 1, "self")
    wanted = scores.softmax(-1)[:, queries][:, :, keys]
    np.testing.assert_allclose(heads_of(maps, "self", 1), wanted, atol=ALIKE, rtol=0)
    steps = maps.steps("self", 1, 0, 3)  # a convolution of single tokens is its projection, and its tokens come last
    name = "encoder.layers.1.post_attention.conv1d"
    given = what_goes_in(loaded.model.get_submodule(name), lambda: plain(loaded, inputs))[-1]
    np.testing.assert_allclose(steps.concatenated, given[1, :, 3], atol=1e-5)
    projected = plain_module(loaded.model.get_submodule(name), given)[1, :, 3]
    np.testing.assert_allclose(steps.projected, projected, atol=1e-5)


@pytest.mark.parametrize("name", ["longformer", "led"])
@pytest.mark.parametrize("over_all", [[], [0, 4, 9]])
def test_attention_in_a_window_is_told_by_query_and_key(name: str, over_all: list[int]) -> None:
    loaded = tiny(name)
    inputs = padded("right", loaded.model)
    inputs["global_attention_mask"] = torch.zeros_like(inputs["input_ids"])
    inputs["global_attention_mask"][:, over_all] = 1
    part: Part = "encoder" if name == "led" else "self"
    output, (queries, keys) = plain(loaded, inputs, output_attentions=True), sides(inputs, 1, part)
    near = output["encoder_attentions" if name == "led" else "attentions"]
    wide = output.get("encoder_global_attentions" if name == "led" else "global_attentions")
    maps = captured(loaded, inputs, row=1)
    for number in (0, 1):
        wanted = unfolded(near[number][1], wide[number][1, :, :19] if over_all else None, over_all)
        found = heads_of(maps, part, number)
        np.testing.assert_allclose(found, wanted[:, queries][:, :, keys], atol=ALIKE, rtol=0)


def unfolded(near: torch.Tensor, wide: torch.Tensor | None, over_all: list[int]) -> torch.Tensor:
    """`[head, query, key]` of what Transformers tells of each window: `[head, query, global + window]`.

    Of the global queries it tells apart: `[head, key, global]`.
    """
    heads, total, folded = near.shape
    side = (folded - len(over_all)) // 2
    found = torch.zeros(heads, total, total)
    for query in range(total):
        for place in range(folded - len(over_all)):
            if 0 <= (key := query - side + place) < total:
                found[:, query, key] = near[:, query, len(over_all) + place]
        found[:, query, over_all] += near[:, query, : len(over_all)]
    for place, query in enumerate(over_all):
        assert wide is not None
        found[:, query] = wide[:, :, place]
    return found


# --- how the weights come about ---


def projection_of(loaded: LoadedModel, steps: Steps) -> Any:
    """The one module of a model that makes of the concatenated outputs what they are said to be projected to."""
    given = torch.from_numpy(steps.concatenated)[None]

    def makes_it(module: Any) -> bool:
        sizes = module.weight.shape if isinstance(module, Conv1D) else module.weight.shape[::-1]
        if tuple(sizes) != (len(steps.concatenated), len(steps.projected)):
            return False
        return np.allclose(module(given)[0].numpy(), steps.projected, atol=1e-5)

    with torch.inference_mode():
        found = [module for module in loaded.model.modules() if is_linear(module) and makes_it(module)]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("name", sorted({*SETTINGS, *VARIANTS} - {"squeezebert", *ON_THE_WAY}))
def test_steps_are_the_numbers_of_the_model(name: str) -> None:
    loaded = tiny(name)
    inputs = padded("left", loaded.model)
    maps = captured(loaded, inputs, row=1)
    for part in maps.parts:
        steps = maps.steps(part, 1, 2, 4)
        scores = (steps.q * steps.k).sum(1) * steps.scaling
        if steps.softcap is not None:
            scores = np.tanh(scores / steps.softcap) * steps.softcap
        scores = np.where(steps.masked, -np.inf, scores + (0 if steps.bias is None else steps.bias))
        np.testing.assert_allclose(steps.scores, scores, atol=1e-5)
        exponents = np.exp(scores - scores.max())
        sink = 0 if steps.sink is None else np.exp(steps.sink - scores.max())
        np.testing.assert_allclose(steps.weights, exponents / (exponents.sum() + sink), atol=ALIKE)
        given_out = maps.weights(part, 1, 2, np.array([4]))[0]
        if name == "granite_swa":  # its weights sum to 1, and its outputs are scaled by what the sink leaves
            given_out = given_out * steps.weights.sum()
            np.testing.assert_allclose(steps.weights, given_out, atol=ALIKE)
        else:
            np.testing.assert_array_equal(steps.weights, given_out)
        np.testing.assert_allclose(steps.head_output, steps.weights @ steps.v, atol=1e-5)
        dim = len(steps.head_output)
        np.testing.assert_array_equal(steps.concatenated[2 * dim : 3 * dim], steps.head_output)
        if name == "xlnet":
            weight = loaded.model.layer[1].rel_attn.o.detach().numpy().reshape(32, -1)
            np.testing.assert_allclose(steps.projected, weight @ steps.concatenated, atol=1e-5)
        else:
            given = what_goes_in(projection_of(loaded, steps), lambda: plain(loaded, inputs))
            real = sides(inputs, 1, part)[0]
            rows = given[-1].reshape(2, -1, len(steps.concatenated))[1, : len(real)]
            np.testing.assert_allclose(rows[real][4], steps.concatenated, atol=1e-5)


@pytest.mark.parametrize("name", ["bert", "llama", "bart", "bitnet", "gpt_oss"])
def test_a_second_pass_watches_less_and_finds_the_same(name: str) -> None:
    loaded = tiny(name)
    inputs = padded("left", loaded.model)
    first, second = (captured(loaded, inputs, row=1) for _ in range(2))
    for part in first.parts:
        for number in range(first.extent(part).layers):
            before, after = (maps.steps(part, number, 1, 3) for maps in (first, second))
            np.testing.assert_array_equal(after.concatenated, before.concatenated)
            np.testing.assert_array_equal(after.projected, before.projected)


class _LinearTwice(torch.nn.Module):
    """What an adapter does: a module of its own around the one that was there."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner, self.weight = inner, inner.weight

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        return 2 * self.inner(given)


def test_a_projection_that_was_wrapped_since_is_the_wrapper() -> None:
    loaded = tiny("llama")
    inputs = padded("left", loaded.model)
    captured(loaded, inputs, row=1)
    attention = loaded.model.layers[0].self_attn
    plainly = attention.o_proj
    attention.o_proj = _LinearTwice(plainly)
    try:
        steps = captured(loaded, inputs, row=1).steps("self", 0, 1, 3)
    finally:
        attention.o_proj = plainly
    wanted = 2 * plainly.weight.detach().numpy() @ steps.concatenated
    np.testing.assert_allclose(steps.projected, wanted, atol=1e-5)


@pytest.mark.parametrize("name", sorted(ON_THE_WAY))
def test_what_is_done_to_outputs_on_the_way_is_projected_with_them(name: str) -> None:
    loaded = tiny(name)
    inputs = padded("right", loaded.model)
    given = what_goes_in(loaded.model.get_submodule(ON_THE_WAY[name]), lambda: plain(loaded, inputs))[-1]
    wanted = plain_module(loaded.model.get_submodule(ON_THE_WAY[name]), given)[1, 4]
    found = captured(loaded, inputs, row=1).steps("self", 1, 0, 4)
    np.testing.assert_allclose(found.projected, wanted, atol=1e-5)


def plain_module(module: Any, given: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        return module(given)


def what_goes_in(module: Any, run: Callable[[], Any]) -> list[torch.Tensor]:
    seen: list[torch.Tensor] = []
    hook = module.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    run()
    hook.remove()
    return seen


def test_two_tokens_by_hand() -> None:
    """One layer, two heads of two dimensions, no bias anywhere; the embeddings are (1, 0, 0, 0) and (0, 1, 0, 0)."""
    config = AutoConfig.for_model(
        "bert",
        **{"vocab_size": 2, "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2},
        **{"intermediate_size": 4, "max_position_embeddings": 2},
    )
    model = AutoModel.from_config(config).eval()
    loaded = LoadedModel("by hand", model, None, None, "cpu", "float32")
    attention = model.encoder.layer[0].attention
    model.embeddings = Embeddings()
    for module, weight in (
        (attention.self.query, [[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]),
        (attention.self.key, [[1.0, 2, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]),
        (attention.self.value, [[3.0, 0, 0, 0], [0, 5, 0, 0], [1, 1, 0, 0], [0, 2, 0, 0]]),
        (attention.output.dense, [[1.0, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 0], [1, 0, 0, 1]]),
    ):
        module.weight.data = torch.tensor(weight)
        module.bias.data.zero_()
    steps = captured(loaded, {"input_ids": torch.tensor([[0, 1]])}).steps("self", 0, 0, 0)
    # q₀ = (1, 0); k₀ = (1, 1), k₁ = (2, 0): products 1 and 2, over √2. v₀ = (3, 0), v₁ = (0, 5).
    first = 1 / (1 + np.exp(1 / np.sqrt(2)))
    np.testing.assert_array_equal(steps.q, [1, 0])
    np.testing.assert_array_equal(steps.k, [[1, 1], [2, 0]])
    np.testing.assert_allclose(steps.scores, [1 / np.sqrt(2), 2 / np.sqrt(2)], atol=ALIKE)
    np.testing.assert_allclose(steps.weights, [first, 1 - first], atol=ALIKE)
    np.testing.assert_allclose(steps.head_output, [3 * first, 5 * (1 - first)], atol=ALIKE)
    # The other head's queries are zero: it takes the mean of (1, 0) and (1, 2).
    np.testing.assert_allclose(steps.concatenated, [3 * first, 5 * (1 - first), 1, 1], atol=ALIKE)
    np.testing.assert_allclose(steps.projected, [5 - 2 * first, 2, 0, 3 * first + 1], atol=ALIKE)


class Embeddings(torch.nn.Module):
    """A token of number n is the n-th unit vector."""

    def forward(self, input_ids: torch.Tensor, **_: Any) -> torch.Tensor:
        return torch.eye(4)[input_ids]


# --- without some heads ---


@pytest.mark.parametrize("name", sorted({*SETTINGS, *VARIANTS} - {"squeezebert", "xlnet", "albert", *ON_THE_WAY}))
def test_a_head_set_to_zero_is_its_part_of_the_projection_set_to_zero(name: str) -> None:
    loaded = tiny(name)
    inputs = padded("right", loaded.model)
    maps = captured(loaded, inputs, row=1)
    for part in maps.parts:
        steps = maps.steps(part, 1, 2, 0)
        module, dim = projection_of(loaded, steps), len(steps.head_output)
        weight = module.weight.data
        with torch.inference_mode(False):
            module.weight.data = weight.clone()
        rows = module.weight.data if isinstance(module, Conv1D) else module.weight.data.T
        rows[2 * dim : 3 * dim] = 0
        wanted = plain(loaded, inputs).last_hidden_state[1]
        module.weight.data = weight
        real = sides(inputs, 1, "self")[0]
        found = ablated(loaded, inputs, [(part, 1, 2)], row=1).last_hidden_state[0]
        np.testing.assert_allclose(found[real], wanted[real], atol=2e-6)
        assert not np.allclose(found[real], maps.output.last_hidden_state[0][real], atol=1e-4)


@pytest.mark.parametrize("name", ["bert", "llama", "bloom", "longformer", "xlnet"])
def test_a_head_set_to_its_mean_gives_every_token_the_same(name: str) -> None:
    loaded = tiny(name)
    inputs = padded("left", loaded.model)
    maps = captured(loaded, inputs, row=1)
    total, _ = maps.extent("self")[2:]
    mean = np.mean([maps.steps("self", 0, 1, query).head_output for query in range(total)], axis=0)
    seen: list[torch.Tensor] = []
    if name == "xlnet":
        after = loaded.model.layer[0].rel_attn
        unwrapped, after.post_attention = after.post_attention, lambda h, vectors: seen.append(vectors) or h
        ablated(loaded, inputs, [("self", 0, 1)], "mean", row=1)
        after.post_attention = unwrapped
        found = seen[0][-total:, 0, 1]
    else:
        projection = projection_of(loaded, maps.steps("self", 0, 1, 0))
        seen = what_goes_in(projection, lambda: ablated(loaded, inputs, [("self", 0, 1)], "mean", row=1))
        found = seen[0].reshape(-1, 4, len(mean))[-total if name != "longformer" else -total - 5 :, 1][:total]
    np.testing.assert_allclose(found, np.tile(mean, (total, 1)), atol=1e-5)


def test_heads_of_layers_that_share_weights_are_told_apart() -> None:
    loaded = tiny("albert")
    inputs = padded(None, loaded.model)
    first, second = (ablated(loaded, inputs, [("self", layer, 0)]).last_hidden_state for layer in (0, 1))
    assert not np.allclose(first, second, atol=1e-3)


@pytest.mark.parametrize("head", [("self", 0, 4), ("self", 2, 0), ("cross", 0, 0), ("self", 0, -1)])
def test_a_head_that_is_not_there_cannot_be_left_out(head: tuple[Part, int, int]) -> None:
    loaded = tiny("bert")
    with pytest.raises(UserError, match="has no"):
        ablated(loaded, padded(None, loaded.model), [head])


# --- the model is left as it was ---


def state_of(loaded: LoadedModel) -> Any:
    model = loaded.model
    hooks = ("_forward_hooks", "_forward_pre_hooks")
    return (
        [module.training for module in model.modules()],
        [len(getattr(module, kind)) for module in model.modules() for kind in hooks],
        [
            (config._attn_implementation, getattr(config, "use_cache", None))
            for module in model.modules()
            if (config := getattr(module, "config", None)) is not None
        ],
        {name: parameter.device for name, parameter in model.named_parameters()},
        sorted(AttentionInterface._global_mapping),
        sorted(AttentionMaskInterface._global_mapping),
        torch.overrides._len_torch_function_stack(),
        torch.is_inference_mode_enabled(),
    )


@contextmanager
def failing(loaded: LoadedModel, error: type[BaseException]) -> Any:
    """Meanwhile the model fails in its last dense layer."""
    module = [one for one in loaded.model.modules() if isinstance(one, torch.nn.Linear)][-1]

    def fail(*_: Any) -> None:
        raise error("on the way")

    hook = module.register_forward_hook(fail)
    try:
        yield
    finally:
        hook.remove()


RUNS: list[Callable[[LoadedModel, Any], Any]] = [
    captured,
    lambda loaded, inputs: ablated(loaded, inputs, [("self", 0, 0)]),
]


@pytest.mark.parametrize("run", RUNS, ids=["captured", "ablated"])
@pytest.mark.parametrize("name", ["bert", "gemma2", "bloom", "deberta-v2", "longformer", "t5"])
@pytest.mark.parametrize("error", [None, RuntimeError, KeyboardInterrupt])
def test_the_model_is_left_as_it_was(name: str, run: Any, error: type[BaseException] | None) -> None:
    loaded = tiny(name)
    loaded.model.train()
    list(loaded.model.modules())[5].training = False
    before, inputs = state_of(loaded), padded("right", loaded.model)
    if error is None:
        maps = run(loaded, inputs)
        if isinstance(maps, CapturedMaps):
            maps.steps("self", 0, 0, 1)
    else:
        with failing(loaded, error), pytest.raises(error):
            run(loaded, inputs)
    assert state_of(loaded) == before


@pytest.mark.parametrize("name", ["bert", "bloom"])
@pytest.mark.parametrize("run", RUNS, ids=["captured", "ablated"])
def test_a_pass_ends_when_the_user_stops_it(name: str, run: Any) -> None:
    loaded = tiny(name)
    before = state_of(loaded)
    with stopped_by(lambda: True), pytest.raises(Interrupted):
        run(loaded, padded(None, loaded.model))
    assert state_of(loaded) == before


def test_two_models_are_captured_at_once() -> None:
    found: dict[str, CapturedMaps] = {}
    models = {name: tiny(name) for name in ("bert", "llama", "t5", "bloom")}
    inputs = {name: padded("right", loaded.model) for name, loaded in models.items()}

    def capture(name: str) -> None:
        for _ in range(3):
            found[name] = captured(models[name], inputs[name], row=1)

    threads = [threading.Thread(target=capture, args=[name]) for name in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, maps in found.items():
        wanted = plain(tiny(name, "eager"), inputs[name], output_attentions=True)
        assert_same_weights(maps, wanted, inputs[name], 1)


@pytest.mark.parametrize("kernel", ["flash_attention_2", "flex_attention"])
def test_a_model_on_other_kernels_is_captured_on_plain_ones(kernel: str) -> None:
    loaded = tiny("llama")
    loaded.model.config._attn_implementation_internal = kernel
    inputs = padded("left", loaded.model)
    maps = captured(loaded, inputs, row=1)
    assert loaded.model.config._attn_implementation == kernel
    assert kernel in maps.notes[0]
    assert_same_weights(maps, plain(tiny("llama", "eager"), inputs, output_attentions=True), inputs, 1)


# --- what is not there, and what is too much ---


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("mamba", {"hidden_size": 16, "state_size": 4, "num_hidden_layers": 1, "vocab_size": 200}),
        ("rwkv", {"hidden_size": 16, "attention_hidden_size": 16, "num_hidden_layers": 2, "vocab_size": 200}),
    ],
)
def test_a_model_without_attention_says_so(kind: str, settings: dict[str, Any]) -> None:
    model = AutoModel.from_config(AutoConfig.for_model(kind, **settings)).eval()
    loaded = LoadedModel(kind, model, None, None, "cpu", "float32")
    with pytest.raises(UserError, match=f"{kind} has no attention from token to token"):
        captured(loaded, {"input_ids": torch.tensor([[5, 6, 7]])})


@pytest.mark.parametrize("name", ["bert", "gpt2", "bloom", "t5", "deberta-v2"])
def test_one_token_attends_to_itself(name: str) -> None:
    loaded = tiny(name)
    ids = torch.tensor([[7]])
    maps = captured(loaded, {"input_ids": ids, **({"decoder_input_ids": ids} if name == "t5" else {})})
    for part in maps.parts:
        np.testing.assert_allclose(heads_of(maps, part, 0), np.ones((4, 1, 1)))


def test_a_head_that_is_not_there_is_refused() -> None:
    loaded = tiny("bert")
    with pytest.raises(UserError, match="no head 4"):
        captured(loaded, padded(None, loaded.model)).weights("self", 0, 4, WHOLE)


def test_what_takes_the_square_of_the_tokens_is_told_and_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    maps = {name: captured(loaded := tiny(name), padded(None, loaded.model)) for name in ("bert", "t5", "deberta-v2")}
    costs = {name: found.cost("self", 0) for name, found in maps.items()}
    assert costs["deberta-v2"] == replay.COPIES * 4 * 4 * 19**2
    assert costs["bert"] == 4 * 19**2
    assert costs["t5"] == 4 * 11**2
    monkeypatch.setattr("nbtransformers.loading.memory.free_memory", lambda device: 10_000)
    assert maps["bert"].weights("self", 0, 0, WHOLE).shape == (19, 19)
    with pytest.raises(UserError, match=r"One look at a layer of deberta-v2 takes .* for 19 tokens, and .* are free"):
        maps["deberta-v2"].weights("self", 0, 0, WHOLE)
    with pytest.raises(UserError, match="A layer of gemma2 takes"):
        captured(loaded := tiny("gemma2"), padded(None, loaded.model))


def test_rows_are_computed_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = tiny("mistral")
    maps = captured(loaded, padded("left", loaded.model), row=1)
    whole = maps.weights("self", 1, 3, WHOLE)
    monkeypatch.setattr(layer, "_BLOCK", 30)
    np.testing.assert_allclose(maps.weights("self", 1, 3, WHOLE), whole, atol=1e-7)
    np.testing.assert_allclose(maps.weights("self", 1, 3, np.array([5, 2, 5])), whole[[5, 2, 5]], atol=1e-7)
    np.testing.assert_allclose(maps.weights("self", 1, 3, slice(3, 9, 2)), whole[3:9:2], atol=1e-7)


def test_half_precision_is_kept_as_it_is() -> None:
    loaded, whole = tiny("llama"), tiny("llama")
    loaded.model.to(torch.bfloat16)
    inputs = padded("left", loaded.model)
    maps, exact = captured(loaded, inputs, row=1), captured(whole, inputs, row=1)
    assert maps.nbytes < 0.6 * exact.nbytes
    np.testing.assert_allclose(heads_of(maps, "self", 1), heads_of(exact, "self", 1), atol=0.03)
    np.testing.assert_allclose(heads_of(maps, "self", 1).sum(-1), 1, atol=1e-6)


@pytest.mark.parametrize("name", ["bert", "llama", "mistral", "t5", "bloom", "mpt", "falcon", "mpnet", "gpt_neo"])
def test_what_is_kept_grows_with_the_tokens_and_not_with_their_square(name: str) -> None:
    loaded = tiny(name)

    def kept(tokens: int) -> int:
        ids = torch.randint(5, 200, (1, tokens))
        return captured(loaded, {"input_ids": ids, **({"decoder_input_ids": ids} if name == "t5" else {})}).nbytes

    assert kept(120) < 2.2 * kept(60)


# --- how long it is kept ---


def test_the_oldest_captures_go_and_come_again() -> None:
    loaded, store = tiny("bert"), Store(budget=60_000)
    batches = [{"input_ids": torch.randint(5, 200, (1, 40))} for _ in range(4)]
    maps = [captured(loaded, inputs, store=store) for inputs in batches]
    assert [found.nbytes > 0 for found in maps] == [False, False, False, True]
    assert store.nbytes == maps[-1].nbytes
    again = heads_of(maps[0], "self", 1)
    assert [found.nbytes > 0 for found in maps] == [True, False, False, False]
    np.testing.assert_array_equal(again, heads_of(captured(loaded, batches[0], store=Store()), "self", 1))
    assert maps[1].extent("self") == (2, 4, 40, 40)


# --- beside other threads ---


@pytest.mark.parametrize("name", ["bert", "deberta-v2"])
def test_a_look_waits_for_no_batch_of_another_model(name: str) -> None:
    loaded = tiny(name)
    maps = captured(loaded, padded(None, loaded.model))
    begun, over = threading.Event(), threading.Event()

    def batch() -> None:
        with torch_threads(1):
            begun.set()
            over.wait(20)

    other = threading.Thread(target=batch)
    other.start()
    begun.wait(20)
    assert maps.weights("self", 0, 0, WHOLE).shape == (19, 19)
    assert maps.steps("self", 0, 0, 1).masked.shape == (19,)
    assert other.is_alive()
    over.set()
    other.join()


@pytest.mark.parametrize("name", ["bert", "deberta-v2"])
def test_a_look_that_waits_for_its_model_holds_nothing_else(name: str) -> None:
    """Whoever has the model takes torch's threads next: to hold these meanwhile would be to wait for each other."""
    loaded, store = tiny(name), Store(budget=0)
    maps = captured(loaded, padded(None, loaded.model), store=store)
    if name == "bert":
        kept = captured(loaded, padded(None, loaded.model), store=store)  # so that those must be run again
        assert kept.nbytes and not maps.nbytes
    with loaded.lock:
        looking = threading.Thread(target=lambda: maps.weights("self", 0, 0, WHOLE), daemon=True)
        looking.start()
        looking.join(0.3)
        assert looking.is_alive()
        free = threads._guard.acquire(timeout=5)
        assert free
        threads._guard.release()
    looking.join(20)
    assert not looking.is_alive()


def test_many_looks_at_once_find_each_its_own_layer() -> None:
    recent, owners, before = replay.Recent(), [object() for _ in range(4)], sys.getswitchinterval()
    large = replay._RECENT // 2 + 1  # so that each makes another go

    def look(step: int) -> None:
        for at in range(10_000):
            owner = owners[at * step % len(owners)]
            assert recent.get(owner, lambda owner=owner: (owner, large)) is owner

    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(look, range(1, 9)))
    finally:
        sys.setswitchinterval(before)
    assert recent.nbytes == large


@pytest.mark.parametrize("name", ["bert", "bloom", "deberta-v2", "longformer"])
def test_nothing_of_a_text_is_kept_without_its_maps(name: str) -> None:
    loaded, store = tiny(name), Store()
    maps = captured(loaded, padded(None, loaded.model), store=store)
    maps.weights("self", 0, 0, WHOLE)
    kept = weakref.ref(store.of(maps))
    assert store.nbytes > 0
    del maps
    gc.collect()
    assert store.nbytes == 0
    assert kept() is None


def test_an_array_is_the_callers_own() -> None:
    loaded = tiny("bert")
    maps = captured(loaded, padded(None, loaded.model))
    before = maps.weights("self", 0, 1, WHOLE)
    for array in (maps.q("self", 0, 1), maps.k("self", 0, 1), maps.steps("self", 0, 1, 2).q, before.copy()):
        array[:] = 0
    np.testing.assert_array_equal(maps.weights("self", 0, 1, WHOLE), before)


class _Squared(torch.nn.Module):
    """Weights that are no softmax any more, so that they cannot be told."""

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        return given.square()


@pytest.mark.parametrize(
    ("name", "place"),
    [("mpnet", "encoder.layer.0.attention.attn.dropout"), ("bloom", "h.0.self_attention.attention_dropout")],
)
def test_a_layer_that_is_not_found_out_says_so_and_keeps_its_number(name: str, place: str) -> None:
    loaded = tiny(name)
    loaded.model.set_submodule(place, _Squared())
    inputs = padded(None, loaded.model)
    maps = captured(loaded, inputs)
    assert maps.extent("self") == captured(tiny(name), inputs).extent("self")
    with pytest.raises(UserError, match=r"The attention of layer 0 of \w+ could not be followed: no softmax in its"):
        maps.weights("self", 0, 0, WHOLE)
    wanted = loaded.model(**inputs, output_attentions=True).attentions[1][0].detach()
    for head in range(4):
        np.testing.assert_allclose(maps.weights("self", 1, head, WHOLE), wanted[head], atol=ALIKE)
    with pytest.raises(UserError, match="could not be followed"):  # or another head might be taken out
        without_heads(maps, [("self", 1, 0)], "zero")


def trained(model: Any) -> None:
    """A step of an optimizer, as somebody does with a model of their own."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    model(torch.tensor([[5, 6, 7]])).last_hidden_state.square().sum().backward()
    optimizer.step()
    optimizer.zero_grad()


@pytest.mark.parametrize("name", ["bert", "llama", "deberta-v2"])
def test_nothing_is_made_of_weights_of_then_and_of_now(name: str) -> None:
    loaded = tiny(name)
    inputs = padded(None, loaded.model)
    maps, gone = captured(loaded, inputs), captured(loaded, inputs, store=Store(budget=0))
    captured(loaded, inputs, store=gone._store)  # now it must be run again
    before = maps.weights("self", 0, 1, WHOLE)
    loaded.model.to(torch.float64).to(torch.float32)  # which changes nothing
    assert maps.steps("self", 0, 1, 2).projected.any()
    trained(loaded.model)
    np.testing.assert_array_equal(maps.weights("self", 0, 1, WHOLE), before)
    changed = "trained or changed since its attention was read"
    with pytest.raises(UserError, match=changed):
        gone.weights("self", 0, 1, WHOLE)
    with pytest.raises(UserError, match=changed):  # which has not been looked at, where it is made when it is
        maps.steps("self", 1, 1, 2)
    assert captured(loaded, inputs).steps("self", 1, 1, 2).projected.any()


def test_weights_that_are_not_the_passs_are_not_given() -> None:
    loaded = tiny("bert")
    maps = captured(loaded, padded(None, loaded.model))
    found: Any = maps._layer("self", 0)
    found.scaling *= 1.3
    assert found.goes_by_own  # BERT's own maths, which are given the scaling that they are called with
    np.testing.assert_allclose(
        maps.weights("self", 0, 1, WHOLE),
        captured(loaded, padded(None, loaded.model)).weights("self", 0, 1, WHOLE),
        atol=ALIKE,
    )
    other: Any = maps._layer("self", 1)
    other.scaling, other.own = other.scaling * 1.3, None
    with pytest.raises(UserError, match="not what its queries and keys give"):
        maps.weights("self", 1, 1, WHOLE)
