"""Fillings against plain Transformers: the softmax of AutoModelForMaskedLM at each mask, one text at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from oracle.tiny import save_tiny
from transformers import AutoModelForMaskedLM, AutoTokenizer

import nbtransformers as nbt

MASKED = ("bert", "roberta", "distilbert", "albert", "electra", "deberta-v2", "mpnet", "modernbert")
TEXTS = [
    "Paris is the [MASK] of France.",
    "The [MASK] scored [MASK] before half time.",
    "[MASK]",
    "It is a quiet film about a man who repairs [MASK] in a town where time has stopped, told without hurry.",
    "No, [MASK], [MASK], [MASK]!",
] * 3


def save_masked(architecture: str, folder: Path, **overrides: Any) -> Path:
    """A tiny masked language model, whose tokenizer knows its mask."""
    save_tiny(architecture, folder, kind=AutoModelForMaskedLM, **overrides)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens({"mask_token": "[MASK]"})
    tokenizer.save_pretrained(folder)
    return folder


def plainly(folder: Path, text: str, **options: Any) -> np.ndarray:
    """`[mask, vocabulary]`: the probability of every token in the place of every mask."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForMaskedLM.from_pretrained(folder).eval()
    inputs = tokenizer(text, return_tensors="pt", **options)
    with torch.no_grad():
        logits = model(**inputs).logits[0]
    return logits[inputs["input_ids"][0] == tokenizer.mask_token_id].softmax(-1).numpy()


@pytest.mark.parametrize("architecture", MASKED)
def test_fillings_are_those_of_plain_transformers(architecture: str, tmp_path: Path) -> None:
    folder = save_masked(architecture, tmp_path)
    result = nbt.fill(TEXTS, model=str(folder), top_k=4)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    for row, text in enumerate(TEXTS):
        expected = plainly(folder, text)
        assert result.found.counts[row] == len(expected) == text.count("[MASK]")
        for mask, probabilities in enumerate(expected):
            best = np.sort(probabilities)[::-1][:4]
            np.testing.assert_allclose(result.probabilities[row][mask], best, rtol=2e-3, atol=1e-6)
            ids = tokenizer.convert_tokens_to_ids(tokenizer.convert_ids_to_tokens(result.found[row]["ids"][mask]))
            np.testing.assert_allclose(probabilities[ids], best, rtol=2e-3, atol=1e-6)


def test_targets_have_their_probabilities_among_all_words(tmp_path: Path) -> None:
    folder = save_masked("bert", tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    targets = ["good", "bad", "striker"]
    result = nbt.fill(TEXTS[1], model=str(folder), targets=targets)
    for mask, probabilities in enumerate(plainly(folder, TEXTS[1])):
        expected = {word: probabilities[tokenizer.convert_tokens_to_ids(word)] for word in targets}
        assert result.tokens[0][mask] == sorted(targets, key=lambda word: -expected[word])
        np.testing.assert_allclose(result.probabilities[0][mask], sorted(expected.values())[::-1], rtol=1e-3)


def test_a_long_text_is_read_around_each_mask(tmp_path: Path) -> None:
    folder = save_masked("bert", tmp_path)
    words = ["word"] * 300
    words[10] = words[150] = words[299] = "[MASK]"
    result = nbt.fill(" ".join(words), model=str(folder), max_length=50)
    for mask, at in enumerate((10, 150, 299)):
        start = min(max(0, at - 24), 300 - 48)
        around = [
            "word" if word == "[MASK]" and place != at - start else word
            for place, word in enumerate(words[start:][:48])
        ]
        (expected,) = plainly(folder, " ".join(around))
        np.testing.assert_allclose(result.probabilities[0][mask], np.sort(expected)[::-1][:5], rtol=1e-3)
    assert result.unread.tolist() == [0]
