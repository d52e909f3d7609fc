"""What Trainer is told: `TrainingArguments` from a request."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.request import FinetuneRequest
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.training.named import is_import_path
from nbtransformers.training.tasks.task import LOWER_IS_BETTER

_SAVE_STEPS = 500  # Trainer's own default


@dataclass(frozen=True, slots=True)
class Steps:
    """How the examples of a run fall into steps.

    Attributes:
        micro_batch: examples that a process computes at once.
        accumulation: how many of such parts of each process make a step.
        per_epoch: steps in which every example is seen once.
        total: steps of the run.
    """

    micro_batch: int
    accumulation: int
    per_epoch: int
    total: int


def steps_of(request: FinetuneRequest, rows: int, micro_batch: int | None = None) -> Steps:
    """How the examples of a run fall into steps.

    Args:
        request: what was asked for.
        rows: how many examples there are.
        micro_batch: examples that are computed at once, where memory had run out; it divides the batch.
    """
    micro = micro_batch or request.batch_size // request.processes
    at_once = micro * request.processes
    accumulation = request.batch_size * request.grad_accum // at_once
    parts = rows // at_once if request.arguments.get("dataloader_drop_last") else math.ceil(rows / at_once)
    per_epoch = max(1, math.ceil(parts / accumulation))
    asked = request.arguments.get("max_steps") or -1
    return Steps(micro, accumulation, per_epoch, asked if asked > 0 else math.ceil(request.epochs * per_epoch))


def smaller(micro_batch: int) -> int | None:
    """The next smaller micro-batch that the batch can be made of: half of it, or what divides it below that."""
    return next((part for part in range(micro_batch // 2, 0, -1) if micro_batch % part == 0), None)


def save_steps(request: FinetuneRequest, steps: Steps) -> int:
    """Steps after which there is a checkpoint, besides those of evaluations; a share of the run is below 1."""
    asked = request.arguments.get("save_steps") or _SAVE_STEPS
    return math.ceil(asked * steps.total) if asked < 1 else int(asked)


def training_arguments(request: FinetuneRequest, folder: RunFolder, steps: Steps, best_metric: str, device: str) -> Any:
    """The `TrainingArguments` of a run.

    Args:
        request: what was asked for.
        folder: where its checkpoints go.
        steps: how its examples fall into steps.
        best_metric: what says which checkpoint is the best, unless the user does.
        device: `cpu`, `cuda` or `mps`.

    Raises:
        UserError: when Transformers takes a value for none.
    """
    from transformers import TrainingArguments

    own = {name: value for name, value in request.arguments.items() if name != "save_steps"}
    every = own.pop("eval_steps", None) or steps.per_epoch
    metric = metric_name(request.metric) if request.metric else best_metric
    settings: dict[str, Any] = {
        "output_dir": str(folder.checkpoints),
        "per_device_train_batch_size": steps.micro_batch,
        "per_device_eval_batch_size": steps.micro_batch,
        "gradient_accumulation_steps": steps.accumulation,
        "num_train_epochs": request.epochs,
        "learning_rate": request.peak_lr,
        "lr_scheduler_type": request.schedule,
        "warmup_steps": request.warmup,
        "weight_decay": request.weight_decay,
        "seed": request.seed,
        "bf16": request.bf16,
        "use_cpu": device == "cpu",
        "report_to": list(request.report_to) or "none",
        "run_name": folder.name,
        "train_sampling_strategy": "group_by_length",
        "include_num_input_tokens_seen": "non_padding",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,  # which puts a number in the place of what is none
        "disable_tqdm": True,
        # Evaluations and checkpoints belong to a step, never to the end of an epoch: a run that is resumed from the
        # last step of one does not come by there again.
        "eval_strategy": "steps",
        "save_strategy": "steps",
        "eval_steps": every,
        "save_steps": every,  # those between are the callback's
        "metric_for_best_model": metric,
        "greater_is_better": metric not in LOWER_IS_BETTER,
        **own,
    }
    try:
        return TrainingArguments(**settings)
    except (ValueError, TypeError, RuntimeError, ImportError) as error:
        raise UserError(
            f"Transformers takes these settings for none: {str(error).strip().splitlines()[0].rstrip('.')}.",
            hint="Change or leave out the setting that it names.",
        ) from error


def metric_name(metric: str) -> str:
    """What a metric is called among those of an evaluation: one of the user's own by its function."""
    return metric.rpartition(":")[2] if is_import_path(metric) else metric
