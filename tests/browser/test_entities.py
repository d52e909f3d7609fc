"""The panel of entities in a real JupyterLab: what is marked on the screen is what Python found."""

from __future__ import annotations

import json
import os
import re
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
import nbtransformers as nbt
from browser.tagger import tagger
names = tagger()"""
TEXTS = """%%entities --model names --out few
Ada Lovelace met Charles Babbage in London, and wrote to Reuters from Paris.
北京 的 李 娜 在 伦敦 。
التقت مريم حداد في باريس مع جون سميث من رويترز
Loved it 👩‍👩‍👧‍👦🎬 with Ada in Paris 🇫🇷!

<img src=x onerror=alert(1)> London <b>bold</b>
Nothing to see here."""
ONE = "one = nbt.entities('In Paris, Ada met Charles.', model=names)\none"
MANY = """texts = [f"Report {row}: " + "Ada is in London. " * (row % 4) for row in range(100_000)]
many = nbt.entities(texts, model=names)
many"""
LONG = """books = [f"{at}. Ada Lovelace went to Paris with Charles. " * 3_000 for at in range(2)]
long = nbt.entities(books, model=names)
long"""
TEXTS_AT, ONE_AT, MANY_AT, LONG_AT, PYTHON = range(1, 6)


@pytest.fixture(scope="module")
def notebook(browser: OfflineBrowser, lab: JupyterServer) -> Any:
    page = browser.page(height=1400)
    lab.write("entities.ipynb", [SETUP, TEXTS, ONE, MANY, LONG, "0"])
    notebook = lab.open(page, "entities.ipynb")
    notebook.run_all()
    yield notebook
    page.context.close()


def python(notebook: Notebook, expression: str) -> Any:
    """What Python says, through the notebook's last cell."""
    return json.loads(notebook.run_code(PYTHON, f"import json; print(json.dumps({expression}))"))


def marked(place: Any) -> list[list[str]]:
    """What is marked in a text, each with what stands beside it."""
    return place.locator("mark").evaluate_all("all => all.map(mark => [...mark.children].map(e => e.textContent))")


def expected(notebook: Notebook, name: str, row: int) -> list[list[str]]:
    return python(notebook, f"[[span.text, span.label] for span in {name}.spans[{row}]]")


def row_of(notebook: Notebook, cell: int, at: int) -> Any:
    return notebook.panel(cell).locator(f"[data-at='{at}']")


def test_the_marks_of_every_text_are_the_spans_that_python_has(notebook: Notebook) -> None:
    for row in range(7):
        own = marked(row_of(notebook, TEXTS_AT, row))
        assert own == expected(notebook, "few", row)
        assert bool(own) == (row not in (4, 6))
    expect(notebook.cell(TEXTS_AT).locator(".nbt-snapshot")).to_be_hidden()
    assert notebook.panel(TEXTS_AT).locator("img, b").count() == 0


def test_the_legend_counts_and_filters(notebook: Notebook) -> None:
    panel = notebook.panel(TEXTS_AT)
    totals = python(notebook, "few.totals")
    for name, number in totals.items():
        button = panel.get_by_role("button", name=f"{name} {number} ")
        assert button.locator(".nbt-bucket-count").inner_text() == str(number)
    panel.get_by_role("button", name=re.compile("^ORG ")).click()
    rows = python(
        notebook, "sorted({row for row, label in zip(few.to_pandas().row, few.to_pandas().label) if label == 'ORG'})"
    )
    expect(panel.locator("[data-at] .nbt-col-index")).to_have_text([str(row) for row in rows])
    assert panel.locator("mark.nbt-entity-off").count() > 0
    panel.get_by_role("button", name=re.compile("^ORG ")).click()
    expect(panel.locator("[data-at] .nbt-col-index")).to_have_count(7)


