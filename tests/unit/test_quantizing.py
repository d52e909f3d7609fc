"""Weights as 8-bit integers: near the scores of float32, the same in any batch, and refused where they cannot be."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import helpers
import numpy as np
import pytest
import transformers

import nbtransformers as nbt
from nbtransformers.engine.device import pick_dtype
from nbtransformers.engine.linear import packed_linears
from nbtransformers.errors import UserError
from nbtransformers.loading.heads import HEADS, Head
from nbtransformers.loading.models import load
from nbtransformers.loading.registry import REGISTRY
from nbtransformers.request import ModelRef

pytest.importorskip("torchao")

TEXTS = ["A joy from start to end.", "Dull and far too long.", "The striker scored twice. " * 9, "Not bad at all."]


def test_scores_are_near_those_of_float32() -> None:
    plain, small = nbt.classify(TEXTS), nbt.classify(TEXTS, dtype="int8")
    assert small.run.dtype == "int8"
    assert (plain.best == small.best).all()
    np.testing.assert_allclose(small.scores, plain.scores, atol=0.1)
    assert not np.array_equal(plain.scores, small.scores)


def test_a_text_scores_alike_alone_and_in_a_batch() -> None:
    together = nbt.classify(TEXTS, dtype="int8", batch_tokens=2048).scores
    alone = np.concatenate([nbt.classify([text], dtype="int8").scores for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=0.02)


def test_only_the_body_is_quantised_and_packed_layers_leave_it_alone() -> None:
    from torchao.quantization import Int8Tensor

    loaded, _ = load(ModelRef("bundled", "movie-sentiment-minilm"), {}, "classifier", dtype="int8")
    small = [name for name, weight in loaded.model.named_parameters() if isinstance(weight.data, Int8Tensor)]
    assert len(small) == 37  # six a layer, and the pooler
    assert all(name.startswith("bert.encoder") or "pooler" in name for name in small)
    assert packed_linears(loaded, 10**6) == []


def test_it_takes_less_memory() -> None:
    nbt.classify(TEXTS[:1])
    nbt.classify(TEXTS[:1], dtype="int8")
    taken = {told.dtype: told.nbytes for told in REGISTRY.in_memory() if told.name == "movie-sentiment-minilm"}
    assert taken["int8"] < 0.6 * taken["float32"]  # half of this model is its table of words


def test_a_model_of_other_layers_is_refused(tmp_path: Path) -> None:
    config = transformers.GPT2Config(vocab_size=300, n_embd=16, n_layer=1, n_head=2, n_positions=32, pad_token_id=0)
    transformers.GPT2ForSequenceClassification(config).save_pretrained(tmp_path / "gpt")
    helpers.tokenizer().save_pretrained(tmp_path / "gpt")
    with pytest.raises(UserError) as caught:
        load(ModelRef("folder", str(tmp_path / "gpt")), {}, "classifier", dtype="int8")
    assert caught.value.message == "gpt has no linear layers that `--dtype int8` is for."


def test_a_user_s_own_model_is_not_quantised() -> None:
    with pytest.raises(UserError) as caught:
        nbt.classify(TEXTS, model=helpers.classifier(), tokenizer=helpers.tokenizer(), dtype="int8")
    assert str(caught.value) == (
        '`dtype="int8"` is for models that are loaded here, and model is yours. '
        "Leave `dtype` out, or quantise it yourself with torchao."
    )


def test_a_gpu_is_refused() -> None:
    with pytest.raises(UserError) as caught:
        pick_dtype("int8", "cuda:0")
    assert caught.value.message == "`--dtype int8` is for the CPU, and the model would run on cuda:0."


def test_a_library_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec

    def without(name: str, package: str | None = None) -> Any:
        return None if name == "torchao" else found(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    with pytest.raises(UserError) as caught:
        nbt.classify(TEXTS, dtype="int8")
    assert caught.value.message.endswith("needs the package torchao.")
    assert caught.value.hint == 'Type `pip install "nbtransformers[quantize]"`.'


def test_loading_it_prints_nothing(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = "import nbtransformers as nbt; nbt.classify(['a joy'], dtype='int8')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize("head", ["causal", "seq2seq", "tokens"])
def test_any_head_stays_as_it_is_and_works(tmp_path: Path, head: Head) -> None:
    import torch
    from torchao.quantization import Int8Tensor

    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    config: Any = {
        "causal": transformers.LlamaConfig(vocab_size=400, tie_word_embeddings=True, **sizes),
        "seq2seq": transformers.T5Config(
            vocab_size=400, d_model=32, d_kv=16, d_ff=64, num_layers=1, num_heads=2, decoder_start_token_id=0
        ),
        "tokens": helpers.bert_config(),
    }[head]
    plain = getattr(transformers, HEADS[head].auto_class).from_config(config).eval()
    plain.save_pretrained(tmp_path / "model")
    helpers.tokenizer().save_pretrained(tmp_path / "model")
    loaded, _ = load(ModelRef("folder", str(tmp_path / "model")), {}, head, dtype="int8")
    weights = dict(loaded.model.named_parameters(remove_duplicate=False))  # a head may share its table of words
    assert any(isinstance(weight.data, Int8Tensor) for weight in weights.values())
    heads = [weight for name, weight in weights.items() if name.startswith(("lm_head", "classifier"))]
    assert heads and not any(isinstance(weight.data, Int8Tensor) for weight in heads)
    inputs = {"input_ids": torch.arange(4, 12)[None]}
    if head == "tokens":
        found, expected = loaded.model(**inputs).logits, plain(**inputs).logits
        assert (found - expected).abs().max() < 0.1
    else:
        written = loaded.model.generate(**inputs, min_new_tokens=4, max_new_tokens=4, do_sample=False)
        assert written.shape == (1, 4 + (8 if head == "causal" else 1))  # behind the prompt, or the start token
