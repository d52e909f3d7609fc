"""What a worker's log says of a run as it goes on: a line for a person of each event that is not one of many."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Mapping
from typing import Any

from nbtransformers.plain_text import count, printable

_STAGES = {
    "loading": "loading the model",
    "tokenizing": "tokenizing",
    "encoding": "encoding the texts",
    "finding": "looking for a learning rate",
    "evaluating": "evaluating",
}


def log_event(type: str, told: Mapping[str, Any]) -> None:  # noqa: A002  (as events call it)
    """Print what is to be said of an event, with the time."""
    line = line_of(type, told)
    if line is None:
        return
    with contextlib.suppress(OSError):  # a disk that is full is told of where it matters
        print(time.strftime("%Y-%m-%d %H:%M:%S"), printable(line), file=sys.stderr, flush=True)  # noqa: T201


def line_of(type: str, told: Mapping[str, Any]) -> str | None:  # noqa: A002
    """What is to be said of an event; None of one of many, such as a step.

    Example:
        >>> line_of("eval", {"step": 250, "metrics": {"loss": 0.426, "accuracy": 0.809}})
        'step 250: loss 0.426, accuracy 0.809'
    """
    match type:
        case "attempt":
            since = told["resumed_from"]
            return f"process {told['pid']} " + ("begins" if since is None else f"goes on from step {since:,}")
        case "stage":
            return _STAGES.get(told["stage"]) if not told.get("done") else None
        case "plan":
            learnt = f"{told['trainable']:,} of {count(told['parameters'], 'parameter')} learn"
            return f"{count(told['steps'], 'step')} of {count(told['batch_size'], 'row')} each; {learnt}"
        case "eval":
            numbers = [f"{name} {_number(value)}" for name, value in told["metrics"].items()]
            return f"step {told['step']:,}: {', '.join(numbers)}"
        case "checkpoint":
            return f"step {told['step']:,}: checkpoint"
        case "lr":
            return f"step {told['step']:,}: learning rate ×{told['factor']:g}"
        case "state":
            return told["state"] if told["state"] != "failed" else None  # the error itself is printed
        case "note":
            return told["text"]
        case _:
            return None


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else str(value)
