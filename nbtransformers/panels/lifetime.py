"""How long a panel lives: until its cell runs again, it is gone from the page, or the extension is unloaded.

A panel that nobody sees any more would keep its result, what it has found in it, and an open connection. One that is
gone from the page can come back where a variable holds it, or a box that it stands in: it stays until that is gone too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from nbtransformers.panels.host import cell_id, in_marimo, shell

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel

# Every open panel, and the cell that made it; None where the front end does not tell.
_open: dict[Panel, str | None] = {}
# Those of them that are on no page now, and held.
_unseen: set[Panel] = set()

# Of collections, which may be data: who holds panels in one has few, and not deep in it.
_DEPTH = 2
_MOST = 50


def opened(panel: Panel) -> None:
    """A panel begins to live, in the cell that runs now; from the first one on, cells are watched."""
    close_left()
    _open[panel] = cell_id()
    running = shell()
    if running is not None and _before_cell not in running.events.callbacks["pre_run_cell"]:
        running.events.register("pre_run_cell", _before_cell)


def close_left() -> None:
    """Close the panels whose connection the host has closed itself, as marimo does when their cell runs again."""
    for panel in list(_open) if in_marimo() else ():
        comm: Any = panel.comm
        if getattr(comm, "_closed", False):  # nothing public tells it
            panel.close()


def closed(panel: Panel) -> None:
    """A panel has been closed."""
    _open.pop(panel, None)
    _unseen.discard(panel)


def seen(panel: Panel) -> None:
    """A page has taken a panel up."""
    _unseen.discard(panel)


def unseen(panel: Panel) -> None:
    """No page has a view of a panel any more: it is closed, unless it can be shown again."""
    if _is_held(panel):
        _unseen.add(panel)
    else:
        panel.close()


def panels() -> list[Panel]:
    """The panels that are open, the oldest first."""
    return list(_open)


def drop_caches() -> None:
    """Have every panel forget what it found in its result; it finds it again when it is asked."""
    for panel in panels():
        panel.renew()


def end(running: Any) -> None:
    """Close every panel, and watch no cell of this shell any more."""
    for panel in panels():
        panel.close()
    if _before_cell in running.events.callbacks["pre_run_cell"]:
        running.events.unregister("pre_run_cell", _before_cell)


def _before_cell(info: Any) -> None:
    cell = getattr(info, "cell_id", None)
    for panel, made_by in list(_open.items()):
        is_left = panel in _unseen and not _is_held(panel)
        if is_left or (cell is not None and made_by == cell):
            panel.close()


def _is_held(panel: Panel) -> bool:
    """Whether a variable of the notebook holds a panel, or a box or a collection that it is in."""
    running = shell()
    named: Mapping[str, Any] = {} if running is None else running.user_ns
    # What IPython names by itself, such as `_` and `Out`, it would hold for ever.
    values = [value for name, value in list(named.items()) if not name.startswith("_") and name not in ("In", "Out")]
    return any(_holds(value, panel, _DEPTH) for value in values)


def _holds(value: object, panel: Panel, depth: int) -> bool:
    """Whether a value is a panel, or has it within it; within collections only so deep."""
    from ipywidgets import Box

    from nbtransformers.panels.widget import WorkbenchPanel

    if value is panel:
        return True
    parts: Iterable[object] = ()
    kind = type(value)  # and not `isinstance`, which asks a value, and a proxy of something that is gone raises
    if issubclass(kind, Box):
        box: Any = value
        parts = () if box.comm is None else box.children  # one that is closed is not shown again
    elif issubclass(kind, WorkbenchPanel):
        parts = (cast("WorkbenchPanel", value).child,)
    elif issubclass(kind, list | tuple | set | frozenset):
        parts, depth = cast("Iterable[object]", value), depth - 1
    elif issubclass(kind, dict):
        parts, depth = cast("dict[object, object]", value).values(), depth - 1
    return depth >= 0 and any(_holds(part, panel, depth) for part in islice(parts, _MOST))
