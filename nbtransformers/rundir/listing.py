"""The runs of a project."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
from contextlib import suppress
from operator import itemgetter
from pathlib import Path

from nbtransformers.errors import UserError, did_you_mean
from nbtransformers.rundir import heartbeat
from nbtransformers.rundir.folder import RunFolder

RUNS = Path("nbtransformers-runs")
"""Where the runs of a project are, from its working directory, unless `folder` says otherwise."""

_NAME = re.compile(r"[\w][\w.+-]*")


def shown_folder(folder: Path) -> str:
    """A folder as a person types it: from the working directory on, where it is below that."""
    here = Path.cwd()
    return str(folder.relative_to(here)) if folder.is_relative_to(here) else str(folder)


def typed_name(run: RunFolder) -> str:
    """A run as a person types it after `%runs stop`: with its folder, where that is not the usual one."""
    folder = run.path.parent.absolute()
    return run.name if folder == Path.cwd() / RUNS else f"{run.name} --folder {shlex.quote(shown_folder(folder))}"


def run_folders(folder: Path) -> list[RunFolder]:
    """Every run below a folder, the newest first."""
    found: list[tuple[float, RunFolder]] = []
    for path in folder.glob("*/request.json"):
        if path.parent.name.startswith("."):  # one that is being deleted
            continue
        with suppress(FileNotFoundError):  # deleted meanwhile
            found.append((path.stat().st_mtime, RunFolder(path.parent)))
    return [run for _, run in sorted(found, key=itemgetter(0), reverse=True)]


def find_run(name: str, folder: Path) -> RunFolder:
    """The run of a name, or the one whose directory is given.

    Args:
        name: what it is called, or the path of its directory.
        folder: where a name is looked for.

    Raises:
        UserError: when there is none; the hint has the nearest name.
    """
    named, given = RunFolder(folder / name), RunFolder(_absolute(name))
    if _NAME.fullmatch(name) and named.request.is_file():
        return named
    if given.request.is_file():
        return given
    if is_path(name):
        raise _no_run_at(given.path)
    names = [found.name for found in run_folders(folder)]
    raise UserError(
        f"There is no run {name} in {shown_folder(folder)}.",
        hint=did_you_mean(name, names, what="There is") if names else "Start one with `%finetune`.",
    )


def is_path(name: str) -> bool:
    """Whether a text is the path of a run's directory, and not the name of a run."""
    return Path(name).name != name or name.startswith(("~", ".")) or not name


def _absolute(path: str) -> Path:
    return Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100  (pathlib's keeps a `..`)


def _no_run_at(path: Path) -> UserError:
    runs = run_folders(path)
    inside = f"It has runs in it: give one of them, such as {shown_folder(runs[0].path)}." if runs else ""
    return UserError(f"{shown_folder(path)} is not the directory of a run.", hint=inside or "Type `%runs` for all.")


def new_run(name: str, folder: Path) -> RunFolder:
    """The folder of a new run, made; what a kernel left there that was killed before the run began is removed.

    Raises:
        UserError: when the name is taken, or cannot be that of a folder.
    """
    if not _NAME.fullmatch(name):
        raise UserError(f"A run cannot be called {name!r}.", hint="Use letters, digits, `-`, `_` and `.`.")
    made = _made(name, folder)
    if made is None:
        raise UserError(
            f"There is a run {name} already, in {shown_folder(folder)}.",
            hint=f"Type another name, such as `--name {_next(name, folder)}`.",
        )
    return made


def new_run_after(stem: str, folder: Path) -> RunFolder:
    """The folder of a new run, made, under a name that no run has: `minilm-1`, `minilm-2`, ….

    Raises:
        UserError: when no folder can be made there.
    """
    made = None
    while made is None:  # another notebook may take the name first
        made = _made(free_name(stem, folder), folder)
    return made


def _made(name: str, folder: Path) -> RunFolder | None:
    """The folder of a run, made; None when it is there already."""
    run = RunFolder(folder / name)
    try:
        if _is_left(run):
            shutil.rmtree(run.path)
        run.path.mkdir(parents=True)
    except FileExistsError:
        return None
    except OSError as error:
        raise UserError(
            f"No run can be made in {shown_folder(folder)}: {error.strerror or error}.",
            hint="Give another folder: `--folder runs`.",
        ) from error
    return run


def _is_left(run: RunFolder) -> bool:
    """Whether a kernel of this machine was killed while it prepared a run there; only what is surely that."""
    if run.request.exists() or run.events.exists():
        return False
    try:
        beat = heartbeat.read(run.heartbeat)
    except (ValueError, TypeError, AttributeError):  # a file of that name which is something else
        return False
    return beat is not None and beat.host == socket.gethostname() and not heartbeat.is_alive(beat)


def free_name(stem: str, folder: Path) -> str:
    """A name that no run has, such as `minilm-3`."""
    return _next(re.sub(r"[^\w.+-]+", "-", stem).strip("-.") or "run", folder)


def _next(name: str, folder: Path) -> str:
    stem = re.sub(r"-\d+$", "", name)
    number = 1
    while (folder / f"{stem}-{number}").exists():
        number += 1
    return f"{stem}-{number}"
