"""Texts to model inputs: tokens within the model's limit, and an account of what does not fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import UserError
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.plain_text import count
from nbtransformers.request import LongText

_NO_LIMIT = 1_000_000  # tokenizers without a limit say 10**30


@dataclass(frozen=True, slots=True)
class Items:
    """Model inputs: one a text, or several for a text that is read in windows.

    Attributes:
        ids: the input_ids of each item, an int64 array `[token]`.
        type_ids: likewise the token_type_ids, when the model takes them.
        owner: int64 `[item]`, the text that an item belongs to.
        weight: float64 `[item]`, its share of the text's score; the shares of a text sum to 1.
        tokens: int64 `[text]`, tokens read, special tokens included; overlaps count once.
        unread: int64 `[text]`, tokens beyond the limit.
        unknown: int64 `[text]`, tokens that stand for characters the tokenizer does not know.
    """

    ids: list[NDArray[np.int64]]
    type_ids: list[NDArray[np.int64]] | None
    owner: NDArray[np.int64]
    weight: NDArray[np.float64]
    tokens: NDArray[np.int64]
    unread: NDArray[np.int64]
    unknown: NDArray[np.int64]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Int64 `[item]`: tokens of each item."""
        return np.fromiter((len(ids) for ids in self.ids), dtype=np.int64, count=len(self.ids))


class Encoder:
    """Encodes texts for one model under one rule for long texts.

    Args:
        loaded: the model.
        max_length: the user's limit; None is the model's.
        long: the rule for longer texts.
        seconds: what will stand behind a text, as a pair; it is never cut.

    Raises:
        UserError: when the limit is more than the model can read, or leaves no room for a text.
    """

    def __init__(
        self, loaded: LoadedModel, max_length: int | None, long: LongText, seconds: Sequence[str] = ()
    ) -> None:
        self._tokenizer = loaded.tokenizer
        self._name = loaded.name
        self._long: LongText = long
        taken = _taken(loaded.tokenizer, seconds)
        self.limit = text_limit(loaded, max_length, taken)
        self.stride = window_overlap(self.limit, taken)

    def encode(self, texts: Sequence[str], rows: Sequence[int], pairs: Sequence[str] | None = None) -> Items:
        """The inputs for some texts, or for pairs of texts of which the first may be cut.

        Raises:
            UserError: under `--long error`, when a text is too long; `rows` are the numbers of the texts' rows.
        """
        encoded = self._call(texts, pairs)
        full = np.fromiter(map(len, encoded["input_ids"]), dtype=np.int64, count=len(texts))
        too_long = np.flatnonzero(full > self.limit) if self.limit else np.empty(0, dtype=np.int64)
        if not len(too_long):
            return self._items(encoded, np.arange(len(texts)), full, np.zeros_like(full))
        if self._long == "error":
            too_long_rows = sorted({rows[int(text)] for text in too_long})
            raise too_long_error(too_long_rows, int(full[too_long[0]]), self._name, self.limit)
        return self._shortened(texts, pairs, encoded, full, too_long)

    def _call(self, texts: Sequence[str], pairs: Sequence[str] | None, **options: Any) -> Any:
        return self._tokenizer(
            list(texts),
            None if pairs is None else list(pairs),
            padding=False,
            return_attention_mask=False,
            verbose=False,
            **({"truncation": False} | options),
        )

    def _shortened(
        self,
        texts: Sequence[str],
        pairs: Sequence[str] | None,
        encoded: Any,
        full: NDArray[np.int64],
        too_long: NDArray[np.int64],
    ) -> Items:
        window = self._long == "window"
        if window and not self._tokenizer.is_fast:
            raise UserError(
                f"`--long window` needs a fast tokenizer, and {self._name} has a slow one.",
                hint="Type `--long truncate`.",
            )
        again = self._call(
            _at(texts, too_long),
            None if pairs is None else _at(pairs, too_long),
            truncation="only_first" if pairs is not None else True,
            max_length=self.limit,
            **({"stride": self.stride, "return_overflowing_tokens": True} if window else {}),
        )
        owners = too_long[np.asarray(again["overflow_to_sample_mapping"])] if window else too_long
        short = np.flatnonzero(full <= self.limit)
        order = np.argsort(np.concatenate([short, owners]), kind="stable")
        merged = {key: _merge(encoded[key], short, again[key], order) for key in encoded}
        tokens = full if window else np.minimum(full, self.limit)
        return self._items(merged, np.concatenate([short, owners])[order], tokens, full - tokens)

    def _items(
        self, encoded: Any, owner: NDArray[np.int64], tokens: NDArray[np.int64], unread: NDArray[np.int64]
    ) -> Items:
        ids = [np.asarray(row, dtype=np.int64) for row in encoded["input_ids"]]
        types = encoded.get("token_type_ids")
        lengths = np.fromiter(map(len, ids), dtype=np.float64, count=len(ids))
        return Items(
            ids=ids,
            type_ids=None if types is None else [np.asarray(row, dtype=np.int64) for row in types],
            owner=owner,
            weight=lengths / np.bincount(owner, lengths, len(tokens))[owner] if len(ids) else lengths,
            tokens=tokens,
            unread=unread,
            unknown=self._unknown(ids, owner, len(tokens)),
        )

    def _unknown(self, ids: list[NDArray[np.int64]], owner: NDArray[np.int64], texts: int) -> NDArray[np.int64]:
        unknown = unknown_token(self._tokenizer)
        if unknown is None:
            return np.zeros(texts, dtype=np.int64)
        found = np.fromiter(((row == unknown).sum() for row in ids), dtype=np.int64, count=len(ids))
        return np.bincount(owner, found, texts).astype(np.int64)


