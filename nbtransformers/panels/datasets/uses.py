"""What one does next with a dataset: cells that take it up, by what its columns hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nbtransformers.results.datasets import DatasetPreview

_PAIRS = (
    *(("sentence1", "sentence2"), ("premise", "hypothesis"), ("question1", "question2"), ("text1", "text2")),
    ("text_a", "text_b"),
)
_EVALUATED = ("validation", "valid", "val", "dev", "test")
_LABELS = ("label", "labels", "target", "class", "category", "sentiment", "stars", "rating", "score")
# Whoever made a dataset names its columns, and what is inserted is run: no line ends, and nothing that IPython expands.
_TYPED = re.compile(r"\w(?:[\w .:/|+=<>&#@*-]*[\w.])?")
_BARE = re.compile(r"[\w.-]+")
_WRITTEN = ("summary", "highlights", "abstract", "target", "response", "answer")


def uses(preview: DatasetPreview) -> tuple[tuple[str, str], ...]:
    """What one may do next: each in a word, and as a cell.

    Example:
        >>> uses(preview)
        (('Classify', '%classify hub:acme/reviews --split test --column text'),
         ('Fine-tune', '%finetune hub:acme/reviews --text text --label label'),
         ('Embed', '%embed hub:acme/reviews --split test --column text'))
    """
    return tuple((title, line) for title, line in _uses(preview) if line is not None)


def _uses(preview: DatasetPreview) -> Iterator[tuple[str, str | None]]:
    words = _words_column(preview)
    text = _longest_text(preview)
    split = {"split": preview.split} if len(preview.splits) > 1 else {}
    if {"question", "context"} <= set(preview.texts):
        yield "Answer", _line("answer", preview, **split, question="question", context="context")
    if words is not None:
        yield "Fine-tune", _line("finetune", preview, **_learnt(preview), **words)
        return
    if text is None:
        return
    yield "Classify", _line("classify", preview, **split, column=text)
    taught = _taught(preview, text)
    if taught is not None:
        yield "Fine-tune", _line("finetune", preview, **_learnt(preview), **taught)
    yield "Embed", _line("embed", preview, **split, column=text)


def _taught(preview: DatasetPreview, text: str) -> dict[str, str] | None:
    """The columns that are learnt from: texts, or pairs of them, and classes, numbers or other texts."""
    columns = list(preview.columns)
    label = next(iter(preview.classes), None) or next((name for name in _LABELS if name in columns), None)
    pair = next((pair for pair in _PAIRS if set(pair) <= set(preview.texts)), None)
    if label is not None and label != text:
        return {"text": pair[0], "pair": pair[1], "label": label} if pair else {"text": text, "label": label}
    written = next((name for name in _WRITTEN if name in preview.texts and name != text), None)
    return None if written is None else {"text": text, "label": written}


def _words_column(preview: DatasetPreview) -> dict[str, str] | None:
    """The columns of words and of their tags, where there are such lists."""
    words = next((name for name, kind in preview.columns.items() if kind == "list of string"), None)
    tags = next((name for name, kind in preview.columns.items() if kind.startswith("list of class")), None)
    return {"text": words, "label": tags} if words is not None and tags is not None else None


def _longest_text(preview: DatasetPreview) -> str | None:
    """The column of texts that has the longest in its first rows: ids and titles are short."""

    def length(name: str) -> int:
        return sum(len(value) for value in preview.rows[name] if isinstance(value, str))

    return max(preview.texts, key=length, default=None)


def _learnt(preview: DatasetPreview) -> dict[str, str]:
    """The split to learn from; none where there is another to evaluate on, which is then taken, too."""
    if len(preview.splits) == 1:
        return {}
    if preview.split == "train" and any(name in preview.splits for name in _EVALUATED):
        return {}
    return {"split": preview.split}


def _line(magic: str, preview: DatasetPreview, **options: str) -> str | None:
    """A magic with these options; None where a name is none that may be typed there."""
    subset = {"subset": preview.subset} if preview.subset is not None else {}
    given = {**subset, **options}
    if not all(_TYPED.fullmatch(value) for value in given.values()):
        return None
    typed = (f"--{name} {value}" if _BARE.fullmatch(value) else f'--{name} "{value}"' for name, value in given.items())
    return " ".join([f"%{magic} hub:{preview.name}", *typed])
