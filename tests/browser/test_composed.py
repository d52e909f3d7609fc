"""Panels in boxes and tabs of ipywidgets, in JupyterLab and Notebook 7: one drives another, none is left behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from browser.jupyter import JupyterServer, Notebook, OfflineBrowser
from helpers import until
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

MAKE = f"""%load_ext nbtransformers
import sys
sys.path.insert(0, {str(Path(__file__).parent.parent)!r})
from everykind import example
import ipywidgets, traitlets, weakref
import nbtransformers as nbt
words = ["budget vote", "penalty goal", "microchip"]
texts = [f"{{words[row % 3]}} number {{row}}" for row in range(60)]
labels = nbt.classify(texts, labels="politics,sport,technology")
vectors = nbt.embed(texts)
attention, run = nbt.attention("The cat sat on the mat."), example("TrainingRun")"""
TABS = """link = traitlets.link((nbt.panel(labels), "selection"), (nbt.panel(vectors), "selection"))
tabs = ipywidgets.Tab([nbt.panel(labels), nbt.panel(vectors)], titles=["Labels", "Vectors"])
display(tabs)"""
OUTPUT = """out = ipywidgets.Output()
def show(change):
    with out:
        out.clear_output(wait=True)
        print(*nbt.selected(labels)["text"], sep="; ")
