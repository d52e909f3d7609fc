"""What is learnt from some examples with some model, where the user does not say it."""

from __future__ import annotations

from typing import Any

from nbtransformers.errors import UserError, shown
from nbtransformers.inputs.tablerows import Table
from nbtransformers.inputs.values import EMPTY, MISSING, reason_for_no_text
from nbtransformers.loading.card import Card, refuse_other_head
from nbtransformers.loading.heads import HEADS, Head, can_get
from nbtransformers.request import FinetuneRequest, TrainingTask, is_conversation
from nbtransformers.training.columns import Columns, holds_numbers
from nbtransformers.training.labels import Names
from nbtransformers.training.targets import LabelSet, Number, OneLabel, Tags, Target, Text

_FEW = 30  # different whole numbers that are labels rather than amounts
_MANY = 10  # different labels that may be too many
_HEADS: dict[TrainingTask, Head] = {
    "classification": "classifier",
    "multi-label": "classifier",
    "regression": "classifier",
    "tokens": "tokens",
    "seq2seq": "seq2seq",
    "causal": "causal",
    "masked": "masked",
}
_NEW = ("classifier", "tokens")
"""Heads that are small enough to be learnt from nothing."""


def chosen_task(request: FinetuneRequest, table: Table, columns: Columns, model: Card) -> tuple[TrainingTask, str]:
    """What is learnt, and the reason in words; no reason where the user says it.

    Raises:
        UserError: when nothing can be learnt from such columns, or the model cannot do it.
    """
    named = request.training_task
    task, why = (named, "") if named else _inferred(table, columns, model)
    _refuse_columns(task, table, columns)
    _refuse_model(task, model)
    return task, why


def target_of(task: TrainingTask, table: Table, columns: Columns, model: Card) -> Target | None:
    """What reads the label columns; None where the texts are all there is to learn."""
    if not columns.labels:
        return None
    first = columns.labels[0]
    declared = table.class_names.get(first, ())
    match task:
        case "classification":
            return OneLabel(Names(declared, model.labels))
        case "multi-label":
            return LabelSet.of(columns.labels, columns.first[first], declared, model.labels)
        case "regression":
            return Number()
        case "tokens":
            return Tags(Names(declared, model.labels))
        case "seq2seq" | "causal":
            return Text()
        case "masked":
            return None


def _inferred(table: Table, columns: Columns, model: Card) -> tuple[TrainingTask, str]:
    text = columns.first_text
    if is_conversation(text):
        return "causal", f"{columns.text} holds conversations"
    if len(columns.labels) > 1:
        return "multi-label", f"there are {len(columns.labels)} columns of labels"
    if _is_list(text):
        return "tokens", f"{columns.text} holds lists of words"
    if not columns.labels:
        return _without_labels(table, columns, model)
    return _by_labels(table, columns, model)


def _without_labels(table: Table, columns: Columns, model: Card) -> tuple[TrainingTask, str]:
    if "causal" in model.heads:
        return "causal", f"there are no labels, and {model.what}"
    if "masked" in model.heads:
        return "masked", f"there are no labels, and {model.what}"
    others = [name for name in table.columns if name != columns.text]
    beside = f": {', '.join(others)}" if others else f", only {columns.text}"
    hint = f"Name it, such as `--label {others[0]}`." if others else "Give texts with labels, such as pairs."
    raise UserError(f"{table.name} has no column that seems to hold labels{beside}.", hint=hint)


def _by_labels(table: Table, columns: Columns, model: Card) -> tuple[TrainingTask, str]:
    (column,) = columns.labels
    values = [value for value in columns.first[column] if reason_for_no_text(value) not in (MISSING, EMPTY)]
    if values and _is_list(values[0]):
        return "multi-label", f"{column} holds lists of labels"
    if column in table.class_names:
        return "classification", f"{column} holds labels"
    distinct = len({str(value) for value in values})
    if values and holds_numbers(values):
        numbers = [float(value) for value in values]
        whole = all(number.is_integer() for number in numbers)
        if whole and distinct <= _FEW:
            return "classification", f"{column} holds {distinct} different whole numbers"
        return "regression", f"{column} holds numbers"
    many = distinct > max(_MANY, len(values) / 2)
    if "seq2seq" in model.heads and not model.is_classifier:
        return "seq2seq", f"{column} holds texts, and {model.what}"
    if many and "causal" in model.heads:
        return "causal", f"{column} holds texts, and {model.what}"
    if many:
        raise UserError(
            f"{column} of {table.name} holds {distinct:,} different texts in {len(values):,} rows: no labels.",
            hint="To learn to write them, give a model that does, such as `--model google/flan-t5-small`.",
        )
    return "classification", f"{column} holds {distinct} different labels"


def _refuse_columns(task: TrainingTask, table: Table, columns: Columns) -> None:
    if not columns.labels and task not in ("causal", "masked"):
        raise UserError(f"{table.name} has no column of labels for {task}.", hint="Name it, such as `--label stars`.")
    if len(columns.labels) > 1 and task != "multi-label":
        raise UserError(
            f"{task} learns one column, and `--label` names {len(columns.labels)}.",
            hint=f"Leave all but one out: `--label {columns.labels[0]}`.",
        )
    text = columns.first_text
    if task == "tokens" and not _is_list(text):
        raise UserError(
            f"tokens needs a list of words in each row, and {columns.text} of {table.name} holds {shown(text, 30)}.",
            hint="Split the texts into words, with a tag for each.",
        )
    if task != "tokens" and _is_list(text) and not (task == "causal" and is_conversation(text)):
        raise UserError(
            f"{task} needs texts, and {columns.text} of {table.name} holds {shown(text, 30)}.",
            hint="Name the column of the texts, such as `--text review`.",
        )


def _refuse_model(task: TrainingTask, model: Card) -> None:
    head = _HEADS[task]
    if head not in _NEW:
        refuse_other_head(model, head)
    elif not can_get(head, model.model_type):
        raise UserError(
            f"{model.name} is of type {model.model_type}, and Transformers has no {HEADS[head].auto_class} for that.",
            hint="Give another model.",
        )


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple) or (hasattr(value, "ndim") and getattr(value, "ndim", 0) == 1)
