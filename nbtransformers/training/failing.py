"""Why a run has failed, in a line for whoever started it."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator, Mapping

from nbtransformers.engine.failures import first_line
from nbtransformers.engine.out_of_memory import is_out_of_memory
from nbtransformers.errors import UserError
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.rundir.listing import typed_name

LESS_MEMORY = "Type `--max-length 128`, or give a smaller model."
"""The way out where memory is too little for one example."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_SAYS_FULL = ("no space left", "quota exceeded", "file too large")
_LEFT = 16 * 2**20  # bytes: where less is free and a file could not be written, that is why
_COULD_NOT_WRITE = ("file write failed", "failed writing file", "unexpected pos")  # torch, which does not say why


def explained(error: BaseException, folder: RunFolder) -> UserError:
    """What is told of an error: what went wrong, and the way out."""
    if isinstance(error, UserError):
        return error
    if is_disk_full(error, folder):
        return _disk_full(folder)
    if is_out_of_memory(error):
        return UserError("Memory ran out with one example at a time.", hint=LESS_MEMORY)
    said = first_line(error) if isinstance(error, Exception) else ""
    return UserError(
        f"Training failed ({type(error).__name__}{f': {said}' if said else ''}).",
        hint=f"The whole of it is in {folder.log}.",
    )


def unreadable(folder: RunFolder, damaged: Mapping[int, str]) -> UserError:
    """What is told where no checkpoint can be read; beginning again would throw away what was learnt.

    Args:
        folder: the run.
        damaged: the steps of its checkpoints, and the file that is damaged in each.
    """
    step, file = next(iter(damaged.items()))
    others = " No other can be read either." if len(damaged) > 1 else " There is no other."
    return UserError(
        f"The last checkpoint of the run {folder.name}, of step {step:,}, is damaged: {file}.{others}",
        hint=f"Put a copy in the place of {folder.checkpoint(step)}, or begin another run: `%finetune`.",
    )


def is_disk_full(error: BaseException, folder: RunFolder) -> bool:
    """Whether an error says that the disk is full; not every library passes on how the system put it."""
    for link in _chain(error):
        text = str(link).casefold()
        if isinstance(link, OSError) and link.errno in _FULL:
            return True
        if any(said in text for said in _SAYS_FULL):
            return True
        if any(said in text for said in _COULD_NOT_WRITE) and shutil.disk_usage(folder.path).free < _LEFT:
            return True
    return False


def _disk_full(folder: RunFolder) -> UserError:
    whole = folder.complete_checkpoints()
    kept = f"Its last checkpoint, of step {whole[-1]:,}, is whole." if whole else "It has no checkpoint yet."
    return UserError(
        f"The disk is full, and the run {folder.name} cannot be written on. {kept}",
        hint=f"Make room, and type `%runs resume {typed_name(folder)}`.",
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__
