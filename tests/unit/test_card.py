"""What a card says that a model is for."""

from __future__ import annotations

from pathlib import Path

import pytest
from transformers.models.auto import modeling_auto

from nbtransformers.loading.card import Card, card, task_of
from nbtransformers.loading.refs import model_ref

HEADS = {
    "BertForSequenceClassification": "sequence classification",
    "BertForTokenClassification": "token classification",
    "BertForQuestionAnswering": "question answering",
    "BertForMaskedLM": "masked LM",
    "BertForNextSentencePrediction": "next sentence prediction",
    "BertForMultipleChoice": "multiple choice",
    "LlamaForCausalLM": "causal LM",
    "GPT2LMHeadModel": "causal LM",
    "T5ForConditionalGeneration": "conditional generation",
    "ViTForImageClassification": "image classification",
    "DetrForObjectDetection": "object detection",
    "Wav2Vec2ForCTC": "CTC",
    "WhisperForAudioClassification": "audio classification",
    "BertModel": "",
    "T5EncoderModel": "",
    "": "",
}


@pytest.mark.parametrize(("architecture", "task"), HEADS.items())
def test_the_task_is_in_the_name_of_the_class(architecture: str, task: str) -> None:
    assert task_of(architecture) == task


def test_every_head_of_transformers_is_for_something() -> None:
    for kind in ("SEQUENCE_CLASSIFICATION", "TOKEN_CLASSIFICATION", "IMAGE_CLASSIFICATION", "MULTIPLE_CHOICE"):
        names = getattr(modeling_auto, f"MODEL_FOR_{kind}_MAPPING_NAMES").values()
        tasks = {task_of(name) for given in names for name in ([given] if isinstance(given, str) else given)}
        assert any(kind.replace("_", " ").lower() in task for task in tasks)
        assert "" not in tasks or kind != "SEQUENCE_CLASSIFICATION"


@pytest.mark.parametrize("architecture", ["BertModel", "BertForMaskedLM", "BertForTokenClassification", ""])
def test_what_can_embed_a_text(architecture: str) -> None:
    assert Card("x", architecture, frozenset(), ()).is_encoder


@pytest.mark.parametrize("architecture", ["T5ForConditionalGeneration", "ViTForImageClassification", "Wav2Vec2ForCTC"])
def test_what_cannot(architecture: str) -> None:
    assert not Card("x", architecture, frozenset(), ()).is_encoder


def test_the_card_of_a_bundled_model() -> None:
    found = card(model_ref("minilm")[0], {})
    assert found.parameters is not None
    assert round(found.parameters / 1e6, 1) == 22.7
    assert (found.dtype, found.languages, found.revision) == ("float32", ("en",), None)


def test_the_card_of_a_hub_model_has_its_commit(hub_cache: Path) -> None:
    assert hub_cache.exists()
    found = card(model_ref("acme/tiny")[0], {})
    assert (found.name, found.revision) == ("acme/tiny", "0123456789abcdef0123456789abcdef01234567")
