"""The lines of a program that give the model one text at a time: its tokens, and the special ones around them."""

from __future__ import annotations

from nbtransformers.codegen.layout import Part, call
from nbtransformers.results.recipe import Around

SPECIAL = [
    "special = set(tokenizer.all_special_ids)",
    "if tokenizer.unk_token_id not in (tokenizer.bos_token_id, tokenizer.eos_token_id):",
    "    special.discard(tokenizer.unk_token_id)  # it stands for some of the text",
]
"""The lines that leave the numbers of the special tokens in `special`."""


def around_lines(around: Around) -> list[str]:
    """`before` and `behind`, the tokens that the model expects around a text."""
    return [
        "# The special tokens before a text, and behind it.",
        f"before, behind = {list(around.before)}, {list(around.behind)}",
    ]


def room(around: Around, limit: int) -> int:
    """Tokens of a text that the model can read, of `limit` with the special ones."""
    return limit - len(around.before) - len(around.behind)


def refused(around: Around, limit: int) -> list[str]:
    """The lines, within a loop, that let no text have more `ids` than the model can read."""
    return [
        f"    if len(ids) > {room(around, limit)}:",
        f'        raise ValueError(f"A text has {{len(ids)}} tokens, and the model reads {room(around, limit)}.")',
    ]


def read_part(around: Around, said: str, result: list[str]) -> Part:
    """The function `read`, of the tokens of one text, without special ones.

    Args:
        around: what stands around them.
        said: what it gives, in a sentence.
        result: the lines that give it, of `output` (what the model says) and `ids`.
    """
    given = ["input_ids=inputs"]
    types: list[str] = []
    if around.types is not None:
        before, within, behind = around.types
        kinds = [*([f"*{list(before)}"] if before else []), f"*[{within}] * len(ids)", f"*{list(behind)}"]
        types = call("    types = torch.tensor([[", kinds, "]], device=device)")
        given.append("token_type_ids=types")
    return Part(
        [
            "def read(ids):",
            f'    """{said}"""',
            "    inputs = torch.tensor([[*before, *ids, *behind]], device=device)",
            *types,
            "    with torch.inference_mode():  # keeps nothing that only training needs",
            f"        output = model({', '.join(given)})",
            *result,
        ],
        ("import torch",),
        is_function=True,
    )
