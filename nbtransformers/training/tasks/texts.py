"""Texts to tokens, and what of them a report shows: what several tasks do alike."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from nbtransformers.training.tasks.task import Evaluated, OnRows

if TYPE_CHECKING:
    from datasets import Dataset

MISTAKES = 100
"""Mistakes that a report has at most."""
_SHOWN = 2_000  # characters of a text in a report


def mapped(
    rows: Dataset, encoded: Callable[[Mapping[str, list[Any]]], Mapping[str, Any]], on_rows: OnRows | None = None
) -> Dataset:
    """Rows to encoded rows, some at a time; nothing but what `encoded` gives is left."""
    from datasets.fingerprint import generate_random_fingerprint

    done = 0

    def told(some: Mapping[str, list[Any]]) -> Mapping[str, Any]:
        nonlocal done
        found = encoded(some)
        done += len(next(iter(some.values())))
        if on_rows is not None:
            on_rows(done)
        return found

    return rows.map(
        told,
        batched=True,
        remove_columns=rows.column_names,
        load_from_cache_file=False,
        new_fingerprint=generate_random_fingerprint(),  # else all that `told` knows of would be hashed
    )


def tokens_of(tokenizer: Any, rows: Mapping[str, list[Any]], max_length: int) -> dict[str, Any]:
    """The tokens of texts, or of pairs of texts, cut where they are too long.

    Args:
        tokenizer: the model's.
        rows: columns `text`, and `pair` where there are pairs.
        max_length: tokens at most; 0 is no limit.
    """
    limit: dict[str, Any] = {"truncation": True, "max_length": max_length} if max_length else {"truncation": False}
    return dict(tokenizer(rows["text"], rows.get("pair"), verbose=False, **limit))


def padding_right(tokenizer: Any, model: Any) -> Any:
    """A tokenizer that pads at the end, as training does: many a model counts its positions from the first token on,
    pad tokens too. XLNet alone reads a text off its last token.
    """
    padding = copy(tokenizer)
    if getattr(getattr(model, "config", None), "model_type", "") != "xlnet":
        padding.padding_side = "right"
    return padding


def first_output(logits: Any) -> Any:
    """The logits alone: what else a model returns would fill the memory of an evaluation."""
    return cast("Any", logits)[0] if isinstance(logits, tuple) else logits


def shown_text(row: Mapping[str, Any]) -> str:
    """The text of a row as a report has it: of a pair both, of a conversation its messages."""
    if "messages" in row:
        turns = json.loads(row["messages"])
        text = "\n".join(f"{turn['role']}: {turn.get('content') or ''}" for turn in turns)
    elif "tokens" in row:
        text = " ".join(row["tokens"])
    else:
        text = "\n".join(str(row[name]) for name in ("text", "pair") if row.get(name))
    return cut(text)


def mistakes(
    evaluated: Evaluated, losses: NDArray[Any], told: Callable[[int], Mapping[str, Any]], among: Any = None
) -> list[dict[str, Any]]:
    """The rows with the greatest losses, as a report has them.

    Args:
        evaluated: the evaluation.
        losses: `[row]`.
        told: the number of a row to what is `expected` and `predicted` of it, and what else there is.
        among: the numbers of the rows that are mistakes; None is all.
    """
    rows = np.arange(len(losses)) if among is None else np.asarray(among, dtype=np.int64)
    worst = rows[np.argsort(-losses[rows], kind="stable")][:MISTAKES]
    return [
        {
            "row": row,
            "text": shown_text(evaluated.rows[row]),
            **told(row),
            "loss": float(losses[row]),
        }
        for row in worst.tolist()
    ]


def cut(text: str) -> str:
    """A text, without its end where it is very long."""
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def names(labels: Sequence[str]) -> dict[int, str]:
    """Labels as a configuration has them: `id2label`."""
    return dict(enumerate(labels))
