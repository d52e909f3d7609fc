"""Results as they come, selected and exported, in a real JupyterLab: what the screen shows is what Python has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from browser.jupyter import JupyterServer, Notebook, OfflineBrowser
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

ROWS = 600
TESTS = Path(__file__).parent.parent
# A model that takes its time, and a note of every partial result and every moment of progress that was sent.
SETUP = f"""%load_ext nbtransformers
import sys, time
sys.path.insert(0, {str(TESTS)!r})
import helpers, pandas as pd
import nbtransformers as nbt
from nbtransformers.panels.view import PanelView
from nbtransformers.panels.widget import Panel

slow, tok = helpers.classifier(), helpers.tokenizer()
slow.register_forward_pre_hook(lambda *_: time.sleep(0.05))
texts = [f"a joy {{row}} " + "good film " * (row % 5) for row in range({ROWS})]
sent, told, times = [], [], []
begin, partial, progress = Panel.begin, PanelView.partial, PanelView.progress

def recorded(panel, kind, header, payload):
    begin(panel, kind, header, payload)
    sent.append((header["done"], len(payload)))

def timed(view, result):
    started, busy = time.perf_counter(), time.thread_time()
    partial(view, result)
    times.append((started, time.thread_time() - busy))

def counted(view, moment):
    told.append(moment.done)
    progress(view, moment)

