"""Entities as others have them: displaCy, spaCy, CoNLL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from nbtransformers.errors import UserError
from nbtransformers.results.export import Written, write_file

if TYPE_CHECKING:
    from nbtransformers.results.entities import Entities


def displacy_texts(result: Entities) -> list[dict[str, Any]]:
    """A dict a text, with its entities."""
    return [
        {
            "text": _without_halves(text or ""),
            "ents": [{"start": span.start, "end": span.end, "label": span.label} for span in spans],
            "title": None,
        }
        for text, spans in zip(result.texts, result.spans, strict=True)
    ]


def spacy_docs(result: Entities, nlp: Any) -> list[Any]:
    """A `Doc` a text, with its entities.

    Raises:
        UserError: when spaCy is not installed.
    """
    try:
        import spacy
        from spacy.tokens import Doc
    except ImportError as error:
        raise UserError("spaCy is not installed.", hint="Type `%pip install spacy`.") from error
    nlp = spacy.blank("xx") if nlp is None else nlp
    docs: list[Any] = []
    for text, spans in zip(result.texts, result.spans, strict=True):
        made = nlp.make_doc(_without_halves(text or ""))
        pieces = list(_pieces(made, sorted({edge for span in spans for edge in (span.start, span.end)})))
        doc: Any = Doc(nlp.vocab, words=[word for word, _ in pieces], spaces=[space for _, space in pieces])
        doc.ents = [doc.char_span(span.start, span.end, label=span.label) for span in spans]
        docs.append(doc)
    return docs


def _pieces(doc: Any, edges: list[int]) -> Iterator[tuple[str, bool]]:
    """The tokens of a `Doc` as words, and whether a space follows; one that an entity ends in is cut there."""
    for token in doc:
        start, stop = token.idx, token.idx + len(token)
        cuts = [start, *(edge for edge in edges if start < edge < stop), stop]
        for first, last in pairwise(cuts):
            yield doc.text[first:last], last == stop and bool(token.whitespace_)


def write_conll(result: Entities, path: str | os.PathLike[str], *, overwrite: bool) -> Written:
    """The words of the texts with their labels, a word a line."""

    def write(file: BinaryIO) -> tuple[int, tuple[str, ...]]:
        words = 0
        for row in range(len(result)):
            lines = [f"{word}\t{label}\n" for word, label in labelled_words(result, row)]
            if lines:
                file.write("".join([*lines, "\n"]).encode("utf-8"))
            words += len(lines)
        return words, ()

    return write_file(path, write, taken="replace" if overwrite else "refuse")


def labelled_words(result: Entities, row: int) -> Iterator[tuple[str, str]]:
    """The words of one text, each with `B-`, `I-` and the type of its span, or `O`."""
    text = _without_halves(result.texts[row] or "")
    tagged, spans = result.tagged[row], result.found[row]
    first = np.flatnonzero(tagged["begins"])
    stops = np.maximum.reduceat(tagged["stop"], first).tolist() if len(first) else []
    ends = spans["stop"].tolist()
    at = 0
    for start, stop in zip(tagged["start"][first].tolist(), stops, strict=True):
        word = text[start:stop].strip()
        if not word:
            continue
        while at < len(ends) and ends[at] <= start:
            at += 1
        inside = at < len(ends) and int(spans["start"][at]) < stop
        kind = result.types[int(spans["type"][at])] if inside else ""
        begins = inside and int(spans["start"][at]) >= start
        yield word, f"{'B' if begins else 'I'}-{kind}" if inside else "O"


def _without_halves(text: str) -> str:
    """A text that UTF-8 can carry, with every character in its place: half a character becomes U+FFFD."""
    if text.isascii():
        return text
    return "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in text)
