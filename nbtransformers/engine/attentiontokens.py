"""A text, or a pair of texts, to what a model reads of it in one go, and to what each of its tokens is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.alignment import aligned
from nbtransformers.engine.pieces import Pieces
from nbtransformers.engine.words import words_of
from nbtransformers.errors import UserError
from nbtransformers.results.attention import CONTINUES, SECOND, SPECIAL, Side

_NO_TEXT = -1  # the owner of a token that the tokenizer put there

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """One input of a model.

    Attributes:
        side: what each of its tokens is.
        types: int64 `[token]`, the token_type_ids; None where the model takes none.
        unread: tokens beyond the limit.
    """

    side: Side
    types: Ids | None
    unread: int = 0


def read_texts(tokenizer: Any, text: str, pair: str | None, limit: int, *, what: str, who: str, cut: bool) -> Reading:
    """What a model reads of a text, or of a pair, special tokens included.

    Args:
        tokenizer: the model's.
        text: the text.
        pair: the second text of the same input; None for none.
        limit: tokens that the model reads; 0 for any number.
        what: what is read, to begin a sentence with.
        who: the model, for errors.
        cut: whether what is too long is cut, of a pair the longer one first; else it is an error.

    Raises:
        UserError: when it is too long, or no token of it is left.
    """
    encoded = _call(tokenizer, text, pair)
    full = len(encoded["input_ids"])
    if not full:
        raise UserError(f"{what} has no token that {who} knows.", hint="Give another text.")
    if limit and full > limit:
        if not cut:
            raise UserError(
                f"{what} is too long: {full:,} tokens, and {who} reads {limit:,}.",
                hint="Type `--long truncate` to look at its beginning.",
            )
        encoded = _call(tokenizer, text, pair, truncation="longest_first", max_length=limit)
    side = _side(tokenizer, encoded, text, pair)
    types = encoded.get("token_type_ids")
    return Reading(side, None if types is None else np.array(types, np.int64), full - len(side))


def read_target(tokenizer: Any, target: str, limit: int, *, who: str, cut: bool) -> Side:
    """The tokens of a decoder's text as a model is taught to write them, the end of the text among them.

    Raises:
        UserError: when there are more than the decoder reads.
    """
    encoded = _call(tokenizer, None, None, text_target=target)
    full = len(encoded["input_ids"])
    if limit and full > limit:
        if not cut:
            raise UserError(
                f"The target is too long: {full:,} tokens, and the decoder of {who} reads {limit:,}.",
                hint="Type `--long truncate` to look at its beginning.",
            )
        encoded = _call(tokenizer, None, None, text_target=target, truncation=True, max_length=limit)
    return _side(tokenizer, encoded, target, None)


def written(tokenizer: Any, ids: Ids, pieces: Sequence[str]) -> Side:
    """The tokens of a text that a model wrote; `pieces` are what each adds to it."""
    stops = np.cumsum([0, *map(len, pieces)])
    offsets = np.stack([stops[:-1], stops[1:]], axis=1)
    side = _made(tokenizer, ids, offsets, np.zeros(len(ids), np.int64), ["".join(pieces)])
    return Side(None, side.ids, side.pieces, side.offsets, side.words, side.flags)


def behind_start(tokenizer: Any, side: Side, ids: Ids) -> Side:
    """What a decoder reads of a text that it is taught to write: each token one place later, behind the first one.

    Args:
        tokenizer: the model's.
        side: the text as `read_target` has it, or one that a model wrote and a token behind it.
        ids: int64 `[token]`, what the decoder reads.
    """

    def later(values: NDArray[Any], first: Any) -> NDArray[Any]:
        return np.concatenate([np.full_like(values[:1], first), values[:-1]])

    return Side(
        text=side.text,
        ids=ids,
        pieces=tuple(Pieces(tokenizer).spelled(ids.tolist())),
        offsets=later(side.offsets, 0),
        words=later(side.words, _NO_TEXT),
        flags=later(side.flags, SPECIAL),
    )


def side_of_ids(tokenizer: Any, ids: Ids) -> Side:
    """Tokens of a text that is not known: it is put together from them."""
    pieces = Pieces(tokenizer)
    spelled = pieces.spelled(ids.tolist())
    parts = [pieces.bytes_of(number, piece) for number, piece in zip(ids.tolist(), spelled, strict=True)]
    # Where pieces are marked that go on with a word, those that are not begin one.
    apart = [bool(pieces.prefix) and not piece.startswith(pieces.prefix) for piece in spelled]
    joined = b"".join((b" " if begins else b"") + (part or b"") for part, begins in zip(parts, apart, strict=True))
    text = joined.decode("utf-8", "replace").strip()
    return _made(tokenizer, ids, np.maximum(aligned(text, parts), 0), np.zeros(len(ids), np.int64), [text])


def _call(tokenizer: Any, text: str | None, pair: str | None, **options: Any) -> Any:
    fast = {"return_offsets_mapping": True} if tokenizer.is_fast else {}
    given = {"text": text, **({} if pair is None else {"text_pair": pair})} if text is not None else {}
    return tokenizer(
        **given,
        padding=False,
        return_attention_mask=False,
        return_special_tokens_mask=True,
        verbose=False,
        **fast,
        **({"truncation": False} | options),
    )


def _side(tokenizer: Any, encoded: Any, text: str, pair: str | None) -> Side:
    ids = np.array(encoded["input_ids"], np.int64)
    texts = [text] if pair is None else [text, pair]
    if tokenizer.is_fast:
        offsets = np.array(encoded["offset_mapping"], np.int64).reshape(-1, 2)
        owner = np.array([_NO_TEXT if owner is None else owner for owner in encoded.sequence_ids(0)], np.int64)
    else:
        owner = _owners(np.array(encoded["special_tokens_mask"], bool), tokenizer, texts)
        offsets = _found(tokenizer, ids, owner, texts)
    return _made(tokenizer, ids, offsets, owner, texts)


def _made(tokenizer: Any, ids: Ids, offsets: Ids, owner: Ids, texts: Sequence[str]) -> Side:
    """The tokens, once it is known which text each is of (-1 for none) and where it stands in it."""
    pieces = Pieces(tokenizer)
    special = (owner < 0) | np.isin(ids, np.array(sorted(pieces.special), np.int64))
    offsets = np.where(special[:, None], 0, offsets)
    words = words_of(texts)
    numbers = words.of(np.maximum(owner, 0), offsets[:, 0], offsets[:, 1]).astype(np.int64)
    if len(texts) > 1:  # the words of the second text go on with the numbers of the first
        first = words.numbers[: int(words.lengths[0])]
        numbers = np.where((owner == 1) & (numbers >= 0), numbers + int(first.max(initial=-1)) + 1, numbers)
    numbers = np.where(special, -1, numbers)
    flags = np.zeros(len(ids), np.uint8)
    flags[special] |= SPECIAL
    flags[1:][(numbers[1:] == numbers[:-1]) & (numbers[1:] >= 0)] |= CONTINUES
    flags[owner == 1] |= SECOND
    return Side(texts[0], ids, tuple(pieces.spelled(ids.tolist())), offsets, numbers, flags)


# --- a slow tokenizer does not tell where its tokens stand ---


def _owners(special: NDArray[np.bool_], tokenizer: Any, texts: Sequence[str]) -> Ids:
    """Which text each token is of: of a pair that was cut, what is left of each is as `longest_first` leaves it."""
    inner = np.flatnonzero(~special)
    owner = np.full(len(special), _NO_TEXT, np.int64)
    owner[inner] = 0
    if len(texts) > 1:
        sizes = [len(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]) for text in texts]
        beyond = sum(sizes) - len(inner)
        for _ in range(beyond):
            sizes[0 if sizes[0] > sizes[1] else 1] -= 1
        owner[inner[sizes[0] :]] = 1
    return owner


def _found(tokenizer: Any, ids: Ids, owner: Ids, texts: Sequence[str]) -> Ids:
    pieces = Pieces(tokenizer)
    offsets = np.zeros((len(ids), 2), np.int64)
    for number, text in enumerate(texts):
        own = np.flatnonzero(owner == number)
        spelled = pieces.spelled(ids[own].tolist())
        parts = [pieces.bytes_of(token, piece) for token, piece in zip(ids[own].tolist(), spelled, strict=True)]
        offsets[own] = np.maximum(aligned(text, parts), 0)
    return offsets