Panel.begin, PanelView.partial, PanelView.progress = recorded, timed, counted"""
MAGIC = "%classify texts --model slow --tokenizer tok --batch-tokens 64 --threads 1 --out result"

# What the page shows at each change: what is done, whether it is still partial, and where the table stands.
WATCH = """number => {
    const cell = document.querySelectorAll('.jp-Notebook .jp-Cell')[number];
    window.samples = [];
    const look = () => {
        const panel = cell.querySelector('.nbt-live .nbt-panel');
        const grid = panel && panel.querySelector('.nbt-grid');
        if (!grid) return;
        const done = /^([\\d,]+) of/.exec(panel.querySelector('.nbt-subtitle').textContent);
        window.samples.push({
            done: done ? Number(done[1].replace(',', '')) : null,
            top: Math.round(grid.getBoundingClientRect().top - panel.getBoundingClientRect().top),
            height: Math.round(grid.getBoundingClientRect().height),
            waiting: panel.querySelectorAll('.nbt-pending').length,
        });
    };
    new MutationObserver(look).observe(cell, { childList: true, subtree: true, characterData: true });
}"""


@pytest.fixture(scope="module")
def notebook(browser: OfflineBrowser, lab: JupyterServer) -> Any:
    page = browser.page(height=1400)
    lab.write("streaming.ipynb", [SETUP, MAGIC, "0"])
    notebook = lab.open(page, "streaming.ipynb")
    notebook.run_code(0, SETUP)
    yield notebook
    page.context.close()


def python(notebook: Notebook, expression: str) -> str:
    """What Python says, through a cell of its own."""
    return notebook.run_code(2, f"print({expression})").strip()


def eventually(notebook: Notebook, expression: str, expected: str) -> None:
    """Python says so, if not at once: a page sends one change of a trait at a time."""
    for _ in range(20):
        said = python(notebook, expression)
        if said == expected:
            return
        notebook.page.wait_for_timeout(100)
    raise AssertionError(f"{expression} is {said}, not {expected}")


def select_with_ctrl(panel: Any, at: int) -> None:
    panel.locator(f"[data-at='{at}'] .nbt-col-text").click(modifiers=["Control"])


@pytest.fixture(scope="module")
def streamed(notebook: Notebook) -> list[dict[str, Any]]:
    """What was seen while the cell ran; on the way, the text was sorted by and two rows were selected."""
    page = notebook.page
    page.evaluate(WATCH, 1)
    page.evaluate("""() => {
        window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1;
        window.jupyterapp.commands.execute('notebook:run-cell');
    }""")
    panel = notebook.panel(1)
    expect(panel.locator(".nbt-head [role=progressbar]")).to_be_visible(timeout=60_000)
    panel.locator("[data-at='0']").wait_for()
    select_with_ctrl(panel, 3)
    select_with_ctrl(panel, 1)
    panel.locator(".nbt-th.nbt-col-score button").click()
    expect(panel.locator(".nbt-table .nbt-wait")).to_contain_text("when the cell ends")
    assert page.evaluate("() => window.samples.at(-1).done !== null"), "the cell still runs"
    expect(panel.locator("[role=progressbar]")).to_have_count(0, timeout=120_000)
    notebook.wait_idle()
    return page.evaluate("() => window.samples")


def test_what_is_done_grows_on_the_screen_as_in_python(notebook: Notebook, streamed: list[dict[str, Any]]) -> None:
    done = list(dict.fromkeys(sample["done"] for sample in streamed if sample["done"] is not None))
    told = [int(number) for number in python(notebook, "*told").split()]
    assert len(done) >= 3
    assert done == sorted(done)
    assert set(done) <= set(told)
    assert told == sorted(told)
    assert told[-1] <= ROWS


def test_rows_that_wait_become_fewer(streamed: list[dict[str, Any]]) -> None:
    waiting = [sample["waiting"] for sample in streamed if sample["done"] is not None]
    assert waiting[0] > 0
    assert streamed[-1]["waiting"] == 0


def test_the_table_stays_where_it_is_when_the_result_is_whole(streamed: list[dict[str, Any]]) -> None:
    places = {(sample["top"], sample["height"]) for sample in streamed}
    assert len(places) == 1, places


def test_what_was_asked_for_meanwhile_is_answered(notebook: Notebook, streamed: list[dict[str, Any]]) -> None:
    panel = notebook.panel(1)
    head = panel.locator(".nbt-th.nbt-col-score")
    expect(head).to_have_attribute("aria-sort", "descending")
    best = python(notebook, "result.to_pandas().score.idxmax()")
    expect(panel.locator("[data-at='0'] .nbt-col-index")).to_have_text(best)
    eventually(notebook, "nbt.panel(result).selection", "[1, 3]")
    head.get_by_role("button").click()
    head.get_by_role("button").click()


def test_a_partial_result_is_small_and_seldom(notebook: Notebook, streamed: list[dict[str, Any]]) -> None:
    sizes = [int(size) for size in python(notebook, "*(size for _, size in sent)").split()]
    assert max(sizes) < 100_000, "the first rows only"
    told = python(notebook, "*(round(b - a, 2) for (a, _), (b, _) in zip(times, times[1:]))").split()
    assert min(map(float, told)) >= 0.25


def test_partial_results_cost_next_to_nothing(notebook: Notebook, streamed: list[dict[str, Any]]) -> None:
    spent, whole = python(notebook, "sum(busy for _, busy in times), result.run.seconds").split()
    assert float(spent) < 0.03 * float(whole)


# --- selection ---


def test_what_is_selected_in_the_browser_is_seen_in_python(notebook: Notebook, streamed: Any) -> None:
    notebook.run_code(2, "seen = []; nbt.panel(result).observe(lambda change: seen.append(change.new), 'selection')")
    panel = notebook.panel(1)
    panel.get_by_role("button", name="Clear").click()
    panel.locator("[data-at='2'] .nbt-col-select").click()
    panel.locator("[data-at='5'] .nbt-col-select").click(modifiers=["Shift"])
    expect(panel.locator(".nbt-selected-count")).to_have_text("4 selected")
    eventually(notebook, "nbt.panel(result).selection", "[2, 3, 4, 5]")
    assert python(notebook, "seen") == "[[], [2], [2, 3, 4, 5]]"
    assert python(notebook, "nbt.selected(result).equals(result.to_pandas().iloc[2:6])") == "True"


def test_what_is_selected_in_python_is_seen_in_the_browser(notebook: Notebook, streamed: Any) -> None:
    panel = notebook.panel(1)
    notebook.run_code(2, "nbt.panel(result).selection = [0, 4, 599]")
    expect(panel.locator(".nbt-selected-count")).to_have_text("3 selected")
    chosen = panel.locator(".nbt-row-selected").evaluate_all("rows => rows.map(row => row.dataset.at)")
    assert chosen == ["0", "4"]


def test_all_rows_that_are_found_are_selected(notebook: Notebook, streamed: Any) -> None:
    panel = notebook.panel(1)
    panel.locator("input[type=search]").fill("joy 59")
    expect(panel.locator(".nbt-counter")).to_contain_text(" of 600 rows")
    panel.get_by_role("button", name=re.compile("Select all .* found")).click()
    expected = python(notebook, "sorted({0, 4, 599} | {row for row, text in enumerate(texts) if 'joy 59' in text})")
    eventually(notebook, "nbt.panel(result).selection", expected)


def test_the_keyboard_selects_and_the_notebook_does_not_see_it(notebook: Notebook, streamed: Any) -> None:
    panel, keyboard = notebook.panel(1), notebook.page.keyboard
    panel.locator("input[type=search]").fill("")
    expect(panel.locator(".nbt-counter")).to_have_text("600 rows")
    panel.get_by_role("button", name="Clear").click()
    panel.locator("[data-at][tabindex='0']").focus()
    keyboard.press("Home")
    keyboard.press("Space")
    keyboard.press("Shift+ArrowDown")
    keyboard.press("Shift+ArrowDown")
    eventually(notebook, "nbt.panel(result).selection", "[0, 1, 2]")
    panel.locator("[data-at='2']").focus()
    keyboard.press("Control+a")
    expect(panel.locator(".nbt-selected-count")).to_have_text("600 selected")
    eventually(notebook, "len(nbt.panel(result).selection)", "600")
    assert notebook.page.locator(".jp-Notebook .jp-Cell").count() == 3


# --- export ---


def written(notebook: Notebook, button: str) -> str:
    """The name of the file that a press on a format makes."""
    panel = notebook.panel(1)
    before = panel.locator(".nbt-export-said").inner_text()
    panel.locator(".nbt-export").get_by_role("button", name=button, exact=True).click()
    expect(panel.locator(".nbt-export-said")).not_to_have_text(before)
    expect(panel.locator(".nbt-export-said strong")).to_be_visible()
    return panel.locator(".nbt-export-said strong").inner_text()


def test_a_file_that_is_written_holds_what_to_pandas_gives(notebook: Notebook, streamed: Any) -> None:
    panel = notebook.panel(1)
    panel.get_by_role("button", name="Export").click()
    panel.get_by_role("button", name="All 600 rows").click()
    name = written(notebook, "CSV")
    whole = "result.to_pandas().fillna('').astype({'score': float})"
    read = f"pd.read_csv({name!r}, index_col=0, keep_default_na=False)"
    close = f"pd.testing.assert_frame_equal({read}, {whole}, check_dtype=False, check_index_type=False)"
    assert python(notebook, close) == "None"
    assert written(notebook, "CSV") == name.replace(".csv", "-2.csv"), "never over a file that is there"
    shown = panel.locator(".nbt-export-said").inner_text()
    assert "600 rows" in shown
    assert python(notebook, "__import__('os').getcwd()") in shown


def test_only_the_rows_selected_or_found_are_written(notebook: Notebook, streamed: Any) -> None:
    panel = notebook.panel(1)
    notebook.run_code(2, "nbt.panel(result).selection = [7, 3]")
    panel.get_by_role("button", name="2 rows selected").click()
    name = written(notebook, "Parquet")
    assert (
        python(notebook, f"pd.read_parquet({name!r}).text.equals(result.to_pandas([3, 7]).text.astype(str))") == "True"
    )
    panel.locator("input[type=search]").fill("joy 58")
    panel.get_by_role("button", name=re.compile("rows found")).click()
    found = "[text for text in texts if 'joy 58' in text]"
    name = written(notebook, "Parquet")
    assert python(notebook, f"pd.read_parquet({name!r}).text.tolist() == {found}") == "True"
    panel.locator("input[type=search]").fill("")


GONE = """import os, tempfile
home, gone = os.getcwd(), tempfile.mkdtemp()
os.chdir(gone)
os.rmdir(gone)"""


def test_what_cannot_be_written_is_told_in_one_line(notebook: Notebook, streamed: Any) -> None:
    panel = notebook.panel(1)
    notebook.run_code(2, GONE)
    panel.locator(".nbt-export").get_by_role("button", name="CSV", exact=True).click()
    expect(panel.locator(".nbt-export-said .nbt-bad")).to_contain_text("leads nowhere")
    notebook.run_code(2, "os.chdir(home)")
    panel.get_by_role("button", name="Export").click()
