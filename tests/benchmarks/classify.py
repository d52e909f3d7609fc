"""Texts a second on real texts of mixed length, against what a user would pick instead.

    python tests/benchmarks/classify.py                    one thread and two, 1,000 texts
    python tests/benchmarks/classify.py --texts 300 --rounds 3 --threads 1

All contenders label the same texts with the same weights in float32, alternating in one run.
It reports; it judges nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # for everybody alike: kinder to a shared machine

LENGTH_MIX = ((0.50, 1), (0.25, 2), (0.15, 4), (0.07, 9), (0.03, 25))  # share of texts, snippets joined


def real_texts(count: int) -> list[str]:
    """Movie snippets, alone or several joined as a review would be: median about 42 tokens, the longest over 512."""
    from nbtransformers.training.movie_snippets import movie_snippets

    snippets = [snippet.text for snippet in movie_snippets()]
    chance = random.Random(4)
    shares, sizes = zip(*LENGTH_MIX, strict=True)
    return [" ".join(chance.sample(snippets, chance.choices(sizes, shares)[0])) for _ in range(count)]


def contenders(texts: list[str], threads: int) -> dict[str, Callable[[], Any]]:
    """Name to a call that labels (or, for sentence-transformers, embeds) every text once."""
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

    import nbtransformers as nbt
    from nbtransformers.loading.bundled import bundled_folder

    folder = bundled_folder("movie-sentiment-minilm")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    pipe = pipeline("text-classification", model=model, tokenizer=tokenizer, device="cpu")
    encoder = SentenceTransformer(str(bundled_folder("minilm")), device="cpu")
    encoder.max_seq_length = 512

    def loop() -> None:
        with torch.inference_mode():
            for text in texts:
                model(**tokenizer(text, truncation=True, max_length=512, return_tensors="pt")).logits.softmax(-1)

    return {
        "nbtransformers": lambda: nbt.classify(texts, threads=threads),
        "plain loop, one text at a time": loop,
        "pipeline, batch 1": lambda: pipe(texts, truncation=True),
        "pipeline, batch 8": lambda: pipe(texts, truncation=True, batch_size=8),
        "pipeline, batch 32": lambda: pipe(texts, truncation=True, batch_size=32),
        "sentence-transformers encode": lambda: encoder.encode(texts),
    }


def measure(count: int, rounds: int, threads: int) -> dict[str, Any]:
    """Seconds of every contender in every round, and the machine's matmul rate around them."""
    import torch

    torch.set_num_threads(threads)
    from machine import encoder_flops, layer_shapes, matmul_rate
    from transformers import AutoConfig, AutoTokenizer

    from nbtransformers.loading.bundled import bundled_folder

    folder = bundled_folder("movie-sentiment-minilm")
    config, tokenizer = AutoConfig.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    texts = real_texts(count)
    lengths = [min(512, len(ids)) for ids in tokenizer(texts, verbose=False)["input_ids"]]
    calls = contenders(texts, threads)
    warm = texts[:40]
    for call in contenders(warm, threads).values():
        call()
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    rates: dict[str, list[float]] = {"torch's own": [], "oneDNN's": []}
    for turn in range(rounds):
        for library, found in rates.items():
            found.append(matmul_rate(layer_shapes(512, config), onednn=library == "oneDNN's"))
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - started)
            print(f"  round {turn + 1}: {name}: {seconds[name][-1]:.2f} s", file=sys.stderr, flush=True)
    return {
        "threads": threads,
        "texts": count,
        "tokens": sum(lengths),
        "median_tokens": statistics.median(lengths),
        "longest": max(lengths),
        "flops": encoder_flops(lengths, config),
        "rates": rates,
        "seconds": seconds,
    }


def report(found: dict[str, Any]) -> None:
    """Medians, and the ratio to us round by round: the machine's speed drifts, the ratio less."""
    ours = found["seconds"]["nbtransformers"]
    print(
        f"\n{found['threads']} thread(s): {found['texts']:,} texts, {found['tokens']:,} tokens "
        f"(median {found['median_tokens']:.0f}, longest {found['longest']}), {found['flops'] / 1e9:,.0f} GFLOP\n"
    )
    print(f"{'':40}{'texts/s':>9}{'seconds':>9}{'times ours':>12}")
    for name, seconds in found["seconds"].items():
        ratio = statistics.median(theirs / mine for theirs, mine in zip(seconds, ours, strict=True))
        median = statistics.median(seconds)
        print(f"{name:40}{found['texts'] / median:9.0f}{median:9.2f}{ratio:12.2f}")
    for library, rates in found["rates"].items():
        _report_limit(f"the products alone, at {library} rate", found, rates, ours)


def _report_limit(name: str, found: dict[str, Any], rates: list[float], ours: list[float]) -> None:
    limits = [found["flops"] / rate for rate in rates]
    share = statistics.median(limit / mine for limit, mine in zip(limits, ours, strict=True))
    rate = statistics.median(rates)
    texts_per_s = found["texts"] * rate / found["flops"]
    print(f"{name:40}{texts_per_s:9.0f}{statistics.median(limits):9.2f}{share:12.2f}   ({rate / 1e9:.0f} GFLOP/s)")


def main() -> None:
    """Each number of threads in a process of its own: torch's pools do not shrink."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(options.texts, options.rounds, options.threads[0])))
        return
    for threads in options.threads:
        command = [sys.executable, __file__, "--child", f"--texts={options.texts}", f"--rounds={options.rounds}"]
        done = subprocess.run([*command, f"--threads={threads}"], check=True, stdout=subprocess.PIPE, text=True)
        report(json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    main()
