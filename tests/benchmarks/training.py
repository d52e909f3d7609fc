"""Seconds a step of a run, against a bare loop and plain Trainer over the same batches, and the tutorial's loop.

    python tests/benchmarks/training.py                       50 steps, 5 rounds
    python tests/benchmarks/training.py --steps 10 --rounds 3 --tutorial-rows 4

All start from the bundled encoder with the same new head, in one process, with one thread, and alternate; a step is
timed from the end of the one before, by the clock and by what the process had of a core, which says more on a machine
that others use. Texts of like length are found among those of 50 steps, so that fewer steps show less of what that
gains. The bare loop has AdamW as `torch.optim` makes it; beside it is one with the fused one that Trainer takes. The
tutorial's loop takes one text at a time and pads all to the longest of the data. What a round found is printed, and
written, as soon as it ends. It reports; it judges nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # for everybody alike: kinder to a shared machine

from classify import real_texts
from trainingsteps import moments_of_steps

BATCH, LR, SEED = 16, 5e-5, 42

Moment = tuple[float, float]
"""By the clock, and by what the process had of a core, in seconds."""


def now() -> Moment:
    """This moment."""
    return time.perf_counter(), time.process_time()


class Examples:
    """Real texts of mixed length with made-up labels, and the encoder with a head for them."""

    def __init__(self, rows: int, steps: int) -> None:
        import pandas as pd

        self.steps = steps
        self.data = pd.DataFrame({"text": real_texts(rows), "label": ["bad", "good"] * (rows // 2)})

    def run(self, folder: Path, **arguments: Any) -> Any:
        """The directory of a run of so many steps."""
        from nbtransformers.request import DataRef, FinetuneRequest, ModelRef
        from nbtransformers.rundir.folder import RunFolder
        from nbtransformers.training.data import prepare

        folder.mkdir()
        run = RunFolder(folder)
        request = FinetuneRequest(
            DataRef("variable", "data"),
            model=ModelRef("bundled", "minilm"),
            **{"text": "text", "label": ("label",), "batch_size": BATCH, "lr": LR, "seed": SEED, "device": "cpu"},
            test_share=0.02,
            arguments={"max_steps": self.steps, **arguments},
        )
        prepare(request, {"data": self.data}, run)
        run.request.write_text(request.to_json(), encoding="utf-8")
        return run

    def loaded(self) -> Any:
        """The model as the worker loads it."""
        from nbtransformers.request import ModelRef
        from nbtransformers.training.loading import load_to_train

        settings = {"num_labels": 2, "id2label": {0: "bad", 1: "good"}, "problem_type": "single_label_classification"}
        return load_to_train(ModelRef("bundled", "minilm"), "classifier", settings, seed=SEED)


def encoded(run: Any, loaded: Any) -> Any:
    """The rows of a run as tokens."""
    from nbtransformers.training.data import stored_description, stored_rows
    from nbtransformers.training.tasks import task_named

    rows = stored_rows(run, "train")
    description = stored_description(run)
    return task_named("classification").encode(rows, loaded.tokenizer, description, loaded.limit)


def bare_loop(examples: Examples, run: Any, **adamw: Any) -> list[Moment]:
    """What Trainer does for a step, written out; when each step ended."""
    import torch
    from transformers import DataCollatorWithPadding, get_linear_schedule_with_warmup

    from nbtransformers.training.sampling import grouped_sampler, token_lengths

    loaded = examples.loaded()
    rows = encoded(run, loaded)
    sampler = grouped_sampler(token_lengths(rows), BATCH, SEED)
    collator = DataCollatorWithPadding(loaded.tokenizer)
    loader = torch.utils.data.DataLoader(rows, batch_size=BATCH, sampler=sampler, collate_fn=collator)
    model = loaded.model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=LR, weight_decay=0.01, **adamw)
    schedule = get_linear_schedule_with_warmup(optimizer, examples.steps // 10, examples.steps)
    ended: list[Moment] = []
    batches = iter(loader)
    for _ in range(examples.steps):
        loss = model(**next(batches)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        loss.item()  # a loop that says its loss
        ended.append(now())
    return ended


def plain_trainer(examples: Examples, run: Any) -> list[Moment]:
    """Plain Trainer, with the order of rows of a run."""
    from transformers import DataCollatorWithPadding, PrinterCallback, Trainer, TrainerCallback, TrainingArguments

    from nbtransformers.training.sampling import grouped_sampler, token_lengths

    loaded = examples.loaded()
    ended: list[Moment] = []

    class Ended(TrainerCallback):
        def on_log(self, *given: Any, logs: Any = None, **others: Any) -> None:
            if "loss" in logs:
                ended.append(now())

    class WithOrder(Trainer):
        def _get_train_sampler(self, train_dataset: Any = None) -> Any:
            return grouped_sampler(token_lengths(self.train_dataset), BATCH, SEED)

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder,
            **{"per_device_train_batch_size": BATCH, "learning_rate": LR, "max_steps": examples.steps, "seed": SEED},
            **{"warmup_steps": 0.1, "weight_decay": 0.01, "logging_steps": 1, "save_strategy": "no", "use_cpu": True},
            disable_tqdm=True,
        )
        trainer = WithOrder(
            model=loaded.model,
            args=arguments,
            train_dataset=encoded(run, loaded),
            data_collator=DataCollatorWithPadding(loaded.tokenizer),
            callbacks=[Ended()],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return ended


def a_run(examples: Examples, folder: Path, **arguments: Any) -> list[Moment]:
    """A run; its checkpoint comes after the last step."""
    return moments_of_steps(examples.run(folder, **arguments), now)


def tutorial_loop(examples: Examples, run: Any, rows: int) -> Moment:
    """Seconds a row of the loop that tutorials show: one text at a time, all padded to the longest."""
    import torch

    loaded = examples.loaded()
    tokens = encoded(run, loaded)
    longest = max(len(ids) for ids in tokens["input_ids"])
    model = loaded.model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=LR)
    started = now()
    for number in range(rows):
        padded = loaded.tokenizer.pad([tokens[number]], padding="max_length", max_length=longest, return_tensors="pt")
        loss = model(**padded).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return each(started, now(), rows)


def each(first: Moment, last: Moment, number: int) -> Moment:
    """What one of so many took."""
    return (last[0] - first[0]) / number, (last[1] - first[1]) / number


def measure(steps: int, rounds: int, tutorial_rows: int) -> Iterator[dict[str, Any]]:
    """Seconds a step of everything in every round; given after each, with those of the rounds before."""
    import torch
    from datasets import disable_caching, disable_progress_bars

    torch.set_num_threads(1)
    disable_caching()
    disable_progress_bars()
    examples = Examples(BATCH * (steps + 4), steps)
    seconds: dict[str, list[Moment]] = {}
    with tempfile.TemporaryDirectory() as folder:
        run = examples.run(Path(folder, "rows"))
        ways: dict[str, Callable[[int], list[Moment]]] = {
            "bare loop": lambda number: bare_loop(examples, run),
            "bare loop, fused AdamW": lambda number: bare_loop(examples, run, fused=True),
            "plain Trainer": lambda number: plain_trainer(examples, run),
            "run": lambda number: a_run(examples, Path(folder, f"run-{number}")),
            "run, rows at random": lambda number: a_run(
                examples, Path(folder, f"random-{number}"), train_sampling_strategy="random"
            ),
        }
        for number in range(rounds):
            for name in list(ways)[:: 1 if number % 2 else -1]:
                ended = ways[name](number)
                seconds.setdefault(name, []).append(each(ended[0], ended[-1], len(ended) - 1))
            seconds.setdefault("tutorial loop, a row", []).append(tutorial_loop(examples, run, tutorial_rows))
            yield {"steps": steps, "threads": 1, "batch": BATCH, "seconds": seconds}


def report(measured: dict[str, Any]) -> str:
    """Medians, and each against the bare loop of its own round."""
    rounds = len(measured["seconds"]["bare loop"])
    lines = [
        f"{measured['steps']} steps of {measured['batch']} rows, {measured['threads']} thread, medians of {rounds}"
    ]
    for at, clock in enumerate(("by the clock", "of a core")):
        seconds = {name: [values[at] for values in several] for name, several in measured["seconds"].items()}
        lines.append(f"seconds {clock}:")
        for name, values in seconds.items():
            line = f"  {name:24} {statistics.median(values):8.4f}"
            if name != "tutorial loop, a row":
                ratios = sorted(value / base for value, base in zip(values, seconds["bare loop"], strict=True))
                line += (
                    f" a step, {statistics.median(ratios):.3f} of the bare loop ({ratios[0]:.3f} to {ratios[-1]:.3f})"
                )
            lines.append(line)
        a_row = statistics.median(seconds["run"]) / measured["batch"]
        times = statistics.median(seconds["tutorial loop, a row"]) / a_row
        lines.append(f"  {'run, a row':24} {a_row:8.4f}, and the tutorial's loop takes {times:.1f} times that")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # pyright: ignore[reportOptionalMemberAccess]
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tutorial-rows", type=int, default=8)
    parser.add_argument("--json", type=Path, help="also write the numbers there")
    given = parser.parse_args()
    for found in measure(given.steps, given.rounds, given.tutorial_rows):
        print(report(found), end="\n\n", flush=True)
        if given.json:
            given.json.write_text(json.dumps(found, indent=2))
