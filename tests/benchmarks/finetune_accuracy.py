"""How often a model that `nbt.finetune` trained is right: 4,000 movie snippets, one epoch, the committed split.

    python tests/benchmarks/finetune_accuracy.py                      three seeds, every weight, the defaults
    python tests/benchmarks/finetune_accuracy.py --method head --epochs 3
    python tests/benchmarks/finetune_accuracy.py --seeds 0 --rows 1000

The bundled encoder, on a CPU. A seed draws the rows of the train side and everything else that a run draws. Each run
goes as a user's does, with a worker of its own, and its model is then asked as a user asks it, on all 2,149 held-out
rows. Below 80% in the mean it ends with an error.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import pandas as pd

import nbtransformers as nbt
from nbtransformers.training.bundled_sentiment import held_out_part, t_interval, train_part, wilson_interval
from nbtransformers.training.movie_snippets import Snippet, movie_snippets

WANTED = 0.8
MOODS = ("bad", "good")


def table(rows: list[Snippet]) -> pd.DataFrame:
    """Texts, and what people thought of the film."""
    return pd.DataFrame({"text": [row.text for row in rows], "mood": [MOODS[row.label or 0] for row in rows]})


def right_answers(seed: int, train: list[Snippet], test: pd.DataFrame, folder: Path, **how: Any) -> tuple[int, float]:
    """Held-out rows of which a run's model is right, and the seconds of the run."""
    started = time.perf_counter()
    run = nbt.finetune(
        table(train), text="text", label="mood", test=test, seed=seed, device="cpu", folder=folder, **how
    )
    state = run.wait()
    if state != "done":
        sys.exit(f"The run is {state}: {run.message}\n{run.log}")
    took = time.perf_counter() - started
    result = nbt.classify(list(test.text), model=run)
    answers = [result.labels[best] for best in result.best]
    return sum(answer == mood for answer, mood in zip(answers, test.mood, strict=True)), took


def main() -> None:
    """Train, ask, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--epochs", type=float, default=1)
    parser.add_argument("--method", choices=["full", "lora", "head"], default="full")
    parser.add_argument("--lr", type=float, help="what is usual for the method unless given")
    options = parser.parse_args()
    snippets = movie_snippets()
    train, test = train_part(snippets), table(held_out_part(snippets))
    how: dict[str, Any] = {"method": options.method, "epochs": options.epochs, "lr": options.lr}
    shares: list[float] = []
    for seed in options.seeds:
        rows = random.Random(seed).sample(train, options.rows)
        with tempfile.TemporaryDirectory() as folder:
            right, took = right_answers(seed, rows, test, Path(folder), **how)
        low, high = wilson_interval(right, len(test))
        share = right / len(test)
        shares.append(share)
        print(f"seed {seed}: {right:,} of {len(test):,} right, {share:.4f} ({low:.4f} to {high:.4f}), {took:.0f} s")
    mean = statistics.fmean(shares)
    said = f"{options.method}, {options.rows:,} rows, {options.epochs:g} epoch(s): mean {mean:.4f}"
    if len(shares) > 1:
        low, high = t_interval(shares)
        said += f", 95% interval over {len(shares)} seeds {low:.4f} to {high:.4f}"
    print(said)
    if mean < WANTED:
        sys.exit(f"That is below {WANTED:.0%}.")


if __name__ == "__main__":
    main()
