"""A whole run of `--method head`, from the user's call to its model, against one pass of the encoder over its texts.

    python tests/benchmarks/headonly_once.py                 10,000 movie snippets, 3 rounds
    python tests/benchmarks/headonly_once.py --rows 2000 --rounds 1

A round is one pass, by `nbt.embed` in this process with the model loaded, and one run: `nbt.finetune` until it has
ended. Both have one thread. What counts on a machine that others use is what they had of a core; the clock is told
besides. It tells where the run was meanwhile, by its own events, and judges nothing.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ["OMP_NUM_THREADS"] = "1"  # the worker's, too

import numpy as np
import pandas as pd
import psutil
import torch

import nbtransformers as nbt
from nbtransformers.rundir import heartbeat
from nbtransformers.training.movie_snippets import movie_snippets

_LOOK_S = 0.05


def a_pass(texts: list[str]) -> tuple[float, float]:
    """Seconds by the clock, and of a core, of one pass of the encoder."""
    clock, core = time.perf_counter(), time.process_time()
    nbt.embed(texts, device="cpu")
    return time.perf_counter() - clock, time.process_time() - core


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
    nbt.embed(list(data.text[:8]), device="cpu")  # the model is loaded
    ratios: dict[str, list[float]] = {"clock": [], "core": []}
    for number in range(options.rounds):
        pass_clock, pass_core = a_pass(list(data.text))
        with tempfile.TemporaryDirectory() as folder:
            run_clock, parts = a_run(data, Path(folder))
        run_core = sum(parts.values())
        ratios["clock"].append(run_clock / pass_clock)
        ratios["core"].append(run_core / pass_core)
        print(f"round {number + 1}, {len(data):,} rows: one pass {pass_clock:.1f} s, of a core {pass_core:.1f} s")
        print(f"  the run {run_clock:.1f} s ({ratios['clock'][-1]:.2f} of it), of a core {run_core:.1f} s:")
        for name, seconds in parts.items():
            print(f"    {name:12} {seconds:6.2f} s, {seconds / pass_core:.2f} of a pass")
    for name, values in ratios.items():
        print(f"{name}: median {statistics.median(values):.2f} of a pass ({min(values):.2f} to {max(values):.2f})")


if __name__ == "__main__":
    main()
