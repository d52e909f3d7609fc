"""`%%classify` and `%classify`."""

from __future__ import annotations

from typing import Any

from nbtransformers.magics import options
from nbtransformers.magics.data import data_of, variable_name
from nbtransformers.magics.help import magic_help
from nbtransformers.magics.parse import ParsedLine
from nbtransformers.magics.showing import Asked

GROUPS = {
    "What to label": options.INPUT,
    "With which labels": options.CLASSIFY,
    "With which model": options.MODEL,
    "How to run": options.RUN,
    "Result": options.OUTPUT_OR_FILE,
}

HELP = magic_help(
    "Label texts with a classifier, or zero-shot with labels of your own. The result is also in `_`.",
    ["%%classify [options]     (one text a line below)", "%classify EXPRESSION [options]"],
    GROUPS,
    [
        ("The bundled model: is a sentence about a film negative or positive?", "%%classify\nA joy from start to end."),
        ("Labels of your own", "%%classify --labels politics,sport,technology\nThe striker scored twice."),
        ("A column of a table, with a model of the Hub", "%classify df --column review --model owner/name --out r"),
        (
            "A file, read as it goes; a dataset of the Hub",
            "%classify reviews.csv --column review\n%classify hub:owner/name --split test",
        ),
        ("Long documents, whole", "%classify documents --long window"),
        ("The same in Python", "nbtransformers.classify(df, column='review').to_pandas()"),
    ],
)


def classify(parsed: ParsedLine, cell: str | None, namespace: dict[str, Any], shell: Any) -> Asked:
    """What a line, and the cell below it, ask for."""
    from nbtransformers.doors.classify import classify_request, run_classify

    values = dict(parsed.values)
    out = variable_name(values.pop("out", None))
    data, objects = data_of(parsed, cell, values, namespace, "classify")
    asked = classify_request(data, objects, namespace=namespace, **values)
    return Asked(run_classify, *asked, doing="Classifying", out=out)
