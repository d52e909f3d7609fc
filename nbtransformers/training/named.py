"""What a user names by its import path: a metric, a collator."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbtransformers.errors import UserError, did_you_mean


def is_import_path(name: str) -> bool:
    """Whether it names something of the user's own: `module:function`."""
    return ":" in name


def imported(path: str, option: str) -> Callable[..., Any]:
    """What stands at `module:function`.

    Args:
        path: where it is; a module beside the notebook will do.
        option: by which it was given, for the message.

    Raises:
        UserError: when there is no such thing.
    """
    module, _, name = path.partition(":")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        found = importlib.import_module(module)
    except Exception as error:
        raise UserError(
            f"`--{option} {path}` cannot be imported ({type(error).__name__}: {error}).",
            hint=f"Put it into a file beside the notebook: `--{option} file:function` names it, without .py.",
        ) from error
    if not callable(getattr(found, name, None)):
        names = [key for key, value in vars(found).items() if callable(value) and not key.startswith("_")]
        raise UserError(f"{module} has no function {name!r}.", hint=did_you_mean(name, names, what="It has"))
    return getattr(found, name)
