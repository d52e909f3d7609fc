"""How a notebook shows a result that is the value of a cell."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from nbtransformers.panels import marimohost
from nbtransformers.panels.host import in_marimo, in_notebook, shell
from nbtransformers.panels.kinds import RESULTS, Result
from nbtransformers.panels.view import show_result

# Results that a magic has shown already, and the cell that it did so in.
_shown: WeakKeyDictionary[Result, int] = WeakKeyDictionary()


def show_as_values() -> None:
    """In a notebook, show results that are the value of a cell as panels, from now on."""
    if in_notebook():
        install(shell())
    elif in_marimo():
        marimohost.show_as_values()


def install(shell: Any) -> None:
    """Show results as panels in this notebook's shell, from now on. To call it again changes nothing."""
    for kind in RESULTS:
        shell.display_formatter.ipython_display_formatter.for_type(kind, _show_once)


def uninstall(shell: Any) -> None:
    """Leave results to IPython again."""
    for kind in RESULTS:
        shell.display_formatter.ipython_display_formatter.type_printers.pop(kind, None)


def mark_shown(result: Result, shell: Any) -> None:
    """A magic has shown this result: when it is also the value of the cell, it is not shown twice."""
    _shown[result] = shell.execution_count


def _show_once(result: Result) -> bool:
    running = shell()
    if running is None or _shown.pop(result, None) != running.execution_count:
        show_result(result)
    return True
