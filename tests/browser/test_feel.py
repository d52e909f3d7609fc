"""How the magics feel in a real JupyterLab: Tab, and panels that go when their cells do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import helpers
import pytest
from browser.jupyter import JupyterServer, Notebook, OfflineBrowser
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

LOAD = "%load_ext nbtransformers"
SETUP = """import pandas as pd
reviews = pd.DataFrame({"review text": ["A joy from start to end."], "stars": [5]})"""
# Results made by hand: a kernel that loads no model is there in a moment.
READY = f"""%load_ext nbtransformers
import sys
sys.path.insert(0, {str(Path(helpers.__file__).parent)!r})
import nbtransformers as nbt
from helpers import classification
result = classification(["A joy.", "Dull."], [[0.1, 0.9], [0.8, 0.2]])"""
PANEL = "nbt.show(result)"
COUNT = """from ipywidgets.widgets.widget import _instances
from nbtransformers.panels import lifetime
print(len(lifetime.panels()), len(_instances))"""


# --- Tab ---


@pytest.fixture(scope="module")
def typing(browser: OfflineBrowser, lab: JupyterServer) -> Iterator[Notebook]:
    page = browser.page()
    lab.write("tab.ipynb", [LOAD, SETUP, "0"])
    notebook = lab.open(page, "tab.ipynb")
    notebook.run_all()
    yield notebook
    page.context.close()


def write(notebook: Notebook, text: str) -> None:
    """Type into the last cell, in place of what is there."""
    page = notebook.page
    notebook.cell(2).locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text)


def source(notebook: Notebook) -> str:
    return notebook.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.source"
    )


def offers(notebook: Notebook) -> list[str]:
    """Press Tab, and read what it offers: Python's, and below it words of the notebook that JupyterLab itself adds."""
    notebook.page.keyboard.press("Tab")
    items = notebook.page.locator(".jp-Completer:not(.lm-mod-hidden) .jp-Completer-item .jp-Completer-match")
    expect(items.first).to_be_visible()
    return items.all_inner_texts()


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("%classify reviews --mod", "%classify reviews --model"),
        ("%classify reviews --model=mini", "%classify reviews --model=minilm"),
        ("%classify reviews --column 'rev", "%classify reviews --column 'review text'"),
        ("%classify reviews --column rev", '%classify reviews --column "review text"'),
        ("%nbt unl", "%nbt unload"),
        ("# 👩‍👧 é 好\n%classify reviews --dev", "# 👩‍👧 é 好\n%classify reviews --device"),
    ],
)
def test_tab_and_enter_complete_what_is_typed(typing: Notebook, typed: str, completed: str) -> None:
    write(typing, typed)
    offers(typing)
    typing.page.keyboard.press("Enter")
    assert source(typing) == completed


def test_tab_offers_choices_and_takes_one(typing: Notebook) -> None:
    write(typing, "%classify reviews --long ")
    assert offers(typing)[:3] == ["truncate", "window", "error"]
    typing.page.keyboard.press("ArrowDown")
    typing.page.keyboard.press("Enter")
    assert source(typing) == "%classify reviews --long window"


def test_tab_offers_the_options_alone(typing: Notebook) -> None:
    from nbtransformers.magics.formtasks import TASKS

    write(typing, "%%classify --")
    assert set(offers(typing)) == {f"--{option.name}" for option in TASKS["classify"].options}
    typing.page.keyboard.press("Escape")


# --- panels ---


@pytest.fixture
def panels(browser: OfflineBrowser, lab: JupyterServer, request: pytest.FixtureRequest) -> Iterator[Notebook]:
    page = browser.page(height=1400)
    name = f"{request.node.name}.ipynb"  # a kernel of its own
    lab.write(name, [READY, PANEL, PANEL, "0"])
    notebook = lab.open(page, name)
    notebook.run_all()
    expect(notebook.panel(2)).to_be_visible()
    yield notebook
    page.context.close()


def counted(notebook: Notebook, cell: int = 3) -> tuple[int, int]:
    """Open panels, and widgets, as Python counts them."""
    panels, widgets = notebook.run_code(cell, COUNT).split()
    return int(panels), int(widgets)


def until(notebook: Notebook, expected: tuple[int, int], cell: int = 3) -> None:
    for _ in range(10):
        if counted(notebook, cell) == expected:
            return
        notebook.page.wait_for_timeout(500)
    assert counted(notebook, cell) == expected


def activate(notebook: Notebook, number: int) -> None:
    notebook.page.evaluate(
        "number => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = number; }", number
    )


def test_a_cell_that_runs_again_frees_its_panel(panels: Notebook) -> None:
    assert counted(panels) == (2, 4)
    for _ in range(3):
        panels.run_code(1, PANEL)
    expect(panels.panel(1)).to_be_visible()
    until(panels, (2, 4))
    panels.run_code(1, "1 + 1")
    until(panels, (1, 2))


def test_a_deleted_cell_frees_its_panel_and_comes_back_with_the_snapshot(panels: Notebook) -> None:
    activate(panels, 2)
    panels.command("notebook:delete-cell")
    until(panels, (1, 2), cell=2)
    expect(panels.panel(1)).to_be_visible()
    panels.command("notebook:undo-cell-action")
    snapshot = panels.cell(2).locator(".nbt-snapshot")
    expect(snapshot).to_be_visible()
    expect(snapshot).to_contain_text("2 texts")
    expect(panels.panel(2)).to_have_count(0)
    assert "not found" not in panels.cell(2).inner_text()


def test_a_cleared_output_frees_its_panel(panels: Notebook) -> None:
    activate(panels, 1)
    panels.command("notebook:clear-cell-output")
    until(panels, (1, 2))


def test_a_moved_cell_keeps_its_panel(panels: Notebook) -> None:
    activate(panels, 2)
    panels.command("notebook:move-cell-up")
    panels.page.wait_for_timeout(2_500)
    expect(panels.panel(1)).to_be_visible()
    assert counted(panels) == (2, 4)


def test_a_reloaded_page_keeps_its_panels(panels: Notebook) -> None:
    panels.save()
    panels.page.reload()
    panels.page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    panels.wait_idle()
    expect(panels.panel(1)).to_be_visible(timeout=30_000)
    panels.page.wait_for_timeout(2_000)
    assert counted(panels) == (2, 4)


def test_a_closed_notebook_keeps_its_panels(panels: Notebook, lab: JupyterServer) -> None:
    panels.save()
    panels.command("application:close")
    expect(panels.page.locator(".jp-Notebook")).to_have_count(0)
    panels.page.wait_for_timeout(2_500)
    panels.page.evaluate("path => window.jupyterapp.commands.execute('docmanager:open', { path })", panels.path.name)
    panels.page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    panels.wait_idle()
    expect(panels.panel(1)).to_be_visible(timeout=30_000)
    assert counted(panels) == (2, 4)


def test_unloading_the_extension_leaves_the_snapshots(panels: Notebook) -> None:
    panels.run_code(3, "%unload_ext nbtransformers")
    for number in (1, 2):
        expect(panels.cell(number).locator(".nbt-snapshot")).to_be_visible()
    panels.run_code(3, "%load_ext nbtransformers")
    assert counted(panels) == (0, 0)


def test_nothing_went_wrong_meanwhile(panels: Notebook, browser: OfflineBrowser) -> None:
    assert browser.outside == []
    assert browser.errors(panels.page) == []
