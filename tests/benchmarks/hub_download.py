"""How long a model of the Hub takes to come, against huggingface_hub's own `snapshot_download`.

    python tests/benchmarks/hub_download.py [--megabytes 256] [--rounds 3]

A stand-in for the Hub on loopback has a model of one large file, and one of eight. Each is fetched into an empty cache
in a process of its own, by either in turn, over a line that gives all that this machine can, and over one that gives
each connection a share, as those to the real Hub do. Libraries are imported before the clock starts.

Ours also compares each file with its SHA-256, which huggingface_hub does not. Where `hf_xet` is installed,
huggingface_hub has it fetch most large files from a store of another kind; there is none on loopback, so that against
`hf_xet` nothing is measured here.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from hub import Hub, serving
from hubrepos import Repository

FETCH = """
import sys, time
import nbtransformers as nbt
from nbtransformers.catalog import downloading
from huggingface_hub import snapshot_download
name, whose = sys.argv[1:]
started = time.perf_counter()
if whose == "ours":
    folder = nbt.download(name).folder
else:
    folder = snapshot_download(name)
print(time.perf_counter() - started)
"""
WHOSE = ("ours", "theirs")


def made(nbytes: int, files: int, bytes_per_s: int | None) -> Repository:
    """A model whose weights are in so many files."""
    from safetensors.numpy import save

    names = [f"model-{number:05}-of-{files:05}.safetensors" for number in range(1, files + 1)]
    shards = {
        name: save({name: np.random.default_rng(number).random(nbytes // files // 4, dtype=np.float32)})
        for number, name in enumerate(names)
    }
    config = {"config.json": json.dumps({"model_type": "bert", "architectures": ["BertModel"]}).encode()}
    if files == 1:
        return Repository({**config, "model.safetensors": shards[names[0]]}, bytes_per_s=bytes_per_s)
    index = {"model.safetensors.index.json": json.dumps({"weight_map": {name: name for name in names}}).encode()}
    return Repository({**config, **index, **shards}, bytes_per_s=bytes_per_s)


def fetched(hub: Hub, name: str, whose: str) -> float:
    """Seconds that it takes into an empty cache."""
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [sys.executable, "-c", FETCH, name, whose],
            env={**os.environ, **hub.environment(Path(home) / "cache"), "HF_HUB_DISABLE_PROGRESS_BARS": "1"},
            capture_output=True,
            text=True,
            check=True,
        )
    return float(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--share", type=int, default=32, help="megabytes a second that a connection is given")
    arguments = parser.parse_args()
    models = {
        f"acme/{files}-{line}": made(arguments.megabytes * 10**6, files, share)
        for line, share in (("open", None), ("shared", arguments.share * 10**6))
        for files in (1, 8)
    }
    with serving(Hub(models=models)) as hub:
        for name in models:
            taken: dict[str, list[float]] = {whose: [] for whose in WHOSE}
            for _ in range(arguments.rounds):
                for whose in WHOSE:
                    taken[whose].append(fetched(hub, name, whose))
            files, line = name.removeprefix("acme/").split("-")
            ours, theirs = (median(taken[whose]) for whose in WHOSE)
            all_of_it = "; ".join(f"{whose} " + " ".join(f"{one:.2f}" for one in taken[whose]) for whose in WHOSE)
            print(
                f"{arguments.megabytes} MB in {files} file{'s' * (files != '1')}, {line:6s} line: "
                f"ours {ours:.2f} s, snapshot_download {theirs:.2f} s, ratio {ours / theirs:.2f}   ({all_of_it})",
                flush=True,
            )


if __name__ == "__main__":
    main()
