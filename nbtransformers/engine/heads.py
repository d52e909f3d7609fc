"""What turns a model's outputs into scores: the head it was trained with, or zero-shot labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.encoding import Encoder, Items, model_limit
from nbtransformers.engine.padding import Inputs
from nbtransformers.engine.scoring import RowHead, mean_by_owner
from nbtransformers.engine.threads import torch_threads
from nbtransformers.errors import UserError
from nbtransformers.loading.bundled import BUNDLED_ENCODER, BUNDLED_SENTIMENT
from nbtransformers.loading.card import Card
from nbtransformers.loading.models import Head
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.request import ClassifyRequest
from nbtransformers.results.recipe import Pooling, Problem, Scores

_COSINE_SCALE = 20.0  # all-MiniLM was trained on softmax(20 · cosine), as its train_script.py has it
_TOPIC_TEMPLATE = "This text is about {}."
_NLI_TEMPLATE = "This example is {}."


class ScoringHead(RowHead, Protocol):
    """The head of a classification.

    Attributes:
        labels: the label names, in the order of the score axis.
        problem: what the scores mean.
        method: how the scores come about, when that is not plain from the model; or None.
        recipe: the same for a program.
    """

    labels: tuple[str, ...]
    problem: Problem

    @property
    def method(self) -> str | None: ...

    @property
    def recipe(self) -> Scores: ...


class _Labelled:
    """What every such head has: one score a label."""

    labels: tuple[str, ...]

    def empty(self, rows: int) -> NDArray[np.float32]:
        """Scores `[text, label]`, all NaN."""
        return np.full((rows, len(self.labels)), np.nan, dtype=np.float32)


def needed_head(request: ClassifyRequest, card: Card) -> Head:
    """Which part of the model a request needs.

    Raises:
        UserError: when the model cannot do what is asked for.
    """
    if request.labels is None:
        if card.architecture and not card.is_classifier:
            raise UserError(f"{_what(card)}, not a sequence classifier.", hint=_instead(request, card))
        return "classifier"
    if not card.is_encoder:
        raise UserError(
            f"{_what(card)}, not an encoder of texts.",
            hint=f"{_bundled(request)} (zero-shot by the bundled encoder), or give an encoder or an NLI model.",
        )
    if not card.is_classifier:
        if request.multi_label:
            raise UserError(
                f"{card.name} can rank labels by similarity, but not say yes or no to each.",
                hint="Leave `--multi-label` out, or give an NLI model.",
            )
        return "encoder"
    if _entailment(card.labels) is None:
        raise UserError(
            f"{card.name} has labels of its own ({', '.join(card.labels[:4])}), so `--labels` cannot be used with it.",
            hint=f"{_bundled(request)} (zero-shot by the bundled encoder), or give an encoder or an NLI model.",
        )
    return "classifier"


def _what(card: Card) -> str:
    purpose = f"for {card.task} ({card.architecture})" if card.task else f"a {card.architecture}"
    return f"{card.name} is {purpose}"


def _instead(request: ClassifyRequest, card: Card) -> str:
    if card.is_encoder:
        return "Give a classifier, or `--labels a,b,c` for zero-shot with this encoder."
    bundled = _bundled(request)
    return f"Give a classifier, or {bundled[0].lower()}{bundled[1:]} for the bundled one."


def _bundled(request: ClassifyRequest) -> str:
    """What to type for the bundled model: without an option, a default would be taken again."""
    if request.model is None or not request.model.default_from:
        return "Leave `--model` out"
    return f"Type `--model {BUNDLED_SENTIMENT if request.labels is None else BUNDLED_ENCODER}`"


def head_for(request: ClassifyRequest, card: Card, loaded: LoadedModel) -> ScoringHead:
    """The head for a request on a loaded model."""
    if request.labels is None:
        return TrainedHead(request, loaded)
    return NliHead(request, loaded) if card.is_classifier else EmbeddingHead(request, loaded)


class TrainedHead(_Labelled):
    """The classification head that the model was trained with."""

    method = None

    def __init__(self, request: ClassifyRequest, loaded: LoadedModel) -> None:
        config = loaded.model.config
        self.labels = _unique(
            str(config.id2label.get(number, f"LABEL_{number}")) for number in range(config.num_labels)
        )
        self.problem: Problem = _problem(config, request.multi_label)
        self._loaded = loaded
        self._encoder = Encoder(loaded, request.run.max_length, request.run.long)
        self.recipe = Scores("trained", self.labels, self.problem, self._encoder.limit, self._encoder.stride)

    def encode(self, texts: Sequence[str], rows: Sequence[int]) -> Items:
        return self._encoder.encode(texts, rows)

    def forward(self, inputs: Inputs) -> NDArray[np.float32]:
        logits = _logits(self._loaded, inputs)
        if logits.shape[1] != len(self.labels):
            raise UserError(
                f"{self._loaded.name} gives {logits.shape[1]} scores a text, but its configuration has "
                f"{len(self.labels)} labels.",
                hint="Set model.config.num_labels and id2label.",
            )
        return logits

    def values(self, outputs: NDArray[np.float32], items: Items) -> NDArray[np.float32]:
        return _ACTIVATIONS[self.problem](mean_by_owner(outputs, items)).astype(np.float32)


class EmbeddingHead(_Labelled):
    """Zero-shot by similarity: softmax over labels of 20 · cosine(text, label)."""

    problem: Problem = "single_label"

    def __init__(self, request: ClassifyRequest, loaded: LoadedModel) -> None:
        assert request.labels is not None
        self.labels = request.labels
        advice = "good for topics, weak for sentiment"
        template = request.template or _TOPIC_TEMPLATE
        self.method = (
            f"softmax(20 · cosine) of the embeddings of a text and of “{template.replace('{}', 'LABEL')}”; {advice}"
        )
        self._loaded = loaded
        pooling = _pooling(loaded.folder)
        self._pool = _POOLS[pooling]
        limit = request.run.max_length or _declared_length(loaded)
        self._encoder = Encoder(loaded, limit, request.run.long)
        self._template = template
        self._labels: Any = None
        self.recipe = Scores(
            "similarity",
            self.labels,
            self.problem,
            self._encoder.limit,
            self._encoder.stride,
            template=template,
            pooling=pooling,
        )

    def encode(self, texts: Sequence[str], rows: Sequence[int]) -> Items:
        if self._labels is None:  # here and not in `forward`, which several threads may call at once
            with torch_threads(1):
                self._labels = self._label_embeddings()
        return self._encoder.encode(texts, rows)

    def forward(self, inputs: Inputs) -> NDArray[np.float32]:
        return (self._embed(inputs) @ self._labels.T).float().cpu().numpy()

    def values(self, outputs: NDArray[np.float32], items: Items) -> NDArray[np.float32]:
        return _softmax(_COSINE_SCALE * mean_by_owner(outputs, items)).astype(np.float32)

    def _label_embeddings(self) -> Any:
        import torch

        sentences = [self._template.replace("{}", label) for label in self.labels]
        items = self._encoder.encode(sentences, range(len(sentences)))
        # One at a time: no padding to go wrong, and there are few.
        return torch.cat([self._embed({"input_ids": ids[None]}) for ids in items.ids])

    def _embed(self, inputs: Inputs) -> Any:
        """Unit-length embeddings, a tensor `[item, hidden]`."""
        import torch

        with torch.inference_mode():
            tensors = _tensors(self._loaded, inputs)
            hidden = self._loaded.model(**tensors).last_hidden_state.float()
            mask = tensors.get("attention_mask")
            mask = torch.ones(hidden.shape[:2], device=hidden.device) if mask is None else mask
            return torch.nn.functional.normalize(self._pool(hidden, mask.unsqueeze(-1)), dim=-1)


class NliHead(_Labelled):
    """Zero-shot by entailment: does the text entail “This example is LABEL.”?

    As in Yin, Hay & Roth 2019 (https://aclanthology.org/D19-1404): softmax of the entailment logits over
    the labels; for multi-label, softmax of entailment against contradiction for each label.
    """

    def __init__(self, request: ClassifyRequest, loaded: LoadedModel) -> None:
        assert request.labels is not None
        self.labels = request.labels
        self.problem: Problem = "multi_label" if request.multi_label else "single_label"
        names = tuple(str(loaded.model.config.id2label[number]) for number in range(loaded.model.config.num_labels))
        entailment, contradiction = _entailment(names), _contradiction(names)
        assert entailment is not None
        columns = (entailment, contradiction)
        self._columns = list(columns)
        self._loaded = loaded
        self._template = request.template or _NLI_TEMPLATE
        self.method = f"entailment of “{self._template.replace('{}', 'LABEL')}”"
        self._hypotheses = [self._template.replace("{}", label) for label in self.labels]
        self._encoder = Encoder(loaded, request.run.max_length, request.run.long, self._hypotheses)
        self.recipe = Scores(
            "entailment",
            self.labels,
            self.problem,
            self._encoder.limit,
            self._encoder.stride,
            template=self._template,
            entailment=columns,
        )

    def encode(self, texts: Sequence[str], rows: Sequence[int]) -> Items:
        each = range(len(self.labels))
        premises = [text for text in texts for _ in each]
        return self._encoder.encode(premises, [row for row in rows for _ in each], self._hypotheses * len(texts))

    def forward(self, inputs: Inputs) -> NDArray[np.float32]:
        return _logits(self._loaded, inputs)[:, self._columns]

    def values(self, outputs: NDArray[np.float32], items: Items) -> NDArray[np.float32]:
        by_label = mean_by_owner(outputs, items).reshape(-1, len(self.labels), 2)
        if self.problem == "multi_label":
            return _softmax(by_label)[:, :, 0].astype(np.float32)
        return _softmax(by_label[:, :, 0]).astype(np.float32)


# --- the model's outputs ---


def _logits(loaded: LoadedModel, inputs: Inputs) -> NDArray[np.float32]:
    import torch

    with torch.inference_mode():
        output = loaded.model(**_tensors(loaded, inputs))
        logits = output.logits if hasattr(output, "logits") else output[0]
        return logits.float().cpu().numpy()


def _tensors(loaded: LoadedModel, inputs: Inputs) -> dict[str, Any]:
    import torch

    return {name: torch.from_numpy(array).to(loaded.device) for name, array in inputs.items()}


# --- what the scores mean ---


def _problem(config: Any, multi_label: bool | None) -> Problem:
    # As Transformers' own pipeline has it: one label without a word on the problem is a sigmoid.
    if config.problem_type == "regression":
        return "regression"
    by_default = config.problem_type == "multi_label_classification" or config.num_labels == 1
    return "multi_label" if (by_default if multi_label is None else multi_label) else "single_label"


def _softmax(values: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import softmax

    return softmax(values, axis=-1)


def _sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import expit

    return expit(values)


def _same(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values


_ACTIVATIONS: dict[Problem, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "single_label": _softmax,
    "multi_label": _sigmoid,
    "regression": _same,
}


def _unique(names: Any) -> tuple[str, ...]:
    seen: dict[str, int] = {}
    unique: list[str] = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(unique)


def _entailment(labels: Sequence[str]) -> int | None:
    return next((number for number, name in enumerate(labels) if name.lower().startswith("entail")), None)


def _contradiction(labels: Sequence[str]) -> int:
    # Two-way models say "not_entailment" in its place.
    starts = ("contra", "not_entail", "not entail")
    named = (number for number, name in enumerate(labels) if name.lower().startswith(starts))
    other = (number for number in range(len(labels)) if number != _entailment(labels))
    return next(named, next(other, 0))


# --- embeddings as the model declares them (sentence-transformers' files) ---


def _pooling(folder: Path | None) -> Pooling:
    declared = _json(folder, "1_Pooling/config.json")
    if declared.get("pooling_mode_cls_token"):
        return "cls"
    if declared.get("pooling_mode_lasttoken"):
        return "last"
    return "max" if declared.get("pooling_mode_max_tokens") else "mean"


# Hidden states [text, token, hidden] and a mask [text, token, 1] to embeddings [text, hidden].
_POOLS: dict[Pooling, Callable[[Any, Any], Any]] = {
    "mean": lambda hidden, mask: (hidden * mask).sum(1) / mask.sum(1),
    "cls": lambda hidden, mask: hidden[:, 0],
    "last": lambda hidden, mask: hidden[range(len(hidden)), mask[:, :, 0].sum(1).long() - 1],
    "max": lambda hidden, mask: hidden.masked_fill(mask == 0, float("-inf")).amax(1),
}


def _declared_length(loaded: LoadedModel) -> int | None:
    declared, limit = _json(loaded.folder, "sentence_bert_config.json").get("max_seq_length"), model_limit(loaded)
    return min(declared, limit) if isinstance(declared, int) and limit else None


def _json(folder: Path | None, name: str) -> dict[str, Any]:
    import json

    path = folder / name if folder is not None else None
    if path is None or not path.exists():
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError, OSError) as error:
        raise UserError(f"{path} cannot be read ({error}).", hint="Save or download the model again.") from error
