"""What a plain program must know of a run, to train the same model."""

from __future__ import annotations

from typing import Any

from nbtransformers.loading.source import source_of
from nbtransformers.request import FinetuneRequest, ModelRef
from nbtransformers.results.recipe import Place
from nbtransformers.results.trainingrecipe import TrainingRecipe
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.training.adapters import with_adapter
from nbtransformers.training.data import stored_description, stored_rows
from nbtransformers.training.loading import load_to_train, outline
from nbtransformers.training.origin import same_model
from nbtransformers.training.settings import steps_of
from nbtransformers.training.source import starting_model
from nbtransformers.training.tasks import task_named
from nbtransformers.training.tasks.task import Description


def recipe(folder: RunFolder, request: FinetuneRequest) -> TrainingRecipe | None:
    """The recipe of a run; None for one that no program is written for.

    There is one where one label of each text is learnt, by all weights or by LoRA, on one device, a batch at once.

    Args:
        folder: the run.
        request: what it was asked for.

    Raises:
        UserError: when its model is another by now, or cannot be found.
    """
    description = stored_description(folder)
    is_plain = request.method in ("full", "lora") and request.processes == 1 and request.grad_accum == 1
    as_usual = not (request.find_lr or request.collator or request.early_stopping or request.metric)
    if description.training_task != "classification" or not (is_plain and as_usual):
        return None
    model = same_model(starting_model(request, folder), folder)
    task = task_named("classification")
    outlined = outline(model, task.head, task.config(description), max_length=request.max_length)
    steps = steps_of(request, description.rows["train"])
    where = source_of(model).folder if model.kind == "bundled" else None
    return TrainingRecipe(
        data=str(folder.data.resolve()),
        labels=description.labels,
        has_pairs="pair" in stored_rows(folder, "train").column_names,
        place=Place(model, None if where is None else str(where)),
        limit=outlined.limit,
        every=int(request.arguments.get("eval_steps") or steps.per_epoch),
        metric=task.best_metric,
        adapter=_adapter(model, request, description) if request.method == "lora" else None,
    )


def _adapter(model: ModelRef, request: FinetuneRequest, description: Description) -> tuple[tuple[str, Any], ...]:
    """What peft is told; the model is loaded for it, since what it comes without is trained whole."""
    task = task_named("classification")
    loaded = load_to_train(model, task.head, task.config(description), seed=request.seed)
    config = with_adapter(loaded.model, request, task.head, loaded.new).peft_config["default"]
    return (
        ("r", config.r),
        ("lora_alpha", config.lora_alpha),
        ("lora_dropout", config.lora_dropout),
        ("target_modules", sorted(config.target_modules)),
        ("modules_to_save", config.modules_to_save),
    )
