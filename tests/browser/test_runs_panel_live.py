"""The panel of all training runs in a real JupyterLab: rows that go on, curves on one another, and buttons."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import helpers
import pytest
from browser.jupyter import JupyterServer, Notebook, OfflineBrowser
from playwright.sync_api import expect
from rundirs import REQUEST, Written

from nbtransformers.rundir.atomic import write_json
from nbtransformers.rundir.control import Controls

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def going(folder: Path) -> Written:
    """A run that goes on, beside one that is done and one that is to be deleted."""
    for name, rate in (("a-done", 2e-5), ("b-old", 5e-5)):
        made = Written(folder / name, alive=False, request=replace(REQUEST, lr=rate))
        made.begin()
        made.step(range(1, 101))
        made.evaluate(100, accuracy=0.75)
        made.write("best", step=100, metric="accuracy", value=0.75)
        made.end("done")
        made.files.data.mkdir()
        write_json(made.files.data / "description.json", {"training_task": "classification"})
        helpers.bert_config().save_pretrained(made.files.model)
    made = Written(folder / "c-going", request=replace(REQUEST, lr=1e-4))
    made.begin()
    made.step(range(1, 51))
    return made


@pytest.fixture(scope="module")
def notebook(folder: Path, going: Written, lab: JupyterServer, browser: OfflineBrowser) -> Iterator[Notebook]:
    page = browser.page(height=1400)
    lab.write("runs.ipynb", ["%load_ext nbtransformers", f"%runs --folder {str(folder)!r}", "0"])
    opened = lab.open(page, "runs.ipynb")
    opened.run_all()
    yield opened
    assert browser.errors(page) == []
    page.context.close()


def row(notebook: Notebook, name: str):
    panel = notebook.panel(1).first
    return panel.locator(".nbt-run-table").first.locator("tbody tr", has=notebook.page.get_by_text(name, exact=True))


def test_a_row_goes_on_and_a_run_that_comes_is_there(notebook: Notebook, folder: Path, going: Written) -> None:
    expect(row(notebook, "c-going")).to_contain_text("50 of 100")
    going.step(range(51, 61))
    expect(row(notebook, "c-going")).to_contain_text("60 of 100")
    late = Written(folder / "d-late", alive=False)
    late.begin()
    expect(row(notebook, "d-late").locator(".nbt-state")).to_have_text(re.compile("Dead"))
    expect(notebook.cell(1).locator(".nbt-snapshot").first).to_be_hidden()


def test_what_is_ticked_is_laid_on_one_another_and_compared(notebook: Notebook) -> None:
    panel = notebook.panel(1).first
    names = panel.locator(".nbt-chart-value > bdi")
    for name in ("a-done", "b-old", "c-going"):
        row(notebook, name).get_by_role("checkbox").set_checked(name != "b-old")
    expect(names).to_have_count(2)
    expect(panel.locator(".nbt-run-differences")).to_contain_text(re.compile(r"lr.*1e-04|lr.*0\.0001"))
    panel.locator(".u-over").hover()
    expect(panel.locator("figcaption")).to_contain_text(re.compile(r"step \d"))
    panel.get_by_role("button", name="Time", exact=True).click()
    panel.locator(".u-over").hover()
    expect(panel.locator("figcaption")).to_contain_text(re.compile(r"Loss\d+ s"))
    panel.get_by_role("combobox", name="Curve").select_option("accuracy")
    expect(panel.locator("figcaption")).to_contain_text("0.75")
    notebook.page.mouse.move(0, 0)


def test_a_model_becomes_a_default_once_that_is_said(notebook: Notebook, folder: Path) -> None:
    panel = notebook.panel(1).first
    defaults = "__import__('nbtransformers.settings').settings.of_session()"
    panel.get_by_role("button", name="Model… a-done").click()
    model = str(folder / "a-done" / "model")
    expect(panel.locator(".nbt-run-model code")).to_have_text(f"%%classify --model {model}")
    assert notebook.python(defaults) == []
    panel.get_by_role("button", name="Use in this session").click()
    expect(panel.locator(".nbt-run-model")).to_contain_text("%nbt unset classify.model takes that back")
    assert notebook.python(defaults) == ["classify.model"]
    panel.get_by_role("button", name="Close").click()


def test_its_buttons_reach_the_worker(notebook: Notebook, going: Written) -> None:
    notebook.panel(1).first.get_by_role("button", name="Pause c-going").click()
    controls = Controls(going.files.control)
    for _ in range(50):
        if told := [one["command"] for one in controls.new()]:
            break
        notebook.page.wait_for_timeout(100)
    assert told == ["pause"]
    going.end("paused")
    expect(row(notebook, "c-going").locator(".nbt-state")).to_have_text(re.compile("Paused"))


def test_a_run_is_deleted_once_that_is_said_twice(notebook: Notebook, folder: Path) -> None:
    panel = notebook.panel(1).first
    panel.get_by_role("button", name="Delete… b-old").click()
    assert (folder / "b-old").exists()
    panel.get_by_role("button", name="Delete b-old").click()
    expect(row(notebook, "b-old")).to_have_count(0)
    assert not (folder / "b-old").exists()


def test_a_run_opens_below_and_after_a_reload_one_is_told_how(notebook: Notebook) -> None:
    notebook.panel(1).first.get_by_role("button", name="Open c-going").click()
    opened = notebook.cell(1).locator(".nbt-run-head")
    expect(opened).to_contain_text("c-going")
    expect(notebook.cell(1).locator(".nbt-run-said")).to_have_count(0)
    notebook.save()
    notebook.page.reload()
    notebook.page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    notebook.wait_idle()
    panel = notebook.panel(1).first
    expect(row(notebook, "c-going")).to_contain_text("60 of 100", timeout=30_000)
    panel.get_by_role("button", name="Open a-done").click()
    expect(panel.locator(".nbt-run-said")).to_contain_text("type %runs a-done in a cell", timeout=15_000)
