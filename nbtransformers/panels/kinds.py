"""Each kind of result, and how it is shown: the one table that views and displays look things up in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nbtransformers.panels.channel import Method
from nbtransformers.panels.workbench.bench import Workbench
from nbtransformers.results.answers import Answers
from nbtransformers.results.attention import Attention
from nbtransformers.results.classification import Classification
from nbtransformers.results.datasets import DatasetPreview, Datasets
from nbtransformers.results.embeddings import Embeddings
from nbtransformers.results.entities import Entities
from nbtransformers.results.explanation import Explanation
from nbtransformers.results.filling import Filling
from nbtransformers.results.generation import Generation
from nbtransformers.results.models import Models
from nbtransformers.results.positions import Positions
from nbtransformers.results.rewritings import Summaries, Translations
from nbtransformers.results.runs import Runs
from nbtransformers.results.similarity import Similarity
from nbtransformers.results.stored import Stored
from nbtransformers.results.tokenization import Tokenization
from nbtransformers.results.trainingrun import TrainingRun

if TYPE_CHECKING:
    import pandas as pd

    from nbtransformers.panels.widget import Panel

Result = (
    Answers
    | Attention
    | Classification
    | DatasetPreview
    | Datasets
    | Entities
    | Generation
    | Explanation
    | Positions
    | Embeddings
    | Similarity
    | Stored
    | Filling
    | Models
    | Tokenization
    | TrainingRun
    | Runs
    | Workbench
)
"""Any result."""

RESULTS: tuple[type, ...] = (
    Answers,
    Attention,
    Classification,
    DatasetPreview,
    Datasets,
    Entities,
    Generation,
    Explanation,
    Positions,
    Embeddings,
    Similarity,
    Stored,
    Filling,
    Models,
    Tokenization,
    TrainingRun,
    Runs,
    Workbench,
)


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of result is shown.

    Attributes:
        name: the view's name, on both sides of the wire.
        title: what a reader calls such a result.
        header: the result to the header and the payload of its wire.
        snapshot: panel id and result to static HTML.
        methods: the questions that its panel can ask.
        actions: the questions whose answer needs the panel itself, such as what is selected in it.
        partial: a result as it stands, and how many rows there will be, to a header and a payload; None shows none.
        selected: a result and the numbers that are selected in its panel to the table of them.
        follow: keeps the panel of a result up to date that goes on changing.
    """

    name: str
    title: str
    header: Callable[[Any], tuple[dict[str, Any], bytes]]
    snapshot: Callable[[str, Any], str]
    methods: Callable[[Any], Mapping[str, Method]]
    actions: Callable[[Any, Panel], Mapping[str, Method]] = lambda result, panel: {}
    partial: Callable[[Any, int | None], tuple[dict[str, Any], bytes]] | None = None
    selected: Callable[[Any, list[int]], pd.DataFrame] = lambda result, rows: result.to_pandas(rows)
    follow: Callable[[Any, Panel], None] = lambda result, panel: None


def kind_of_result(result: Result) -> Kind:
    """The kind of a result. What draws it is imported here, when there is something to draw."""
    return next(_KINDS[one] for one in type(result).__mro__ if one in _KINDS)()


def _answers() -> Kind:
    from nbtransformers.panels.answering.methods import actions, methods
    from nbtransformers.panels.answering.snapshot import answers_snapshot
    from nbtransformers.panels.answering.wire import answers_header, partial_header

    return Kind("answer", "Answers", answers_header, answers_snapshot, methods, actions, partial_header)


def _attention() -> Kind:
    from nbtransformers.panels.attention.actions import actions, pinned_rows
    from nbtransformers.panels.attention.methods import methods
    from nbtransformers.panels.attention.snapshot import attention_snapshot
    from nbtransformers.panels.attention.wire import attention_header

    kind = Kind("attention", "Attention", attention_header, attention_snapshot, methods, actions)
    return replace(kind, selected=pinned_rows)


def _classification() -> Kind:
    from nbtransformers.panels.classification.methods import actions, methods
    from nbtransformers.panels.classification.snapshot import classification_snapshot
    from nbtransformers.panels.classification.wire import classification_header, partial_header

    return Kind(
        "classify",
        "Classification",
        classification_header,
        classification_snapshot,
        methods,
        actions,
        partial_header,
    )


def _dataset() -> Kind:
    from nbtransformers.panels.datasets.actions import actions_of_one
    from nbtransformers.panels.datasets.looking import follow_one
    from nbtransformers.panels.datasets.snapshot import dataset_snapshot
    from nbtransformers.panels.datasets.wire import dataset_header

    kind = Kind("dataset", "Dataset", dataset_header, dataset_snapshot, lambda preview: {}, actions_of_one)
    return replace(kind, follow=follow_one)


def _datasets() -> Kind:
    from nbtransformers.panels.datasets.actions import actions
    from nbtransformers.panels.datasets.looking import follow
    from nbtransformers.panels.datasets.snapshot import datasets_snapshot
    from nbtransformers.panels.datasets.wire import datasets_header

    kind = Kind("datasets", "Datasets", datasets_header, datasets_snapshot, lambda datasets: {}, actions)
    return replace(kind, follow=follow)


