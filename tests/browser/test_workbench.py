"""The workbench in a real JupyterLab: a form is run, its panel stands within, its magic gives the same in a cell."""

from __future__ import annotations

import re
from typing import Any

import pytest
from browser.jupyter import Notebook
from helpers import until
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

CELLS = ["%load_ext nbtransformers", "texts = ['A joy.', 'Dull.']", "%workbench"]
WAIT_MS = 120_000


def bench(notebook: Notebook) -> Any:
    return notebook.cell(2).locator(".nbt-live").first


def labels(panel: Any) -> list[str]:
    expect(panel.locator(".nbt-rows .nbt-row").first).to_be_visible(timeout=WAIT_MS)
    return panel.locator(".nbt-rows .nbt-row").all_inner_texts()


def test_what_is_typed_is_run_and_shown_within(notebook: Notebook) -> None:
    panel = bench(notebook)
    panel.locator(".nbt-bench-first select").select_option("classify")
    panel.get_by_role("textbox", name="Texts, one a line").fill("A joy from start to end.\nDull and far too long.")
    panel.get_by_role("button", name="Run", exact=True).click()
    child = panel.locator(".nbt-bench-child .nbt-live")
    rows = labels(child)
    assert len(rows) == 2 and "positive" in rows[0] and "negative" in rows[1]
    expect(panel.get_by_role("button", name="Run", exact=True)).to_be_enabled()


def test_the_cell_that_is_inserted_gives_the_same(notebook: Notebook) -> None:
    panel = bench(notebook)
    rows = labels(panel.locator(".nbt-bench-child .nbt-live"))
    before = notebook.page.locator(".jp-Notebook .jp-Cell").count()
    panel.get_by_role("button", name="Insert as cell").click()
    expect(notebook.page.locator(".jp-Notebook .jp-Cell")).to_have_count(before + 1)
    source = notebook.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.widgets[3].model.sharedModel.getSource()"
    )
    assert source == "%%classify\nA joy from start to end.\nDull and far too long."
    notebook.run_code(3, source)
    assert labels(notebook.panel(3).first) == rows
    # What the cell ran is in the history too.
    panel.locator("summary", has_text="History").click()
    expect(panel.locator(".nbt-bench-history tbody tr")).to_have_count(2)


def test_a_mistake_is_told_at_its_field(notebook: Notebook) -> None:
    panel = bench(notebook)
    panel.locator("summary", has_text="With which labels").click()
    panel.get_by_label("top-k", exact=True).fill("few")
    panel.get_by_role("button", name="Run", exact=True).click()
    field = panel.locator(".nbt-field", has=notebook.page.get_by_label("top-k", exact=True))
    expect(field).to_contain_text("not a whole number")
    expect(panel.get_by_label("top-k", exact=True)).to_have_attribute("aria-invalid", "true")
    panel.get_by_label("top-k", exact=True).fill("1")
    expect(field).not_to_contain_text("not a whole number")
    panel.get_by_label("top-k", exact=True).fill("")


def test_an_earlier_run_is_shown_again_and_put_back_into_the_form(notebook: Notebook) -> None:
    panel = bench(notebook)
    panel.locator(".nbt-bench-first select").select_option("tokenize")
    panel.get_by_role("button", name="Variable", exact=True).click()
    field = panel.get_by_role("combobox", name="Variable")
    field.press_sequentially("te")
    expect(panel.locator(".nbt-suggested-one", has_text="texts")).to_be_visible()
    field.press("ArrowDown")
    field.press("Enter")
    expect(field).to_have_value("texts")
    expect(panel.get_by_role("listbox")).to_have_count(0)
    field.press("Control+Enter")
    child = panel.locator(".nbt-bench-child")
    expect(child.locator(".nbt-title")).to_contain_text("minilm", timeout=WAIT_MS)
    expect(child.locator(".nbt-progress")).to_have_count(0, timeout=WAIT_MS)
    expect(panel.locator(".nbt-bench-history tbody tr")).to_have_count(3)
    panel.get_by_role("button", name="Show 1", exact=True).click()
    assert len(labels(child.locator(".nbt-live"))) == 2
    panel.get_by_role("button", name="Put back 1", exact=True).click()
    expect(panel.locator(".nbt-bench-first select")).to_have_value("classify")
    expect(panel.get_by_role("textbox", name="Texts, one a line")).to_have_value(re.compile("^A joy"))
    panel.get_by_role("button", name="Code 1", exact=True).click()
    expect(panel.get_by_label("The plain program of run 1")).to_contain_text("AutoModelForSequenceClassification")