nbt.panel(labels).observe(show, "selection")
display(out)"""
BESIDE = """narrow = nbt.panel(vectors)
narrow.layout.width = "30%"
side = ipywidgets.HBox([nbt.panel(labels), narrow])
side"""
TWICE = "display(ipywidgets.HBox([nbt.panel(labels), nbt.panel(labels)]))"
FOLDED = """folded = ipywidgets.Accordion([nbt.panel(attention)], titles=["Attention"])
display(folded)"""
RUN = "display(ipywidgets.Tab([ipywidgets.Label('One'), nbt.panel(run)], titles=['One', 'Run']))"
CELLS = [MAKE, TABS, OUTPUT, TWICE, FOLDED, RUN]
WAIT_MS = 60_000
# A canvas as it is drawn, and as it is shown, in pixels of the page.
DRAWN = "canvas => [canvas.width / devicePixelRatio, canvas.clientWidth, canvas.parentElement.clientWidth]"


class Composed(NamedTuple):
    notebook: Notebook
    server: JupyterServer

    def views(self, cell: int) -> Any:
        return self.notebook.cell(cell).locator(".nbt-live")

    def tab(self, name: str) -> None:
        self.notebook.cell(1).get_by_role("tab", name=name).click()

    def python(self, expression: str) -> Any:
        return self.notebook.python(expression)

    def run(self, source: str) -> str:
        """Run code in the last cell; what it said."""
        return self.notebook.run_code(self.notebook.page.locator(".jp-Notebook .jp-Cell").count() - 1, source)


@pytest.fixture(scope="module", params=["lab", "notebook"])
def composed(
    request: pytest.FixtureRequest, browser: OfflineBrowser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Composed]:
    with JupyterServer(tmp_path_factory.mktemp(request.param), app=request.param) as server:
        page = browser.page(height=1400)
        server.write("composed.ipynb", [*CELLS, "0"])
        notebook = server.open(page, "composed.ipynb")
        own = browser.errors(page)  # Notebook 7's, of its settings, when it starts
        notebook.run_all()
        yield Composed(notebook, server)
        assert set(browser.errors(page)) <= set(own)
        page.context.close()


def test_each_place_shows_its_panel_once(composed: Composed) -> None:
    expect(composed.views(1)).to_have_count(2)
    expect(composed.views(3)).to_have_count(2)
    expect(composed.views(4)).to_have_count(1)
    expect(composed.views(1).first).to_be_visible()
    expect(composed.views(1).last).to_be_hidden()
    expect(composed.views(5)).to_be_hidden()
    assert composed.notebook.page.locator(".nbt-snapshot:visible").count() == 0


def test_what_was_hidden_at_first_is_drawn_to_its_size(composed: Composed) -> None:
    composed.tab("Vectors")
    composed.notebook.cell(4).locator(".jupyter-widget-Collapse-header").click()
    canvas = composed.views(1).last.locator(".nbt-scatter canvas").first
    expect(canvas).to_be_visible()
    for picture in (canvas, composed.views(4).locator("canvas").first):
        expect(picture).to_be_visible()
        drawn, shown, room = picture.evaluate(DRAWN)
        assert abs(drawn - shown) <= 1
        assert shown <= room
    page, wide = composed.notebook.page, canvas.evaluate(DRAWN)[1]
    assert wide > 650, "not the width that is guessed"
    page.set_viewport_size({"width": 700, "height": 1400})
    page.wait_for_function("([canvas, wide]) => canvas.clientWidth < wide - 100", arg=[canvas.element_handle(), wide])
    drawn, shown, _ = canvas.evaluate(DRAWN)
    assert abs(drawn - shown) <= 1
    page.set_viewport_size({"width": 1200, "height": 1400})
    composed.tab("Labels")


def test_panels_side_by_side_share_the_room_but_for_the_width_that_one_is_given(composed: Composed) -> None:
    def widths(views: Any) -> list[float]:
        return views.evaluate_all("views => views.map(view => view.getBoundingClientRect().width)")

    twins = widths(composed.views(3))
    room = composed.notebook.cell(3).locator(".widget-hbox").evaluate("box => box.clientWidth")
    assert all(abs(width - room / 2) < 10 for width in twins)
    composed.run(BESIDE)
    beside = composed.notebook.page.locator(".widget-hbox").last.locator(".nbt-live")
    expect(beside).to_have_count(2)
    first, second = widths(beside)
    assert abs(first - 0.7 * room) < 10
    assert abs(second - 0.3 * room) < 10
    composed.run("narrow.layout.width = None\nside.close()\ndel side, narrow")


def test_a_chart_that_was_hidden_at_first_is_drawn_to_its_size(composed: Composed) -> None:
    composed.notebook.cell(5).get_by_role("tab", name="Run").click()
    view = composed.views(5)
    charts = view.locator(".uplot canvas")
    expect(charts.first).to_be_visible()
    assert charts.first.evaluate("canvas => canvas.clientWidth") > view.evaluate("view => view.clientWidth") - 60
    for drawn, shown, room in charts.evaluate_all(f"charts => charts.map({DRAWN})"):
        assert abs(drawn - shown) <= 1
        assert shown <= room


def test_rows_that_are_selected_are_points_and_fill_an_output(composed: Composed) -> None:
    view = composed.views(1).first
    view.locator("[data-at='2'] .nbt-col-text").click(modifiers=["Control"])
    view.locator("[data-at='4'] .nbt-col-text").click(modifiers=["Control"])
    expect(composed.notebook.cell(2)).to_contain_text("microchip number 2; penalty goal number 4")
    assert composed.python("nbt.panel(vectors).selection") == [2, 4]
    expect(composed.views(1).last.locator(".nbt-selected-count")).to_have_text("2 selected")
    for twin in (0, 1):
        expect(composed.views(3).nth(twin).locator("[data-at='4']")).to_have_attribute("aria-selected", "true")


def test_what_python_selects_is_marked_and_scrolled_to_wherever_it_is_shown(composed: Composed) -> None:
    composed.tab("Vectors")
    assert composed.run("nbt.panel(vectors).selection = [55]; print(nbt.panel(labels).selection)").strip() == "[55]"
    composed.tab("Labels")
    for view in (composed.views(1).first, composed.views(3).first, composed.views(3).last):
        row = view.locator("[data-at='55']")
        expect(row).to_have_attribute("aria-selected", "true")
        box, table = row.bounding_box(), view.get_by_role("grid").bounding_box()
        assert box is not None and table is not None
        assert table["y"] < box["y"] and box["y"] + box["height"] <= table["y"] + table["height"] + 1
    expect(composed.notebook.cell(2)).to_contain_text("penalty goal number 55")
    said = composed.run("nbt.panel(labels).selection = [99]")
    assert "There is no row 99. Give row numbers from 0 to 59." in said and "Traceback" not in said
    assert composed.python("[nbt.panel(labels).selection, nbt.panel(vectors).selection]") == [[55], [55]]


def test_a_panel_is_taken_out_and_put_back(composed: Composed) -> None:
    composed.run("kept = nbt.panel(attention)\nkept.selection = [2]\nfolded.children = ()")
    expect(composed.views(4)).to_have_count(0)
    until(lambda: composed.python("kept in __import__('nbtransformers').panels.lifetime._unseen"))
    assert composed.python("kept.closed") is False
    composed.run("folded.children = (kept,)\nfolded.selected_index = 0")
    view = composed.views(4)
    expect(view).to_be_visible(timeout=WAIT_MS)
    view.get_by_role("button", name="Steps", exact=True).click()
    expect(view.get_by_role("group", name="query token")).to_contain_text("cat")
    assert composed.python("kept.selection") == [2]


def test_a_page_that_is_loaded_anew_has_every_panel_but_the_one_that_is_closed(composed: Composed) -> None:
    page = composed.notebook.page
    composed.run("nbt.panel(vectors).close()")
    expect(composed.notebook.cell(1).get_by_role("tab")).to_have_text(["Labels"])
    composed.notebook.save()
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    composed.server.open(page, composed.notebook.path.name)
    for cell, count in ((1, 1), (3, 2), (4, 1), (5, 1)):
        expect(composed.views(cell)).to_have_count(count, timeout=WAIT_MS)
    expect(composed.notebook.cell(1).get_by_role("tab")).to_have_text(["Labels"])
    row = composed.views(1).locator("[data-at='55']")
    expect(row).to_have_attribute("aria-selected", "true")
    row.locator(".nbt-col-text").click(modifiers=["Control"])
    expect(row).to_have_attribute("aria-selected", "false")
    assert composed.python("nbt.panel(labels).selection") == []


def test_what_is_closed_or_deleted_is_gone_on_both_sides(composed: Composed) -> None:
    page = composed.notebook.page
    composed.run("gone = weakref.ref(kept)\nfolded.children = ()\nfolded.close()\nkept.close()\ndel kept, folded")
    expect(composed.views(4)).to_have_count(0)
    assert composed.python("(__import__('gc').collect(), gone())[1]") is None
    # No variable holds a panel of the cells that are deleted, nor the box that it is in.
    composed.run("left = [weakref.ref(nbt.panel(one)) for one in (labels, vectors)]\nlink.unlink()\ndel link, tabs")
    page.evaluate("""() => {
        const { content } = window.jupyterapp.shell.currentWidget;
        for (const at of [5, 3, 1]) {
            content.deselectAll();
            content.activeCellIndex = at;
            window.jupyterapp.commands.execute('notebook:delete-cell');
        }
    }""")
    expect(page.locator(".nbt-live")).to_have_count(0)
    # The box is a widget that ipywidgets keeps, and it its children: what is left of them holds nothing.
    look = "all(one() is None or (one().closed and one().result is one().header is None) for one in left)"
    until(lambda: composed.python(look))  # once the page has told so
