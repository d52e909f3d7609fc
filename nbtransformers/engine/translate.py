"""TranslateRequest in, Translations out."""

from __future__ import annotations

from importlib.util import find_spec
from typing import cast

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine import running
from nbtransformers.engine.rewriting import RewritingTask
from nbtransformers.engine.rowtask import Gathered
from nbtransformers.engine.wording import Wording, to_translate
from nbtransformers.engine.writing import as_read
from nbtransformers.errors import UserError
from nbtransformers.progress import OnPartial, OnProgress, silent
from nbtransformers.request import ModelRef, Objects, TranslateRequest
from nbtransformers.results.rewritings import Translations
from nbtransformers.results.writingrecipe import RewriteRecipe

# Tokens: a translation may take twice as many as the text, and these. What models declare is for the longest of texts,
# and a batch has to have room for it.
_LONGER, _MORE = 2, 32


class TranslateTask(RewritingTask):
    """Translate every text, line by line or sentence by sentence."""

    def model_ref(self, request: TranslateRequest) -> ModelRef:
        """The request's model."""
        if request.model is None:
            raise UserError(
                "No model that translates is bundled.",
                hint="Type `--model Helsinki-NLP/opus-mt-en-de`, or `--model facebook/nllb-200-distilled-600M` with "
                "`--target`.",
            )
        return request.model

    def words(self) -> Wording:
        """How the model is told the languages, and where it reads a text in parts."""
        wording = to_translate(self.ready.loaded, self.request.source, self.request.target)
        # Translation models were trained on sentences, and their tokenizers make spaces of line ends.
        self.by = "sentences" if self.request.parts == "sentences" else "whole" if wording.chat else "lines"
        return wording

    def expected(self, tokens: int) -> int:
        """Twice as many as the part has, and some."""
        return _LONGER * tokens + _MORE

    def of_parts(self, several: NDArray[np.int32]) -> str:
        """Also why, and where they were cut."""
        why = f"what is longer than the {self.limit:,} tokens that the model reads was cut between sentences"
        return f"{super().of_parts(several)}: {why}, or words, and put together again."

    def notes(self, gathered: Gathered) -> list[str]:
        """Also that punctuation is not read as the model learned it."""
        notes = super().notes(gathered)
        if "Marian" in type(self.ready.loaded.tokenizer).__name__ and find_spec("sacremoses") is None:
            notes.append(
                "Without the package sacremoses punctuation is read as it stands, and not as the model learned it: "
                '`pip install "nbtransformers[translate]"`.'
            )
        return notes

    def result(self, gathered: Gathered) -> Translations:
        """The translations."""
        return Translations(
            **self.rewriting(gathered),
            source=self.wording.source,
            target=self.wording.target,
        )


def translate(
    request: TranslateRequest, objects: Objects, on_progress: OnProgress = silent, on_partial: OnPartial | None = None
) -> Translations:
    """Translate every text of a request, as `running.run` does it.

    Example:
        >>> translate(TranslateRequest(DataRef("lines", "Good morning!"), model, target="German"), {}).texts[0]
        'Guten Morgen!'
    """
    return cast("Translations", running.run(TranslateTask, request, objects, on_progress, on_partial))


def resume(
    before: Translations, objects: Objects, on_progress: OnProgress = silent, on_partial: OnPartial | None = None
) -> Translations:
    """Finish what an interrupt left of a result, as `running.resume` does it."""
    return cast("Translations", running.resume(TranslateTask, as_read(before), objects, on_progress, on_partial))


def recipe(request: TranslateRequest, objects: Objects) -> RewriteRecipe:
    """What a plain program must know to do the same, as `running.recipe` finds it out."""
    return running.recipe(TranslateTask, request, objects)
