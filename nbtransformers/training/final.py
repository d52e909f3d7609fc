"""The trained model in its folder: there as a whole, or not there."""

from __future__ import annotations

import shutil
from typing import Any

from nbtransformers.rundir.atomic import flush_folder, flush_tree
from nbtransformers.rundir.folder import RunFolder


def write_model(folder: RunFolder, model: Any, tokenizer: Any) -> None:
    """Put a model and its tokenizer in the place of the run's model.

    Args:
        folder: the run.
        model: the trained model, of Transformers.
        tokenizer: its tokenizer.
    """
    made = folder.path / ".model-new"
    shutil.rmtree(made, ignore_errors=True)  # of a worker that was killed
    model.save_pretrained(made)
    tokenizer.save_pretrained(made)
    flush_tree(made)
    _replace(folder, made)


def _replace(folder: RunFolder, made: Any) -> None:
    before = folder.path / ".model-old"
    shutil.rmtree(before, ignore_errors=True)
    if folder.model.exists():  # of a run that was stopped, and went on
        folder.model.rename(before)
    made.rename(folder.model)
    flush_folder(folder.path)
    shutil.rmtree(before, ignore_errors=True)
