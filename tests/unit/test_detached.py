"""A process that outlives the one that starts it, and takes nothing of it along but its surroundings."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from nbtransformers.errors import UserError
from nbtransformers.training.detached import start_detached

# What a kernel may be like when a button starts a worker: deaf to interrupts, with signals held back, and with files
# that children get unless they are closed.
KERNEL = """
import os, signal, sys, time
from pathlib import Path
from nbtransformers.training.detached import start_detached
folder = Path(sys.argv[1])
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
secret = os.open(folder / "secret", os.O_CREAT | os.O_RDWR)
os.set_inheritable(secret, True)
sys.path.insert(0, "")
sys.path.insert(0, str(folder / "own"))
os.environ["OWN"] = "kept"
os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
print(start_detached([sys.executable, "-m", "own_worker", str(folder)], folder / "worker.log"), flush=True)
time.sleep(600)
"""
WORKER = """
import json, os, signal, sys, time
from pathlib import Path
folder = Path(sys.argv[1])
import beside_the_notebook
found = {
    "pid": os.getpid(),
    "session": os.getsid(0),
    "files": [os.path.realpath(f"/proc/self/fd/{n}") for n in range(256) if os.path.exists(f"/proc/self/fd/{n}")],
    "deaf": [n for n in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(n) is signal.SIG_IGN],
    "held": list(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
    "own": os.environ["OWN"],
    "backend": os.environ["MPLBACKEND"],
    "here": os.getcwd(),
}
(folder / "found.part").write_text(json.dumps(found))
(folder / "found.part").rename(folder / "found.json")
print("said", flush=True)
while True:
    (folder / "alive").write_text(str(time.time()))
    time.sleep(0.05)
"""


def waited(path: Path) -> str:
    """What stands in a file that is about to be there."""
    for _ in range(600):
        if path.exists() and (text := path.read_text()):
            return text
        time.sleep(0.05)
    raise TimeoutError(path)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks into /proc")
def test_a_worker_takes_nothing_of_a_kernel_along_and_outlives_it(tmp_path: Path) -> None:
    own, here = tmp_path / "own", tmp_path / "notebooks"
    own.mkdir()
    here.mkdir()
    (own / "own_worker.py").write_text(WORKER)
    (here / "beside_the_notebook.py").touch()
    kernel = subprocess.Popen(
        [sys.executable, "-c", KERNEL, str(tmp_path)], stdout=subprocess.PIPE, cwd=here, start_new_session=True
    )
    worker = None
    try:
        assert kernel.stdout is not None
        pid = int(kernel.stdout.readline())
        worker = psutil.Process(pid)
        found: dict[str, Any] = json.loads(waited(tmp_path / "found.json"))
        assert found["pid"] == found["session"] == pid
        assert found["files"] == ["/dev/null", str(tmp_path / "worker.log"), str(tmp_path / "worker.log")]
        assert found["deaf"] == found["held"] == []
        assert (found["own"], found["backend"], found["here"]) == ("kept", "Agg", str(here))
        assert waited(tmp_path / "worker.log") == "said\n"
        assert pid not in [child.pid for child in psutil.Process(kernel.pid).children(recursive=True)]
        os.killpg(kernel.pid, signal.SIGKILL)  # what Jupyter does to a kernel that does not listen
        kernel.wait()
        (tmp_path / "alive").unlink()
        assert waited(tmp_path / "alive")
        assert worker.is_running()
    finally:
        kernel.kill()
        if worker is not None:
            worker.kill()
            psutil.wait_procs([worker], timeout=10)


def test_what_it_prints_is_added_to_the_log(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    log.write_text("before\n")
    start_detached([sys.executable, "-c", "import sys; print('out'); print('err', file=sys.stderr)"], log)
    for _ in range(400):
        if log.read_text().count("\n") == 3:
            break
        time.sleep(0.05)
    assert sorted(log.read_text().splitlines()) == ["before", "err", "out"]


def test_a_process_that_cannot_be_started_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"No process can be started: .*No such file or directory") as caught:
        start_detached([str(tmp_path / "no such program")], tmp_path / "worker.log")
    assert "\n" not in str(caught.value)
