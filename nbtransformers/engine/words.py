"""The words of texts, found alike for every tokenizer: by the word boundaries of Unicode (UAX #29).

What stands between two boundaries and is no white space has a number within its text, and is what tokens are grouped
by. It counts as a word when it holds a letter or a digit, so that punctuation and emoji are none. Scripts that write no
spaces are not looked up in a dictionary: each character of Chinese, Hiragana, Thai, Lao, Khmer or Burmese (with its
marks) is a word of its own, and a run of Katakana is one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Words:
    """The words of several texts, which stand one behind the other with a line end between.

    Attributes:
        starts: int64 `[text]`, where each text begins, in code points.
        lengths: int64 `[text]`, its length.
        counts: int32 `[text]`, its words.
        numbers: int32 `[character]`, the number of what it belongs to within its text; -1 for white space.
        next_ink: int64 `[character]`, the first character from there on that is no white space.
    """

    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    counts: NDArray[np.int32]
    numbers: NDArray[np.int32]
    next_ink: NDArray[np.int64]

    def of(self, text: NDArray[np.int64], start: NDArray[np.int64], stop: NDArray[np.int64]) -> NDArray[np.int32]:
        """Int32 `[span]`: the number of the word that each span begins in, -1 when it is white space only or empty.

        Args:
            text: the text of each span.
            start: where it starts within the text.
            stop: where it stops.
        """
        if not len(text):
            return np.empty(0, dtype=np.int32)
        begin = self.starts[text]
        ink = self.next_ink[np.minimum(begin + start, len(self.next_ink) - 1)]
        return np.where(ink < begin + stop, self.numbers[np.minimum(ink, len(self.numbers) - 1)], -1).astype(np.int32)


def words_of(texts: Sequence[str]) -> Words:
    """The words of some texts.

    Example:
        >>> words_of(["It can't be: 3.5!", "你好"]).counts.tolist()
        [4, 2]
    """
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    starts = np.cumsum(lengths + 1) - (lengths + 1)
    joined = "\n".join([*texts, ""])
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    bounds = _boundaries(joined)
    ink = ~_which(codes, str.isspace)
    # Segments never span a line end, so each belongs to one text, or is the line end behind it.
    counted = ink[bounds[:-1]]
    rank = np.cumsum(counted) - 1
    owner = np.searchsorted(starts, bounds[:-1], side="right") - 1
    first = np.searchsorted(bounds[:-1], starts)
    before = np.concatenate([[0], np.cumsum(counted)])[first]
    number = np.where(counted, rank - before[owner], -1).astype(np.int32) if len(texts) else np.empty(0, np.int32)
    letters = np.concatenate([[0], np.cumsum(_which(codes, str.isalnum))])
    is_word = counted & (letters[bounds[1:]] > letters[bounds[:-1]])
    return Words(
        starts=starts,
        lengths=lengths,
        counts=np.bincount(owner[is_word], minlength=len(texts)).astype(np.int32),
        numbers=np.repeat(number, np.diff(bounds)),
        next_ink=_next(ink),
    )


def _boundaries(text: str) -> NDArray[np.int64]:
    """Where words begin and end, the beginning and the end of the text among them."""
    import regex

    matches = regex.finditer(r"(?V1w)\b", text)
    inner = np.fromiter((match.start() for match in matches), dtype=np.int64)
    bounds = np.concatenate([[0], inner, [len(text)]])
    return bounds[np.diff(bounds, prepend=-1) > 0]


def _which(codes: NDArray[np.uint32], has: Callable[[str], bool]) -> NDArray[np.bool_]:
    """Which characters have a property, asked once of each that occurs."""
    if not len(codes):
        return np.empty(0, dtype=bool)
    known = np.zeros(int(codes.max()) + 1, dtype=bool)
    known[codes] = True
    occurring = np.flatnonzero(known)
    known[occurring] = [has(chr(code)) for code in occurring.tolist()]
    return known[codes]


def _next(wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For every place the next one that is wanted, itself included; the length where there is none."""
    places = np.where(wanted, np.arange(len(wanted)), len(wanted))
    return np.minimum.accumulate(places[::-1])[::-1]
