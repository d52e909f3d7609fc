"""`%%explain` and `%explain`."""

from __future__ import annotations

from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.magics import options
from nbtransformers.magics.data import data_of, variable_name
from nbtransformers.magics.help import magic_help
from nbtransformers.magics.parse import ParsedLine
from nbtransformers.magics.showing import Asked

GROUPS = {
    "What to explain": options.EXPLAIN,
    "How": options.ATTRIBUTION,
    "With which model": options.MODEL,
    "How to run": options.RUN_EXPLAIN,
    "Result": options.OUTPUT,
}

HELP = magic_help(
    "Say how much each token of a text speaks for, or against, a prediction. The result is also in `_`.",
    ["%%explain [options]     (one text below)", "%explain EXPRESSION [options]"],
    GROUPS,
    [
        ("Why does the bundled model call it positive?", "%%explain\nA joy from start to end."),
        (
            "Why not negative, by two methods",
            "%%explain --target negative --method integrated_gradients,occlusion\nDull.",
        ),
        ("Why is this the next token?", "%%explain --model smollm2 --target Paris\nThe capital of France is"),
        ("An answer", '%explain context --model owner/name --question "Who wrote it?"'),
        ("The numbers in Python", "nbtransformers.explain(text).attributions"),
    ],
)


def explain(parsed: ParsedLine, cell: str | None, namespace: dict[str, Any], shell: Any) -> Asked:
    """What a line, and the cell below it, ask for."""
    from nbtransformers.doors.explain import explain_request, run_explain

    values = dict(parsed.values)
    out = variable_name(values.pop("out", None))
    if cell is not None and not cell.strip() and not parsed.expression:
        raise UserError("The cell holds no text.", hint="Write a text below the magic.")
    whole = {"whole": True} if cell is not None else {}
    data, objects = data_of(parsed, cell, whole, namespace, "explain")
    asked = explain_request(data, objects, namespace=namespace, **values)
    return Asked(run_explain, *asked, doing="Explaining", out=out)
