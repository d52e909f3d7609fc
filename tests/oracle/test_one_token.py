"""The logits of the one token that is explained, against those that the same model makes of all tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from oracle.tiny import ARCHITECTURES, save_tiny, tiny_tokenizer
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM, AutoTokenizer

from nbtransformers.engine.embedded import Embedded
from nbtransformers.engine.explain import explain
from nbtransformers.engine.onetoken import only_logits_of
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.request import METHODS, DataRef, ExplainRequest, ModelRef, RunOptions
from nbtransformers.results.explanation import Explanation

_MOBILEBERT = {
    **{**ARCHITECTURES["bert"], "vocab_size": 400, "embedding_size": 16, "intra_bottleneck_size": 16},
    **{"true_hidden_size": 16, "num_feedforward_networks": 1},
}
MASKED: dict[str, dict[str, Any]] = {
    **{
        name: ARCHITECTURES[name]
        for name in ("bert", "roberta", "distilbert", "albert", "electra", "deberta-v2", "mpnet", "modernbert")
    },
    "esm": {**ARCHITECTURES["bert"], "vocab_size": 400, "mask_token_id": 98},
    "xlm-roberta": {**ARCHITECTURES["roberta"], "vocab_size": 400},
    "mobilebert": _MOBILEBERT,
}
PLAIN = {"mobilebert"}
"""Whose logits are a product of two tables, which no layer makes."""
IDS = torch.tensor([[101, 5, 9, 98, 7, 11, 30, 102]])
AT = 3


def embedded(kind: str, model: Any) -> Embedded:
    loaded = LoadedModel(kind, model, None, None, "cpu", "float32")
    return Embedded(loaded, {"input_ids": IDS}, {"use_cache": False})


def at_the_embeddings(function: Embedded, rows: torch.Tensor, place: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The logits of a token, and the gradient of one of them."""
    rows = rows.clone().requires_grad_()
    logits = function(rows).logits
    logits = logits[:, 0 if logits.shape[1] == 1 else place]
    (gradient,) = torch.autograd.grad(logits[:, 42].sum(), rows)
    return logits.detach(), gradient


def hooks(model: Any) -> int:
    return sum(len(module._forward_pre_hooks) for module in model.modules())


@pytest.mark.parametrize("kind", MASKED)
def test_the_logits_of_one_token_are_those_of_all(kind: str) -> None:
    torch.manual_seed(0)
    model = AutoModelForMaskedLM.from_config(AutoConfig.for_model(kind, **MASKED[kind])).eval()
    function = embedded(kind, model)
    rows = function.own + 0.3 * torch.randn(3, *function.own.shape[1:])
    with function.replaced():
        expected = at_the_embeddings(function, rows, AT)
        with only_logits_of(model, function, AT) as alone:
            assert alone is (kind not in PLAIN)
            assert function(rows).logits.shape[1] == (1 if alone else IDS.shape[1])
            found = at_the_embeddings(function, rows, AT)
        assert function(rows).logits.shape[1] == IDS.shape[1] and not hooks(model)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-6 * float(other.abs().max()))


def test_a_model_that_needs_the_logits_of_all_is_left_to_make_them() -> None:
    torch.manual_seed(0)
    model = AutoModelForMaskedLM.from_config(AutoConfig.for_model("bert", **MASKED["bert"])).eval()

    def centred(module: Any, args: Any, output: Any) -> Any:
        return output - output.mean(dim=1, keepdim=True)

    model.cls.register_forward_hook(centred)
    function = embedded("bert", model)
    with function.replaced(), only_logits_of(model, function, AT) as alone:
        assert not alone and not hooks(model)
        torch.testing.assert_close(function(function.own).logits, function.output.logits, rtol=0, atol=0)


def test_the_last_token_of_a_decoder_that_cannot_be_told_to_keep_one() -> None:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model("gpt2", **ARCHITECTURES["gpt2"])).eval()
    function = embedded("gpt2", model)  # it is not told
    with function.replaced():
        expected = at_the_embeddings(function, function.own, -1)
        with only_logits_of(model, function, -1) as alone:
            assert alone
            found = at_the_embeddings(function, function.own, -1)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-6 * float(other.abs().max()))


class PlainHead:
    """A model that does not tell which layer makes its logits."""

    def __init__(self, model: Any) -> None:
        self._model, self._own = model, model.get_output_embeddings

    def __enter__(self) -> None:
        self._model.get_output_embeddings = lambda: None

    def __exit__(self, *_: Any) -> None:
        self._model.get_output_embeddings = self._own


def explained(model: Any, words: Any) -> Explanation:
    request = ExplainRequest(
        DataRef("whole", "the film is <mask> from start to end"),
        model=ModelRef("variable", "mine"),
        methods=METHODS,
        steps=16,
        run=RunOptions(threads=1, long="error"),
    )
    return explain(request, {"mine": (model, words)})


@pytest.mark.parametrize("kind", ["bert", "modernbert"])
def test_an_explanation_is_the_same_as_by_all_logits(kind: str, tmp_path: Path) -> None:
    save_tiny(kind, tmp_path, kind=AutoModelForMaskedLM, initializer_range=0.1)
    tiny = tiny_tokenizer(kind)
    tiny.add_special_tokens({"mask_token": "[MASK]"})
    tiny.save_pretrained(tmp_path)
    model, words = AutoModelForMaskedLM.from_pretrained(tmp_path).eval(), AutoTokenizer.from_pretrained(tmp_path)
    sizes: list[int] = []
    model.register_forward_hook(lambda module, args, output: sizes.append(output.logits.shape[1]))
    found = explained(model, words)
    assert set(sizes[1:]) == {1} and sizes[0] == len(found.tokens)
    before = len(sizes)
    with PlainHead(model):
        expected = explained(model, words)
    assert set(sizes[before:]) == {len(found.tokens)}
    assert (found.target, found.targets) == (expected.target, expected.targets)
    for one, other in zip(found.found, expected.found, strict=True):
        np.testing.assert_allclose(one.values, other.values, atol=1e-6 * max(1.0, abs(expected.target.logit)))
