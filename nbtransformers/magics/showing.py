"""What every magic does once it knows what was asked for: run it, show it, keep it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbtransformers.magics import ran
from nbtransformers.request import Objects

if TYPE_CHECKING:
    from nbtransformers.panels.view import View


@dataclass(frozen=True, slots=True)
class Asked:
    """What a magic was asked for; nothing has run yet.

    Attributes:
        run: the request, the objects that it names, and a view, to the result.
        request: what is to be done.
        objects: what the request names.
        doing: what the view says meanwhile, such as `Classifying`.
        out: the variable to keep the result in.
        background: whether the cell is to return at once.
        shown_as: the kind of panel that shows the result, where that is not the task's name.
    """

    run: Callable[[Any, Objects, Any], Any]
    request: Any
    objects: Objects
    doing: str
    out: str | None = None
    background: bool = False
    shown_as: str | None = None


def run_asked(asked: Asked, view: View) -> Any:
    """Run what was asked for, and remember it for `%nbt code`."""
    result = asked.run(asked.request, asked.objects, view)
    ran.remember(result)
    return result


def given(value: Any, out: str | None, line: str, shell: Any) -> Any:
    """What a magic gives that had something looked up or done; a text is what it says, and is the value of nothing."""
    if isinstance(value, str):
        return value
    if out is not None:
        shell.user_ns[out] = value
    return None if line.rstrip().endswith(";") else value


def printed(value: Any) -> Any:
    """The value of a cell: what its magic says is printed, and is none."""
    if not isinstance(value, str):
        return value
    print(value)
    return None


def run_and_show(asked: Asked, line: str, cell: str | None, shell: Any) -> Any:
    """Run what was asked for and show its result, which is the value of the cell.

    In the background, the value of the cell is the `Background`.

    Args:
        asked: what was asked for.
        line: the magic's line; one that ends in `;` shows nothing and has no value, as anywhere in IPython.
        cell: the body of the cell; None for a line magic.
        shell: where the result is kept.
    """
    from nbtransformers.panels.display import mark_shown
    from nbtransformers.panels.view import lasting_view, passing_view

    if asked.background:
        return _run_in_background(asked, shell)
    quiet = cell is None and line.rstrip().endswith(";")
    view = passing_view(asked.doing) if quiet else lasting_view(asked.doing, asked.request.task)
    result = run_asked(asked, view)
    if asked.out is not None:
        shell.user_ns[asked.out] = result
    if quiet:
        return None
    mark_shown(result, shell)  # as the value of the cell it would be shown again
    return result


def _run_in_background(asked: Asked, shell: Any) -> Any:
    from nbtransformers.panels.background import Background, open_panel
    from nbtransformers.panels.host import in_notebook

    panel = open_panel(asked.doing, asked.request.task) if in_notebook() else None
    work = Background(asked.doing, lambda view: run_asked(asked, view), panel)
    if asked.out is not None:
        shell.user_ns[asked.out] = work
    return work
