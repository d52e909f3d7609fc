"""One server and one browser for all browser tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser.jupyter import JupyterServer, OfflineBrowser
from playwright.sync_api import Page, sync_playwright


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


@pytest.fixture
def page(browser: OfflineBrowser) -> Iterator[Page]:
    opened = browser.page()
    yield opened
    opened.context.close()
