"""How long a panel lives: until its cell runs again, its cell is gone from the page, or the extension is unloaded.

A panel that nobody sees any more would keep its result, what it has found in it, and an open connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbtransformers.panels.host import cell_id, shell

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel

# Every open panel, and the cell that made it; None where the front end does not tell.
_open: dict[Panel, str | None] = {}


def opened(panel: Panel) -> None:
    """A panel begins to live, in the cell that runs now; from the first one on, cells are watched."""
    _open[panel] = cell_id()
    running = shell()
    if running is not None and _before_cell not in running.events.callbacks["pre_run_cell"]:
        running.events.register("pre_run_cell", _before_cell)


def closed(panel: Panel) -> None:
    """A panel has been closed."""
    _open.pop(panel, None)


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
        if cell is not None and made_by == cell:
            panel.close()