def unknown_token(tokenizer: Any) -> int | None:
    """The token for what a tokenizer does not know; None where it has no use for one.

    GPT-2 and its like name the end of text as unknown token.
    """
    unknown = tokenizer.unk_token_id
    return None if unknown == tokenizer.eos_token_id else unknown


def too_long_error(rows: Sequence[int], tokens: int, name: str, limit: int) -> UserError:
    """That texts do not fit, in rising order of their rows; `tokens` are those of the first."""
    more = f" (and {count(len(rows) - 1, 'other row')})" if len(rows) > 1 else ""
    return UserError(
        f"Row {rows[0]:,}{more} is too long: {tokens:,} tokens, and {name} reads {limit:,}.",
        hint="Type `--long truncate` or `--long window`.",
    )


def _at(texts: Sequence[str], rows: NDArray[np.int64]) -> list[str]:
    return [texts[int(row)] for row in rows]


def _merge(kept: list[Any], rows: NDArray[np.int64], added: list[Any], order: NDArray[np.int64]) -> list[Any]:
    both = [kept[row] for row in rows] + list(added)
    return [both[number] for number in order]


def _taken(tokenizer: Any, seconds: Sequence[str]) -> int:
    """The tokens that are no text's: special tokens, and the longest of the second texts."""
    if not seconds:
        return tokenizer.num_special_tokens_to_add()
    longest = max(map(len, tokenizer(list(seconds), add_special_tokens=False)["input_ids"]))
    return longest + tokenizer.num_special_tokens_to_add(pair=True)


def window_overlap(limit: int, taken: int) -> int:
    """Tokens that two windows of a text share: a quarter, but so that they always move on."""
    return min(limit // 4, max(0, (limit - taken - 1) // 2))


def text_limit(loaded: LoadedModel, wanted: int | None, taken: int) -> int:
    """How many tokens of a text are read at once; 0 when there is no limit.

    Args:
        loaded: the model.
        wanted: the user's limit; None is the model's.
        taken: tokens that are no text's.

    Raises:
        UserError: when it is more than the model can read, or leaves no room for a text.
    """
    limit = model_limit(loaded)
    if wanted is None:
        return limit
    if limit and wanted > limit:
        raise UserError(
            f"`--max-length` is {wanted:,}, and {loaded.name} reads {limit:,}.", hint=f"Type {limit} or less."
        )
    if wanted <= taken:
        raise UserError(
            f"`--max-length` is {wanted}, and {count(taken, 'token')} of it hold no text.",
            hint=f"Type {taken + 1} or more.",
        )
    return wanted


def model_limit(loaded: LoadedModel) -> int:
    """How many tokens of a text the model can read, special tokens included; 0 when there is no limit."""
    known = [loaded.tokenizer.model_max_length, _positions(loaded.model)]
    return min((limit for limit in known if limit and 0 < limit < _NO_LIMIT), default=0)


def _positions(model: Any) -> int | None:
    positions = getattr(model.config, "max_position_embeddings", None)
    for name, module in model.named_modules():
        # RoBERTa and its kin number positions from padding_idx + 1, so their table holds that many more.
        if name.endswith("position_embeddings") and getattr(module, "padding_idx", None) is not None:
            return module.num_embeddings - module.padding_idx - 1
    return positions
