"""Tokens to text as they come, with no character broken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

_BROKEN = "\ufffd"  # what a decoder writes for bytes that are no character yet
_LONGEST_WAIT = 8  # tokens; a character has four bytes at most, so what takes longer is broken indeed


class Detokenizer:
    """The text that each token of one row adds, special tokens left out.

    A character may take several tokens: the last of them brings it, and those before it nothing. What was told is
    never taken back, so that the parts together are the text.

    Args:
        tokenizer: whose tokens.
        context: tokens before the first, where the text goes on with them: whether a word begins with a space
            is only known after another.

    Example:
        >>> detokenizer = Detokenizer(gpt2)
        >>> [detokenizer.add(token) for token in gpt2("Hi 🤗").input_ids], detokenizer.rest()
        (['Hi', ' ', '', '🤗'], '')
    """

    def __init__(self, tokenizer: Any, context: Iterable[int] = ()) -> None:
        self._tokenizer = tokenizer
        self._ids = list(context)
        self._from, self._told = 0, len(self._ids)  # the text of what is between them has been told
        self._stream: Any = None
        if tokenizer.is_fast:
            from tokenizers.decoders import DecodeStream

            self._stream = DecodeStream(skip_special_tokens=True)
            for token in self._ids:
                self._stream.step(tokenizer.backend_tokenizer, token)

    def add(self, token: int) -> str:
        """The text that is complete with one more token."""
        self._ids.append(token)
        waiting = len(self._ids) - self._told < _LONGEST_WAIT
        if self._stream is not None:
            new = self._stream.step(self._tokenizer.backend_tokenizer, token)
            if new:
                return self._tell(new)
            if waiting:
                return ""
            self._stream = None  # bytes that are no character would have it wait for ever
        text = self._rest()
        return "" if text.endswith(_BROKEN) and waiting else self._tell(text)

    def rest(self) -> str:
        """What was held back, once no token follows: bytes that are no character are written as �."""
        return self._tell(self._rest())

    def _rest(self) -> str:
        before = self._decoded(self._ids[self._from : self._told])
        return self._decoded(self._ids[self._from :])[len(before) :]

    def _tell(self, new: str) -> str:
        if new:
            self._from, self._told = self._told, len(self._ids)
        return new

    def _decoded(self, ids: Sequence[int]) -> str:
        if not ids:
            return ""
        return self._tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
