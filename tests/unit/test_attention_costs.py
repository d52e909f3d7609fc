"""What a look at attention costs, on real models: the first view, a tile, and the pass that keeps queries and keys.

The least of a few times is what is held against a limit: others are at work on the machine besides.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoTokenizer

import nbtransformers as nbt
from nbtransformers.engine.capture.forward import captured
from nbtransformers.engine.threads import torch_threads
from nbtransformers.loading.bundled import BUNDLED_ENCODER, bundled_folder
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.panels.attention.methods import methods
from nbtransformers.panels.attention.snapshot import attention_snapshot
from nbtransformers.panels.attention.wire import attention_header
from nbtransformers.results.attention import Attention

_WORDS = "The cat sat on the mat, and the unbelievably furry dogs ran from 42 of them. "


def least(call: Callable[[], Any], times: int = 5) -> float:
    """Seconds."""
    spent: list[float] = []
    for _ in range(times):
        begun = time.perf_counter()
        call()
        spent.append(time.perf_counter() - begun)
    return min(spent)


def exact_tile(result: Attention, layer: int, head: int, first: int) -> Callable[[], Any]:
    stretch = [first, first + 256, 256]
    params = {"part": "self", "layer": layer, "head": head, "rows": stretch, "columns": stretch, "pooling": "max"}

    def ask() -> None:
        told, _ = methods(result)["tile"](params)  # pyright: ignore[reportGeneralTypeIssues]
        assert told["exact"]

    return ask


def test_the_first_view_of_512_tokens_is_there_half_a_second_after_the_pass() -> None:
    result = nbt.attention(_WORDS * 40, max_length=512, long="truncate")
    assert len(result.tokens) == 512
    assert least(lambda: (attention_header(result), attention_snapshot("id", result)), 3) < 0.5
    assert least(exact_tile(result, 3, 7, 200)) < 0.1


@pytest.fixture(scope="module")
def long() -> Attention:
    """A tiny decoder's attention in 8,192 tokens."""
    torch.manual_seed(0)
    words = AutoTokenizer.from_pretrained(bundled_folder(BUNDLED_ENCODER), model_max_length=8_192)
    config = AutoConfig.for_model(
        "llama",
        **{"vocab_size": len(words), "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4},
        **{"intermediate_size": 64, "max_position_embeddings": 8_192},
    )
    return nbt.attention(
        _WORDS * 500, model=(AutoModel.from_config(config).eval(), words), max_length=8_192, long="truncate"
    )


def test_an_exact_tile_of_8192_tokens_takes_a_tenth_of_a_second(long: Attention) -> None:
    assert len(long.tokens) == 8_192
    assert least(exact_tile(long, 1, 2, 7_000)) < 0.1


def test_what_is_kept_of_8192_tokens_is_far_less_than_one_map(long: Attention) -> None:
    maps: Any = long.maps
    assert maps.nbytes < 8_192**2 * 4 / 8


@pytest.mark.slow
def test_a_pass_that_keeps_queries_and_keys_takes_a_fifth_more_at_most() -> None:
    """Median of ten pairs, in turn, on one thread."""
    folder = bundled_folder(BUNDLED_ENCODER)
    model, words = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    inputs = words(_WORDS * 40, max_length=512, truncation=True, return_tensors="pt")
    loaded = LoadedModel("minilm", model, words, None, "cpu", "float32")

    def plain() -> None:
        with torch.inference_mode():
            model(**inputs)

    with torch_threads(1):
        captured(loaded, inputs)
        ratios = [least(lambda: captured(loaded, inputs), 2) / least(plain, 2) for _ in range(10)]
    assert median(ratios) <= 1.2, sorted(ratios)
