"""Generated texts made by hand, as the engine could have given them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from helpers import RUN

from nbtransformers.request import DataRef, GenerateRequest
from nbtransformers.results.generation import ALTERNATIVES, TOKEN, Generation
from nbtransformers.results.ragged import Ragged
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.texts import Texts
from nbtransformers.results.tokens import Spelling

Written = Sequence[tuple[str, float]]
"""The text that each token adds, and its probability."""

GOLDEN: dict[str, Any] = json.loads(
    Path(__file__).with_name("golden").joinpath("generate.json").read_text(encoding="utf-8")
)["prompts"]


def generation(
    prompts: Sequence[str | None],
    written: Sequence[Written],
    *,
    endings: Sequence[int] | None = None,
    reasons: Mapping[int, str] | None = None,
    index: Any = None,
    run: Any = RUN,
    notes: Sequence[str] = (),
    **fields: Any,
) -> Generation:
    """A result whose vocabulary is the texts that occur, and some more, in their order; each has alternatives."""
    given = {row: "missing" for row, prompt in enumerate(prompts) if prompt is None} | dict(reasons or {})
    texts = list(dict.fromkeys(["<end>", *(piece for row in written for piece, _ in row if piece), "!", "?", "…", ";"]))
    ids = {text: number for number, text in enumerate(texts)}
    rows: list[Any] = []
    for row in written:
        tokens = np.zeros(len(row), TOKEN)
        for token, (piece, probability) in zip(tokens, row, strict=True):
            token["id"], token["probability"] = ids.get(piece, 0), probability
            others = [number for number in range(len(texts)) if number != token["id"]][: ALTERNATIVES - 1]
            token["top_ids"] = [token["id"], *others][:ALTERNATIVES]
            token["top_probabilities"] = [probability, *((1 - probability) / 2 ** (n + 1) for n in range(len(others)))]
        rows.append(tokens)
    return Generation(
        request=GenerateRequest(DataRef("variable", "data"), **fields),
        prompts=Texts(prompts),
        texts=Texts(None if row in given else "".join(p for p, _ in written[row]) for row in range(len(written))),
        index=index,
        found=Ragged.packed(rows, TOKEN),
        pieces=Texts(piece for row in written for piece, _ in row),
        spelling=Spelling(
            np.arange(len(texts), dtype=np.int32),
            Texts(texts),
            Texts("" if text == "<end>" else text.encode("utf-8", "surrogatepass").hex() for text in texts),
        ),
        endings=np.array([bool(row) for row in written] if endings is None else endings, np.uint8),
        reasons=Reasons(len(prompts), given),
        read=np.full(len(prompts), 7, np.int64),
        doubtful=np.zeros(len(prompts), bool),
        run=run,
        notes=tuple(notes),
    )
