"""Explanations made by hand, for several test files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from helpers import RUN

from nbtransformers.request import DataRef, ExplainRequest
from nbtransformers.results.attention import CONTINUES, SECOND, SPECIAL, Side
from nbtransformers.results.explanation import Attribution, Explanation, Target

GOLDEN: dict[str, Any] = json.loads(
    Path(__file__).with_name("golden").joinpath("explain.json").read_text(encoding="utf-8")
)["pair"]


def explanation(
    text: str = "Ungood 很\n 😀",
    values: Sequence[Sequence[float]] = ((0.5, -1.25, 0.125, 0.5, 0.25),),
    *,
    spans: Sequence[tuple[int, int]] = ((0, 2), (2, 6), (7, 8), (10, 11), (10, 11)),
    pieces: Sequence[str] = ("un", "##good", "很", "ð", "Ł"),
    words: Sequence[int] = (0, 0, 1, 2, 2),
    notes: Sequence[str] = (),
    name: str = "positive",
) -> Explanation:
    """An explanation of one text without special tokens, by as many methods as there are rows of values."""
    flags = [CONTINUES * (at > 0 and word == words[at - 1]) for at, word in enumerate(words)]
    side = Side(
        text=text,
        ids=np.arange(len(pieces)),
        pieces=tuple(pieces),
        offsets=np.array(spans, np.int64),
        words=np.array(words, np.int64),
        flags=np.array(flags, np.uint8),
    )
    target = Target("label", name, name, 2.5, 0.75)
    names = ("integrated_gradients", "occlusion", "input_x_gradient")
    methods = names[: len(values)]
    found = tuple(
        Attribution(method, np.array(row, np.float32), "", 1.0, 0.005, ((0.0, 1.0, 32),))
        if method == "integrated_gradients"
        else Attribution(method, np.array(row, np.float32), "")
        for method, row in zip(methods, values, strict=True)
    )
    request = ExplainRequest(DataRef("variable", "text"), methods=methods)
    return Explanation(request, side, None, target, (target,), found, RUN, tuple(notes))


def golden() -> Explanation:
    """The explanation that the golden case tells of."""
    header = GOLDEN["header"]
    flags = [SPECIAL, 0, CONTINUES, 0, 0, CONTINUES, SPECIAL, SECOND, SPECIAL | SECOND]
    side = Side(
        text="Ungood 很\n 😀",
        ids=np.arange(9),
        pieces=("[CLS]", "un", "##good", "很", "ð", "Ł", "[SEP]", "<b>", "[SEP]"),
        offsets=np.array([(0, 0), (0, 2), (2, 6), (7, 8), (10, 11), (10, 11), (0, 0), (0, 3), (0, 0)]),
        words=np.array([-1, 0, 0, 1, 2, 2, -1, 3, -1]),
        flags=np.array(flags, np.uint8),
    )
    values = [[0, 0.5, -1.25, 0.125, 0.5, 0.25, 0, -0.5, 0], [-0.25, 1, 1, 0, 0.5, 0.5, 0, 2, 0]]
    targets = tuple(Target(**target) for target in header["targets"])
    gradients, occlusion = (np.array(row, np.float32) for row in values)
    found = (
        Attribution("integrated_gradients", gradients, header["methods"][0]["baseline"], 1.0, 0.005, ((0.0, 1.0, 32),)),
        Attribution("occlusion", occlusion, header["methods"][1]["baseline"]),
    )
    request = ExplainRequest(DataRef("variable", "text"), methods=("integrated_gradients", "occlusion"), pair="<b>")
    run = replace(RUN, model=header["title"])
    return Explanation(request, side, "<b>", targets[0], targets, found, run, tuple(header["notes"]))
