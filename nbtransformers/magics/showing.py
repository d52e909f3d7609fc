"""What every magic does once it knows what was asked for: run it, show it, keep it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nbtransformers.magics import last
from nbtransformers.request import Objects

if TYPE_CHECKING:
    from nbtransformers.panels.view import View


def run_and_show(
    run: Callable[[Any, Objects, Any], Any],
    asked: tuple[Any, Objects],
    *,
    doing: str,
    line: str,
    cell: str | None,
    out: str | None,
    shell: Any,
) -> Any:
    """Run a request and show its result; the result is the value of the cell.

    Args:
        run: a request, the objects that it names, and a view, to the result.
        asked: the request, and the objects.
        doing: what the view says meanwhile, such as `Classifying`.
        line: the magic's line; one that ends in `;` shows nothing and has no value, as anywhere in IPython.
        cell: the body of the cell; None for a line magic.
        out: the variable to keep the result in.
        shell: where it is kept.
    """
    from nbtransformers.panels.display import mark_shown
    from nbtransformers.panels.view import lasting_view, passing_view

    quiet = cell is None and line.rstrip().endswith(";")
    result = run(*asked, passing_view(doing) if quiet else lasting_view(doing, asked[0].task))
    last.remember(result)
    if out is not None:
        shell.user_ns[out] = result
    if quiet:
        return None
    mark_shown(result, shell)  # as the value of the cell it would be shown again
    return result


def run_in_background(
    run: Callable[[Any, Objects, Any], Any], asked: tuple[Any, Objects], *, doing: str, out: str | None, shell: Any
) -> Any:
    """Start a request in the background and return at once; the value of the cell is the `Background`.

    Args:
        run: as for `run_and_show`.
        asked: as for `run_and_show`.
        doing: as for `run_and_show`.
        out: the variable to keep the `Background` in.
        shell: where it is kept.
    """
    from nbtransformers.panels.background import Background, open_panel
    from nbtransformers.panels.host import in_notebook

    def run_and_remember(view: View) -> Any:
        result = run(*asked, view)
        last.remember(result)
        return result

    work = Background(doing, run_and_remember, open_panel(doing, asked[0].task) if in_notebook() else None)
    if out is not None:
        shell.user_ns[out] = work
    return work
