"""A model as it is for a pass that is looked at: it neither drops anything out nor keeps keys for a next token."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import ExitStack, contextmanager
from typing import Any


@contextmanager
def at_rest(modules: Iterable[Any]) -> Generator[None]:
    """Meanwhile the modules of a model, or of a part of one, are at rest; each is as before afterwards."""
    configs: dict[int, Any] = {}
    with ExitStack() as undo:
        for module in modules:
            if module.training:
                undo.callback(setattr, module, "training", True)
                module.training = False
            config = module.__dict__.get("config")
            configs[id(config)] = config
        for config in configs.values():
            if getattr(config, "use_cache", False):
                undo.callback(setattr, config, "use_cache", config.use_cache)
                config.use_cache = False
        yield
