"""EmbedRequest in, Embeddings out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine import running
from nbtransformers.engine.encoding import Items
from nbtransformers.engine.heads import for_bundled
from nbtransformers.engine.padding import Inputs
from nbtransformers.engine.pooling import Embedder, Wishes, declared
from nbtransformers.engine.recipe import padding_of, place_of
from nbtransformers.engine.resuming import reference
from nbtransformers.engine.rowtask import Gathered
from nbtransformers.engine.scoring import HeadTask, mean_by_owner
from nbtransformers.errors import UserError, kind_of
from nbtransformers.loading.bundled import BUNDLED_ENCODER
from nbtransformers.loading.card import Card
from nbtransformers.loading.models import Head
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.progress import OnPartial, OnProgress, silent
from nbtransformers.request import DataRef, EmbedRequest, ModelRef, Objects
from nbtransformers.results.embeddings import Embeddings, Vectors
from nbtransformers.results.recipe import EmbedRecipe, Reading

_QUERIES = "queries"  # their place among the objects
_QUERY_PROMPT = "query"  # as sentence-transformers calls the prompt for queries, where a model has one


class EmbedHead:
    """Texts to vectors.

    Args:
        request: how.
        loaded: the model.

    Raises:
        UserError: when the model cannot embed texts so.
    """

    def __init__(self, request: EmbedRequest, loaded: LoadedModel) -> None:
        self._loaded = loaded
        self.embedder = Embedder(
            loaded,
            Wishes(
                pooling=request.pooling,
                normalize=request.normalize,
                prompt=request.prompt,
                prompt_name=request.prompt_name,
                dimensions=request.dimensions,
                max_length=request.run.max_length,
                long=request.run.long,
            ),
        )

    def encode(self, texts: Sequence[str], rows: Sequence[int]) -> Items:
        """The tokens of some texts, each behind the prompt."""
        return self.embedder.encode(texts, rows)

    def forward(self, inputs: Inputs) -> Vectors:
        """The vectors of one batch, `[item, dimension]`."""
        vectors: Vectors = self.embedder.embed(inputs).cpu().numpy()
        if vectors.shape[1] != self.embedder.dimension:
            raise UserError(
                f"{self._loaded.name} gives vectors of {vectors.shape[1]:,} numbers, and its configuration says "
                f"{self.embedder.dimension:,}.",
                hint="Set model.config.hidden_size.",
            )
        return vectors

    def values(self, outputs: NDArray[np.float32], items: Items) -> Vectors:
        """The vectors of the texts; of a text in windows the mean, weighted by their length."""
        if len(items.owner) == len(items.tokens):
            return outputs
        return self.embedder.averaged(mean_by_owner(outputs, items))

    def empty(self, rows: int) -> Vectors:
        """Vectors `[text, dimension]`, all NaN."""
        return np.full((rows, self.embedder.dimension), np.nan, dtype=np.float32)


class EmbedTask(HeadTask[Embeddings, EmbedHead]):
    """Embed every text."""

    gives = "vector"

    def __init__(self, request: EmbedRequest, objects: Objects, on_progress: OnProgress) -> None:
        _refuse_wrapped(request.model, objects)
        super().__init__(request, objects, on_progress)
        self._queries = Queries.of(request, objects)
        self.head = EmbedHead(self.wanted(request), self.ready.loaded)

    def wanted(self, request: EmbedRequest) -> EmbedRequest:
        """How the texts are to be embedded, once the model is there to say it."""
        return request

    def model_ref(self, request: EmbedRequest) -> ModelRef:
        """The request's model, or the bundled encoder."""
        return request.model or ModelRef("bundled", BUNDLED_ENCODER)

    def needed_head(self, card: Card) -> Head:
        """The bare model."""
        if not card.is_encoder:
            bundled = for_bundled(self.request.model, BUNDLED_ENCODER)
            raise UserError(
                f"{card.what}, not an encoder of texts.", hint=f"{bundled} (the bundled encoder), or give an encoder."
            )
        return "encoder"

    def kept(self, before: Embeddings, row: int) -> NDArray[np.float32]:
        """The vector of a row."""
        return before.vectors[row]

    def recipe(self, reading: Reading) -> EmbedRecipe:
        """What a plain program must know to make the same vectors."""
        loaded, embedder = self.ready.loaded, self.head.embedder
        padding = padding_of(loaded)
        if padding != "never":  # the program looks for the first token and for the last where these then are
            padding = "tokenizer" if loaded.tokenizer.padding_side == "right" else "right"
        asked = _asked_as_query(self.request, loaded)
        query_prompt = embedder.files.prompt(asked.prompt, asked.prompt_name, loaded.name)
        return EmbedRecipe(
            place=place_of(self.ready.ref, loaded),
            dtype=loaded.dtype,
            reading=reading,
            embedding=embedder.recipe(query_prompt),
            limit=embedder.encoder.limit,
            stride=embedder.encoder.stride,
            padding=padding,
        )

    def result(self, gathered: Gathered) -> Embeddings:
        """The vectors with what there is to say of them."""
        embedder = self.head.embedder
        return Embeddings(
            request=self.request,
            texts=gathered.texts,
            index=gathered.index,
            vectors=gathered.values,
            reasons=gathered.reasons,
            tokens=gathered.tokens,
            unread=gathered.unread,
            doubtful=gathered.doubtful,
            poolings=embedder.poolings,
            normalized=embedder.normalize,
            prompt=embedder.prompt,
            measure=embedder.files.measure or "cosine",
            run=gathered.report,
            read_to_end=gathered.read_to_end,
            notes=gathered.notes,
            recipe=gathered.recipe,
            embed=self._queries,
        )

    def notes(self, gathered: Gathered) -> list[str]:
        """Also how the vectors were made, where nobody said how."""
        notes = super().notes(gathered)
        if self.head.embedder.is_guessed:
            what = "last token" if self.head.embedder.poolings == ("lasttoken",) else "mean of the tokens"
            notes.append(f"{self.ready.card.name} does not say how it embeds a text: the {what} was taken.")
        return notes


