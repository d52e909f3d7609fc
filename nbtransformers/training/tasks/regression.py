"""A number a text: columns `text`, `pair` where there are pairs, and `label`, the number."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from nbtransformers.request import TrainingTask
from nbtransformers.training.tasks.task import Description, Evaluated, Report
from nbtransformers.training.tasks.texts import mistakes
from nbtransformers.training.tasks.textwise import Textwise


class Regression(Textwise):
    """Learns a number, by the square of the error."""

    name: ClassVar[TrainingTask] = "regression"
    best_metric: ClassVar[str] = "loss"
    metric_names: ClassVar[tuple[str, ...]] = ("rmse", "mae", "r2", "pearson", "spearman")

    def config(self, description: Description) -> dict[str, Any]:
        """One output, which is the number."""
        return {"num_labels": 1, "problem_type": "regression"}

    def metrics(self, evaluated: Evaluated) -> dict[str, float]:
        """`rmse`, `mae`, and where there is something to compare, `r2`, `pearson` and `spearman`."""
        expected = evaluated.labels.astype(np.float64)
        predicted = _numbers(evaluated)
        error = predicted - expected
        found = {"rmse": float(np.sqrt((error**2).mean())), "mae": float(np.abs(error).mean())}
        if len(set(expected)) > 1:
            found["r2"] = float(1 - (error**2).sum() / ((expected - expected.mean()) ** 2).sum())
            if len(set(predicted)) > 1:
                found |= _correlations(expected, predicted)
        return found

    def report(self, evaluated: Evaluated) -> Report:
        """The largest errors."""
        expected, predicted = evaluated.labels.astype(np.float64), _numbers(evaluated)

        def told(row: int) -> dict[str, Any]:
            return {"expected": f"{expected[row]:.4g}", "predicted": f"{predicted[row]:.4g}"}

        return Report(mistakes=mistakes(evaluated, (predicted - expected) ** 2, told))


def _numbers(evaluated: Evaluated) -> np.ndarray:
    return evaluated.predictions.astype(np.float64).reshape(len(evaluated.labels))


def _correlations(expected: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    from scipy import stats

    library: Any = stats
    return {
        "pearson": float(library.pearsonr(expected, predicted).statistic),
        "spearman": float(library.spearmanr(expected, predicted).statistic),
    }
