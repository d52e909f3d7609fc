"""EntitiesRequest in, Entities out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine import running
from nbtransformers.engine.encoding import Items
from nbtransformers.engine.padding import Inputs, tensors_of
from nbtransformers.engine.recipe import place_of
from nbtransformers.engine.rowtask import Gathered
from nbtransformers.engine.scoring import HeadTask
from nbtransformers.engine.spans import Tags, decode, label_words, tags_of
from nbtransformers.engine.tokens import spelling_of
from nbtransformers.engine.tokenwindows import TokenEncoder, TokenItems
from nbtransformers.errors import UserError, did_you_mean
from nbtransformers.loading.card import Card, refuse_other_head
from nbtransformers.loading.models import Head
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.plain_text import count
from nbtransformers.progress import OnPartial, OnProgress, silent
from nbtransformers.request import EntitiesRequest, ModelRef, Objects
from nbtransformers.results.entities import SPAN, TAGGED, Entities
from nbtransformers.results.ragged import Ragged
from nbtransformers.results.recipe import EntitiesRecipe, Reading

EXAMPLE_MODEL = "dslim/bert-base-NER"

_AGGREGATIONS = {
    "first": "a word has the label of its first token",
    "average": "a word has the label that is the best by the average of its tokens",
    "max": "a word has the label of the token that is surest",
}


class TokenHead:
    """The head of a token classifier: a label for every token, and the spans that these make.

    A row's value is a pair: its tokens (records `TAGGED`) and its spans (records `SPAN`).

    Args:
        request: how to decode, and what to keep.
        loaded: the model.

    Raises:
        UserError: when the model has no such labels, or the limit does not fit it.
    """

    def __init__(self, request: EntitiesRequest, loaded: LoadedModel) -> None:
        config = loaded.model.config
        self.labels = tuple(str(config.id2label.get(number, f"LABEL_{number}")) for number in range(config.num_labels))
        self.tags = tags_of(self.labels)
        self._kept = _kept(request.labels, self.tags, loaded.name)
        self._request, self._loaded = request, loaded
        self.encoder = TokenEncoder(loaded, request.run.max_length, request.run.long)

    def encode(self, texts: Sequence[str], rows: Sequence[int]) -> Items:
        """The windows of some texts."""
        return self.encoder.encode(texts, rows)

    def forward(self, inputs: Inputs) -> list[NDArray[np.float32]]:
        """The probabilities `[token, label]` of each item of one batch, padding left out."""
        import torch

        with torch.inference_mode():
            tensors = tensors_of(inputs, self._loaded.device)
            output = self._loaded.model(**tensors)
            logits = output.logits if hasattr(output, "logits") else output[0]
            probabilities = torch.softmax(logits.float(), dim=-1).cpu().numpy()
        if probabilities.shape[2] != len(self.labels):
            raise UserError(
                f"{self._loaded.name} gives {probabilities.shape[2]} scores a token, but its configuration has "
                f"{len(self.labels)} labels.",
                hint="Set model.config.num_labels and id2label.",
            )
        mask = inputs.get("attention_mask")
        return (
            list(probabilities)
            if mask is None
            else [own[kept > 0] for own, kept in zip(probabilities, mask, strict=True)]
        )

    def values(self, outputs: NDArray[Any], items: Items) -> NDArray[Any]:
        """The tokens and the spans of each text; None where something of it is missing."""
        assert isinstance(items, TokenItems)
        whole, probabilities = items.by_token(outputs)
        values = self.empty(len(whole))
        if not whole.any():
            return values
        texts = np.flatnonzero(whole)
        counts = np.diff(items.rows)[texts]
        taken = np.repeat(whole, np.diff(items.rows))
        probabilities = probabilities.reshape(-1, len(self.labels))
        finite = _all_by_row(np.isfinite(probabilities.max(axis=1, initial=0)), counts)
        owner = np.repeat(np.arange(len(texts)), counts)
        tagged = self._tagged(items, taken, probabilities)
        spans, spans_owner = self._spans(tagged, items.in_word[taken], probabilities, owner)
        spans, spans_owner = _trimmed(spans, spans_owner, [items.texts[text] for text in texts.tolist()])
        of_tokens = np.concatenate([[0], np.cumsum(counts)])
        of_spans = np.searchsorted(spans_owner, np.arange(len(texts) + 1))
        for number, text in enumerate(texts.tolist()):
            if finite[number]:
                values[text] = (
                    tagged[of_tokens[number] : of_tokens[number + 1]],
                    spans[of_spans[number] : of_spans[number + 1]],
                )
        return values

    def empty(self, rows: int) -> NDArray[Any]:
        """Object `[text]`, all None."""
        return np.full(rows, None, dtype=object)

    def _tagged(self, items: TokenItems, taken: NDArray[np.bool_], probabilities: NDArray[np.float32]) -> NDArray[Any]:
        flat = items.flat.where(taken)
        tagged = np.empty(len(flat), dtype=TAGGED)
        tagged["id"], tagged["start"], tagged["stop"] = flat.ids, flat.start, flat.stop
        tagged["begins"] = items.begins[taken]
        tagged["label"] = probabilities.argmax(axis=1)
        tagged["score"] = probabilities.max(axis=1)
        return tagged

    def _spans(
        self,
        tagged: NDArray[Any],
        in_word: NDArray[np.bool_],
        probabilities: NDArray[np.float32],
        owner: NDArray[np.int64],
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """The spans of all texts that are kept, and the text of each."""
        tokens = tagged[in_word]
        firsts = np.flatnonzero(tokens["begins"])
        labels, scores = label_words(probabilities[in_word], firsts, self._request.aggregation)
        owners = owner[in_word][firsts]
        found = decode(labels, scores, owners, self.tags)
        kept = self._kept[found.type] & (found.score >= np.float32(self._request.threshold))
        first, last = found.first[kept], found.last[kept]
        lasts = np.append(firsts[1:], len(tokens)) - 1
        spans = np.empty(len(first), dtype=SPAN)
        spans["start"], spans["stop"] = tokens["start"][firsts[first]], tokens["stop"][lasts[last]]
        spans["type"], spans["score"] = found.type[kept], found.score[kept]
        return spans, owners[first]


def _trimmed(spans: NDArray[Any], owner: NDArray[np.int64], texts: list[str]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The spans without the white space at their ends, which is in the tokens of some vocabularies."""
    places = zip(owner.tolist(), spans["start"].tolist(), spans["stop"].tolist(), strict=True)
    for number, (text, start, stop) in enumerate(places):
        inside = texts[text][start:stop]
        spans["start"][number] = start + len(inside) - len(inside.lstrip())
        spans["stop"][number] = start + len(inside.rstrip())
    inked = spans["stop"] > spans["start"]
    return spans[inked], owner[inked]


