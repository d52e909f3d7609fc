"""Integrated gradients of one long text on the bundled sentiment model, beside bare captum.

    python tests/benchmarks/explain.py                           one thread and two, 506 tokens, 50 steps
    python tests/benchmarks/explain.py --steps 10 --rounds 5 --threads 1
    python tests/benchmarks/explain.py --busy 2                  with as many other processes that use a core each

Both have the same weights in float32, the same baseline and as many steps, and alternate in one run; captum takes its
own layer of embeddings (`LayerIntegratedGradients`), with one text at a time or as many as are given here. It reports
the median of the rounds, by the clock and by the time on a core; it judges nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

TEXT = "The film opens slowly, but the actors carry it with wit and warmth, and the last act is a joy to watch. " * 30
BATCHES = (1, 4)  # texts at a time in bare captum


def contenders(tokens: int, steps: int, threads: int | None) -> dict[str, Callable[[], Any]]:
    """Name to a call that explains the text once."""
    from captum.attr import LayerIntegratedGradients
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    import nbtransformers as nbt
    from nbtransformers.loading.bundled import bundled_folder

    folder = bundled_folder("movie-sentiment-minilm")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    inputs = tokenizer(TEXT, truncation=True, max_length=tokens, return_tensors="pt")
    number = int(model(**inputs).logits.argmax())
    baseline = inputs["input_ids"].clone()
    baseline[:, 1:-1] = tokenizer.pad_token_id

    def captum(batch: int) -> Callable[[], Any]:
        def run() -> None:
            explained = LayerIntegratedGradients(
                lambda ids: model(input_ids=ids).logits[:, number], model.get_input_embeddings()
            )
            explained.attribute(
                inputs["input_ids"], baseline, n_steps=steps, internal_batch_size=batch, return_convergence_delta=True
            )

        return run

    def ours() -> None:
        nbt.explain(TEXT, steps=steps, long="truncate", max_length=tokens, threads=threads)

    return {"nbtransformers": ours, **{f"captum, batch {batch}": captum(batch) for batch in BATCHES}}


def measure(arguments: argparse.Namespace, threads: int) -> dict[str, tuple[float, float]]:
    """Name to the median seconds by the clock and on a core."""
    import torch

    torch.set_num_threads(threads)
    calls = contenders(arguments.tokens, arguments.steps, threads if arguments.fixed else None)
    contenders(16, 2, 1)["nbtransformers"]()  # loads the model
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for _ in range(arguments.rounds):
        for name, call in calls.items():
            wall, core = time.perf_counter(), time.process_time()
            call()
            found[name].append((time.perf_counter() - wall, time.process_time() - core))
    return {
        name: (statistics.median(one[0] for one in times), statistics.median(one[1] for one in times))
        for name, times in found.items()
    }


@contextmanager
def busy(number: int) -> Generator[None]:
    """Meanwhile so many processes use a core each."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(number)]
    try:
        yield
    finally:
        for other in others:
            other.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--tokens", type=int, default=506)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--busy", type=int, default=0)
    parser.add_argument("--fixed", action="store_true", help="do not let the explanation choose its threads")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(measure(arguments, arguments.child)))
        return
    with busy(arguments.busy):
        for threads in arguments.threads:
            # A fresh process each: what OpenMP does is settled when it starts.
            command = [sys.executable, __file__, *sys.argv[1:], "--child", str(threads)]
            said = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            report(threads, json.loads(said.stdout.splitlines()[-1]))


def report(threads: int, found: dict[str, tuple[float, float]]) -> None:
    ours = found["nbtransformers"]
    print(f"{threads} {'thread' if threads == 1 else 'threads'}")
    for name, (wall, core) in found.items():
        print(f"  {name:18} {wall:6.1f} s ({wall / ours[0]:.2f} ×)   on a core {core:6.1f} s ({core / ours[1]:.2f} ×)")


if __name__ == "__main__":
    main()
