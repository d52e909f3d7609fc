"""The packages that training stands on: whether they are there, and in which versions."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

from nbtransformers.errors import UserError

_NEEDED = {"accelerate": "accelerate", "datasets": "datasets", "sklearn": "scikit-learn"}


def refuse_lacking_packages() -> None:
    """Say what to install where something is missing.

    Raises:
        UserError: when something is.
    """
    lacking = [name for module, name in _NEEDED.items() if importlib.util.find_spec(module) is None]
    if lacking:
        raise UserError(f"Training needs {', '.join(lacking)}.", hint='Type `pip install "nbtransformers[train]"`.')


def versions_of(packages: Iterable[str]) -> dict[str, str]:
    """The versions of those packages that are installed."""
    found: dict[str, str] = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
