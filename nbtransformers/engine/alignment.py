"""Where the tokens of a tokenizer that does not say so stand in its text: found by reading both side by side."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NOWHERE = -1

_PASSED_OVER = frozenset([*range(0x21), 0x7F])  # white space, and the control characters that tokenizers drop
_LOOK_AHEAD = 200  # bytes that a token may lie beyond the end of the one before


def aligned(text: str, pieces: Sequence[bytes | None]) -> NDArray[np.int64]:
    """The span of every token in code points, int64 `[token, 2]`; `NOWHERE` twice where none is found.

    The bytes of the tokens are looked up in the text as it is, then as tokenizers normalise it (lower case, NFKC,
    without accents); the reading in which most are found is kept. A single token between two that were found gets what
    lies between them: it may stand for characters that the tokenizer does not know.

    Args:
        text: the text.
        pieces: the bytes that each token stands for; None where that is not known.

    Example:
        >>> aligned("Où ça?", [b"ou", b"ca", b"?"]).tolist()
        [[0, 2], [3, 5], [5, 6]]
    """
    wanted = sum(piece is not None for piece in pieces)
    best = np.full((len(pieces), 2), NOWHERE, dtype=np.int64)
    most = -1
    for reading in _READINGS:
        found = _found(_bytes_of(text, reading), pieces)
        number = int((found[:, 0] >= 0).sum())
        if number > most:
            best, most = found, number
        if most == wanted:
            break
    return _with_gaps(text, best)


@dataclass(frozen=True, slots=True)
class _Bytes:
    """A text as bytes, with the span in the text that each byte comes from."""

    data: bytes
    start: list[int]
    stop: list[int]


def _bytes_of(text: str, reading: Callable[[str], str]) -> _Bytes:
    data, start, stop = bytearray(), list[int](), list[int]()
    for at, end, read in _characters(text, reading):
        part = read.encode("utf-8", "surrogatepass")
        data += part
        start += [at] * len(part)
        stop += [end] * len(part)
    return _Bytes(bytes(data), start, stop)


def _characters(text: str, reading: Callable[[str], str]) -> Iterator[tuple[int, int, str]]:
    """Each character with how it is read; a letter goes with its marks where reading makes one of them."""
    at = 0
    while at < len(text):
        end = at + 1
        while end < len(text) and unicodedata.combining(text[end]):
            end += 1
        apart = [reading(letter) for letter in text[at:end]]
        together = reading(text[at:end])
        if together != "".join(apart):
            yield at, end, together
        else:
            yield from ((at + number, at + number + 1, read) for number, read in enumerate(apart))
        at = end


def _as_it_is(text: str) -> str:
    return text


def _compatible(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _folded(text: str) -> str:
    return _compatible(text).lower()


def _bare(text: str) -> str:
    apart = unicodedata.normalize("NFD", text.lower())
    return "".join(letter for letter in apart if unicodedata.category(letter) != "Mn")


_READINGS: tuple[Callable[[str], str], ...] = (_as_it_is, str.lower, _compatible, _folded, _bare)


def _found(text: _Bytes, pieces: Sequence[bytes | None]) -> NDArray[np.int64]:
    spans = np.full((len(pieces), 2), NOWHERE, dtype=np.int64)
    cursor, lost = 0, False
    for number, piece in enumerate(pieces):
        at, length = _place(text.data, piece, cursor, lost) if piece else (NOWHERE, 0)
        lost = at < 0 and (lost or piece is None or bool(piece.strip()))
        if at >= 0:
            cursor = at + length
            spans[number] = text.start[at], text.stop[cursor - 1]
    return spans


def _place(data: bytes, piece: bytes, cursor: int, lost: bool) -> tuple[int, int]:
    """Where the next token is, and how many bytes of the text it takes.

    Only white space and control characters may lie between two tokens, unless one between them was not found: a short
    token would else be taken for any letter further on.
    """
    if data.startswith(piece, cursor):
        return cursor, len(piece)
    bare = piece.strip()
    if not bare:  # a space that the text does not have, as before its first word
        return NOWHERE, 0
    while cursor < len(data) and data[cursor] in _PASSED_OVER:
        cursor += 1
    if data.startswith(bare, cursor):
        return cursor, len(bare)
    return data.find(bare, cursor, cursor + _LOOK_AHEAD + len(bare)) if lost else NOWHERE, len(bare)


def _with_gaps(text: str, spans: NDArray[np.int64]) -> NDArray[np.int64]:
    lost = np.flatnonzero(spans[:, 0] < 0)
    for number in lost.tolist():
        before = int(spans[number - 1, 1]) if number else 0
        after = int(spans[number + 1, 0]) if number + 1 < len(spans) else len(text)
        if before < 0 or after < 0 or not text[before:after].strip():
            continue
        gap = text[before:after]
        spans[number] = before + len(gap) - len(gap.lstrip()), before + len(gap.rstrip())
    return spans
