"""What one tokenizer makes of some texts, as flat arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar, cast, overload

import numpy as np
from numpy.typing import NDArray

from nbtransformers.results.texts import Texts

SPECIAL, ADDED, UNKNOWN, CONTINUES, CUT, NO_OFFSETS = 1, 2, 4, 8, 16, 32
"""Bits of a token's flags: a special one; one that was added to the vocabulary; one for what the tokenizer does not
know; not the first piece of its word; beyond the limit; its place in the text is not known."""

T = TypeVar("T")
Number = TypeVar("Number", bound=np.generic)


class PerRow(Sequence[list[T]], Generic[T]):
    """One list a row, made when it is asked for; it reads like a list of lists, and equals one.

    Args:
        rows: int64 `[row + 1]`, where the items of each row begin.
        items: first and last item to a list of what is between.
    """

    __slots__ = ("_items", "_rows")

    def __init__(self, rows: NDArray[np.int64], items: Callable[[int, int], list[T]]) -> None:
        self._rows, self._items = rows, items

    def __len__(self) -> int:
        return len(self._rows) - 1

    @overload
    def __getitem__(self, row: int) -> list[T]: ...
    @overload
    def __getitem__(self, row: slice) -> list[list[T]]: ...
    def __getitem__(self, row: int | slice) -> list[T] | list[list[T]]:
        if isinstance(row, slice):
            return [self[number] for number in range(*row.indices(len(self)))]
        number = row + len(self) if row < 0 else row
        if not 0 <= number < len(self):
            raise IndexError(f"row {row} of {len(self)}")
        return self._items(int(self._rows[number]), int(self._rows[number + 1]))

    def __iter__(self) -> Iterator[list[T]]:
        return (self[row] for row in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return False
        given = cast("Sequence[object]", other)
        return len(self) == len(given) and all(mine == theirs for mine, theirs in zip(self, given, strict=True))

    __hash__: Any = None

    def __repr__(self) -> str:
        return f"[{', '.join(map(repr, self[:3]))}{', …' if len(self) > 3 else ''}] ({len(self):,} rows)"


@dataclass(frozen=True, slots=True, eq=False)
class TokenArrays:
    """Tokens, those of one text behind those of the other.

    Attributes:
        ids: int32 `[token]`.
        start: uint32 `[token]`, where it starts in its text, in code points; 0 for a special token.
        stop: uint32 `[token]`, where it stops.
        word: int32 `[token]`, the number of its word within the text; -1 for special tokens and white space.
        flags: uint8 `[token]`, as `SPECIAL` and the others.
    """

    ids: NDArray[np.int32]
    start: NDArray[np.uint32]
    stop: NDArray[np.uint32]
    word: NDArray[np.int32]
    flags: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.ids)

    def first(self, number: int) -> TokenArrays:
        """The first tokens, on the same memory."""
        return TokenArrays(*(getattr(self, field.name)[:number] for field in fields(self)))

    def where(self, chosen: NDArray[np.bool_]) -> TokenArrays:
        """Some of the tokens."""
        return TokenArrays(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @classmethod
    def joined(cls, parts: Sequence[TokenArrays]) -> TokenArrays:
        """Several, one behind the other."""
        return cls(
            ids=_joined(np.int32, [part.ids for part in parts]),
            start=_joined(np.uint32, [part.start for part in parts]),
            stop=_joined(np.uint32, [part.stop for part in parts]),
            word=_joined(np.int32, [part.word for part in parts]),
            flags=_joined(np.uint8, [part.flags for part in parts]),
        )


def _joined(kind: type[Number], parts: Sequence[NDArray[Number]]) -> NDArray[Number]:
    return np.concatenate([np.empty(0, dtype=kind), *parts])


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a tokenizer writes the tokens that occur, and the bytes they stand for.

    Attributes:
        ids: int32 `[piece]`, in rising order.
        pieces: the text of each, such as `##ing`, `Ġthe` or `▁un`.
        bytes: the bytes that each stands for, in hexadecimal; empty for a special or an unknown token.
    """

    ids: NDArray[np.int32]
    pieces: Texts
    bytes: Texts

    def places(self, ids: NDArray[np.int32]) -> NDArray[np.int64]:
        """Int64 `[token]`: the place of each token's piece."""
        return np.searchsorted(self.ids, ids)

    def pieces_of(self, ids: NDArray[np.int32]) -> list[str]:
        """The pieces of some tokens."""
        return _strings(self.pieces, self.places(ids))


