"""What the panel of a classification can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbtransformers.panels.channel import Method
from nbtransformers.panels.classification.query import Finder
from nbtransformers.panels.classification.wire import page
from nbtransformers.panels.export import file_name
from nbtransformers.panels.rowmethods import row_actions, row_methods
from nbtransformers.results.classification import Classification

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel


def methods(result: Classification) -> dict[str, Method]:
    """The questions about a result: those of any rows."""
    return row_methods(result, Finder(result), page)


def actions(result: Classification, panel: Panel) -> dict[str, Method]:
    """What a panel can have done: `export` writes rows into a file."""
    return row_actions(result, panel, Finder(result), file_name(result.run.model) or "labels")
