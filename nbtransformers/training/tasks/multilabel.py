"""Any number of labels a text: columns `text`, `pair` where there are pairs, and `label`, a 0 or 1 for each label."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nbtransformers.request import TrainingTask
from nbtransformers.training.tasks.classification import by_label, measured
from nbtransformers.training.tasks.task import Description, Evaluated, Report
from nbtransformers.training.tasks.texts import mistakes, names
from nbtransformers.training.tasks.textwise import Textwise


class MultiLabel(Textwise):
    """Learns labels each of which applies or not, by its own score above one half."""

    name: ClassVar[TrainingTask] = "multi-label"
    best_metric: ClassVar[str] = "f1"
    metric_names: ClassVar[tuple[str, ...]] = ("f1", "f1_micro", "precision", "recall", "exact_match")

    def config(self, description: Description) -> dict[str, Any]:
        """The names of the labels."""
        labels = description.labels
        return {"num_labels": len(labels), "id2label": names(labels), "problem_type": "multi_label_classification"}

    def metrics(self, evaluated: Evaluated) -> dict[str, float]:
        """The mean over all labels of `f1`, `precision` and `recall`; `f1_micro` counts all labels as one.

        `exact_match` is the share of rows whose labels are all right.
        """
        labels, predicted = _sides(evaluated)
        precision, recall, f1, _ = measured(labels, predicted, average="macro")
        *_, f1_micro, _ = measured(labels, predicted, average="micro")
        found = {"f1": f1, "f1_micro": f1_micro, "precision": precision, "recall": recall}
        return {**_floats(found), "exact_match": float((labels == predicted).all(axis=1).mean())}

    def report(self, evaluated: Evaluated) -> Report:
        """The worst mistakes, and what there is of each label."""
        labels, predicted = _sides(evaluated)
        known = evaluated.description.labels
        return Report(
            labels=known,
            mistakes=_mistakes(evaluated, labels, predicted),
            by_label=by_label(labels, predicted, known),
        )


def _floats(numbers: dict[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in numbers.items()}


def _sides(evaluated: Evaluated) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What is expected and what is predicted, 0 and 1 `[row, label]`."""
    return evaluated.labels.astype(np.int64), (evaluated.predictions > 0).astype(np.int64)


def _mistakes(evaluated: Evaluated, labels: NDArray[np.int64], predicted: NDArray[np.int64]) -> list[dict[str, Any]]:
    known = np.array(evaluated.description.labels, dtype=object)
    signs = np.where(labels == 1, 1.0, -1.0)
    losses = np.logaddexp(0.0, -signs * evaluated.predictions).mean(axis=1)

    def told(row: int) -> dict[str, Any]:
        expected, found = (", ".join(known[side[row] == 1]) for side in (labels, predicted))
        return {"expected": expected, "predicted": found}

    return mistakes(evaluated, losses, told, np.flatnonzero((labels != predicted).any(axis=1)))
