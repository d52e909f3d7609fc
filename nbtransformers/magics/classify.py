"""`%%classify` and `%classify`."""

from __future__ import annotations

import keyword
from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.magics import options
from nbtransformers.magics.help import magic_help
from nbtransformers.magics.parse import ParsedLine, evaluate, parse_line
from nbtransformers.request import DataRef, Objects, RunOptions

_GROUPS = {
    "What to label": options.INPUT,
    "With which labels": options.CLASSIFY,
    "With which model": options.MODEL,
    "How to run": options.RUN,
    "Result": options.OUTPUT,
}
OPTIONS = tuple(option for group in _GROUPS.values() for option in group)
_RUN_KEYS = tuple(option.key for option in options.RUN)

HELP = magic_help(
    "Label texts with a classifier, or zero-shot with labels of your own. The result is also in `_`.",
    ["%%classify [options]     (one text a line below)", "%classify EXPRESSION [options]"],
    _GROUPS,
    [
        ("The bundled model: is a sentence about a film negative or positive?", "%%classify\nA joy from start to end."),
        ("Labels of your own", "%%classify --labels politics,sport,technology\nThe striker scored twice."),
        ("A column of a table, with a model of the Hub", "%classify df --column review --model owner/name --out r"),
        ("Long documents, whole", "%classify documents --long window"),
        ("The same in Python", "nbtransformers.classify(df, column='review').to_pandas()"),
    ],
)


def classify(line: str, cell: str | None, namespace: dict[str, Any], shell: Any) -> Any:
    """Parse, run, show; the result is the value of the cell."""
    from nbtransformers.api import classify_request, run_classify
    from nbtransformers.panels.display import mark_shown
    from nbtransformers.panels.view import lasting_view, passing_view

    parsed = parse_line(line, OPTIONS, "%classify" if cell is None else "%%classify", namespace)
    values = dict(parsed.values)
    out = _variable_name(values.pop("out", None))
    data, objects = _data(parsed, cell, values, namespace)
    run = RunOptions(**{key: values.pop(key) for key in _RUN_KEYS if key in values})
    request, objects = classify_request(data, objects, namespace=namespace, run=run, **values)
    quiet = cell is None and line.rstrip().endswith(";")  # as after any expression in IPython
    result = run_classify(request, objects, (passing_view if quiet else lasting_view)("Classifying"))
    if out is not None:
        shell.user_ns[out] = result
    if quiet:
        return None
    mark_shown(result, shell)  # as the value of the cell it would be shown again
    return result


def _data(
    parsed: ParsedLine, cell: str | None, values: dict[str, Any], namespace: dict[str, Any]
) -> tuple[DataRef, Objects]:
    whole, column = values.pop("whole", False), values.pop("column", None)
    if cell is not None:
        if parsed.expression:
            raise UserError(
                f"There are texts in the cell, and also {parsed.expression} on the line.",
                hint=f"Type `%classify {parsed.expression}`, or leave it out.",
            )
        if column is not None:
            raise UserError("`--column` is for tables, and a cell is none.", hint="Leave `--column` out.")
        return DataRef("whole" if whole else "lines", cell), {}
    if not parsed.expression:
        raise UserError(
            "There is nothing to classify.", hint="Type `%classify VARIABLE`, or %%classify with texts in the cell."
        )
    if whole:
        raise UserError("`--whole` is for the text of a cell.", hint="Leave `--whole` out.")
    return DataRef("variable", parsed.expression, column), {parsed.expression: evaluate(parsed.expression, namespace)}


def _variable_name(name: str | None) -> str | None:
    if name is not None and (not name.isidentifier() or keyword.iskeyword(name)):
        raise UserError(f"`--out {name}` is no name for a variable.", hint="Type `--out result`.")
    return name
