"""The lines of a program that train: the order of the rows, and Trainer with what it is told."""

from __future__ import annotations

from typing import Any

from nbtransformers.codegen.layout import Part, call, definition
from nbtransformers.codegen.literals import INDENT, plain
from nbtransformers.codegen.trainingmetrics import KEEPS_LESS
from nbtransformers.request import FinetuneRequest
from nbtransformers.results.trainingrecipe import Reached, TrainingRecipe

# Of which the run has made what is in the recipe.
_OURS = ("save_steps", "eval_steps", "per_device_eval_batch_size")

_OF_A_METRIC = "reduce_lr_on_plateau"  # a schedule that multiplies nothing

_LONGEST_FIRST = Part(
    [
        "# The longest rows first are the least padding in an evaluation.",
        'order = np.argsort([-len(ids) for ids in test["input_ids"]], kind="stable")',
        "test = test.select(order)",
    ],
    ("import numpy as np",),
)


def order_parts(request: FinetuneRequest, recipe: TrainingRecipe) -> list[Part]:
    """The parts that say in which order rows are seen, how the parts of a step count, and what is done on the way."""
    stop = _stop(recipe.reached) if recipe.reached is not None and recipe.reached.stopped else Part([])
    rates = _rates(request, recipe) if recipe.lr_changes else Part([])
    return [_LONGEST_FIRST, _sampler(request), _trainer(recipe), rates, stop]


def _rates(request: FinetuneRequest, recipe: TrainingRecipe) -> Part:
    changes = [f"({step}, {factor!r})" for step, factor in recipe.lr_changes]
    base = ["        lr_scheduler.base_lrs = [lr * factor for lr in lr_scheduler.base_lrs]"]
    return definition(
        "NewRates(TrainerCallback)",
        "Changes the learning rate where the run did; the schedule goes on from there.",
        [
            "",
            *call("changes = [", changes, "]", within=len(INDENT)),
            "",
            "def on_step_begin(self, args, state, control, optimizer, lr_scheduler, **others):",
            "    for step, factor in self.changes:",
            "        if step != state.global_step:  # the last that is done",
            "            continue",
            "        for group in optimizer.param_groups:",
            '            group["lr"] *= factor',
            *(base if request.schedule != _OF_A_METRIC else []),
            '        lr_scheduler._last_lr = [group["lr"] for group in optimizer.param_groups]',
        ],
        ("from transformers import TrainerCallback",),
    )


def _stop(reached: Reached) -> Part:
    unmeasured = ["control.should_evaluate = False  # that evaluation was broken off"]
    return definition(
        "StopThere(TrainerCallback)",
        "Ends training where the run was stopped.",
        [
            "",
            "def on_step_end(self, args, state, control, **others):",
            f"    if state.global_step == {reached.step}:",
            "        control.should_training_stop = True",
            *(f"        {line}" for line in unmeasured if reached.evaluation_due),
        ],
        ("from transformers import TrainerCallback",),
    )


def _sampler(request: FinetuneRequest) -> Part:
    return definition(
        "GroupedSampler(LengthGroupedSampler)",
        "Texts of about one length share a batch; the seed and the epoch alone decide the order.",
        [
            "",
            "epoch = 0",
            "",
            "def set_epoch(self, epoch):",
            "    self.epoch = epoch",
            "",
            "def __iter__(self):",
            f"    drawn = np.random.SeedSequence([{request.seed}, self.epoch]).generate_state(1)[0]",
            "    self.generator = torch.Generator().manual_seed(int(drawn))",
            "    return super().__iter__()",
        ],
        (
            "import numpy as np",
            "import torch",
            "from transformers.trainer_pt_utils import LengthGroupedSampler",
        ),
    )


