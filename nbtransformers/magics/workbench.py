"""`%workbench`."""

from __future__ import annotations

from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.magics.help import magic_help
from nbtransformers.magics.parse import parse_line, words_of

HELP = magic_help(
    "Open a panel from which every task can be run: choose task, model, input and options. The value is in `_`.",
    ["%workbench", "%workbench TASK"],
    {},
    [
        ("Choose, type, run; then insert the magic that does the same as a cell", "%workbench"),
        ("With a task chosen", "%workbench generate"),
        ("The same in Python", "nbtransformers.workbench('generate')"),
    ],
)


def workbench(line: str, cell: str | None, namespace: dict[str, Any], shell: Any) -> Any:
    """Parse, open; the workbench is the value of the cell."""
    from nbtransformers.doors.workbench import workbench as opened

    words = words_of(parse_line(line, (), "%workbench", namespace).expression)
    if len(words) > 1:
        raise UserError("%workbench takes one task, or none.", hint="Type `%workbench classify`.")
    return opened(*words)
