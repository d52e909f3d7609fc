"""`%%explain` and `%explain`."""

from __future__ import annotations

from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.magics import options
from nbtransformers.magics.data import data_of, variable_name
from nbtransformers.magics.help import magic_help
from nbtransformers.magics.parse import parse_line
from nbtransformers.magics.showing import run_and_show

_GROUPS = {
    "What to explain": options.EXPLAIN,
    "How": options.ATTRIBUTION,
    "With which model": options.MODEL,
    "How to run": options.RUN_EXPLAIN,
    "Result": options.OUTPUT,
}
OPTIONS = tuple(option for group in _GROUPS.values() for option in group)

HELP = magic_help(
    "Say how much each token of a text speaks for, or against, a prediction. The result is also in `_`.",
    ["%%explain [options]     (one text below)", "%explain EXPRESSION [options]"],
    _GROUPS,
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


def explain(line: str, cell: str | None, namespace: dict[str, Any], shell: Any) -> Any:
    """Parse, run, show; the result is the value of the cell."""
    from nbtransformers.doors.explain import explain_request, run_explain

    parsed = parse_line(line, OPTIONS, "%explain" if cell is None else "%%explain", namespace)
    values = dict(parsed.values)
    out = variable_name(values.pop("out", None))
    if cell is not None and not cell.strip() and not parsed.expression:
        raise UserError("The cell holds no text.", hint="Write a text below the magic.")
    whole = {"whole": True} if cell is not None else {}
    data, objects = data_of(parsed, cell, whole, namespace, "explain")
    asked = explain_request(data, objects, namespace=namespace, **values)
    return run_and_show(run_explain, asked, doing="Explaining", line=line, cell=cell, out=out, shell=shell)
