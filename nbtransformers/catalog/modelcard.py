"""The card of a model: what its files say, and the memory that it takes; no weight is fetched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from nbtransformers.catalog.advice import advise, instead
from nbtransformers.catalog.fit import in_inference, in_training
from nbtransformers.catalog.hub_search import told_by_hub
from nbtransformers.catalog.local import bundled_entry, folder_entry
from nbtransformers.catalog.tracing import Batch
from nbtransformers.errors import UserError
from nbtransformers.loading.dtypes import gpu_dtype
from nbtransformers.loading.gate import config_without_weights
from nbtransformers.loading.headers import weights_declared
from nbtransformers.loading.heads import HEADS, Head, heads_declared
from nbtransformers.loading.memory import free_memory, with_allowance
from nbtransformers.loading.models import quiet_transformers
from nbtransformers.loading.source import Source, source_of
from nbtransformers.loading.weights import Weights
from nbtransformers.request import ModelRef
from nbtransformers.results.memory import Memory
from nbtransformers.results.modelcard import INFERENCE, ModelCard
from nbtransformers.results.models import ModelEntry, Place

_LENGTH = 512  # tokens of a text at most, where nothing else is asked for
_TRAINABLE: tuple[Head, ...] = ("classifier", "tokens", "causal", "seq2seq")
_ORDER: tuple[Head, ...] = ("classifier", "tokens", "spans", "seq2seq", "causal", "masked")

WithMethod = Callable[[Any, str, Head], Any]
"""A model, a method of fine-tuning and its head to the model of which only that is trained which the method says."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a card is asked for.

    Attributes:
        batch_size: texts at once.
        length: tokens of each; None is what the model reads, and 512 at most.
        device: where it would run.
        methods: the ways to fine-tune it that this machine can.
        with_method: puts one on a model.
    """

    batch_size: int
    length: int | None
    device: str
    methods: tuple[str, ...]
    with_method: WithMethod


def model_card(ref: ModelRef, wanted: Wanted) -> ModelCard:
    """The card of a bundled model, a folder, a run's model or one of the Hub.

    Args:
        ref: which model; none that is a variable.
        wanted: for what its memory is counted.

    Raises:
        UserError: when it cannot be found, its configuration makes no sense, or it reads no texts of such a length.
    """
    source = source_of(ref, weights=False)
    config = config_without_weights(source)
    weights, unknown = weights_declared(source)
    entry = _entry(source, weights)
    if wanted.length and entry.context_length and wanted.length > entry.context_length:
        raise UserError(
            f"`--length` is {wanted.length:,}, and {source.name} reads {entry.context_length:,} tokens at most.",
            hint=f"Type {entry.context_length} or less.",
        )
    length = wanted.length or min(_LENGTH, entry.context_length or _LENGTH)
    memory, notes = _memory(source, config, weights, wanted, length)
    free = int(free_memory(wanted.device))
    bare = ModelCard(
        entry=entry,
        dtype=weights.dtype if weights else None,
        device=wanted.device,
        batch_size=wanted.batch_size,
        length=length,
        memory=memory,
        free=free,
        advice="",
        notes=tuple(note for note in (unknown, *_of_gate(entry), *notes) if note),
    )
    return replace(bare, advice=_advice(bare, _head_of(config)))


def _advice(card: ModelCard, head: Head) -> str:
    at_work = card.memory.get(INFERENCE)
    on_gpu = not card.device.startswith("cpu")
    halved = None if at_work is None or on_gpu else replace(at_work, weights=at_work.weights // 2)
    rest = instead(head, card.memory, card.fits, card.free, card.batch_size, halved=halved, on_gpu=on_gpu)
    return advise(head, card.entry, card.memory, card.fits, rest)


# --- what it is ---


def _entry(source: Source, weights: Weights | None) -> ModelEntry:
    """What is known of a model: what the Hub says, where it can be asked, and what its files do."""
    kind = source.ref.kind
    if kind == "bundled":
        return bundled_entry(source.ref.name)
    place: Place = "folder" if kind == "folder" else "hub"
    entry = folder_entry(source, place, source.ref.name if kind == "hub" else source.name)
    assert entry is not None  # the gate has read its configuration
    if kind == "hub":
        entry = _joined(entry, told_by_hub(source.ref.name, source.commit))
    known = weights.parameters if weights else None
    return replace(entry, parameters=known or entry.parameters, revision=source.commit)


def _joined(entry: ModelEntry, other: ModelEntry | None) -> ModelEntry:
    """An entry, and of another what it does not say."""
    if other is None:
        return entry
    fields = ModelEntry.__dataclass_fields__
    lacking = [name for name in fields if getattr(entry, name) in (None, (), "")]
    return replace(entry, **{name: getattr(other, name) for name in lacking})


def _of_gate(entry: ModelEntry) -> list[str]:
    needs = " ".join(f"--{option}" for option in entry.needs or ())
    return [f"The load gate lets it pass only with `{needs}`."] if needs else []


def _head_of(config: Mapping[str, Any]) -> Head:
    found = heads_declared(config)
    for head in _ORDER:
        if head in found:
            return head
    return "encoder"


# --- what it takes ---


def _memory(
    source: Source, entries: Mapping[str, Any], weights: Weights | None, wanted: Wanted, length: int
) -> tuple[dict[str, Memory], list[str]]:
    """Each way to use a model to its memory, and what is to be said of that."""
    from transformers import CONFIG_MAPPING

    kind = entries["model_type"]
    if kind not in CONFIG_MAPPING:
        note = f"{source.name} is of type {kind}, which this Transformers does not know: what a batch takes is a guess."
        return ({INFERENCE: _by_allowance(weights)} if weights else {}), [note]
    with quiet_transformers():
        config = CONFIG_MAPPING[kind].from_dict(dict(entries))
        head = _head_of(entries)
        memory: dict[str, Memory] = {}
        notes: list[str] = []
        for way in (INFERENCE, *wanted.methods):
            try:
                if way == INFERENCE:
                    memory[way] = _at_work(config, entries, head, weights, wanted, length)
                elif (trained := _trained(config, head)) is not None and (way != "head" or trained in _TRAINABLE[:2]):
                    memory[way] = _in_training(config, trained, way, wanted, length)
            except Exception as error:  # a model that cannot run without numbers
                notes.append(f"The memory for {way} could not be counted ({type(error).__name__}).")
    return memory, notes


def _by_allowance(weights: Weights) -> Memory:
    """The memory of a model of which the weights only are known."""
    return Memory(weights=weights.nbytes, activations=int(with_allowance(weights.nbytes)) - weights.nbytes)


def _at_work(
    config: Any, entries: Mapping[str, Any], head: Head, weights: Weights | None, wanted: Wanted, length: int
) -> Memory:
    dtype = "float32" if wanted.device == "cpu" else gpu_dtype(weights.dtype if weights else None, wanted.device)
    stays = weights is not None and (dtype == "auto" or "quantization_config" in entries)
    other = weights is not None and weights.dtype not in (dtype, None)
    return in_inference(
        _class(head).from_config,
        config,
        Batch(head, wanted.batch_size, length),
        wanted.device,
        "float32" if dtype == "auto" else dtype,
        nbytes=weights.nbytes if weights and stays else None,
        read=weights.nbytes if weights and other else 0,
    )


def _in_training(config: Any, head: Head, method: str, wanted: Wanted, length: int) -> Memory:
    def build(config: Any) -> Any:
        return wanted.with_method(_class(head).from_config(config), method, head)

    return in_training(build, config, Batch(head, wanted.batch_size, length), wanted.device)


def _trained(config: Any, head: Head) -> Head | None:
    """The head that `%finetune` would put on it, where nobody says more; None where it cannot have one."""
    wanted: Head = head if head in _TRAINABLE else "classifier"
    return wanted if type(config) in _class(wanted)._model_mapping else None


def _class(head: Head) -> Any:
    import transformers

    return getattr(transformers, HEADS[head].auto_class)
