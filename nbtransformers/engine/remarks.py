"""What a careful reader should be told about a result, one sentence each."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nbtransformers.loading.card import Card
from nbtransformers.plain_text import count
from nbtransformers.results.reasons import Reasons

_TOO_MANY_UNKNOWN = 0.2
_SPECIAL_TOKENS = 2
_LANGUAGES = {"en": "English"}
_NO_LETTERS = re.compile(r"[\W\d_]+")
_LETTER_BEYOND_LATIN = re.compile(r"[^\W\d_\u0000-\u024F\u1E00-\u1EFF\uFF21-\uFF5A]")
_BEYOND_LATIN = re.compile(r"[^\u0000-\u024F\u1E00-\u1EFF\uFF21-\uFF5A]+")


def remarks(card: Card, unread: NDArray[np.int64], doubtful: NDArray[np.bool_], gives: str = "score") -> list[str]:
    """The remarks on what a model made of some texts, the gravest first.

    Args:
        card: the model.
        unread: int64 `[text]`, tokens beyond the limit.
        doubtful: bool `[text]`, whether the model can hardly read it.
        gives: what it gives for each.
    """
    found = [_unreadable(card, int(doubtful.sum()), gives), _cut(card, unread)]
    return [remark for remark in found if remark]


def stopped(why: str, reasons: Reasons, read_to_end: bool, begun: int = 0) -> str:
    """That a run ended early, and what is left to do.

    Args:
        why: it did.
        reasons: row to the reason why it is not done.
        read_to_end: whether the input has no rows but these.
        begun: how many of the rows that are not done have the beginning of a text.
    """
    done, read = int(reasons.done.sum()), len(reasons.done)
    if read_to_end:
        how_many = f"{done:,} of {count(read, 'text')}"
    elif done == read:
        how_many = count(done, "text")
    else:
        how_many = f"{done:,} of the {count(read, 'text')} that {'was' if read == 1 else 'were'} read"
    are = "is" if 1 in (done, read) else "are"
    rest = "" if read_to_end else ", and what follows was not read"
    left = f"{how_many} {are} done{rest}. `nbt.resume(result)`"
    if not begun:
        return f"{why.rstrip('.')}: {left} does the rest."
    anew = "writes the stopped text anew" if begun == 1 else f"writes the {begun:,} stopped texts anew"
    rest = "" if read_to_end and begun == read - done else "does the rest, and "
    return f"{why.rstrip('.')}: what came is kept. {left} {rest}{anew}."


def halved(times: int, batch_tokens: int) -> str:
    """That memory ran out, and what became of it."""
    how = "once" if times == 1 else f"{times} times"
    return f"Memory ran out, so the batches were halved {how}, to {batch_tokens:,} tokens: no row was lost by it."


def _cut(card: Card, unread: NDArray[np.int64]) -> str | None:
    cut = int((unread > 0).sum())
    if not cut:
        return None
    were = "was" if cut == 1 else "were"
    return (
        f"{count(cut, 'text')} {were} cut: {count(int(unread.sum()), 'token')} beyond the limit of {card.name} "
        "went unread. `--long window` reads them."
    )


def _unreadable(card: Card, number: int, gives: str) -> str | None:
    if not number:
        return None
    known = _known_languages(card)
    who = f"{card.name}, which reads {' and '.join(known)}" if known else card.name
    why = "many unknown tokens, or another script" if known else "many unknown tokens"
    whose = f"its {gives}" if number == 1 else f"their {gives}s"
    verb = "is" if number == 1 else "are"
    return f"{count(number, 'text')} {verb} hard to read for {who} ({why}): do not rely on {whose}."


def too_many_unknown(tokens: NDArray[np.int64], unknown: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Bool `[text]`: whether a fifth of the tokens of a text stand for characters that the tokenizer does not know."""
    return unknown > _TOO_MANY_UNKNOWN * np.maximum(1, tokens - _SPECIAL_TOKENS)


def in_another_script(card: Card, texts: Sequence[str | None]) -> NDArray[np.bool_]:
    """Bool `[text]`: whether most letters of a text are of a script that the model's languages are not written in.

    A vocabulary may hold single letters of a script that the model never learned to read.
    """
    if not _known_languages(card):
        return np.zeros(len(texts), dtype=bool)
    return np.fromiter((_is_beyond_latin(text or "") for text in texts), dtype=bool, count=len(texts))


def _known_languages(card: Card) -> list[str]:
    return [_LANGUAGES[code] for code in card.languages if code in _LANGUAGES]


def _is_beyond_latin(text: str) -> bool:
    # It is asked of every text, so most are done with here, and letters are not counted one by one.
    if text.isascii() or not _LETTER_BEYOND_LATIN.search(text):
        return False
    return _letters("".join(_BEYOND_LATIN.findall(text))) > _letters(_BEYOND_LATIN.sub("", text))


def _letters(text: str) -> int:
    return len(_NO_LETTERS.sub("", text))
