"""Embeddings a second on real texts of mixed length, and the nearest of many vectors.

    python tests/benchmarks/embed.py                       one thread and two, 1,000 texts; then 100,000 vectors
    python tests/benchmarks/embed.py --texts 300 --rounds 3 --threads 1

All contenders embed the same texts with the same weights in float32, up to the same length, alternating in one run.
It reports; it judges nothing.
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

sys.path.insert(0, str(Path(__file__).parent.parent))

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # for everybody alike: kinder to a shared machine


def contenders(texts: list[str], threads: int) -> dict[str, Callable[[], Any]]:
    """Name to a call that embeds every text once, as an array `[text, dimension]`."""
    import numpy as np
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers import AutoModel, AutoTokenizer

    import nbtransformers as nbt
    from nbtransformers.loading.bundled import bundled_folder

    folder = bundled_folder("minilm")
    encoder = SentenceTransformer(str(folder), device="cpu")
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    limit = encoder.max_seq_length

    def loop() -> Any:
        vectors = []
        with torch.inference_mode():
            for text in texts:
                inputs = tokenizer(text, truncation=True, max_length=limit, return_tensors="pt")
                hidden = model(**inputs).last_hidden_state
                vectors.append(torch.nn.functional.normalize(hidden.mean(dim=1), dim=-1)[0].numpy())
        return np.stack(vectors)

    return {
        "nbtransformers": lambda: nbt.embed(texts, threads=threads).vectors,
        "plain loop, one text at a time": loop,
        "sentence-transformers, batch 32": lambda: encoder.encode(texts),
        "sentence-transformers, batch 8": lambda: encoder.encode(texts, batch_size=8),
        "sentence-transformers, batch 1": lambda: encoder.encode(texts, batch_size=1),
    }


def measure(count: int, rounds: int, threads: int) -> dict[str, Any]:
    """Seconds of every contender in every round, and how far their vectors are from the plain loop's."""
    import numpy as np
    import torch

    torch.set_num_threads(threads)
    from classify import real_texts

    texts = real_texts(count)
    calls = contenders(texts, threads)
    for call in contenders(texts[:40], threads).values():
        call()
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    vectors: dict[str, Any] = {}
    for turn in range(rounds):
        for name, call in calls.items():
            started = time.perf_counter()
            vectors[name] = call()
            seconds[name].append(time.perf_counter() - started)
            print(f"  round {turn + 1}: {name}: {seconds[name][-1]:.2f} s", file=sys.stderr, flush=True)
    plain = vectors["plain loop, one text at a time"]
    off = {name: float(np.abs(found - plain).max()) for name, found in vectors.items()}
    return {"threads": threads, "texts": count, "seconds": seconds, "off": off}


def report(found: dict[str, Any]) -> None:
    """Medians, and the ratio to us round by round: the machine's speed drifts, the ratio less."""
    ours = found["seconds"]["nbtransformers"]
    print(f"\n{found['threads']} thread(s): {found['texts']:,} texts, up to 256 tokens\n")
    print(f"{'':40}{'texts/s':>9}{'seconds':>9}{'times ours':>12}{'off by':>10}")
    for name, seconds in found["seconds"].items():
        ratio = statistics.median(theirs / mine for theirs, mine in zip(seconds, ours, strict=True))
        median = statistics.median(seconds)
        print(f"{name:40}{found['texts'] / median:9.0f}{median:9.2f}{ratio:12.2f}{found['off'][name]:10.0e}")


def measure_vectors(rows: int, dimension: int, rounds: int) -> None:
    """Seconds, and the peak of the memory beside the vectors, of what is asked of many vectors."""
    import tracemalloc

    import numpy as np

    from nbtransformers.results.clusters import clusters
    from nbtransformers.results.maps import projection
    from nbtransformers.results.neighbours import nearest, similar_pairs

    vectors = np.random.default_rng(0).normal(size=(rows, dimension)).astype(np.float32)
    vectors += 2 * np.random.default_rng(1).normal(size=(40, dimension)).astype(np.float32)[np.arange(rows) % 40]
    few = vectors[: rows // 5]
    asked: dict[str, Callable[[], Any]] = {
        "the nearest 10 of one query": lambda: nearest(vectors[:1], vectors, 10, "cosine"),
        "the nearest 10 of 100 queries": lambda: nearest(vectors[:100], vectors, 10, "cosine"),
        "a map by PCA": lambda: projection(vectors),
        "the order of a matrix": lambda: clusters(vectors),
        f"the closest 100 pairs of {len(few):,}": lambda: similar_pairs(few, 100, "cosine"),
    }
    print(f"\n{rows:,} vectors of {dimension} numbers ({vectors.nbytes / 2**20:.0f} MiB)\n")
    for name, call in asked.items():
        seconds = []
        for _ in range(rounds):
            started = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - started)
        tracemalloc.start()
        call()
        peak = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
        print(f"{name:40}{statistics.median(seconds) * 1000:9.0f} ms   at most {peak:.0f} MiB more", flush=True)


def main() -> None:
    """Each number of threads in a process of its own: torch's pools do not shrink."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--vectors", type=int, default=100_000)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(options.texts, options.rounds, options.threads[0])))
        return
    for threads in options.threads:
        command = [sys.executable, __file__, "--child", f"--texts={options.texts}", f"--rounds={options.rounds}"]
        done = subprocess.run([*command, "--threads", str(threads)], check=True, stdout=subprocess.PIPE, text=True)
        report(json.loads(done.stdout.splitlines()[-1]))
    if options.vectors:
        measure_vectors(options.vectors, 384, min(3, options.rounds))


if __name__ == "__main__":
    main()
