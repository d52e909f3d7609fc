"""Models as static HTML: the list, as it was last in sight."""

from __future__ import annotations

from nbtransformers.panels.listsnapshot import listing_snapshot
from nbtransformers.results.models import Models


def models_snapshot(panel_id: str, models: Models) -> str:
    """The list as HTML."""
    return listing_snapshot(panel_id, "Models", models)
