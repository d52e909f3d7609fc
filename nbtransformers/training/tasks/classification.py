"""One label a text, or a pair of texts: columns `text`, `pair` where there are pairs, and `label`, its number."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nbtransformers.request import TrainingTask
from nbtransformers.training.tasks.task import Description, Evaluated, Report
from nbtransformers.training.tasks.texts import mistakes, names
from nbtransformers.training.tasks.textwise import Textwise

_MATRIX = 100  # labels; the matrix of more is nothing to look at, and megabytes at every evaluation


class Classification(Textwise):
    """Learns labels of which one applies."""

    name: ClassVar[TrainingTask] = "classification"
    best_metric: ClassVar[str] = "f1"
    metric_names: ClassVar[tuple[str, ...]] = ("accuracy", "f1", "precision", "recall")

    def config(self, description: Description) -> dict[str, Any]:
        """The names of the labels."""
        labels = description.labels
        return {"num_labels": len(labels), "id2label": names(labels), "problem_type": "single_label_classification"}

    def metrics(self, evaluated: Evaluated) -> dict[str, float]:
        """`accuracy`, and the mean over all labels of `f1`, `precision` and `recall`."""
        predicted = evaluated.predictions.argmax(-1)
        precision, recall, f1, _ = measured(evaluated.labels, predicted, average="macro")
        accuracy = (predicted == evaluated.labels).mean()
        return {"accuracy": float(accuracy), "f1": float(f1), "precision": float(precision), "recall": float(recall)}

    def report(self, evaluated: Evaluated) -> Report:
        """The confusion matrix, the worst mistakes, and what there is of each label."""
        labels, predicted = evaluated.labels, evaluated.predictions.argmax(-1)
        known = evaluated.description.labels
        return Report(
            confusion=confusion(labels, predicted, len(known)),
            labels=known,
            mistakes=_mistakes(evaluated, predicted),
            by_label=by_label(labels, predicted, known),
        )


def measured(expected: NDArray[Any], predicted: NDArray[Any], **options: Any) -> Any:
    """Precision, recall, f1 and support, as scikit-learn counts them; 0 where there is nothing to divide by."""
    from sklearn import metrics

    library: Any = metrics  # it declares a narrower type than it takes
    return library.precision_recall_fscore_support(expected, predicted, zero_division=0, **options)


def confusion(expected: NDArray[Any], predicted: NDArray[Any], labels: int) -> list[list[int]] | None:
    """How often label [true] was taken for label [predicted]; None where there are too many to be looked at."""
    from sklearn.metrics import confusion_matrix

    return confusion_matrix(expected, predicted, labels=range(labels)).tolist() if labels <= _MATRIX else None


def by_label(expected: NDArray[Any], predicted: NDArray[Any], known: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """Precision, recall, f1 and support of each label.

    Args:
        expected: int `[row]`, or 0 and 1 `[row, label]`.
        predicted: likewise.
        known: the names of the labels.
    """
    found = measured(expected, predicted, labels=range(len(known)))
    columns = zip(("precision", "recall", "f1", "support"), found, strict=True)
    table = {name: [float(value) for value in values] for name, values in columns}
    return {label: {name: values[at] for name, values in table.items()} for at, label in enumerate(known)}


def _mistakes(evaluated: Evaluated, predicted: NDArray[Any]) -> list[dict[str, Any]]:
    from scipy.special import log_softmax

    known, labels = evaluated.description.labels, evaluated.labels
    logs = np.asarray(log_softmax(evaluated.predictions.astype(np.float64), axis=-1))
    losses = -logs[np.arange(len(labels)), labels]

    def told(row: int) -> dict[str, Any]:
        score = float(np.exp(logs[row, predicted[row]]))
        return {"expected": known[labels[row]], "predicted": known[predicted[row]], "score": score}

    return mistakes(evaluated, losses, told, np.flatnonzero(predicted != labels))