def _refuse_wrapped(model: ModelRef | None, objects: Objects) -> None:
    """Refuse a model of sentence-transformers' own class: its body alone would embed otherwise than it does."""
    value = objects[model.name] if model is not None and model.kind == "variable" else None
    if type(value).__module__.partition(".")[0] == "sentence_transformers":
        raise UserError(
            f"Your model is {kind_of(value)}, which is no model of Transformers.",
            hint="Give the folder or the Hub id that it was loaded from: its files say how it embeds.",
        )


class _QueryTask(EmbedTask):
    """Embed queries: with the model's prompt for them, unless another one was asked for."""

    def wanted(self, request: EmbedRequest) -> EmbedRequest:
        """With the prompt for queries, where the model has one."""
        return _asked_as_query(request, self.ready.loaded)


def _asked_as_query(request: EmbedRequest, loaded: LoadedModel) -> EmbedRequest:
    """How a query is embedded: with the model's own prompt for one, unless another was asked for."""
    is_asked_for = request.prompt is not None or request.prompt_name is not None
    if is_asked_for or _QUERY_PROMPT not in declared(loaded).prompts:
        return request
    return replace(request, prompt_name=_QUERY_PROMPT)


def embed(
    request: EmbedRequest, objects: Objects, on_progress: OnProgress = silent, on_partial: OnPartial | None = None
) -> Embeddings:
    """Embed every text of a request, as `running.run` does it.

    Example:
        >>> embed(EmbedRequest(DataRef("lines", "Good film.")), {}).vectors.shape
        (1, 384)
    """
    return running.run(EmbedTask, request, objects, on_progress, on_partial)


def resume(
    before: Embeddings, objects: Objects, on_progress: OnProgress = silent, on_partial: OnPartial | None = None
) -> Embeddings:
    """Finish what an interrupt left of a result, as `running.resume` does it."""
    return running.resume(EmbedTask, before, objects, on_progress, on_partial)


def recipe(request: EmbedRequest, objects: Objects) -> EmbedRecipe:
    """What a plain program must know to do the same, as `running.recipe` finds it out."""
    return running.recipe(EmbedTask, request, objects)


# A result keeps no model alive: a user's own that is gone has to be given again.
_models: WeakKeyDictionary[Queries, Mapping[str, Callable[[], Any]]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Queries:
    """Embeds queries for a result with the model that made its vectors, which is loaded again if need be.

    Attributes:
        request: how the texts were embedded.
    """

    request: EmbedRequest

    @classmethod
    def of(cls, request: EmbedRequest, objects: Objects) -> Queries:
        """Those for the result of a request."""
        queries = cls(request)
        _models[queries] = {name: found for name in queries._names if (found := reference(objects[name])) is not None}
        return queries

    @property
    def _names(self) -> list[str]:
        """The objects that the model is made of, where it is a user's own."""
        model, tokenizer = self.request.model, self.request.tokenizer
        named = [model.name] if model is not None and model.kind == "variable" else []
        return [*named, *([tokenizer] if tokenizer is not None else [])]

    def __call__(self, texts: Sequence[str], prompt: str | None, prompt_name: str | None) -> Vectors:
        """Their vectors, `[query, dimension]`.

        Args:
            texts: the queries.
            prompt: what is put before them; None is the model's prompt for queries, else what the texts have.
            prompt_name: another of the model's own prompts.

        Raises:
            UserError: when the model is gone.
        """
        run = replace(self.request.run, long="truncate", to=None, resume=False, overwrite=False)
        request = replace(self.request, data=DataRef("variable", _QUERIES), run=run)
        if prompt is not None or prompt_name is not None:
            request = replace(request, prompt=prompt, prompt_name=prompt_name)
        return running.run(_QueryTask, request, {**self._objects(), _QUERIES: list(texts)}, silent, None).vectors

    def _objects(self) -> Objects:
        kept = _models.get(self, {})
        found = {name: kept[name]() for name in self._names if name in kept}
        for name in self._names:
            if found.get(name) is None:
                raise UserError(
                    f"The model {self.request.model} is not there any more.",
                    hint="Embed the query with it by `nbt.embed`, and give the vector.",
                )
        return found
