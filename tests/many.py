"""A result of very many rows, made in a moment."""

from __future__ import annotations

import numpy as np
from helpers import RUN

from nbtransformers.request import ClassifyRequest, DataRef
from nbtransformers.results.classification import Classification
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.texts import Texts

LABELS = ("negative", "neutral", "positive")
WORDS = ("film", "goal", "budget", "vote", "phone", "long", "dull", "joy", "好看", "هذا")


def many(rows: int) -> Classification:
    """Short texts with three labels; one row in a thousand has no score."""
    random = np.random.default_rng(0)
    begun = [" ".join(random.choice(WORDS, 6)) for _ in range(5000)]
    scores = random.dirichlet([1, 1, 1], rows).astype(np.float32)
    scores[::1000] = np.nan
    return Classification(
        request=ClassifyRequest(DataRef("variable", "data")),
        texts=Texts([f"{begun[row % 5000]} {row}" for row in range(rows)]),
        index=None,
        labels=LABELS,
        scores=scores,
        reasons=Reasons(rows, dict.fromkeys(range(0, rows, 1000), "empty")),
        problem="single_label",
        tokens=np.full(rows, 8, dtype=np.int64),
        unread=np.zeros(rows, dtype=np.int64),
        doubtful=np.zeros(rows, dtype=bool),
        run=RUN,
    )
