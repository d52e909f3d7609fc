"""Checkpoints that are whole or not used: the marker is written last, and taken away first."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from nbtransformers.rundir.atomic import flush_folder, flush_tree, read_json, write_json
from nbtransformers.rundir.folder import COMPLETE, RunFolder

KEPT = 2
"""Checkpoints that are kept besides the best: the last, and one in case the disk damages it."""

_FILES = "files"  # in the marker: the bytes of each file
_BEFORE, _TORN, _DAMAGED = "before-", "torn-", "damaged-"  # put before the names of folders that nothing resumes from
_STATE = "trainer_state.json"


@dataclass(frozen=True, slots=True)
class Marker:
    """What a checkpoint's marker says beside that it is whole.

    Attributes:
        lr_changes: how many of the run's changes of the learning rate are in its optimizer.
        evaluation_due: whether the evaluation of its step was broken off, and is to be done again.
        finished: whether training had reached its end.
    """

    lr_changes: int = 0
    evaluation_due: bool = False
    finished: bool = False


@dataclass(frozen=True, slots=True)
class Last:
    """The checkpoint that a run goes on from.

    Attributes:
        step: its step; None where none can be read.
        damaged: the later ones, which cannot be read: their steps, and the file that is damaged in each.
    """

    step: int | None
    damaged: dict[int, str]


# --- how a checkpoint comes to be whole ---


def make_way(checkpoint: Path) -> None:
    """Make way for a checkpoint; a whole one of its step is put aside, until the new one is whole."""
    if _is_whole(checkpoint):
        checkpoint.rename(_named(checkpoint, _BEFORE))
        flush_folder(checkpoint.parent)
    else:
        remove(checkpoint)


def complete(checkpoint: Path, marker: Marker) -> None:
    """Say of a checkpoint that it is whole, once the disk has all of it."""
    flush_tree(checkpoint)
    flush_folder(checkpoint.parent)
    sizes = {file.relative_to(checkpoint).as_posix(): file.stat().st_size for file in _files(checkpoint)}
    write_json(checkpoint / COMPLETE, {**asdict(marker), _FILES: sizes})
    remove(_named(checkpoint, _BEFORE))


def put_back(run: RunFolder) -> None:
    """Put back the whole checkpoint that was put aside for one of its step that is torn now."""
    for before in run.checkpoints.glob(f"{_BEFORE}*"):
        checkpoint = before.with_name(before.name.removeprefix(_BEFORE))
        if not _is_whole(before) or _is_whole(checkpoint):
            continue
        if checkpoint.exists():
            checkpoint.rename(_named(checkpoint, _TORN))
        before.rename(checkpoint)
        flush_folder(run.checkpoints)


# --- which there are ---


def is_complete(run: RunFolder, step: int) -> bool:
    """Whether there is a whole checkpoint of a step."""
    return _is_whole(run.checkpoint(step))


def marker_of(checkpoint: Path) -> Marker:
    """What the marker of a whole checkpoint says."""
    found = read_json(checkpoint / COMPLETE)
    return Marker(**{field.name: found[field.name] for field in fields(Marker) if field.name in found})


def last_readable(run: RunFolder) -> Last:
    """The last whole checkpoint that can be read; a disk may lose what it said it had."""
    damaged: dict[int, str] = {}
    for step in reversed(run.complete_checkpoints()):
        file = damaged_file(run.checkpoint(step))
        if file is None:
            return Last(step, damaged)
        damaged[step] = file
    return Last(None, damaged)


def damaged_file(checkpoint: Path) -> str | None:
    """The file of a whole checkpoint that cannot be read, or is not there any more; None where all can be."""
    try:
        marked: dict[str, int] = json.loads((checkpoint / COMPLETE).read_bytes()).get(_FILES, {})
    except (OSError, ValueError, AttributeError):
        return COMPLETE
    for name, size in {_STATE: None, **marked}.items():
        file = checkpoint / name
        if not file.is_file() or (size is not None and file.stat().st_size != size) or not _is_readable(file):
            return name
    return None


def best_of(checkpoint: Path) -> int | None:
    """The step of the best checkpoint there was by this one."""
    return read_json(checkpoint / _STATE).get("best_global_step")


# --- which are taken away ---


def remove_torn(run: RunFolder) -> None:
    """Take away what a worker that was killed, or a disk that was full, has left."""
    put_back(run)
    for folder in run.checkpoints.glob("*checkpoint-*"):
        if folder.name.startswith((_BEFORE, _TORN)) or not (folder / COMPLETE).exists():
            remove(folder)


def put_aside(run: RunFolder, damaged: dict[int, str]) -> None:
    """Let nothing resume from checkpoints that cannot be read; they are there until the run is as far again."""
    for step in damaged:
        aside = _named(run.checkpoint(step), _DAMAGED)
        remove(aside)
        run.checkpoint(step).rename(aside)


def remove_old(run: RunFolder, best: int | None) -> None:
    """Keep the last checkpoints and the best, and no others."""
    whole = run.complete_checkpoints()
    for step in whole[:-KEPT]:
        if step != best:
            remove(run.checkpoint(step))
    for aside in run.checkpoints.glob(f"{_DAMAGED}*"):
        if whole and int(aside.name.rpartition("-")[2]) <= whole[-1]:
            remove(aside)


def remove(checkpoint: Path) -> None:
    """Take a checkpoint away; killed on the way, it is torn, and nobody takes it for whole."""
    if checkpoint.exists():
        (checkpoint / COMPLETE).unlink(missing_ok=True)
        flush_folder(checkpoint)
        shutil.rmtree(checkpoint)


def _is_whole(checkpoint: Path) -> bool:
    return (checkpoint / COMPLETE).exists()


def _named(checkpoint: Path, before: str) -> Path:
    return checkpoint.with_name(before + checkpoint.name)


# --- what can be read ---


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _is_readable(file: Path) -> bool:
    """Whether a file is as whole as its format can tell."""
    read = _READERS.get(file.suffix)
    if read is None:
        return True
    try:
        return read(file)
    except MemoryError:
        raise
    except Exception:  # each format has errors of its own
        return False


def _read_json(file: Path) -> bool:
    return json.loads(file.read_bytes()) is not None


def _read_safetensors(file: Path) -> bool:
    from safetensors import safe_open

    opened: Any = safe_open
    with opened(file, "np"):  # its header says how long it must be
        return True


def _read_torch(file: Path) -> bool:
    with zipfile.ZipFile(file) as archive:
        return archive.testzip() is None


_READERS: dict[str, Callable[[Path], bool]] = {
    ".json": _read_json,
    ".safetensors": _read_safetensors,
    ".pt": _read_torch,
    ".pth": _read_torch,
}
