"""SmolLM2 writes in a real JupyterLab: streamed, stopped, gone on with from another token; the screen is Python's."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from browser.jupyter import JupyterServer, Notebook, OfflineBrowser
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SETUP = """%load_ext nbtransformers
import nbtransformers as nbt
import torch
torch.set_num_threads(1)
_ = nbt.generate("Hello", model="smollm2", max_new_tokens=1)"""
TOKENS = 96  # so many that also a page which is held up for a second sees several texts on the way
LENGTH = f"--max-new-tokens {TOKENS} --min-new-tokens {TOKENS}"
PARIS = f"%%generate --model smollm2 {LENGTH} --out result\nThe capital of France is"
LONG = "%%generate --model smollm2 --max-new-tokens 2000 {option}--out {name}\nOnce upon a time, in a far away land,"
TEXT = ".nbt-written"
STOP = ".nbt-stop button"

# Every text that the panel of a cell shows on the way, and whether the caret stood behind it.
WATCH = """number => {
    const cell = document.querySelectorAll('.jp-Notebook .jp-Cell')[number];
    window.seen = [];
    const look = () => {
        const text = cell.querySelector('.nbt-written');
        if (text) window.seen.push([text.textContent, !!text.querySelector('.nbt-caret'), performance.now()]);
    };
    new MutationObserver(look).observe(cell, { childList: true, subtree: true, characterData: true });
}"""


@pytest.fixture(scope="module")
def notebook(browser: OfflineBrowser, lab: JupyterServer, smollm2: Path) -> Any:
    page = browser.page(height=1300)
    cells = [SETUP, PARIS, LONG.format(option="", name="held"), LONG.format(option="--background ", name="work"), "0"]
    lab.write("generate.ipynb", cells)
    notebook = lab.open(page, "generate.ipynb")
    notebook.run_code(0, SETUP)
    yield notebook
    assert browser.errors(page) == []
    page.context.close()


def python(notebook: Notebook, expression: str) -> Any:
    """The value of an expression in Python, through a cell of its own."""
    return json.loads(notebook.run_code(4, f"import json; print(json.dumps({expression}))").strip().splitlines()[-1])


def start(notebook: Notebook, number: int) -> Any:
    """Run a cell without waiting for it, and watch its panel."""
    notebook.page.evaluate(WATCH, number)
    notebook.page.evaluate(
        """number => {
            window.jupyterapp.shell.currentWidget.content.activeCellIndex = number;
            window.jupyterapp.commands.execute('notebook:run-cell');
        }""",
        number,
    )
    return notebook.panel(number)


def texts_seen(notebook: Notebook) -> list[str]:
    return [text for text, caret, _ in notebook.page.evaluate("() => window.seen") if caret]


@pytest.fixture(scope="module")
def written(notebook: Notebook) -> Any:
    """The panel of a prompt that was written on to its end."""
    panel = start(notebook, 1)
    expect(panel.locator(TEXT)).to_be_visible(timeout=60_000)
    expect(panel.locator(".nbt-caret")).to_have_count(0, timeout=120_000)
    notebook.wait_idle()
    return panel


def test_paris_comes_token_by_token(notebook: Notebook, written: Any) -> None:
    seen = list(dict.fromkeys(texts_seen(notebook)))
    assert len(seen) >= 4, seen
    assert all(later.startswith(earlier) for earlier, later in pairwise(seen))
    text = python(notebook, "result.texts[0]")
    assert "Paris" in text and text.startswith(seen[-1])
    assert written.locator(TEXT).evaluate("e => e.textContent").rstrip("⏹") == text
    times = [at for _, _, at in notebook.page.evaluate("() => window.seen")]
    assert sum(later - earlier < 40 for earlier, later in pairwise(times)) <= len(times) / 2


def test_each_token_has_the_probability_that_python_has(notebook: Notebook, written: Any) -> None:
    doubts = written.locator("[data-n]").evaluate_all(
        "all => all.map(e => Number(e.style.getPropertyValue('--doubt')))"
    )
    expected = python(notebook, "[1 - float(p) for p in result.probabilities[0]]")
    assert doubts == pytest.approx(expected, abs=1e-6)
    written.locator("[data-n='0']").hover()
    share = f"{round(100 * (1 - expected[0]))}%"
    expect(written.locator(".nbt-written-told")).to_contain_text(f"{share} · token 1 of {TOKENS}")
    written.get_by_role("button", name="unsure – sure").click()
    plain = written.locator("[data-n='1']").evaluate("e => getComputedStyle(e).backgroundColor")
    assert plain == "rgba(0, 0, 0, 0)"
    written.get_by_role("button", name="unsure – sure").click()


def test_the_alternatives_of_a_token_are_the_result_s(notebook: Notebook, written: Any) -> None:
    written.locator("[data-n='0']").click()
    choices = written.locator(".nbt-alternatives li button")
    expect(choices).to_have_count(5)
    expected = python(notebook, "[[a.token, round(a.probability, 3)] for a in result.alternatives(0, 0)]")
    shown = choices.evaluate_all(
        "all => all.map(e => [e.querySelector('bdi').textContent, Number(e.querySelector('.nbt-number').textContent)])"
    )
    assert shown == [[token.replace(" ", "·"), pytest.approx(p, abs=6e-4)] for token, p in expected]
    expect(choices.first).to_be_disabled()
    style = "e => [getComputedStyle(e).position, getComputedStyle(e).boxShadow]"
    position, shadow = written.locator(".nbt-alternatives").evaluate(style)
    assert position == "fixed" and shadow != "none", "its styles are in the bundle"
    written.locator(".nbt-alternatives [aria-label='The next token']").click()
    expect(written.locator(".nbt-alternatives")).to_contain_text(f"token 2 of {TOKENS}")
    expect(choices.first).to_have_text(re.compile(re.escape(python(notebook, "result.alternatives(0, 1)[0].token"))))
    written.locator(TEXT).focus()
    notebook.page.keyboard.press("Escape")
    expect(written.locator(".nbt-alternatives")).to_have_count(0)
    assert notebook.page.locator(".jp-Notebook .jp-Cell").count() == 5


def test_another_token_is_gone_on_from_and_python_has_the_branch(notebook: Notebook, written: Any) -> None:
    before = python(notebook, "result.texts[0]")
    written.locator("[data-n='0']").click()
    written.locator(".nbt-alternatives li button").nth(2).click()
    expect(written.locator("[data-n='0']")).to_have_text(python(notebook, "result.alternatives(0, 0)[2].token"))
    back = written.get_by_role("button", name="Back")
    expect(back).to_be_visible(timeout=60_000)
    branch = "nbt.panel(result).result"
    assert python(notebook, f"{branch}.tokens[0][0] == result.alternatives(0, 0)[2].token")
    assert python(notebook, f"{branch}.texts[0]") == written.locator(TEXT).evaluate("e => e.textContent").rstrip("⏹")
    assert python(notebook, "result.texts[0]") == before
    same = f"nbt.continue_from(result, 0, 0, result.alternatives(0, 0)[2].id).texts == {branch}.texts"
    assert python(notebook, same)
    back.click()
    expect(back).to_have_count(0)
    assert written.locator(TEXT).evaluate("e => e.textContent").rstrip("⏹") == before


def test_stop_ends_the_cell_that_holds_the_kernel_and_keeps_what_came(notebook: Notebook) -> None:
    panel = start(notebook, 2)
    expect(panel.locator("[data-n='5']")).to_be_visible(timeout=60_000)
    panel.locator(STOP).click()
    expect(panel.locator(".nbt-caret")).to_have_count(0, timeout=15_000)
    notebook.wait_idle()
    text = panel.locator(TEXT).evaluate("e => e.textContent")
    assert python(notebook, "held.texts[0]") == text and len(text) > 10
    assert 5 < python(notebook, "held.new_tokens") < 1500
    expect(panel).to_contain_text("stopped")
    assert python(notebook, "1 + 1") == 2, "the next cell is not interrupted"


def test_stop_ends_several_prompts_and_keeps_those_that_are_done(notebook: Notebook) -> None:
    prompts = "\n".join(f"Once upon a time there was a number {number}" for number in range(12))
    options = "--lines --model smollm2 --max-new-tokens 40 --min-new-tokens 40 --batch-tokens 60 --out several"
    notebook.page.evaluate(
        "source => window.jupyterapp.shell.currentWidget.content.widgets[2].model.sharedModel.setSource(source)",
        f"%%generate {options}\n{prompts}",
    )
    panel = start(notebook, 2)
    expect(panel.locator(".nbt-head [role=progressbar]")).to_be_visible(timeout=60_000)
    expect(panel.locator("[data-at='0'] .nbt-col-tokens")).to_have_text("40", timeout=60_000)
    panel.locator(STOP).click()
    expect(panel.locator("[role=progressbar]")).to_have_count(0, timeout=30_000)
    notebook.wait_idle()
    done = python(notebook, "[bool(done) for done in several.done]")
    assert done[0] and not all(done)
    expect(panel.locator("[data-at='0'] .nbt-col-text")).to_contain_text(
        python(notebook, "several.texts[0][:20].strip()")
    )
    assert python(notebook, "several.found.counts.tolist()")[0] == 40


def test_in_the_background_the_cell_returns_and_stop_is_heard(notebook: Notebook) -> None:
    panel = start(notebook, 3)
    notebook.wait_idle()
    assert python(notebook, "[work.done, 6 * 7]") == [False, 42]
    expect(panel.locator("[data-n='5']")).to_be_visible(timeout=60_000)
    seen = texts_seen(notebook)
    panel.locator(STOP).click()
    expect(panel.locator(".nbt-caret")).to_have_count(0, timeout=15_000)
    text = panel.locator(TEXT).evaluate("e => e.textContent")
    assert python(notebook, "work.result.texts[0]") == text and text.startswith(seen[-1])
    assert python(notebook, "work.done")
    html = notebook.cell(3).locator(".jp-OutputArea-child").first.evaluate("e => e.textContent")
    assert "far away land" in html and "not finished" not in html, "the snapshot has the result"


def test_running_the_cell_again_stops_what_it_began(notebook: Notebook) -> None:
    start(notebook, 3)
    expect(notebook.panel(3).locator("[data-n='2']")).to_be_visible(timeout=60_000)
    notebook.run_code(4, "before = work")
    start(notebook, 3)
    notebook.wait_idle()
    assert python(notebook, "[before.result.new_tokens < 2000, before is work, before.done]") == [True, False, True]
    notebook.panel(3).locator(STOP).click()
    assert python(notebook, "len(work.result.texts[0]) > 0")


def test_what_goes_wrong_in_the_background_is_told_in_the_panel(notebook: Notebook) -> None:
    notebook.run_code(3, "%%generate --model minilm --background --out work\nHello")
    expect(notebook.panel(3).locator("[role=alert]")).to_be_visible(timeout=30_000)
    told = notebook.panel(3).locator("[role=alert]").inner_text()
    said = notebook.run_code(4, "try:\n    work.result\nexcept nbt.UserError as error:\n    print(error)").strip()
    assert " ".join(told.split()) == said.replace("`", ""), "what stands between backticks is set as code"
