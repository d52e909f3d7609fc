"""A marimo notebook: it has cells and panels, and no IPython."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.jupyter import OfflineBrowser, free_port
from hub import Hub, serving
from hubdatasets import hub_datasets
from playwright.sync_api import Page, expect

NOTEBOOK = """
import marimo

app = marimo.App()


@app.cell
def _():
    import marimo as mo
    import nbtransformers as nbt
    from nbtransformers.panels import lifetime
    return lifetime, mo, nbt


@app.cell
def _(mo):
    again = mo.ui.button(label="Again", value=0, on_click=lambda times: times + 1)
    again
    return (again,)


@app.cell
def _(again, mo, nbt):
    labels = nbt.classify(["A joy.", "A bore.", f"<b>{again.value}</b> مرحبا 你好"])
    panel = mo.ui.anywidget(nbt.panel(labels))
    panel
    return labels, panel


@app.cell
def _(labels, lifetime, mo, nbt, panel):
    selected = panel.value["selection"], nbt.selected(labels)["text"].tolist()
    # Every panel that is open; more than there are cells with one would be those of cells that ran before.
    mo.plain_text(f"selected {selected} of {len(lifetime.panels())} panels")
    return


@app.cell
def _(again, nbt):
    again.value
    nbt.attention("The cat sat on the mat.")
    return


@app.cell
def _(again, nbt):
    again.value
    nbt.show(nbt.similar(["a cat", "a dog", "a car"]))
    return


@app.cell
def _(nbt):
    nbt.preview("acme/reviews", rows=3)
    return


@app.cell
def _():
    import time
    from nbtransformers.panels.view import passing_view
    from nbtransformers.progress import Progress

    hostile = "<img src=x onerror=alert(1)>"
    view = passing_view(hostile)
    time.sleep(1)  # work that takes long
    view.progress(Progress("running", f"Fetching {hostile}", 3, 10))
    return


@app.cell
def _(mo, nbt):
    try:
        nbt.workbench()
    except nbt.UserError as error:
        refused = mo.plain_text(str(error))
    refused
    return


if __name__ == "__main__":
    app.run()
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("marimo")
    with serving(Hub(datasets=hub_datasets())) as hub:
        variables = hub.environment(folder / "cache") | {"HF_HOME": str(folder / "home")}
        yield from served(folder, variables)


def served(folder: Path, variables: dict[str, str]) -> Iterator[str]:
    """The address of the notebook, run by a marimo of its own."""
    (folder / "notebook.py").write_text(NOTEBOOK)
    port = free_port()
    command = [sys.executable, "-m", "marimo", "run", "notebook.py", "--headless", "--no-token", f"--port={port}"]
    with (folder / "server.log").open("w") as log:
        environment = {**os.environ, **variables, "MARIMO_SKIP_UPDATE_CHECK": "1"}
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            wait_until_up(f"http://127.0.0.1:{port}/health", server, folder / "server.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)
    assert "Traceback" not in (folder / "server.log").read_text()


def wait_until_up(health: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(health, timeout=1).read()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(log.read_text()[-3000:])


@pytest.fixture(scope="module")
def marimo(browser: OfflineBrowser, address: str) -> Iterator[Page]:
    page = browser.page(height=2400)
    page.goto(address)
    expect(page.locator(".nbt-live")).to_have_count(4, timeout=120_000)
    yield page
    page.context.close()


def test_the_value_of_a_cell_is_its_panel(marimo: Page) -> None:
    first = marimo.locator(".nbt-live").first
    expect(first.get_by_role("row").filter(has_text="A joy.")).to_contain_text("positive")
    expect(first).to_contain_text("<b>0</b> مرحبا 你好")
    # What is drawn was asked of Python, over the channel.
    expect(marimo.locator(".nbt-live").nth(1)).to_contain_text("Layer 0 · head 0")
    expect(marimo.get_by_text("The workbench types magics, and marimo has none. Call a function")).to_be_visible()
    assert not marimo.locator(".nbt-snapshot").count(), "a page that shows panels has no need of it"


def test_a_dataset_is_looked_into(marimo: Page) -> None:
    looked = marimo.locator(".nbt-live", has_text="acme/reviews")
    expect(looked).to_contain_text("A joy from start to end.")
    rows = looked.locator(".nbt-dataset-rows tbody tr")
    expect(rows).to_have_count(3)
    looked.get_by_role("button", name="More rows").click()
    expect(rows.nth(3)).to_be_visible(timeout=30_000)


def test_progress_is_shown_and_its_text_stays_text(marimo: Page) -> None:
    expect(marimo.get_by_text("Fetching <img src=x onerror=alert(1)>")).to_be_visible()
    expect(marimo.get_by_text("3 / 10")).to_be_visible()
    assert not marimo.locator("img[src=x]").count()


def test_what_is_selected_runs_the_cells_that_read_it(marimo: Page) -> None:
    said = marimo.get_by_text("selected (")
    expect(said).to_contain_text("selected ([], [])")
    marimo.locator(".nbt-live").first.locator("[data-at='1'] .nbt-col-text").click(modifiers=["Control"])
    expect(said).to_have_text("selected ([1], ['A bore.']) of 4 panels", timeout=30_000)


def test_a_cell_that_runs_again_has_a_new_panel_in_the_place_of_the_old_one(marimo: Page) -> None:
    for times in (1, 2):
        marimo.get_by_role("button", name="Again").click()
        expect(marimo.locator(".nbt-live").first).to_contain_text(f"<b>{times}</b>", timeout=60_000)
        expect(marimo.locator(".nbt-live")).to_have_count(4)
    marimo.locator(".nbt-live").first.locator("[data-at='0'] .nbt-col-text").click(modifiers=["Control"])
    expect(marimo.get_by_text("selected (")).to_have_text("selected ([0], ['A joy.']) of 4 panels", timeout=30_000)
