"""A process that outlives the one that starts it, on every system."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from nbtransformers.errors import UserError

# It is started by a process between, which ends at once. So it is nobody's child when a kernel ends the processes that
# it has started (ipykernel on Windows, editors that end a whole tree), and signals that a kernel ignores or holds back,
# which a child would inherit, can be set right there, where no other thread runs.
_BETWEEN = """
import json, os, signal, subprocess, sys
asked = json.load(sys.stdin)
if os.name == "nt":
    apart = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
    ways = [{"creationflags": apart | subprocess.CREATE_BREAKAWAY_FROM_JOB}, {"creationflags": apart}]
else:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    ways = [{"start_new_session": True}]
with open(asked["log"], "ab") as log:
    for way in ways:
        try:
            started = subprocess.Popen(asked["command"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, **way)
            break
        except PermissionError:  # the job that it would leave does not let it
            if way is ways[-1]:
                raise
print(started.pid)
"""


def start_detached(command: Sequence[str], log: Path) -> int:
    """Start a process in a session of its own, with no file of this one; what it prints is added to the log.

    It has this process's working directory, environment and places to import from, as they are now.

    Returns:
        Its number.

    Raises:
        UserError: when the system does not let it start.
    """
    asked = json.dumps({"command": list(command), "log": str(log)})
    # Neither the environment nor the packages of this Python are needed to start another process.
    between = [sys.executable, "-I", "-S", "-c", _BETWEEN]
    try:
        done = subprocess.run(between, input=asked, capture_output=True, text=True, check=True, env=_environment())
    except (OSError, subprocess.CalledProcessError) as error:
        said = str(getattr(error, "stderr", None) or error).strip().splitlines()
        raise UserError(f"No process can be started: {said[-1].rstrip('.')}.", hint="Free some memory.") from error
    return int(done.stdout)


def _environment() -> dict[str, str]:
    """That of this process, in which the same modules are found as here, a user's own too."""
    places = dict.fromkeys(str(Path(place).resolve()) for place in sys.path)
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(place for place in places if Path(place).exists()),
        "PYTHONUNBUFFERED": "1",  # its log is read while it runs
        "PYTHONUTF8": "1",
        "MPLBACKEND": "Agg",  # a kernel's own draws into cells
    }
