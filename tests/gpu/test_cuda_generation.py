"""Generation on a GPU: the tokens that plain Transformers gives one prompt there, drawn ones too.

Skipped where there is no CUDA device.
"""

from __future__ import annotations

import functools
from typing import Any

import pytest
import torch
from gpu.test_cuda import tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

import nbtransformers as nbt

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")

PROMPTS = ["A", "The results of a run", "Texts are sorted by length, cut into batches", "Every row keeps its place"]
SIZES = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}


@pytest.fixture(scope="module")
def writer() -> tuple[Any, Any]:
    torch.manual_seed(3)
    own = tokenizer()
    config = LlamaConfig(**SIZES, vocab_size=len(own), pad_token_id=0, eos_token_id=3, initializer_range=0.4)
    return LlamaForCausalLM(config).cuda().eval(), own


@pytest.mark.parametrize("how", [{}, {"num_beams": 3}, {"do_sample": True, "temperature": 0.9, "top_k": 50}], ids=str)
def test_tokens_are_those_of_plain_transformers(how: dict[str, Any], writer: tuple[Any, Any]) -> None:
    model, own = writer
    result = nbt.generate(PROMPTS, model=writer, max_new_tokens=12, seed=5, **how)
    assert result.run.device == "cuda:0"
    for row, prompt in enumerate(PROMPTS):
        ids = own(prompt, return_tensors="pt")["input_ids"].cuda()
        torch.manual_seed(5 + row)
        expected = model.generate(ids, max_new_tokens=12, **{"do_sample": False, **how})[0, ids.shape[1] :].tolist()
        assert result.found[row]["id"].tolist() == expected
        with torch.no_grad():
            said = model(torch.cat([ids, torch.tensor([expected], device="cuda")], 1)).logits[0].softmax(-1)
        own_probabilities = said[ids.shape[1] - 1 : -1].gather(1, torch.tensor(expected, device="cuda")[:, None])
        assert abs(own_probabilities[:, 0].cpu().numpy() - result.probabilities[row]).max() < 1e-3


def test_memory_that_runs_out_halves_the_batches(writer: tuple[Any, Any]) -> None:
    expected = nbt.generate(PROMPTS * 16, model=writer, max_new_tokens=8)
    model = writer[0]
    forward = model.forward

    @functools.wraps(forward)  # `generate` looks at what it takes
    def hungry(*args: Any, **kwargs: Any) -> Any:
        if len(kwargs["input_ids"]) > 20:
            torch.empty(1 << 50, device="cuda")  # more than there is
        return forward(*args, **kwargs)

    model.forward = hungry
    try:
        result = nbt.generate(PROMPTS * 16, model=writer, max_new_tokens=8)
    finally:
        del model.forward
    assert result.run.out_of_memory >= 1
    assert result.texts == expected.texts
