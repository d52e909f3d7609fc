"""The panel of filled masks in a real JupyterLab: what stands on the screen is what Python found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from browser.jupyter import JupyterServer, Notebook, OfflineBrowser
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

TESTS = Path(__file__).parent.parent
SETUP = f"""%load_ext nbtransformers
import sys
sys.path.insert(0, {str(TESTS)!r})
import helpers, torch
import nbtransformers as nbt
from transformers import BertForMaskedLM
torch.manual_seed(3)
own = BertForMaskedLM(helpers.bert_config()).eval()
tokenizer = helpers.tokenizer(mask_token="[MASK]")"""
ONE = "%%fill --model own --tokenizer tokenizer --out one\na <mask> from start to [MASK] 👩‍👩‍👧"
FEW = """%%fill --model own --tokenizer tokenizer --top-k 3 --out few
the striker scored [MASK]
فيلم [MASK] جدا
电影 [MASK] 好看
<img src=x onerror=alert(1)> [MASK] <b>x</b>
no mask at all"""
ONE_AT, FEW_AT, PYTHON = range(1, 4)


@pytest.fixture(scope="module")
def notebook(browser: OfflineBrowser, lab: JupyterServer) -> Any:
    page = browser.page(height=1200)
    lab.write("fill.ipynb", [SETUP, ONE, FEW, "0"])
    notebook = lab.open(page, "fill.ipynb")
    notebook.run_all()
    yield notebook
    page.context.close()


def python(notebook: Notebook, expression: str) -> Any:
    """What Python says, through the notebook's last cell."""
    return json.loads(notebook.run_code(PYTHON, f"import json; print(json.dumps({expression}))"))


def test_one_text_shows_a_chip_for_each_mask_and_its_alternatives(notebook: Notebook) -> None:
    panel = notebook.panel(ONE_AT)
    tokens = python(notebook, "one.tokens[0]")
    assert panel.locator(".nbt-mask").all_text_contents() == [found[0] for found in tokens]
    for mask, found in enumerate(tokens):
        panel.locator(".nbt-mask").nth(mask).click()
        assert panel.locator(".nbt-labels-name").all_text_contents() == found
        probabilities = python(notebook, f"[float(p) for p in one.probabilities[0][{mask}]]")
        for rank, probability in enumerate(probabilities):
            expect(panel.locator(".nbt-labels li").nth(rank)).to_contain_text(f"{probability:.3f}")
    expect(panel).to_contain_text("as another model writes it")
    expect(notebook.cell(ONE_AT).locator(".nbt-snapshot")).to_be_hidden()


def test_every_row_shows_its_text_filled_or_why_it_is_not(notebook: Notebook) -> None:
    panel = notebook.panel(FEW_AT)
    texts = python(notebook, "few.texts")
    for row, text in enumerate(texts[:4]):
        expect(panel.locator(f"[data-at='{row}'] .nbt-col-text")).to_have_text(text)
    expect(panel.locator("[data-at='4'] .nbt-col-label")).to_contain_text("no mask: write [MASK]")
    assert panel.locator("img, b").count() == 0


def test_an_opened_row_runs_in_the_direction_of_its_text(notebook: Notebook) -> None:
    panel = notebook.panel(FEW_AT)
    panel.locator("[data-at='1'] .nbt-col-text").click()
    text = panel.locator(".nbt-detail .nbt-text-full")
    assert text.evaluate("element => getComputedStyle(element).direction") == "rtl"
    assert panel.locator(".nbt-detail .nbt-labels-name").all_text_contents() == python(notebook, "few.tokens[1][0]")


def test_nothing_went_wrong_in_the_page(browser: OfflineBrowser, notebook: Notebook) -> None:
    assert browser.errors(notebook.page) == []
