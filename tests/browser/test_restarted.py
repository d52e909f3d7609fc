"""Work in the background beside a cell on the same model, and a kernel that is restarted, in a real JupyterLab."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.jupyter import JupyterServer, Notebook, OfflineBrowser
from oracle.writers import save_writer
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

# A model that takes its time, and never comes to an end.
SETUP = """%load_ext nbtransformers
import time
from transformers import AutoModelForCausalLM, AutoTokenizer
model = AutoModelForCausalLM.from_pretrained({folder!r})
model.generation_config.eos_token_id = None
model.register_forward_pre_hook(lambda *_: time.sleep(0.1))
slow = (model, AutoTokenizer.from_pretrained({folder!r}))"""
WORK = "%%generate --model slow --max-new-tokens 200 --background --out work\nThe film"
HELD = "%%generate --model slow --max-new-tokens 3 --out held\nThe film"
RESTART = "() => window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.restart()"


@pytest.fixture
def notebook(browser: OfflineBrowser, lab: JupyterServer, tmp_path: Path) -> Iterator[Notebook]:
    page = browser.page(height=1300)
    setup = SETUP.format(folder=str(save_writer("base", tmp_path / "base")))
    lab.write("restarted.ipynb", [setup, WORK, HELD])
    notebook = lab.open(page, "restarted.ipynb")
    notebook.run_code(0, setup)
    yield notebook
    page.context.close()


def test_a_cell_on_a_busy_model_says_so_and_the_panel_ends_with_the_kernel(notebook: Notebook) -> None:
    notebook.run_code(1, WORK)
    working = notebook.panel(1)
    expect(working.locator("[data-n='2']")).to_be_visible(timeout=30_000)
    notebook.page.evaluate(
        """() => {
            window.jupyterapp.shell.currentWidget.content.activeCellIndex = 2;
            window.jupyterapp.commands.execute('notebook:run-cell');
        }"""
    )
    expect(notebook.panel(2)).to_contain_text("at work in the background: waiting for it", timeout=15_000)
    notebook.command("notebook:interrupt-kernel")
    expect(notebook.cell(2)).to_contain_text("nothing was begun. Run it again.", timeout=15_000)
    notebook.page.evaluate(RESTART)
    expect(working.locator("[role=alert]")).to_have_text("The kernel is gone: this is what had come.")
    expect(working.locator(".nbt-caret, .nbt-stop")).to_have_count(0)
    expect(working.locator("[data-n='2']")).to_be_visible()
