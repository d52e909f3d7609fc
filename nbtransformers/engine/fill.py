"""FillRequest in, Filling out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine import running
from nbtransformers.engine.encoding import Items, text_limit, too_long_error
from nbtransformers.engine.padding import Inputs, tensors_of
from nbtransformers.engine.pieces import Pieces
from nbtransformers.engine.recipe import place_of
from nbtransformers.engine.rowtask import Gathered
from nbtransformers.engine.scoring import HeadTask
from nbtransformers.engine.tokens import spelling_of
from nbtransformers.errors import UserError, shown
from nbtransformers.loading.card import Card, refuse_other_head
from nbtransformers.loading.models import Head
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.plain_text import count
from nbtransformers.progress import OnPartial, OnProgress, silent
from nbtransformers.request import FillRequest, ModelRef, Objects
from nbtransformers.results.filling import Filling, mask_kind
from nbtransformers.results.ragged import Ragged
from nbtransformers.results.recipe import Around, FillRecipe, Place, Reading

EXAMPLE_MODEL = "distilbert/distilroberta-base"

_USUAL = ("[MASK]", "<mask>")  # as BERT, and as RoBERTa and most others write it


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskItems(Items):
    """Texts, or the surroundings of their masks.

    Attributes:
        places: of each text int32 `[mask, 2]`, where its masks begin and end in it.
        first: int64 `[item]`, which mask of the text is the first in the item.
        item_of: of each text int64 `[mask]`, the item that the mask is read in.
    """

    places: list[NDArray[np.int32]]
    first: NDArray[np.int64]
    item_of: list[NDArray[np.int64]]


class FillHead:
    """Texts with masks to the likeliest tokens in their places.

    Args:
        request: how many fillings, and from which words.
        loaded: the model.

    Raises:
        UserError: when it has no mask token, or a target is not one of its tokens.
    """

    def __init__(self, request: FillRequest, loaded: LoadedModel) -> None:
        self._request, self._loaded, tokenizer = request, loaded, loaded.tokenizer
        if tokenizer.mask_token_id is None:
            raise UserError(
                f"{loaded.name} has no mask token.",
                hint=f"Give a masked language model, such as `--model {EXAMPLE_MODEL}`.",
            )
        self.mask: str = tokenizer.mask_token
        self._masks = re.compile("|".join(map(re.escape, dict.fromkeys([self.mask, *_USUAL]))))
        self.pieces = Pieces(tokenizer)
        self._before, self._behind = _around(tokenizer)
        self._takes_types = "token_type_ids" in tokenizer("a", verbose=False)
        self.limit = text_limit(loaded, request.run.max_length, len(self._before) + len(self._behind))
        self._targets = None if request.targets is None else _target_ids(request.targets, loaded)
        vocabulary: int = loaded.model.get_input_embeddings().num_embeddings
        self.kind = mask_kind(min(request.top_k, vocabulary if self._targets is None else len(self._targets)))

    def masks(self, text: str) -> list[tuple[int, int]]:
        """Where the masks of a text are, the model's own or as others write them."""
        return [found.span() for found in self._masks.finditer(text)]

    def is_foreign(self, text: str) -> bool:
        """Whether a text has a mask that is not written as this model's."""
        return any(mask in text for mask in _USUAL if mask != self.mask)

    def refusals(self, texts: Sequence[str]) -> dict[int, str]:
        """Which texts cannot be filled, and why."""
        found: dict[int, str] = {}
        for number, text in enumerate(texts):
            if not self.masks(text):
                found[number] = f"no mask: write {self.mask} where a word is missing"
        if self.limit and self._request.run.long == "truncate":
            for number, ids in enumerate(self._ids(texts)):
                if number not in found and self._is_cut_off(ids):
                    found[number] = f"a mask stands beyond the {self.limit:,} tokens that are read"
        return found

    def _is_cut_off(self, ids: NDArray[np.int64]) -> bool:
        return bool((ids[self._room :] == self._loaded.tokenizer.mask_token_id).any())

    @property
    def _room(self) -> int:
        return self.limit - len(self._before) - len(self._behind)

    def _ids(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """The tokens of some texts, without special ones but for their masks."""
        tokens = self._loaded.tokenizer([*map(self._masked, texts)], add_special_tokens=False, verbose=False)
        return [np.array(ids, dtype=np.int64) for ids in tokens["input_ids"]] if texts else []

    def _masked(self, text: str) -> str:
        """A text with the model's own masks."""
        return self._masks.sub(lambda _: self.mask, text)

    def encode(self, texts: Sequence[str], rows: Sequence[int]) -> MaskItems:
        """The items of some texts: each whole, or the surroundings of its masks where it is too long."""
        ids, places = self._ids(texts), [self.masks(text) for text in texts]
        at = [np.flatnonzero(row == self._loaded.tokenizer.mask_token_id) for row in ids]
        if any(len(found) != len(known) for found, known in zip(at, places, strict=True)):
            raise ValueError("it does not keep a mask apart from the letters beside it")
        lengths = np.array([len(row) for row in ids], dtype=np.int64) + len(self._before) + len(self._behind)
        long = lengths > self.limit if self.limit else np.zeros(len(ids), dtype=bool)
        if self._request.run.long == "error" and long.any():
            numbers = np.flatnonzero(long)
            raise too_long_error(
                [rows[i] for i in numbers.tolist()], int(lengths[numbers[0]]), self._loaded.name, self.limit
            )
        starts = [self._starts(row, found, bool(cut)) for row, found, cut in zip(ids, at, long, strict=True)]
        return self._items(ids, places, at, starts, lengths)

    def _starts(self, ids: NDArray[np.int64], at: NDArray[np.int64], long: bool) -> NDArray[np.int64]:
        """Int64 `[mask]`: the first token of what is read for each mask, with as much on either side as there is."""
        if not long or self._request.run.long == "truncate":
            return np.zeros(len(at), dtype=np.int64)
        return np.clip(at - self._room // 2, 0, len(ids) - self._room)

    def _items(
        self,
        ids: list[NDArray[np.int64]],
        places: list[list[tuple[int, int]]],
        at: list[NDArray[np.int64]],
        starts: list[NDArray[np.int64]],
        lengths: NDArray[np.int64],
    ) -> MaskItems:
        parts: list[NDArray[np.int64]] = []
        owner: list[int] = []
        first: list[int] = []
        item_of: list[NDArray[np.int64]] = []
        read = np.zeros(len(ids), dtype=np.int64)
        for text, (row, found, begins) in enumerate(zip(ids, at, starts, strict=True)):
            unique, item = np.unique(begins, return_inverse=True)
            item_of.append(len(parts) + item)
            seen = np.zeros(len(row), dtype=bool)
            for start in unique.tolist():
                stop = start + self._room if self.limit else len(row)
                seen[start:stop] = True
                parts.append(np.concatenate([self._before, row[start:stop], self._behind]))
                owner.append(text)
                first.append(int((found < start).sum()))
            read[text] = lengths[text] - len(row) + int(seen.sum())
        unknown = [int((row == self.pieces.unknown).sum()) for row in ids]
        return MaskItems(
            ids=parts,
            type_ids=[np.zeros_like(part) for part in parts] if self._takes_types else None,
            owner=np.array(owner, dtype=np.int64),
            weight=np.ones(len(parts)),
            tokens=read,
            # Around masks in the middle of a long text, nothing that would matter goes unread.
            unread=lengths - read if self._request.run.long == "truncate" else np.zeros_like(read),
            unknown=np.array(unknown, dtype=np.int64),
            places=[np.array(spans, dtype=np.int32).reshape(-1, 2) for spans in places],
            first=np.array(first, dtype=np.int64),
            item_of=item_of,
        )

    def forward(self, inputs: Inputs) -> list[NDArray[np.float32]]:
        """For each item `[2, mask, rank]`: the tokens, and their probabilities.

        Where a padded item is compared with itself unpadded it is the probabilities that must agree, so the tokens'
        numbers travel as the bits of a float: all but nothing, as a float.
        """
        import torch

        with torch.inference_mode():
            tensors = tensors_of(inputs, self._loaded.device)
            masked = tensors["input_ids"] == self._loaded.tokenizer.mask_token_id
            probabilities = self._loaded.model(**tensors).logits[masked].float().softmax(-1)
            if self._targets is not None:
                probabilities = probabilities[:, self._targets]
            ranks: int = self.kind["ids"].shape[0]
            best = probabilities.topk(ranks, dim=-1)
        chosen, likely = best.indices.cpu().numpy(), best.values.cpu().numpy()
        ids = chosen if self._targets is None else np.array(self._targets)[chosen]
        outputs = np.stack([ids.astype(np.int32).view(np.float32), likely])
        return np.split(outputs, masked.sum(1).cumsum(0).cpu().numpy()[:-1], axis=1)

    def values(self, outputs: NDArray[Any], items: Items) -> NDArray[Any]:
        """The masks of each text, records of `kind`; None where something of a text is missing."""
        assert isinstance(items, MaskItems)
        values = self.empty(len(items.places))
        for text, (places, item_of) in enumerate(zip(items.places, items.item_of, strict=True)):
            if any(output is None for output in outputs[item_of].tolist()):
                continue
            records = np.empty(len(places), dtype=self.kind)
            records["start"], records["end"] = places.T
            for mask, item in enumerate(item_of.tolist()):
                ids, records["probabilities"][mask] = outputs[item][:, mask - int(items.first[item])]
                records["ids"][mask] = np.ascontiguousarray(ids).view(np.int32)
            if np.isfinite(records["probabilities"]).all():
                values[text] = records
        return values

    def empty(self, rows: int) -> NDArray[Any]:
        """Object `[text]`, all None."""
        return np.full(rows, None, dtype=object)

    def recipe(self, reading: Reading, place: Place) -> FillRecipe:
        """What a plain program must know to fill the same masks."""
        return FillRecipe(
            place=place,
            dtype=self._loaded.dtype,
            reading=reading,
            masks=self._masks.pattern,
            around=Around(tuple(self._before.tolist()), tuple(self._behind.tolist())),
            limit=self.limit,
            targets=None if self._targets is None else tuple(self._targets),
            ranks=self.kind["ids"].shape[0],
        )


def _around(tokenizer: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The special tokens before and behind a text, seen at one."""
    whole = tokenizer("a", verbose=False)["input_ids"]
    bare = tokenizer("a", add_special_tokens=False, verbose=False)["input_ids"]
    at = next(at for at in range(len(whole)) if whole[at : at + len(bare)] == bare)
    return np.array(whole[:at], dtype=np.int64), np.array(whole[at + len(bare) :], dtype=np.int64)


def _target_ids(targets: Sequence[str], loaded: LoadedModel) -> list[int]:
    return [_target_id(target, loaded) for target in targets]


def _target_id(target: str, loaded: LoadedModel) -> int:
    """The token for a word within a text: many vocabularies have one with a space before it."""
    tokenizer = loaded.tokenizer
    spelt = [tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"] for text in (f" {target}", target)]
    ids = min(spelt, key=len)
    if len(ids) != 1:
        pieces = ", ".join(map(shown, tokenizer.convert_ids_to_tokens(ids)))
        raise UserError(
            f"The target {shown(target)} is {count(len(ids), 'token')} for {loaded.name}: {pieces}.",
            hint="Give words that are one token.",
        )
    if ids[0] == tokenizer.unk_token_id:
        raise UserError(f"{loaded.name} has no token for the target {shown(target)}.", hint="Give another word.")
    return int(ids[0])


class FillTask(HeadTask[Filling, FillHead]):
    """Fill the masks of every text."""

    def __init__(self, request: FillRequest, objects: Objects, on_progress: OnProgress) -> None:
        super().__init__(request, objects, on_progress)
        self.head = FillHead(request, self.ready.loaded)
        self._foreign = 0

    def model_ref(self, request: FillRequest) -> ModelRef:
        """The request's model."""
        if request.model is None:
            raise UserError(
                "No model that fills masks is bundled.",
                hint=f"Type `--model {EXAMPLE_MODEL}`, or another masked language model.",
            )
        return request.model

    def needed_head(self, card: Card) -> Head:
        """A masked language model."""
        refuse_other_head(card, "masked")
        return "masked"

    def refusals(self, texts: Sequence[str]) -> dict[int, str]:
        """Which texts cannot be filled, and why."""
        self._foreign += sum(map(self.head.is_foreign, texts))
        return self.head.refusals(texts)

    def kept(self, before: Filling, row: int) -> NDArray[Any]:
        """The masks of a row with their fillings."""
        return before.found[row]

    def counted(self, before: Filling) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """As of any rows, by the names that a `Filling` has for them."""
        return before.tokens_read, before.unread, before.doubtful

    def packed(self, values: NDArray[Any]) -> Ragged:
        """The masks of a window."""
        return Ragged.packed(list(values), self.head.kind)

    def joined(self, parts: Sequence[Ragged]) -> Ragged:
        """Those of all windows."""
        return Ragged.joined(parts, self.head.kind)

    def notes(self, gathered: Gathered) -> list[str]:
        """Also what a mask was taken for, and what several of them mean."""
        notes = super().notes(gathered)
        if self._foreign:
            texts = "1 text has" if self._foreign == 1 else f"{self._foreign:,} texts have"
            notes.append(f"{texts} a mask as another model writes it: it was read as {self.head.mask}.")
        if (gathered.values.counts > 1).any():
            notes.append("Several masks of a text are filled independently, each as if the others stayed masked.")
        return notes

    def recipe(self, reading: Reading) -> FillRecipe:
        """What a plain program must know to fill the same masks."""
        return self.head.recipe(reading, place_of(self.ready.ref, self.ready.loaded))

    def result(self, gathered: Gathered) -> Filling:
        """The masks with their fillings."""
        return Filling(
            request=self.request,
            prompts=gathered.texts,
            index=gathered.index,
            found=gathered.values,
            spelling=spelling_of(self.head.pieces, np.unique(gathered.values.flat["ids"]).astype(np.int64)),
            reasons=gathered.reasons,
            tokens_read=gathered.tokens,
            unread=gathered.unread,
            doubtful=gathered.doubtful,
            run=gathered.report,
            read_to_end=gathered.read_to_end,
            notes=gathered.notes,
            recipe=gathered.recipe,
        )


def fill(
    request: FillRequest, objects: Objects, on_progress: OnProgress = silent, on_partial: OnPartial | None = None
) -> Filling:
    """Fill the masks of every text of a request, as `running.run` does it.

    Example:
        >>> fill(FillRequest(DataRef("lines", "Paris is the <mask> of France."), model), {}).texts
        ['Paris is the capital of France.']
    """
    return running.run(FillTask, request, objects, on_progress, on_partial)


def resume(
    before: Filling, objects: Objects, on_progress: OnProgress = silent, on_partial: OnPartial | None = None
) -> Filling:
    """Finish what an interrupt left of a result, as `running.resume` does it."""
    return running.resume(FillTask, before, objects, on_progress, on_partial)


def recipe(request: FillRequest, objects: Objects) -> FillRecipe:
    """What a plain program must know to do the same, as `running.recipe` finds it out."""
    return running.recipe(FillTask, request, objects)
