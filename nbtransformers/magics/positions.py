"""`%positions`."""

from __future__ import annotations

from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.magics import options
from nbtransformers.magics.data import variable_name
from nbtransformers.magics.help import magic_help
from nbtransformers.magics.parse import parse_line
from nbtransformers.magics.showing import run_and_show

_GROUPS = {
    "What to look at": options.POSITIONS,
    "Of which model": options.MODEL_ALONE,
    "How to load it": tuple(option for option in options.RUN if option.name in ("device", "dtype")),
    "Result": options.OUTPUT,
}
OPTIONS = tuple(option for group in _GROUPS.values() for option in group)

HELP = magic_help(
    "Look at how positions are encoded: by the sinusoidal formula, or by a model. The result is also in `_`.",
    ["%positions [options]"],
    _GROUPS,
    [
        ("The sinusoidal table by its formula", "%positions --length 128 --dim 64"),
        ("What a model has learned, or how it turns queries and keys", "%positions --model smollm2"),
        ("The numbers: values is [position, dimension]", "%positions --model minilm --out p\np.values"),
        ("The same in Python", "nbtransformers.positions('minilm').by_distance()"),
    ],
)


def positions(line: str, cell: str | None, namespace: dict[str, Any], shell: Any) -> Any:
    """Parse, run, show; the result is the value of the cell."""
    from nbtransformers.doors.positions import positions_request, run_positions

    parsed = parse_line(line, OPTIONS, "%positions", namespace)
    if parsed.expression:
        raise UserError(
            f"%positions takes options alone, and there is {parsed.expression}.",
            hint=f"Type `%positions --model {parsed.expression}`, or `%positions` for the formula.",
        )
    values = dict(parsed.values)
    out = variable_name(values.pop("out", None))
    asked = positions_request(namespace=namespace, **values)
    return run_and_show(run_positions, asked, doing="Looking at positions", line=line, cell=cell, out=out, shell=shell)
