"""The difference of two looks at attention -> program."""

from __future__ import annotations

import re
from dataclasses import replace

from nbtransformers.codegen.attention import all_weights
from nbtransformers.codegen.layout import Part, call, definition, program
from nbtransformers.results.attentionrecipe import AttentionDifferenceRecipe

_TITLE = "Subtract one attention from another, with Transformers and PyTorch alone."


def attention_difference_program(recipe: AttentionDifferenceRecipe) -> str:
    """The program for a difference; it leaves its weights in `attention`, by part and layer."""
    (request, first), (other, second) = recipe.first, recipe.second
    loaded_alike = (first.place, first.dtype, request.run.device) == (second.place, second.dtype, other.run.device)
    sides = ["tokens", *(["decoder_tokens"] if first.decoder_ids else [])]
    kept = ["attention", *sides]
    parts = [
        _heading("What is subtracted from"),
        *map(_unnumbered, all_weights(request, first)),
        Part([f"{', '.join(f'first_{name}' for name in kept)} = {', '.join(kept)}"]),
        _heading("What is subtracted"),
        *map(_unnumbered, all_weights(other, second, loads=not loaded_alike)),
        _paired(),
        _less(),
        _difference(sides),
        _table(sides[-1]),
    ]
    return program(_TITLE, parts)


def _heading(said: str) -> Part:
    return Part([f"# --- {said} ---"])


def _unnumbered(part: Part) -> Part:
    """A part of a program whose steps are not in its own order here."""
    return replace(part, lines=[re.sub(r"^# \d\. ", "# ", line) for line in part.lines])


def _paired() -> Part:
    return definition(
        "paired(one, other)",
        "Of each token of one text the number of the same token of the other; -1 where it has none.",
        [
            "if one == other:",
            "    return np.arange(len(one))",
            "found = np.full(len(one), -1)",
            "for block in SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks():",
            "    found[block.a : block.a + block.size] = np.arange(block.b, block.b + block.size)",
            "return found",
        ],
        ("import numpy as np", "from difflib import SequenceMatcher"),
    )


def _less() -> Part:
    return definition(
        "less(weights, other, queries, keys)",
        "The difference `[head, query, key]` of a layer; NaN where a token has no partner.",
        [
            "found = weights - other[:, np.maximum(queries, 0)][:, :, np.maximum(keys, 0)]",
            "found[:, queries < 0] = np.nan",
            "found[:, :, keys < 0] = np.nan",
            "return found",
        ],
        ("import numpy as np",),
    )


def _difference(sides: list[str]) -> Part:
    partners = {"self": ("queries", "queries")}
    if len(sides) > 1:
        partners |= {"cross": ("queries", "keys"), "encoder": ("keys", "keys")}
    lines = ["# --- The difference, token by token where both texts have the same ---"]
    for name, side in zip(("queries", "keys"), reversed(sides), strict=False):
        lines.append(f"{name} = paired(first_{side}, {side})")
    lines += [
        *call("partners = {", [f'"{part}": ({one}, {other})' for part, (one, other) in partners.items()], "}"),
        "second_attention, attention = attention, {}",
        "for part, layers in first_attention.items():",
        "    pairs = zip(layers, second_attention[part])",
        "    attention[part] = [less(one, other, *partners[part]) for one, other in pairs]",
    ]
    return Part(lines)


def _table(side: str) -> Part:
    return Part(
        [
            "# What each token attends to more, or less, in the first head of the first layer.",
            "layer, head = 0, 0",
            'weights = attention["self"][layer][head]',
            f"table = pd.DataFrame(weights, index=first_{side}, columns=first_{side})",
            "print(table)",
        ],
        ("import pandas as pd",),
    )
