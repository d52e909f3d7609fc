"""The live panel in a real JupyterLab: what the screen shows is what Python has."""

from __future__ import annotations

import re
from typing import Any

import pytest
from browser.jupyter import JupyterServer, Notebook, OfflineBrowser
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

LOAD = "%load_ext nbtransformers"
TOPICS = """%%classify --labels politics,sport,technology --out topics
The parliament passed the new budget by a single vote.
She scored twice in the last ten minutes.

The new phone folds in three and lasts two days.
好的电影。
هذا فيلم رائع
<img src=x onerror=alert(1)> <b>bold</b>
The senate elected a new president."""
MANY = """import nbtransformers as nbt
texts = [f"{word} number {row}" for row, word in zip(range(3000), ["budget vote", "penalty goal", "microchip"] * 1000)]
many = nbt.classify(texts, labels="politics,sport,technology")
many"""


@pytest.fixture(scope="module")
def notebook(browser: OfflineBrowser, lab: JupyterServer) -> Any:
    page = browser.page(height=1400)
    lab.write("live.ipynb", [LOAD, TOPICS, MANY, "0"])
    notebook = lab.open(page, "live.ipynb")
    notebook.run_all()
    yield notebook
    page.context.close()


def rows_on_screen(panel: Any) -> list[str]:
    """The text cells in the order in which they stand."""
    rows = panel.locator("[data-at]").evaluate_all(
        "rows => rows.map(row => [Number(row.dataset.at), row.querySelector('.nbt-col-text').textContent])"
    )
    return [text for _, text in sorted(rows)]


def python(notebook: Notebook, expression: str) -> str:
    """What Python says, through the notebook's last cell."""
    return notebook.run_code(3, f"print({expression})").strip()


def test_exactly_one_of_snapshot_and_panel_shows(notebook: Notebook) -> None:
    expect(notebook.panel(1)).to_be_visible()
    expect(notebook.cell(1).locator(".nbt-snapshot")).to_be_hidden()


def test_a_magic_shows_its_result_once(notebook: Notebook) -> None:
    assert notebook.panel(1).count() == 1
    assert notebook.panel(2).count() == 1


def test_totals_are_those_of_python(notebook: Notebook) -> None:
    labels = notebook.panel(1).locator(".nbt-bucket").evaluate_all("all => all.map(e => e.ariaLabel)")
    words = [label.removesuffix(" of all rows").rsplit(" ", 2) for label in labels]  # name, count, share
    counts = {name: int(count) for name, count, _ in words}
    assert counts.pop("no score") == 1
    assert str(counts) == python(notebook, "topics.totals")


def test_text_stays_text(notebook: Notebook) -> None:
    panel = notebook.panel(1)
    assert panel.locator("img, b").count() == 0
    assert "<img src=x onerror=alert(1)> <b>bold</b>" in rows_on_screen(panel)
    assert notebook.cell(1).locator(".nbt-snapshot img, .nbt-snapshot b").count() == 0


def test_a_row_without_text_keeps_its_place_and_says_why(notebook: Notebook) -> None:
    row = notebook.panel(1).locator("[data-at='2']")
    expect(row).to_contain_text("empty")
    assert python(notebook, "topics.reasons") == "{2: 'empty'}"


def test_a_click_opens_all_labels_and_escape_closes_them(notebook: Notebook) -> None:
    panel = notebook.panel(1)
    panel.locator("[data-at='1'] .nbt-col-text").click()
    detail = panel.locator(".nbt-detail")
    expect(detail).to_contain_text("She scored twice")
    shown = re.findall(r"\d\.\d{3}", detail.inner_text())
    expected = python(notebook, "*sorted((f'{score:.3f}' for score in topics.scores[1]), reverse=True)").split()
    assert shown[-3:] == expected
    panel.locator("[data-at='1']").press("Escape")
    expect(detail).to_have_count(0)


def test_the_keyboard_reaches_every_row(notebook: Notebook) -> None:
    panel = notebook.panel(1)
    panel.locator("[data-at][tabindex='0']").focus()
    page = notebook.page
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    expect(panel.locator("[data-at='1']")).to_be_focused()
    page.keyboard.press("End")
    expect(panel.locator("[data-at='7']")).to_be_focused()
    page.keyboard.press("Enter")
    expect(panel.locator(".nbt-detail")).to_contain_text("The senate elected")
    page.keyboard.press("Escape")
    # The notebook itself must not have taken the keys for commands of its own.
    assert notebook.page.locator(".jp-Notebook .jp-Cell").count() == 4


