"""What the tokens of a tagged word learn: its tag where the word, or a word that the tokenizer finds in it, begins.

A word of the data can be several to the tokenizer: `@ann` is `@` and `ann`. `nbt.entities` reads plain text, in which
only the tokenizer's words are known, so each of them learns what it is of the entity: `B-PER` is `B-PER`, `I-PER`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nbtransformers.engine.spans import tags_of
from nbtransformers.training.tasks.tokenwise import NOTHING

_ALIKE = ("plain", "IO")  # labels that say no place within the entity
_PARTS = {"B": "BI", "I": "II", "E": "IE", "L": "IL", "S": "BE", "U": "BL"}
"""What a mark becomes at the first and the last of several words; those between are within."""

Parts = tuple[int, int, int]
"""The tags of the first, of a middle and of the last of several words that were one."""


def parts_of(labels: Sequence[str]) -> list[Parts]:
    """What each tag becomes where its word is several; `NOTHING` where there is no such tag."""
    tags = tags_of(labels)
    known = {label: tag for tag, label in enumerate(labels)}
    return [
        (tag, tag, tag) if tags.scheme in _ALIKE or tags.type_of[tag] < 0 else _parts(tag, label, known)
        for tag, label in enumerate(labels)
    ]


def _parts(tag: int, label: str, known: Mapping[str, int]) -> Parts:
    mark, _, kind = label.partition("-")
    if not kind or mark not in _PARTS:
        return tag, NOTHING, NOTHING
    first, middle, last = (known.get(f"{part}-{kind}", NOTHING) for part in (_PARTS[mark][0], "I", _PARTS[mark][1]))
    return (first, middle, last) if NOTHING not in (first, middle, last) else (tag, NOTHING, NOTHING)


def begins_of(tokenizer: Any, words: Sequence[Sequence[str]]) -> dict[str, list[bool]]:
    """Of every word, for each of its tokens, whether a word of the tokenizer begins with it."""
    distinct = list(dict.fromkeys(word for row in words for word in row))
    if not distinct:
        return {}
    read = tokenizer(distinct, add_special_tokens=False, verbose=False)
    return {word: _begins(read.word_ids(number)) for number, word in enumerate(distinct)}


def _begins(word_ids: Sequence[int | None]) -> list[bool]:
    return [word != before for before, word in zip([None, *word_ids], word_ids, strict=False)]


def taught(
    word_ids: Sequence[int | None], tags: Sequence[int], begins: Sequence[Sequence[bool]], parts: Sequence[Parts]
) -> list[int]:
    """What each token of a row learns `[token]`.

    Args:
        word_ids: the word of the data that each token is of; None is of none.
        tags: the tag of each word.
        begins: of each word, what `begins_of` has for it.
        parts: what each tag becomes, as `parts_of` has it.
    """
    learnt: list[int] = []
    place, before = 0, None
    for word in word_ids:
        place = place + 1 if word == before else 0
        before = word
        if word is None:
            learnt.append(NOTHING)
        elif place == 0 or (place < len(begins[word]) and begins[word][place]):
            learnt.append(_tag(tags[word], begins[word], place, parts))
        else:
            learnt.append(NOTHING)
    return learnt


def _tag(tag: int, begins: Sequence[bool], place: int, parts: Sequence[Parts]) -> int:
    if sum(begins) <= 1:
        return tag
    first, middle, last = parts[tag]
    return first if place == 0 else middle if any(begins[place + 1 :]) else last
