"""A model that is fetched, or made the default of the session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nbtransformers.request.refs import ModelRef
from nbtransformers.request.written import Written


@dataclass(frozen=True, slots=True)
class DownloadRequest(Written):
    """Which model is fetched.

    Attributes:
        model: one of the Hub, or a bundled one.
    """

    task: ClassVar[str] = "models download"

    model: ModelRef


@dataclass(frozen=True, slots=True)
class UseRequest(Written):
    """Which model is the default from now on.

    Attributes:
        model: any that has a name.
    """

    task: ClassVar[str] = "models use"

    model: ModelRef
