"""`%%entities` and `%entities`."""

from __future__ import annotations

from typing import Any

from nbtransformers.magics import options
from nbtransformers.magics.data import data_of, variable_name
from nbtransformers.magics.help import magic_help
from nbtransformers.magics.parse import parse_line
from nbtransformers.magics.showing import run_and_show

_GROUPS = {
    "What to read": options.INPUT,
    "Which entities": options.ENTITIES,
    "With which model": options.MODEL,
    "How to run": options.RUN_WHOLE,
    "Result": options.OUTPUT_OR_FILE,
}
OPTIONS = tuple(option for group in _GROUPS.values() for option in group)

HELP = magic_help(
    "Find the entities in texts with a token classifier. The result is also in `_`.",
    ["%%entities [options]     (one text a line below)", "%entities EXPRESSION [options]"],
    _GROUPS,
    [
        ("People, places, organisations", "%%entities --model dslim/bert-base-NER\nAda Lovelace lived in London."),
        ("Only some, and only sure ones", "%entities df --column text --labels PER,LOC --threshold 0.9"),
        ("Long documents are read whole; a file as it goes", "%entities reports.csv --column text --out found"),
        ("The same in Python", "nbtransformers.entities(df, column='text', model='owner/name').to_pandas()"),
    ],
)


def entities(line: str, cell: str | None, namespace: dict[str, Any], shell: Any) -> Any:
    """Parse, run, show; the result is the value of the cell."""
    from nbtransformers.doors.entities import entities_request, run_entities

    parsed = parse_line(line, OPTIONS, "%entities" if cell is None else "%%entities", namespace)
    values = dict(parsed.values)
    out = variable_name(values.pop("out", None))
    data, objects = data_of(parsed, cell, values, namespace, "entities")
    asked = entities_request(data, objects, namespace=namespace, **values)
    return run_and_show(run_entities, asked, doing="Finding entities", line=line, cell=cell, out=out, shell=shell)
