"""A number a text: columns `text`, `pair` where there are pairs, and `label`, the number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nbtransformers.loading.heads import Head
from nbtransformers.request import TrainingTask
from nbtransformers.training.tasks.task import Description, Evaluated, Report
from nbtransformers.training.tasks.texts import MISTAKES, first_output, mapped, padding_right, shown_text, tokens_of

if TYPE_CHECKING:
    from datasets import Dataset


class Regression:
    """Learns a number, by the square of the error."""

    name: ClassVar[TrainingTask] = "regression"
    head: ClassVar[Head] = "classifier"
    best_metric: ClassVar[str] = "loss"

    def config(self, description: Description) -> dict[str, Any]:
        """One output, which is the number."""
        return {"num_labels": 1, "problem_type": "regression"}

    def encode(
        self, rows: Dataset, tokenizer: Any, description: Description, max_length: int, *, evaluation: bool = False
    ) -> Dataset:
        """Texts to tokens; `labels` is the number."""
        return mapped(rows, lambda some: {**tokens_of(tokenizer, some, max_length), "labels": some["label"]})

    def collator(self, tokenizer: Any, model: Any) -> Any:
        """Pads what the tokenizer gave."""
        from transformers import DataCollatorWithPadding

        return DataCollatorWithPadding(padding_right(tokenizer, model))

    def kept(self, logits: Any, labels: Any) -> Any:
        """The number, `[row, 1]`."""
        return first_output(logits)

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
        losses = (predicted - expected) ** 2
        worst = np.argsort(-losses, kind="stable")[:MISTAKES]
        return Report(
            mistakes=[
                {
                    "row": int(row),
                    "text": shown_text(evaluated.rows[int(row)]),
                    "expected": f"{expected[row]:.4g}",
                    "predicted": f"{predicted[row]:.4g}",
                    "loss": float(losses[row]),
                }
                for row in worst
            ]
        )


def _numbers(evaluated: Evaluated) -> np.ndarray:
    return evaluated.predictions.astype(np.float64).reshape(len(evaluated.labels))


def _correlations(expected: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    from scipy import stats

    library: Any = stats
    return {
        "pearson": float(library.pearsonr(expected, predicted).statistic),
        "spearman": float(library.spearmanr(expected, predicted).statistic),
    }
