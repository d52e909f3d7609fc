"""A page that is busy when its widgets are made: anywidget gives each two seconds, and the panels hear all the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser.jupyter import HURRY, LATE, JupyterServer, Notebook, OfflineBrowser
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

LOAD = "%load_ext nbtransformers\nimport nbtransformers as nbt"
LABELS = "%%classify --labels politics,sport --out labels\nThe parliament passed the budget.\nShe scored twice."
ATTENTION = "%%attention\nThe cat sat on the mat."


@pytest.fixture(scope="module")
def notebook(browser: OfflineBrowser, lab: JupyterServer) -> Iterator[Notebook]:
    page = browser.page()
    page.add_init_script(HURRY)
    lab.write("late.ipynb", [LOAD, LABELS, ATTENTION, "0"])
    notebook = lab.open(page, "late.ipynb")
    notebook.run_all()
    yield notebook
    assert set(browser.errors(page)) == {LATE}, "nothing else went wrong, and this did, or nothing is shown here"
    page.context.close()


def test_what_python_finds_and_selects_comes_to_the_panel(notebook: Notebook) -> None:
    expect(notebook.panel(1).locator(".nbt-head")).to_contain_text("2 texts")
    notebook.run_code(3, "nbt.panel(labels).selection = [1]")
    expect(notebook.panel(1).locator(".nbt-selected-count")).to_have_text("1 selected")


def test_what_the_panel_asks_is_answered(notebook: Notebook) -> None:
    attention = notebook.panel(2)
    attention.get_by_role("button", name="Steps", exact=True).click()
    expect(attention.get_by_role("group", name="query token")).to_be_visible()
    expect(attention).not_to_contain_text("Waiting")


def test_what_the_panel_sets_comes_to_python(notebook: Notebook) -> None:
    notebook.panel(1).locator("[data-at='0'] .nbt-col-text").click(modifiers=["Control"])
    expect(notebook.panel(1).locator(".nbt-selected-count")).to_have_text("2 selected")
    assert notebook.python("list(nbt.panel(labels).selection)") == [0, 1]
