"""What turns a model's outputs into scores: the head it was trained with, or zero-shot labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.encoding import Encoder, Items
from nbtransformers.engine.padding import Inputs, tensors_of
from nbtransformers.engine.pooling import Embedder, Wishes
from nbtransformers.engine.scoring import RowHead, mean_by_owner
from nbtransformers.engine.threads import torch_threads
from nbtransformers.errors import UserError
from nbtransformers.loading.bundled import BUNDLED_ENCODER, BUNDLED_SENTIMENT
from nbtransformers.loading.card import Card
from nbtransformers.loading.models import Head
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.request import ClassifyRequest, ModelRef
from nbtransformers.results.recipe import Problem, Scores

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
            raise UserError(f"{card.what}, not a sequence classifier.", hint=_instead(request, card))
        return "classifier"
    if not card.is_encoder:
        raise UserError(
            f"{card.what}, not an encoder of texts.",
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


def _instead(request: ClassifyRequest, card: Card) -> str:
    if card.is_encoder:
        return "Give a classifier, or `--labels a,b,c` for zero-shot with this encoder."
    bundled = _bundled(request)
    return f"Give a classifier, or {bundled[0].lower()}{bundled[1:]} for the bundled one."


def _bundled(request: ClassifyRequest) -> str:
    return for_bundled(request.model, BUNDLED_SENTIMENT if request.labels is None else BUNDLED_ENCODER)


def for_bundled(model: ModelRef | None, bundled: str) -> str:
    """What to type for a bundled model: without an option, a default would be taken again."""
    return f"Type `--model {bundled}`" if model is not None and model.default_from else "Leave `--model` out"


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
        run = request.run
        # A prompt is for queries or documents, and a label is neither.
        wishes = Wishes(normalize=True, prompt="", max_length=run.max_length, long=run.long)
        self._embedder = Embedder(loaded, wishes)
        self._template = template
        self._labels: Any = None
        self.recipe = Scores(
            "similarity",
            self.labels,
            self.problem,
            self._embedder.encoder.limit,
            self._embedder.encoder.stride,
            template=template,
            embedding=self._embedder.recipe(),
        )

    def encode(self, texts: Sequence[str], rows: Sequence[int]) -> Items:
        if self._labels is None:  # here and not in `forward`, which several threads may call at once
            with torch_threads(1):
                self._labels = self._label_embeddings()
        return self._embedder.encode(texts, rows)

    def forward(self, inputs: Inputs) -> NDArray[np.float32]:
        return (self._embedder.embed(inputs) @ self._labels.T).cpu().numpy()

    def values(self, outputs: NDArray[np.float32], items: Items) -> NDArray[np.float32]:
        return _softmax(_COSINE_SCALE * mean_by_owner(outputs, items)).astype(np.float32)

    def _label_embeddings(self) -> Any:
        import torch

        sentences = [self._template.replace("{}", label) for label in self.labels]
        items = self._embedder.encode(sentences, range(len(sentences)))
        # One at a time: no padding to go wrong, and there are few.
        return torch.cat([self._embedder.embed({"input_ids": ids[None]}) for ids in items.ids])


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
        output = loaded.model(**tensors_of(inputs, loaded.device))
        logits = output.logits if hasattr(output, "logits") else output[0]
        return logits.float().cpu().numpy()


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
