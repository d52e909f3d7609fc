"""Which options have no use for a kind of data."""

from __future__ import annotations

from nbtransformers.errors import UserError
from nbtransformers.request import DataRef

_FOR = {"encoding": "text files", "split": "datasets with splits", "subset": "datasets of the Hub"}


def refuse_options(data: DataRef, name: str, *options: str) -> None:
    """Refuse options that a kind of data has no use for.

    Raises:
        UserError: when one of them is given.
    """
    for option in options:
        if getattr(data, option) is not None:
            raise UserError(f"`--{option}` is for {_FOR[option]}, and {name} is none.", hint=f"Leave `--{option}` out.")
