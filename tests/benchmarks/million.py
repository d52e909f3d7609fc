"""A million short texts from a Parquet file, against ten thousand: rows a second, and what it takes of memory.

    python tests/benchmarks/million.py                      1,000,000 rows against 10,000
    python tests/benchmarks/million.py --rows 200000 --rounds 3

A model of two thin layers with random weights: what is measured is all that is not the model. Each run is a
process of its own; the runs alternate, and medians are told. Memory is the peak of the resident set above what it
was before the run, less what the result itself holds.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

MB = 1e6


def write(path: Path, rows: int) -> None:
    """Short texts of known words, no two alike."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from helpers import WORDS

    choice = random.Random(0)
    schema = pa.schema([("text", pa.string()), ("stars", pa.int32())])
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, rows, 50_000):
            numbers = range(start, min(rows, start + 50_000))
            texts = [f"{' '.join(choice.choices(WORDS, k=choice.randint(3, 9)))} {number}" for number in numbers]
            writer.write_table(pa.table({"text": texts, "stars": [number % 5 for number in numbers]}, schema))


def measure(path: str, rounds: int) -> dict[str, float]:
    """One file through the engine: rows a second, and megabytes."""
    import helpers
    import psutil

    import nbtransformers as nbt

    model = (helpers.classifier(), helpers.tokenizer())
    options: dict[str, Any] = {"model": model, "column": "text", "threads": 1, "batch_tokens": 1024}
    nbt.classify(["a joy from start to end", "dull"] * 100, **{**options, "column": None})
    before = psutil.Process().memory_info().rss
    peak, ended = [before], threading.Event()

    def watch() -> None:
        while not ended.wait(0.05):
            peak[0] = max(peak[0], psutil.Process().memory_info().rss)

    threading.Thread(target=watch, daemon=True).start()
    started = time.perf_counter()
    for _ in range(rounds):
        result = nbt.classify(Path(path), **options)
    seconds = time.perf_counter() - started
    ended.set()
    assert result.done.all() and result.scored.all()
    arrays = (result.scores, result.tokens, result.unread, result.doubtful)
    held = result.texts.nbytes + sum(array.nbytes for array in arrays) + 2 * len(result)
    return {
        "rows_per_s": rounds * len(result) / seconds,
        "peak_mb": (peak[0] - before) / MB,
        "result_mb": held / MB,
        "rows": len(result),
    }


def in_a_process(path: Path, rounds: int) -> dict[str, float]:
    """The same in a fresh process."""
    command = [sys.executable, __file__, "--measure", str(path), "--rounds", str(rounds)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def compare(rows: int, few: int, rounds: int) -> dict[str, dict[str, float]]:
    """Few rows and many, alternating; the few are run several times over, so that both take long enough to time."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {few: Path(folder, "few.parquet"), rows: Path(folder, "many.parquet")}
        for number, path in paths.items():
            write(path, number)
        runs: dict[int, list[dict[str, float]]] = {few: [], rows: []}
        for _ in range(rounds):
            for number, path in paths.items():
                runs[number].append(in_a_process(path, 10 if number == few else 1))
    return {
        f"{number:,} rows": {key: statistics.median(run[key] for run in found) for key in found[0]}
        for number, found in runs.items()
    }


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options.rounds)))
        return
    for name, run in compare(options.rows, options.few, options.rounds).items():
        beside = run["peak_mb"] - run["result_mb"]
        print(
            f"{name:>16}: {run['rows_per_s']:>8,.0f} rows/s · peak {run['peak_mb']:,.0f} MB above the start, "
            f"of which the result is {run['result_mb']:,.0f} MB and the rest {beside:,.0f} MB"
        )


if __name__ == "__main__":
    main()
