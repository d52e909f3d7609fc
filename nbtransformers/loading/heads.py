"""What a model can have on top of its body: the head that a task needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

Head = Literal["classifier", "encoder", "tokens", "spans", "causal", "seq2seq", "masked"]


@dataclass(frozen=True, slots=True)
class HeadKind:
    """One kind of head.

    Attributes:
        auto_class: the Auto class of Transformers that loads it.
        purpose: what a model that has it is, in words.
        part: the part of a model that is meant, in words.
        hint: what to do when its weights are missing.
        mapping: the table of Transformers that names the classes that have it; empty for a bare body.
        suffix: what the names of such classes end with, when they are not in the table.
    """

    auto_class: str
    purpose: str
    part: str
    hint: str
    mapping: str = ""
    suffix: str = ""


HEADS: dict[Head, HeadKind] = {
    "classifier": HeadKind(
        auto_class="AutoModelForSequenceClassification",
        purpose="a sequence classifier",
        part="classification head",
        hint="Give a classifier, or `--labels a,b,c` for zero-shot with this encoder.",
        mapping="SEQUENCE_CLASSIFICATION",
        suffix="SequenceClassification",
    ),
    "encoder": HeadKind(
        auto_class="AutoModel",
        purpose="an encoder of texts",
        part="encoder",
        hint="Give another model.",
    ),
    "tokens": HeadKind(
        auto_class="AutoModelForTokenClassification",
        purpose="a token classifier",
        part="head for token classification",
        hint="Give a model that was trained for token classification, such as `--model dslim/bert-base-NER`.",
        mapping="TOKEN_CLASSIFICATION",
        suffix="TokenClassification",
    ),
    "spans": HeadKind(
        auto_class="AutoModelForQuestionAnswering",
        purpose="a model for question answering",
        part="head for question answering",
        hint="Give a model that was trained for it, such as `--model deepset/tinyroberta-squad2`.",
        mapping="QUESTION_ANSWERING",
        suffix="QuestionAnswering",
    ),
    "causal": HeadKind(
        auto_class="AutoModelForCausalLM",
        purpose="a causal LM",
        part="head for causal LM",
        hint="Give a model that was trained to write, such as `--model HuggingFaceTB/SmolLM2-135M-Instruct`.",
        mapping="CAUSAL_LM",
        suffix="CausalLM",
    ),
    "seq2seq": HeadKind(
        auto_class="AutoModelForSeq2SeqLM",
        purpose="a sequence-to-sequence model",
        part="sequence-to-sequence head",
        hint="Give a model that was trained to write, such as `--model google/flan-t5-small`.",
        mapping="SEQ_TO_SEQ_CAUSAL_LM",
        suffix="ConditionalGeneration",
    ),
    "masked": HeadKind(
        auto_class="AutoModelForMaskedLM",
        purpose="a masked LM",
        part="head for masked LM",
        hint="Give a model that was trained for it, such as `--model distilbert/distilroberta-base`.",
        mapping="MASKED_LM",
        suffix="MaskedLM",
    ),
}

_NAMED_HEAD = re.compile(r"For([A-Z]\w*)$|(LMHead)Model$")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*")
# Where a class that Transformers does not know keeps its head, by its own classes' habit.
_PARTS: dict[str, tuple[Head, ...]] = {
    "classifier": ("classifier", "tokens"),
    "score": ("classifier", "tokens"),
    "qa_outputs": ("spans",),
    "lm_head": ("causal", "seq2seq"),
}


def task_of(architecture: str) -> str:
    """What an architecture's head is for, in words: Transformers names its classes by it."""
    found = _NAMED_HEAD.search(architecture)
    if found is None:
        return ""
    words = _WORD.findall(found[1] or "CausalLM")
    return " ".join(word if word.isupper() else word.lower() for word in words)


def auto_class_named(architecture: str) -> str:
    """The Auto class that loads an architecture with its head, by its name alone: Transformers is not asked.

    Example:
        >>> auto_class_named("BertForTokenClassification"), auto_class_named("BertModel")
        ('AutoModelForTokenClassification', 'AutoModel')
    """
    if architecture.endswith("LMHeadModel"):
        return HEADS["causal"].auto_class
    heads = (kind for kind in HEADS.values() if kind.suffix and architecture.endswith(f"For{kind.suffix}"))
    return next((kind.auto_class for kind in heads), HEADS["encoder"].auto_class)


@cache  # asked for every class of a user's own model at every call
def heads_named(architecture: str, *, encoder_decoder: bool = False) -> frozenset[Head]:
    """The heads that a class has, by its name.

    Args:
        architecture: the name of the class.
        encoder_decoder: what its configuration says: a class for conditional generation may also be one that
            reads pictures.

    Example:
        >>> heads_named("BertForTokenClassification")
        frozenset({'tokens'})
    """
    from transformers.models.auto import modeling_auto

    found: set[Head] = set()
    for head, kind in HEADS.items():
        if not kind.mapping:
            continue
        mapping = getattr(modeling_auto, f"MODEL_FOR_{kind.mapping}_MAPPING_NAMES")
        known = head != "seq2seq" or encoder_decoder
        if architecture in set(_flat(mapping.values())) or (known and architecture.endswith(f"For{kind.suffix}")):
            found.add(head)
    if architecture.endswith("ForPreTraining"):  # BERT's, with both of its heads
        found.add("masked")
    return frozenset(found)


def heads_declared(config: Mapping[str, Any]) -> frozenset[Head]:
    """The heads of the class that a `config.json` names first."""
    architecture = next(iter(config.get("architectures") or [""]))
    return heads_named(architecture, encoder_decoder=bool(config.get("is_encoder_decoder")))


def heads_by_parts(model: object, *, encoder_decoder: bool) -> frozenset[Head]:
    """The heads that a model of an unknown class seems to have, by the names of its parts."""
    other: Head = "causal" if encoder_decoder else "seq2seq"
    found: set[Head] = set()
    for part, heads in _PARTS.items():
        if hasattr(model, part):
            found.update(heads)
    return frozenset(found - {other})


def can_get(head: Head, model_type: str) -> bool:
    """Whether Transformers has a class that puts a head on models of a type; a type that it does not know may.

    Example:
        >>> can_get("tokens", "bert"), can_get("tokens", "t5gemma")
        (True, False)
    """
    from transformers.models.auto import modeling_auto

    known = getattr(modeling_auto, f"MODEL_FOR_{HEADS[head].mapping}_MAPPING_NAMES")
    return model_type in known or model_type not in modeling_auto.MODEL_MAPPING_NAMES


def _flat(names: Iterable[str | tuple[str, ...]]) -> Iterable[str]:
    for name in names:
        yield from [name] if isinstance(name, str) else name
