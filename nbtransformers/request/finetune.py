"""What `%finetune` is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, get_args

from nbtransformers.errors import UserError, shown
from nbtransformers.request.checks import one_of, whole
from nbtransformers.request.refs import DataRef, ModelRef
from nbtransformers.request.written import Written

TrainingTask = Literal["classification", "multi-label", "regression", "tokens", "seq2seq", "causal", "masked"]
TrainingMethod = Literal["full", "lora", "qlora", "head"]

TRAINING_TASKS: tuple[TrainingTask, ...] = get_args(TrainingTask)
TRAINING_METHODS: tuple[TrainingMethod, ...] = get_args(TrainingMethod)
ADAPTER_METHODS: tuple[TrainingMethod, ...] = ("lora", "qlora")
USUAL_LR: dict[TrainingMethod, float] = {"full": 5e-5, "lora": 2e-4, "qlora": 2e-4, "head": 1e-3}
"""The learning rate at its highest where none is asked for."""


@dataclass(frozen=True, slots=True)
class FinetuneRequest(Written):
    """Train a model further on examples.

    Attributes:
        data: the examples.
        test: the examples that it is evaluated on; None takes a share of `data`, or the split that it has.
        text: the column of the texts; None finds it.
        pair: the column of the second texts, for sentence pairs.
        label: the columns of what is to be learnt: one of labels, of numbers or of lists of labels, several of 0 and 1,
            or one of the texts that are to be written. Empty finds it.
        training_task: what is learnt; None infers it from the data and the model.
        model: what training starts from; None is the bundled encoder.
        method: `full` trains every weight, `lora` an adapter, `qlora` an adapter beside weights of 4 bits, `head` only
            what is new on top of the model.
        epochs: how often every example is seen.
        lr: the learning rate at its highest; None is what is usual for the method.
        batch_size: examples in a step.
        grad_accum: parts of that size that make a step.
        warmup: the share of all steps in which the learning rate rises.
        schedule: how it falls after that, as `lr_scheduler_type` of TrainingArguments.
        weight_decay: of AdamW.
        max_length: tokens that are read of an example; None is the model's limit.
        seed: of everything that is drawn.
        test_share: how much of `data` is kept for the evaluation where no test examples are given.
        bf16: compute in bfloat16.
        early_stopping: evaluations without an improvement after which it ends; None goes on to the end.
        metric: what says which checkpoint is the best, and by which early stopping goes; `module:function` is the
            user's own, of which more is better unless `arguments` has `greater_is_better` as False.
        collator: `module:function` of the user's own, which makes batches.
        find_lr: look for a learning rate first, which is then used unless `lr` is given.
        lora_rank: rows of the matrices of an adapter; None is 8. It and what follows are for `lora` and
            `qlora`.
        lora_alpha: an adapter counts by this over its rank; None is 16.
        lora_dropout: the share of its inputs that an adapter leaves out while it learns; None is 0.05.
        lora_modules: the layers that have one, by their names; empty is as peft has it for the model, else all.
        arguments: other fields of TrainingArguments, by their own names.
        report_to: where reports go besides: `tensorboard`, `trackio`, `wandb`, `mlflow`.
        device: `auto`, `cpu`, `cuda`, `mps`.
        gpus: how many GPUs share each batch; None is one.

    Raises:
        UserError: when a field cannot be what it is.
    """

    task: ClassVar[str] = "finetune"

    data: DataRef
    test: DataRef | None = None
    text: str | None = None
    pair: str | None = None
    label: tuple[str, ...] = ()
    training_task: TrainingTask | None = None
    model: ModelRef | None = None
    method: TrainingMethod = "full"
    epochs: float = 3.0
    lr: float | None = None
    batch_size: int = 16
    grad_accum: int = 1
    warmup: float = 0.1
    schedule: str = "linear"
    weight_decay: float = 0.01
    max_length: int | None = None
    seed: int = 42
    test_share: float = 0.2
    bf16: bool = False
    early_stopping: int | None = None
    metric: str | None = None
    collator: str | None = None
    find_lr: bool = False
    lora_rank: int | None = None
    lora_alpha: float | None = None
    lora_dropout: float | None = None
    lora_modules: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    report_to: tuple[str, ...] = ()
    device: str = "auto"
    gpus: int | None = None

    @property
    def processes(self) -> int:
        """How many processes train, each with its part of every batch."""
        return self.gpus or 1

    @property
    def peak_lr(self) -> float:
        """The learning rate at its highest: what was asked for, or what is usual for the method."""
        return USUAL_LR[self.method] if self.lr is None else self.lr

    def __post_init__(self) -> None:
        if self.training_task is not None:
            one_of("task", self.training_task, TRAINING_TASKS)
        one_of("method", self.method, TRAINING_METHODS)
        for name in ("batch_size", "grad_accum", "max_length", "early_stopping", "lora_rank", "gpus"):
            whole(name.replace("_", "-"), getattr(self, name))
        _positive("epochs", self.epochs, "3")
        if self.lr is not None:
            _positive("lr", self.lr, "2e-5")
        _share("warmup", self.warmup, zero=True)
        self._check_adapter()
        self._check_gpus()
        _share("test-share", self.test_share)
        if not isinstance(self.weight_decay, int | float) or self.weight_decay < 0:
            raise UserError(f"`--weight-decay` is {shown(self.weight_decay)}.", hint="Type `--weight-decay 0.01`.")
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or not 0 <= self.seed < 2**32:
            raise UserError(f"`--seed` is {shown(self.seed)}.", hint="Type a whole number such as `--seed 42`.")

    def _check_gpus(self) -> None:
        if self.processes == 1:
            return
        if self.batch_size % self.processes:
            parts = max(1, round(self.batch_size / self.processes))
            raise UserError(
                f"`--batch-size {self.batch_size}` has no equal parts for {self.processes} GPUs.",
                hint=f"Type `--batch-size {parts * self.processes}`.",
            )
        for option, given in (("--method head", self.method == "head"), ("--find-lr", self.find_lr)):
            if given:
                raise UserError(f"`{option}` is for one GPU.", hint="Leave `--gpus` out.")

    def _check_adapter(self) -> None:
        names = ("lora_rank", "lora_alpha", "lora_dropout", "lora_modules")
        given = next((name for name in names if getattr(self, name) not in (None, ())), None)
        if given is not None and self.method not in ADAPTER_METHODS:
            option = given.replace("_", "-")
            raise UserError(
                f"`--{option}` is for an adapter, and the method is {self.method}.", hint="Type `--method lora`."
            )
        if self.lora_alpha is not None:
            _positive("lora-alpha", self.lora_alpha, "16")
        if self.lora_dropout is not None:
            _share("lora-dropout", self.lora_dropout, zero=True)


def _positive(option: str, value: object, example: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise UserError(f"`--{option}` is {shown(value)}.", hint=f"Type a number above 0: `--{option} {example}`.")


def _share(option: str, value: object, *, zero: bool = False) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not (0 <= value < 1) or (value == 0 and not zero):  # pyright: ignore[reportOperatorIssue]
        raise UserError(f"`--{option}` is {shown(value)}.", hint=f"Type a share below 1: `--{option} 0.1`.")
