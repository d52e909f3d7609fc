"""A run trains as plain Trainer does, bit for bit, and goes on after it was killed as if it had not been."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny import save_tiny
from training_runs import new_run, tiny_bert, told, weights, work
from training_runs import one_thread as one_thread  # the fixture
from transformers import (
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)

from nbtransformers.rundir.folder import RunFolder
from nbtransformers.training.data import stored_rows
from nbtransformers.training.trainer import gives_mean


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("models") / "bert", labels=5)  # its head is for others, and made anew


class Curve(TrainerCallback):
    """What Trainer itself says of each step."""

    def __init__(self) -> None:
        self.steps: list[tuple[float, float, float]] = []
        self.evals: list[float] = []

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **others: Any) -> None:
        if "loss" in logs:
            self.steps.append((logs["loss"], logs["learning_rate"], logs["grad_norm"]))
        if "eval_loss" in logs:
            self.evals.append(logs["eval_loss"])


def plain_trainer(run: RunFolder, encoder: Path, folder: Path, **settings: Any) -> tuple[Any, Curve]:
    """Plain Transformers over the same rows: written by hand, and nothing of ours but the order of the rows."""
    from nbtransformers.training.sampling import grouped_sampler

    tokenizer = AutoTokenizer.from_pretrained(encoder)
    set_seed(42)
    model = AutoModelForSequenceClassification.from_pretrained(
        encoder, id2label={0: "bad", 1: "good"}, label2id={"bad": 0, "good": 1}, ignore_mismatched_sizes=True
    )

    def encoded(part: Any) -> Any:
        rows = stored_rows(run, part)
        found = rows.map(lambda some: tokenizer(some["text"], truncation=True, max_length=160), batched=True)
        return found.rename_column("label", "labels").remove_columns(["text"])

    arguments = TrainingArguments(
        output_dir=str(folder),
        **{"per_device_train_batch_size": 4, "per_device_eval_batch_size": 4},
        **{"learning_rate": 1e-3, "warmup_steps": 0.1, "weight_decay": 0.01, "seed": 42, "use_cpu": True},
        **{"logging_steps": 1, "eval_strategy": "steps", "save_strategy": "no", "disable_tqdm": True},
        **{"num_train_epochs": 2, **settings},
    )

    class WithOurOrder(Trainer):
        # BERT's head takes `num_items_in_batch` and does not divide by it, so that Trainer adds up the means of parts.
        loss_is_scaled_for_ga = False

        def _get_train_sampler(self, train_dataset: Any = None) -> Any:
            rows = self.args.train_batch_size * self.args.gradient_accumulation_steps
            return grouped_sampler([len(ids) for ids in self.train_dataset["input_ids"]], rows, self.args.seed)

    curve = Curve()
    trainer = WithOurOrder(
        model=model,
        args=arguments,
        data_collator=DataCollatorWithPadding(tokenizer),
        train_dataset=encoded("train"),
        eval_dataset=encoded("test"),
        processing_class=tokenizer,
        callbacks=[curve],
    )
    trainer.train()
    return trainer, curve


@pytest.mark.parametrize(
    "settings, plain",
    [
        pytest.param({}, {}, id="as it comes"),
        pytest.param(
            {"grad_accum": 2, "schedule": "cosine", "arguments": {"max_grad_norm": 0.1, "eval_steps": 4}},
            {"gradient_accumulation_steps": 2, "lr_scheduler_type": "cosine", "max_grad_norm": 0.1},
            id="accumulation, cosine, clipping",
        ),
    ],
)
def test_the_loss_curve_is_that_of_plain_trainer(
    tmp_path: Path, encoder: Path, settings: dict[str, Any], plain: dict[str, Any]
) -> None:
    every = settings.get("arguments", {}).get("eval_steps", 12)
    run = new_run(tmp_path / "run", encoder, **{"arguments": {}, **settings})
    assert work(run) == 0
    trainer, curve = plain_trainer(run, encoder, tmp_path / "plain", **{"eval_steps": every, **plain})
    steps = [event for event in told(run) if event["type"] == "step"]
    assert [(step["loss"], step["lr"], step["grad_norm"]) for step in steps] == curve.steps
    losses = [event["metrics"]["loss"] for event in told(run) if event["type"] == "eval"]
    assert losses == pytest.approx(curve.evals, rel=1e-5)  # batches of an evaluation are sorted by length
    last = weights(run.checkpoint(steps[-1]["step"]))
    assert last == {name: weight.numpy().tobytes() for name, weight in trainer.model.state_dict().items()}


def test_bfloat16_on_a_cpu_is_that_of_plain_trainer(tmp_path: Path, encoder: Path) -> None:
    run, exact = (
        new_run(tmp_path / name, encoder, arguments={}, epochs=1.0, bf16=bf16)
        for name, bf16 in (("run", True), ("exact", False))
    )
    assert work(run) == work(exact) == 0
    settings = {"num_train_epochs": 1, "eval_steps": 12, "bf16": True}
    trainer, curve = plain_trainer(run, encoder, tmp_path / "plain", **settings)
    losses, in_float32 = ([event["loss"] for event in told(one) if event["type"] == "step"] for one in (run, exact))
    assert losses == [loss for loss, *_ in curve.steps]
    assert all(math.isfinite(loss) for loss in losses)
    # Half as many digits, and near all the same.
    assert losses != in_float32
    assert losses == pytest.approx(in_float32, rel=0.05)
    last = weights(run.model)
    assert last == {name: weight.numpy().tobytes() for name, weight in trainer.model.state_dict().items()}
    assert {weight.dtype for weight in trainer.model.state_dict().values()} == {torch.float32}


@pytest.mark.parametrize(
    ("architecture", "kind", "is_mean"),
    [("llama", AutoModelForCausalLM, False), ("bert", AutoModelForMaskedLM, True)],
)
@pytest.mark.parametrize("learnt", ["every token", "one token", "nothing"])
def test_a_loss_that_is_a_mean_is_known_by_a_batch_of_which_nothing_is_learnt(
    architecture: str, kind: Any, is_mean: bool, learnt: str, tmp_path: Path
) -> None:
    model = kind.from_pretrained(save_tiny(architecture, tmp_path / architecture, kind=kind))
    ids = torch.arange(200, 212).reshape(2, 6)
    labels = ids.clone() if learnt == "every token" else torch.full_like(ids, -100)
    if learnt == "one token":
        labels[0, 3] = 7
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels}
    before = labels.tolist()
    assert gives_mean(model.train(), batch) is is_mean
    assert model.training and labels.tolist() == before
