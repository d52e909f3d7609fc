"""`%%fill` and `%fill`."""

from __future__ import annotations

from typing import Any

from nbtransformers.magics import options
from nbtransformers.magics.data import data_of, variable_name
from nbtransformers.magics.help import magic_help
from nbtransformers.magics.parse import ParsedLine
from nbtransformers.magics.showing import Asked

GROUPS = {
    "What to fill": options.INPUT,
    "With which words": options.FILL,
    "With which model": options.MODEL,
    "How to run": options.RUN_WHOLE,
    "Result": options.OUTPUT_OR_FILE,
}

HELP = magic_help(
    "Fill masked words with a masked language model. The result is also in `_`.",
    ["%%fill [options]     (one text a line below, with <mask> or [MASK] where a word is missing)", "%fill EXPRESSION"],
    GROUPS,
    [
        (
            "The likeliest words in the place of one",
            "%%fill --model distilbert/distilroberta-base\nParis is the <mask> of France.",
        ),
        ("Of two words, which is likelier?", "%fill texts --targets good,bad --model owner/name"),
        ("The same in Python", "nbtransformers.fill('Paris is the <mask> of France.', model='owner/name').texts"),
    ],
)


def fill(parsed: ParsedLine, cell: str | None, namespace: dict[str, Any], shell: Any) -> Asked:
    """What a line, and the cell below it, ask for."""
    from nbtransformers.doors.fill import fill_request, run_fill

    values = dict(parsed.values)
    out = variable_name(values.pop("out", None))
    data, objects = data_of(parsed, cell, values, namespace, "fill")
    asked = fill_request(data, objects, namespace=namespace, **values)
    return Asked(run_fill, *asked, doing="Filling", out=out)
