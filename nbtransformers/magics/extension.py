"""Loading and unloading the extension; nothing here imports what a magic needs to run."""

from __future__ import annotations

from typing import Any

from IPython.core.magic import needs_local_scope, no_var_expand

from nbtransformers.magics import classify as classify_magic
from nbtransformers.magics import nbt as nbt_magic


def load(shell: Any) -> None:
    """Register the magics."""

    @no_var_expand  # `{x}` on the line is Python of the user's; option values expand it themselves
    @needs_local_scope
    def classify(line: str, cell: str | None = None, local_ns: dict[str, Any] | None = None) -> Any:
        return classify_magic.classify(line, cell, {**shell.user_ns, **(local_ns or {})}, shell)

    @no_var_expand
    def nbt(line: str) -> None:
        nbt_magic.nbt(line, shell)

    classify.__doc__, nbt.__doc__ = classify_magic.HELP, nbt_magic.HELP
    shell.register_magic_function(classify, "line_cell", "classify")
    shell.register_magic_function(nbt, "line", "nbt")


def unload(shell: Any) -> None:
    """Take everything back that `load` and the magics have put into the shell."""
    import sys

    for kind, name in (("line", "classify"), ("cell", "classify"), ("line", "nbt")):
        shell.magics_manager.magics[kind].pop(name, None)
    display = sys.modules.get("nbtransformers.panels.display")
    if display is not None:  # a magic has run, so results were shown as panels
        display.uninstall(shell)
    registry = sys.modules.get("nbtransformers.loading.registry")
    if registry is not None:
        registry.REGISTRY.clear()
