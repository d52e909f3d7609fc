"""What a program must know of a training run, so that it trains the same model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nbtransformers.request import TrainingTask
from nbtransformers.results.recipe import Place
from nbtransformers.rundir.state import State

Parts = tuple[int, int, int]
"""What a tag becomes at the first, a middle and the last of several words that were one; -100 learns nothing."""


@dataclass(frozen=True, slots=True)
class AdapterRecipe:
    """What a program must know to put an adapter beside the weights.

    Attributes:
        arguments: those of peft's `LoraConfig`.
        task_type: what the model is to peft; None for none.
    """

    arguments: tuple[tuple[str, Any], ...]
    task_type: str | None


@dataclass(frozen=True, slots=True)
class HeadRecipe:
    """What a program must know to train the head alone.

    Attributes:
        modules: the modules that are trained.
        still: the body, where it encodes texts without dropout; None where it does as in any training.
    """

    modules: tuple[str, ...]
    still: str | None


@dataclass(frozen=True, slots=True)
class TrainingTokens:
    """What a program must know of the tokenizer of a run.

    Attributes:
        limit: tokens read of a row.
        pad: the token by whose name it pads, where it has none for that; empty where it has one.
        turns: whether it pads on the left, where training must not.
        ends: whether it has a token that ends a text.
        marks: whether its chat template marks what the assistant says.
        spaced: whether a word within a text needs a space before it.
        parts: what each tag becomes where its word is several to the tokenizer; empty where none is.
    """

    limit: int
    pad: str = ""
    turns: bool = False
    ends: bool = False
    marks: bool = False
    spaced: bool = False
    parts: tuple[Parts, ...] = ()


@dataclass(frozen=True, slots=True)
class WritingTrial:
    """What a program must know to have a model write in an evaluation.

    Attributes:
        rows: the test rows for which it writes; None is all.
        most: tokens of a text at most.
        bleu: how sacrebleu finds words.
    """

    rows: int | None
    most: int
    bleu: str


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a run came that is not through.

    Attributes:
        step: its last step; 0 before there is one.
        steps: those that it was to take.
        state: what it is.
        evaluation_due: whether it was stopped in the midst of the evaluation of that step.
    """

    step: int
    steps: int
    state: State
    evaluation_due: bool = False

    @property
    def stopped(self) -> bool:
        """Whether it was stopped after a step, so that its model is the best by then."""
        return self.state == "stopped" and self.step > 0


@dataclass(frozen=True, slots=True)
class TrainingRecipe:
    """What a program must know to train in the same way.

    Attributes:
        training_task: what is learnt.
        data: the folder with the rows of the run, split already.
        columns: those of the rows.
        labels: the names of the labels, in the order of their numbers; empty where there are none.
        entities: whether these mark entities, which are measured.
        alike: whether what is to be learnt is a number, and all test rows have the same: it goes together with nothing.
        place: where the model is that it begins with.
        auto_class: the class that loads it.
        encoder_decoder: whether it gives more than logits.
        tokens: how its tokenizer is used.
        lr: the learning rate at its highest.
        lr_changes: after which step it was multiplied on the way, and by what.
        part: rows that are computed at once.
        eval_part: rows that are evaluated at once.
        accumulation: how many of such parts make a step.
        gives_means: whether a step has several parts, and the loss of each is a mean where Trainer takes it for its
            share of a sum.
        every: steps between two evaluations.
        metric: what says which checkpoint is the best.
        greater_is_better: whether more of that is better; None where it is as Trainer takes it by its name.
        adapter: how small matrices are put beside the weights; None where there are none.
        head: what is trained where that is the head alone; None where more is.
        writing: how it writes in an evaluation; None where it does not.
        reached: how far the run came; None where it is through.
    """

    training_task: TrainingTask
    data: str
    columns: tuple[str, ...]
    labels: tuple[str, ...]
    entities: bool
    alike: bool
    place: Place
    auto_class: str
    encoder_decoder: bool
    tokens: TrainingTokens
    lr: float
    lr_changes: tuple[tuple[int, float], ...]
    part: int
    eval_part: int
    accumulation: int
    gives_means: bool
    every: float
    metric: str
    greater_is_better: bool | None
    adapter: AdapterRecipe | None = None
    head: HeadRecipe | None = None
    writing: WritingTrial | None = None
    reached: Reached | None = None
