"""What a model says of itself, before it is loaded."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nbtransformers.loading.bundled import BUNDLED
from nbtransformers.loading.gate import passed
from nbtransformers.loading.models import model_and_tokenizer
from nbtransformers.loading.source import source_of
from nbtransformers.request import ModelRef, Objects

_HEAD = re.compile(r"For([A-Z]\w*)$|(LMHead)Model$")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*")
# Heads whose bodies give each token of a text a vector.
_ENCODERS = (
    *("", "masked LM", "causal LM", "pre training", "next sentence prediction"),
    *("sequence classification", "token classification", "question answering", "multiple choice"),
)


@dataclass(frozen=True, slots=True)
class Card:
    """What a model says of itself, before it is loaded.

    Attributes:
        name: what the user calls it.
        architecture: the class it was saved as, such as `BertForSequenceClassification`; empty when unknown.
        is_classifier: whether it has a head for sequence classification.
        labels: the label names of its configuration, in order.
        languages: ISO 639-1 codes; empty when unknown.
        parameters: how many; None when its files do not tell.
        weight_bytes: the bytes of its weights as they are stored; None of a model in memory.
        dtype: the type of most of its weights, as torch writes it; None when its files do not tell.
        revision: of a Hub model, the commit that its files are from.
        notes: what a result must say about it.
    """

    name: str
    architecture: str
    is_classifier: bool
    labels: tuple[str, ...]
    languages: tuple[str, ...] = ()
    parameters: int | None = None
    weight_bytes: int | None = None
    dtype: str | None = None
    revision: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def task(self) -> str:
        """What its head is for, in words; empty when it has none, or that is unknown.

        Example:
            >>> Card("ner", "BertForTokenClassification", False, ()).task
            'token classification'
        """
        return task_of(self.architecture)

    @property
    def is_encoder(self) -> bool:
        """Whether its body can embed a text; a model without a head is taken to."""
        return self.task in _ENCODERS


def task_of(architecture: str) -> str:
    """What an architecture's head is for, in words: Transformers names its classes by it."""
    found = _HEAD.search(architecture)
    if found is None:
        return ""
    words = _WORD.findall(found[1] or "CausalLM")
    return " ".join(word if word.isupper() else word.lower() for word in words)


def card(ref: ModelRef, objects: Objects, on_load: Callable[[str], None] = lambda message: None) -> Card:
    """The card of a model; a Hub model is fetched for it.

    Raises:
        UserError: when the gate refuses the model.
    """
    if ref.kind == "variable":
        return _of_users_own(ref, objects)
    source = source_of(ref, on_load)
    found = passed(source)
    architecture = next(iter(found.config.get("architectures") or [""]))
    return Card(
        name=source.name,
        architecture=architecture,
        is_classifier="SequenceClassification" in architecture,
        labels=_label_names(found.config.get("id2label")),
        languages=BUNDLED[ref.name].languages if ref.kind == "bundled" else (),
        parameters=found.weights.parameters,
        weight_bytes=found.weights.nbytes,
        dtype=found.weights.dtype,
        revision=source.commit,
        notes=found.notes,
    )


def _of_users_own(ref: ModelRef, objects: Objects) -> Card:
    model = model_and_tokenizer(objects[ref.name])[0]
    # A class of the user's own need not be called so: these are the names that Transformers gives such heads.
    name = type(model).__name__
    is_classifier = "SequenceClassification" in name or hasattr(model, "classifier") or hasattr(model, "score")
    return Card(ref.name, name, is_classifier, _label_names(getattr(model.config, "id2label", None)))


def _label_names(id2label: dict[Any, str] | None) -> tuple[str, ...]:
    return tuple(str(name) for _, name in sorted((id2label or {}).items(), key=lambda item: int(item[0])))
