"""Translations in a real JupyterLab: beside their texts where there is room, below them where there is not."""

from __future__ import annotations

from typing import Any

import pytest
from browser.jupyter import JupyterServer, OfflineBrowser
from playwright.sync_api import expect
from taught.translator import translator

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ONE = "%%translate --whole --model {model}\nLog out\n\nMonday\nTuesday"
MANY = "%%translate --model {model}\nApril\nRedirects\n\nArabic"


@pytest.fixture(scope="module")
def notebook(browser: OfflineBrowser, lab: JupyterServer) -> Any:
    page = browser.page(height=1300)
    model = translator()
    setup = "%load_ext nbtransformers\nimport torch\ntorch.set_num_threads(1)"
    lab.write("translate.ipynb", [setup, ONE.format(model=model), MANY.format(model=model)])
    notebook = lab.open(page, "translate.ipynb")
    notebook.run_all(300)
    yield notebook
    assert browser.errors(page) == []
    page.context.close()


def test_a_translation_stands_beside_its_text_where_there_is_room(notebook: Any) -> None:
    panel = notebook.panel(1)
    text, translation = panel.get_by_label("Text", exact=True), panel.get_by_label("Translation", exact=True)
    expect(text).to_contain_text("Log out")
    expect(translation.locator(".nbt-written")).to_have_text("Abmelden\n\nMontag\nDienstag⏹")
    wide, beside = text.bounding_box(), translation.bounding_box()
    assert beside["x"] >= wide["x"] + wide["width"] and abs(beside["y"] - wide["y"]) < 5
    notebook.page.set_viewport_size({"width": 620, "height": 1300})
    expect(panel).to_be_visible()
    narrow, below = text.bounding_box(), translation.bounding_box()
    assert below["y"] >= narrow["y"] + narrow["height"]
    notebook.page.set_viewport_size({"width": 1200, "height": 1300})


def test_many_translations_are_a_table_of_texts(notebook: Any) -> None:
    panel = notebook.panel(2)
    for word in ("April", "Umleitungen", "Arabisch"):
        expect(panel.get_by_role("grid")).to_contain_text(word)
    for title in ("Text", "Translation"):
        expect(panel.get_by_role("columnheader", name=title)).to_be_visible()
    expect(panel).to_contain_text("4 texts")
