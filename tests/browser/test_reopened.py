"""A saved notebook, opened again: by its author and by a stranger, in JupyterLab and in Notebook 7."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from browser.jupyter import App, JupyterServer, Notebook, OfflineBrowser
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

CELLS = [
    "%load_ext nbtransformers",
    "%%classify --labels politics,sport\nThe parliament passed the budget.\n\nShe scored twice."
    "\n<b>bold</b> 好 هذا 👩‍👩‍👧",
]


@pytest.fixture(scope="module")
def saved(browser: OfflineBrowser, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A notebook that was run and saved; its folder, and the folder of the user who ran it."""
    user = tmp_path_factory.mktemp("author")
    page = browser.page()
    with JupyterServer(user) as server:
        server.write("saved.ipynb", CELLS)
        notebook = server.open(page, "saved.ipynb")
        notebook.run_all()
        expect(notebook.panel(1)).to_be_visible()
        expect(notebook.cell(1).locator(".nbt-snapshot")).to_be_hidden()
        notebook.save()
        page.context.close()
    return server.root, user


@pytest.mark.parametrize("app", ["lab", "notebook"])
@pytest.mark.parametrize("trusted", [True, False])
def test_a_reopened_notebook_shows_the_snapshot_alone(
    saved: tuple[Path, Path], browser: OfflineBrowser, tmp_path: Path, app: App, trusted: bool
) -> None:
    root, author = saved
    page = browser.page()
    with JupyterServer(author if trusted else tmp_path, app=app, root=root) as server:
        notebook = server.open(page, "saved.ipynb")
        cell = notebook.cell(1)
        snapshot = cell.locator(".nbt-snapshot")
        expect(snapshot).to_be_visible()
        expect(cell.locator(".nbt-live")).to_have_count(0)
        assert is_trusted(notebook) == trusted
        text = cell.locator(".jp-OutputArea").inner_text()
        assert "The parliament passed the budget." in text
        assert "empty" in text
        assert "<b>bold</b> 好 هذا" in text
        assert "model not found" not in text
        assert "Error displaying" not in text
        page.context.close()


def is_trusted(notebook: Notebook) -> bool:
    return notebook.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.model.cells.get(1).trusted")


def test_the_saved_file_is_small_and_says_it_in_plain_text_too(saved: tuple[Path, Path]) -> None:
    path = saved[0] / "saved.ipynb"
    outputs: list[dict[str, Any]] = json.loads(path.read_text())["cells"][1]["outputs"]
    assert [sorted(output["data"]) for output in outputs] == [
        ["text/html", "text/plain"],
        ["application/vnd.jupyter.widget-view+json", "text/plain"],
    ]
    plain = "".join(outputs[0]["data"]["text/plain"])
    assert "She scored twice." in plain
    assert path.stat().st_size < 20_000


def test_the_page_reloaded_shows_the_panel_again(saved: tuple[Path, Path], browser: OfflineBrowser) -> None:
    """The kernel lives on when the page is reloaded, and with it the panel."""
    root, author = saved
    page = browser.page()
    with JupyterServer(author, root=root) as server:
        notebook = server.open(page, "saved.ipynb")
        notebook.run_all()
        expect(notebook.panel(1)).to_be_visible()
        notebook.save()
        page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
        again = server.open(page, "saved.ipynb")
        expect(again.panel(1)).to_be_visible()
        expect(again.cell(1).locator(".nbt-snapshot")).to_be_hidden()
        page.context.close()


def test_work_that_failed_leaves_its_message_and_nothing_broken(browser: OfflineBrowser, tmp_path: Path) -> None:
    page = browser.page()
    with JupyterServer(tmp_path) as server:
        server.write("failed.ipynb", ["%load_ext nbtransformers", "%classify ['x'] --labels a,b --device cuda"])
        notebook = server.open(page, "failed.ipynb")
        notebook.run_all(wait=False)
        expect(notebook.cell(1)).to_contain_text("There is no CUDA device here", timeout=60_000)
        notebook.wait_idle()
        notebook.save()
        page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    with JupyterServer(tmp_path) as server:
        cell = server.open(page, "failed.ipynb").cell(1)
        expect(cell).to_contain_text("There is no CUDA device here")
        assert is_trusted(Notebook(page, server.root / "failed.ipynb"))
        shown = cell.locator(".jp-OutputArea").inner_text()
        assert "model not found" not in shown
        assert "Error displaying" not in shown
        page.context.close()
