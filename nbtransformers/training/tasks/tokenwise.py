"""What tasks with a label for each token do alike, and above all those that learn to write tokens."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nbtransformers.training.tasks.task import Description, Evaluated, Report
from nbtransformers.training.tasks.texts import cut, first_output, mistakes

NOTHING = -100
"""In the place of a label: there is nothing to learn at this token."""


class Writing:
    """Learns tokens: the labels are tokens of the vocabulary, and the loss says how well they are foreseen."""

    best_metric: ClassVar[str] = "loss"
    metric_names: ClassVar[tuple[str, ...]] = ("perplexity", "token_accuracy")
    writes: ClassVar[bool] = False
    next_token: ClassVar[bool] = False
    """Whether what the model makes of a token is about the one behind it."""

    def config(self, description: Description) -> dict[str, Any]:
        """Nothing."""
        return {}

    def kept(self, logits: Any, labels: Any) -> Any:
        """The likeliest tokens, and the loss of each row."""
        return predicted_and_losses(first_output(logits), labels, next_token=self.next_token)

    def metrics(self, evaluated: Evaluated) -> dict[str, float]:
        """`perplexity`, and `token_accuracy`: how often the likeliest token is right, given those before it."""
        (predicted, losses), labels = evaluated.predictions, evaluated.labels
        learnt = labels != NOTHING
        if self.next_token:
            learnt[:, :1] = False  # nothing is before it that it could be told from
        tokens = learnt.sum(axis=1)
        loss = float((losses.astype(np.float64) * tokens).sum() / max(1, tokens.sum()))
        right = predicted[:, : labels.shape[1]][learnt] == labels[learnt]
        return {
            "perplexity": math.exp(loss) if loss < 700 else math.inf,
            "token_accuracy": float(right.mean()) if len(right) else 0.0,
        }

    def report(self, evaluated: Evaluated) -> Report:
        """The rows with the greatest losses: `predicted` is what is likeliest at each place, given those before it."""
        (predicted, losses), labels = evaluated.predictions, evaluated.labels

        def told(row: int) -> dict[str, Any]:
            expected, found = (_decoded(evaluated.tokenizer, side[row], labels[row]) for side in (labels, predicted))
            return {"expected": expected, "predicted": found}

        return Report(mistakes=mistakes(evaluated, losses, told))


def predicted_and_losses(logits: Any, labels: Any, *, next_token: bool = False) -> tuple[Any, Any]:
    """What an evaluation keeps of `[row, token, label]` logits, which may be the size of the vocabulary.

    Args:
        logits: of a batch, torch.
        labels: `[row, token]`, torch.
        next_token: whether the logits at a token are about the one behind it.

    Returns:
        The label that is predicted for each token `[row, token]`, and the mean loss of each row `[row]`.
    """
    import torch

    if next_token:
        logits, labels = logits[:, :-1], labels[:, 1:]
    losses = torch.nn.functional.cross_entropy(logits.transpose(1, 2), labels, ignore_index=NOTHING, reduction="none")
    learnt = (labels != NOTHING).sum(dim=1).clamp(min=1)
    predicted = logits.argmax(dim=-1)
    if next_token:
        predicted = torch.nn.functional.pad(predicted, (1, 0), value=NOTHING)
    return predicted, losses.sum(dim=1) / learnt


def _decoded(tokenizer: Any, ids: NDArray[Any], labels: NDArray[Any]) -> str:
    chosen = ids[: len(labels)][labels != NOTHING]
    return cut(tokenizer.decode(chosen[chosen >= 0].tolist(), skip_special_tokens=True))
