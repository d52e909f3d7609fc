"""One server and one browser for all browser tests."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.jupyter import JupyterServer, Notebook, OfflineBrowser, opened
from playwright.sync_api import Page, sync_playwright

JS = Path(__file__).parent.parent.parent / "js"


@pytest.fixture(scope="session")
def browser() -> Iterator[OfflineBrowser]:
    with sync_playwright() as playwright:
        offline = OfflineBrowser(playwright)
        yield offline
        offline.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    with JupyterServer(tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture(scope="session")
def every_state() -> str:
    """A page of its own with the panel in every state, under `default-src 'none'` and nonces."""
    npm = shutil.which("npm")
    assert npm, "tests/run.py puts npm on the path"
    subprocess.run([npm, "run", "dev"], cwd=JS, check=True, capture_output=True)
    return (JS / "dev" / "out" / "index.html").as_uri()


@pytest.fixture
def page(browser: OfflineBrowser) -> Iterator[Page]:
    opened = browser.page()
    yield opened
    opened.context.close()


@pytest.fixture(scope="module")
def notebook(request: pytest.FixtureRequest, browser: OfflineBrowser, lab: JupyterServer) -> Iterator[Notebook]:
    """The `CELLS` of a module, all run, and a last cell through which Python is asked; nothing may go wrong in it."""
    name = request.module.__name__.rpartition("test_")[2]
    with opened(browser, lab, name, [*request.module.CELLS, "0"]) as running:
        yield running
