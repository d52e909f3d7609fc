"""A panel that came and went while a plain call took long, in a real JupyterLab: it leaves no room behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser.jupyter import JupyterServer, OfflineBrowser

pytestmark = pytest.mark.browser

WORK = """import time
from nbtransformers.panels.view import passing_view
from nbtransformers.progress import Progress
with passing_view("resuming") as view:
    time.sleep(0.6)
    view.progress(Progress("running", "tiny", 1, 2))
    time.sleep(0.3)
"""
HEIGHTS = """() => [...document.querySelectorAll('.jp-Notebook .jp-Cell-outputWrapper')]
    .map(output => output.getBoundingClientRect().height)"""


def test_a_panel_that_has_gone_takes_no_room(tmp_path: Path, browser: OfflineBrowser) -> None:
    page = browser.page()
    with JupyterServer(tmp_path) as server:
        server.write("gone.ipynb", [WORK + "done = 1", "'beside'", WORK + "'beside'"])
        notebook = server.open(page, "gone.ipynb")
        notebook.run_all()
        page.wait_for_function("() => document.querySelectorAll('.nbt-gone').length === 2")
        alone, plain, beside = page.evaluate(HEIGHTS)
        assert alone == 0
        assert beside == plain > 0
        page.context.close()
