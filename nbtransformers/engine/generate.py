"""GenerateRequest in, Generation out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nbtransformers.engine import running
from nbtransformers.engine.prompts import Encoded, PromptEncoder
from nbtransformers.engine.reading import written_down
from nbtransformers.engine.recipe import place_of
from nbtransformers.engine.rowtask import Gathered
from nbtransformers.engine.writing import WritingTask, as_read, decoding_of, with_objects
from nbtransformers.engine.writingrecipe import writing_of
from nbtransformers.inputs.rows import HeldRows
from nbtransformers.loading.bundled import BUNDLED_DECODER
from nbtransformers.progress import OnPartial, OnProgress, silent
from nbtransformers.request import GenerateRequest, ModelRef, Objects
from nbtransformers.results.generation import Generation
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.recipe import Reading
from nbtransformers.results.writingrecipe import GenerateRecipe

NEW_TOKENS = 100  # of a row at most, unless the request says otherwise


class GenerateTask(WritingTask):
    """Write on for every prompt."""

    def __init__(self, request: GenerateRequest, objects: Objects, on_progress: OnProgress) -> None:
        super().__init__(request, objects, on_progress)
        self.refuse_unable()
        self.decoding = decoding_of(request.decoding)
        self.encoder = PromptEncoder(request, self.ready.loaded, request.decoding.most(NEW_TOKENS))

    def model_ref(self, request: GenerateRequest) -> ModelRef:
        """The request's model, or the bundled decoder."""
        return request.model or ModelRef("bundled", BUNDLED_DECODER)

    def encode(self, texts: Sequence[str], rows: Sequence[int]) -> Encoded:
        """The prompts, in the model's chat template where they are to be."""
        return self.encoder.encode(texts, rows)

    def reading(
        self, objects: Objects, rows: Any = None, reasons: Reasons | None = None, before: Any = None
    ) -> Reading:
        """As of any rows; conversations in a variable are lists, and what is read of them is their JSON."""
        if self.request.messages and self.request.data.kind == "variable" and isinstance(rows, HeldRows):
            return written_down(self.request.data, rows)
        return super().reading(objects, rows, reasons, before)

    def recipe(self, reading: Reading) -> GenerateRecipe:
        """What a plain program must know to write the same."""
        loaded = self.ready.loaded
        return GenerateRecipe(
            place=place_of(self.ready.ref, loaded),
            dtype=loaded.dtype,
            reading=reading,
            writing=writing_of(loaded, self.decoding),
            most=self.request.decoding.most(NEW_TOKENS),
        )

    def method(self) -> str:
        """Also how the prompts are handed over."""
        return super().method() + ("; prompts in the model's chat template" if self.request.chats else "")

    def notes(self, gathered: Gathered) -> list[str]:
        """Also that the model could chat."""
        notes = super().notes(gathered)
        if self.encoder.has_template and not self.request.chats:
            name = self.ready.loaded.name
            notes.append(f"{name} is a chat model, and went on with the prompt: `--chat` hands it over as a message.")
        return notes


def generate(
    request: GenerateRequest, objects: Objects, on_progress: OnProgress = silent, on_partial: OnPartial | None = None
) -> Generation:
    """Write on for every prompt of a request, as `running.run` does it.

    Example:
        >>> generate(GenerateRequest(DataRef("whole", "The capital of France is")), {}).texts[0]
        ' Paris.'
    """
    return with_objects(running.run(GenerateTask, request, objects, on_progress, on_partial), objects)


def resume(
    before: Generation, objects: Objects, on_progress: OnProgress = silent, on_partial: OnPartial | None = None
) -> Generation:
    """Finish what an interrupt left of a result, as `running.resume` does it."""
    return with_objects(running.resume(GenerateTask, as_read(before), objects, on_progress, on_partial), objects)


def recipe(request: GenerateRequest, objects: Objects) -> GenerateRecipe:
    """What a plain program must know to do the same, as `running.recipe` finds it out."""
    return running.recipe(GenerateTask, request, objects)
