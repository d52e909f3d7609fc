"""A notebook as an app, in Voilà: panels live, their snapshots hidden, and what is pressed reaches Python."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from browser.jupyter import HURRY, LATE, JupyterServer, OfflineBrowser
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser

MAKE = """%load_ext nbtransformers
import ipywidgets, traitlets
import nbtransformers as nbt
words = ["budget vote", "penalty goal", "microchip"]
texts = [f"{words[row % 3]} number {row}" for row in range(30)]
labels, vectors = nbt.classify(texts, labels="politics,sport"), nbt.embed(texts)"""
LABELS = "%%classify --labels politics,sport\nThe parliament passed the budget.\nShe scored twice."
TABS = """link = traitlets.link((nbt.panel(labels), "selection"), (nbt.panel(vectors), "selection"))
ipywidgets.Tab([nbt.panel(labels), nbt.panel(vectors)], titles=["Labels", "Vectors"])"""
OUTPUT = """out = ipywidgets.Output()
def show(change):
    with out:
        out.clear_output(wait=True)
        print("Selected:", *nbt.selected(labels)["text"])
nbt.panel(labels).observe(show, "selection")
out"""
CELLS = [MAKE, LABELS, TABS, OUTPUT, "%%attention\nThe cat sat on the mat.", "%workbench"]
# Without anything of ours, to see what Voilà itself complains of.
PLAIN = ["from IPython.display import HTML\nHTML('<p>A plain page.</p>')", "import ipywidgets\nipywidgets.Label('One')"]
WAIT_MS = 180_000


@pytest.fixture(scope="module", params=["", HURRY], ids=["in time", "late"])
def app(request: pytest.FixtureRequest, browser: OfflineBrowser, lab: JupyterServer) -> Iterator[Page]:
    plain = opened(browser, lab, "plain", PLAIN)
    expect(plain.get_by_text("A plain page.")).to_be_visible(timeout=WAIT_MS)
    own = {"MathJax is not defined", LATE, *browser.errors(plain)}
    plain.context.close()
    page = opened(browser, lab, "app", CELLS, request.param)
    expect(page.locator(".nbt-bench")).to_be_visible(timeout=WAIT_MS)
    yield page
    assert set(browser.errors(page)) <= own
    assert LATE in browser.errors(page) or not request.param
    page.context.close()


def opened(browser: OfflineBrowser, lab: JupyterServer, name: str, cells: list[str], script: str = "") -> Page:
    page = browser.page(height=4000)
    page.add_init_script(script)
    # Icons and formulas of Voilà's own, which it takes from elsewhere.
    page.route(re.compile("fontawesome|mathjax"), lambda route: route.fulfill(body=""))
    lab.write(f"{name}.ipynb", cells)
    page.goto(f"{lab.url}/voila/render/{name}.ipynb", timeout=WAIT_MS)
    return page


def panel_with(page: Page, part: str) -> Locator:
    return page.locator(".nbt-live", has=page.locator(part))


def test_each_panel_lives_and_no_snapshot_is_seen(app: Page) -> None:
    expect(app.locator(".nbt-live:visible")).to_have_count(4)
    expect(app.locator(".nbt-live")).to_have_count(5)
    assert app.locator(".nbt-snapshot").count() == 3
    assert app.locator(".nbt-snapshot:visible").count() == 0
    assert app.locator("body").inner_text().count("The parliament passed the budget.") == 1


def test_what_is_selected_reaches_python_and_the_other_tab(app: Page) -> None:
    app.locator("[data-at='4'] .nbt-col-text").first.click(modifiers=["Control"])
    expect(app.get_by_text("Selected: penalty goal number 4")).to_be_visible()
    app.get_by_role("tab", name="Vectors").click()
    vectors = panel_with(app, ".nbt-scatter")
    expect(vectors.locator(".nbt-selected-count")).to_have_text("1 selected")
    canvas = vectors.locator("canvas").first
    drawn, shown = canvas.evaluate("canvas => [canvas.width / devicePixelRatio, canvas.clientWidth]")
    assert shown > 650 and abs(drawn - shown) <= 1


def test_a_head_is_asked_for_and_a_form_is_run(app: Page) -> None:
    attention = panel_with(app, ".nbt-attention")
    attention.get_by_role("button", name="Steps", exact=True).click()
    expect(attention.get_by_role("group", name="query token")).to_be_visible()
    expect(attention).not_to_contain_text("Waiting")
    bench = panel_with(app, ".nbt-bench").first
    bench.get_by_role("textbox", name="Texts, one a line").fill("A joy from start to end.")
    bench.get_by_role("button", name="Run", exact=True).click()
    expect(bench.locator(".nbt-live")).to_contain_text("positive", timeout=WAIT_MS)
    expect(bench.get_by_role("button", name="Copy")).to_be_visible()
    expect(bench.get_by_role("button", name="Insert as cell")).to_have_count(0)
