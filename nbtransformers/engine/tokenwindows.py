"""Texts to tokens and back, for a model that says something of every token: windows, and one answer a token.

A text that is too long is read in overlapping windows of one length. A token's answer is taken from the window in which
more stands around it, so that the answers of a text are those of one long reading, and no window's edge shows in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.encoding import Items, text_limit, too_long_error, window_overlap
from nbtransformers.engine.pieces import Pieces
from nbtransformers.engine.tokens import TextTokenizer
from nbtransformers.engine.words import words_of
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.loading.tokenizers import LoadedTokenizer
from nbtransformers.request import DataRef, LongText, TokenizeRequest
from nbtransformers.results.recipe import Around
from nbtransformers.results.tokens import NO_OFFSETS, SPECIAL, UNKNOWN, TokenArrays

_NOTHING = 0  # the id that stands alone where a text has no token, and its model adds none


@dataclass(frozen=True, slots=True)
class TokenItems(Items):
    """Model inputs, and the tokens of the texts that they are of.

    Attributes:
        texts: the texts.
        flat: the tokens of the texts, one text behind the other, without those that the model expects around them.
        begins: bool `[token]`, whether a word begins with the token.
        in_word: bool `[token]`, whether it is of a word; white space, special tokens and what stands nobody knows
            where are not.
        rows: int64 `[text + 1]`, where the tokens of each text begin in `flat`.
        own: int64 `[item, 2]`, the tokens of an item whose answer is taken from it; those of a text's items, one
            behind the other, are its tokens.
    """

    texts: Sequence[str]
    flat: TokenArrays
    begins: NDArray[np.bool_]
    in_word: NDArray[np.bool_]
    rows: NDArray[np.int64]
    own: NDArray[np.int64]

    def by_token(self, outputs: NDArray[Any]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """The answers of the tokens from those of the items.

        Args:
            outputs: object `[item]`, float32 `[token, output]` each, or None where an item was not run.

        Returns:
            bool `[text]`, the texts of which all items were run; float32 `[token, output]`, of their tokens.
        """
        run = np.fromiter((output is not None for output in outputs), dtype=bool, count=len(outputs))
        whole = np.ones(len(self.tokens), dtype=bool)
        whole[self.owner[~run]] = False
        taken = np.flatnonzero(whole[self.owner])
        parts = [outputs[item][start:stop] for item, (start, stop) in zip(taken, self.own[taken], strict=True)]
        return whole, np.concatenate(parts) if parts else np.empty((0, 0), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class _Around:
    """What the model expects around a text: the tokens before and behind it, and the token types."""

    before: NDArray[np.int64]
    behind: NDArray[np.int64]
    type_before: NDArray[np.int64]
    type_within: int
    type_behind: NDArray[np.int64]
    has_types: bool

    @property
    def size(self) -> int:
        """Tokens that are no text's."""
        return len(self.before) + len(self.behind)


