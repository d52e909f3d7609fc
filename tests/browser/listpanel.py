"""The panels of models and of datasets, as tests find their way about in them."""

from __future__ import annotations

from typing import Any, Literal

from browser.jupyter import Notebook
from playwright.sync_api import expect


def panel_of(notebook: Notebook) -> Any:
    """The panel of the list, in the second cell."""
    return notebook.panel(1).first


def names(panel: Any) -> Any:
    """The names in the list."""
    return panel.locator(".nbt-models-list tbody button")


def looked_at(notebook: Notebook, what: Literal["model", "dataset"], name: str) -> Any:
    """All that is known of one of the list, once it is searched for and clicked."""
    panel = panel_of(notebook)
    panel.get_by_role("searchbox", name=f"Search {what}s by name").fill(name.rpartition("/")[2])
    expect(names(panel)).to_have_text([name])
    panel.locator(".nbt-models-list tbody tr").first.click()
    return panel.get_by_role("region", name=f"The {what} {name}", exact=True)
