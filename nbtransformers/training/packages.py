"""The packages that training stands on: whether they are there, and in which versions."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

from nbtransformers.errors import UserError
from nbtransformers.request import TrainingTask

_NEEDED = {"accelerate": "accelerate", "datasets": "datasets", "sklearn": "scikit-learn"}
_NEEDED_TO_MEASURE: dict[TrainingTask, dict[str, str]] = {
    "tokens": {"seqeval": "seqeval"},
    "seq2seq": {"rouge_score": "rouge-score", "sacrebleu": "sacrebleu"},
}


def refuse_lacking_packages(task: TrainingTask | None = None) -> None:
    """Say what to install where something is missing.

    Args:
        task: what is learnt, once that is known.

    Raises:
        UserError: when something is.
    """
    needed = {**_NEEDED, **(_NEEDED_TO_MEASURE.get(task, {}) if task else {})}
    lacking = [name for module, name in needed.items() if importlib.util.find_spec(module) is None]
    if lacking:
        raise UserError(f"Training needs {', '.join(lacking)}.", hint='Type `pip install "nbtransformers[train]"`.')


def versions_of(packages: Iterable[str]) -> dict[str, str]:
    """The versions of those packages that are installed."""
    found: dict[str, str] = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
