"""Filled masks made by hand, for several test files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from helpers import RUN

from nbtransformers.request import DataRef, FillRequest
from nbtransformers.results.filling import Filling, mask_kind
from nbtransformers.results.ragged import Ragged
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.run import RunReport
from nbtransformers.results.texts import Texts
from nbtransformers.results.tokens import Spelling


def filling(
    prompts: Sequence[str | None],
    fillings: Sequence[Sequence[Sequence[tuple[str, float]]] | None],
    *,
    reasons: Mapping[int, str] | None = None,
    index: Any = None,
    run: RunReport = RUN,
    notes: Sequence[str] = (),
) -> Filling:
    """A result as the engine could have given it: for each row and each `[MASK]` in it words with probabilities.

    None as what a row has is a row that was not filled.
    """
    words = sorted({word for row in fillings for mask in row or () for word, _ in mask})
    ranks = max((len(mask) for row in fillings for mask in row or ()), default=1)
    kind = mask_kind(ranks)
    rows: list[Any] = []
    for prompt, masks in zip(prompts, fillings, strict=True):
        spans = [found.span() for found in re.finditer(re.escape("[MASK]"), prompt or "")]
        rows.append(
            None
            if masks is None
            else np.array(
                [
                    (*span, [words.index(word) for word, _ in mask], [likely for _, likely in mask])
                    for span, mask in zip(spans, masks, strict=True)
                ],
                dtype=kind,
            )
        )
    given = {row: "no mask: write [MASK] where a word is missing" for row, masks in enumerate(rows) if masks is None}
    return Filling(
        request=FillRequest(DataRef("variable", "data"), top_k=ranks),
        prompts=Texts(prompts),
        index=index,
        found=Ragged.packed(rows, kind),
        spelling=Spelling(
            np.arange(len(words), dtype=np.int32),
            Texts(words),
            Texts(word.removeprefix("##").encode("utf-8", "surrogatepass").hex() for word in words),
        ),
        reasons=Reasons(len(prompts), given | dict(reasons or {})),
        tokens_read=np.full(len(prompts), 9, dtype=np.int64),
        unread=np.zeros(len(prompts), dtype=np.int64),
        doubtful=np.zeros(len(prompts), dtype=bool),
        run=run,
        notes=tuple(notes),
    )