def test_a_bar_filters_to_its_label(notebook: Notebook) -> None:
    panel = notebook.panel(1)
    bar = panel.get_by_role("button", name=re.compile("^sport "))
    bar.click()
    expect(panel.locator(".nbt-counter")).to_contain_text(" of 8 rows")
    frame = "topics.to_pandas()"
    expected = python(notebook, f"*{frame}[{frame}.label == 'sport'].text.tolist(), sep='|'").split("|")
    assert rows_on_screen(panel) == expected
    bar.click()
    expect(panel.locator(".nbt-counter")).to_have_text("8 rows")


def test_search_finds_in_texts(notebook: Notebook) -> None:
    panel = notebook.panel(1)
    panel.get_by_role("searchbox").fill("NEW")
    expect(panel.locator(".nbt-counter")).to_have_text("3 of 8 rows")
    assert all("new" in text.lower() for text in rows_on_screen(panel))
    panel.get_by_role("searchbox").fill("")
    expect(panel.locator(".nbt-counter")).to_have_text("8 rows")


def test_three_thousand_rows_are_paged_from_python(notebook: Notebook) -> None:
    panel = notebook.panel(2)
    panel.scroll_into_view_if_needed()
    expect(panel.locator(".nbt-counter")).to_have_text("3,000 rows")
    grid = panel.get_by_role("grid")
    assert grid.get_attribute("aria-rowcount") == "3001"
    grid.evaluate("grid => { grid.scrollTop = grid.scrollHeight; }")
    expect(panel.locator("[data-at='2999']")).to_contain_text("microchip number 2999")
    assert panel.locator("[data-at]").count() < 100, "only what is in sight is in the page"


def test_sorted_by_python_as_pandas_would(notebook: Notebook) -> None:
    panel = notebook.panel(2)
    panel.get_by_role("grid").evaluate("grid => { grid.scrollTop = 0; }")
    heading = panel.get_by_role("columnheader", name="Score")
    heading.get_by_role("button").click()
    if heading.get_attribute("aria-sort") == "ascending":
        heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "descending")
    frame = "many.to_pandas().sort_values('score', ascending=False, kind='stable')"
    expected = python(notebook, f"*{frame}.text[:5], sep='|'").split("|")
    expect(panel.locator("[data-at='0'] .nbt-col-text")).to_have_text(expected[0])
    assert rows_on_screen(panel)[:5] == expected


def test_nothing_was_asked_of_the_outside_and_nothing_went_wrong(notebook: Notebook, browser: OfflineBrowser) -> None:
    assert browser.outside == []
    assert browser.errors(notebook.page) == []


def test_progress_shows_while_the_cell_runs_and_an_interrupt_keeps_what_is_done(
    browser: OfflineBrowser, lab: JupyterServer
) -> None:
    page = browser.page()
    long = """import nbtransformers as nbt
texts = ["A long and winding sentence about the weather, the news and the price of bread. " * 8] * 4000"""
    lab.write("stop.ipynb", [LOAD, long, "%classify texts --labels weather,news --out r", "0"])
    notebook = lab.open(page, "stop.ipynb")
    notebook.run_all(wait=False)
    bar = notebook.panel(2).get_by_role("progressbar")
    expect(bar).to_be_visible(timeout=60_000)
    expect(notebook.panel(2)).to_contain_text("tokens/s", timeout=60_000)
    notebook.command("notebook:interrupt-kernel")
    expect(notebook.panel(2)).to_contain_text("Interrupted", timeout=30_000)
    notebook.wait_idle()
    done, scored = notebook.run_code(3, "print(r.done.sum(), r.scored.sum())").split()
    assert 0 < int(done) < 4000
    assert done == scored
    expect(notebook.panel(2)).to_contain_text(f"{int(done):,} of 4,000 texts are done")
    page.context.close()


def test_a_mistake_is_one_line_and_leaves_no_panel(browser: OfflineBrowser, lab: JupyterServer) -> None:
    page = browser.page()
    lab.write("wrong.ipynb", [LOAD, "%classify ['x'] --labels a,b --device cuda"])
    notebook = lab.open(page, "wrong.ipynb")
    notebook.run_all(wait=False)
    cell = notebook.cell(1)
    expect(cell).to_contain_text("There is no CUDA device here", timeout=60_000)
    assert "Traceback" not in cell.inner_text()
    expect(notebook.panel(1)).to_have_count(0)
    page.context.close()


def test_a_long_call_shows_progress_that_goes(browser: OfflineBrowser, lab: JupyterServer) -> None:
    page = browser.page()
    call = """import nbtransformers as nbt
texts = ["A sentence about the weather, the news and the price of bread. " * 8] * 150
r = nbt.classify(texts, labels="weather,news")"""
    lab.write("call.ipynb", [LOAD, call])
    notebook = lab.open(page, "call.ipynb")
    notebook.run_all(wait=False)
    expect(notebook.panel(1).get_by_role("progressbar")).to_be_visible(timeout=60_000)
    expect(notebook.panel(1)).to_have_count(0, timeout=120_000)
    page.context.close()
