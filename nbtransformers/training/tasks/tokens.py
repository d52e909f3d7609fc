"""A tag for each word, such as the entities of a text: columns `tokens`, the words, and `label`, a number for each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import UserError
from nbtransformers.loading.heads import Head
from nbtransformers.request import TrainingTask
from nbtransformers.training.tasks.classification import by_label, confusion, measured
from nbtransformers.training.tasks.pieces import begins_of, parts_of, taught
from nbtransformers.training.tasks.task import Description, Evaluated, OnRows, Report
from nbtransformers.training.tasks.texts import first_output, mapped, mistakes, names, padding_right
from nbtransformers.training.tasks.tokenwise import NOTHING, predicted_and_losses

if TYPE_CHECKING:
    from datasets import Dataset

_MARKED = re.compile(r"O|[BIESLU]-.+")


class Tokens:
    """Learns tags: at the first token of a word, as the others say nothing new; evaluated a word at a time.

    Where the tags mark entities (`B-PER`, `I-PER`, `O`), these are measured, each right as a whole or wrong.
    """

    name: ClassVar[TrainingTask] = "tokens"
    head: ClassVar[Head] = "tokens"
    best_metric: ClassVar[str] = "f1"
    metric_names: ClassVar[tuple[str, ...]] = ("f1", "precision", "recall", "accuracy")
    writes: ClassVar[bool] = False

    def config(self, description: Description) -> dict[str, Any]:
        """The names of the tags."""
        return {"num_labels": len(description.labels), "id2label": names(description.labels)}

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
        """Words to tokens; `labels` has the tag of a word at its first token.

        What is trained on has a tag also where another word of the tokenizer begins within a word: see `pieces`.

        Raises:
            UserError: when the tokenizer does not tell which word a token is of.
        """
        if not tokenizer.is_fast:
            raise UserError(
                "The model has a slow tokenizer, which does not tell which word a token is of.",
                hint="Give a model with a fast one.",
            )
        spaces = needs_spaces(tokenizer)
        parts = parts_of(description.labels)

        def encoded(some: Mapping[str, list[Any]]) -> dict[str, Any]:
            words = [spaced(row) if spaces else row for row in some["tokens"]]
            cut: dict[str, Any] = {"truncation": True, "max_length": max_length} if max_length else {}
            tokens = tokenizer(words, is_split_into_words=True, verbose=False, **cut)
            if evaluation:
                labels = [_aligned(tokens.word_ids(row), tags) for row, tags in enumerate(some["label"])]
                return {**tokens, "labels": labels}
            begins = begins_of(tokenizer, words)
            rows = zip(words, some["label"], strict=True)
            labels = [
                taught(tokens.word_ids(row), tags, [begins[word] for word in read], parts)
                for row, (read, tags) in enumerate(rows)
            ]
            return {**tokens, "labels": labels}

        return mapped(rows, encoded, on_rows)

    def collator(self, tokenizer: Any, model: Any) -> Any:
        """Pads tokens and labels."""
        from transformers import DataCollatorForTokenClassification

        return DataCollatorForTokenClassification(padding_right(tokenizer, model), label_pad_token_id=NOTHING)

    def kept(self, logits: Any, labels: Any) -> Any:
        """The likeliest tags, and the loss of each row."""
        return predicted_and_losses(first_output(logits), labels)

    def metrics(self, evaluated: Evaluated) -> dict[str, float]:
        """`f1`, `precision` and `recall` of entities, or the means over all tags; and the `accuracy` of tags."""
        labels, predicted = _sides(evaluated)
        accuracy = float((np.concatenate(labels) == np.concatenate(predicted)).mean()) if labels else 0.0
        if are_entities(evaluated.description.labels):
            found = _entities(evaluated, labels, predicted)["micro avg"]
            return {
                "f1": float(found["f1-score"]),
                "precision": float(found["precision"]),
                "recall": float(found["recall"]),
                "accuracy": accuracy,
            }
        precision, recall, f1, _ = measured(np.concatenate(labels), np.concatenate(predicted), average="macro")
        return {"f1": float(f1), "precision": float(precision), "recall": float(recall), "accuracy": accuracy}

    def report(self, evaluated: Evaluated) -> Report:
        """The confusion matrix of the tags, the worst mistakes, and what there is of each entity or tag."""
        labels, predicted = _sides(evaluated)
        known = evaluated.description.labels
        flat = np.concatenate(labels), np.concatenate(predicted)
        return Report(
            confusion=confusion(*flat, len(known)),
            labels=known,
            mistakes=_mistakes(evaluated, labels, predicted),
            by_label=_by_entity(evaluated, labels, predicted) if are_entities(known) else by_label(*flat, known),
        )


Sides = tuple[list[NDArray[np.int64]], list[NDArray[np.int64]]]
"""The tags that are expected of each row, and those that are predicted."""


def needs_spaces(tokenizer: Any) -> bool:
    """Whether a word within a text is other tokens than the word alone, unless a space is before it."""

    def ids(text: str | list[str]) -> list[int]:
        split = isinstance(text, list)
        return list(tokenizer(text, is_split_into_words=split, add_special_tokens=False, verbose=False)["input_ids"])

    joined = ids("a a")
    return ids(["a", "a"]) != joined == ids(["a", " a"])


def spaced(words: Sequence[str]) -> list[str]:
    """Words with the space before each but the first that they have in a text."""
    return [word if not number else f" {word}" for number, word in enumerate(words)]


def _aligned(word_ids: Sequence[int | None], tags: Sequence[int]) -> list[int]:
    before = [None, *word_ids]
    return [NOTHING if word is None or word == before[number] else tags[word] for number, word in enumerate(word_ids)]


def _sides(evaluated: Evaluated) -> Sides:
    predicted = evaluated.predictions[0][:, : evaluated.labels.shape[1]]
    learnt = evaluated.labels != NOTHING
    return (
        [row[chosen] for row, chosen in zip(evaluated.labels, learnt, strict=True)],
        [row[chosen] for row, chosen in zip(predicted, learnt, strict=True)],
    )


def are_entities(labels: Sequence[str]) -> bool:
    """Whether tags mark entities, as `B-PER`, `I-PER` and `O` do."""
    return len(labels) > 1 and all(map(_MARKED.fullmatch, labels))


def _named(rows: Sequence[NDArray[np.int64]], labels: Sequence[str]) -> list[list[str]]:
    return [[str(labels[tag]) for tag in row] for row in rows]


def _entities(evaluated: Evaluated, labels: Sequence[Any], predicted: Sequence[Any]) -> dict[str, Any]:
    """What seqeval measures: by kind of entity, and of all."""
    from seqeval import metrics

    library: Any = metrics  # which declares other types than it takes
    known = evaluated.description.labels
    return library.classification_report(
        _named(labels, known), _named(predicted, known), output_dict=True, zero_division=0
    )


def _by_entity(evaluated: Evaluated, labels: Sequence[Any], predicted: Sequence[Any]) -> dict[str, dict[str, float]]:
    found = _entities(evaluated, labels, predicted)
    return {
        kind: {name.removesuffix("-score"): float(value) for name, value in measures.items()}
        for kind, measures in found.items()
        if not kind.endswith(" avg")
    }


def _mistakes(evaluated: Evaluated, labels: Sequence[Any], predicted: Sequence[Any]) -> list[dict[str, Any]]:
    known = evaluated.description.labels

    def told(row: int) -> dict[str, Any]:
        words = _words_with_tags(evaluated, row, len(labels[row]))
        return {"expected": _marked(words, labels[row], known), "predicted": _marked(words, predicted[row], known)}

    wrong = [number for number, row in enumerate(labels) if (row != predicted[number]).any()]
    return mistakes(evaluated, evaluated.predictions[1], told, wrong)


def _words_with_tags(evaluated: Evaluated, row: int, tags: int) -> list[str]:
    """The words that were read: not those behind the limit, nor those that have no tokens."""
    words = evaluated.rows[row]["tokens"]
    read = evaluated.tokenizer(words, is_split_into_words=True, verbose=False).word_ids()
    return [words[word] for word in dict.fromkeys(read) if word is not None][:tags]


def _marked(words: Sequence[str], tags: Sequence[int], known: Sequence[str]) -> str:
    """The words that have a tag other than O, with it."""
    return " · ".join(f"{word} {known[tag]}" for word, tag in zip(words, tags, strict=True) if known[tag] != "O")
