"""`%nbt code`: the plain program for the last task, or for a result."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from nbtransformers.errors import UserError
from nbtransformers.magics import last
from nbtransformers.magics.complete import Suggestion

if TYPE_CHECKING:
    from nbtransformers.panels.kinds import Result


def code(words: list[str], shell: Any) -> str:
    """The program, which in a notebook is also put into a new cell below."""
    from nbtransformers.panels.host import in_notebook

    if len(words) > 1:
        raise UserError("`%nbt code` takes one variable, or none for the last task.", hint="Type `%nbt code`.")
    program = _of_variable(words[0], shell) if words else _of_last()
    if in_notebook():
        shell.set_next_input(program.rstrip("\n"), replace=False)
    return program.rstrip("\n")


def complete_code(words: list[str], begun: str, shell: Any) -> Iterator[Suggestion]:
    """The variables that hold a result."""
    if not words:
        for name, value in shell.user_ns.items():
            if not name.startswith("_") and hasattr(value, "recipe") and hasattr(value, "request"):
                yield Suggestion(name, "result")


def _of_last() -> str:
    from nbtransformers.coding import code

    found = last.last()
    if found is None:
        raise UserError(
            "There is no program yet: nothing has run.", hint="Run %%classify or %%tokenize, then type `%nbt code`."
        )
    return code(cast("Result", found))  # it has what the program is written from


def _of_variable(expression: str, shell: Any) -> str:
    from nbtransformers.coding import code
    from nbtransformers.magics.parse import evaluate

    return code(evaluate(expression, shell.user_ns))
