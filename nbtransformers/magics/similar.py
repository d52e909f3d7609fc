"""`%%similar` and `%similar`."""

from __future__ import annotations

from typing import Any

from nbtransformers.inputs.refs import is_hub_name
from nbtransformers.magics import options
from nbtransformers.magics.data import data_of, meant, variable_name
from nbtransformers.magics.help import magic_help
from nbtransformers.magics.parse import ParsedLine
from nbtransformers.magics.showing import Asked
from nbtransformers.request import DataRef, Objects

GROUPS = {
    "What to compare": (*options.INPUT, *options.SIMILAR),
    "How": (*options.MEASURE, *options.EMBED),
    "With which model": options.MODEL,
    "How to run": options.RUN,
    "Result": options.OUTPUT,
}

HELP = magic_help(
    "Compare texts by their meaning. The result is also in `_`.",
    ["%%similar [options]     (one text a line below)", "%similar EXPRESSION [options]"],
    GROUPS,
    [
        ("Each text with each, as a matrix", "%%similar\nA joy from start to end.\nGreat fun.\nDull."),
        ("The nearest to a query", '%similar df --column review --query "the ending" --top-k 20'),
        ("Each text of one list with each of another", "%similar questions --other answers --out r"),
        ("The most similar pairs, such as texts that are there twice", "nbtransformers.similar(texts).pairs(100)"),
    ],
)


def similar(parsed: ParsedLine, cell: str | None, namespace: dict[str, Any], shell: Any) -> Asked:
    """What a line, and the cell below it, ask for."""
    from nbtransformers.doors.similar import run_similar, similar_request

    values = dict(parsed.values)
    out = variable_name(values.pop("out", None))
    other, others = _other(values, namespace)
    data, objects = data_of(parsed, cell, values, namespace, "similar", doing="compare")
    asked = similar_request(data, {**objects, **others}, namespace=namespace, other=other, **values)
    return Asked(run_similar, *asked, doing="Comparing", out=out)


def _other(values: dict[str, Any], namespace: dict[str, Any]) -> tuple[DataRef | None, Objects]:
    """The second list; takes it out of `values`."""
    from nbtransformers.doors.similar import second_list

    other = values.pop("other", None)
    if other is None:
        return None, {}
    value = other if not isinstance(other, str) or is_hub_name(other) else meant(other, namespace, "similar")
    reading = {key: values[key] for key in ("column", "encoding", "split", "subset") if key in values}
    return second_list(value, reading, other if isinstance(other, str) else "other")
