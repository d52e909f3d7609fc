"""What the panel of a training run costs: opening a long run, one look at a curve, and following a run as it goes on.

    python tests/benchmarks/trainingpanel.py                   a million steps; CPU of a kernel that follows a run
    python tests/benchmarks/trainingpanel.py --run FOLDER      a run that goes on now: steps with the panel and without

With a run, stretches with the panel attached and without alternate; the ratio of a step's seconds is the median over
the pairs, with its quartiles; it says something only on a machine that does nothing else. It reports; it judges
nothing.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parent.parent))

from helpers import Notebook, kernel
from rundirs import Written, million

from nbtransformers.panels.training.methods import methods
from nbtransformers.panels.training.snapshot import training_snapshot
from nbtransformers.panels.training.wire import training_header
from nbtransformers.rundir.history import History

SETUP = """%load_ext nbtransformers
import os
from pathlib import Path
from nbtransformers.panels import lifetime, widget
from nbtransformers.panels.view import show_result
from nbtransformers.results.trainingrun import TrainingRun
from nbtransformers.rundir.folder import RunFolder
widget.TAKEN_UP_S = 0
run = TrainingRun(RunFolder(Path({!r})))
print(os.getpid())"""
SHOW, CLOSE = "show_result(run)", "for panel in lifetime.panels(): panel.close()"


def begun(notebook: Notebook, folder: Path) -> psutil.Process:
    """The process of a kernel that knows a run."""
    said = [one["text"] for one in notebook.run(SETUP.format(str(folder))) if one["msg_type"] == "stream"]
    return psutil.Process(int(said[-1]))


def cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def report_opening(steps: int) -> None:
    """Opening a long run, its snapshot, and looking at its curves."""
    with tempfile.TemporaryDirectory() as folder:
        run = million(Path(folder) / "long", steps).run
        began, spent = time.perf_counter(), time.process_time()
        training_header(run)
        print(f"open {steps:,} steps: {time.perf_counter() - began:.2f} s, {time.process_time() - spent:.2f} s of CPU")
        began = time.perf_counter()
        size = len(training_snapshot("p", run))
        print(f"snapshot: {1e3 * (time.perf_counter() - began):.0f} ms, {size:,} bytes")
        ask = methods(run)["curve"]
        for smoothing in (0, 0.6, 0.99):
            took: list[float] = []
            for begin in range(15):
                params = {"name": "loss", "from_step": begin, "to_step": steps, "pixels": 1_200, "smoothing": smoothing}
                began = time.perf_counter()
                ask(params)
                took.append(1e3 * (time.perf_counter() - began))
            print(f"curve, smoothing {smoothing}: median {statistics.median(took):.0f} ms, most {max(took):.0f} ms")


def report_following(seconds: float) -> None:
    """CPU of the kernel, by how many steps a second come."""
    with tempfile.TemporaryDirectory() as folder, kernel() as notebook:
        made = Written(Path(folder) / "a-run")
        made.begin(steps=100_000)
        process, step = begun(notebook, made.files.path), 0
        notebook.run(SHOW)
        for rate in (0, 1, 10, 100):
            began, spent = time.monotonic(), cpu(process)
            while time.monotonic() - began < seconds:
                if rate:
                    step += 1
                    made.step([step])
                time.sleep(1 / (rate or 1))
            share = (cpu(process) - spent) / (time.monotonic() - began)
            print(f"following, {rate} steps/s: {share:.2%} of a core")


def report_run(folder: Path, pairs: int, seconds: float) -> None:
    """Seconds a step of a run that goes on, with the panel attached and without, by turns."""
    history = History(folder / "events.jsonl")
    with kernel() as notebook:
        process = begun(notebook, folder)
        ratios: list[float] = []
        for pair in range(pairs):
            found: dict[bool, Any] = {}
            for attached in (True, False) if pair % 2 else (False, True):
                notebook.run(SHOW if attached else CLOSE)
                begin, spent = time.time(), cpu(process)
                time.sleep(seconds)
                history.read()
                times = history.steps["time"][history.steps["time"] >= begin]
                found[attached] = (times[-1] - times[0]) / (len(times) - 1), (cpu(process) - spent) / seconds
            ratios.append(found[True][0] / found[False][0])
            (with_it, share), (without, _) = found[True], found[False]
            print(f"pair {pair + 1}: {with_it:.3f} s a step with it, {without:.3f} s without; {share:.2%} of a core")
        low, middle, high = statistics.quantiles(ratios, n=4)
        print(f"a step with the panel takes {middle:.3f} of one without ({low:.3f} to {high:.3f}, {pairs} pairs)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--run", type=Path, help="the folder of a run that goes on")
    parser.add_argument("--pairs", type=int, default=12)
    given = parser.parse_args()
    if given.run:
        report_run(given.run, given.pairs, given.seconds)
        return
    report_opening(given.steps)
    report_following(given.seconds)


if __name__ == "__main__":
    main()
