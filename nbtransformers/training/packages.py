"""What training needs beyond what every task needs."""

from __future__ import annotations

import importlib.util

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
