"""What a form has done: a task, which its magic understands before it runs, or a command of a magic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbtransformers.magics.showing import run_asked

if TYPE_CHECKING:
    from nbtransformers.magics.table import Magic
    from nbtransformers.panels.view import View


@dataclass(frozen=True, slots=True)
class Doing:
    """What a form asks for, understood; nothing has run yet.

    Attributes:
        what: what is said meanwhile, such as `Classifying`.
        kind: the kind of panel that shows the result as it comes; empty for progress alone.
        run: a view to the result; a text is what it says, and has no panel.
    """

    what: str
    kind: str
    run: Callable[[View], Any]


Understand = Callable[[str, "str | None", dict[str, Any], Any], Doing]
"""A line, what stands below it, the namespace and the shell to what they ask for; a mistake is a `UserError`."""


def of_task(magic: Magic) -> Understand:
    """How the magic of a task is understood: whole, before it runs."""

    def understand(line: str, cell: str | None, namespace: dict[str, Any], shell: Any) -> Doing:
        assert magic.ask is not None
        asked = magic.ask(magic.parse(line, cell, namespace), cell, namespace, shell)

        def run(view: View) -> Any:
            result = run_asked(asked, view)
            if asked.out is not None:
                shell.user_ns[asked.out] = result
            return result

        return Doing(asked.doing, asked.shown_as or asked.request.task, run)

    return understand


def of_command(name: str, run: Callable[[str, dict[str, Any], Any], Any]) -> Understand:
    """How a command is understood: not before it runs.

    Args:
        name: what is typed, without `%`.
        run: a line, the namespace and the shell to what the command gives or says.
    """

    def understand(line: str, cell: str | None, namespace: dict[str, Any], shell: Any) -> Doing:
        def within(view: View) -> Any:
            from nbtransformers.panels.kinds import RESULTS
            from nbtransformers.panels.view import progress_within

            with progress_within(view):
                value = run(line, namespace, shell)
            return value if isinstance(value, RESULTS) else _as_text(value)

        return Doing(f"%{name}", "", within)

    return understand


def _as_text(value: Any) -> str:
    """What has no panel, as a terminal shows it; a table whole."""
    return value.to_string() if hasattr(value, "to_string") else str(value)
