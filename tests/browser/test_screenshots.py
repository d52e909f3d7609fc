"""The pictures of the README, taken from a real JupyterLab.

`NBT_SCREENSHOTS=1 python -m pytest tests/browser/test_screenshots.py` takes them anew; without it each picture is only
held to what the panel is today: there, of this width, and not empty.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from browser.jupyter import JupyterServer, OfflineBrowser
from playwright.sync_api import Page, expect
from taught.ner import ner_model
from workers import end_workers

pytestmark = pytest.mark.browser

FOLDER = Path(__file__).parent.parent.parent / "docs" / "screenshots"
WIDTH = 860
CELLS = {
    "classify": """%%classify --labels politics,sport,technology
The parliament passed the new budget by a single vote.
She scored twice in the last ten minutes.
The new phone folds in three and lasts two days.
The senate elected a new president after a long night.
A late goal sent the fans home happy.
Its camera takes pictures in almost complete darkness.""",
    "tokenize": "%%tokenize\nTokenizers break unfamiliar words like antidisestablishmentarianism into pieces 🙂.",
    "entities": """%%entities --model {NER}
Ada Lovelace and Charles Babbage met in London.
Off to see Taylor Swift at Madison Square Garden in New York tonight!
My new iPhone came from Apple in California.
Beyoncé was seen in Paris with Jay-Z, Facebook says.
Nobody and nothing is named here.""",
    "similar": """%%similar
A man is playing a guitar.
The parliament passed the budget.
Simmer the tomatoes until the sauce is thick.
Someone plays an instrument.
Lawmakers agreed on next year's spending.
The soup needs an hour on a low flame.
The band gave a concert in the park.
Voters will decide in the autumn.
Add salt, garlic and a spoon of oil.""",
    "attention": "%%attention\nThe animal did not cross the street because it was too tired.",
    "explain": "%%explain --method integrated_gradients,occlusion\nSlow at first, but a warm and unforgettable film.",
    "generate": "%%generate --model smollm2 --chat --max-new-tokens 160\nWhat is a transformer, in simple words?",
    "workbench": "%workbench",
    "training": "%finetune reviews --label mood --epochs 3 --lr 2e-4 --max-length 32",
}
SETUP = """%load_ext nbtransformers
import pandas as pd
from nbtransformers.training.movie_snippets import movie_snippets
NER = {ner!r}
rows = [row for row in movie_snippets() if abs(row.rating) > 1][::14]
reviews = pd.DataFrame(
    {{"review": [row.text for row in rows], "mood": ["good" if row.label else "bad" for row in rows]}})"""


@pytest.fixture(scope="module", params=["light", "dark"])
def pages(
    request: pytest.FixtureRequest, browser: OfflineBrowser, tmp_path_factory: pytest.TempPathFactory, smollm2: Path
):
    theme = f"JupyterLab {request.param.title()}"
    page = browser.page(width=WIDTH + 340, height=1600, device_scale_factor=1.5)
    with JupyterServer(tmp_path_factory.mktemp("pictures"), theme=theme) as server:
        # A copy: a link would be called by what it leads to.
        named = shutil.copytree(ner_model(), tmp_path_factory.mktemp("models") / "tweets-ner")
        server.write("pictures.ipynb", [SETUP.format(ner=str(named)), *CELLS.values()])
        notebook = server.open(page, "pictures.ipynb")
        try:
            notebook.run_all()
            yield request.param, page, notebook
        finally:
            page.context.close()
            end_workers(server.root)


@pytest.mark.parametrize("name", CELLS)
def test_picture(pages: tuple[str, Page, object], name: str) -> None:
    theme, page, notebook = pages
    panel = notebook.panel(1 + list(CELLS).index(name)).first
    expect(panel.locator(".nbt-result").first).to_be_visible()
    panel.scroll_into_view_if_needed()
    if name == "attention":  # what one token attends to, by all heads of a layer
        panel.get_by_role("button", name="Lines", exact=True).click()
        panel.get_by_role("spinbutton", name=re.compile("^Layer")).fill("4")
        panel.get_by_role("button", name="All", exact=True).click()
        panel.get_by_role("listbox", name="Query tokens").get_by_role("option", name="it", exact=True).click()
    if name == "generate":  # with what might have stood in the place of a token
        panel.locator("[data-n='5']").click()
        expect(panel.locator(".nbt-alternatives li")).to_have_count(5)
    if name == "workbench":  # with what was run on it
        run_on(panel)
    if name == "training":  # in the midst of it, when it has been evaluated twice
        facts = panel.locator(".nbt-progress-facts")
        expect(facts).to_contain_text(re.compile(r"epoch [23]"), timeout=300_000)
    page.mouse.move(0, 0)
    page.wait_for_timeout(300)
    kept = FOLDER / f"{name}-{theme}.png"
    taken = panel.screenshot(path=kept if os.environ.get("NBT_SCREENSHOTS") else None)
    assert kept.exists(), "take it: NBT_SCREENSHOTS=1"
    old, new = size(kept.read_bytes()), size(taken)
    assert old[0] == new[0]
    assert abs(old[1] - new[1]) < 0.25 * new[1], f"{kept.name} shows an older panel: take it anew"
    assert 5_000 < kept.stat().st_size < 250_000


def run_on(bench: Any) -> None:
    """Run two texts on a workbench, with labels of one's own."""
    bench.get_by_role("textbox", name="Texts, one a line").fill("The striker scored twice.\nThe budget was passed.")
    bench.locator("summary", has_text="With which labels").click()
    bench.get_by_label("labels", exact=True).fill("politics, sport")
    bench.get_by_role("button", name="Run", exact=True).click()
    expect(bench.locator(".nbt-bench-child .nbt-rows .nbt-row")).to_have_count(2, timeout=60_000)
    expect(bench.get_by_role("button", name="Run", exact=True)).to_be_enabled()


def size(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG, from its header."""
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
