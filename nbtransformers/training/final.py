"""The trained model, and its adapter, in their folders: there as a whole, or not there."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from nbtransformers.rundir.atomic import flush_folder, flush_tree
from nbtransformers.rundir.folder import RunFolder


def write_model(folder: RunFolder, model: Any, tokenizer: Any, card: str) -> None:
    """Put a model and its tokenizer in the place of the run's model.

    Args:
        folder: the run.
        model: the trained model, of Transformers.
        tokenizer: its tokenizer.
        card: its model card.
    """
    _write(folder.model, model, tokenizer, card)


def write_adapter(folder: RunFolder, model: Any, tokenizer: Any, card: str) -> None:
    """Put the adapter of a model, and the tokenizer, in the place of the run's adapter.

    Args:
        folder: the run.
        model: the trained model, of peft.
        tokenizer: its tokenizer.
        card: the adapter's model card.
    """
    _write(folder.adapter, model, tokenizer, card)


def _write(place: Path, model: Any, tokenizer: Any, card: str) -> None:
    made = place.with_name(f".{place.name}-new")
    shutil.rmtree(made, ignore_errors=True)  # of a worker that was killed
    model.save_pretrained(made)
    tokenizer.save_pretrained(made)
    (made / "README.md").write_text(card, encoding="utf-8", errors="replace")
    flush_tree(made)
    _replace(place, made)


def _replace(place: Path, made: Path) -> None:
    before = place.with_name(f".{place.name}-old")
    shutil.rmtree(before, ignore_errors=True)
    if place.exists():  # of a run that was stopped, and went on
        place.rename(before)
    made.rename(place)
    flush_folder(place.parent)
    shutil.rmtree(before, ignore_errors=True)
