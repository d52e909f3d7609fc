"""The lines of a program that cut a text into parts that a model can read."""

from __future__ import annotations

from nbtransformers.codegen.layout import Part
from nbtransformers.codegen.literals import INDENT, listed
from nbtransformers.request import LongText
from nbtransformers.results.writingrecipe import RewriteRecipe


def cutting_parts(recipe: RewriteRecipe, most: str) -> list[Part]:
    """The functions `fits`, `halves` and `parts_of`.

    Args:
        recipe: where a text is cut, and how much the model reads.
        most: how many tokens may be written for a part of so many `tokens`, as an expression.
    """
    return [
        Part(
            [
                "# Where a text may be cut: between paragraphs, lines, sentences, clauses, words, or characters.",
                *listed("boundaries", recipe.boundaries, one_line=False),
                "boundaries = [regex.compile(boundary, regex.V1) for boundary in boundaries]",
            ],
            ("import regex",),
        ),
        _fits(recipe, most),
        _HALVES,
        _PARTS_OF,
    ]


def _fits(recipe: RewriteRecipe, most: str) -> Part:
    read = "tokens" if recipe.writing.is_seq2seq else f"tokens + {most}"
    return Part(
        [
            "def fits(tokens):",
            f'    """Whether the model can read so many tokens{"" if recipe.writing.is_seq2seq else ", and write"}."""',
            f"    return {f'{read} <= {recipe.limit}' if recipe.limit else 'True'}",
        ],
        is_function=True,
    )


_HALVES = Part(
    [
        "def halves(text, start, stop):",
        '    """A part in two, at the best boundary in its middle half, else anywhere."""',
        "    quarter, middle = (stop - start) // 4, (start + stop) / 2",
        "    for first, last in ((start + quarter, stop - quarter), (start, stop)):",
        "        for boundary in boundaries:",
        "            cuts = [match.end() for match in boundary.finditer(text, first, last)]",
        "            cuts = [at for at in cuts if start < at < last]",
        "            if cuts:",
        "                at = min(cuts, key=lambda place: abs(place - middle))",
        "                return [(start, at), (at, stop)]",
        "    return []",
    ],
    is_function=True,
)
_PARTS_OF = Part(
    [
        "def parts_of(text, start, stop):",
        '    """A stretch of a text in parts that fit: start, stop and tokens of each."""',
        "    part = text[start:stop]",
        "    if not part.strip():",
        "        return []",
        "    start += len(part) - len(part.lstrip())",
        "    stop = start + len(part.strip())",
        "    ids = encode(text[start:stop])",
        "    if fits(len(ids)):",
        "        return [(start, stop, ids)]",
        "    return [found for half in halves(text, start, stop) for found in parts_of(text, *half)]",
    ],
    is_function=True,
)


def parts_expression(long: LongText, recipe: RewriteRecipe) -> list[str]:
    """The lines, within a loop over `text`s, that leave its `parts`."""
    lines = ["parts = parts_of(text, 0, len(text))"]
    if recipe.by != "whole":
        lines = [
            'cuts = {match.end() for match in regex.finditer(r"\\s*\\n\\s*", text)}',
            "# A line that goes on in small letters is one that was wrapped.",
            "cuts = {0, len(text), *(at for at in cuts if not text[at : at + 1].islower())}",
            *(
                ["cuts |= {match.end() for match in boundaries[2].finditer(text)}  # sentences"]
                if recipe.by == "sentences"
                else []
            ),
            "stretches = pairwise(sorted(cuts))",
            "parts = [part for stretch in stretches for part in parts_of(text, *stretch)]",
        ]
    if long == "truncate":
        lines += [
            "totals = accumulate(len(ids) for _, _, ids in parts)",
            "# The first ones that fit together; the rest is cut off.",
            "parts = [part for i, (part, n) in enumerate(zip(parts, totals)) if i == 0 or fits(n)]",
        ]
    elif long == "error":
        lines += [
            "if not fits(sum(len(ids) for _, _, ids in parts)):",
            '    raise ValueError("A text is too long for the model.")',
        ]
    return [INDENT + line for line in lines]
