"""Spans as slowly as can be: every stretch of words is tried, and every word and every token looked at alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import regex

Spans = list[tuple[str, int, int]]


def brute_force(words: Sequence[str]) -> Spans:
    """Every stretch of words that is a span: one type, nothing within it breaks it, and nothing around it belongs."""

    def parts(word: str) -> tuple[str, str]:
        return ("O", "") if word == "O" else (word[0], word[2:])

    def belong(before: str, behind: str) -> bool:
        (mark_before, type_before), (mark_behind, type_behind) = parts(before), parts(behind)
        if "O" in (mark_before, mark_behind) or type_before != type_behind:
            return False
        return mark_before in "BI" and mark_behind in "IE"

    found: Spans = []
    for first in range(len(words)):
        for last in range(first, len(words)):
            inside = words[first : last + 1]
            whole = "O" not in inside and all(belong(*pair) for pair in pairwise(inside))
            to_left = first > 0 and belong(words[first - 1], words[first])
            to_right = last + 1 < len(words) and belong(words[last], words[last + 1])
            if whole and not to_left and not to_right:
                found.append((words[first][2:], first, last))
    return found


def slowly(probabilities: np.ndarray, firsts: list[int], aggregation: str) -> list[tuple[int, float]]:
    """As Transformers' `aggregate_word` does it, a word at a time."""
    words: list[tuple[int, float]] = []
    for start, stop in pairwise([*firsts, len(probabilities)]):
        tokens = probabilities[start:stop]
        if aggregation == "first":
            chosen = tokens[0]
        elif aggregation == "max":
            chosen = max(tokens, key=lambda token: token.max())
        else:
            chosen = np.nanmean(np.stack(tokens), axis=0)
        words.append((int(chosen.argmax()), float(chosen.max())))
    return words


def words_of_pieces(
    text: str, offsets: Sequence[tuple[int, int]], pieces: Sequence[str], special: Sequence[bool], prefix: str
) -> list[list[int]]:
    """The tokens of each word: pieces without the prefix begin one, or else what is beyond a boundary of Unicode."""
    number = _numbers(text)
    words: list[list[int]] = []
    before = None  # the token before, where it is of a word
    for token, (start, stop) in enumerate(offsets):
        ink = next((at for at in range(start, stop) if not text[at].isspace()), None)
        if ink is None or special[token]:
            before = None
            continue
        if before is None:
            goes_on = False
        elif start < offsets[before][1]:
            goes_on = True
        elif prefix:
            goes_on = pieces[token].startswith(prefix) and pieces[token] != prefix
        else:
            goes_on = number[ink] == number[_first_ink(text, *offsets[before])]
        if goes_on:
            words[-1].append(token)
        else:
            words.append([token])
        before = token
    return words


def _first_ink(text: str, start: int, stop: int) -> int:
    return next(at for at in range(start, stop) if not text[at].isspace())


def _numbers(text: str) -> list[int]:
    """For each character the stretch between two word boundaries that it is in."""
    bounds = {match.start() for match in regex.finditer(r"(?V1w)\b", text)}
    return list(_counted(text, bounds))


def _counted(text: str, bounds: set[int]) -> Iterator[int]:
    number = 0
    for at in range(len(text)):
        number += at in bounds
        yield number
