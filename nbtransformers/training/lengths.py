"""What is known of the examples before anything is learnt: their lengths, which are twice there, and their labels."""

from __future__ import annotations

import hashlib
import itertools
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.inputs.dataset_objects import without_bars
from nbtransformers.training.labels import label_counts
from nbtransformers.training.tasks.task import Description, Task

if TYPE_CHECKING:
    from datasets import Dataset

_COUNTED = 5_000  # rows; more say little new of lengths, and nobody waits for more than a second or two
_WINDOW = 1_000  # rows that are in memory at a time
_BARS = 20
_TEXTS = ("text", "tokens", "messages", "pair")


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long some texts are, in tokens, special tokens included.

    Attributes:
        counted: how many rows were counted, spread evenly over all.
        mean: tokens of a row.
        median: tokens of a row.
        p95: tokens that 95 of 100 rows do not exceed.
        longest: tokens of the longest row that was counted.
        limit: how many tokens are read; 0 is no limit.
        cut_rows: the share of rows that have more.
        cut_tokens: the share of all tokens that are not read.
        edges: tokens at the edges of the bars of a histogram, one more than bars.
        bars: rows in each.
    """

    counted: int
    mean: float
    median: float
    p95: float
    longest: int
    limit: int
    cut_rows: float
    cut_tokens: float
    edges: tuple[float, ...]
    bars: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Repeats:
    """Texts that are there more than once, but for case and white space.

    Attributes:
        duplicates: rows to learn from whose text an earlier one has.
        contradictions: those of them that have another label than the first.
        leaked: test rows whose text is also learnt from.
    """

    duplicates: int
    contradictions: int
    leaked: int


@dataclass(frozen=True, slots=True)
class Balance:
    """How often each label is there.

    Attributes:
        labels: the names; of numbers, the ranges of a histogram.
        train: rows (of tags, words) of each that are learnt from.
        test: likewise of the test rows.
    """

    labels: tuple[str, ...]
    train: tuple[int, ...]
    test: tuple[int, ...]


def lengths(rows: Dataset, task: Task, tokenizer: Any, description: Description, limit: int) -> Lengths:
    """How long the texts of some rows are, as the task makes tokens of them.

    Args:
        rows: of train.arrow or test.arrow.
        task: what is learnt.
        tokenizer: the model's.
        description: what is in the data.
        limit: tokens of a row that are read; 0 is no limit.
    """
    step = max(1, -(-len(rows) // _COUNTED))
    numbers = range(0, len(rows), step)
    with without_bars():
        counted = [_window_lengths(window, task, tokenizer, description) for window in _windows(rows, numbers)]
    return lengths_of(np.concatenate(counted) if counted else np.zeros(0, dtype=np.int64), limit)


def lengths_of(tokens: NDArray[np.int64], limit: int) -> Lengths:
    """What is said of the tokens of each row, int64 `[row]`."""
    if not len(tokens):
        return Lengths(0, 0.0, 0.0, 0.0, 0, limit, 0.0, 0.0, (0.0, 1.0), (0,))
    cut = np.maximum(tokens - limit, 0) if limit else np.zeros_like(tokens)
    bars, edges = np.histogram(tokens, bins=min(_BARS, int(np.ptp(tokens)) + 1))
    return Lengths(
        counted=len(tokens),
        mean=float(tokens.mean()),
        median=float(np.median(tokens)),
        p95=float(np.percentile(tokens, 95)),
        longest=int(tokens.max()),
        limit=limit,
        cut_rows=float((cut > 0).mean()),
        cut_tokens=float(cut.sum() / tokens.sum()),
        edges=tuple(edges.tolist()),
        bars=tuple(bars.tolist()),
    )


def repeats(train: Dataset, test: Dataset) -> Repeats:
    """Which texts are there more than once, in bounded memory: of each, a number is kept."""
    texts = np.concatenate([np.zeros(0, np.uint64), *map(_prints, _windows(_texts(train)))])
    learnt, first, place = np.unique(texts, return_index=True, return_inverse=True)
    contradictions = 0
    if "label" in train.column_names:
        labels = np.concatenate([np.zeros(0, np.uint64), *map(_label_prints, _windows(_labels(train)))])
        contradictions = int((labels != labels[first][place]).sum())
    leaked = sum(_known(_prints(window), learnt) for window in _windows(_texts(test)))
    return Repeats(len(texts) - len(learnt), contradictions, leaked)


def balance(train: Dataset, test: Dataset, description: Description) -> Balance | None:
    """How often each label is there, or which numbers; None where texts are learnt."""
    if description.training_task == "regression":
        return _ranges(_numbers(train), _numbers(test))
    if not description.labels:
        return None
    sides = (_counts(rows, description) for rows in (train, test))
    return Balance(description.labels, *sides)


def _window_lengths(
    window: dict[str, list[Any]], task: Task, tokenizer: Any, description: Description
) -> NDArray[np.int64]:
    from datasets import Dataset

    encoded = task.encode(Dataset.from_dict(window), tokenizer, description, 0)
    return np.array([len(ids) for ids in encoded["input_ids"]], dtype=np.int64)


def _windows(rows: Dataset, numbers: range | None = None) -> Iterator[dict[str, list[Any]]]:
    every = range(len(rows)) if numbers is None else numbers
    for at in range(0, len(every), _WINDOW):
        some = every[at : at + _WINDOW]
        yield rows[slice(some.start, some.stop, some.step)]


def _texts(rows: Dataset) -> Dataset:
    """The columns of texts alone: what is not looked at need not be decoded."""
    return rows.select_columns([name for name in _TEXTS if name in rows.column_names])


def _labels(rows: Dataset) -> Dataset:
    return rows.select_columns("label")


def _prints(window: dict[str, list[Any]]) -> NDArray[np.uint64]:
    """Of each text a number that another one hardly has: uint64 `[row]`."""
    rows = zip(*window.values(), strict=True)
    return np.array([_print("\x1f".join(map(_plain, row))) for row in rows], dtype=np.uint64)


def _known(prints: NDArray[np.uint64], learnt: NDArray[np.uint64]) -> int:
    """How many are among those that are learnt, which are sorted."""
    places = np.minimum(np.searchsorted(learnt, prints), len(learnt) - 1)
    return int((learnt[places] == prints).sum()) if len(learnt) else 0


def _label_prints(window: dict[str, list[Any]]) -> NDArray[np.uint64]:
    return np.array([_print(repr(label)) for label in window["label"]], dtype=np.uint64)


def _print(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def _plain(value: str | list[str]) -> str:
    text = value if isinstance(value, str) else " ".join(value)
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _counts(rows: Dataset, description: Description) -> tuple[int, ...]:
    counts = np.zeros(len(description.labels), dtype=np.int64)
    for window in _windows(_labels(rows)):
        counts += label_counts(window["label"], len(counts), hot=description.training_task == "multi-label")
    return tuple(counts.tolist())


def _numbers(rows: Dataset) -> NDArray[np.float64]:
    return np.concatenate([np.zeros(0), *(np.array(window["label"], np.float64) for window in _windows(_labels(rows)))])


def _ranges(train: NDArray[np.float64], test: NDArray[np.float64]) -> Balance:
    edges = np.histogram_bin_edges(np.concatenate([train, test]), bins=10)
    labels = tuple(f"{low:.4g} to {high:.4g}" for low, high in itertools.pairwise(edges))
    bars = (tuple(np.histogram(numbers, edges)[0].tolist()) for numbers in (train, test))
    return Balance(labels, *bars)
