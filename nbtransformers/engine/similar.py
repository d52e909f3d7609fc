"""SimilarRequest in, Similarity out."""

from __future__ import annotations

from dataclasses import replace

from nbtransformers.engine import running
from nbtransformers.engine.embed import EmbedTask
from nbtransformers.engine.reading import reading_of
from nbtransformers.engine.resuming import remember
from nbtransformers.engine.rowtask import Hooks
from nbtransformers.engine.scoring import Scorer
from nbtransformers.progress import OnPartial, OnProgress, silent
from nbtransformers.request import DataRef, Objects, SimilarRequest
from nbtransformers.results.embeddings import Embeddings
from nbtransformers.results.recipe import SimilarRecipe
from nbtransformers.results.similarity import Similarity


def similar(
    request: SimilarRequest, objects: Objects, on_progress: OnProgress = silent, on_partial: OnPartial | None = None
) -> Similarity:
    """Embed the texts of a request, and those of its second list; what is alike is found when it is asked for.

    An interrupt ends the work and keeps what is finished, as `running.run` does it. Nothing is shown on the way:
    what the first texts are like says little of the others.

    Args:
        request: what to do.
        objects: what the request's `variable` references name.
        on_progress: told what is going on, at most ten times a second.
        on_partial: not used.

    Raises:
        UserError: when the texts cannot be read or the model cannot be used.

    Example:
        >>> similar(SimilarRequest(DataRef("lines", "Good film.\\nBad film.")), {}).matrix.shape
        (2, 2)
    """

    def embedded(data: DataRef, task: type[EmbedTask]) -> Embeddings:
        return running.run(task, request.embedding(data), objects, on_progress, None)

    embeddings = embedded(request.data, EmbedTask)
    others = None
    if request.other is not None:
        others = embedded(request.other, EmbedTask if _is_finished(embeddings) else _NotBegun)
    return _compared(request, embeddings, others, objects)


def resume(
    before: Similarity, objects: Objects, on_progress: OnProgress = silent, on_partial: OnPartial | None = None
) -> Similarity:
    """Finish what an interrupt left of a result, as `running.resume` does it for each of its lists."""
    request = before.request

    def finished(part: Embeddings) -> Embeddings:
        if _is_finished(part):
            return part
        asked = replace(part, request=request.embedding(part.request.data))
        return running.resume(EmbedTask, asked, objects, on_progress, None)

    embeddings = finished(before.embeddings)
    others = before.others
    if others is not None and _is_finished(embeddings):
        others = finished(others)
    return _compared(request, embeddings, others, objects)


class _NotBegun(EmbedTask):
    """Only says which texts are left to do, after an interrupt."""

    def worker(self, hooks: Hooks) -> Scorer:
        """A scorer that has been told to stop."""
        scorer = super().worker(hooks)
        scorer.end()
        return scorer


def _is_finished(part: Embeddings) -> bool:
    return part.read_to_end and bool(part.done.all())


def _compared(
    request: SimilarRequest, embeddings: Embeddings, others: Embeddings | None, objects: Objects
) -> Similarity:
    query = None if request.query is None else embeddings.query_vectors(request.query)[0]
    result = Similarity(request, embeddings, others, request.measure or embeddings.measure, query)
    remember(result, objects)
    return result


def recipe(request: SimilarRequest, objects: Objects) -> SimilarRecipe:
    """What a plain program must know to do the same; its model is loaded for it, and no text is read.

    Raises:
        UserError: when the model cannot be used.
    """
    task = EmbedTask(request.embedding(request.data), objects, silent)
    other = None if request.other is None else reading_of(request.other, objects)
    measure = request.measure or task.head.embedder.files.measure or "cosine"
    return SimilarRecipe(task.recipe(reading_of(request.data, objects)), other, measure)
