"""The plain program of a look at attention: it is one that a person would like to get, and gives the same weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from oracle.test_code import ran
from oracle.tiny import save_tiny
from transformers import AutoModel, AutoModelForSeq2SeqLM, AutoModelForSequenceClassification, AutoTokenizer

import nbtransformers as nbt
from nbtransformers.coding import no_program
from nbtransformers.engine import attentionrecipe
from nbtransformers.errors import UserError
from nbtransformers.request import AttentionRequest, DataRef, ModelRef
from nbtransformers.results import attentionrecipefile
from nbtransformers.results.attention import Attention
from nbtransformers.results.attentionrecipe import AttentionRecipe

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


# --- inputs that somebody has made ---


PADDED = ["The cat sat on the mat.", "It slept.", "A dog, a horse and a 狗 ran after it."]


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("name", ["bert", "gpt2", "llama"])
def test_a_row_of_a_batch(name: str, side: str, tiny: Callable[[str], str]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny(name), padding_side=side)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    batch = tokenizer(PADDED, padding=True, return_tensors="pt")
    result = nbt.attention(batch, model=tiny(name), row=1)
    assert len(result.tokens) < batch["input_ids"].shape[1]
    same(result, ran(nbt.code(result)))


def test_a_row_of_a_batch_without_padding(tiny: Callable[[str], str]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny("bert"))
    result = nbt.attention(tokenizer(PADDED, padding=True), model=tiny("bert"), row=2)
    program = nbt.code(result)
    assert "padding" not in program
    same(result, ran(program))


@pytest.mark.parametrize("name", ["bart", "t5"])
def test_a_row_of_both_sides(name: str, tiny: Callable[[str], str]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny(name))
    batch, target = tokenizer(PADDED, padding=True), tokenizer(PADDED[::-1], padding=True)
    batch["decoder_input_ids"], batch["decoder_attention_mask"] = target["input_ids"], target["attention_mask"]
    for row in (0, 1, 2):
        result = nbt.attention(batch, model=tiny(name), row=row)
        same(result, ran(nbt.code(result)))


def test_a_row_with_a_mask_for_each_query_has_none(tiny: Callable[[str], str]) -> None:
    ids = AutoTokenizer.from_pretrained(tiny("bert"))(PADDED[:1], return_tensors="pt")["input_ids"]
    packed = {"input_ids": ids, "attention_mask": torch.ones(1, 1, ids.shape[1], ids.shape[1])}
    with pytest.raises(UserError, match="There is no program for this attention"):
        nbt.code(nbt.attention(packed, model=tiny("bert")))


# --- differences ---


OTHER = 'The cat 狗 stood "because"\nit was tired.'


@pytest.mark.parametrize("name", ["bert", "gpt2", "bart"])
def test_a_difference_of_two_texts(name: str, tiny: Callable[[str], str]) -> None:
    targets = ["Die Katze saß.", "Die Katze stand da."] if name == "bart" else [None, None]
    first = nbt.attention(TEXT, model=tiny(name), target=targets[0])
    result = first - nbt.attention(OTHER, model=tiny(name), target=targets[1])
    assert any("no partner" in note for note in result.notes)
    program = nbt.code(result)
    assert program.count("from_pretrained(") == 2, "the model is loaded once, and its tokenizer"
    same(result, ran(program))


def test_a_difference_of_two_models(tiny: Callable[[str], str], tmp_path: Path) -> None:
    other = str(save_tiny("bert", tmp_path / "other", kind=AutoModel, initializer_range=0.3))
    result = nbt.attention(TEXT, model=tiny("bert")) - nbt.attention(TEXT, model=other)
    assert np.abs(result[0, 0]).max() > 1e-4
    same(result, ran(nbt.code(result)))


def test_a_difference_of_a_text_and_of_a_row(tiny: Callable[[str], str]) -> None:
    batch = AutoTokenizer.from_pretrained(tiny("bert"))(PADDED, padding=True)
    result = nbt.attention(PADDED[0], model=tiny("bert")) - nbt.attention(batch, model=tiny("bert"), row=1)
    same(result, ran(nbt.code(result)))


def test_a_difference_with_models_of_ones_own_has_none(tiny: Callable[[str], str]) -> None:
    own = AutoModel.from_pretrained(tiny("bert")), AutoTokenizer.from_pretrained(tiny("bert"))
    first, second = nbt.attention(TEXT, model=own), nbt.attention(TEXT, model=tiny("bert"))
    for result in (first - second, second - first, (second - second) - second):
        with pytest.raises(UserError, match="for this attention: it is a difference of differences"):
            nbt.code(result)


# --- what came from a file ---


def test_what_came_from_a_file_has_the_same_program(tiny: Callable[[str], str], tmp_path: Path) -> None:
    batch = AutoTokenizer.from_pretrained(tiny("bert"))(PADDED, padding=True)
    text, row = nbt.attention(TEXT, model=tiny("bert")), nbt.attention(batch, model=tiny("bert"), row=1)
    both = nbt.attention(TEXT, model=tiny("bart"), target="Die Katze saß.")
    for number, result in enumerate([text, row, both, text - row]):
        loaded = nbt.load_attention(result.save(tmp_path / f"{number}.npz").path)
        assert nbt.code(loaded) == nbt.code(result)
        assert no_program(loaded) == ""


def test_a_file_of_an_earlier_version_has_none() -> None:
    old = replace(nbt.attention(TEXT), recipe=attentionrecipefile.read(None))
    with pytest.raises(UserError, match="There is no program for this attention"):
        nbt.code(old)
    assert no_program(old).startswith("There is no program for this attention")


@pytest.mark.parametrize(
    "damage", [{"dtype": "float32); evil("}, {"given": [["a = evil()", [1]]]}, {"given": [["ids", ["evil()"]]]}]
)
def test_no_file_writes_into_a_program(damage: dict[str, Any]) -> None:
    header = attentionrecipefile.told(nbt.attention("The dog.").recipe)
    header["place"]["model"]["trust_remote_code"] = True
    fine = attentionrecipefile.read(header | {"given": [["input_ids", [1]]]})
    assert isinstance(fine, AttentionRecipe) and not fine.place.model.trust_remote_code
    with pytest.raises(ValueError, match="evil"):
        attentionrecipefile.read(header | damage)
