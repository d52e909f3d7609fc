"""Scores against plain Transformers, one text at a time: every architecture, every batching mode, to 1e-5."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from oracle.tiny import ARCHITECTURES, SEP, save_tiny
from tokenizers.processors import TemplateProcessing
from transformers import AutoModelForSequenceClassification, AutoTokenizer

import nbtransformers as nbt
from nbtransformers.engine import linear
from nbtransformers.loading.bundled import bundled_folder
from nbtransformers.loading.registry import REGISTRY

SENTENCES = (
    "A joy.",
    "The plot makes no sense at all, and nobody in the room seems to care.",
    "Good",
    "It is a quiet film about a man who repairs clocks in a town where time has stopped, told without hurry.",
    "No.",
    "Two hours of noise; I would rather have watched the paint dry on the cinema's wall.",
)
TEXTS = [
    " ".join(SENTENCES[(row * 7 + part) % len(SENTENCES)] for part in range(1 + row % 5)) + f" ({row})"
    for row in range(40)
]
MODES: dict[str, dict[str, Any]] = {
    "auto": {},
    "one text a batch": {"batch_tokens": 1, "threads": 1},
    "small batches": {"batch_tokens": 96, "threads": 1},
    "two threads": {"batch_tokens": 96, "threads": 2},
    "one big batch": {"batch_tokens": 100_000, "threads": 1},
}


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("tiny")
    return {name: save_tiny(name, root / name) for name in ARCHITECTURES}


def plain_scores(folder: Path, texts: list[str], activation: Any = None, **options: Any) -> np.ndarray:
    """What a user would write with Transformers alone."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    activation = activation or (lambda logits: logits.softmax(-1))
    rows = []
    for text in texts:
        inputs = tokenizer(text, return_tensors="pt", **options)
        with torch.no_grad():
            rows.append(activation(model(**inputs).logits)[0].numpy())
    return np.stack(rows)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_scores_are_those_of_plain_transformers(architecture: str, mode: str, folders: dict[str, Path]) -> None:
    folder = folders[architecture]
    expected = _expected(folder)
    result = nbt.classify(TEXTS, model=str(folder), **MODES[mode])
    assert np.ptp(expected, axis=0).max() > 0.05, "the texts must be told apart, or this shows nothing"
    np.testing.assert_allclose(result.scores, expected, atol=1e-5)


_EXPECTED: dict[Path, np.ndarray] = {}


def _expected(folder: Path) -> np.ndarray:
    if folder not in _EXPECTED:
        _EXPECTED[folder] = plain_scores(folder, TEXTS)
    return _EXPECTED[folder]


def test_bundled_model_in_every_mode() -> None:
    folder = bundled_folder("movie-sentiment-minilm")
    expected = plain_scores(folder, TEXTS)
    for mode in MODES.values():
        np.testing.assert_allclose(nbt.classify(TEXTS, **mode).scores, expected, atol=1e-5)


def test_the_probe_changes_no_score(folders: dict[str, Path]) -> None:
    texts = TEXTS * 60  # enough tokens for the probe to run
    REGISTRY.clear()
    result = nbt.classify(texts, model=str(folders["bert"]))
    np.testing.assert_allclose(result.scores, np.tile(_expected(folders["bert"]), (60, 1)), atol=1e-5)
    plans = [note for key, note in REGISTRY.loaded()[0].notes.items() if isinstance(key, tuple) and key[0] == "plan"]
    assert len(plans) == 1, "what the probe found is kept for the next call"


