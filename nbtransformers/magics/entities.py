"""`%%entities` and `%entities`."""

from __future__ import annotations

from typing import Any

from nbtransformers.magics import options
from nbtransformers.magics.data import data_of, variable_name
from nbtransformers.magics.help import magic_help
from nbtransformers.magics.parse import ParsedLine
from nbtransformers.magics.showing import Asked

GROUPS = {
    "What to read": options.INPUT,
    "Which entities": options.ENTITIES,
    "With which model": options.MODEL,
    "How to run": options.RUN_WHOLE,
    "Result": options.OUTPUT_OR_FILE,
}

HELP = magic_help(
    "Find the entities in texts with a token classifier. The result is also in `_`.",
    ["%%entities [options]     (one text a line below)", "%entities EXPRESSION [options]"],
    GROUPS,
    [
        ("People, places, organisations", "%%entities --model dslim/bert-base-NER\nAda Lovelace lived in London."),
        ("Only some, and only sure ones", "%entities df --column text --labels PER,LOC --threshold 0.9"),
        ("Long documents are read whole; a file as it goes", "%entities reports.csv --column text --out found"),
        ("The same in Python", "nbtransformers.entities(df, column='text', model='owner/name').to_pandas()"),
    ],
)


def entities(parsed: ParsedLine, cell: str | None, namespace: dict[str, Any], shell: Any) -> Asked:
    """What a line, and the cell below it, ask for."""
    from nbtransformers.doors.entities import entities_request, run_entities

    values = dict(parsed.values)
    out = variable_name(values.pop("out", None))
    data, objects = data_of(parsed, cell, values, namespace, "entities")
    asked = entities_request(data, objects, namespace=namespace, **values)
    return Asked(run_entities, *asked, doing="Finding entities", out=out)
