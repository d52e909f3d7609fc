"""The panel of a training run in a real JupyterLab: it follows the run's directory, and its buttons reach the worker.

The worker is this test: it writes what one would, and reads what it is told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from browser.jupyter import JupyterServer, Notebook, OfflineBrowser
from playwright.sync_api import expect
from rundirs import REPORT, Written, values_of
from workers import end_workers

from nbtransformers.rundir.control import Controls

pytestmark = pytest.mark.browser

SETUP = """%load_ext nbtransformers
from pathlib import Path
from nbtransformers.panels.view import show_result
from nbtransformers.results.trainingrun import TrainingRun
from nbtransformers.rundir.folder import RunFolder
folder = Path({!r})
look = lambda name: show_result(TrainingRun(RunFolder(folder / name)))"""
RUNNING, DEAD, FAILED = 1, 2, 3


@dataclass
class Worker:
    """A run that goes on, and the commands that it has not read."""

    made: Written
    controls: Controls

    def follow(self, step: int) -> list[dict[str, Any]]:
        """Read what came, and say that it was followed."""
        told = self.controls.new()
        for one in told:
            self.made.write("control", id=one["id"], command=one["command"], step=step)
        return told


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Worker:
    made = Written(tmp_path_factory.mktemp("runs") / "quiet-river")
    made.begin()
    made.step(range(1, 51))
    made.evaluate(50, report=REPORT, accuracy=0.825)
    made.write("best", step=50, metric="accuracy", value=0.825)
    made.save(50)
    made.files.log.write_text("Loading <b>weights</b>\nstep 50\n", encoding="utf-8")
    return Worker(made, Controls(made.files.control))


@pytest.fixture(scope="module")
def notebook(worker: Worker, lab: JupyterServer, browser: OfflineBrowser) -> Iterator[Notebook]:
    folder = worker.made.files.path.parent
    dead = Written(folder / "left-alone", alive=False)
    dead.begin()
    dead.step(range(1, 31))
    dead.save(30)
    failed = Written(folder / "too-fast")
    failed.begin()
    failed.step(range(1, 6))
    failed.end("failed", message="The loss is no number since step 5.", hint="Type `--lr 2e-5`. كان مملاً")
    page = browser.page(height=1400)
    lab.write("training.ipynb", [SETUP.format(str(folder)), *_looks("quiet-river", "left-alone", "too-fast"), "0"])
    opened = lab.open(page, "training.ipynb")
    opened.run_all()
    yield opened
    assert browser.errors(page) == []
    page.context.close()


def _looks(*names: str) -> list[str]:
    return [f"look({name!r})" for name in names]


def caption(panel: Any, title: str) -> Any:
    """What is told beside a chart."""
    return panel.locator("figcaption", has=panel.page.get_by_text(title, exact=True))


def exactly(value: float) -> str:
    return f"{value:.6g}".replace("-", "−")


def test_it_grows_with_the_run_while_python_is_used(notebook: Notebook, worker: Worker) -> None:
    panel = notebook.panel(RUNNING)
    expect(panel.locator(".nbt-state").first).to_have_text(re.compile("Running"))
    expect(panel.locator(".nbt-progress-facts")).to_contain_text("step 50 of 100")
    worker.made.step(range(51, 61))
    expect(panel.locator(".nbt-progress-facts")).to_contain_text("step 60 of 100")
    expect(caption(panel, "Loss")).to_contain_text(exactly(values_of(60)["loss"]))
    assert notebook.python("1 + 1") == 2


def test_what_is_pointed_at_is_told_exactly_and_what_is_dragged_across_is_zoomed_into(notebook: Notebook) -> None:
    panel = notebook.panel(RUNNING)
    over = panel.locator(".u-over").first
    over.hover()
    loss = caption(panel, "Loss")
    expect(loss).to_contain_text(re.compile(r"step \d"))
    step = int(re.findall(r"step (\d+)", loss.inner_text())[0])
    assert exactly(values_of(step)["loss"]) in loss.inner_text()
    # In all charts one points at the same step.
    expect(caption(panel, "Gradient norm")).to_contain_text(f"step {step}")
    assert exactly(values_of(step)["grad_norm"]) in caption(panel, "Gradient norm").inner_text()
    reset = panel.get_by_role("button", name="Reset zoom")
    expect(reset).to_be_disabled()
    box = over.bounding_box()
    mouse = notebook.page.mouse
    mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 60)
    mouse.down()
    mouse.move(box["x"] + box["width"] * 0.7, box["y"] + 60, steps=4)
    mouse.up()
    expect(reset).to_be_enabled()
    over.hover(position={"x": 2, "y": 40})
    left = int(re.findall(r"step (\d+)", loss.inner_text())[0])
    assert 25 <= left <= 35
    over.dblclick(position={"x": 100, "y": 60})
    expect(reset).to_be_disabled()
    notebook.page.mouse.move(0, 0)


def test_a_button_is_queued_until_the_worker_has_followed(notebook: Notebook, worker: Worker) -> None:
    panel, made = notebook.panel(RUNNING), worker.made
    queued = panel.locator(".nbt-queued")
    panel.get_by_role("button", name="lr ×½").click()
    panel.get_by_role("button", name="Pause").click()
    expect(queued).to_have_text(re.compile("lr ×½, Pause: queued until the worker follows"))
    told = worker.follow(60)
    assert [(one["command"], one.get("factor")) for one in told] == [("lr", 0.5), ("pause", None)]
    made.write("lr", step=60, factor=0.5, id=told[0]["id"])
    made.end("paused")
    expect(panel.locator(".nbt-state").first).to_have_text(re.compile("Paused"))
    expect(queued).to_have_count(0)
    panel.get_by_role("button", name="Resume").click()
    expect(queued).to_be_visible()
    assert [one["command"] for one in worker.follow(60)] == ["resume"]
    made.end("running")
    expect(panel.locator(".nbt-state").first).to_have_text(re.compile("Running"))


def test_an_evaluation_shows_its_mistakes_and_the_log_goes_on(notebook: Notebook, worker: Worker) -> None:
    panel = notebook.panel(RUNNING)
    panel.get_by_role("button", name="Evaluation", exact=True).click()
    cells = panel.locator(".nbt-confusion td")
    expect(cells).to_have_text(["80", "20", "15", "85"])
    expect(panel.locator(".nbt-mistakes li")).to_have_count(2)
    expect(panel.locator(".nbt-mistakes")).to_contain_text("不算太差。")
    panel.get_by_role("button", name="Log", exact=True).click()
    log = panel.get_by_role("log")
    expect(log).to_have_text("Loading <b>weights</b>\nstep 50\n")
    with worker.made.files.log.open("a", encoding="utf-8") as file:
        file.write("step 51\n")
    expect(log).to_contain_text("step 51")
    panel.get_by_role("button", name="Curves", exact=True).click()


def test_a_page_that_is_loaded_again_has_all_of_it(notebook: Notebook, worker: Worker, lab: JupyterServer) -> None:
    notebook.save()
    notebook.page.reload()
    notebook.page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    notebook.wait_idle()
    panel = notebook.panel(RUNNING)
    expect(panel.locator(".nbt-progress-facts")).to_contain_text("step 60 of 100", timeout=30_000)
    worker.made.step(range(61, 71))
    expect(panel.locator(".nbt-progress-facts")).to_contain_text("step 70 of 100")
    expect(caption(panel, "Loss")).to_contain_text(exactly(values_of(70)["loss"]))


def test_a_run_whose_worker_is_gone_is_dead_and_one_that_failed_says_why(notebook: Notebook) -> None:
    dead, failed = notebook.panel(DEAD), notebook.panel(FAILED)
    expect(dead.locator(".nbt-state").first).to_have_text(re.compile("Dead"))
    expect(dead.locator(".nbt-ended")).to_contain_text("from step 30")
    expect(failed.locator(".nbt-ended")).to_contain_text("The loss is no number since step 5.")
    expect(failed.locator(".nbt-ended code")).to_have_text("--lr 2e-5")
    for panel in (dead, failed):
        expect(panel.get_by_role("button", name="Resume")).to_be_enabled()
        expect(panel.get_by_role("button", name="Pause")).to_have_count(0)


def test_the_table_that_is_saved_has_every_step(notebook: Notebook, tmp_path: Path) -> None:
    panel = notebook.panel(RUNNING)
    panel.get_by_role("button", name="Export").click()
    with notebook.page.expect_download() as download:
        panel.get_by_role("button", name="CSV").click()
    download.value.save_as(tmp_path / "curves.csv")
    head, *rows = (tmp_path / "curves.csv").read_text(encoding="utf-8").splitlines()
    names = head.split(",")
    assert names[:5] == ["step", "loss", "lr", "grad_norm", "tokens_per_s"]
    assert len(rows) == 70
    for row in rows:
        cells = dict(zip(names, row.split(","), strict=True))
        wanted = values_of(int(cells["step"]))
        assert float(cells["loss"]) == pytest.approx(wanted["loss"], rel=1e-6)
        assert cells["evaluation accuracy"] == ("0.825" if cells["step"] == "50" else "")
    panel.get_by_role("button", name="Export").click()


def test_the_end_is_seen_and_nothing_can_be_told_any_more(notebook: Notebook, worker: Worker) -> None:
    panel = notebook.panel(RUNNING)
    worker.made.step(range(71, 101))
    worker.made.evaluate(100, report=json.loads(json.dumps(REPORT)), accuracy=0.9)
    worker.made.end("done")
    expect(panel.locator(".nbt-state").first).to_have_text(re.compile("Done"))
    expect(panel.locator(".nbt-progress-facts")).to_contain_text("step 100 of 100")
    expect(panel.locator(".nbt-run-buttons")).to_have_count(0)


REAL = """%load_ext nbtransformers
import nbtransformers as nbt
texts = [("a joy from start to end", "good"), ("a mess of a film", "bad"), ("很好看", "good"), ("كان مملاً", "bad")]
rows = [(f"{text} {number}", label) for number in range(40) for text, label in texts]
run = nbt.finetune(rows, epochs=40, name="real")
run.panel()"""


@pytest.fixture
def no_worker_is_left(lab: JupyterServer) -> Iterator[None]:
    """Whatever becomes of the test."""
    yield
    end_workers(lab.root)


@pytest.mark.slow
@pytest.mark.usefixtures("no_worker_is_left")
def test_a_real_run_is_told_and_found_again_by_a_kernel_that_was_restarted(
    lab: JupyterServer, browser: OfflineBrowser
) -> None:
    page = browser.page(height=1400)
    lab.write("real.ipynb", [REAL, "0"])
    notebook = lab.open(page, "real.ipynb")
    notebook.run_all()
    panel = notebook.panel(0)
    state, facts = panel.locator(".nbt-state").first, panel.locator(".nbt-progress-facts")
    expect(state).to_have_text(re.compile("Running"), timeout=60_000)
    expect(facts).to_contain_text(re.compile(r"step [1-9]"), timeout=60_000)
    panel.get_by_role("button", name="lr ×½").click()
    panel.get_by_role("button", name="Pause").click()
    expect(state).to_have_text(re.compile("Paused"), timeout=30_000)
    expect(panel.locator(".nbt-queued")).to_have_count(0)
    (change,) = notebook.python("[one for one in run.events if one['type'] == 'lr']")
    assert change["factor"] == 0.5
    step = notebook.python("int(run.steps().index[-1])")
    expect(facts).to_contain_text(f"step {step} of")
    page.wait_for_timeout(1_500)  # more than a step takes
    assert notebook.python("int(run.steps().index[-1])") == step
    panel.get_by_role("button", name="Resume").click()
    expect(state).to_have_text(re.compile("Running"), timeout=30_000)
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    notebook.wait_idle()
    said = notebook.run_code(1, "import nbtransformers as nbt; run = nbt.attach('real'); run.panel()")
    assert "Error" not in said
    again = notebook.panel(1)
    expect(again.locator(".nbt-state").first).to_have_text(re.compile("Running"))
    expect(again.locator(".nbt-chart").first).to_be_visible()
    again.get_by_role("button", name="Evaluation", exact=True).click()
    expect(again.locator(".nbt-confusion td")).to_have_count(4, timeout=60_000)
    again.get_by_role("button", name="Stop").click()
    expect(again.locator(".nbt-state").first).to_have_text(re.compile("Stopped"), timeout=60_000)
    expect(again.get_by_role("button", name="Resume")).to_be_enabled()
    page.context.close()
