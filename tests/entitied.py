"""Results with entities made by hand, and those of the golden file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from helpers import RUN

from nbtransformers.request import DataRef, EntitiesRequest, ModelRef
from nbtransformers.results.entities import SPAN, TAGGED, Entities
from nbtransformers.results.ragged import Ragged
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.texts import Texts
from nbtransformers.results.tokens import Spelling

GOLDEN: dict[str, Any] = json.loads(
    Path(__file__).with_name("golden").joinpath("entities.json").read_text(encoding="utf-8")
)["texts"]

Found = Sequence[tuple[int, int, str, float]]
"""Entities of a text: start, end, label, score."""


def entities(
    texts: Sequence[str | None],
    found: Sequence[Found],
    *,
    types: Sequence[str] = ("PER", "LOC"),
    reasons: Mapping[int, str] | None = None,
    index: Any = None,
    notes: Sequence[str] = (),
) -> Entities:
    """A result as the engine could have given it: each run of English letters, and each other character, is a word."""
    kinds = {name: number for number, name in enumerate(types)}
    spans = [
        np.array([(start, stop, kinds[name], score) for start, stop, name, score in own], dtype=SPAN) for own in found
    ]
    labels = ("O", *(f"{mark}-{name}" for name in types for mark in "BI"))
    pieces: dict[str, int] = {}
    tagged = [_tagged(text or "", own, labels, pieces) for text, own in zip(texts, found, strict=True)]
    given = {row: "missing" for row, text in enumerate(texts) if text is None} | dict(reasons or {})
    return Entities(
        request=EntitiesRequest(DataRef("variable", "data"), ModelRef("folder", "a-model")),
        texts=Texts(texts),
        index=index,
        types=tuple(types),
        found=Ragged.packed([None if row in given else own for row, own in enumerate(spans)], SPAN),
        labels=labels,
        tagged=Ragged.packed([None if row in given else own for row, own in enumerate(tagged)], TAGGED),
        spelling=Spelling(
            np.arange(len(pieces), dtype=np.int32),
            Texts(pieces),
            Texts(piece.encode("utf-8", "surrogatepass").hex() for piece in pieces),
        ),
        reasons=Reasons(len(texts), given),
        tokens=np.full(len(texts), 7, dtype=np.int64),
        unread=np.zeros(len(texts), dtype=np.int64),
        doubtful=np.zeros(len(texts), dtype=bool),
        run=RUN,
        notes=tuple(notes),
        method="BIO labels",
    )


def _tagged(text: str, found: Found, labels: tuple[str, ...], pieces: dict[str, int]) -> np.ndarray:
    tokens: list[tuple[int, int, int, int, float, bool]] = []
    at = 0
    while at < len(text):
        end = at + 1
        while end < len(text) and text[at : end + 1].isascii() and text[at : end + 1].isalnum():
            end += 1
        if not text[at].isspace():
            inside = next(((start, name) for start, stop, name, _ in found if start <= at < stop), None)
            label = "O" if inside is None else f"{'B' if inside[0] == at else 'I'}-{inside[1]}"
            number = pieces.setdefault(text[at:end], len(pieces))
            tokens.append((number, at, end, labels.index(label), 0.75, True))
        at = end
    return np.array(tokens, dtype=TAGGED)


def golden() -> Entities:
    """The rows of the golden file."""
    header, rows = GOLDEN["header"], GOLDEN["rows"]
    types = header["types"]
    return entities(
        [row["text"] for row in rows],
        [[(e["start"], e["stop"], types[e["type"]], e["score"]) for e in row["entities"]] for row in rows],
        types=types,
        reasons={number: row["reason"] for number, row in enumerate(rows) if row["reason"] is not None},
        index=[row["index"] for row in rows],
        notes=header["notes"],
    )
