"""What this Python runs in, as far as it can be known from the inside."""

from __future__ import annotations

import os
import sys
from typing import Any


def shell() -> Any:
    """The running IPython shell, or None; nothing is imported for it."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def in_notebook() -> bool:
    """Whether outputs go to the front end of a Jupyter kernel, and not to a terminal."""
    running = shell()
    return running is not None and getattr(running, "kernel", None) is not None


def in_marimo() -> bool:
    """Whether cells are those of a marimo notebook."""
    marimo = sys.modules.get("marimo")
    return marimo is not None and marimo.running_in_notebook()


def has_panels() -> bool:
    """Whether there is a page that can show panels."""
    return in_notebook() or in_marimo()


def cell_metadata() -> dict[str, Any]:
    """What the front end tells of the cell that runs now: nothing, or its id and its metadata."""
    kernel: Any = getattr(shell(), "kernel", None)
    parent: Any = kernel.get_parent() if hasattr(kernel, "get_parent") else None
    return (parent or {}).get("metadata") or {}


def cell_id() -> str | None:
    """The cell that runs now, as the front end names it; None where it does not."""
    return cell_metadata().get("cellId")


def host_name() -> str:
    """A name for the host, such as `VS Code notebook` or `plain Python`."""
    if "google.colab" in sys.modules:
        return "Colab"
    if "marimo" in sys.modules:
        return "marimo"
    if in_notebook():
        return "VS Code notebook" if "VSCODE_PID" in os.environ else "Jupyter kernel"
    return "IPython terminal" if shell() is not None else "plain Python"
