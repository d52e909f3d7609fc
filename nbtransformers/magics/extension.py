"""Loading and unloading the extension; nothing here imports what a magic needs to run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from IPython.core.magic import needs_local_scope, no_var_expand

from nbtransformers import settings
from nbtransformers.magics import cells, complete, drafts, last, ran
from nbtransformers.magics import nbt as nbt_magic
from nbtransformers.magics.showing import printed
from nbtransformers.magics.table import MAGICS, Magic


def load(shell: Any) -> None:
    """Register the magics, and complete their lines."""
    for magic in MAGICS:
        shell.register_magic_function(_function(magic, shell), magic.forms, magic.name)

    @no_var_expand
    def nbt(line: str) -> None:
        printed(ran.noting("nbt", line, None, lambda: nbt_magic.nbt(line, shell)))

    nbt.__doc__ = nbt_magic.HELP
    shell.register_magic_function(nbt, "line", "nbt")
    cells.install(shell)
    complete.install(shell)


def unload(shell: Any) -> None:
    """Take everything back that `load` and the magics have put into the shell."""
    import sys

    complete.uninstall(shell)
    for kind in ("line", "cell"):
        for name in (*(magic.name for magic in MAGICS), "nbt"):
            shell.magics_manager.magics[kind].pop(name, None)
    cells.uninstall(shell)
    last.forget()
    ran.forget()
    drafts.forget()
    settings.forget_session()
    display = sys.modules.get("nbtransformers.panels.display")
    if display is not None:  # a magic has run, so results were shown as panels
        display.uninstall(shell)
    lifetime = sys.modules.get("nbtransformers.panels.lifetime")
    if lifetime is not None:
        lifetime.end(shell)
    registry = sys.modules.get("nbtransformers.loading.registry")
    if registry is not None:
        from nbtransformers.unloading import give_back

        registry.REGISTRY.clear()
        give_back(shell)


def _function(magic: Magic, shell: Any) -> Callable[..., Any]:
    @no_var_expand  # `{x}` on the line is Python of the user's; option values expand it themselves
    @needs_local_scope
    def call(line: str, cell: str | None = None, local_ns: dict[str, Any] | None = None) -> Any:
        namespace = {**shell.user_ns, **(local_ns or {})}
        if magic.name in ran.NOT_NOTED:
            return magic.run(line, cell, namespace, shell)
        return printed(ran.noting(magic.name, line, cell, lambda: magic.run(line, cell, namespace, shell)))

    call.__name__, call.__doc__ = magic.name, magic.help
    return call