def _trainer(recipe: TrainingRecipe) -> Part:
    step = "self.args.train_batch_size"
    if recipe.accumulation > 1:
        step = f"{recipe.part * recipe.accumulation}"
    body = [
        "",
        "def _get_train_sampler(self, train_dataset=None):",
        '    lengths = [len(ids) for ids in self.train_dataset["input_ids"]]',
        f"    return GroupedSampler({step}, lengths=lengths)",
    ]
    if recipe.gives_means:
        body += [
            "",
            "def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):",
            "    found = super().compute_loss(model, inputs, return_outputs, num_items_in_batch)",
            "    if not model.training:",
            "        return found",
            "    # Trainer adds up what the model gives for the parts of a step, and this model gives means.",
            '    return found * ((inputs["labels"] != -100).sum() / num_items_in_batch)',
        ]
    said = "A Trainer that takes the rows in that order."
    return definition("GroupedTrainer(Trainer)", said, body, ["from transformers import Trainer"])


def _arguments(request: FinetuneRequest, recipe: TrainingRecipe) -> dict[str, Any]:
    return {
        "output_dir": "trained",
        "num_train_epochs": request.epochs,
        "per_device_train_batch_size": recipe.part,
        "per_device_eval_batch_size": recipe.eval_part,
        **({"gradient_accumulation_steps": recipe.accumulation} if recipe.accumulation > 1 else {}),
        "learning_rate": recipe.lr,
        "lr_scheduler_type": request.schedule,
        "warmup_steps": request.warmup,
        "weight_decay": request.weight_decay,
        "seed": request.seed,
        **({"bf16": True} if request.bf16 else {}),
        **({"use_cpu": True} if request.device == "cpu" else {}),
        "logging_steps": 1,
        "eval_strategy": "steps",
        "eval_steps": recipe.every,
        "save_strategy": "steps",
        "save_steps": recipe.every,
        "save_total_limit": 2,
        "load_best_model_at_end": True,
        "metric_for_best_model": recipe.metric,
        **({} if recipe.greater_is_better is None else {"greater_is_better": recipe.greater_is_better}),
        "report_to": list(request.report_to) or "none",
        **{name: value for name, value in request.arguments.items() if name not in _OURS},
    }


def train_part(request: FinetuneRequest, recipe: TrainingRecipe) -> Part:
    """The part that trains, leaves what it was told in `table`, and saves and evaluates what came out."""
    given = _arguments(request, recipe)
    callbacks: list[str] = []
    if recipe.training_task == "masked" and request.collator is None:
        callbacks.append("collator")
    if request.early_stopping is not None:
        callbacks.append(f"EarlyStoppingCallback({request.early_stopping})")
    if recipe.lr_changes:
        callbacks.append("NewRates()")
    if recipe.reached is not None and recipe.reached.stopped:
        callbacks.append("StopThere()")
    named = {
        "model": "model",
        "args": "arguments",
        "train_dataset": "train",
        "eval_dataset": "test",
        "data_collator": "collator",
        "processing_class": "tokenizer",
        "compute_metrics": "compute_metrics",
        **({"preprocess_logits_for_metrics": "kept"} if recipe.training_task in KEEPS_LESS else {}),
        **({"callbacks": f"[{', '.join(callbacks)}]"} if callbacks else {}),
    }
    return Part(
        [
            "# 3. Training; warmup_steps below 1 is that share of all steps.",
            "arguments = TrainingArguments(",
            *(f"    {name}={plain(value)}," for name, value in given.items()),
            ")",
            "trainer = GroupedTrainer(",
            *(f"    {name}={value}," for name, value in named.items()),
            ")",
            "trainer.train()",
            "table = pd.DataFrame(trainer.state.log_history)",
            "print(table)",
            "",
            f"# 4. The best {'adapter' if recipe.adapter else 'model'} by then, saved and evaluated.",
            'trainer.save_model("trained/model")',
            "print(trainer.evaluate())",
        ],
        (
            "import pandas as pd",
            "from transformers import TrainingArguments",
            *(["from transformers import EarlyStoppingCallback"] if request.early_stopping is not None else []),
        ),
    )
