"""The tutorial by the workbench alone: load, classify, fine-tune, evaluate, use what was saved, and export its code."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import Any

import pytest
from browser.jupyter import JupyterServer, Notebook, OfflineBrowser
from playwright.sync_api import expect
from workers import end_workers

from nbtransformers.training.movie_snippets import movie_snippets

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BENCH, CODE = 1, 2
PATIENT = 240_000  # ms
TEXTS = "A joy from start to end.\nTwo hours that I will not get back."


@pytest.fixture
def notebook(lab: JupyterServer, browser: OfflineBrowser) -> Iterator[Notebook]:
    rows = [row for row in movie_snippets() if abs(row.rating) > 1][::40]
    with (lab.root / "reviews.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("review", "mood"), *((row.text, "good" if row.label else "bad") for row in rows)])
    page = browser.page(height=1600)
    lab.write("workbench-tutorial.ipynb", ["%load_ext nbtransformers", "%workbench", "0"])
    opened = lab.open(page, "workbench-tutorial.ipynb")
    opened.run_all()
    yield opened
    page.context.close()
    end_workers(lab.root)


def fill(bench: Any, group: str, options: dict[str, str]) -> None:
    """Unfold a group of options, and fill some of them in."""
    bench.locator("summary", has_text=group).click()
    for name, value in options.items():
        field = bench.get_by_label(name, exact=True)
        if field.evaluate("element => element.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)


def run(bench: Any) -> None:
    bench.get_by_role("button", name="Run", exact=True).click()


def test_the_tutorial_without_a_magic(notebook: Notebook) -> None:
    bench = notebook.cell(BENCH).locator(".nbt-live").first
    child = bench.locator(".nbt-bench-child .nbt-live")
    rows = child.locator(".nbt-rows .nbt-row")
    # Load a model, and classify.
    bench.get_by_role("textbox", name="Texts, one a line").fill(TEXTS)
    run(bench)
    expect(rows).to_have_count(2, timeout=PATIENT)
    # Fine-tune another one on a file; what it learns is evaluated.
    bench.get_by_role("combobox", name="Task", exact=True).select_option("finetune")
    bench.get_by_role("button", name="File").click()
    bench.get_by_role("combobox", name="File").fill("reviews.csv")
    fill(bench, "What to learn from", {"text": "review", "label": "mood"})
    fill(bench, "How", {"method": "head", "max-length": "24"})
    fill(bench, "The run", {"name": "by-hand"})
    expect(bench.locator(".nbt-bench-code pre")).to_contain_text("%finetune reviews.csv --text review --label mood")
    run(bench)
    expect(child.locator(".nbt-state")).to_have_text(re.compile("Done"), timeout=PATIENT)
    child.get_by_role("button", name="Evaluation").click()
    expect(child).to_contain_text("accuracy")
    # What was saved is a model like any other.
    bench.get_by_role("combobox", name="Task", exact=True).select_option("classify")
    bench.get_by_role("button", name="Text", exact=True).first.click()
    bench.get_by_role("combobox", name="model").fill("run:by-hand")
    run(bench)
    expect(child.locator(".nbt-title").first).to_contain_text("by-hand", timeout=PATIENT)
    expect(rows).to_have_count(2, timeout=PATIENT)
    labels = [re.search("good|bad", row)[0] for row in rows.all_inner_texts()]  # pyright: ignore[reportOptionalSubscript]
    # Its code, exported and run, says the same.
    expect(bench.get_by_role("button", name="Run", exact=True)).to_be_enabled()
    bench.locator(".nbt-bench-run").get_by_role("button", name="Code").click()
    program = bench.get_by_label(re.compile("The plain program of run"))
    expect(program).not_to_contain_text("nbtransformers.")
    program.get_by_role("button", name="Insert as cell").click()
    source = program.locator("pre").inner_text()
    assert "nbtransformers" not in source.replace("nbtransformers-runs", "")
    notebook.run_code(CODE, source)
    assert notebook.python("table['label'].tolist()") == labels
