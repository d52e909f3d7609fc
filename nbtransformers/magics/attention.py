"""`%%attention` and `%attention`."""

from __future__ import annotations

from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.magics import options
from nbtransformers.magics.data import data_of, variable_name
from nbtransformers.magics.help import magic_help
from nbtransformers.magics.parse import ParsedLine
from nbtransformers.magics.showing import Asked

GROUPS = {
    "What to read": options.ATTENTION,
    "With which model": options.MODEL,
    "How to run": options.RUN_ONE_TEXT,
    "Result": options.OUTPUT,
}

HELP = magic_help(
    "Look at how every token of a text attends to the others, in each layer and head. The result is also in `_`.",
    ["%%attention [options]     (one text below)", "%attention EXPRESSION [options]"],
    GROUPS,
    [
        ("The bundled encoder reads a text", "%%attention\nThe cat sat because it was tired."),
        ("A decoder, whose tokens attend to earlier ones only", "%%attention --model smollm2\nOne, two, one, two"),
        ("Two texts as one input", '%attention question --pair "It was tired." --out a'),
        ("An encoder-decoder and what it is to write", '%attention text --model owner/translator --target "Hi!"'),
        ("The weights of a head in Python", "nbtransformers.attention(text)[3, 7]"),
    ],
)


def attention(parsed: ParsedLine, cell: str | None, namespace: dict[str, Any], shell: Any) -> Asked:
    """What a line, and the cell below it, ask for."""
    from nbtransformers.doors.attention import attention_request, run_attention

    values = dict(parsed.values)
    out = variable_name(values.pop("out", None))
    if cell is not None and not cell.strip() and not parsed.expression:
        raise UserError("The cell holds no text.", hint="Write a text below the magic.")
    whole = {"whole": True} if cell is not None else {}
    data, objects = data_of(parsed, cell, whole, namespace, "attention", doing="look at")
    asked = attention_request(data, objects, namespace=namespace, **values)
    return Asked(run_attention, *asked, doing="Looking at attention", out=out)