def _strings(texts: Texts, places: NDArray[np.int64]) -> list[str]:
    needed, inverse = np.unique(places, return_inverse=True)
    known = [texts[place] or "" for place in needed.tolist()]
    return [known[number] for number in inverse.tolist()]


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over all texts.

    Attributes:
        tokens: tokens, special ones included, cut or not.
        words: words, found alike for every tokenizer.
        characters: code points.
        unknown: tokens for what the tokenizer does not know.
        special: special tokens.
        cut_texts: texts that are longer than the limit.
        cut_tokens: tokens beyond it.
    """

    tokens: int
    words: int
    characters: int
    unknown: int
    special: int
    cut_texts: int
    cut_tokens: int

    @property
    def fertility(self) -> float | None:
        """Tokens that are no special ones a word; None where there is no word."""
        return (self.tokens - self.special) / self.words if self.words else None


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Some texts as the model would get them: cut at the limit, padded to the longest.

    Attributes:
        rows: int64 `[text]`, the numbers of the rows.
        lengths: int64 `[text]`, tokens of each, padding not counted.
        truncated: bool `[text]`, whether it was cut.
        input_ids: int64 `[text, token]`.
        attention_mask: int64 `[text, token]`, 0 where there is padding.
        pad_token: what fills; None when the tokenizer has none, and 0 fills.
        padding_side: `left` or `right`.
    """

    rows: NDArray[np.int64]
    lengths: NDArray[np.int64]
    truncated: NDArray[np.bool_]
    input_ids: NDArray[np.int64]
    attention_mask: NDArray[np.int64]
    pad_token: str | None
    padding_side: str

    @property
    def width(self) -> int:
        """Tokens of the longest text."""
        return self.input_ids.shape[1]

    @property
    def pad_tokens(self) -> int:
        """Tokens that only fill."""
        return self.input_ids.size - int(self.lengths.sum())

    @property
    def padding_waste(self) -> float:
        """Pad tokens / all tokens, from 0 to 1."""
        return self.pad_tokens / max(1, self.input_ids.size)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Tokens:
    """What one tokenizer makes of all texts.

    Attributes:
        name: what the user calls it.
        model: how it finds pieces: `WordPiece`, `BPE`, `Unigram`, `WordLevel`, or what it is called.
        vocabulary: the pieces it knows.
        limit: tokens that its model (or the request) takes, special ones included; 0 when there is no limit.
        fast: whether it is one of the tokenizers library, and tells the offsets itself.
        pad_token, pad_id, padding_side: how it pads.
        flat: the tokens of all texts.
        rows: int64 `[text + 1]`, where the tokens of each text begin in `flat`.
        cut: int32 `[text]`, tokens beyond the limit.
        spelling: the pieces that occur.
    """

    name: str
    model: str
    vocabulary: int
    limit: int
    fast: bool
    pad_token: str | None
    pad_id: int | None
    padding_side: str
    flat: TokenArrays
    rows: NDArray[np.int64]
    cut: NDArray[np.int32]
    spelling: Spelling

    def __len__(self) -> int:
        return len(self.rows) - 1

    def __repr__(self) -> str:
        return f"Tokens({self.name}: {len(self.flat):,} of {len(self):,} texts)"

    @property
    def counts(self) -> NDArray[np.int64]:
        """Int64 `[text]`: tokens of each text, special ones included, cut or not."""
        return np.diff(self.rows)

    @property
    def tokens(self) -> PerRow[str]:
        """The tokens of each text as the tokenizer writes them."""
        return PerRow(self.rows, lambda start, stop: self.spelling.pieces_of(self.flat.ids[start:stop]))

    @property
    def ids(self) -> PerRow[int]:
        """The numbers of the tokens of each text."""
        return PerRow(self.rows, lambda start, stop: self.flat.ids[start:stop].tolist())

    @property
    def offsets(self) -> PerRow[tuple[int, int]]:
        """Where the tokens of each text start and stop in it, in code points; (0, 0) for a special token."""

        def between(start: int, stop: int) -> list[tuple[int, int]]:
            starts, stops = self.flat.start[start:stop].tolist(), self.flat.stop[start:stop].tolist()
            return list(zip(starts, stops, strict=True))

        return PerRow(self.rows, between)

    def has(self, flag: int) -> NDArray[np.bool_]:
        """Bool `[token]`: which tokens have a flag."""
        return (self.flat.flags & flag) > 0

    def number_with(self, flag: int) -> int:
        """How many tokens have a flag."""
        return int(np.count_nonzero(self.flat.flags & flag))

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        """Some texts as one batch."""
        kept = [self._kept(row) for row in rows.tolist()]
        lengths = np.array([len(ids) for ids in kept], dtype=np.int64)
        width = int(lengths.max(initial=0))
        ids = np.full((len(rows), width), self.pad_id or 0, dtype=np.int64)
        mask = np.zeros_like(ids)
        for number, own in enumerate(kept):
            place = slice(width - len(own), width) if self.padding_side == "left" else slice(0, len(own))
            ids[number, place], mask[number, place] = own, 1
        return Batch(rows, lengths, self.cut[rows] > 0, ids, mask, self.pad_token, self.padding_side)

    def _kept(self, row: int) -> NDArray[np.int32]:
        own = slice(int(self.rows[row]), int(self.rows[row + 1]))
        return self.flat.ids[own][(self.flat.flags[own] & CUT) == 0]
