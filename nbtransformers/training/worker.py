"""The process that trains: `python -m nbtransformers.training.worker FOLDER`; one at a time owns a run."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from nbtransformers.errors import UserError
from nbtransformers.request import FinetuneRequest
from nbtransformers.rundir.atomic import remove_unfinished
from nbtransformers.rundir.control import Controls
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.rundir.history import History
from nbtransformers.training import checkpoints
from nbtransformers.training.beat import Beat
from nbtransformers.training.failing import explained
from nbtransformers.training.garbage import leave_to_the_system
from nbtransformers.training.processes import Processes
from nbtransformers.training.training import Training

DONE, FAILED, OWNED = 0, 1, 3
"""What the process ends with; a run that was stopped is done with, too."""
_ROOM = 2**16  # bytes


def run_worker(folder: RunFolder, control_from: int = 0) -> int:
    """Train a run until it is done, stopped or failed; it goes on from its last whole checkpoint.

    Args:
        folder: the run.
        control_from: bytes of its file of control that were there before this worker was asked for.

    Returns:
        The exit status: 0 when it is done or stopped, 1 when it failed, 3 when another worker owns the run.
    """
    lock = FileLock(folder.lock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        _say(f"Another worker owns the run {folder.name}.")
        return OWNED
    _tidy(folder)
    with lock, Beat(folder.heartbeat, children=_processes(folder) > 1), _ended_by_signals() as asked_to_end:
        history = History(folder.events)
        history.read()
        if history.told.state == "done":
            _say(f"The run {folder.name} is done.")
            return DONE
        return _train(folder, control_from, asked_to_end)


def _train(folder: RunFolder, control_from: int, asked_to_end: threading.Event) -> int:
    checkpoints.remove_torn(folder)
    training = _training(folder, control_from, asked_to_end)
    with _room_kept(folder) as give_room:
        try:
            while not training.attempt():  # again with smaller parts, after memory ran out
                pass
        except Exception as error:
            checkpoints.put_back(folder)
            said = explained(error, folder)  # before there is room again, by which a full disk is told
            checkpoints.remove_torn(folder)
            give_room()
            if training.journal is not None:
                training.journal.state("failed", said.message, said.hint)
            with suppress(OSError):  # its log may be on that disk
                traceback.print_exception(error)
                _say(str(said))
            return FAILED
        finally:
            training.close()
    return DONE


def _training(folder: RunFolder, control_from: int, asked_to_end: threading.Event) -> Training | Processes:
    size = _processes(folder)
    if size > 1:
        return Processes(folder, size, control_from, asked_to_end)
    return Training(folder, Controls(folder.control, control_from), asked_to_end)


def _processes(folder: RunFolder) -> int:
    """How many processes train; one where the request cannot be read, which that one then tells."""
    try:
        return FinetuneRequest.from_json(folder.request.read_text(encoding="utf-8")).processes
    except (UserError, OSError, ValueError):
        return 1


def _tidy(folder: RunFolder) -> None:
    """Take away what a worker that was killed has left beside its files."""
    _room(folder).unlink(missing_ok=True)
    for place in (folder.path, folder.evaluations):
        remove_unfinished(place)


def _room(folder: RunFolder) -> Path:
    return folder.path / ".room"


@contextmanager
def _room_kept(folder: RunFolder) -> Generator[Callable[[], None]]:
    """Keep a little of the disk while a worker is at work, so that it can tell of one that is full."""
    room = _room(folder)
    room.write_bytes(bytes(_ROOM))
    try:
        yield lambda: room.unlink(missing_ok=True)
    finally:
        room.unlink(missing_ok=True)


@contextmanager
def _ended_by_signals() -> Generator[threading.Event]:
    """Let the first signal to end stop the run well; a second one ends the process at once."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def ask(number: int, frame: object) -> None:
        asked.set()
        signal.signal(number, signal.SIG_DFL)

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201  (its log)


def main(arguments: list[str] | None = None) -> int:
    """Train the run of a folder, as a program."""
    parser = argparse.ArgumentParser(prog="python -m nbtransformers.training.worker", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--control-from", type=int, default=0)
    given = parser.parse_args(arguments)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    status = run_worker(RunFolder(given.folder.resolve()), given.control_from)
    leave_to_the_system()
    return status


if __name__ == "__main__":
    sys.exit(main())
