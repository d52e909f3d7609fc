"""What a tokenizer's vocabulary looks like: the bytes of text that each piece stands for, whatever its spelling."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

_BYTE = re.compile(r"<0x([0-9A-F]{2})>")
_SPACE = "▁"
_MOST_PIECES = 1_000_000  # a vocabulary of every character there is has no pieces
_HABIT = 0.01  # of the vocabulary: what so many pieces have is how they are written
_BYTES_AS_LETTERS = ("ByT5Tokenizer", "PerceiverTokenizer")


class Pieces:
    """The spelling of one tokenizer.

    Args:
        tokenizer: it, fast or slow.

    Attributes:
        prefix: what a piece begins with that goes on with a word, such as `##`; empty where pieces are not marked so.

    Example:
        >>> Pieces(gpt2).bytes_of("Ġthe"), Pieces(bert).bytes_of("##ing"), Pieces(llama).bytes_of("<0xE5>")
        (b' the', b'ing', b'\\xe5')
    """

    def __init__(self, tokenizer: Any) -> None:
        backend = getattr(tokenizer, "backend_tokenizer", None)
        self.model = type(backend.model).__name__ if backend is not None else _slow_model(tokenizer)
        self._decode = _fast(backend) if backend is not None else _slow(tokenizer)
        self.prefix = _prefix(tokenizer, backend)
        self.added = {int(number): token for number, token in tokenizer.added_tokens_decoder.items()}
        self.unknown = _unknown(tokenizer, backend)
        self.special = _special(tokenizer) - {self.unknown}
        self._tokenizer = tokenizer

    def spelled(self, ids: list[int]) -> list[str]:
        """The pieces as the tokenizer writes them; empty for a number that it does not know."""
        size = len(self._tokenizer)
        found = [self._tokenizer.convert_ids_to_tokens(number) if 0 <= number < size else "" for number in ids]
        return [piece if isinstance(piece, str) else "" for piece in found]

    def bytes_of(self, number: int, piece: str) -> bytes | None:
        """The bytes that a piece stands for in a text; None for special and unknown ones, which stand for none."""
        if number == self.unknown or number in self.special:
            return None
        if number in self.added:
            return piece.encode("utf-8", "surrogatepass")
        return self._decode(piece)

    def decoded(self, piece: str) -> bytes | None:
        """The bytes that a spelling stands for, whether the vocabulary has it or not."""
        return self._decode(piece)


Decode = Callable[[str], "bytes | None"]


def _special(tokenizer: Any) -> set[int]:
    added = tokenizer.added_tokens_decoder.items()
    return {int(number) for number in tokenizer.all_special_ids} | {int(n) for n, token in added if token.special}


def _prefix(tokenizer: Any, backend: Any) -> str:
    """What a piece begins with that goes on with a word; empty where pieces are not marked so."""
    if backend is not None:
        return getattr(backend.model, "continuing_subword_prefix", None) or ""
    many = len(tokenizer) <= _MOST_PIECES and _share_beginning(tokenizer.get_vocab(), "##") > _HABIT
    return "##" if many else ""


def _unknown(tokenizer: Any, backend: Any) -> int:
    """The number of the token for what is not known; -1 where there is none.

    GPT-2 and its like name the end of text as unknown token, and have no use for one.
    """
    name = getattr(getattr(backend, "model", None), "unk_token", None)
    number = backend.token_to_id(name) if name else tokenizer.unk_token_id
    return -1 if number is None or number in (tokenizer.eos_token_id, tokenizer.bos_token_id) else int(number)


def _slow_model(tokenizer: Any) -> str:
    if hasattr(tokenizer, "sp_model"):
        return "SentencePiece"
    return type(tokenizer).__name__.removesuffix("Tokenizer") or "Python"


# --- from the spelling to bytes ---


def _fast(backend: Any) -> Decode:
    parts = "".join(_state(part) for part in (backend.decoder, backend.pre_tokenizer, backend.normalizer))
    model = backend.model
    if '"ByteLevel"' in parts:
        return _byte_level
    prefix = getattr(model, "continuing_subword_prefix", None) or ""
    suffix = getattr(model, "end_of_word_suffix", None) or ""
    metaspace = '"Metaspace"' in parts or _SPACE in parts or "\\u2581" in parts
    return _subwords(prefix, suffix, metaspace, bool(getattr(model, "byte_fallback", False)))


def _state(part: Any) -> str:
    return "" if part is None else part.__getstate__().decode("utf-8")


def _slow(tokenizer: Any) -> Decode:
    if type(tokenizer).__name__ in _BYTES_AS_LETTERS:
        return lambda piece: piece.encode("latin-1") if piece.isascii() or ord(max(piece)) < 256 else piece.encode()
    if hasattr(tokenizer, "byte_decoder"):
        return _byte_level
    if hasattr(tokenizer, "sp_model"):
        return _subwords("", "", True, True)
    if len(tokenizer) > _MOST_PIECES:
        return _subwords("", "", False, False)
    vocabulary = tokenizer.get_vocab()
    # How the Byte-Pair-Encoding tokenizers of old write that a piece ends a word, or does not.
    suffix = next((mark for mark in ("@@", "</w>") if _share(vocabulary, mark) > _HABIT), "")
    return _subwords("##", suffix, _SPACE in vocabulary, False)


def _share(vocabulary: dict[str, int], suffix: str) -> float:
    return sum(piece.endswith(suffix) for piece in vocabulary) / max(1, len(vocabulary))


def _subwords(prefix: str, suffix: str, metaspace: bool, byte_fallback: bool) -> Decode:
    def decode(piece: str) -> bytes | None:
        byte = _BYTE.fullmatch(piece) if byte_fallback else None
        if byte:
            return bytes([int(byte[1], 16)])
        if prefix and piece.startswith(prefix) and piece != prefix:
            piece = piece[len(prefix) :]
        if suffix and piece.endswith(suffix) and piece != suffix:
            piece = piece[: -len(suffix)]
        return (piece.replace(_SPACE, " ") if metaspace else piece).encode("utf-8", "surrogatepass")

    return decode


def _share_beginning(vocabulary: dict[str, int], prefix: str) -> float:
    return sum(piece.startswith(prefix) for piece in vocabulary) / max(1, len(vocabulary))


def _byte_level(piece: str) -> bytes | None:
    alphabet = _alphabet()
    if any(letter not in alphabet for letter in piece):
        return piece.encode("utf-8", "surrogatepass")
    return bytes(alphabet[letter] for letter in piece)


@cache
def _alphabet() -> dict[str, int]:
    """The letters that byte-level tokenizers write bytes with: printable ones for themselves, others from 256 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + at): byte for at, byte in enumerate(others)}
