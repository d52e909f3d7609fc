"""`nbtransformers.finetune`."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from nbtransformers import settings
from nbtransformers.doors.common import model_of, texts_of, tokenizer_of
from nbtransformers.doors.door import door
from nbtransformers.doors.runs import Run, show_as_panels
from nbtransformers.errors import Interrupted, UserError, kind_of
from nbtransformers.inputs.refs import data_ref
from nbtransformers.interrupt import Stop, deferred_interrupts
from nbtransformers.loading.runs import PREFIX, folder_name
from nbtransformers.panels.view import View, passing_view
from nbtransformers.progress import OnProgress, Progress, silent
from nbtransformers.request import DataRef, FinetuneRequest, ModelRef, Objects, TrainingMethod, TrainingTask
from nbtransformers.request.checks import one_of
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.rundir.listing import new_run, new_run_after, typed_name
from nbtransformers.rundir.state import ENDED

_NOT_OF_THE_REQUEST = ("data", "arguments", "wait", "name", "folder")
_LOOK_S = 0.2  # between two looks of who waits


@door
def finetune(
    data: Any,
    *,
    text: str | None = None,
    label: str | Iterable[str] | None = None,
    pair: str | None = None,
    test: Any = None,
    task: TrainingTask | None = None,
    model: Any = None,
    method: TrainingMethod = "full",
    epochs: float = 3.0,
    lr: float | None = None,
    find_lr: bool = False,
    batch_size: int = 16,
    grad_accum: int = 1,
    warmup: float = 0.1,
    schedule: str = "linear",
    weight_decay: float = 0.01,
    max_length: int | None = None,
    seed: int = 42,
    test_share: float = 0.2,
    bf16: bool = False,
    early_stopping: int | None = None,
    metric: str | None = None,
    collator: str | None = None,
    lora_rank: int | None = None,
    lora_alpha: float | None = None,
    lora_dropout: float | None = None,
    lora_modules: str | Iterable[str] | None = None,
    report_to: str | Iterable[str] | None = None,
    device: str | None = None,
    gpus: int | None = None,
    name: str | None = None,
    folder: str | os.PathLike[str] | None = None,
    wait: bool = False,
    encoding: str | None = None,
    split: str | None = None,
    subset: str | None = None,
    tokenizer: Any = None,
    revision: str | None = None,
    allow_pickle: bool = False,
    trust_remote_code: bool = False,
    allow_large: bool = False,
    **arguments: Any,
) -> Run:
    """Train a model further on examples, in a process of its own; returns at once.

    The run is a directory. It goes on when the notebook is closed, or its kernel restarted or killed; `attach` finds it
    again. What is None is as `%nbt set`, the environment or a pyproject.toml says (see `defaults`), or else as below.

    Args:
        data: a table, a Dataset, a DatasetDict, a list of (text, label) pairs, a file as a `Path`, or a Hub dataset as
            `"hub:owner/name"`.
        text: the column of the texts; None finds it.
        label: the column of the labels, of numbers, or of the texts that are to be written; several are labels of 0
            and 1 each. None finds it.
        pair: the column of the second texts, for sentence pairs.
        test: the examples to evaluate on, as `data`; None takes the split that there is, or a share of the rows.

        task: `classification`, `multi-label`, `regression`, `tokens`, `seq2seq`, `causal` or `masked`; None infers it.
        model: a bundled name, a folder, a Hub id, a run as `"run:NAME"`, a Transformers model, a pipeline, or a
            (model, tokenizer) pair. Without one: the bundled encoder.
        method: `full` trains every weight; `lora` small matrices beside them, an adapter; `qlora` the same beside
            weights of 4 bits; `head` only what is on top of the model, for which each text is encoded once.

        epochs: how often every example is seen.
        lr: the learning rate at its highest; None is 5e-5, for `lora` and `qlora` 2e-4, for `head` 1e-3.
        find_lr: look for a learning rate first; it is used unless `lr` is given.
        batch_size: examples in a step, times `grad_accum`.
        grad_accum: batches that make a step.
        warmup: the share of all steps in which the learning rate rises.
        schedule: how it falls after that: `linear`, `cosine`, `constant`, … as `lr_scheduler_type` of Transformers.
        weight_decay: of AdamW.
        max_length: tokens that are read of an example; None is the model's limit.
        seed: of everything that is drawn.
        test_share: how much of the rows is kept for the evaluation where no test examples are given.
        bf16: compute in bfloat16.

        early_stopping: evaluations without an improvement after which it ends; None goes on to the end.
        metric: what says which checkpoint is the best; `module:function` is your own, of which more is better unless
            `greater_is_better=False` is given.
        collator: `module:function` of your own, which makes batches.

        lora_rank: of the matrices of an adapter; None is 8.
        lora_alpha: an adapter counts by this over its rank; None is 16.
        lora_dropout: the share of its inputs that an adapter leaves out while it learns; None is 0.05.
        lora_modules: the names of the layers that have one; None is as peft has it for the model, else all.

        report_to: where reports go besides: `tensorboard`, `trackio`, `wandb`, `mlflow`.
        device: `auto`, `cpu`, `cuda` or `mps`.
        gpus: how many GPUs share each batch; None is one.
        name: what the run is called; None finds a free name.
        folder: where the runs are; None is `nbtransformers-runs` in the working directory.
        wait: return when it has ended; an interrupt then stops the run well.

        encoding: how a text file is encoded; None guesses, and says the guess.
        split: the split of a dataset to learn from.
        subset: the configuration of a Hub dataset.

        tokenizer: the tokenizer of a model that comes without one.
        revision: a Hub model's branch, tag or commit.
        allow_pickle: load pickled weights where there are no safetensors; only tensors are unpickled.
        trust_remote_code: run the code that comes with the model.
        allow_large: load it even if it does not seem to fit into memory.

        **arguments: any other field of `transformers.TrainingArguments`, by its own name.

    Returns:
        The `Run`: `state`, `events`, `metrics`, `wait()`, `pause()`, `resume()`, `stop()`, `set_lr()`, `model`,
        `panel()`.

    Raises:
        UserError: one line that says what is wrong and what to type instead; nothing is left of the run then.

    Example:
        >>> import nbtransformers as nbt
        >>> run = nbt.finetune(df, text="review", label="stars", model="minilm", epochs=1)
        >>> run.wait()
        'done'
        >>> nbt.classify(["A joy from start to end."], model=run)
    """
    given = {key: value for key, value in locals().items() if key not in _NOT_OF_THE_REQUEST}
    ref, objects = texts_of(data, given)
    if test is not None:
        given["test"], found = data_ref(test, encoding=encoding, subset=subset, name="test")
        objects = {**objects, **found}
    asked = finetune_request(ref, objects, **given, **arguments)
    begun = begin(*asked, name, settings.runs_folder(folder, "finetune"), passing_view("Preparing a run"))
    if wait:
        with passing_view(f"Training {begun.name}") as view:
            wait_well(begun, view.progress)
    return begun


def finetune_request(
    data: DataRef, objects: Objects, *, namespace: Mapping[str, Any] | None = None, **given: Any
) -> tuple[FinetuneRequest, Objects]:
    """The request for what a user gave, and the objects that it names.

    Args:
        data: the examples.
        objects: what `data`, and `test`, name.
        namespace: where names are looked up.
        given: arguments of `finetune` but for those that only say where the run is; for one that is None, or missing,
            the settings are asked.
    """
    filled = settings.filled("finetune", given)
    values = dict(filled.values)
    values.pop("folder", None)
    tokenizer = values.pop("tokenizer", None)
    model, found = model_of(filled, values, namespace)
    objects = {**objects, **found, **_with_tokenizer(model, found, tokenizer, namespace or {})}
    if "task" in values:
        values["training_task"] = values.pop("task")
    for one in ("text", "pair"):
        values[one] = None if values.get(one) is None else str(values[one])  # pandas has numbers for names, too
    for several in ("label", "report_to", "lora_modules"):
        values[several] = _tuple(values.get(several))
    own = [field.name for field in fields(FinetuneRequest) if field.name not in ("data", "arguments")]
    others = {key: values.pop(key) for key in list(values) if key not in own}
    values["arguments"] = _checked_arguments(others, own)
    request = FinetuneRequest(data=data, model=model or _bundled(), **values)
    _check_schedule(request.schedule)
    return request, objects


def begin(request: FinetuneRequest, objects: Objects, name: str | None, folder: Path, view: View) -> Run:
    """Begin a run: the one way through, for magics and functions.

    Raises:
        UserError: when something is wrong that can be known before a worker is at work; nothing is left then.
    """
    from nbtransformers.training.launch import launch

    show_as_panels()
    files = _new_run(name, request, folder)
    with view:
        try:
            launch(request, objects, files, view.progress)
        except KeyboardInterrupt as error:
            raise Interrupted("Interrupted before the run began; nothing is left of it.") from error
    return Run(files)


def wait_well(run: Run, on_progress: OnProgress = silent) -> None:
    """Wait until a run has ended; an interrupt stops it well, a second one leaves it to itself.

    Raises:
        UserError: when it failed, or its worker is gone.
        Interrupted: when the interrupt stopped it, so that cells below do not run.
    """
    with deferred_interrupts() as stop:
        interrupted = _wait(run, stop, on_progress)
    state = run.state
    if state == "failed":
        told = run.history.told
        raise UserError(
            told.message or f"The run {run.name} has failed.", hint=told.hint or f"Look into {run.files.log}."
        )
    if state == "dead":
        raise UserError(
            f"The worker of the run {run.name} is gone.", hint=f"Type `%runs resume {typed_name(run.files)}`."
        )
    if interrupted and state == "stopped":  # else it was at its end already
        again = f"`%runs resume {typed_name(run.files)}`"
        raise Interrupted(f"The run {run.name} was stopped at step {run.step:,}. {again} goes on.")


def _wait(run: Run, stop: Stop, on_progress: OnProgress) -> bool:
    told = False
    while run.state not in ENDED:
        if stop() and not told:
            told = True
            with contextlib.suppress(UserError):  # it has ended meanwhile
                run.stop()
        message = f"Training {run.name}" + (", stopping" if told else "")
        on_progress(
            Progress("running", message, run.step, run.plan.get("steps"), unit="steps", eta_s=run.history.left_s())
        )
        time.sleep(_LOOK_S)
    return told


def _new_run(name: str | None, request: FinetuneRequest, folder: Path) -> RunFolder:
    if name is None:
        return new_run_after(_stem(request.model), folder)
    if not isinstance(name, str):
        raise UserError(f"The name of a run is text, and this is {kind_of(name)}.", hint="Type `--name first`.")
    return new_run(name, folder)


def _stem(model: ModelRef | None) -> str:
    """What the names of runs that start from a model begin with."""
    if model is None:
        return "run"
    path = Path(model.name)
    return folder_name(path).removeprefix(PREFIX) if model.kind == "folder" else path.name


def _bundled() -> ModelRef:
    from nbtransformers.loading.bundled import BUNDLED_ENCODER

    return ModelRef("bundled", BUNDLED_ENCODER)


def _with_tokenizer(ref: ModelRef | None, objects: Objects, tokenizer: Any, namespace: Mapping[str, Any]) -> Objects:
    """A user's own model together with the tokenizer that was given for it."""
    if tokenizer is None:
        return {}
    if ref is None or ref.kind != "variable":
        raise UserError("`--tokenizer` is for a model of your own, in a variable.", hint="Leave `--tokenizer` out.")
    from nbtransformers.loading.models import model_and_tokenizer

    return {ref.name: (model_and_tokenizer(objects[ref.name])[0], tokenizer_of(tokenizer, namespace))}


def _tuple(values: Any) -> tuple[str, ...]:
    return () if values is None else (values,) if isinstance(values, str) else tuple(map(str, values))


def _checked_arguments(given: dict[str, Any], own: Iterable[str]) -> dict[str, Any]:
    if not given:
        return {}
    from nbtransformers.training.arguments import checked

    return checked(given, tuple(own))


def _check_schedule(schedule: object) -> None:
    if schedule == "linear":
        return
    from nbtransformers.training.arguments import schedules

    one_of("schedule", schedule, schedules())
