"""A run on several GPUs: the worker owns it, and has a process train on each of them.

The worker holds the lock, gives the signs of life and tells a failure; it computes nothing, so that it always notices
when one of the processes has ended. They live as long as it does: the end of the worker, even a sudden one, closes
the pipe that each of them listens to.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.rundir.atomic import read_json, write_json
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.rundir.history import History
from nbtransformers.rundir.listing import typed_name
from nbtransformers.training.garbage import leave_to_the_system
from nbtransformers.training.journal import Journal

_LOOK_S = 0.05
_SETTLE_S = 3.0  # after one has ended, the others notice, and say what they have to say
_STOP = b"s"
_LOST = ("gloo", "nccl", "connection", "socket", "peer")


class Processes:
    """Trains a run in several processes.

    Args:
        folder: the run.
        size: how many processes.
        control_from: bytes of its file of control that are not for them.
        asked_to_end: set by a signal.

    Attributes:
        journal: for the worker to tell a failure, of the attempt that the processes had begun; None without one.
    """

    def __init__(self, folder: RunFolder, size: int, control_from: int, asked_to_end: threading.Event) -> None:
        self._folder = folder
        self._size = size
        self._control_from = control_from
        self._asked_to_end = asked_to_end
        self.journal: Journal | None = None

    def attempt(self) -> bool:
        """Train from the last whole checkpoint to the end; always True.

        Raises:
            UserError: when one of the processes has failed, or ended.
        """
        try:
            self._train()
        except Exception:
            self.journal = self._begun()
            raise
        return True

    def close(self) -> None:
        """Tell no more."""
        if self.journal is not None:
            self.journal.close()

    def _train(self) -> None:
        with tempfile.TemporaryDirectory(prefix="nbtransformers-") as place:
            started: list[subprocess.Popen[bytes]] = []
            try:
                started += (self._started(rank, Path(place)) for rank in range(self._size))
                self._watch(started, Path(place))
            finally:
                for process in started:
                    process.kill()
                    process.wait()

    def _begun(self) -> Journal:
        history = History(self._folder.events)
        history.read()
        attempts = len(history.of("attempt"))
        return Journal(self._folder.events, max(1, attempts), begins=attempts == 0)

    def _started(self, rank: int, place: Path) -> subprocess.Popen[bytes]:
        command = [
            *(sys.executable, "-m", "nbtransformers.training.processes", str(self._folder.path), str(place)),
            *("--rank", str(rank), "--size", str(self._size), "--worker", str(os.getpid())),
            *("--control-from", str(self._control_from)),
        ]
        return subprocess.Popen(command, stdin=subprocess.PIPE)

    def _watch(self, started: Sequence[subprocess.Popen[bytes]], place: Path) -> None:
        is_told = False
        while None in _codes(started) and not _failed(started):
            if self._asked_to_end.is_set() and not is_told:
                is_told = True
                pipe: Any = started[0].stdin
                with suppress(OSError):  # it has ended meanwhile
                    pipe.write(_STOP)
                    pipe.flush()
            time.sleep(_LOOK_S)
        if first := _failed(started):
            self._settle(started)
            raise self._cause(started, first, place)

    def _settle(self, started: Sequence[subprocess.Popen[bytes]]) -> None:
        end = time.monotonic() + _SETTLE_S
        while time.monotonic() < end and None in _codes(started):
            time.sleep(_LOOK_S)

    def _cause(self, started: Sequence[subprocess.Popen[bytes]], first: Mapping[int, int], place: Path) -> UserError:
        """What went wrong first: the others only lost it, and may have been ended by that without a word."""
        failed = _failed(started)
        said = {rank: read_json(_said_by(rank, place)) for rank in failed}

        def order(rank: int) -> tuple[bool, bool, float]:
            error = said[rank]
            return error is not None and error["lost"], rank not in first, 0.0 if error is None else error["time"]

        rank = min(failed, key=order)
        if said[rank] is not None:
            return UserError(said[rank]["message"], hint=said[rank]["hint"])
        return UserError(
            f"Process {rank + 1} of the {self._size} that train has ended ({_ending(failed[rank])}).",
            hint=f"`%runs resume {typed_name(self._folder)}` goes on from the last checkpoint.",
        )


def _codes(started: Sequence[subprocess.Popen[bytes]]) -> list[int | None]:
    return [process.poll() for process in started]


def _failed(started: Sequence[subprocess.Popen[bytes]]) -> dict[int, int]:
    """Those that have ended otherwise than well, by rank, and with what."""
    return {rank: code for rank, code in enumerate(_codes(started)) if code}


def _ending(code: int) -> str:
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"status {code}"


def _said_by(rank: int, place: Path) -> Path:
    return place / f"error-{rank}.json"


# --- one of the processes ---


def main(arguments: list[str] | None = None) -> int:
    """Train as one of several, as a program that a worker starts."""
    parser = argparse.ArgumentParser(prog="python -m nbtransformers.training.processes", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("place", type=Path)
    for number in ("rank", "size", "worker", "control-from"):
        parser.add_argument(f"--{number}", type=int, required=True)
    given = parser.parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGINT):  # which come to the whole group: the worker's to follow
        signal.signal(number, signal.SIG_IGN)
    asked_to_end = threading.Event()
    threading.Thread(target=_listen, args=(asked_to_end,), name="worker", daemon=True).start()
    folder = RunFolder(given.folder)
    try:
        _train(folder, given, asked_to_end)
    except Exception as error:
        _say(error, folder, _said_by(given.rank, given.place))
        os._exit(1)  # a group that is broken may not let it end
    leave_to_the_system()
    return 0


def _listen(asked_to_end: threading.Event) -> None:
    """Follow the worker: to the end of the run, or at once where it is no more."""
    while os.read(sys.stdin.fileno(), 1) == _STOP:  # not buffered, which Python cannot end while it waits
        asked_to_end.set()
    os._exit(1)


def _train(folder: RunFolder, given: argparse.Namespace, asked_to_end: threading.Event) -> None:
    from nbtransformers.request import FinetuneRequest
    from nbtransformers.rundir.control import Controls
    from nbtransformers.training.devices import use_device_of
    from nbtransformers.training.team import joined
    from nbtransformers.training.training import Training

    request = FinetuneRequest.from_json(folder.request.read_text(encoding="utf-8"))
    device = use_device_of(request.device, given.size)
    team = joined(given.rank, given.size, given.worker, given.place / "meeting", device)
    # Only the leader is told something: nobody writes into the file of the others.
    controls = Controls(folder.control, given.control_from) if team.leads else Controls(given.place / "control")
    training = Training(folder, controls, asked_to_end, team)
    try:
        training.attempt()
    finally:
        training.close()
    team.part()


def _say(error: Exception, folder: RunFolder, place: Path) -> None:
    from nbtransformers.engine.out_of_memory import is_out_of_memory
    from nbtransformers.training.failing import explained

    traceback.print_exception(error)
    said = explained(error, folder)
    if is_out_of_memory(error):
        said = UserError(
            "Memory ran out in one of the processes that train.",
            hint="Begin another run with a smaller `--batch-size`, and with `--grad-accum` for as large a step.",
        )
    is_lost = not isinstance(error, UserError) and any(word in str(error).casefold() for word in _LOST)
    write_json(place, {"message": said.message, "hint": said.hint, "lost": is_lost, "time": time.time()})
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
