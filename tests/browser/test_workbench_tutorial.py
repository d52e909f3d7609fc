"""The tutorial by the mouse alone: load, classify, fine-tune, save, evaluate; then its code, run by a bare Python.

What is typed are texts and numbers; whatever can be chosen is chosen from a list.
"""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser.jupyter import JupyterServer, Notebook, OfflineBrowser
from playwright.sync_api import expect
from workers import end_workers

from nbtransformers.training.movie_snippets import movie_snippets

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BENCH = 1
PATIENT = 240_000  # ms
TEXTS = "A joy from start to end.\nTwo hours that I will not get back."
# Whoever imports the package fails, and it must not come in by another name.
ALONE = "import sys\nsys.modules['nbtransformers'] = None\n"
TOLD = "\nassert not [name for name in sys.modules if name.startswith('nbtransformers.')]\nprint(table.to_json())\n"


@pytest.fixture
def notebook(lab: JupyterServer, browser: OfflineBrowser) -> Iterator[Notebook]:
    rows = [row for row in movie_snippets() if abs(row.rating) > 1][::60]
    with (lab.root / "reviews.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("review", "mood"), *((row.text, "good" if row.label else "bad") for row in rows)])
    page = browser.page(height=1600)
    lab.write("workbench-tutorial.ipynb", ["%load_ext nbtransformers", "%workbench", "0"])
    opened = lab.open(page, "workbench-tutorial.ipynb")
    opened.run_all()
    yield opened
    page.context.close()
    end_workers(lab.root)


class Bench:
    """A workbench, by the mouse."""

    def __init__(self, panel: Any) -> None:
        self.panel = panel
        self.child = panel.locator(".nbt-bench-child .nbt-live")

    def task(self, name: str) -> None:
        self.panel.locator(".nbt-bench-first select").select_option(name)

    def source(self, name: str) -> None:
        self.panel.get_by_role("group", name="Input").get_by_role("button", name=name, exact=True).click()

    def unfold(self, group: str) -> None:
        self.panel.locator("summary", has_text=group).click()

    def choose(self, field: str, value: str) -> None:
        """Open the list of a field, and take one of it."""
        self.panel.get_by_role("button", name=f"Choose {field}", exact=True).click()
        self.panel.locator(".nbt-suggested-one").filter(has=self.panel.page.get_by_text(value, exact=True)).click()

    def type(self, field: str, value: str) -> None:
        self.panel.get_by_label(field, exact=True).fill(value)

    def run(self) -> None:
        self.panel.get_by_role("button", name="Run", exact=True).click()

    def program(self) -> str:
        """The code of what is shown."""
        expect(self.panel.get_by_role("button", name="Run", exact=True)).to_be_enabled(timeout=PATIENT)
        self.panel.locator(".nbt-bench-run").get_by_role("button", name="Code").click()
        shown = self.panel.get_by_label(re.compile("The plain program of run"))
        expect(shown).to_be_visible(timeout=PATIENT)
        return shown.locator("pre").inner_text()


def alone(program: str, folder: Path) -> dict[str, dict[str, Any]]:
    """The table that a program leaves, run by a bare interpreter."""
    (folder / "program.py").write_text(ALONE + program + TOLD, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "program.py"], cwd=folder, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_the_tutorial_by_the_mouse_and_its_code(notebook: Notebook, lab: JupyterServer) -> None:
    bench = Bench(notebook.cell(BENCH).locator(".nbt-live").first)
    child, rows = bench.child, bench.child.locator(".nbt-rows .nbt-row")
    # Load a model, and classify.
    bench.choose("model", "movie-sentiment-minilm")
    bench.type("Texts, one a line", TEXTS)
    bench.run()
    expect(rows).to_have_count(2, timeout=PATIENT)
    # Fine-tune another one on a file.
    bench.task("finetune")
    bench.source("File")
    bench.choose("File", "reviews.csv")
    bench.choose("model", "minilm")
    bench.unfold("What to learn from")
    bench.choose("text", "review")
    bench.choose("label", "mood")
    bench.unfold("How")
    bench.panel.get_by_label("method", exact=True).select_option(value="full")
    bench.type("epochs", "1")
    bench.type("max-length", "24")
    expect(bench.panel.locator(".nbt-bench-code pre").first).to_contain_text(
        "%finetune reviews.csv --text review --label mood --model minilm --method full --epochs 1 --max-length 24"
    )
    bench.run()
    expect(child.locator(".nbt-state")).to_have_text(re.compile("Done"), timeout=PATIENT)
    # It was evaluated, and saved.
    child.get_by_role("button", name="Evaluation").click()
    expect(child).to_contain_text("accuracy")
    training = bench.program()
    name, told = notebook.python("(lambda run: [run.name, run.metrics])(__import__('nbtransformers').runs()[0])")
    # What was saved is a model like any other.
    bench.task("classify")
    bench.source("Text")
    bench.choose("model", f"run:{name}")
    bench.run()
    expect(child.locator(".nbt-title").first).to_contain_text(name, timeout=PATIENT)
    expect(rows).to_have_count(2, timeout=PATIENT)
    labels = [re.search("good|bad", row)[0] for row in rows.all_inner_texts()]  # pyright: ignore[reportOptionalSubscript]
    classifying = bench.program()
    scores = notebook.python("__import__('nbtransformers.magics.ran').magics.ran.ran()[0].value.scores.tolist()")
    # Their code, exported and run by a bare interpreter, gives the same numbers.
    table = alone(classifying, lab.root)
    assert list(table["label"].values()) == labels
    found = [[table[label][row] for label in ("bad", "good")] for row in ("0", "1")]
    assert found == [pytest.approx(row, abs=1e-4) for row in scores]
    trained = alone(training, lab.root)
    for metric in ("accuracy", "loss"):
        values = [value for value in trained[f"eval_{metric}"].values() if value is not None]
        assert values[-1] == pytest.approx(told[metric], rel=1e-3), metric
