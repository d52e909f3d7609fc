"""From the labels of words to spans: what a token classifier's labels mean, and how they are decoded.

The labels of the pieces of a word become one label of the word as Transformers' `aggregation_strategy` has it
(https://github.com/huggingface/transformers/blob/main/src/transformers/pipelines/token_classification.py):

- `first`: the label and the probability of its first piece;
- `average`: the mean of the pieces' probabilities, then the best label;
- `max`: the label and the probability of the piece that is surest.

Words become spans as seqeval decodes by default (`get_entities`), which is what Transformers does with B and I: a span
begins at a B or S, after an E or S, after a word outside, and where the type changes; so an I that follows nothing
begins one, and an I-X behind a B-Y too. The score of a span is the mean of the scores of its words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nbtransformers.request import Aggregation

_OUTSIDE = ("O", "o", "0", "OUTSIDE", "outside", "NONE", "none")
_NO_LABEL = ("X", "[PAD]", "[CLS]", "[SEP]", "<pad>", "<s>", "</s>", "PAD")  # left from training; never a type
_BEGINS, _ENDS, _MARKS = "BSU", "ESLU", "BIESLUM"  # S and U are whole spans; E and L their ends; M and I within
_MARK_BEFORE = re.compile(r"(?P<mark>[BIESLUM])(?P<sign>[-_])(?P<type>.+)", re.DOTALL)
_MARK_BEHIND = re.compile(r"(?P<type>.+)(?P<sign>[-_])(?P<mark>[BIESLUM])", re.DOTALL)
_NAMELESS = "entity"  # of labels that are only B, I and O


@dataclass(frozen=True, slots=True)
class Tags:
    """What the labels of a token classifier mean.

    Attributes:
        types: the types of spans, such as `PER`, in the order of their first label.
        type_of: int64 `[label]`, the type of each label; -1 for a word outside of any span.
        begins: bool `[label]`, whether a span begins here, whatever stands before.
        ends: bool `[label]`, whether a span ends here, whatever follows.
        scheme: `BIO`, `BIOES`, `BILOU`, `BMES`, `IO`, or `plain` for labels that say no place within the span.
        has_outside: whether a word can be outside of every span.
    """

    types: tuple[str, ...]
    type_of: NDArray[np.int64]
    begins: NDArray[np.bool_]
    ends: NDArray[np.bool_]
    scheme: str
    has_outside: bool

    @property
    def each_word_alone(self) -> bool:
        """Whether every word is a span: labels such as parts of speech, of which there is one a word."""
        return self.scheme == "plain" and not self.has_outside


def tags_of(labels: Sequence[str]) -> Tags:
    """What some labels mean, by their spelling.

    `B-PER` and `PER-B` are read alike, and with `_` too where all labels have it. What has no such mark is a type
    itself, and goes on where the word before has it.

    Args:
        labels: the label of each number.

    Example:
        >>> tags = tags_of(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"])
        >>> tags.types, tags.scheme, tags.type_of.tolist()
        (('PER', 'LOC'), 'BIO', [-1, 0, 0, 1, 1])
    """
    outside = next((name for name in _OUTSIDE if name in labels), None)
    without = {outside, *(_NO_LABEL if outside is not None else ())}
    parsed = _parsed([label for label in labels if label not in without])
    pairs = [("", "") if label in without else parsed[label] for label in labels]
    types = tuple(dict.fromkeys(kind for _, kind in pairs if kind))
    number = {kind: at for at, kind in enumerate(types)} | {"": -1}
    marks = [mark for mark, _ in pairs]
    return Tags(
        types=types,
        type_of=np.array([number[kind] for _, kind in pairs], dtype=np.int64),
        begins=np.array([bool(mark) and mark in _BEGINS for mark in marks], dtype=bool),
        ends=np.array([bool(mark) and mark in _ENDS for mark in marks], dtype=bool),
        scheme=_scheme({mark for mark in marks if mark}),
        has_outside=outside is not None,
    )


def _parsed(labels: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Each label as its mark (empty for none) and its type."""
    if labels and all(label in _MARKS for label in labels):
        return {label: (label, _NAMELESS) for label in labels}
    for style in (_MARK_BEFORE, _MARK_BEHIND):
        found = {label: match for label in labels if (match := style.fullmatch(label))}
        if _is_meant(found, labels):
            marked = {label: (match["mark"], match["type"]) for label, match in found.items()}
            return {label: marked.get(label, ("", label)) for label in labels}
    return {label: ("", label) for label in labels}


def _is_meant(found: Mapping[str, re.Match[str]], labels: Sequence[str]) -> bool:
    """Whether what looks like marks are some: a type may itself begin with `E-` or end in `_S`."""
    if not any(match["mark"] in "BI" for match in found.values()):
        return False
    return len(found) == len(labels) or all(match["sign"] == "-" for match in found.values())


def _scheme(marks: set[str]) -> str:
    if not marks:
        return "plain"
    if marks & {"L", "U"}:
        return "BILOU"
    if "M" in marks:
        return "BMES"
    if marks & {"E", "S"}:
        return "BIOES"
    return "BIO" if "B" in marks else "IO"


def label_words(
    probabilities: NDArray[np.float32], firsts: NDArray[np.int64], aggregation: Aggregation
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The label and the probability of each word, from those of its tokens.

    Args:
        probabilities: float32 `[token, label]`, the tokens of all words one behind the other.
        firsts: int64 `[word]`, the first token of each word, in rising order; the first is 0.
        aggregation: how the tokens of a word become one.

    Returns:
        int64 `[word]`, float32 `[word]`.
    """
    if not len(firsts):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
    if aggregation == "average":
        lengths = np.diff(firsts, append=len(probabilities))
        chosen = np.add.reduceat(probabilities, firsts) / lengths[:, None].astype(np.float32)
    elif aggregation == "max":
        chosen = probabilities[_surest(probabilities.max(axis=1), firsts)]
    else:
        chosen = probabilities[firsts]
    labels = chosen.argmax(axis=1)
    return labels, chosen[np.arange(len(labels)), labels].astype(np.float32)


def _surest(scores: NDArray[np.float32], firsts: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each word its token with the highest score, the first of several."""
    word = np.repeat(np.arange(len(firsts)), np.diff(firsts, append=len(scores)))
    places = np.flatnonzero(scores == np.maximum.reduceat(scores, firsts)[word])
    return places[np.unique(word[places], return_index=True)[1]]


@dataclass(frozen=True, slots=True)
class WordSpans:
    """Spans of words.

    Attributes:
        first: int64 `[span]`, the first word of each.
        last: int64 `[span]`, its last word.
        type: int64 `[span]`, the number of its type.
        score: float32 `[span]`, the mean of the scores of its words.
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    type: NDArray[np.int64]
    score: NDArray[np.float32]


def decode(labels: NDArray[np.int64], scores: NDArray[np.float32], owner: NDArray[np.int64], tags: Tags) -> WordSpans:
    """The spans that the labels of words make.

    Args:
        labels: int64 `[word]`.
        scores: float32 `[word]`.
        owner: int64 `[word]`, the text of each word; no span reaches over its end.
        tags: what the labels mean.

    Example:
        >>> tags = tags_of(["O", "B-PER", "I-PER"])
        >>> spans = decode(np.array([1, 2, 0, 2]), np.ones(4, np.float32), np.zeros(4, np.int64), tags)
        >>> spans.first.tolist(), spans.last.tolist()
        ([0, 3], [1, 3])
    """
    kind = tags.type_of[labels]
    inside = kind >= 0
    begins = tags.begins[labels] | tags.each_word_alone
    if len(labels):
        begins[0] = True
        begins[1:] |= tags.ends[labels[:-1]] | (kind[1:] != kind[:-1]) | (owner[1:] != owner[:-1])
    begins &= inside
    first = np.flatnonzero(begins)
    # A span goes on until the next begins, or a word is outside.
    stops = np.append(np.flatnonzero(begins | ~inside), len(labels))
    last = stops[np.searchsorted(stops, first, side="right")] - 1
    sums = np.concatenate([[0.0], np.cumsum(scores, dtype=np.float64)])
    mean = (sums[last + 1] - sums[first]) / (last + 1 - first)
    return WordSpans(first, last, kind[first], mean.astype(np.float32))
