"""The memory that is foretold of a model, against what it really takes: each figure from a process of its own.

    python tests/benchmarks/fit.py [--device cpu] [--models bert-base,gpt2] [--rows 2,8] [--tokens 64,192]

Six models, two batches, two lengths; each in inference (the task that the model is for, by the public function) and
in fine-tuning (the worker of `%finetune`, all weights and LoRA). `minilm` and `smollm2` have their real weights. The
others have the real shapes and random numbers, which take the same memory. The constants of the estimate were fitted to
peaks of these six; so there are two models more, of other architectures, to which nothing was fitted.

Inference is of one batch: for many, the engine may keep its linear layers a second time, packed for oneDNN, where
memory is plentiful, which no estimate counts. A run takes three steps and ends with its model.

What is measured: on the CPU the peak of resident memory of the whole process (VmHWM), Python and the libraries
included, which is also what is foretold; so with a small model much of it is the libraries. On CUDA it is
`torch.cuda.max_memory_reserved`, and the estimate without its share for the CUDA context, which torch does not count.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

WORDS = [
    "the",
    "film",
    "is",
    "good",
    "and",
    "bad",
    "with",
    "a",
    "long",
    "story",
    "of",
    "two",
    "men",
    "who",
    "love",
    "their",
    "house",
    "near",
    "old",
    "sea",
]
MODELS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "minilm": ("embed", "classification", {}),
    "smollm2": ("generate", "causal", {}),
    "bert-base": ("classify", "classification", {"architecture": "bert", "head": "SequenceClassification"}),
    "distilbert-base": ("entities", "tokens", {"architecture": "distilbert", "head": "TokenClassification"}),
    "gpt2": ("generate", "causal", {"architecture": "gpt2", "head": "CausalLM"}),
    "t5-small": ("summarize", "seq2seq", {"architecture": "t5", "head": "Seq2SeqLM"}),
}
"""A model to the function that it is used by, what it is taught, and how it is made; empty of one that is bundled."""
HELD_OUT: dict[str, tuple[str, str, dict[str, Any]]] = {
    "albert-base": ("classify", "classification", {"architecture": "albert", "head": "SequenceClassification"}),
    "bart-base": ("summarize", "seq2seq", {"architecture": "bart", "head": "Seq2SeqLM"}),
}
"""Likewise; nothing was fitted to these."""
EVERY = MODELS | HELD_OUT
WAYS = ("inference", "full", "lora")
NEW_TOKENS = 8


def main() -> None:
    arguments = _arguments()
    if arguments.measure:
        print(json.dumps(measured(*arguments.measure, device=arguments.device)), flush=True)
        return
    asked = arguments.models.split(",") if arguments.models else [*MODELS, *HELD_OUT]
    for what, models in (("", MODELS), (", of models to which nothing was fitted", HELD_OUT)):
        ratios = [
            compared(name, way, int(rows), int(tokens), arguments.device)
            for name in asked
            if name in models
            for way in arguments.ways.split(",")
            for rows in arguments.rows.split(",")
            for tokens in arguments.tokens.split(",")
        ]
        if ratios:
            within = sum(abs(ratio - 1) <= 0.15 for ratio in ratios)
            span = f"{min(ratios):.2f} to {max(ratios):.2f}"
            print(f"{within} of {len(ratios)} estimates within 15% of the peak, {span}{what}", flush=True)


def compared(name: str, way: str, rows: int, tokens: int, device: str) -> float:
    """Print the estimate beside the peak of a process of its own, and give estimate / peak.

    Raises:
        RuntimeError: when that process fails.
    """
    import nbtransformers as nbt

    done = subprocess.run(
        [sys.executable, __file__, "--device", device, "--measure", name, way, str(rows), str(tokens)],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    peak = json.loads(done.stdout.splitlines()[-1])
    memory = nbt.card(model_folder(name), batch_size=rows, length=tokens, device=device).memory[way]
    estimate = memory.added if device.startswith("cuda") else memory.needed
    ratio = estimate / peak
    print(
        f"{name:16s} {way:9s} {rows:3d} x {tokens:4d}  peak {peak / 2**20:7.0f} MiB  "
        f"estimate {estimate / 2**20:7.0f} MiB  ratio {ratio:.2f}",
        flush=True,
    )
    return ratio


def measured(name: str, way: str, rows: str, tokens: str, device: str) -> int:
    """The peak of this process, in bytes."""
    with tempfile.TemporaryDirectory() as folder:
        model = model_folder(name)
        if way == "inference":
            _infer(name, model, int(rows), int(tokens), device)
        else:
            _train(name, model, way, int(rows), int(tokens), device, Path(folder))
        return _peak(device)


def _infer(name: str, model: str, rows: int, tokens: int, device: str) -> None:
    import nbtransformers as nbt

    function = EVERY[name][0]
    new = NEW_TOKENS if function == "generate" else 0
    options: dict[str, Any] = {"model": model, "device": device, "batch_tokens": rows * tokens}
    if function in ("generate", "summarize"):
        options["max_new_tokens"] = NEW_TOKENS
    texts = [_text(name, tokens - new, number) for number in range(rows)]
    result = getattr(nbt, function)(texts, **options)
    assert len(result.to_pandas()) >= len(texts) or function == "entities", result


def _train(name: str, model: str, method: str, rows: int, tokens: int, device: str, folder: Path) -> None:
    import pandas as pd

    run = folder / "run"
    task = EVERY[name][1]
    texts = [_text(name, 2 * tokens, number) for number in range(5 * rows)]
    tags = [("O", "B-X")[number % 2] for number in range(2 * tokens - 2)]
    labels: list[Any] = (
        texts[::-1] if task == "seq2seq" else [tags] * len(texts) if task == "tokens" else ["a", "b"] * len(texts)
    )
    if task == "tokens":
        data = pd.DataFrame({"text": [text.split() for text in texts], "label": labels[: len(texts)]})
    else:
        data = pd.DataFrame({"text": texts, **({} if task == "causal" else {"label": labels[: len(texts)]})})
    data.to_pickle(folder / "data.pkl")
    # Written by another process: this one does nothing but train.
    code = (
        f"import sys; sys.path[:0] = [{str(Path(__file__).parents[1] / 'oracle')!r}]; import pandas as pd\n"
        "from pathlib import Path; from training_runs import new_run\n"
        f"data = pd.read_pickle({str(folder / 'data.pkl')!r})\n"
        f"new_run(Path({str(run)!r}), Path({model!r}), data, text='text',"
        f" label={('label',) if task != 'causal' else ()!r}, training_task={task!r},"
        f" method={method!r}, batch_size={rows}, max_length={tokens}, device={device!r},"
        " test_share=0.2, arguments={'max_steps': 3})"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2] / "tests" / "oracle")
    from nbtransformers.training.worker import main as work

    assert work([str(run)]) == 0


def _text(name: str, tokens: int, number: int) -> str:
    # Words that each of the tokenizers takes as one token, in turn; the ends come besides.
    return " ".join(WORDS[(number + place) % len(WORDS)] for place in range(tokens - 2))


def model_folder(name: str) -> str:
    """The folder of a model."""
    from nbtransformers.loading.bundled import bundled_folder

    architecture = EVERY[name][2].get("architecture")
    if architecture is None:
        return str(bundled_folder(name))
    folder = Path(tempfile.gettempdir()) / "nbtransformers-fit" / name
    if not (folder / "tokenizer.json").exists():
        code = (
            f"import sys; sys.path[:0] = [{str(Path(__file__).parents[1] / 'oracle')!r}]\n"
            "import transformers; from tiny import tiny_tokenizer\n"
            f"config = transformers.AutoConfig.for_model({architecture!r}, **{_shape(architecture)!r})\n"
            f"transformers.AutoModelFor{EVERY[name][2]['head']}.from_config(config).save_pretrained({str(folder)!r})\n"
            f"tokenizer = tiny_tokenizer({architecture!r}); tokenizer.model_max_length = 512\n"
            f"tokenizer.save_pretrained({str(folder)!r})"
        )
        subprocess.run([sys.executable, "-c", code], check=True)
    return str(folder)


def _shape(architecture: str) -> dict[str, Any]:
    """What differs from the defaults of a configuration, which are mostly those of the models' first ones."""
    if architecture == "albert":
        return {"hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 3072}
    if architecture == "bart":
        sizes = {"layers": 6, "attention_heads": 12, "ffn_dim": 3072}
        halves = [{f"{half}_{name}": size for name, size in sizes.items()} for half in ("encoder", "decoder")]
        return {"d_model": 768, **halves[0], **halves[1]}
    if architecture == "t5":
        return {"d_model": 512, "d_kv": 64, "d_ff": 2048, "num_layers": 6, "num_heads": 8, "decoder_start_token_id": 0}
    return {"id2label": {0: "O", 1: "B-X"}} if architecture == "distilbert" else {}


def _peak(device: str) -> int:
    import torch

    if device.startswith("cuda"):
        return torch.cuda.max_memory_reserved()
    # Not ru_maxrss: a process inherits that of the one that starts it.
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--models", default="")
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--rows", default="2,8")
    parser.add_argument("--tokens", default="64,192")
    parser.add_argument("--measure", nargs=4, metavar=("MODEL", "WAY", "ROWS", "TOKENS"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
