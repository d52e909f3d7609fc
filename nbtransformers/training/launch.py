"""Begin a run, or go on with one: its directory is written, its worker started, and nobody waits for it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any

import psutil

from nbtransformers.errors import UserError
from nbtransformers.interrupt import deferred_interrupts
from nbtransformers.loading.registry import REGISTRY
from nbtransformers.loading.room import return_memory
from nbtransformers.progress import OnProgress, silent
from nbtransformers.request import FinetuneRequest, Objects
from nbtransformers.rundir import heartbeat
from nbtransformers.rundir.atomic import write_json, write_text
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.rundir.listing import shown_folder, typed_name
from nbtransformers.rundir.state import is_owned
from nbtransformers.training.detached import start_detached
from nbtransformers.training.packages import refuse_lacking_packages, versions_of
from nbtransformers.training.source import keep_source

_TOLD = (
    "nbtransformers",
    "torch",
    "transformers",
    "accelerate",
    "datasets",
    "tokenizers",
    "numpy",
    "scikit-learn",
    "peft",
    "bitsandbytes",
)
_END_S = 5.0  # that a worker may take to end


def launch(request: FinetuneRequest, objects: Objects, folder: RunFolder, on_progress: OnProgress = silent) -> None:
    """Write a run directory and start its worker. When that fails, there is no directory any more.

    Args:
        request: what was asked for.
        objects: the data, and the model, where the request names variables.
        folder: the run's directory, made and empty.
        on_progress: told what takes time before the worker starts.

    Raises:
        UserError: when something is wrong that can be known before a worker is at work.
    """
    with _removed_unless_started(folder):
        # Until the worker gives signs itself: who is killed on the way leaves a directory that the next may take.
        heartbeat.of_process(os.getpid()).write(folder.heartbeat)
        refuse_lacking_packages()
        from nbtransformers.training.card import write_card
        from nbtransformers.training.data import prepare
        from nbtransformers.training.early import refuse_early
        from nbtransformers.training.evaluating import refuse_other_metric
        from nbtransformers.training.tasks import task_named

        refuse_early(request, objects, folder)
        task = prepare(request, objects, folder, on_progress).training_task
        refuse_lacking_packages(task)
        refuse_other_metric(request.metric, task_named(task))
        keep_source(request, objects, folder)
        write_json(folder.environment, environment())
        free_gpu(request, objects)
        write_card(request, folder)
        with deferred_interrupts():  # from here on somebody else may see it
            write_text(folder.request, request.to_json() + "\n")
            _start(folder)


def relaunch(folder: RunFolder) -> None:
    """Start another worker on a run that has none; it goes on from the last whole checkpoint.

    Raises:
        UserError: when its data are not those that it began with, a worker owns it, or the disk is full.
    """
    refuse_lacking_packages()
    try:
        _relaunch(folder)
    except OSError as error:
        raise UserError(
            f"The run {folder.name} cannot go on: {error.strerror or error}.",
            hint=f"Make room, or mend what is named, and type `%runs resume {typed_name(folder)}`.",
        ) from error


def _relaunch(folder: RunFolder) -> None:
    if is_owned(folder):
        raise UserError(f"A worker is at work in the run {folder.name}.", hint="Wait until it has ended.")
    from nbtransformers.training.data import fingerprint, stored_description

    if fingerprint(folder) != stored_description(folder).fingerprint:
        raise UserError(
            f"The data of the run {folder.name} are not those that it began with.",
            hint="Begin another run with them: `%finetune`.",
        )
    if REGISTRY.loaded():
        free_gpu(FinetuneRequest.from_json(folder.request.read_text(encoding="utf-8")), {})
    with deferred_interrupts():
        heartbeat.of_process(os.getpid()).write(folder.heartbeat)
        _start(folder)


def _start(folder: RunFolder) -> None:
    heard = folder.control.stat().st_size if folder.control.exists() else 0
    command = [sys.executable, "-m", "nbtransformers.training.worker", str(folder.path), "--control-from", str(heard)]
    try:
        pid = start_detached(command, folder.log)
    except BaseException:
        folder.heartbeat.unlink(missing_ok=True)
        raise
    try:
        heartbeat.of_process(pid).write(folder.heartbeat)
    except psutil.NoSuchProcess:  # it has ended already: its log says why
        folder.heartbeat.unlink(missing_ok=True)
    except OSError:  # it gives signs itself
        pass
    except BaseException:
        _end(pid)
        folder.heartbeat.unlink(missing_ok=True)
        raise


def _end(pid: int) -> None:
    """End a worker that was just started, so that it writes no more."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        process.kill()
        process.wait(_END_S)


@contextmanager
def _removed_unless_started(folder: RunFolder) -> Generator[None]:
    try:
        yield
    except BaseException as error:
        shutil.rmtree(folder.path, ignore_errors=True)
        if not isinstance(error, OSError):
            raise
        place = shown_folder(folder.path.parent)
        raise UserError(
            f"The run {folder.name} cannot be written into {place}: {error.strerror or error}.",
            hint="Make room, or give another folder: `--folder runs`.",
        ) from error


def environment() -> dict[str, Any]:
    """What a run was made with: versions, and the machine."""
    return {
        "python": platform.python_version(),
        "packages": versions_of(_TOLD),
        "system": platform.platform(),
        "machine": {"name": platform.node(), "cores": os.cpu_count(), "memory": psutil.virtual_memory().total},
        "gpus": _gpus(),
    }


def _gpus() -> list[str]:
    import torch

    return [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]


def free_gpu(request: FinetuneRequest, objects: Objects) -> None:
    """Where the run takes every GPU, leave them to it: models that tasks have loaded are forgotten, a user's own moved.

    Both come back by themselves: a task loads its model again, and one in memory is moved by whoever owns it.
    """
    import torch

    if request.device == "cpu" or not torch.cuda.is_available() or torch.cuda.device_count() > request.processes:
        return
    for name in {loaded.name for loaded in REGISTRY.loaded() if loaded.device.startswith("cuda")}:
        REGISTRY.forget(name)
    if request.model is not None and request.model.kind == "variable" and request.model.name in objects:
        from nbtransformers.loading.models import model_and_tokenizer

        model = model_and_tokenizer(objects[request.model.name])[0]
        if model.device.type == "cuda":
            with REGISTRY.lock_and_notes(model)[0]:
                model.to("cpu")
            told = f"{request.model.name} is on the CPU now: the GPU is left to the run."
            warnings.warn_explicit(told, UserWarning, "nbtransformers", 0)
    return_memory()
