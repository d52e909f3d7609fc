"""A model as it is for a pass that is looked at: it neither drops anything out nor keeps keys for a next token."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import Any


@contextmanager
def at_rest(model: Any) -> Generator[None]:
    """Meanwhile a model, or a module of one, is at rest; each module is as before afterwards."""
    with ExitStack() as undo:
        for module in model.modules():
            if module.training:
                undo.callback(setattr, module, "training", True)
                module.training = False
            config: Any = getattr(module, "config", None)
            if getattr(config, "use_cache", False):
                undo.callback(setattr, config, "use_cache", config.use_cache)
                config.use_cache = False
        yield
