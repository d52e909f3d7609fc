"""`%positions`."""

from __future__ import annotations

from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.magics import options
from nbtransformers.magics.data import variable_name
from nbtransformers.magics.help import magic_help
from nbtransformers.magics.parse import ParsedLine
from nbtransformers.magics.showing import Asked

GROUPS = {
    "What to look at": options.POSITIONS,
    "Of which model": options.MODEL_ALONE,
    "How to load it": tuple(option for option in options.RUN if option.name in ("device", "dtype", "memory-budget")),
    "Result": options.OUTPUT,
}

HELP = magic_help(
    "Look at how positions are encoded: by the sinusoidal formula, or by a model. The result is also in `_`.",
    ["%positions [options]"],
    GROUPS,
    [
        ("The sinusoidal table by its formula", "%positions --length 128 --dim 64"),
        ("What a model has learned, or how it turns queries and keys", "%positions --model smollm2"),
        ("The numbers: values is [position, dimension]", "%positions --model minilm --out p\np.values"),
        ("The same in Python", "nbtransformers.positions('minilm').by_distance()"),
    ],
)


def positions(parsed: ParsedLine, cell: str | None, namespace: dict[str, Any], shell: Any) -> Asked:
    """What a line, and the cell below it, ask for."""
    from nbtransformers.doors.positions import positions_request, run_positions

    if parsed.expression:
        raise UserError(
            f"%positions takes options alone, and there is {parsed.expression}.",
            hint=f"Type `%positions --model {parsed.expression}`, or `%positions` for the formula.",
        )
    values = dict(parsed.values)
    out = variable_name(values.pop("out", None))
    asked = positions_request(namespace=namespace, **values)
    return Asked(run_positions, *asked, doing="Looking at positions", out=out)