def test_an_opened_text_has_its_marks_its_scores_and_its_tokens(notebook: Notebook) -> None:
    panel = notebook.panel(TEXTS_AT)
    panel.locator("[data-at='0'] .nbt-col-text").click(position={"x": 3, "y": 10})
    detail = panel.get_by_role("region", name="Row 0", exact=True)
    assert marked(detail.locator(".nbt-text-full")) == expected(notebook, "few", 0)
    scores = python(notebook, "[f'{span.score:.3f}' for span in few.spans[0]]")
    expect(detail.locator(".nbt-labels .nbt-number")).to_have_text(scores)
    detail.get_by_role("button", name="Show tokens").click()
    tokens = python(notebook, "[[a, b] for a, b in few.tokens_of(0)[['token', 'label']].values.tolist()]")
    expect(detail.locator(".nbt-tagged li")).to_have_count(len(tokens))
    shown = detail.locator(".nbt-tagged li").evaluate_all(
        "all => all.map(e => [...e.children].map(c => c.textContent))"
    )
    assert shown == tokens
    detail.get_by_role("button", name="Close").click()


def test_text_from_right_to_left_reads_so(notebook: Notebook) -> None:
    text = row_of(notebook, TEXTS_AT, 2).locator(".nbt-text")
    assert text.evaluate("e => getComputedStyle(e).direction") == "rtl"
    edges = text.locator("mark").evaluate_all("all => all.map(e => e.getBoundingClientRect().right)")
    assert edges == sorted(edges, reverse=True), "the first entity is the rightmost"


def test_one_text_is_shown_in_full(notebook: Notebook) -> None:
    panel = notebook.panel(ONE_AT)
    assert marked(panel.locator(".nbt-text-full")) == expected(notebook, "one", 0)


def test_a_hundred_thousand_texts(notebook: Notebook) -> None:
    panel = notebook.panel(MANY_AT)
    expect(panel.locator(".nbt-subtitle")).to_contain_text("100,000 texts")
    panel.get_by_role("columnheader", name="Entities").click()
    expect(panel.locator("[data-at='0'] .nbt-col-entities")).to_have_text("6")
    first = panel.locator("[data-at='0'] .nbt-col-index").inner_text()
    assert marked(row_of(notebook, MANY_AT, 0)) == expected(notebook, "many", int(first.replace(",", "")))
    panel.get_by_role("searchbox").fill("Report 99999:")
    expect(panel.locator("[data-at]")).to_have_count(1)


def test_a_long_text_has_all_its_marks(notebook: Notebook) -> None:
    panel = notebook.panel(LONG_AT)
    panel.locator("[data-at='0'] .nbt-col-text").click(position={"x": 3, "y": 10})
    detail = panel.get_by_role("region", name="Row 0", exact=True)
    detail.get_by_role("button", name="Mark ").click()
    assert marked(detail.locator(".nbt-text-full")) == expected(notebook, "long", 0)
    assert len(expected(notebook, "long", 0)) == 9_000
    detail.get_by_role("button", name="Close").click()


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_looks(browser: OfflineBrowser, tmp_path: Path, theme: str) -> None:
    """Nothing sticks out; with NBT_SHOTS the pictures are kept, to be looked at."""
    shots = os.environ.get("NBT_SHOTS")
    with JupyterServer(tmp_path, theme=f"JupyterLab {theme}") as server:
        server.write("looks.ipynb", [SETUP, TEXTS, ONE])
        for width in (1100, 420):
            page = browser.page(width=width, height=1300)
            notebook = server.open(page, "looks.ipynb")
            notebook.run_all()
            panel = notebook.panel(1)
            panel.locator("[data-at='2'] .nbt-col-text").click(position={"x": 3, "y": 10})
            panel.get_by_role("button", name="Show tokens").click()
            expect(panel.locator(".nbt-tagged li").first).to_be_visible()
            assert panel.evaluate("e => e.scrollWidth <= e.clientWidth + 1")
            if shots:
                Path(shots).mkdir(parents=True, exist_ok=True)
                panel.screenshot(path=f"{shots}/entities-{theme}-{width}.png")
                notebook.panel(2).screenshot(path=f"{shots}/entity-one-{theme}-{width}.png")
            page.context.close()