def _kept(labels: tuple[str, ...] | None, tags: Tags, name: str) -> NDArray[np.bool_]:
    """Bool `[type]`: the types that the user wants to see.

    Raises:
        UserError: when the model has no such type.
    """
    if labels is None:
        return np.ones(len(tags.types), dtype=bool)
    for label in labels:
        if label not in tags.types:
            raise UserError(
                f"{name} has no label {label}.", hint=did_you_mean(label, tags.types, what="`--labels` takes")
            )
    return np.isin(tags.types, labels)


def _all_by_row(good: NDArray[np.bool_], counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Bool `[text]`: whether all tokens of a text are good."""
    bad = np.bincount(np.repeat(np.arange(len(counts)), counts), ~good, len(counts))
    return bad == 0


class EntitiesTask(HeadTask[Entities, TokenHead]):
    """Find the entities in every text."""

    window_rows = 5_000  # the probabilities of all tokens of a window are in memory at once
    part_rows = 1_000  # of a file: about a minute of a CPU's work

    def __init__(self, request: EntitiesRequest, objects: Objects, on_progress: OnProgress) -> None:
        super().__init__(request, objects, on_progress)
        self.head = TokenHead(request, self.ready.loaded)

    def model_ref(self, request: EntitiesRequest) -> ModelRef:
        """The request's model: none is bundled.

        Raises:
            UserError: when there is none.
        """
        if request.model is None:
            raise UserError(
                "Entities need a token classifier, and none is bundled.", hint=f"Type `--model {EXAMPLE_MODEL}`."
            )
        return request.model

    def needed_head(self, card: Card) -> Head:
        """A token classifier.

        Raises:
            UserError: when the model is none.
        """
        refuse_other_head(card, "tokens")
        return "tokens"

    def packed(self, values: NDArray[Any]) -> tuple[Ragged, Ragged]:
        """The tokens and the spans of a window."""
        pairs = [(None, None) if value is None else value for value in values]
        return Ragged.packed([pair[0] for pair in pairs], TAGGED), Ragged.packed([pair[1] for pair in pairs], SPAN)

    def joined(self, parts: Sequence[tuple[Ragged, Ragged]]) -> tuple[Ragged, Ragged]:
        """The tokens and the spans of all windows."""
        return Ragged.joined((part[0] for part in parts), TAGGED), Ragged.joined((part[1] for part in parts), SPAN)

    def kept(self, before: Entities, row: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """The tokens and the spans of a row."""
        return before.tagged[row], before.found[row]

    def notes(self, gathered: Gathered) -> list[str]:
        """Also what is odd about the labels."""
        tags, name = self.head.tags, self.ready.loaded.name
        notes = super().notes(gathered)
        if not tags.has_outside:
            each = ": every word is an entity of its own" if tags.each_word_alone else ""
            notes.insert(0, f"{name} has no label for words outside of entities{each}.")
        return notes

    def recipe(self, reading: Reading) -> EntitiesRecipe:
        """What a plain program must know to find the same."""
        loaded, head = self.ready.loaded, self.head
        tags, encoder = head.tags, head.encoder
        begins = np.arange(len(head.labels)) if tags.each_word_alone else np.flatnonzero(tags.begins)
        return EntitiesRecipe(
            place=place_of(self.ready.ref, loaded),
            dtype=loaded.dtype,
            reading=reading,
            types=tuple(None if number < 0 else tags.types[number] for number in tags.type_of.tolist()),
            begins=tuple(begins.tolist()),
            ends=tuple(np.flatnonzero(tags.ends).tolist()),
            around=encoder.around,
            limit=encoder.limit,
            overlap=encoder.overlap,
            from_left=encoder.from_left,
            prefix=encoder.pieces.prefix,
            is_fast=bool(loaded.tokenizer.is_fast),
        )

    def result(self, gathered: Gathered) -> Entities:
        """The spans and the tokens."""
        tagged, found = gathered.values
        head = self.head
        occurring = np.flatnonzero(np.bincount(tagged.flat["id"])) if len(tagged.flat) else np.empty(0, np.int64)
        return Entities(
            request=self.request,
            texts=gathered.texts,
            index=gathered.index,
            types=head.tags.types,
            found=found,
            labels=head.labels,
            tagged=tagged,
            spelling=spelling_of(head.encoder.pieces, occurring),
            reasons=gathered.reasons,
            tokens=gathered.tokens,
            unread=gathered.unread,
            doubtful=gathered.doubtful,
            run=gathered.report,
            read_to_end=gathered.read_to_end,
            notes=gathered.notes,
            method=self._method(gathered),
            recipe=gathered.recipe,
        )

    def _method(self, gathered: Gathered) -> str:
        head = self.head
        parts = [f"{head.tags.scheme} labels", _AGGREGATIONS[self.request.aggregation]]
        parts.append("the score of an entity is the mean of its words'")
        if head.encoder.limit and self.request.run.long == "window":
            shared = count(head.encoder.overlap, "token")
            parts.append(f"texts of more than {head.encoder.limit:,} tokens in windows that share {shared}")
        return "; ".join(parts)


def entities(
    request: EntitiesRequest, objects: Objects, on_progress: OnProgress = silent, on_partial: OnPartial | None = None
) -> Entities:
    """Find the entities in every text of a request, as `running.run` does it.

    Example:
        >>> ref = ModelRef("hub", "dslim/bert-base-NER")
        >>> entities(EntitiesRequest(DataRef("lines", "Ada Lovelace lived in London."), ref), {}).totals
        {'MISC': 0, 'PER': 1, 'ORG': 0, 'LOC': 1}
    """
    return running.run(EntitiesTask, request, objects, on_progress, on_partial)


def resume(
    before: Entities, objects: Objects, on_progress: OnProgress = silent, on_partial: OnPartial | None = None
) -> Entities:
    """Finish what an interrupt left of a result, as `running.resume` does it."""
    return running.resume(EntitiesTask, before, objects, on_progress, on_partial)


def recipe(request: EntitiesRequest, objects: Objects) -> EntitiesRecipe:
    """What a plain program must know to do the same, as `running.recipe` finds it out."""
    return running.recipe(EntitiesTask, request, objects)
