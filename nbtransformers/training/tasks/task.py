"""What every training task offers to the worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from nbtransformers.loading.heads import Head
from nbtransformers.request import TrainingTask

if TYPE_CHECKING:
    import numpy as np
    from datasets import Dataset


LOWER_IS_BETTER = ("loss", "mae", "perplexity", "rmse")
"""The metrics that are errors; of all others more is better."""

OnRows = Callable[[int], None]
"""Told how many rows are done; what it raises breaks the work off."""


@dataclass(frozen=True, slots=True)
class Description:
    """What is in the data of a run: `data/description.json`.

    Attributes:
        training_task: what is learnt.
        rows: how many there are in `train` and in `test`.
        labels: the names of the labels, in the order of their numbers; empty where there are none.
        columns: what a column of the run was called in the user's data, such as `{"text": "review"}`.
        split: how the test rows were chosen, in words.
        fingerprint: the sha256 of the rows, by which a resume notices that they are others.
        seed: of the split, and of whatever an evaluation draws.
        notes: what a reader should know, one sentence each.
    """

    training_task: TrainingTask
    rows: Mapping[str, int]
    labels: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    split: str = ""
    fingerprint: str = ""
    seed: int = 42
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What an evaluation found out beyond numbers: `evaluations/step-STEP.json`.

    Attributes:
        confusion: how often label [true] was taken for label [predicted]; None where there are no labels.
        labels: the names of both axes.
        mistakes: the worst first: `row` (its number in test.arrow), `text`, `expected`, `predicted`, `loss`, and for
            labels the `score` of the predicted one.
        by_label: precision, recall, f1 and support of each label.
    """

    confusion: Sequence[Sequence[int]] | None = None
    labels: Sequence[str] = ()
    mistakes: Sequence[Mapping[str, Any]] = ()
    by_label: Mapping[str, Mapping[str, float]] = field(default_factory=dict[str, Mapping[str, float]])


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What an evaluation gave.

    Attributes:
        predictions: what `kept` left of the logits `[row, …]`, or several of such; short rows end in -100.
        labels: what was to be learnt, `[row, …]`; -100 where there is nothing.
        rows: the rows of test.arrow, in that order.
        description: what is in the data.
        tokenizer: the model's.
        written: what the model wrote for some of the rows, by their numbers, where the task has it write.
    """

    predictions: Any
    labels: np.ndarray
    rows: Dataset
    description: Description
    tokenizer: Any
    written: Mapping[int, str] = field(default_factory=dict[int, str])


class Task(Protocol):
    """One training task; its columns in `train.arrow` and `test.arrow` are named in its file."""

    name: ClassVar[TrainingTask]
    head: ClassVar[Head]
    best_metric: ClassVar[str]
    """Which metric says what the best checkpoint is, unless the user does."""
    metric_names: ClassVar[tuple[str, ...]]
    """The metrics that an evaluation can have, `loss` apart."""
    writes: ClassVar[bool]
    """Whether an evaluation has the model write texts for some of the rows, too."""

    def config(self, description: Description) -> dict[str, Any]:
        """What the configuration of the model is told: `num_labels`, `id2label`, `problem_type`."""
        ...

    def encode(
        self,
        rows: Dataset,
        tokenizer: Any,
        description: Description,
        max_length: int,
        *,
        evaluation: bool = False,
        on_rows: OnRows | None = None,
    ) -> Dataset:
        """Rows to `input_ids`, `attention_mask`, `labels` and whatever else the model reads, not padded.

        Args:
            rows: of train.arrow or test.arrow.
            tokenizer: the model's.
            description: what is in the data.
            max_length: tokens of a row at most; 0 is no limit.
            evaluation: whether they are the rows that it is evaluated on: nothing of these is drawn anew each time.
            on_rows: told now and then how many are done.
        """
        ...

    def collator(self, tokenizer: Any, model: Any) -> Any:
        """Makes a batch of encoded rows, padded to its longest; the tokenizer has a pad token."""
        ...

    def kept(self, logits: Any, labels: Any) -> Any:
        """What an evaluation keeps of a batch: Trainer's `preprocess_logits_for_metrics`."""
        ...

    def metrics(self, evaluated: Evaluated) -> dict[str, float]:
        """The metrics of an evaluation, `loss` apart, which is Trainer's."""
        ...

    def report(self, evaluated: Evaluated) -> Report:
        """What is worth looking at, with the texts."""
        ...
