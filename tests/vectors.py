"""Embeddings and similarities as the engine could have given them, made in a moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from helpers import RUN
from numpy.typing import NDArray

from nbtransformers.request import DataRef, EmbedRequest, SimilarRequest
from nbtransformers.results.embeddings import Embeddings
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.similarity import Similarity
from nbtransformers.results.texts import Texts

TOPICS = (
    ("The parliament passed the new budget by a single vote.", "Voters go to the polls on Sunday."),
    ("She scored twice in the last ten minutes.", "The match went to penalties."),
    ("The new phone folds in three and lasts two days.", "An update makes the laptop faster."),
    ("这部电影很好看，值得再看一遍。", "那部电影太长了。"),
    ("كان الفيلم طويلاً ومملاً", "الفيلم جميل جداً"),
    ("The whole family loved it 👩‍👩‍👧‍👦🎬", "🎉🎉 so much fun"),
)


def topical(rows: int) -> list[str]:
    """Texts of a few topics in turn."""
    return [
        f"{TOPICS[row % len(TOPICS)][row // len(TOPICS) % 2]}{f' {row}' if row >= 12 else ''}" for row in range(rows)
    ]


def near_topics(rows: int, dimension: int = 32, seed: int = 0) -> NDArray[np.float32]:
    """A vector a row, near that of its topic."""
    chance = np.random.default_rng(seed)
    centres = chance.normal(size=(len(TOPICS), dimension)).astype(np.float32)
    vectors = chance.normal(size=(rows, dimension)).astype(np.float32) * np.float32(0.7)
    return vectors + centres[np.arange(rows) % len(TOPICS)]


def embeddings(
    texts: Sequence[str | None], vectors: NDArray[np.float32] | None = None, index: Any = None, **fields: Any
) -> Embeddings:
    """Embeddings of these texts; None is a text without a vector."""
    found = near_topics(len(texts)) if vectors is None else vectors.copy()
    missing = [row for row, text in enumerate(texts) if text is None]
    found[missing] = np.nan
    usual: dict[str, Any] = {
        "request": EmbedRequest(DataRef("variable", "data")),
        "texts": Texts(texts),
        "index": index,
        "vectors": found,
        "reasons": Reasons(len(texts), dict.fromkeys(missing, "missing text")),
        "tokens": np.full(len(texts), 8, dtype=np.int64),
        "unread": np.zeros(len(texts), dtype=np.int64),
        "doubtful": np.zeros(len(texts), dtype=bool),
        "poolings": ("mean",),
        "normalized": False,
        "prompt": "",
        "measure": "cosine",
        "run": RUN,
        "embed": lambda texts, prompt, name: near_topics(len(texts), found.shape[1]),
    }
    return Embeddings(**{**usual, **fields})


def similarity(
    embedded: Embeddings, others: Embeddings | None = None, measure: Any = "cosine", **fields: Any
) -> Similarity:
    """How alike these texts are."""
    request = SimilarRequest(DataRef("variable", "data"), **fields)
    return Similarity(request=request, embeddings=embedded, others=others, measure=measure)
