"""SummarizeRequest in, Summaries out."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine import running
from nbtransformers.engine.rewriting import RewritingTask
from nbtransformers.engine.rowtask import Gathered
from nbtransformers.engine.wording import Wording, to_summarize
from nbtransformers.engine.writing import as_read
from nbtransformers.errors import UserError
from nbtransformers.plain_text import count
from nbtransformers.progress import OnPartial, OnProgress, silent
from nbtransformers.request import ModelRef, Objects, SummarizeRequest
from nbtransformers.results.rewritings import Summaries
from nbtransformers.results.writingrecipe import RewriteRecipe

NEW_TOKENS = 128  # of a summary at most, unless the request or the model says otherwise


class SummarizeTask(RewritingTask):
    """Summarise every text; a long one in parts, and their summaries again."""

    def model_ref(self, request: SummarizeRequest) -> ModelRef:
        """The request's model."""
        if request.model is None:
            raise UserError(
                "No model that summarises is bundled.",
                hint="Type `--model facebook/bart-large-cnn`, or a chat model, such as `--model smollm2`.",
            )
        return request.model

    def words(self) -> Wording:
        """How the model is told to summarise."""
        return to_summarize(self.ready.loaded)

    def expected(self, tokens: int) -> int:
        """As many as the model says, or a few sentences."""
        return self.wording.most or NEW_TOKENS

    def goes_again(self, parts: int) -> bool:
        """Where the summaries of the parts are more than one."""
        return parts > 1 and self.request.parts == "again"

    def of_parts(self, several: NDArray[np.int32]) -> str:
        """Also what became of the summaries of the parts."""
        then = "and these summaries again" if self.request.parts == "again" else "their summaries one behind the other"
        return f"{super().of_parts(several)}, each summarised, {then}: `--parts` says otherwise."

    def notes(self, gathered: Gathered) -> list[str]:
        """Also where summaries of summaries come to no end."""
        notes = super().notes(gathered)
        if self.no_shorter:
            notes.append(
                f"The summaries of parts of {count(self.no_shorter, 'text')} stand one behind the other: together they "
                "are longer than the model reads, and get no shorter. `--max-new-tokens` with less makes them so."
            )
        return notes

    def result(self, gathered: Gathered) -> Summaries:
        """The summaries."""
        return Summaries(**self.rewriting(gathered))


def summarize(
    request: SummarizeRequest, objects: Objects, on_progress: OnProgress = silent, on_partial: OnPartial | None = None
) -> Summaries:
    """Summarise every text of a request, as `running.run` does it.

    Example:
        >>> summarize(SummarizeRequest(DataRef("whole", report), model), {}).texts[0]
    """
    return cast("Summaries", running.run(SummarizeTask, request, objects, on_progress, on_partial))


def resume(
    before: Summaries, objects: Objects, on_progress: OnProgress = silent, on_partial: OnPartial | None = None
) -> Summaries:
    """Finish what an interrupt left of a result, as `running.resume` does it."""
    return cast("Summaries", running.resume(SummarizeTask, as_read(before), objects, on_progress, on_partial))


def recipe(request: SummarizeRequest, objects: Objects) -> RewriteRecipe:
    """What a plain program must know to do the same, as `running.recipe` finds it out."""
    return running.recipe(SummarizeTask, request, objects)