def test_work_is_stopped_and_the_kernel_stays_free(notebook: Notebook) -> None:
    panel = bench(notebook)
    panel.locator(".nbt-bench-first select").select_option("generate")
    panel.get_by_role("group", name="Input").get_by_role("button", name="Text").click()
    panel.get_by_role("textbox", name="Text", exact=True).fill("Once upon a time")
    panel.locator("summary", has_text="How tokens are chosen").click()
    panel.get_by_label("max-new-tokens", exact=True).fill("2000")
    panel.get_by_role("button", name="Run", exact=True).click()
    child = panel.locator(".nbt-bench-child .nbt-live")
    expect(child.locator(".nbt-result")).to_be_visible(timeout=WAIT_MS)  # some text has come
    assert notebook.python("1 + 1") == 2
    panel.locator(".nbt-bench-run").get_by_role("button", name="Stop").click()
    expect(panel.get_by_role("button", name="Run", exact=True)).to_be_enabled(timeout=WAIT_MS)
    expect(panel.get_by_role("button", name="Run", exact=True)).to_be_focused()
    expect(child.locator(".nbt-result")).to_be_visible()
    expect(panel.locator(".nbt-bench-which")).to_have_text(re.compile(r"^Run \d+ %%generate --max-new-tokens 2000$"))
    panel.get_by_role("button", name="Resume", exact=True).click()
    expect(panel.get_by_role("button", name="Running…")).to_be_focused()
    panel.locator(".nbt-bench-run").get_by_role("button", name="Stop").click()
    expect(panel.get_by_role("button", name="Run", exact=True)).to_be_enabled(timeout=WAIT_MS)


def test_another_cell_is_read_by_its_number_or_copied(notebook: Notebook) -> None:
    panel = bench(notebook)
    panel.locator(".nbt-bench-first select").select_option("classify")
    panel.get_by_role("button", name="Cell", exact=True).click()
    panel.get_by_role("button", name="Choose Cell").click()
    panel.locator(".nbt-suggested-one").filter(has_text="texts = ").click()
    expect(panel.locator(".nbt-bench-code pre").first).to_have_text("%classify In[2]")
    panel.get_by_role("combobox", name="Copy the text of a cell").select_option(index=2)
    expect(panel.get_by_role("textbox", name="Texts, one a line")).to_have_value(CELLS[1])


def test_what_has_no_panel_says_what_it_does(notebook: Notebook) -> None:
    panel = bench(notebook)
    panel.locator(".nbt-bench-first select").select_option("nbt set")
    panel.get_by_role("button", name="Choose setting", exact=True).click()
    panel.locator(".nbt-suggested-one").filter(has=notebook.page.get_by_text("device", exact=True)).click()
    panel.get_by_role("button", name="Choose value", exact=True).click()
    panel.locator(".nbt-suggested-one", has_text="cpu").click()
    expect(panel.locator(".nbt-bench-code pre").first).to_have_text("%nbt set device cpu")
    panel.get_by_role("button", name="Run", exact=True).click()
    expect(panel.get_by_label("What it says").locator("pre")).to_have_text(re.compile("device +cpu +this session"))
    assert "cpu" in notebook.python("__import__('nbtransformers').settings.default('device').text")
    panel.locator(".nbt-bench-first select").select_option("models")
    panel.locator("summary", has_text="Which are listed").click()
    panel.get_by_label("local-only", exact=True).check()
    panel.get_by_role("button", name="Run", exact=True).click()
    expect(panel.locator(".nbt-bench-child .nbt-live")).to_contain_text("movie-sentiment-minilm", timeout=WAIT_MS)


