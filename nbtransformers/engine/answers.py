"""From the start and end logits of a context's windows to its best answers: pure arithmetic, without a model.

An answer is a span of the context: its first token is not behind its last, it has at most so many tokens, and none of
them is a token of the question, a special one or padding. It begins and ends in one window, so windows have to overlap
by the longest answer. It is widened to whole words where it cuts one, but never across punctuation.

The score of a span is P(start) · P(end), each a softmax over the tokens of the context and the no-answer position
(CLS). With one window that is what Transformers 4's question-answering pipeline gave. With several, its softmax a
window would make the best span of a window without the answer look as good as any; so there is one softmax over the
whole context, as Clark & Gardner 2018 normalise paragraphs (https://aclanthology.org/P18-1078), and the spans of all
windows are in the order of start logit + end logit, as Devlin et al. 2019 have it (https://aclanthology.org/N19-1423).
A token that stands in two windows counts once, with its higher logit, and a span once, with its best score. As in
SQuAD 2.0, no answer has the logits of the CLS position, of the window where their sum is least.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.words import words_of

_MOST_AT_ONCE = 1_000_000  # candidates whose logits are in memory at a time
_SPARE = 4  # so many more candidates are looked at than answers are wanted: several may be one when widened to words
_LONGEST_WORD = 64  # characters looked at on either side of a span for where a word ends


@dataclass(frozen=True, slots=True)
class AnswerWindow:
    """What the model says of the tokens of the context that one window holds.

    Attributes:
        first: which token of the context is its first.
        start: float `[token]`, start logits.
        end: float `[token]`, end logits.
        none: start and end logit of the CLS position; None for a model that has no such token.
    """

    first: int
    start: NDArray[np.floating]
    end: NDArray[np.floating]
    none: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Spans:
    """The best answers in one context, the best first.

    Attributes:
        start: int64 `[answer]`, where each begins in the context, in code points.
        end: int64 `[answer]`, where it ends: it is `context[start:end]`.
        score: float64 `[answer]`, from 0 to 1.
        no_answer: the score of there being none, on the same scale; NaN where the model has no say in it.
    """

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    score: NDArray[np.float64]
    no_answer: float


def best_spans(
    context: str, offsets: NDArray[np.integer], windows: Sequence[AnswerWindow], top_k: int, longest: int
) -> Spans | None:
    """The best answers in a context; None when the model gave no finite logits.

    Args:
        context: the text.
        offsets: `[token, 2]`, where each token of the context stands in it, in code points.
        windows: what the model says, window by window; together they hold every token that is offered.
        top_k: how many answers at most. No two are the same span; they may overlap.
        longest: tokens of an answer at most.

    Example:
        >>> window = AnswerWindow(0, np.array([0.0, 5.0]), np.array([0.0, 5.0]))
        >>> best_spans("In Paris", np.array([[0, 2], [3, 8]]), [window], top_k=1, longest=30).start
        array([3])
    """
    if not all(np.isfinite(window.start).all() and np.isfinite(window.end).all() for window in windows):
        return None
    none = min((window.none for window in windows if window.none is not None), key=sum, default=None)
    scale = sum(_log_total(windows, side, none) for side in (0, 1))
    found: dict[tuple[int, int], float] = {}
    wanted = top_k if top_k == 1 else _SPARE * top_k
    while True:
        candidates = _Candidates.best(windows, offsets, wanted, longest)
        for first, last, logit in candidates:
            span = _in_words(context, int(offsets[first, 0]), int(offsets[last, 1]))
            if span is not None and len(found) < top_k:
                found.setdefault(span, logit)
        if len(found) == top_k or candidates.all_of_them:
            break
        wanted *= _SPARE
        found.clear()
    spans = np.array(list(found), dtype=np.int64).reshape(-1, 2)
    return Spans(
        start=spans[:, 0],
        end=spans[:, 1],
        score=np.exp(np.array(list(found.values()), dtype=np.float64) - scale),
        no_answer=float("nan") if none is None else float(np.exp(sum(none) - scale)),
    )


def _log_total(windows: Sequence[AnswerWindow], side: int, none: tuple[float, float] | None) -> float:
    """The logarithm of what a softmax divides by: over the context's tokens, each once, and the no-answer position."""
    tokens = max(window.first + len(window.start) for window in windows)
    logits = np.full(tokens + 1, -np.inf)
    for window in windows:
        part = slice(window.first, window.first + len(window.start))
        logits[part] = np.maximum(logits[part], window.end if side else window.start)
    if none is not None:
        logits[-1] = none[side]
    most = logits.max()
    return float(most + np.log(np.exp(logits - most).sum())) if np.isfinite(most) else 0.0


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Spans of tokens, the best first; those that are equally good in the order of the text, the shorter first.

    Attributes:
        first: int64 `[span]`, the token of the context that each begins with.
        last: int64 `[span]`, the one that it ends with.
        logit: float64 `[span]`, start logit + end logit.
        all_of_them: whether there are no others.
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    logit: NDArray[np.float64]
    all_of_them: bool

    @classmethod
    def best(
        cls, windows: Sequence[AnswerWindow], offsets: NDArray[np.integer], wanted: int, longest: int
    ) -> _Candidates:
        """So many of the best spans, and any that are as good as the last of them."""
        none = np.empty(0, dtype=np.int64)
        blocks = [(none, none, np.empty(0)), *_blocks(windows, offsets, longest, wanted)]
        first, last, logit = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        order = np.lexsort((last, first, -logit))
        enough = len(order) > wanted
        if enough:
            order = order[logit[order] >= logit[order[wanted - 1]]]
        return cls(first[order], last[order], logit[order], not enough)

    def __iter__(self) -> Iterator[tuple[int, int, float]]:
        return iter(zip(self.first.tolist(), self.last.tolist(), self.logit.tolist(), strict=True))