@pytest.mark.parametrize("architecture", ["bundled", *ARCHITECTURES])
def test_linear_layers_through_onednn_change_no_score(
    architecture: str, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether oneDNN is faster depends on the machine; that it is right must not."""
    monkeypatch.setattr(linear, "_is_faster", lambda layer: True)
    monkeypatch.setattr(linear, "WORTH_PACKING", 0)
    folder = bundled_folder("movie-sentiment-minilm") if architecture == "bundled" else folders[architecture]
    REGISTRY.clear()
    result = nbt.classify(TEXTS, model=str(folder), batch_tokens=300)
    np.testing.assert_allclose(result.scores, _expected(folder), atol=1e-5)
    loaded = REGISTRY.loaded()[0]
    # GPT-2 multiplies by layers of its own, and has one linear layer, its head.
    assert len(loaded.notes["linears"]) >= 1
    assert not any("forward" in vars(module) for module in loaded.model.modules()), "the model is as it was"
    REGISTRY.clear()


def test_multi_label_is_a_sigmoid(tmp_path: Path) -> None:
    folder = save_tiny("bert", tmp_path, problem_type="multi_label_classification")
    result = nbt.classify(TEXTS, model=str(folder))
    assert result.problem == "multi_label"
    np.testing.assert_allclose(result.scores, plain_scores(folder, TEXTS, torch.sigmoid), atol=1e-5)


def test_one_label_is_a_sigmoid_as_in_the_pipeline(tmp_path: Path) -> None:
    folder = save_tiny("bert", tmp_path, labels=1)
    result = nbt.classify(TEXTS, model=str(folder))
    np.testing.assert_allclose(result.scores, plain_scores(folder, TEXTS, torch.sigmoid), atol=1e-5)


def test_regression_is_the_value_itself(tmp_path: Path) -> None:
    folder = save_tiny("bert", tmp_path, labels=1, problem_type="regression")
    result = nbt.classify(TEXTS, model=str(folder))
    assert result.problem == "regression"
    expected = plain_scores(folder, TEXTS, lambda logits: logits)
    np.testing.assert_allclose(result.scores, expected, atol=1e-5 * np.abs(expected).max())


def test_truncation_is_the_tokenizers_own(folders: dict[str, Path]) -> None:
    texts = [" ".join(TEXTS[:10]), TEXTS[0], " ".join(TEXTS[5:30])]
    expected = plain_scores(folders["bert"], texts, truncation=True, max_length=32)
    result = nbt.classify(texts, model=str(folders["bert"]), max_length=32)
    np.testing.assert_allclose(result.scores, expected, atol=1e-5)
    tokenizer = AutoTokenizer.from_pretrained(folders["bert"])
    lengths = np.array([len(tokenizer(text)["input_ids"]) for text in texts])
    np.testing.assert_array_equal(result.tokens, np.minimum(lengths, 32))
    np.testing.assert_array_equal(result.unread, np.maximum(lengths - 32, 0))
    assert "2 texts were cut" in result.notes[0]


@pytest.mark.parametrize("architecture", ["bert", "gpt2", "roberta"])
def test_windows_average_their_logits_by_length(architecture: str, folders: dict[str, Path]) -> None:
    folder = folders[architecture]
    texts = [TEXTS[0], " ".join(TEXTS[:12]), " ".join(TEXTS[3:9])]
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    expected = []
    for text in texts:
        windows = tokenizer(text, truncation=True, max_length=40, stride=10, return_overflowing_tokens=True)[
            "input_ids"
        ]
        with torch.no_grad():
            logits = [len(ids) * model(input_ids=torch.tensor([ids])).logits[0] for ids in windows]
        expected.append((sum(logits) / sum(map(len, windows))).softmax(-1).numpy())
    result = nbt.classify(texts, model=str(folder), max_length=40, long="window")
    np.testing.assert_allclose(result.scores, np.stack(expected), atol=1e-5)
    assert not result.unread.any()


def test_a_decoder_that_was_given_a_pad_token_by_its_user(folders: dict[str, Path]) -> None:
    """The end-of-text token as padding, as most tutorials have it."""
    tokenizer = AutoTokenizer.from_pretrained(folders["gpt2"])
    tokenizer.pad_token = tokenizer.eos_token
    model = AutoModelForSequenceClassification.from_pretrained(folders["gpt2"]).eval()
    model.config.pad_token_id = tokenizer.pad_token_id
    with torch.no_grad():
        expected = [model(**tokenizer(text, return_tensors="pt")).logits.softmax(-1)[0].numpy() for text in TEXTS]
    result = nbt.classify(TEXTS, model=model, tokenizer=tokenizer, batch_tokens=200)
    np.testing.assert_allclose(result.scores, np.stack(expected), atol=1e-5)


def test_a_model_that_lets_padding_through_is_never_padded(folders: dict[str, Path]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folders["bert"])
    model = AutoModelForSequenceClassification.from_pretrained(folders["bert"]).eval()
    forward = model.forward
    # A model that loses its mask on the way: each text alone is right, a padded one is not.
    model.forward = lambda attention_mask=None, **inputs: forward(**inputs)
    result = nbt.classify(TEXTS, model=model, tokenizer=tokenizer)
    np.testing.assert_allclose(result.scores, _expected(folders["bert"]), atol=1e-5)
    assert result.run.pad_tokens == 0
    assert "Padding would change the results" in result.notes[-1]


def test_the_users_own_model_is_left_as_it_was(folders: dict[str, Path]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folders["llama"])
    model = AutoModelForSequenceClassification.from_pretrained(folders["llama"]).train()
    threads = torch.get_num_threads()
    nbt.classify(TEXTS, model=(model, tokenizer))
    assert model.training
    assert model.config.pad_token_id is None
    assert torch.get_num_threads() == threads
    assert all(parameter.grad is None for parameter in model.parameters())


def test_pipelines_and_pairs_are_models(folders: dict[str, Path]) -> None:
    from transformers import pipeline

    tokenizer = AutoTokenizer.from_pretrained(folders["bert"])
    model = AutoModelForSequenceClassification.from_pretrained(folders["bert"]).eval()
    pipe = pipeline("text-classification", model=model, tokenizer=tokenizer, device="cpu")
    for given in (pipe, (model, tokenizer), model):
        result = nbt.classify(TEXTS, model=given)
        np.testing.assert_allclose(result.scores, _expected(folders["bert"]), atol=1e-5)


def test_a_class_of_the_users_own_is_a_model(folders: dict[str, Path]) -> None:
    class Sentiment(torch.nn.Module):
        """As people write them: an encoder with a head, called `classifier`."""

        def __init__(self, whole: torch.nn.Module) -> None:
            super().__init__()
            self.config, self.bert, self.classifier = whole.config, whole.bert, whole.classifier
            self.dtype = whole.dtype

        def get_input_embeddings(self) -> torch.nn.Module:
            return self.bert.get_input_embeddings()

        def forward(self, **inputs: torch.Tensor) -> tuple[torch.Tensor]:
            return (self.classifier(self.bert(**inputs).pooler_output),)

    model = Sentiment(AutoModelForSequenceClassification.from_pretrained(folders["bert"]))
    result = nbt.classify(TEXTS, model=model, tokenizer=AutoTokenizer.from_pretrained(folders["bert"]))
    np.testing.assert_allclose(result.scores, _expected(folders["bert"]), atol=1e-5)


def test_another_tokenizer_can_be_given(folders: dict[str, Path]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folders["bert"])
    tokenizer.add_special_tokens({"cls_token": "[MASK]"})
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="[MASK] $0 [SEP]", special_tokens=[("[MASK]", tokenizer.mask_token_id or 103), ("[SEP]", SEP)]
    )
    model = AutoModelForSequenceClassification.from_pretrained(folders["bert"]).eval()
    with torch.no_grad():
        expected = [model(**tokenizer(text, return_tensors="pt")).logits.softmax(-1)[0].numpy() for text in TEXTS]
    result = nbt.classify(TEXTS, model=str(folders["bert"]), tokenizer=tokenizer)
    np.testing.assert_allclose(result.scores, np.stack(expected), atol=1e-5)
    assert np.abs(result.scores - _expected(folders["bert"])).max() > 1e-3


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_close(dtype: str, folders: dict[str, Path]) -> None:
    result = nbt.classify(TEXTS, model=str(folders["bert"]), dtype=dtype)
    assert result.run.dtype == dtype
    assert np.abs(result.scores - _expected(folders["bert"])).max() < 0.1
