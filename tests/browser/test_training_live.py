"""Training as a user does it: one run from its first cell to its model, in a real JupyterLab, by a real worker."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser.jupyter import JupyterServer, Notebook, OfflineBrowser
from playwright.sync_api import expect
from workers import end_workers

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SETUP = """%load_ext nbtransformers
import pandas as pd
from nbtransformers.training.movie_snippets import movie_snippets
rows = [row for row in movie_snippets() if abs(row.rating) > 1][::40]
df = pd.DataFrame({"review": [row.text for row in rows], "mood": ["good" if row.label else "bad" for row in rows]})"""
# Far more epochs than it gets: it goes on until it is stopped. Its steps are large, 1,500 in all: of more
# than 2,000, the panel does not have each. Without a warmup the rate falls on a line from the first step on.
BEGIN = (
    "%finetune df --text review --label mood --max-length 24 --batch-size 64 --epochs 500 --warmup 0 "
    "--name live --out run"
)
CLASSIFY = "%%classify --model run:live --out result\nA joy from start to end.\nTwo hours that I will not get back."
BEGUN, OTHER, ATTACHED, CLASSIFIED = 1, 2, 3, 4
PATIENT = 120_000  # ms


@pytest.fixture
def notebook(lab: JupyterServer, browser: OfflineBrowser) -> Iterator[Notebook]:
    """A notebook in which a run is begun; whatever becomes of the test, its worker ends."""
    page = browser.page(height=1400)
    lab.write("training-live.ipynb", [SETUP, BEGIN, "0", "0", "0", "0"])
    yield lab.open(page, "training-live.ipynb")
    page.context.close()
    end_workers(lab.root)


def state(panel: Any) -> Any:
    """What the panel says of the run."""
    return panel.locator(".nbt-state").first


def expect_state(panel: Any, name: str) -> None:
    """Wait until the panel says so."""
    expect(state(panel)).to_have_text(re.compile(name), timeout=PATIENT)


def saved_steps(notebook: Notebook, panel: Any, path: Path) -> list[int]:
    """The steps of the table that a panel saves: those of its curves."""
    panel.get_by_role("button", name="Export").click()
    with notebook.page.expect_download() as download:
        panel.get_by_role("button", name="CSV").click()
    download.value.save_as(path)
    panel.get_by_role("button", name="Export").click()
    return [int(row.split(",")[0]) for row in path.read_text(encoding="utf-8").splitlines()[1:]]


def test_a_run_is_begun_used_steered_found_again_and_asked(
    notebook: Notebook, browser: OfflineBrowser, tmp_path: Path
) -> None:
    page = notebook.page
    notebook.run_all(wait=False)
    panel = notebook.panel(BEGUN)
    expect_state(panel, "Running")
    facts = panel.locator(".nbt-progress-facts")
    expect(facts).to_contain_text(re.compile(r"step ([2-9]|1[\d,])"), timeout=PATIENT)

    assert notebook.run_code(OTHER, "sum(range(1000))").strip().endswith("499500")
    assert notebook.python("run.state") == "running"

    panel.get_by_role("button", name="Pause").click()
    expect_state(panel, "Paused")
    paused_at = notebook.python("[run.state, run.step]")
    page.wait_for_timeout(2_000)
    assert notebook.python("[run.state, run.step]") == paused_at == ["paused", paused_at[1]]
    panel.get_by_role("button", name="Resume").click()
    expect_state(panel, "Running")

    panel.get_by_role("button", name="lr ×½").click()
    expect(panel.locator(".nbt-queued")).to_have_count(0, timeout=PATIENT)
    (change,) = notebook.python("[one for one in run.events if one['type'] == 'lr']")
    assert change["factor"] == 0.5
    assert change["step"] >= paused_at[1]
    notebook.run_code(OTHER, f"import time\nwhile run.step < {change['step'] + 3}: time.sleep(0.1)")
    # The rate falls by as much with each step, and then to half of where it would have fallen to.
    before, at, after = notebook.python("run.steps()['lr'].tolist()")[change["step"] - 2 : change["step"] + 1]
    assert after == pytest.approx((at + (at - before)) / 2)

    notebook.save()
    page.reload()
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    notebook.wait_idle()
    expect(state(panel)).to_have_text(re.compile("Running"), timeout=PATIENT)
    seen = int(re.findall(r"step ([\d,]+)", facts.inner_text())[0].replace(",", ""))
    expect(facts).not_to_contain_text(f"step {seen:,} of", timeout=PATIENT)
    assert browser.errors(page) == []

    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    notebook.wait_idle()
    expect(panel.get_by_role("alert")).to_contain_text("%runs live shows how it is")
    expect(panel.locator(".nbt-run-buttons")).to_have_count(0)  # they would reach nobody
    listed = notebook.run_code(OTHER, "%load_ext nbtransformers\n%runs")
    assert re.search(r"live\b.*running", listed, re.DOTALL), listed
    notebook.run_code(ATTACHED, "%runs live --out run")
    again = notebook.panel(ATTACHED)
    expect_state(again, "Running")
    expect(again.locator(".nbt-chart").first).to_be_visible()
    expect(again.locator(".nbt-progress-facts")).to_contain_text(re.compile(r"step \d"))

    again.get_by_role("button", name="Stop").click()
    expect_state(again, "Stopped")
    last = notebook.python("run.step")
    assert notebook.python("run.state") == "stopped"
    assert notebook.python("run.steps().index.tolist()") == list(range(1, last + 1))
    assert saved_steps(notebook, again, tmp_path / "curves.csv") == list(range(1, last + 1))

    notebook.run_code(CLASSIFIED, CLASSIFY)
    expect(notebook.panel(CLASSIFIED).locator(".nbt-result")).to_be_visible()
    assert notebook.python("[list(result.labels), len(result)]") == [["bad", "good"], 2]
    assert browser.errors(page) == []
