"""Entities against `pipeline`, all in one run, taking turns: `python tests/benchmarks/entities.py [--texts 500]`.

The model is the one of the tests, taught on tweets. `tweets` are the held-out ones; `mixed` are real texts of mixed
length, the longest of 512 tokens. All contenders find the same entities (compared before anything is timed), aggregate
by the first token of a word, and have the same number of threads. Ratios are taken round by round: a shared machine's
speed drifts, the ratio less. On a busy machine look at the seconds of CPU: waiting for a core is not in them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # for everybody alike: kinder to a shared machine
sys.path.insert(0, str(Path(__file__).parent.parent))

BATCHES = (1, 8, 32)


def texts_of(kind: str, number: int) -> list[str]:
    """Real texts."""
    from benchmarks.classify import real_texts
    from taught.ner import held_out

    return [tweet.text for tweet in held_out()][:number] if kind == "tweets" else real_texts(number)


def contenders(texts: list[str], threads: int) -> dict[str, Callable[[], Any]]:
    """What is timed; each gives the entities of all texts."""
    from taught.ner import ner_model
    from transformers import pipeline

    import nbtransformers as nbt

    folder = str(ner_model())
    pipe = pipeline("token-classification", model=folder, aggregation_strategy="first")
    pipe.tokenizer.model_max_length = 512
    calls: dict[str, Callable[[], Any]] = {
        "nbtransformers": lambda: nbt.entities(texts, model=folder, threads=threads, long="truncate")
    }
    for size in BATCHES:
        calls[f"pipeline, batch {size}"] = lambda size=size: pipe(texts, batch_size=size)
    return calls


def check(texts: list[str], threads: int) -> None:
    """All find the same."""
    calls = contenders(texts, threads)
    ours = [[(span.start, span.end, span.label) for span in spans] for spans in calls.pop("nbtransformers")().spans]
    for name, call in calls.items():
        theirs = [[(span["start"], span["end"], span["entity_group"]) for span in spans] for spans in call()]
        agree = sum(mine == other for mine, other in zip(ours, theirs, strict=True))
        if agree < 0.99 * len(texts):
            raise AssertionError(f"{name} agrees on {agree} of {len(texts)} texts")


def measure(kind: str, number: int, rounds: int, threads: int) -> dict[str, list[tuple[float, float]]]:
    """Seconds of every contender in every round, by the clock and of CPU."""
    import torch

    torch.set_num_threads(threads)
    texts = texts_of(kind, number)
    check(texts[:60], threads)
    calls = contenders(texts, threads)
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for turn in range(rounds):
        for name, call in calls.items():
            started, busy = time.perf_counter(), time.process_time()
            call()
            seconds[name].append((time.perf_counter() - started, time.process_time() - busy))
            print(f"  round {turn + 1}: {name}: {seconds[name][-1][0]:.2f} s", file=sys.stderr, flush=True)
    return seconds


def report(kind: str, number: int, threads: int, seconds: dict[str, list[tuple[float, float]]]) -> None:
    """Medians, and the ratios to us round by round."""
    heads = f"{'texts/s':>9}{'seconds':>9}{'times ours':>12}{'CPU s':>9}{'times ours':>12}"
    print(f"\n{number:,} {kind}, {threads} thread(s)\n\n{'':24}{heads}")
    ours = seconds["nbtransformers"]
    for name, theirs in seconds.items():
        wall, cpu = (statistics.median(one[at] for one in theirs) for at in (0, 1))
        ratios = [
            statistics.median(other[at] / mine[at] for other, mine in zip(theirs, ours, strict=True)) for at in (0, 1)
        ]
        print(f"{name:24}{number / wall:9.0f}{wall:9.2f}{ratios[0]:12.2f}{cpu:9.2f}{ratios[1]:12.2f}")


def main() -> None:
    """Each number of threads in a process of its own: torch's pools do not shrink."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=450)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--child", choices=("tweets", "mixed"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(options.child, options.texts, options.rounds, options.threads[0])))
        return
    for threads in options.threads:
        for kind in ("tweets", "mixed"):
            command = [sys.executable, __file__, f"--child={kind}", f"--texts={options.texts}"]
            command += [f"--rounds={options.rounds}", f"--threads={threads}"]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            report(kind, options.texts, threads, json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    main()
