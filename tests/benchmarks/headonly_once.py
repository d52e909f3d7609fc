"""A whole run of `--method head`, from the user's call to its model, against one pass of the encoder over its texts.

    python tests/benchmarks/headonly_once.py                 10,000 movie snippets, 3 rounds
    python tests/benchmarks/headonly_once.py --rows 2000 --rounds 1

A round is a pass of the encoder in plain Transformers (texts sorted by length, 32 at a time), a pass by `nbt.embed`,
both in this process with the model loaded, and one run: `nbt.finetune` until it has ended. All have one thread. What
counts on a machine that others use is what they had of a core; the clock is told besides. It tells where the run was
meanwhile, by its own events, and judges nothing.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ["OMP_NUM_THREADS"] = "1"  # the worker's, too

import numpy as np
import pandas as pd
import psutil
import torch
from transformers import AutoModel, AutoTokenizer

import nbtransformers as nbt
from nbtransformers.loading.bundled import bundled_folder
from nbtransformers.rundir import heartbeat
from nbtransformers.training.movie_snippets import movie_snippets

_LOOK_S = 0.05
_BATCH = 32

Took = tuple[float, float]
"""Seconds by the clock, and of a core."""


def timed(work: Callable[[], Any]) -> Took:
    """What some work in this process takes."""
    clock, core = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - core


class PlainEncoder:
    """The bundled encoder in plain Transformers."""

    def __init__(self) -> None:
        folder = bundled_folder("minilm")
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self._model: Any = AutoModel.from_pretrained(folder).eval()

    def encode(self, texts: list[str]) -> None:
        """One pass over some texts."""
        ordered = sorted(texts, key=len, reverse=True)
        with torch.inference_mode():
            for start in range(0, len(ordered), _BATCH):
                batch = ordered[start : start + _BATCH]
                self._model(**self._tokenizer(batch, padding=True, truncation=True, return_tensors="pt"))


def a_run(data: pd.DataFrame, folder: Path) -> tuple[float, dict[str, float]]:
    """Seconds by the clock of a run, and of a core: in this process, and in each stage of the worker."""
    clock, core = time.perf_counter(), time.process_time()
    run = nbt.finetune(data, text="text", label="mood", method="head", device="cpu", folder=folder)
    parts = {"the call": time.process_time() - core}
    beat = heartbeat.read(run.files.heartbeat)
    assert beat is not None
    worker = psutil.Process(beat.pid)
    at, had = [worker.create_time()], [0.0]
    with suppress(psutil.Error):
        while worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE:
            now, times = time.time(), worker.cpu_times()
            at.append(now)
            had.append(times.user + times.system)
            time.sleep(_LOOK_S)
    if run.wait() != "done":
        sys.exit(f"{run.message}\n{run.log}")
    took = time.perf_counter() - clock
    stages = [(event["time"], event["stage"]) for event in run.events if event["type"] == "stage"]
    bounds = [(at[0], "starting"), *stages, (at[-1], "")]
    for (start, stage), (end, _) in pairwise(bounds):
        first, last = np.interp([start, end], at, had)
        parts[stage] = parts.get(stage, 0.0) + float(last - first)
    return took, parts


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rated = [snippet for snippet in movie_snippets() if snippet.label is not None][: options.rows]
    moods = [("bad", "good")[snippet.label or 0] for snippet in rated]
    data = pd.DataFrame({"text": [snippet.text for snippet in rated], "mood": moods})
    texts, plain = list(data.text), PlainEncoder()
    passes: dict[str, Callable[[], Any]] = {
        "plain Transformers": lambda: plain.encode(texts),
        "nbt.embed": lambda: nbt.embed(texts, device="cpu"),
    }
    nbt.embed(texts[:8], device="cpu")  # the model is loaded
    ratios: dict[str, list[float]] = {}
    for number in range(options.rounds):
        print(f"round {number + 1}, {len(data):,} rows", flush=True)
        took = {name: timed(one) for name, one in passes.items()}
        with tempfile.TemporaryDirectory() as folder:
            clock, parts = a_run(data, Path(folder))
        core = sum(parts.values())
        for name, (pass_clock, pass_core) in took.items():
            print(f"  a pass by {name}: {pass_clock:.1f} s, of a core {pass_core:.1f} s")
            ratios.setdefault(f"clock, of a pass by {name}", []).append(clock / pass_clock)
            ratios.setdefault(f"core, of a pass by {name}", []).append(core / pass_core)
        print(f"  the run {clock:.1f} s, of a core {core:.1f} s:")
        for name, seconds in parts.items():
            print(f"    {name:12} {seconds:6.2f} s", flush=True)
    for name, values in ratios.items():
        print(f"{name}: median {statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})")


if __name__ == "__main__":
    main()