class TokenEncoder:
    """Encodes texts for a model that says something of every token.

    Attributes:
        limit: tokens read of one text, special tokens included; 0 is no limit.
        from_left: whether a text that is cut off loses its beginning.
        pieces: how the vocabulary is spelled.

    Args:
        loaded: the model.
        max_length: the user's limit; None is the model's.
        long: the rule for longer texts.

    Raises:
        UserError: when the limit is more than the model can read, or leaves no room for a text.
    """

    def __init__(self, loaded: LoadedModel, max_length: int | None, long: LongText) -> None:
        self._name, self._long = loaded.name, long
        self.from_left: bool = loaded.tokenizer.truncation_side == "left"
        self._around = _around(loaded.tokenizer)
        self.limit = text_limit(loaded, max_length, self._around.size)
        self.pieces = Pieces(loaded.tokenizer)
        whole = TokenizeRequest(DataRef("lines", ""), special_tokens=False)
        self._tokenizer = TextTokenizer(loaded.name, LoadedTokenizer(loaded.name, loaded.tokenizer, limit=0), whole)

    def encode(self, texts: Sequence[str], rows: Sequence[int]) -> TokenItems:
        """The inputs for some texts.

        Raises:
            UserError: under `--long error`, when a text is too long; `rows` are the numbers of the texts' rows.
        """
        tokenized = self._tokenizer.tokenize(texts, words_of(texts))
        full = tokenized.counts + self._around.size
        too_long = np.flatnonzero(full > self.limit) if self.limit else np.empty(0, dtype=np.int64)
        if len(too_long) and self._long == "error":
            raise too_long_error([rows[int(text)] for text in too_long], int(full[too_long[0]]), self._name, self.limit)
        flat, counts = tokenized.flat, tokenized.counts
        if len(too_long) and self._long == "truncate":
            flat, counts = self._shortened(flat, counts)
        begins, in_word = self._words(flat, counts)
        unknown = np.bincount(np.repeat(np.arange(len(texts)), counts), (flat.flags & UNKNOWN) > 0, len(texts))
        tokens = counts + self._around.size
        stops = np.cumsum(counts)
        return TokenItems(
            **self._items(flat.ids.astype(np.int64), stops - counts, counts),
            tokens=tokens,
            unread=full - tokens,
            unknown=unknown.astype(np.int64),
            texts=texts,
            flat=flat,
            begins=begins,
            in_word=in_word,
            rows=np.concatenate([[0], stops]),
        )

    def _shortened(self, flat: TokenArrays, counts: NDArray[np.int64]) -> tuple[TokenArrays, NDArray[np.int64]]:
        """The tokens that are read, and how many of each text."""
        room = self.limit - self._around.size
        kept = np.minimum(counts, room)
        position = np.arange(len(flat)) - np.repeat(np.cumsum(counts) - counts, counts)
        if self.from_left:
            return flat.where(position >= np.repeat(counts - kept, counts)), kept
        return flat.where(position < np.repeat(kept, counts)), kept

    def _items(self, ids: NDArray[np.int64], starts: NDArray[np.int64], counts: NDArray[np.int64]) -> dict[str, Any]:
        """What `Items` holds of the windows, and which of their tokens are whose."""
        items: list[NDArray[np.int64]] = []
        owner: list[int] = []
        own: list[tuple[int, int]] = []
        before = len(self._around.before)
        for text, (start, number) in enumerate(zip(starts.tolist(), counts.tolist(), strict=True)):
            for window in self._windows(number):
                items.append(self._with_around(ids[start + window.start : start + window.stop]))
                owner.append(text)
                own.append((window.first - window.start + before, window.last - window.start + before))
        lengths = np.fromiter(map(len, items), dtype=np.float64, count=len(items))
        owners = np.array(owner, dtype=np.int64)
        return {
            "ids": items,
            "type_ids": [self._types(len(item)) for item in items] if self._around.has_types else None,
            "owner": owners,
            "weight": lengths / np.bincount(owners, lengths, len(counts))[owners] if items else lengths,
            "own": np.array(own, dtype=np.int64).reshape(-1, 2),
        }

    def _with_around(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        around = self._around
        whole = np.concatenate([around.before, ids, around.behind])
        return whole if len(whole) else np.array([_NOTHING])

    def _types(self, length: int) -> NDArray[np.int64]:
        around = self._around
        within = np.full(length - around.size, around.type_within, dtype=np.int64)
        return np.concatenate([around.type_before, within, around.type_behind])

    def _windows(self, number: int) -> list[_Window]:
        return windows(number, self.limit - self._around.size if self.limit else number, self.overlap)

    @property
    def around(self) -> Around:
        """What the model expects around a text, for a program."""
        around = self._around
        types = (_plain(around.type_before), around.type_within, _plain(around.type_behind))
        needed = around.has_types and any((*types[0], types[1], *types[2]))
        return Around(_plain(around.before), _plain(around.behind), types if needed else None)

    @property
    def overlap(self) -> int:
        """Tokens that two windows of a text share, about."""
        return window_overlap(self.limit, self._around.size)

    def _words(self, flat: TokenArrays, counts: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which tokens begin a word, and which are of one.

        A vocabulary that marks the pieces which continue a word (`##ing`) says it itself. For any other a word is
        what stands between two word boundaries of Unicode, as it is counted everywhere here.
        """
        in_word = (flat.word >= 0) & ((flat.flags & (SPECIAL | NO_OFFSETS)) == 0)
        goes_on = np.concatenate([[False], in_word[:-1]])[: len(flat)]
        goes_on[(np.cumsum(counts) - counts)[counts > 0]] = False
        if self.pieces.prefix:
            marked = self._continues(flat.ids)
        else:
            marked = np.concatenate([[False], flat.word[1:] == flat.word[:-1]])[: len(flat)]
        # A character may be written as several words, as by NFKC; but no two words, and no two spans, share one.
        shares = np.concatenate([[False], flat.start[1:] < flat.stop[:-1]])[: len(flat)]
        return ~(goes_on & (marked | shares)), in_word

    def _continues(self, ids: NDArray[np.int32]) -> NDArray[np.bool_]:
        occurring, inverse = np.unique(ids, return_inverse=True)
        prefix, unknown = self.pieces.prefix, self.pieces.unknown
        pieces = zip(occurring.tolist(), self.pieces.spelled(occurring.tolist()), strict=True)
        continues = [number != unknown and piece.startswith(prefix) and piece != prefix for number, piece in pieces]
        return np.array(continues, dtype=bool)[inverse]


@dataclass(frozen=True, slots=True)
class _Window:
    """Tokens `start` to `stop` of a text are read together, for the answers of `first` to `last`."""

    start: int
    stop: int
    first: int
    last: int


def windows(number: int, room: int, overlap: int) -> list[_Window]:
    """Windows over so many tokens, all of one length, and which tokens are taken from which.

    Args:
        number: the tokens of a text.
        room: how many fit into a window.
        overlap: how many two windows share at least, but for one by rounding.

    Example:
        >>> [(window.start, window.stop, window.first, window.last) for window in windows(10, 6, 2)]
        [(0, 6, 0, 5), (4, 10, 5, 10)]
    """
    if number <= room:
        return [_Window(0, number, 0, number)]
    many = -(-(number - overlap) // (room - overlap))
    length = -(-(number + (many - 1) * overlap) // many)
    starts = np.linspace(0, number - length, many).round().astype(int).tolist()
    edges = [0, *((left + length + right) // 2 for left, right in pairwise(starts)), number]
    return [_Window(start, start + length, *between) for start, between in zip(starts, pairwise(edges), strict=True)]


def _plain(numbers: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(numbers.tolist())


def _around(tokenizer: Any) -> _Around:
    encoded = tokenizer("a", return_special_tokens_mask=True, return_attention_mask=False, verbose=False)
    ids = np.array(encoded["input_ids"], dtype=np.int64)
    text = np.flatnonzero(np.array(encoded["special_tokens_mask"]) == 0)
    before, behind = (int(text[0]), int(text[-1]) + 1) if len(text) else (len(ids), len(ids))
    types = np.array(encoded.get("token_type_ids", np.zeros(len(ids))), dtype=np.int64)
    within = int(types[before]) if len(text) else 0
    has_types = "token_type_ids" in encoded
    return _Around(ids[:before], ids[behind:], types[:before], within, types[behind:], has_types)