def test_a_page_that_is_loaded_anew_has_what_was_typed_and_the_history(notebook: Notebook) -> None:
    panel = bench(notebook)
    runs = panel.locator(".nbt-bench-history tbody tr").count()
    panel.locator(".nbt-bench-first select").select_option("generate")
    panel.get_by_role("group", name="Input").get_by_role("button", name="Text").click()
    panel.get_by_role("textbox", name="Text", exact=True).fill("Es war einmal 从前 🎬")
    panels = "__import__('nbtransformers').panels.lifetime.panels()"
    kept = f"[str(one.result.desk.kept()) for one in {panels} if one.kind == 'workbench']"
    until(lambda: "Es war einmal 从前 🎬" in notebook.python(kept)[0])
    notebook.save()
    notebook.page.reload()
    expect(panel.get_by_role("textbox", name="Text", exact=True)).to_have_value(
        "Es war einmal 从前 🎬", timeout=WAIT_MS
    )
    expect(panel.locator(".nbt-bench-first select")).to_have_value("generate")
    expect(panel.locator(".nbt-bench-history tbody tr")).to_have_count(runs)
    expect(panel.locator(".nbt-bench-child .nbt-live")).to_contain_text("movie-sentiment-minilm", timeout=WAIT_MS)


def test_it_is_closed_once_its_cell_runs_again(notebook: Notebook) -> None:
    panels = "[panel.kind for panel in __import__('nbtransformers.panels.lifetime').panels.lifetime.panels()]"
    assert notebook.python(panels).count("workbench") == 1
    notebook.run_code(2, "%workbench tokenize")
    expect(bench(notebook).locator(".nbt-bench-first select")).to_have_value("tokenize")
    assert notebook.python(panels).count("workbench") == 1
    assert notebook.python(panels).count("generate") == 0  # what stood within it


def test_what_was_typed_outlives_the_kernel(notebook: Notebook) -> None:
    panel, page = bench(notebook), notebook.page
    panel.get_by_role("textbox", name="Texts, one a line").fill("What is kept 从前 🎬")
    page.wait_for_function("() => Object.values(sessionStorage).some((kept) => kept.includes('What is kept 从前 🎬'))")
    page.evaluate("() => window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.restart()")
    expect(panel.get_by_role("alert")).to_contain_text("run this cell again", timeout=WAIT_MS)
    notebook.wait_idle()
    notebook.run_all()
    expect(panel.get_by_role("textbox", name="Texts, one a line")).to_have_value(
        "What is kept 从前 🎬", timeout=WAIT_MS
    )
    expect(panel.locator(".nbt-bench-first select")).to_have_value("tokenize")


def test_the_keys_are_enough(notebook: Notebook) -> None:
    panel, keys = bench(notebook), notebook.page.keyboard
    rows = panel.locator(".nbt-bench-history tbody tr").count()
    panel.locator(".nbt-bench-first select").focus()
    keys.type("generate")
    expect(panel.locator(".nbt-bench-first select")).to_have_value("generate")
    text = panel.get_by_role("textbox", name="Text", exact=True)
    for _ in range(10):
        keys.press("Tab")
        if text.evaluate("element => element === document.activeElement"):
            break
    keys.press("Control+A")
    keys.type("Once upon a time")
    keys.press("Control+Enter")
    run, stop = panel.get_by_role("button", name="Running…"), panel.get_by_role("button", name="Stop")
    expect(stop).to_be_visible(timeout=WAIT_MS)
    run.focus()
    keys.press("Enter")  # begins nothing, and keeps the focus
    expect(run).to_be_focused()
    keys.press("Tab")
    expect(stop).to_be_focused()
    keys.press("Enter")
    run = panel.get_by_role("button", name="Run", exact=True)
    expect(run).to_be_enabled(timeout=WAIT_MS)
    expect(run).to_be_focused()
    expect(panel.locator(".nbt-bench-history tbody tr")).to_have_count(rows + 1)
