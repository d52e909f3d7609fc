"""A download from the workbench in a real JupyterLab, of a slow Hub on this machine: followed, stopped, gone on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from browser.jupyter import JupyterServer, Notebook, OfflineBrowser, led_to, opened
from hub import Hub, serving
from hubonline import bulky_files
from hubrepos import Repository
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

WAIT_MS = 120_000
FILES = bulky_files(8_000)


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with serving(Hub(models={"acme/bulky": Repository(FILES, bytes_per_s=100_000)})) as running:
        yield running


@pytest.fixture(scope="module")
def notebook(
    hub: Hub, lab: JupyterServer, browser: OfflineBrowser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Notebook]:
    setup = led_to(hub, tmp_path_factory.mktemp("home"))
    with opened(browser, lab, "workbench-download", [setup, '%workbench "models download"', "0"]) as running:
        yield running


def bench(notebook: Notebook) -> Any:
    return notebook.cell(1).locator(".nbt-live").first


def test_it_is_followed_stopped_and_gone_on_with(notebook: Notebook, hub: Hub) -> None:
    panel = bench(notebook)
    expect(panel.locator(".nbt-bench-first select")).to_have_value("models download")
    panel.get_by_label("model", exact=True).fill("acme/bulky")
    panel.get_by_role("button", name="Run", exact=True).click()
    child = panel.locator(".nbt-bench-child")
    bar = child.get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-label", "Loading: Downloading acme/bulky", timeout=WAIT_MS)
    expect(bar).to_have_attribute("aria-valuetext", re.compile("[1-7] of 8 MB"), timeout=WAIT_MS)
    assert notebook.python("1 + 1") == 2  # the kernel is free
    panel.get_by_role("button", name="Stop").click()  # there is one
    said = panel.get_by_label("What it says").locator("pre")
    expect(said).to_have_text(
        re.compile(r"^Interrupted: [\d.]+ MB of acme/bulky are kept\. Run the same again to go on\.$"), timeout=WAIT_MS
    )
    assert panel.get_by_role("alert").count() == 0  # it is no mistake
    expect(panel.get_by_role("button", name="Run", exact=True)).to_be_enabled()
    hub.models["acme/bulky"].bytes_per_s = None
    panel.get_by_role("button", name="Run", exact=True).click()
    expect(said).to_have_text(
        re.compile(r"^Downloaded acme/bulky@.* It went on from [\d.]+ MB that an earlier download had left\.$"),
        timeout=WAIT_MS,
    )
    assert any(hub.ranges)  # by ranges of it


def test_its_program_is_a_button_away(notebook: Notebook) -> None:
    panel = bench(notebook)
    panel.locator(".nbt-bench-run").get_by_role("button", name="Code").click()
    program = panel.get_by_label("The plain program of run 2")
    expect(program).to_contain_text("snapshot_download(")
    assert "nbtransformers" not in program.inner_text()
    panel.locator("summary", has_text="History").click()
    rows = panel.locator(".nbt-bench-history tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("are kept")
    expect(rows.nth(1).get_by_role("button", name="Code")).to_be_disabled()
