"""The plain program of a look at attention: it is one that a person would like to get, and gives the same weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from oracle.test_code import ran
from oracle.tiny import save_tiny
from transformers import AutoModel, AutoModelForSeq2SeqLM, AutoModelForSequenceClassification, AutoTokenizer

import nbtransformers as nbt
from nbtransformers.engine import attentionrecipe
from nbtransformers.errors import UserError
from nbtransformers.request import AttentionRequest, DataRef, ModelRef
from nbtransformers.results.attention import Attention

TEXT = 'The cat 狗 sat "because"\nit was قطة tired. 👩\u200d👧'


def same(result: Attention, namespace: dict[str, Any]) -> None:
    """The weights that a program leaves are those of the result, and its table that of the first head."""
    assert set(namespace["attention"]) == set(result.maps.parts)
    for part in result.maps.parts:
        of_part, weights = result.of_part(part), namespace["attention"][part]
        assert (len(weights), *weights[0].shape) == of_part.shape
        for layer in range(of_part.shape.layers):
            for head in range(of_part.shape.heads):
                np.testing.assert_allclose(weights[layer][head], of_part[layer, head], atol=1e-5)
    assert namespace["table"].index.tolist() == result.tokens
    np.testing.assert_allclose(namespace["table"], result.to_pandas(0, 0), atol=1e-5)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    root = tmp_path_factory.mktemp("tiny")

    def folder(name: str) -> str:
        kind = AutoModelForSeq2SeqLM if name in ("bart", "t5") else AutoModel
        return str(root / name if (root / name).exists() else save_tiny(name, root / name, kind=kind))

    return folder


@pytest.mark.parametrize(
    "name", ["bert", "distilbert", "modernbert", "deberta-v2", "mpnet", "xlnet", "gpt2", "llama", "qwen2"]
)
def test_encoders_and_decoders(name: str, tiny: Callable[[str], str]) -> None:
    result = nbt.attention(TEXT, model=tiny(name))
    same(result, ran(nbt.code(result)))


@pytest.mark.parametrize("name", ["bart", "t5"])
@pytest.mark.parametrize("target", [None, "Die Katze saß."])
def test_encoder_decoders(name: str, target: str | None, tiny: Callable[[str], str]) -> None:
    result = nbt.attention(TEXT, model=tiny(name), target=target)
    assert result.maps.parts == ("self", "cross", "encoder")
    same(result, ran(nbt.code(result)))


def test_a_pair_that_is_cut_on_the_bundled_encoder() -> None:
    result = nbt.attention(TEXT * 3, pair="It slept. " * 9, long="truncate", max_length=30)
    assert len(result.queries) == 30
    same(result, ran(nbt.code(result)))


def test_a_model_and_a_tokenizer_of_ones_own(tiny: Callable[[str], str]) -> None:
    folder = tiny("bert")
    model = AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation="sdpa")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    result = nbt.attention(TEXT, model=(model, tokenizer))
    same(result, ran(nbt.code(result), model=model, tokenizer=tokenizer))
    assert model.config._attn_implementation == "sdpa"


# --- a long text ---


def head_of(namespace: dict[str, Any], layer: int, head: int, rows: Any = None) -> NDArray[np.float32]:
    return namespace["weights_of"](layer, head, rows)


@pytest.mark.parametrize("name", ["bert", "distilbert", "modernbert", "gpt2", "llama", "qwen2"])
def test_a_long_text_keeps_queries_and_keys(
    name: str, tiny: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attentionrecipe, "_ALL_AT_ONCE", 100)
    result = nbt.attention(TEXT, model=tiny(name))
    program = nbt.code(result)
    assert "output_attentions" not in program
    namespace = ran(program)
    for layer in range(result.shape.layers):
        for head in range(result.shape.heads):
            np.testing.assert_allclose(head_of(namespace, layer, head), result[layer, head], atol=1e-5)
    np.testing.assert_allclose(head_of(namespace, 1, 3, [4, 2]), result[1, 3, [4, 2]], atol=1e-5)
    np.testing.assert_allclose(namespace["table"]["weight"], result[0, 0, -1], atol=1e-5)
    assert namespace["table"]["token"].tolist() == result.tokens


@pytest.mark.parametrize("name", ["deberta-v2", "bart", "t5"])
def test_what_comes_of_more_than_queries_and_keys_is_asked_of_the_model(
    name: str, tiny: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attentionrecipe, "_ALL_AT_ONCE", 100)
    result = nbt.attention(TEXT, model=tiny(name))
    assert "output_attentions" in nbt.code(result)


# --- how it is asked for ---


def test_of_a_request_alone(tiny: Callable[[str], str]) -> None:
    request = AttentionRequest(DataRef("whole", TEXT), model=ModelRef("folder", tiny("bert")))
    assert nbt.code(request) == nbt.code(nbt.attention(TEXT, model=tiny("bert")))


def test_what_has_none_says_so(tmp_path: Path) -> None:
    result = nbt.attention(TEXT)
    result.save(tmp_path / "x.npz")
    for one in (result - nbt.attention("The dog."), Attention.load(tmp_path / "x.npz")):
        with pytest.raises(UserError, match="There is no program for a difference of attention"):
            nbt.code(one)
