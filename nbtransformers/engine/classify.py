"""ClassifyRequest in, Classification out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine import running
from nbtransformers.engine.heads import ScoringHead, head_for, needed_head
from nbtransformers.engine.recipe import padding_of, place_of
from nbtransformers.engine.rowtask import Gathered
from nbtransformers.engine.scoring import HeadTask
from nbtransformers.loading.bundled import BUNDLED_ENCODER, BUNDLED_SENTIMENT
from nbtransformers.loading.card import Card
from nbtransformers.loading.models import Head
from nbtransformers.progress import OnPartial, OnProgress, silent
from nbtransformers.request import ClassifyRequest, ModelRef, Objects
from nbtransformers.results.classification import Classification
from nbtransformers.results.recipe import Reading, Recipe


class ClassifyTask(HeadTask[Classification, ScoringHead]):
    """Label every text."""

    def __init__(self, request: ClassifyRequest, objects: Objects, on_progress: OnProgress) -> None:
        super().__init__(request, objects, on_progress)
        self.head = head_for(request, self.ready.card, self.ready.loaded)

    def model_ref(self, request: ClassifyRequest) -> ModelRef:
        """The request's model, or a bundled one."""
        return request.model or ModelRef("bundled", BUNDLED_SENTIMENT if request.labels is None else BUNDLED_ENCODER)

    def needed_head(self, card: Card) -> Head:
        """A classifier, or for zero-shot an encoder."""
        return needed_head(self.request, card)

    def kept(self, before: Classification, row: int) -> NDArray[np.float32]:
        """The scores of a row."""
        return before.scores[row]

    def recipe(self, reading: Reading) -> Recipe:
        """What a plain program must know to give the same scores."""
        loaded = self.ready.loaded
        return Recipe(
            place=place_of(self.ready.ref, loaded),
            dtype=loaded.dtype,
            reading=reading,
            scores=self.head.recipe,
            padding=padding_of(loaded),
        )

    def result(self, gathered: Gathered) -> Classification:
        """The scores with their labels."""
        return Classification(
            request=self.request,
            texts=gathered.texts,
            index=gathered.index,
            labels=self.head.labels,
            scores=gathered.values,
            reasons=gathered.reasons,
            problem=self.head.problem,
            tokens=gathered.tokens,
            unread=gathered.unread,
            doubtful=gathered.doubtful,
            run=gathered.report,
            read_to_end=gathered.read_to_end,
            notes=gathered.notes,
            method=self.head.method,
            recipe=gathered.recipe,
        )


def classify(
    request: ClassifyRequest, objects: Objects, on_progress: OnProgress = silent, on_partial: OnPartial | None = None
) -> Classification:
    """Label every text of a request, as `running.run` does it.

    Example:
        >>> classify(ClassifyRequest(DataRef("lines", "Good film.")), {}).totals
        {'negative': 0, 'positive': 1}
    """
    return running.run(ClassifyTask, request, objects, on_progress, on_partial)


def resume(
    before: Classification, objects: Objects, on_progress: OnProgress = silent, on_partial: OnPartial | None = None
) -> Classification:
    """Finish what an interrupt left of a result, as `running.resume` does it."""
    return running.resume(ClassifyTask, before, objects, on_progress, on_partial)


def recipe(request: ClassifyRequest, objects: Objects) -> Recipe:
    """What a plain program must know to do the same, as `running.recipe` finds it out."""
    return running.recipe(ClassifyTask, request, objects)
