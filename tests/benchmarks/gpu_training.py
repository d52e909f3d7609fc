"""Seconds a step of a run on a GPU against plain Trainer and a bare loop, and the memory that a run takes there.

    python tests/benchmarks/gpu_training.py                         all
    python tests/benchmarks/gpu_training.py speed --rounds 7        one
    python tests/benchmarks/gpu_training.py memory

The models have the shapes of BERT-base and SmolLM2-135M and random weights. For speed, all contenders train the same
weights in bfloat16 on the same batches with the same settings, each says its loss after every step, and they alternate
in one process; a step is timed from the end of the one before. For memory, what the card of a run expects is beside
what torch reserved at most. It reports; it judges nothing.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "gpu"))

from gpu import BERT_BASE, SMOLLM2, texts
from trainingsteps import moments_of_steps

BATCH, LR, SEED = 32, 5e-5, 42
WARM = 10  # steps before it is timed


def model_folder(folder: Path, architecture: str) -> Path:
    """A model of random weights and its tokenizer."""
    from test_cuda import saved
    from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

    if architecture == "llama":
        return saved(folder, AutoModelForCausalLM, "llama", **{**SMOLLM2, "initializer_range": 0.02})
    return saved(folder, AutoModelForSequenceClassification, "bert", **BERT_BASE, num_labels=2, initializer_range=0.02)


def new_run(folder: Path, model: Path, data: list[str], steps: int, device: str, **how: Any) -> Any:
    """The directory of a run of so many steps, with its card."""
    import pandas as pd

    from nbtransformers.request import DataRef, FinetuneRequest, ModelRef
    from nbtransformers.rundir.folder import RunFolder
    from nbtransformers.training.card import write_card
    from nbtransformers.training.data import prepare

    folder.mkdir()
    run = RunFolder(folder)
    labels = {"label": [("bad", "good")[number % 2] for number in range(len(data))]}
    causal = how.get("training_task") == "causal"
    request = FinetuneRequest(
        DataRef("variable", "data"),
        model=ModelRef("folder", str(model)),
        **{"text": "text", "label": () if causal else ("label",), "lr": LR, "seed": SEED, "device": device},
        **{"batch_size": BATCH, "test_share": 0.02, "arguments": {"max_steps": steps}, **how},
    )
    prepare(request, {"data": pd.DataFrame({"text": data, **({} if causal else labels)})}, run)
    run.request.write_text(request.to_json(), encoding="utf-8")
    write_card(request, run)
    return run


# --- speed ---


class Contest:
    """The same rows, and the same model, for everybody.

    Args:
        folder: for runs and models.
        steps: of each.
        device: where they train.
    """

    def __init__(self, folder: Path, steps: int, device: str) -> None:
        from nbtransformers.request import FinetuneRequest
        from nbtransformers.training.data import stored_description, stored_rows
        from nbtransformers.training.tasks import task_named

        self.folder, self.steps, self.device = folder, steps, device
        self.model = model_folder(folder / "model", "bert")
        self.texts = texts(BATCH * steps * 2)
        run = self.new("rows")
        self.request = FinetuneRequest.from_json(run.request.read_text(encoding="utf-8"))
        self.description = stored_description(run)
        loaded = self.loaded()
        task = task_named(self.description.training_task)
        self.rows = task.encode(stored_rows(run, "train"), loaded.tokenizer, self.description, loaded.limit)

    def new(self, name: str) -> Any:
        """The directory of a run."""
        return new_run(self.folder / name, self.model, self.texts, self.steps, self.device, bf16=True)

    def loaded(self) -> Any:
        """The model as a worker loads it."""
        from nbtransformers.training.loading import load_to_train
        from nbtransformers.training.tasks import task_named

        settings = task_named(self.description.training_task).config(self.description)
        assert self.request.model is not None
        return load_to_train(self.request.model, "classifier", settings, seed=SEED)

    def sampler(self) -> Any:
        """The order of a run's rows."""
        from nbtransformers.training.sampling import grouped_sampler, token_lengths

        return grouped_sampler(token_lengths(self.rows), BATCH, SEED)

    def bare_loop(self) -> list[float]:
        """What Trainer does for a step, written out."""
        from transformers import DataCollatorWithPadding, get_linear_schedule_with_warmup

        loaded = self.loaded()
        loader = torch.utils.data.DataLoader(
            self.rows,
            batch_size=BATCH,
            sampler=self.sampler(),
            collate_fn=DataCollatorWithPadding(loaded.tokenizer),
            pin_memory=self.device == "cuda",
        )
        model = loaded.model.to(self.device).train()
        optimizer = torch.optim.AdamW(model.parameters(), lr=LR, weight_decay=0.01, fused=True)
        schedule = get_linear_schedule_with_warmup(optimizer, self.steps // 10, self.steps)
        ended: list[float] = []
        batches = iter(loader)
        for _ in range(self.steps):
            batch = {name: value.to(self.device, non_blocking=True) for name, value in next(batches).items()}
            with torch.autocast(self.device, torch.bfloat16):
                loss = model(**batch).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            loss.item()  # a loop that says its loss
            ended.append(time.perf_counter())
        return ended

    def plain_trainer(self) -> list[float]:
        """Plain Trainer with the arguments of a run, and the order of its rows."""
        from transformers import DataCollatorWithPadding, PrinterCallback, Trainer, TrainerCallback

        from nbtransformers.rundir.folder import RunFolder
        from nbtransformers.training.settings import steps_of, training_arguments

        loaded, contest = self.loaded(), self
        ended: list[float] = []

        class Ended(TrainerCallback):
            def on_log(self, *given: Any, logs: Any = None, **others: Any) -> None:
                if "loss" in logs:
                    ended.append(time.perf_counter())

        class WithOrder(Trainer):
            def _get_train_sampler(self, train_dataset: Any = None) -> Any:
                return contest.sampler()

        with tempfile.TemporaryDirectory() as folder:
            steps = steps_of(self.request, len(self.rows))
            arguments = training_arguments(self.request, RunFolder(Path(folder)), steps, "loss", self.device)
            arguments.eval_strategy = arguments.save_strategy = "no"
            trainer = WithOrder(
                model=loaded.model,
                args=arguments,
                train_dataset=self.rows,
                data_collator=DataCollatorWithPadding(loaded.tokenizer),
                callbacks=[Ended()],
            )
            trainer.remove_callback(PrinterCallback)
            trainer.train()
        return ended


def speed(options: argparse.Namespace) -> dict[str, list[float]]:
    """Milliseconds a step, in each round."""
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as place:
        contest = Contest(Path(place), options.steps, options.device)
        ways: dict[str, Callable[[int], list[float]]] = {
            "bare loop": lambda number: contest.bare_loop(),
            "plain Trainer": lambda number: contest.plain_trainer(),
            "run": lambda number: moments_of_steps(contest.new(f"run-{number}"), time.perf_counter),
        }
        for number in range(options.rounds + 1):
            for name in list(ways)[:: 1 if number % 2 else -1]:
                ended = ways[name](number)
                freed()
                assert len(ended) == options.steps
                if number:  # the first round finds out how to compute
                    found.setdefault(name, []).append(1000 * (ended[-1] - ended[WARM]) / (options.steps - WARM - 1))
            print({name: round(times[-1], 2) for name, times in found.items()}, flush=True)
    print(f"\nBERT-base, {BATCH} rows a step, bfloat16: {options.steps - WARM - 1} steps, {options.rounds} rounds")
    print(f"{'':16}{'ms a step':>10}{'of the bare loop':>18}")
    for name, times in found.items():
        ratios = sorted(time / bare for time, bare in zip(times, found["bare loop"], strict=True))
        middle = f"{statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})"
        print(f"{name:16}{statistics.median(times):10.2f}   {middle}", flush=True)
    return found


# --- memory ---

RUNS: dict[str, tuple[str, dict[str, Any]]] = {
    "BERT-base, float32": ("bert", {}),
    "BERT-base, bfloat16": ("bert", {"bf16": True}),
    "BERT-base, bfloat16, batch 8": ("bert", {"bf16": True, "batch_size": 8}),
    "BERT-base, lora, bfloat16": ("bert", {"bf16": True, "method": "lora"}),
    "BERT-base, qlora, bfloat16": ("bert", {"bf16": True, "method": "qlora"}),
    "SmolLM2, batch 8, float32": ("llama", {"training_task": "causal", "batch_size": 8}),
    "SmolLM2, batch 8, bfloat16": ("llama", {"training_task": "causal", "batch_size": 8, "bf16": True}),
    "SmolLM2, batch 8, lora, bfloat16": (
        "llama",
        {"training_task": "causal", "batch_size": 8, "bf16": True, "method": "lora"},
    ),
}


def memory(options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Gigabytes that the card expects, and that torch reserved and had in use at most."""
    found: dict[str, dict[str, float]] = {}
    print(f"\n{'':36}{'expected':>9}{'reserved':>9}{'in use':>9}{'expected / reserved':>21}", flush=True)
    with tempfile.TemporaryDirectory() as place:
        models = {name: model_folder(Path(place, name), name) for name in ("bert", "llama")}
        long = [" ".join([text] * 60)[:4000] for text in texts(200)]  # all as long as is read
        for number, (name, (architecture, how)) in enumerate(RUNS.items()):
            freed()
            before = torch.cuda.memory_allocated()
            how = {"max_length": 512, **how}
            run = new_run(Path(place, str(number)), models[architecture], long, 4, options.device, **how)
            torch.cuda.reset_peak_memory_stats()
            moments_of_steps(run, time.perf_counter)
            expected = json.loads(run.card.read_text(encoding="utf-8"))["memory"]["needed"]
            most = torch.cuda.max_memory_reserved(), torch.cuda.max_memory_allocated() - before
            sizes = [nbytes / 1e9 for nbytes in (expected, *most)]
            found[name] = dict(zip(("expected", "reserved", "in use"), sizes, strict=True))
            numbers = "".join(f"{value:9.2f}" for value in sizes)
            print(f"{name:36}{numbers}{expected / most[0]:21.2f}", flush=True)
    return found


def freed() -> None:
    """Have nothing on the GPU that nobody holds."""
    gc.collect()
    torch.cuda.empty_cache()


PARTS: dict[str, Callable[[argparse.Namespace], Any]] = {"speed": speed, "memory": memory}


def main() -> None:
    """Each part in turn."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", default=list(PARTS), metavar="PART")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cuda", help="`cpu` tries the script out")
    parser.add_argument("--json", type=Path, help="also write the numbers there")
    options = parser.parse_args()
    if options.device == "cuda":
        if not torch.cuda.is_available():
            sys.exit("There is no CUDA device here.")
        print(torch.cuda.get_device_name(0), "torch", torch.__version__)
    from datasets import disable_caching, disable_progress_bars

    disable_caching()
    disable_progress_bars()
    found: dict[str, Any] = {}
    for part in options.parts:
        found[part] = PARTS[part](options)
        if options.json:
            options.json.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
