"""The model of a training run, as `run:NAME` or as the run itself."""

from __future__ import annotations

from pathlib import Path

from nbtransformers.errors import UserError
from nbtransformers.request import ModelRef
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.rundir.listing import find_run, typed_name
from nbtransformers.rundir.state import state_of

PREFIX = "run:"
_WAYS_OUT = {
    "starting": "Wait for it: `%runs {}` shows how far it is.",
    "running": "Wait for it: `%runs {}` shows how far it is.",
    "paused": "Let it go on: `%runs resume {}`.",
    "stopped": "Let it go on: `%runs resume {}`.",
    "failed": "`%runs {}` says why; `%runs resume {}` goes on.",
    "dead": "Let it go on: `%runs resume {}`.",
}


def named_run(name: str, folder: Path) -> ModelRef:
    """The model of `run:NAME`.

    Raises:
        UserError: when there is no such run, or it has no model yet.
    """
    return model_of_run(find_run(name.removeprefix(PREFIX), folder))


def model_of_run(files: RunFolder) -> ModelRef:
    """The model that a run has made; after a stop, that of its best evaluation so far.

    Raises:
        UserError: when it has none yet.
    """
    state = state_of(files)
    if state in ("done", "stopped") and (files.model / "config.json").exists():
        return ModelRef("folder", str(files.model.resolve()))
    if state == "done":
        raise UserError(f"The model of the run {files.name} is gone.", hint=f"Look into {files.path}.")
    raise UserError(
        f"The run {files.name} is {state}, and has no model yet.",
        hint=_WAYS_OUT[state].replace("{}", typed_name(files)),
    )


def folder_name(folder: Path) -> str:
    """What a model in a folder is called: that of a run by the run's name.

    Example:
        >>> folder_name(Path("models/bert"))
        'bert'
    """
    is_run = folder.name == "model" and RunFolder(folder.parent).request.is_file()
    return f"{PREFIX}{folder.parent.name}" if is_run else folder.name
