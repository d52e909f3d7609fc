"""`%nbt code`: the plain program for the last task, for a result, or for a training run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from nbtransformers.errors import UserError
from nbtransformers.magics import last
from nbtransformers.magics.optionvalues import run_names
from nbtransformers.magics.suggestions import Suggestion, unquoted

if TYPE_CHECKING:
    from nbtransformers.panels.kinds import Result

_RUN = "run:"


def code(words: list[str], shell: Any) -> str:
    """The program, which in a notebook is also put into a new cell below."""
    from nbtransformers.panels.host import in_notebook

    if len(words) > 1:
        raise UserError("`%nbt code` takes one variable, or none for the last task.", hint="Type `%nbt code`.")
    program = _of_named(words[0], shell) if words else _of_last()
    if in_notebook():
        shell.set_next_input(program.rstrip("\n"), replace=False)
    return program.rstrip("\n")


def complete_code(words: list[str], begun: str, shell: Any) -> Iterator[Suggestion]:
    """The variables that hold a result or a run, and the runs of the project by their names."""
    from nbtransformers.results.trainingrun import TrainingRun

    if words:
        return
    for name, value in shell.user_ns.items():
        if name.startswith("_"):
            continue
        if isinstance(value, TrainingRun) or (hasattr(value, "recipe") and hasattr(value, "request")):
            yield Suggestion(name, "result")
    for name in run_names():
        yield Suggestion(f"{_RUN}{name}", "run")


def _of_last() -> str:
    from nbtransformers.coding import code

    found = last.last()
    if found is None:
        raise UserError(
            "There is no program yet: nothing has run.", hint="Run %%classify or %%tokenize, then type `%nbt code`."
        )
    return code(cast("Result", found))  # it has what the program is written from


def _of_named(word: str, shell: Any) -> str:
    """Of an expression, or of a run by its name, as a model is given by it: `run:NAME`."""
    from nbtransformers.coding import code
    from nbtransformers.magics.parse import evaluate

    name = unquoted(word)
    if name.startswith(_RUN):
        from nbtransformers.doors.runs import attach

        return code(attach(name.removeprefix(_RUN)))
    return code(evaluate(word, shell.user_ns))
