"""Texts to tokens with one tokenizer, fast or slow: numbers, places, words and flags, as flat arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.alignment import aligned
from nbtransformers.engine.pieces import Pieces
from nbtransformers.engine.words import Words
from nbtransformers.errors import UserError
from nbtransformers.loading.tokenizers import LoadedTokenizer
from nbtransformers.plain_text import count
from nbtransformers.request import TokenizeRequest
from nbtransformers.results.texts import Texts
from nbtransformers.results.tokens import (
    ADDED,
    CONTINUES,
    CUT,
    NO_OFFSETS,
    SPECIAL,
    UNKNOWN,
    Spelling,
    TokenArrays,
    Tokens,
)


@dataclass(frozen=True, slots=True)
class Tokenized:
    """The tokens of some texts.

    Attributes:
        flat: the tokens, those of one text behind those of the other.
        counts: int64 `[text]`, how many each has.
        cut: int32 `[text]`, how many of them are beyond the limit.
    """

    flat: TokenArrays
    counts: NDArray[np.int64]
    cut: NDArray[np.int32]

    @classmethod
    def joined(cls, parts: Sequence[Tokenized]) -> Tokenized:
        """Several, one behind the other."""
        return cls(
            flat=TokenArrays.joined([part.flat for part in parts]),
            counts=np.concatenate([np.empty(0, dtype=np.int64), *(part.counts for part in parts)]),
            cut=np.concatenate([np.empty(0, dtype=np.int32), *(part.cut for part in parts)]),
        )


class TextTokenizer:
    """Makes tokens with one tokenizer under one limit.

    Args:
        name: what it is called in the result.
        loaded: the tokenizer.
        request: whether to add special tokens, and the limit.

    Raises:
        UserError: when the limit leaves no room for a text.
    """

    def __init__(self, name: str, loaded: LoadedTokenizer, request: TokenizeRequest) -> None:
        self._name, self._tokenizer = name, loaded.tokenizer
        self._add = request.special_tokens
        self._pieces = Pieces(loaded.tokenizer)
        self._special = np.array(sorted(self._pieces.special), dtype=np.int64)
        self._added = np.array(sorted(self._pieces.added), dtype=np.int64)
        self.limit = _limit(loaded, request)
        self._seen = np.zeros(0, dtype=bool)

    def tokenize(self, texts: Sequence[str], words: Words) -> Tokenized:
        """The tokens of some texts, of which the words are known already."""
        given = self._fast(texts) if self._tokenizer.is_fast else self._slow(texts)
        counts, ids, spans, special = given
        owner = np.repeat(np.arange(len(texts)), counts)
        special |= np.isin(ids, self._special)
        unknown = ids == self._pieces.unknown
        without = (spans[:, 0] >= spans[:, 1]) & ~special
        spans = np.maximum(spans, 0)
        word = np.where(special, -1, words.of(owner, spans[:, 0], spans[:, 1]))
        cut = np.maximum(0, counts - self.limit).astype(np.int32) if self.limit else np.zeros(len(counts), np.int32)
        flags = np.zeros(len(ids), dtype=np.uint8)
        for flag, which in (
            (SPECIAL, special),
            (ADDED, np.isin(ids, self._added) & ~unknown),
            (UNKNOWN, unknown),
            (CONTINUES, _continues(word, owner)),
            (CUT, self._beyond(counts, cut)),
            (NO_OFFSETS, without),
        ):
            flags[which] |= flag
        self._note(ids)
        flat = TokenArrays(
            ids=ids.astype(np.int32),
            start=spans[:, 0].astype(np.uint32),
            stop=spans[:, 1].astype(np.uint32),
            word=word.astype(np.int32),
            flags=flags,
        )
        return Tokenized(flat, counts, cut)

    def again(self, tokens: Tokens, rows: int) -> Tokenized:
        """The tokens that were made of the first rows before, by this very tokenizer."""
        stop = int(tokens.rows[rows])
        self._note(tokens.flat.ids[:stop].astype(np.int64))
        return Tokenized(tokens.flat.first(stop), np.diff(tokens.rows[: rows + 1]), tokens.cut[:rows])

    def result(self, parts: Tokenized) -> Tokens:
        """What was made of all texts."""
        tokenizer = self._tokenizer
        pad = tokenizer.pad_token
        return Tokens(
            name=self._name,
            model=self._pieces.model,
            vocabulary=len(tokenizer),
            limit=self.limit,
            fast=bool(tokenizer.is_fast),
            pad_token=None if pad is None else str(pad),
            pad_id=tokenizer.pad_token_id,
            padding_side=str(tokenizer.padding_side),
            flat=parts.flat,
            rows=np.concatenate([[0], np.cumsum(parts.counts)]).astype(np.int64),
            cut=parts.cut,
            spelling=self._spelling(),
        )

    def _call(self, texts: Sequence[str], **options: Any) -> Any:
        return self._tokenizer(
            list(texts),
            add_special_tokens=self._add,
            truncation=False,
            padding=False,
            return_attention_mask=False,
            return_token_type_ids=False,
            return_special_tokens_mask=True,
            verbose=False,
            **options,
        )

    def _fast(self, texts: Sequence[str]) -> _Given:
        encoded = self._call(texts, return_offsets_mapping=True)
        counts = _lengths(encoded["input_ids"])
        total = int(counts.sum())
        pairs = chain.from_iterable(encoded["offset_mapping"])
        spans = np.fromiter(chain.from_iterable(pairs), dtype=np.int64, count=2 * total).reshape(-1, 2)
        return counts, _numbers(encoded["input_ids"], total), spans, _numbers(encoded["special_tokens_mask"], total) > 0

    def _slow(self, texts: Sequence[str]) -> _Given:
        encoded = self._call(texts)
        ids = [_plain_ids(own) for own in encoded["input_ids"]]
        counts = _lengths(ids)
        total = int(counts.sum())
        special = _numbers(encoded["special_tokens_mask"], total) > 0
        stops = np.cumsum(counts)
        spans = [
            self._aligned(text, own, special[stop - len(own) : stop])
            for text, own, stop in zip(texts, ids, stops.tolist(), strict=True)
        ]
        return counts, _numbers(ids, total), np.concatenate([np.empty((0, 2), np.int64), *spans]), special

    def _aligned(self, text: str, ids: list[int], special: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Where the tokens of a slow tokenizer are; those that it puts around the text are nowhere."""
        inner = np.flatnonzero(~special)
        own = [ids[number] for number in inner.tolist()]
        spans = np.zeros((len(ids), 2), dtype=np.int64)
        spans[inner] = aligned(text, self._as_bytes(text, own))
        return spans

    def _as_bytes(self, text: str, ids: list[int]) -> list[bytes | None]:
        pieces = self._pieces.spelled(ids)
        found = [self._pieces.bytes_of(number, piece) for number, piece in zip(ids, pieces, strict=True)]
        for at, number in enumerate(ids):
            if found[at] is None and number in self._pieces.special:  # as in a text that speaks of [SEP]
                found[at] = pieces[at].encode("utf-8", "surrogatepass")
        if None in found:  # SentencePiece writes out what it does not know
            written = self._tokenizer.tokenize(text)
            if len(written) == len(ids):
                found = [
                    self._pieces.decoded(piece) if own is None and piece != self._tokenizer.unk_token else own
                    for own, piece in zip(found, written, strict=True)
                ]
        return found

    @cached_property
    def _around(self) -> tuple[int, int]:
        """How many special tokens stand before and behind every text."""
        if not self._add:
            return 0, 0
        (mask,) = self._call(["a"])["special_tokens_mask"]
        text = [place for place, special in enumerate(mask) if not special]
        return (text[0], len(mask) - 1 - text[-1]) if text else (0, len(mask))

    def _beyond(self, counts: NDArray[np.int64], cut: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Which tokens a model would not get: it gets the special tokens all the same."""
        beyond = np.zeros(int(counts.sum()), dtype=bool)
        if not cut.any():
            return beyond
        stops, (before, behind) = np.cumsum(counts), self._around
        for row in np.flatnonzero(cut).tolist():
            number, stop = int(cut[row]), int(stops[row])
            if self._tokenizer.truncation_side == "left":
                start = stop - int(counts[row]) + before
                beyond[start : start + number] = True
            else:
                beyond[stop - behind - number : stop - behind] = True
        return beyond

    def _note(self, ids: NDArray[np.int64]) -> None:
        most = int(ids.max(initial=-1)) + 1
        if most > len(self._seen):
            self._seen = np.concatenate([self._seen, np.zeros(most - len(self._seen), dtype=bool)])
        self._seen[ids] = True

    def _spelling(self) -> Spelling:
        return spelling_of(self._pieces, np.flatnonzero(self._seen))


def spelling_of(pieces: Pieces, ids: NDArray[np.int64]) -> Spelling:
    """How some tokens are written, and their bytes; the ids in rising order."""
    written = pieces.spelled(ids.tolist())
    found = [pieces.bytes_of(number, piece) for number, piece in zip(ids.tolist(), written, strict=True)]
    return Spelling(ids.astype(np.int32), Texts(written), Texts("" if own is None else own.hex() for own in found))


_Given = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]
"""Counts `[text]`, ids `[token]`, spans `[token, 2]`, and which tokens `[token]` the tokenizer put around a text."""


def _lengths(lists: Sequence[Sequence[Any]]) -> NDArray[np.int64]:
    return np.fromiter(map(len, lists), dtype=np.int64, count=len(lists))


def _numbers(lists: Iterable[Iterable[int]], total: int) -> NDArray[np.int64]:
    return np.fromiter(chain.from_iterable(lists), dtype=np.int64, count=total)


def _plain_ids(ids: Sequence[int | None]) -> list[int]:
    # A slow tokenizer without an unknown token has no number for what it does not know.
    return [-1 if number is None else int(number) for number in ids]


def _continues(word: NDArray[Any], owner: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which tokens are of the word of the one before."""
    same = (word[1:] == word[:-1]) & (owner[1:] == owner[:-1]) & (word[1:] >= 0)
    return np.concatenate([np.zeros(min(1, len(word)), dtype=bool), same])


def _limit(loaded: LoadedTokenizer, request: TokenizeRequest) -> int:
    if request.max_length is None:
        return loaded.limit
    if loaded.limit and request.max_length > loaded.limit:
        raise UserError(
            f"`--max-length` is {request.max_length:,}, and {loaded.name} reads {loaded.limit:,}.",
            hint=f"Type {loaded.limit} or less.",
        )
    taken = loaded.tokenizer.num_special_tokens_to_add() if request.special_tokens else 0
    if request.max_length <= taken:
        raise UserError(
            f"`--max-length` is {request.max_length}, and {count(taken, 'token')} of it hold no text.",
            hint=f"Type {taken + 1} or more.",
        )
    return request.max_length
