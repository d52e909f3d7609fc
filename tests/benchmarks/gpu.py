"""Texts and tokens a second on a GPU, against what a user would pick instead.

    python tests/benchmarks/gpu.py                         all tasks
    python tests/benchmarks/gpu.py classify embed          some

The models have the shapes of BERT-base and SmolLM2-135M and random weights: speed only, no quality. All contenders of
a task run the same weights in bfloat16 on the same texts, alternating in one run. It reports; it judges nothing.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "gpu"))

Calls = dict[str, Callable[[], Any]]
BERT_BASE = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072}
SMOLLM2 = {
    **{"hidden_size": 576, "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3},
    **{"intermediate_size": 1536, "max_position_embeddings": 8192, "vocab_size": 49_152, "bos_token_id": 2},
    **{"eos_token_id": 3, "tie_word_embeddings": True},
}


def texts(count: int) -> list[str]:
    """Texts of this project's own words, of mixed length: median about 50 tokens, the longest beyond 512."""
    from test_cuda import SOURCE

    words = SOURCE.read_text(encoding="utf-8").split()
    chance = random.Random(4)
    made: list[str] = []
    for _ in range(count):
        length = min(600, int(chance.lognormvariate(3.4, 0.9)) + 3)
        start = chance.randrange(len(words) - length)
        made.append(" ".join(words[start : start + length]))
    return made


def classify(folder: Path) -> tuple[str, Calls]:
    """Labels by BERT-base."""
    from test_cuda import saved
    from transformers import AutoModelForSequenceClassification, pipeline

    import nbtransformers as nbt

    saved(folder, AutoModelForSequenceClassification, "bert", **BERT_BASE, num_labels=3)
    given = texts(10_000)
    pipe = pipeline("text-classification", model=str(folder), device=0, dtype=torch.bfloat16)
    return "10,000 texts", {
        "nbtransformers": lambda: nbt.classify(given, model=str(folder)),
        **{
            f"pipeline, batch {size}": lambda size=size: pipe(given, batch_size=size, truncation=True)
            for size in (8, 32, 128)
        },
    }


def entities(folder: Path) -> tuple[str, Calls]:
    """Spans by BERT-base."""
    from test_cuda import saved
    from transformers import AutoModelForTokenClassification, pipeline

    import nbtransformers as nbt

    names = dict(enumerate(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]))
    saved(folder, AutoModelForTokenClassification, "bert", **BERT_BASE, id2label=names)
    given = [text[:900] for text in texts(3_000)]
    pipe = pipeline(
        "token-classification", model=str(folder), device=0, dtype=torch.bfloat16, aggregation_strategy="first"
    )
    return "3,000 texts", {
        "nbtransformers": lambda: nbt.entities(given, model=str(folder)),
        **{f"pipeline, batch {size}": lambda size=size: pipe(given, batch_size=size) for size in (8, 32)},
    }


def embed(folder: Path) -> tuple[str, Calls]:
    """Vectors by BERT-base."""
    from sentence_transformers import SentenceTransformer
    from test_cuda import saved
    from transformers import AutoModel

    import nbtransformers as nbt

    saved(folder, AutoModel, "bert", **BERT_BASE)
    given = texts(10_000)
    encoder = SentenceTransformer(str(folder), device="cuda", model_kwargs={"dtype": torch.bfloat16})
    encoder.max_seq_length = 512
    return "10,000 texts", {
        "nbtransformers": lambda: nbt.embed(given, model=str(folder)),
        **{
            f"sentence-transformers, batch {size}": lambda size=size: encoder.encode(given, batch_size=size)
            for size in (32, 128)
        },
    }


def generate(folder: Path) -> tuple[str, Calls]:
    """64 greedy tokens for each of 128 prompts by a decoder of SmolLM2's shape."""
    from test_cuda import saved
    from transformers import AutoModelForCausalLM, pipeline

    import nbtransformers as nbt

    saved(folder, AutoModelForCausalLM, "llama", **SMOLLM2)
    given = [text[:300] for text in texts(128)]
    pipe = pipeline("text-generation", model=str(folder), device=0, dtype=torch.bfloat16)
    pipe.tokenizer.padding_side = "left"
    options = {"max_new_tokens": 64, "min_new_tokens": 64, "do_sample": False}
    return "128 prompts of 64 tokens", {
        "nbtransformers": lambda: nbt.generate(given, model=str(folder), max_new_tokens=64, min_new_tokens=64),
        **{
            f"pipeline, batch {size}": lambda size=size: pipe(given, batch_size=size, **options)
            for size in (8, 32, 128)
        },
    }


TASKS = {"classify": classify, "entities": entities, "embed": embed, "generate": generate}


def measure(calls: Calls, rounds: int) -> dict[str, list[float]]:
    """Seconds of every contender in every round; the round before them warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds + 1):
        for name, call in calls.items():
            torch.cuda.synchronize()
            started = time.perf_counter()
            call()
            torch.cuda.synchronize()
            if turn:
                seconds[name].append(time.perf_counter() - started)
    return seconds


def report(task: str, what: str, seconds: dict[str, list[float]]) -> None:
    """Medians, and the ratio to us round by round."""
    print(f"\n{task}: {what}\n{'':36}{'seconds':>9}{'times ours':>12}", flush=True)
    for name, own in seconds.items():
        ratio = statistics.median(theirs / mine for theirs, mine in zip(own, seconds["nbtransformers"], strict=True))
        print(f"{name:36}{statistics.median(own):9.2f}{ratio:12.2f}", flush=True)


def main() -> None:
    """Each task in turn."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tasks", nargs="*", default=list(TASKS), metavar="TASK")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("There is no CUDA device here.")
    print(torch.cuda.get_device_name(0), "torch", torch.__version__)
    for task in options.tasks:
        with tempfile.TemporaryDirectory() as folder:
            what, calls = TASKS[task](Path(folder))
            report(task, what, measure(calls, options.rounds))


if __name__ == "__main__":
    main()
