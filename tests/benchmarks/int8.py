"""What 8-bit integers change: labels, scores, speed and memory, on the test half of the snippets.

    python tests/benchmarks/int8.py                    one thread, 2,000 snippets
    python tests/benchmarks/int8.py --texts 500 --rounds 3 --threads 2

The bundled sentiment model in float32 and in int8, alternating in one run. It reports; it judges nothing.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # for both alike: kinder to a shared machine

import numpy as np

import nbtransformers as nbt
from nbtransformers.loading.registry import REGISTRY
from nbtransformers.training.movie_snippets import movie_snippets, test_ids

TYPES = ("float32", "int8")


def held_out(count: int) -> tuple[list[str], np.ndarray]:
    """Snippets that the model was not trained on, and their labels: 0 is negative, 1 is positive."""
    kept = test_ids()
    found = [one for one in movie_snippets() if one.id in kept and one.label is not None][:count]
    return [one.text for one in found], np.array([one.label for one in found])


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    texts, labels = held_out(options.texts)
    results = {dtype: nbt.classify(texts, dtype=dtype, threads=options.threads) for dtype in TYPES}  # and warm
    seconds: dict[str, list[float]] = {dtype: [] for dtype in TYPES}
    for _ in range(options.rounds):
        for dtype in TYPES:
            started = time.perf_counter()
            results[dtype] = nbt.classify(texts, dtype=dtype, threads=options.threads)
            seconds[dtype].append(time.perf_counter() - started)
    taken = {told.dtype: told.nbytes for told in REGISTRY.in_memory()}
    plain, small = results["float32"], results["int8"]
    difference = np.abs(plain.scores - small.scores).max(axis=1)
    ratio = statistics.median(a / b for a, b in zip(seconds["float32"], seconds["int8"], strict=True))
    print(f"{len(texts):,} held-out snippets, {options.threads} thread(s), {options.rounds} rounds\n")
    for dtype in TYPES:
        right, median = (results[dtype].best == labels).mean(), statistics.median(seconds[dtype])
        print(f"{dtype:8} accuracy {right:.4f}, {median:.2f} s, weights {taken[dtype] / 1e6:.1f} MB")
    print(f"\nsame label {(plain.best == small.best).mean():.4f}")
    print(f"score difference: median {np.median(difference):.4f}, largest {difference.max():.4f}")
    print(f"speed: int8 takes 1 / {ratio:.2f} of the time of float32")


if __name__ == "__main__":
    main()
