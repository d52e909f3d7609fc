"""Texts in parts that a model can read: cut between paragraphs, lines, sentences, clauses or words, nothing lost.

What stands between two parts is white space, or nothing; parts and what is between them are the text again. Sentences
end as Unicode has it (UAX #29), but that no sentence ends with a short capitalised word, as `Dr.` does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

By = Literal["whole", "lines", "sentences"]
"""Where a text is cut whether or not it is too long: nowhere, at the ends of lines, or of sentences too."""

Encode = Callable[[list[str]], Sequence[Sequence[int]]]

_LINE_END = r"\s*\n\s*"
_SHORT = r"(?<!\b\p{Lu}\p{L}{0,2})"
# Punctuation that only ever ends a sentence needs no space behind it; the other does. None ends before small letters.
_SENTENCE_END = (
    r"(?:[\p{SB=STerm}--[!?]][\p{SB=STerm}\p{SB=ATerm}]*\p{SB=Close}*\s*"
    rf"|(?:[!?…]|{_SHORT}\p{{SB=ATerm}})[\p{{SB=STerm}}\p{{SB=ATerm}}…]*\p{{SB=Close}}*\s+)"
    r"(?![\s\p{SB=SContinue}]|\P{L}{0,5}\p{Ll})"
)
BOUNDARIES = (
    r"\s*\n\s*\n\s*",
    _LINE_END,
    _SENTENCE_END,
    r"[,;:،]\p{SB=Close}*\s+|[、，；：]|\s[–—-]\s",
    r"\s+",
    r"(?w)\b",
    r"\X",
)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A part of a text.

    Attributes:
        start: where it starts in the text, in code points.
        stop: where it stops.
        ids: int64 `[token]`, what the model reads of it.
    """

    start: int
    stop: int
    ids: NDArray[np.int64]


def cut(texts: Sequence[str], encode: Encode, fits: Callable[[int], bool], by: By) -> list[list[Part]]:
    """Each text in parts that fit, in order: as few as halving makes, at the best boundary near the middle.

    Args:
        texts: the texts; white space around them is in no part.
        encode: what the model reads of some parts.
        fits: whether it can read so many tokens.
        by: where to cut in any case.

    Returns:
        The parts of each text; none for one of which not even a character fits, or that holds none.

    Example:
        >>> [text[part.start : part.stop] for part in cut([text], encode, lambda tokens: tokens <= 8, "whole")[0]]
        ['It rained all day.', 'We stayed at home.']
    """
    found: list[list[Part]] = [[] for _ in texts]
    hopeless: set[int] = set()
    waiting = [(number, start, stop) for number, text in enumerate(texts) for start, stop in stretches(text, by)]
    while waiting:
        encoded = encode([texts[number][start:stop] for number, start, stop in waiting])
        smaller: list[tuple[int, int, int]] = []
        for (number, start, stop), ids in zip(waiting, encoded, strict=True):
            if fits(len(ids)):
                found[number].append(Part(start, stop, np.asarray(ids, np.int64)))
                continue
            halves = _halves(texts[number], start, stop)
            if not halves:
                hopeless.add(number)
            smaller += [(number, *half) for half in halves]
        waiting = [piece for piece in smaller if piece[0] not in hopeless]
    for number, parts in enumerate(found):
        parts.sort(key=lambda part: part.start)
        if number in hopeless:
            parts.clear()
    return found


def between(text: str, parts: Sequence[Part]) -> list[str]:
    """What stands before the first part, between each two, and behind the last: one more than there are parts."""
    ends = [0, *(part.stop for part in parts)]
    starts = [*(part.start for part in parts), len(text)]
    return [text[end:start] for end, start in zip(ends, starts, strict=True)]


def stretches(text: str, by: By) -> Iterator[tuple[int, int]]:
    """What of a text is apart in any case, by where it is cut: the start and stop of each."""
    cuts = [0]
    if by != "whole":
        ends = [match.end() for match in _pattern(_LINE_END).finditer(text)]
        # A line that goes on in small letters is one that was wrapped.
        cuts += [end for end in ends if not text[end : end + 1].islower()]
    if by == "sentences":
        cuts = sorted({*cuts, *(match.end() for match in _pattern(_SENTENCE_END).finditer(text))})
    for start, stop in zip(cuts, [*cuts[1:], len(text)], strict=True):
        yield from _trimmed(text, start, stop)


def _halves(text: str, start: int, stop: int) -> list[tuple[int, int]]:
    """A piece in two, at the best boundary in its middle half; else anywhere; none when it is but one character."""
    quarter, middle = (stop - start) // 4, (start + stop) / 2
    for first, last in ((start + quarter, stop - quarter), (start, stop)):
        for boundary in BOUNDARIES:
            matches = _pattern(boundary).finditer(text, first, last)
            cuts = [match.end() for match in matches if start < match.end() < last]
            if cuts:
                at = min(cuts, key=lambda place: abs(place - middle))
                return [*_trimmed(text, start, at), *_trimmed(text, at, stop)]
    return []


def _trimmed(text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """A piece without the white space around it, unless there is nothing else."""
    piece = text[start:stop]
    if piece.strip():
        left = len(piece) - len(piece.lstrip())
        yield start + left, start + len(piece.rstrip())


@cache
def _pattern(source: str) -> Any:
    import regex

    return regex.compile(source, regex.V1)
