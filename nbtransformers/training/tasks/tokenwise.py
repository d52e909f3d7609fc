"""What tasks with a label for each token do alike."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.training.tasks.task import Evaluated, Report
from nbtransformers.training.tasks.texts import MISTAKES, cut, shown_text

NOTHING = -100
"""In the place of a label: there is nothing to learn at this token."""


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


def metrics_of_tokens(evaluated: Evaluated, *, next_token: bool = False) -> dict[str, float]:
    """`perplexity`, and `token_accuracy`: how often the token is the likeliest one, given what is right before it."""
    (predicted, losses), labels = evaluated.predictions, evaluated.labels
    learnt = labels != NOTHING
    if next_token:
        learnt[:, :1] = False  # nothing is before it that it could be told from
    tokens = learnt.sum(axis=1)
    loss = float((losses.astype(np.float64) * tokens).sum() / max(1, tokens.sum()))
    right = predicted[:, : labels.shape[1]][learnt] == labels[learnt]
    return {
        "perplexity": math.exp(loss) if loss < 700 else math.inf,
        "token_accuracy": float(right.mean()) if len(right) else 0.0,
    }


def report_of_tokens(evaluated: Evaluated) -> Report:
    """The rows with the greatest losses: `predicted` is what is likeliest at each place, given what is right before."""
    (predicted, losses), labels = evaluated.predictions, evaluated.labels
    worst = np.argsort(-losses, kind="stable")[:MISTAKES]
    return Report(
        mistakes=[
            {
                "row": int(row),
                "text": shown_text(evaluated.rows[int(row)]),
                "expected": _decoded(evaluated.tokenizer, labels[row], labels[row]),
                "predicted": _decoded(evaluated.tokenizer, predicted[row], labels[row]),
                "loss": float(losses[row]),
            }
            for row in worst
        ]
    )


def _decoded(tokenizer: Any, ids: NDArray[Any], labels: NDArray[Any]) -> str:
    chosen = ids[: len(labels)][labels != NOTHING]
    return cut(tokenizer.decode(chosen[chosen >= 0].tolist(), skip_special_tokens=True))
