"""What a careful reader should be told about a result, one sentence each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from nbtransformers.loading.models import Card
from nbtransformers.plain_text import count
from nbtransformers.results.rows import NOT_DONE

_TOO_MANY_UNKNOWN = 0.2
_SPECIAL_TOKENS = 2
_LANGUAGES = {"en": "English"}
_NO_LETTERS = re.compile(r"[\W\d_]+")
_LETTER_BEYOND_LATIN = re.compile(r"[^\W\d_\u0000-\u024F\u1E00-\u1EFF\uFF21-\uFF5A]")
_BEYOND_LATIN = re.compile(r"[^\u0000-\u024F\u1E00-\u1EFF\uFF21-\uFF5A]+")


def remarks(
    card: Card, texts: Sequence[str | None], reasons: Mapping[int, str], counts: NDArray[np.int64]
) -> list[str]:
    """The remarks on a run, the gravest first.

    Args:
        counts: int64 `[3, text]`: tokens read, tokens beyond the limit, tokens unknown to the tokenizer.
    """
    tokens, unread, unknown = counts
    found = [_interrupted(texts, reasons), _unreadable(card, texts, tokens, unknown), _cut(card, unread)]
    return [remark for remark in found if remark]


def _interrupted(texts: Sequence[str | None], reasons: Mapping[int, str]) -> str | None:
    left = sum(reason == NOT_DONE for reason in reasons.values())
    return f"Interrupted: {len(texts) - left:,} of {count(len(texts), 'text')} are done." if left else None


def _cut(card: Card, unread: NDArray[np.int64]) -> str | None:
    cut = int((unread > 0).sum())
    if not cut:
        return None
    were = "was" if cut == 1 else "were"
    return (
        f"{count(cut, 'text')} {were} cut: {count(int(unread.sum()), 'token')} beyond the limit of {card.name} "
        "went unread. `--long window` reads them."
    )


def _unreadable(
    card: Card, texts: Sequence[str | None], tokens: NDArray[np.int64], unknown: NDArray[np.int64]
) -> str | None:
    doubtful = unknown > _TOO_MANY_UNKNOWN * np.maximum(1, tokens - _SPECIAL_TOKENS)
    known = [_LANGUAGES[code] for code in card.languages if code in _LANGUAGES]
    if known:
        # A vocabulary may hold single letters of a script that the model never learned to read.
        doubtful |= np.fromiter((_in_another_script(text or "") for text in texts), dtype=bool, count=len(texts))
    number = int(doubtful.sum())
    if not number:
        return None
    who = f"{card.name}, which reads {' and '.join(known)}" if known else card.name
    why = "many unknown tokens, or another script" if known else "many unknown tokens"
    whose = "its score" if number == 1 else "their scores"
    verb = "is" if number == 1 else "are"
    return f"{count(number, 'text')} {verb} hard to read for {who} ({why}): do not rely on {whose}."


def _in_another_script(text: str) -> bool:
    # It is asked of every text, so most are done with here, and letters are not counted one by one.
    if text.isascii() or not _LETTER_BEYOND_LATIN.search(text):
        return False
    return _letters("".join(_BEYOND_LATIN.findall(text))) > _letters(_BEYOND_LATIN.sub("", text))


def _letters(text: str) -> int:
    return len(_NO_LETTERS.sub("", text))
