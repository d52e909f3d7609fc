"""What a model says of itself, before it is loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.loading.bundled import BUNDLED
from nbtransformers.loading.gate import passed
from nbtransformers.loading.heads import HEADS, Head, heads_by_parts, heads_declared, heads_named, task_of
from nbtransformers.loading.models import model_and_tokenizer
from nbtransformers.loading.room import source_to_load
from nbtransformers.request import ModelRef, Objects

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
        heads: the heads that it was trained with; empty when it has none, or that is unknown.
        labels: the label names of its configuration, in order.
        languages: ISO 639-1 codes; empty when unknown.
        parameters: how many; None when its files do not tell.
        weight_bytes: the bytes of its weights as they are stored; None of a model in memory.
        dtype: the type of most of its weights, as torch writes it; None when its files do not tell.
        revision: of a Hub model, the commit that its files are from.
        notes: what a result must say about it.
        model_type: the type of its configuration, such as `bert`.
    """

    name: str
    architecture: str
    heads: frozenset[Head]
    labels: tuple[str, ...]
    languages: tuple[str, ...] = ()
    parameters: int | None = None
    weight_bytes: int | None = None
    dtype: str | None = None
    revision: str | None = None
    notes: tuple[str, ...] = ()
    model_type: str = ""

    @property
    def task(self) -> str:
        """What its head is for, in words; empty when it has none, or that is unknown.

        Example:
            >>> Card("ner", "BertForTokenClassification", frozenset({"tokens"}), ()).task
            'token classification'
        """
        return task_of(self.architecture)

    @property
    def is_classifier(self) -> bool:
        """Whether it has a head for sequence classification."""
        return "classifier" in self.heads

    @property
    def is_encoder(self) -> bool:
        """Whether its body can embed a text; a model without a head is taken to."""
        return self.task in _ENCODERS

    def may_have(self, head: Head) -> bool:
        """Whether it has a head, as far as its files tell; loading it tells for certain."""
        return not self.architecture or head in self.heads

    @property
    def what(self) -> str:
        """What it is, in words, to begin a sentence with."""
        purpose = f"for {self.task} ({self.architecture})" if self.task else f"a {self.architecture}"
        return f"{self.name} is {purpose}"


def refuse_other_head(card: Card, head: Head, hint: str = "") -> None:
    """Let a task go on only with a model that has the head that it needs, or may have it.

    Args:
        card: what the model says of itself.
        head: what the task needs.
        hint: what to do instead, when the task knows better than to give another model.

    Raises:
        UserError: when it has none.

    Example:
        >>> refuse_other_head(Card("ner", "BertForTokenClassification", frozenset({"tokens"}), ()), "tokens")
    """
    if not card.may_have(head):
        raise UserError(f"{card.what}, not {HEADS[head].purpose}.", hint=hint or HEADS[head].hint)


def card(ref: ModelRef, objects: Objects, on_load: Callable[[str], None] = lambda message: None) -> Card:
    """The card of a model; a Hub model is fetched for it.

    Raises:
        UserError: when the gate refuses the model.
    """
    if ref.kind == "variable":
        return _of_users_own(ref, objects)
    source = source_to_load(ref, on_load)
    found = passed(source)
    architecture = next(iter(found.config.get("architectures") or [""]))
    return Card(
        name=source.name,
        architecture=architecture,
        heads=heads_declared(found.config),
        labels=_label_names(found.config.get("id2label")),
        languages=BUNDLED[ref.name].languages if ref.kind == "bundled" else (),
        parameters=found.weights.parameters,
        weight_bytes=found.weights.nbytes,
        dtype=found.weights.dtype,
        revision=source.commit,
        notes=found.notes,
        model_type=str(found.config.get("model_type", "")),
    )


def _of_users_own(ref: ModelRef, objects: Objects) -> Card:
    model = model_and_tokenizer(objects[ref.name])[0]
    name = type(model).__name__
    labels = _label_names(getattr(model.config, "id2label", None))
    return Card(ref.name, name, _heads_of_users_own(model), labels, model_type=getattr(model.config, "model_type", ""))


def _heads_of_users_own(model: Any) -> frozenset[Head]:
    """By the classes that it is of: one of the user's own is mostly derived from one of the library's."""
    both = bool(getattr(model.config, "is_encoder_decoder", False))
    wrapped = model.get_base_model() if hasattr(model, "get_base_model") else model  # by peft
    classes = [kind for value in (model, wrapped) for kind in type(value).__mro__]
    named = frozenset[Head]().union(*(heads_named(kind.__name__, encoder_decoder=both) for kind in classes))
    if named or type(wrapped).__module__.startswith("transformers.models."):
        return named
    return heads_by_parts(wrapped, encoder_decoder=both)


def _label_names(id2label: dict[Any, str] | None) -> tuple[str, ...]:
    return tuple(str(name) for _, name in sorted((id2label or {}).items(), key=lambda item: int(item[0])))