def _blocks(
    windows: Sequence[AnswerWindow], offsets: NDArray[np.integer], longest: int, wanted: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]:
    """First and last token and logit of the spans of a stretch of first tokens at a time, as far as they are wanted."""
    for window in windows:
        tokens = len(window.start)
        width = min(longest, tokens)
        part = offsets[window.first : window.first + tokens]
        empty = part[:, 0] >= part[:, 1]  # such as a lone mark for a space
        start = np.where(empty, -np.inf, window.start)
        end = np.append(np.where(empty, -np.inf, window.end), np.full(width, -np.inf))
        rows = max(1, _MOST_AT_ONCE // max(1, width))
        for at in range(0, tokens, rows):
            stop = min(tokens, at + rows)
            ends = np.lib.stride_tricks.sliding_window_view(end[at : stop + width - 1], width)
            logits = (start[at:stop, None] + ends).ravel()
            chosen = _at_least(logits, wanted)
            first = window.first + at + chosen // width
            yield first, first + chosen % width, logits[chosen]


def _at_least(logits: NDArray[np.float64], wanted: int) -> NDArray[np.int64]:
    """Where the largest stand, one more than wanted where there are so many, and what is as large as the last."""
    most = wanted + 1
    if len(logits) > most:
        least = np.partition(logits, -most)[-most]
        return np.flatnonzero((logits >= least) & np.isfinite(logits))
    return np.flatnonzero(np.isfinite(logits))


def _in_words(context: str, start: int, end: int) -> tuple[int, int] | None:
    """A span without the white space around it, widened to whole words; None when nothing is left of it."""
    text = context[start:end]
    end -= len(text) - len(text.rstrip())
    start += len(text) - len(text.lstrip())
    if start >= end:
        return None
    if not (_is_cut(context, start) or _is_cut(context, end)):
        return start, end
    from_, to = max(0, start - _LONGEST_WORD), min(len(context), end + _LONGEST_WORD)
    words = words_of([context[from_:to]]).numbers
    while start > from_ and _is_cut(context, start) and words[start - from_] == words[start - 1 - from_]:
        start -= 1
    while end < to and _is_cut(context, end) and words[end - from_] == words[end - 1 - from_]:
        end += 1
    return start, end


def _is_cut(context: str, at: int) -> bool:
    """Whether there may be no end of a word between two characters: both are there, and neither ends one."""
    return 0 < at < len(context) and not (_ends_word(context[at - 1]) or _ends_word(context[at]))


def _ends_word(character: str) -> bool:
    return character.isspace() or unicodedata.category(character).startswith("P")
