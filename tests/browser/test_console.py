"""The browser's console while a notebook of several tasks runs, in a real JupyterLab: nothing goes wrong there."""

from __future__ import annotations

import pytest
from browser.jupyter import JupyterServer, OfflineBrowser
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

SETUP = """%load_ext nbtransformers
import time
import nbtransformers as nbt
from nbtransformers.errors import UserError
from nbtransformers.panels.view import lasting_view, passing_view
from nbtransformers.progress import Progress"""
CLASSIFY = "%%classify --labels politics,sport --out topics\nThe parliament passed the budget.\nShe scored twice."
# Work that ends in the moment in which its panel comes, so that the page has not taken it up yet.
PASSING = """with passing_view("resuming") as view:
    time.sleep(0.6)
    view.progress(Progress("running", "tiny", 1, 2))"""
FAILING = """with lasting_view("classifying", "classify") as view:
    raise UserError("There is no such thing.")"""
TOKENIZE, EMBED, SIMILAR = (f"%%{task}\nA good film\nA bad film\nA cat" for task in ("tokenize", "embed", "similar"))
LEFT = """from ipywidgets.widgets.widget import _instances
from nbtransformers.panels import lifetime
print(len(lifetime.panels()), len(_instances))"""


def test_no_task_leaves_an_error_in_the_console(browser: OfflineBrowser, lab: JupyterServer) -> None:
    page = browser.page(height=1400)
    cells = [SETUP, CLASSIFY, PASSING, TOKENIZE, EMBED, SIMILAR, CLASSIFY, PASSING, LEFT, FAILING]
    lab.write("console.ipynb", cells)
    notebook = lab.open(page, "console.ipynb")
    notebook.run_all(wait=False)
    expect(notebook.cell(9)).to_contain_text("nbtransformers: There is no such thing.", timeout=120_000)
    notebook.wait_idle()
    page.wait_for_timeout(6_000)  # anywidget complains after two seconds; a panel is disconnected after five
    for number, count in enumerate([0, 1, 0, 1, 1, 1, 1, 0, 0, 0]):
        expect(notebook.panel(number)).to_have_count(count)
    assert notebook.run_code(8, LEFT).split() == ["5", "10"]  # each with its layout
    assert browser.errors(page) == []
    page.context.close()
