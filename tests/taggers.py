"""Tiny token classifiers with random weights: their labels are of no use, and of every kind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

BIO = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")


def save_tagger(
    folder: Path,
    labels: Sequence[str] = BIO,
    architecture: str = "bert",
    tokenizer: Any = None,
    **overrides: Any,
) -> Path:
    """A tiny token classifier of an architecture, saved with a tokenizer; the same weights every time."""
    import torch
    from oracle.tiny import ARCHITECTURES, tiny_tokenizer
    from transformers import AutoConfig, AutoModelForTokenClassification

    tokenizer = tokenizer or tiny_tokenizer(architecture)
    torch.manual_seed(20)
    settings = {
        **ARCHITECTURES[architecture],
        "vocab_size": max(len(tokenizer), 200),
        "id2label": dict(enumerate(labels)),
        "label2id": {label: number for number, label in enumerate(labels)},
        **overrides,
    }
    model = AutoModelForTokenClassification.from_config(AutoConfig.for_model(architecture, **settings)).eval()
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):  # it begins at zero, where a mistake in it would not show
            torch.nn.init.normal_(parameter, std=0.2)
    head = model.classifier if hasattr(model, "classifier") else model.score
    head.weight.data *= 4  # labels of every kind, one beside the other
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
