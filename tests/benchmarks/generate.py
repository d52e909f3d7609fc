"""New tokens a second for many prompts, against what a user would pick instead.

    python tests/benchmarks/generate.py                          SmolLM2, one thread and two
    python tests/benchmarks/generate.py --prompts 64 --rounds 5 --threads 2
    python tests/benchmarks/generate.py --random --device cuda   random weights of the same shape, where it is not

All contenders write greedily for the same prompts with the same weights, each text as long as it may be, alternating
in one run. It reports; it judges nothing.
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

SHAPE = {
    **{"vocab_size": 49_152, "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30},
    **{"num_attention_heads": 9, "num_key_value_heads": 3, "max_position_embeddings": 2048},
    **{"tie_word_embeddings": True, "eos_token_id": 2, "pad_token_id": 2},
}
README = Path(__file__).resolve().parent.parent.parent / "README.md"


def some_prompts(count: int) -> list[str]:
    """Beginnings of sentences, of 3 to 40 words."""
    words = README.read_text(encoding="utf-8").split()
    return [" ".join(words[7 * row : 7 * row + 3 + (row * 11) % 38]) for row in range(count)]


def writer(random: bool, device: str) -> tuple[Any, Any]:
    """The model, and its tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    if random:
        torch.manual_seed(0)
        model: Any = LlamaForCausalLM(LlamaConfig(**SHAPE)).to(device, dtype).eval()
        return model, _byte_level()
    from smollm2 import decoder

    folder = decoder()
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).to(device).eval()
    return model, AutoTokenizer.from_pretrained(folder)


def _byte_level() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<a>", "<b>", "<end>"]
    made.train_from_iterator(
        README.read_text(encoding="utf-8").splitlines(),
        trainers.BpeTrainer(vocab_size=2_000, special_tokens=special, initial_alphabet=alphabet, show_progress=False),
    )
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<end>", pad_token="<end>")


def contenders(
    model: Any, tokenizer: Any, prompts: list[str], new: int, batches: list[int]
) -> dict[str, Callable[[], Any]]:
    """Name to a call that writes for every prompt once."""
    from transformers import GenerationConfig, pipeline

    import nbtransformers as nbt

    tokenizer.padding_side = "left"
    pipe = pipeline("text-generation", model=model, tokenizer=tokenizer, device=model.device)
    settings = GenerationConfig(max_new_tokens=new, min_new_tokens=new, do_sample=False)

    def loop() -> None:
        for prompt in prompts:
            inputs = tokenizer(prompt, return_tensors="pt").to(model.device)
            model.generate(**inputs, max_new_tokens=new, min_new_tokens=new, do_sample=False)

    def piped(batch: int) -> Callable[[], Any]:
        return lambda: pipe(prompts, batch_size=batch, generation_config=settings, return_full_text=False)

    ours = {"model": (model, tokenizer), "max_new_tokens": new, "min_new_tokens": new, "do_sample": False}
    calls: dict[str, Callable[[], Any]] = {"nbtransformers": lambda: nbt.generate(prompts, **ours)}
    calls["plain loop, one prompt at a time"] = loop
    return calls | {f"pipeline, batch {batch}": piped(batch) for batch in batches}


def measure(options: argparse.Namespace, threads: int) -> dict[str, Any]:
    """Seconds of every contender in every round."""
    import torch
    from transformers.utils import logging

    logging.set_verbosity_error()
    torch.set_num_threads(threads)
    model, tokenizer = writer(options.random, options.device)
    prompts = some_prompts(options.prompts)
    for call in contenders(model, tokenizer, prompts[:2], 4, options.batches).values():
        call()
    calls = contenders(model, tokenizer, prompts, options.new, options.batches)
    if options.device == "cuda":  # its first kernels of each size take seconds
        for name, call in calls.items():
            if not name.startswith("plain"):
                call()
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(options.rounds):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - started)
            print(f"  round {turn + 1}: {name}: {seconds[name][-1]:.2f} s", file=sys.stderr, flush=True)
    return {"threads": threads, "prompts": len(prompts), "tokens": len(prompts) * options.new, "seconds": seconds}


def report(found: dict[str, Any]) -> None:
    """Medians, and the ratio to us round by round: the machine's speed drifts, the ratio less."""
    ours = found["seconds"]["nbtransformers"]
    print(f"\n{found['threads']} thread(s): {found['prompts']:,} prompts, {found['tokens']:,} new tokens\n")
    print(f"{'':40}{'tokens/s':>9}{'seconds':>9}{'times ours':>12}")
    for name, seconds in found["seconds"].items():
        ratio = statistics.median(theirs / mine for theirs, mine in zip(seconds, ours, strict=True))
        median = statistics.median(seconds)
        print(f"{name:40}{found['tokens'] / median:9.1f}{median:9.2f}{ratio:12.2f}")


def main() -> None:
    """Each number of threads in a process of its own: torch's pools do not shrink."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=48)
    parser.add_argument("--new", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 4, 8, 16], help="of the pipeline")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--random", action="store_true")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(options, options.threads[0])))
        return
    for threads in options.threads:
        command = [sys.executable, __file__, "--child", f"--threads={threads}", f"--device={options.device}"]
        command += [f"--{name}={getattr(options, name)}" for name in ("prompts", "new", "rounds")]
        command += ["--batches", *map(str, options.batches), *["--random"] * options.random]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        report(json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    main()
