"""Checkpoints that are whole or not used: the marker is written last, and taken away first."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from nbtransformers.rundir.atomic import flush_folder, flush_tree, read_json, write_json
from nbtransformers.rundir.folder import COMPLETE, RunFolder

KEPT = 2
"""Checkpoints that are kept besides the best: the last, and one in case the disk damages it."""


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


def complete(checkpoint: Path, marker: Marker) -> None:
    """Say of a checkpoint that it is whole, once the disk has all of it."""
    flush_tree(checkpoint)
    flush_folder(checkpoint.parent)
    write_json(checkpoint / COMPLETE, asdict(marker))


def is_complete(run: RunFolder, step: int) -> bool:
    """Whether there is a whole checkpoint of a step."""
    return (run.checkpoint(step) / COMPLETE).exists()


def marker_of(checkpoint: Path) -> Marker:
    """What the marker of a whole checkpoint says."""
    return Marker(**read_json(checkpoint / COMPLETE))


def remove(checkpoint: Path) -> None:
    """Take a checkpoint away; killed on the way, it is torn, and nobody takes it for whole."""
    if checkpoint.exists():
        (checkpoint / COMPLETE).unlink(missing_ok=True)
        flush_folder(checkpoint)
        shutil.rmtree(checkpoint)


def remove_torn(run: RunFolder) -> None:
    """Take away what a worker that was killed, or a disk that was full, has left."""
    for checkpoint in run.checkpoints.glob("checkpoint-*"):
        if not (checkpoint / COMPLETE).exists():
            remove(checkpoint)


def remove_old(run: RunFolder, best: int | None) -> None:
    """Keep the last checkpoints and the best, and no others."""
    for step in run.complete_checkpoints()[:-KEPT]:
        if step != best:
            remove(run.checkpoint(step))