def _entities() -> Kind:
    from nbtransformers.panels.tagging.methods import actions, methods
    from nbtransformers.panels.tagging.snapshot import entities_snapshot
    from nbtransformers.panels.tagging.wire import entities_header, partial_header

    return Kind("entities", "Entities", entities_header, entities_snapshot, methods, actions, partial_header)


def _generation() -> Kind:
    from nbtransformers.panels.generation.methods import actions, methods
    from nbtransformers.panels.generation.snapshot import generation_snapshot
    from nbtransformers.panels.generation.wire import generation_header, partial_header

    return Kind("generate", "Generation", generation_header, generation_snapshot, methods, actions, partial_header)


def _stored() -> Kind:
    from nbtransformers.panels.stored.snapshot import stored_snapshot
    from nbtransformers.panels.stored.wire import stored_header

    return Kind("stored", "Results in a file", stored_header, stored_snapshot, lambda result: {})


def _filling() -> Kind:
    from nbtransformers.panels.filling.methods import actions, methods
    from nbtransformers.panels.filling.snapshot import filling_snapshot
    from nbtransformers.panels.filling.wire import filling_header, partial_header

    return Kind("fill", "Fillings", filling_header, filling_snapshot, methods, actions, partial_header)


def _tokenization() -> Kind:
    from nbtransformers.panels.tokenization.methods import actions, methods
    from nbtransformers.panels.tokenization.snapshot import tokenization_snapshot
    from nbtransformers.panels.tokenization.wire import partial_header, tokenization_header

    return Kind(
        "tokenize",
        "Tokenization",
        tokenization_header,
        tokenization_snapshot,
        methods,
        actions,
        partial_header,
    )


def _models() -> Kind:
    from nbtransformers.panels.models.actions import actions
    from nbtransformers.panels.models.picking import follow
    from nbtransformers.panels.models.snapshot import models_snapshot
    from nbtransformers.panels.models.wire import models_header

    return Kind("models", "Models", models_header, models_snapshot, lambda models: {}, actions, follow=follow)


def _embeddings() -> Kind:
    from nbtransformers.panels.embedding.methods import actions, methods
    from nbtransformers.panels.embedding.snapshot import embedding_snapshot
    from nbtransformers.panels.embedding.wire import embedding_header, partial_header

    return Kind("embed", "Embeddings", embedding_header, embedding_snapshot, methods, actions, partial_header)


def _explanation() -> Kind:
    from nbtransformers.panels.explanation.methods import actions
    from nbtransformers.panels.explanation.snapshot import explanation_snapshot
    from nbtransformers.panels.explanation.wire import explanation_header, partial_header

    return Kind(
        "explain",
        "Explanation",
        explanation_header,
        explanation_snapshot,
        lambda result: {},
        actions,
        partial_header,
    )


def _positions() -> Kind:
    from nbtransformers.panels.positions.actions import actions
    from nbtransformers.panels.positions.methods import methods
    from nbtransformers.panels.positions.snapshot import positions_snapshot
    from nbtransformers.panels.positions.wire import positions_header

    return Kind("positions", "Positions", positions_header, positions_snapshot, methods, actions)


def _similarity() -> Kind:
    from nbtransformers.panels.similarity.methods import actions, methods
    from nbtransformers.panels.similarity.snapshot import similarity_snapshot
    from nbtransformers.panels.similarity.wire import partial_header, similarity_header

    return Kind("similar", "Similarity", similarity_header, similarity_snapshot, methods, actions, partial_header)


def _training() -> Kind:
    from nbtransformers.panels.training.follow import follow
    from nbtransformers.panels.training.methods import actions, methods
    from nbtransformers.panels.training.snapshot import training_snapshot
    from nbtransformers.panels.training.wire import training_header

    return Kind("training", "Training", training_header, training_snapshot, methods, actions, follow=follow)


def _runs() -> Kind:
    from nbtransformers.panels.runs.actions import actions
    from nbtransformers.panels.runs.follow import follow
    from nbtransformers.panels.runs.snapshot import runs_snapshot
    from nbtransformers.panels.runs.wire import runs_header

    kind = Kind("runs", "Training runs", runs_header, runs_snapshot, lambda runs: {}, actions, follow=follow)
    return replace(kind, selected=lambda runs, rows: runs.to_pandas().iloc[rows])


def _workbench() -> Kind:
    from nbtransformers.panels.workbench.actions import actions
    from nbtransformers.panels.workbench.snapshot import workbench_snapshot
    from nbtransformers.panels.workbench.wire import workbench_header
    from nbtransformers.panels.workbench.working import follow

    return Kind(
        "workbench", "Workbench", workbench_header, workbench_snapshot, lambda bench: {}, actions, follow=follow
    )


_KINDS: dict[type, Callable[[], Kind]] = {
    Answers: _answers,
    Attention: _attention,
    Classification: _classification,
    DatasetPreview: _dataset,
    Datasets: _datasets,
    Embeddings: _embeddings,
    Entities: _entities,
    Generation: _generation,
    Summaries: lambda: replace(_generation(), title="Summaries"),
    Translations: lambda: replace(_generation(), title="Translations"),
    Explanation: _explanation,
    Positions: _positions,
    Similarity: _similarity,
    Stored: _stored,
    Filling: _filling,
    Models: _models,
    Tokenization: _tokenization,
    TrainingRun: _training,
    Runs: _runs,
    Workbench: _workbench,
}
