"""Where nbtransformers keeps what it can make or fetch again: one folder, outside any repository."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_folder(*parts: str) -> Path:
    """The folder (or file) of our cache that `parts` name; it is not made here.

    The root is `nbtransformers` under XDG_CACHE_HOME when that is an absolute path (the XDG rules say to pass over
    a relative one), else under LOCALAPPDATA on Windows, else under ~/.cache. It is read at each call, so that a
    change of the environment takes effect at once.

    Example:
        >>> cache_folder("models").parts[-2:]
        ('nbtransformers', 'models')
    """
    return _root().joinpath("nbtransformers", *parts)


def _root() -> Path:
    names = ("XDG_CACHE_HOME", "LOCALAPPDATA") if sys.platform == "win32" else ("XDG_CACHE_HOME",)
    for name in names:
        folder = Path(os.environ.get(name, ""))
        if folder.is_absolute():
            return folder
    return Path.home() / ".cache"
