"""What a session holds: which models are loaded, and which defaults are set."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from nbtransformers import settings
from nbtransformers.doors.door import door
from nbtransformers.panels.host import shell
from nbtransformers.plain_text import printable
from nbtransformers.unloading import Unloaded
from nbtransformers.unloading import unload as let_go

if TYPE_CHECKING:
    import pandas as pd


@door
def loaded() -> pd.DataFrame:
    """The models and tokenizers that are in memory.

    Returns:
        One row each, with the name as index: `model_class`, `device`, `dtype`, `megabytes` of weights, `last_used`
        (when a task last asked for it, UTC), and `in_use` (a task is at work with it now).

    Example:
        >>> nbt.loaded().megabytes.sum()
        90.3
    """
    import pandas as pd

    from nbtransformers.loading.registry import REGISTRY

    rows = REGISTRY.in_memory()
    return pd.DataFrame(
        {
            "model_class": [row.model_class for row in rows],
            "device": [row.device for row in rows],
            "dtype": [row.dtype for row in rows],
            "megabytes": [row.nbytes / 1e6 for row in rows],
            "last_used": pd.to_datetime([row.last_used for row in rows], unit="s", utc=True),
            "in_use": [row.in_use for row in rows],
        },
        index=pd.Index([row.name for row in rows], name="name", dtype=object),
    )


@door
def unload(name: str | None = None) -> Unloaded:
    """Free the memory of a loaded model, or of all.

    A model that a task is at work with stays. So does one that a variable holds, for as long as it does; results
    hold none.

    Args:
        name: as `loaded` lists it; None for all.

    Returns:
        What was freed: `names`, `in_use`, and `rss`, the bytes that this process takes, before and after.

    Raises:
        UserError: when nothing of this name is loaded.

    Example:
        >>> nbt.unload("minilm")
        Unloaded minilm: 92 MB came back (this process now takes 611 MB, before 703 MB).
    """
    return let_go(name, shell())


@door
def set_default(name: str, value: Any) -> None:
    """Set the default of an option for this session: of all tasks, or of one.

    A default also comes from an environment variable (`NBTRANSFORMERS_DEVICE=cpu`) or from the nearest pyproject.toml
    upwards from the working directory (`device = "cpu"` in `[tool.nbtransformers]`). This session comes first, then
    the environment, then the pyproject.toml.

    Args:
        name: an option's name, such as `"device"`, or `"classify.device"` for one task.
        value: its value, as text or a number; None takes back what was set for this session.

    Raises:
        UserError: when there is no such setting, or it cannot have this value.

    Example:
        >>> nbt.set_default("model", "minilm")
    """
    unchecked = settings.set_default(name, value)
    if unchecked:
        warnings.warn_explicit(printable(unchecked), UserWarning, "nbtransformers", 0)


@door
def defaults() -> pd.DataFrame:
    """Every default, and where it comes from.

    Returns:
        One row each, with the name as index: `value` (None where nothing is set), and `source`: `this session`, an
        environment variable, the path of a pyproject.toml, or `built in`.

    Example:
        >>> nbt.defaults().loc["device"].tolist()
        ['cpu', 'this session']
    """
    import pandas as pd

    rows = settings.defaults()
    return pd.DataFrame(
        {
            "value": pd.Series([row.value for row in rows], dtype=object),
            "source": pd.Series([row.place for row in rows], dtype=object),
        },
    ).set_axis(pd.Index([row.name for row in rows], name="name", dtype=object), axis=0)
