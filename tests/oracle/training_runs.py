"""Runs that are made in a second: a tiny model, a few rows of real text, a real worker."""

from __future__ import annotations

import gc
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
from tiny import save_tiny

from nbtransformers.request import DataRef, FinetuneRequest, ModelRef
from nbtransformers.rundir.events import read_events
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.training.data import prepare
from nbtransformers.training.movie_snippets import movie_snippets

UNLIKE = ("time", "attempt", "tokens_per_s", "seconds")
"""What two runs of the same may tell otherwise."""
TOLD_OF_STEPS = ("step", "eval", "best", "checkpoint", "lr")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """In every test of a module that imports it, torch keeps to one thread: on cores that others use too, two wait."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def reviews(rows: int = 60) -> pd.DataFrame:
    """Movie snippets of mixed lengths, with their labels by name."""
    snippets = movie_snippets()[:: max(1, 10_000 // rows)][:rows]
    texts = [" ".join([snippet.text] * (1 + number % 4)) for number, snippet in enumerate(snippets)]
    return pd.DataFrame({"review": texts, "stars": [("bad", "good")[snippet.label] for snippet in snippets]})


def tiny_bert(folder: Path, labels: int = 2, **overrides: Any) -> Path:
    """A tiny encoder with dropout: random numbers are drawn in every step."""
    return save_tiny("bert", folder, labels, **{"initializer_range": 0.02, **overrides})


def new_run(folder: Path, model: Path, data: pd.DataFrame | None = None, **settings: Any) -> RunFolder:
    """The directory of a run, written as the kernel does it; no worker is started."""
    run = RunFolder(folder)
    folder.mkdir(parents=True)
    defaults: dict[str, Any] = {
        **{"text": "review", "label": ("stars",), "batch_size": 4, "epochs": 2.0, "lr": 1e-3, "device": "cpu"},
        **{"arguments": {"save_steps": 5}, "test_share": 0.2},
    }
    request = FinetuneRequest(
        DataRef("variable", "data"), model=ModelRef("folder", str(model)), **{**defaults, **settings}
    )
    prepare(request, {"data": reviews() if data is None else data}, run)
    run.request.write_text(request.to_json(), encoding="utf-8")
    return run


def start_worker(run: RunFolder, control_from: int = 0, **environment: str) -> subprocess.Popen[bytes]:
    """A real worker, in a process of its own with one thread."""
    with run.log.open("ab") as log:
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "nbtransformers.training.worker", str(run.path)),
                *("--control-from", str(control_from)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", **environment},
        )


def work(run: RunFolder) -> int:
    """Train a run to its end in this process."""
    from nbtransformers.training.worker import run_worker

    return run_worker(run)


def events(run: RunFolder, kind: str) -> list[dict[str, Any]]:
    """What a run tells of one type, those too that a later worker did again."""
    return [event for event in read_events(run.events) if event["type"] == kind]


def until(condition: Callable[[], Any], seconds: float = 90) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def told(run: RunFolder) -> list[dict[str, Any]]:
    """What a run tells of its steps when it is folded, by step, without what no two runs share."""
    from nbtransformers.rundir.events import fold

    events = [
        {name: value for name, value in event.items() if name not in UNLIKE}
        for event in fold(read_events(run.events))
        if event["type"] in TOLD_OF_STEPS
    ]
    return sorted(events, key=lambda event: (event["step"], event["type"]))


def weights(folder: Path) -> dict[str, Any]:
    """The weights of a model folder, as bytes by name."""
    from safetensors.torch import load_file

    return {name: weight.numpy().tobytes() for name, weight in load_file(folder / "model.safetensors").items()}


_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        *("torch", "accelerate", "datasets", "scipy.special", "sklearn.metrics", "peft", "training_runs"),
        *(
            "transformers.trainer",
            "transformers.models.bert.modeling_bert",
            "transformers.models.auto.tokenization_auto",
        ),
    ]
)


def _serve(run: RunFolder, control_from: int, megabytes: int | None) -> None:
    import torch

    from nbtransformers.training.worker import run_worker

    gc.freeze()  # what the server has imported stays: to look through it takes as long as ten steps
    torch.set_num_threads(1)
    sys.stdout = sys.stderr = run.log.open("a", buffering=1)
    if megabytes is not None:
        # Not of addresses: threads reserve very many of them, and how many threads there are depends on the machine.
        most = psutil.Process().memory_info().data + megabytes * 2**20
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    os._exit(run_worker(run, control_from))


class ForkedWorker:
    """A real worker in a process that has imported everything already: it is at work at once, and can be killed.

    Args:
        run: what it trains.
        control_from: as the launcher tells it.
        megabytes: how much more memory it may take.
    """

    def __init__(self, run: RunFolder, control_from: int = 0, megabytes: int | None = None) -> None:
        self._process = _CONTEXT.Process(target=_serve, args=(run, control_from, megabytes), daemon=True)
        self._process.start()
        self.pid = self._process.pid

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send it a signal."""
        assert self.pid is not None
        os.kill(self.pid, number)

    def limit_files(self, most: int) -> None:
        """From now on, let no file that it writes grow beyond so many bytes."""
        assert self.pid is not None
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (most, most))

    def is_alive(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.is_alive()

    def wait(self, seconds: float = 180) -> int:
        """Its exit status, once it has ended; below zero the signal that ended it."""
        self._process.join(seconds)
        assert self._process.exitcode is not None, "the worker does not end"
        return self._process.exitcode
