"""What is known of a run before anything runs: `card.json`."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import asdict
from typing import Any

from nbtransformers.catalog.fit import in_training
from nbtransformers.catalog.tracing import Batch
from nbtransformers.engine.device import pick_device
from nbtransformers.loading.memory import free_memory
from nbtransformers.plain_text import count, size
from nbtransformers.request import FinetuneRequest
from nbtransformers.results.memory import Memory
from nbtransformers.rundir.atomic import read_json, write_json
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.training.data import stored_description, stored_rows
from nbtransformers.training.fourbit import spared_in_4bit
from nbtransformers.training.lengths import Lengths, Repeats, balance, lengths, repeats
from nbtransformers.training.loading import Trainable, outline
from nbtransformers.training.methods import compute_4bit, parameters, with_method
from nbtransformers.training.settings import Steps, steps_of
from nbtransformers.training.source import starting_model
from nbtransformers.training.tasks import task_named

_MUCH_CUT = 0.05  # of all tokens: below that nobody loses much


def write_card(request: FinetuneRequest, folder: RunFolder) -> None:
    """Write the card of a run whose data are there; no weights are read for it.

    Args:
        request: what was asked for.
        folder: the run, with its data, and with its model where that is one in memory.

    Raises:
        UserError: when the model cannot be trained so.
    """
    description = stored_description(folder)
    task = task_named(description.training_task)
    model = outline(starting_model(request, folder), task.head, task.config(description), max_length=request.max_length)
    train, test = stored_rows(folder, "train"), stored_rows(folder, "test")
    found = lengths(train, task, model.tokenizer, description, model.limit)
    again = repeats(train, test)
    steps = steps_of(request, description.rows["train"])
    trained, memory = _sizes(request, model, task.head, steps, found)
    free = free_memory(pick_device(request.device))
    shown = {
        "rows": dict(description.rows),
        "split": description.split,
        "steps": steps.total,
        "steps_per_epoch": steps.per_epoch,
        "duplicates": again.duplicates,
        "contradictions": again.contradictions,
        "leaked_test_rows": again.leaked,
        "lengths": asdict(found),
        "balance": asdict(counted) if (counted := balance(train, test, description)) else None,
        **({"parameters": {"trained": trained[0], "all": trained[1]}} if trained else {}),
        **({"memory": {**asdict(memory), "needed": memory.needed, "free": int(free)}} if memory else {}),
        "advice": [*_of_data(again, found), *_of_memory(memory, free, request)],
    }
    write_json(folder.card, {name: value for name, value in shown.items() if value not in (None, [])})


def advice_of(folder: RunFolder) -> list[str]:
    """What the card of a run advises, a line each."""
    return (read_json(folder.card) or {}).get("advice", [])


def _sizes(
    request: FinetuneRequest, model: Trainable, head: Any, steps: Steps, found: Lengths
) -> tuple[tuple[int, int] | None, Memory | None]:
    """How many parameters are trained, of how many; and the memory. None where the model cannot be outlined."""
    if model.model is None:
        return None, None
    spared = spared_in_4bit(model.model, head) if compute_4bit(request) else 0
    kind, config = type(model.model), deepcopy(model.model.config)
    trained = parameters(with_method(model.model, request, head, model.new))
    batch = Batch(head, steps.micro_batch, min(found.longest, model.limit), bf16=request.bf16)

    def build(config: Any) -> Any:
        return with_method(kind._from_config(config), request, head, model.new)

    try:
        return trained, in_training(build, config, batch, pick_device(request.device), spared=spared)
    except Exception:  # a model that cannot run without numbers
        return trained, None


def _of_data(again: Repeats, found: Lengths) -> list[str]:
    advice: list[str] = []
    if again.leaked:
        advice.append(f"{count(again.leaked, 'test row')} can also be learnt from: the metrics will flatter.")
    if again.contradictions:
        advice.append(
            f"{count(again.contradictions, 'row')} to learn from have the text of another, and its label not."
        )
    if found.cut_tokens > _MUCH_CUT:
        advice.append(f"{found.cut_tokens:.0%} of the tokens are not read: {found.limit} of a row are.")
    return advice


def _of_memory(memory: Memory | None, free: float, request: FinetuneRequest) -> list[str]:
    if memory is None or memory.needed <= free:
        return []
    instead = (
        f"`--batch-size {max(1, request.batch_size // 4)}`"
        if memory.activations > memory.needed / 2 and request.batch_size > 1
        else "`--method lora`"
        if request.method == "full"
        else "a smaller model"
    )
    return [f"It needs about {size(memory.needed)} of memory, and {size(free)} are free: try {instead}."]
