"""`%%embed` and `%embed`."""

from __future__ import annotations

from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.magics import options
from nbtransformers.magics.data import data_of, variable_name
from nbtransformers.magics.help import magic_help
from nbtransformers.magics.parse import ParsedLine
from nbtransformers.magics.showing import Asked

GROUPS = {
    "What to embed": options.INPUT,
    "How": (*options.EMBED, *options.NORMALIZE),
    "With which model": options.MODEL,
    "How to run": options.RUN,
    "Result": options.OUTPUT_OR_FILE,
}

HELP = magic_help(
    "Embed texts: a vector for each, near those of texts that mean the same. The result is also in `_`.",
    ["%%embed [options]     (one text a line below)", "%embed EXPRESSION [options]"],
    GROUPS,
    [
        ("The bundled encoder; the panel draws the texts on a plane", "%%embed\nA joy from start to end.\nDull."),
        ("A column of a table; the vectors are in found.vectors", "%embed df --column review --out found"),
        ("A model of the Hub, as it declares its pooling and its prompts", "%embed texts --model intfloat/e5-small-v2"),
        ("A prompt of your own; vectors of 256 numbers", '%embed texts --prompt "query: " --dimensions 256'),
        ("The nearest texts to a query", "nbtransformers.embed(texts).nearest('a happy film')"),
    ],
)


def embed(parsed: ParsedLine, cell: str | None, namespace: dict[str, Any], shell: Any) -> Asked:
    """What a line, and the cell below it, ask for."""
    from nbtransformers.doors.embed import embed_request, run_embed

    values = dict(parsed.values)
    out = variable_name(values.pop("out", None))
    data, objects = data_of(parsed, cell, values, namespace, "embed")
    asked = embed_request(data, objects, namespace=namespace, normalize=_normalize(values), **values)
    return Asked(run_embed, *asked, doing="Embedding", out=out)


def _normalize(values: dict[str, Any]) -> bool | None:
    """What the two flags say; takes them out of `values`."""
    yes, no = values.pop("normalize", False), values.pop("no_normalize", False)
    if yes and no:
        raise UserError("`--normalize` and `--no-normalize` contradict each other.", hint="Remove one of them.")
    return True if yes else False if no else None
