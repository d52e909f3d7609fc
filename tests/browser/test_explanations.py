"""Explanations in a real JupyterLab: colours are Python's numbers; targets and methods are chosen in the panel."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from browser.jupyter import JupyterServer, Notebook
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TEXT = "A joy from start to end, 这部电影很好看 كان طويلاً 😀 <b>not</b> dull."
CELLS = [
    "%load_ext nbtransformers\nimport nbtransformers as nbt, torch\ntorch.set_num_threads(1)",
    f"%%explain --method integrated_gradients,occlusion --out why\n{TEXT}",
]


def drawn(panel: Any, method: int) -> list[tuple[str, float, str]]:
    """Each word that a method colours: its text, how strongly, and on which side."""
    return [
        tuple(word)
        for word in panel.locator(".nbt-signed")
        .nth(method)
        .locator(".nbt-signed-word")
        .evaluate_all(
            "all => all.map(e => [e.textContent, Number(e.style.getPropertyValue('--strength')), e.dataset.sign])"
        )
    ]


WORDS = (
    "[[w, float(v)] for w, s, v in zip(r.words.names, r.words.special, r.words.sums(r['{}'].values)) if not s]"
    " for r in [{}]"
)


def words(notebook: Notebook, method: str, result: str = "why") -> list[tuple[str, float]]:
    return notebook.python(f"[{WORDS.format(method, result)}][0]")


def test_each_word_is_coloured_by_its_attribution(notebook: Notebook) -> None:
    panel = notebook.panel(1)
    expect(panel.locator(".nbt-signed")).to_have_count(2)
    for number, method in enumerate(("integrated_gradients", "occlusion")):
        expected = words(notebook, method)
        most = max(abs(value) for _, value in expected)
        shown = drawn(panel, number)
        assert [word for word, _, _ in shown] == [word for word, _ in expected]
        assert [strength for _, strength, _ in shown] == pytest.approx([abs(v) / most for _, v in expected], abs=1e-5)
        assert [sign for _, _, sign in shown] == ["against" if v < 0 else "for" for _, v in expected]
    assert panel.locator(".nbt-signed-text").first.evaluate("e => e.textContent") == TEXT
    expect(panel.locator(".nbt-signed b")).to_have_count(0)
    for side in ("for", "against"):
        expect(panel.locator(".nbt-signed-legend")).to_contain_text(side)


def test_the_gap_is_stated_and_small(notebook: Notebook) -> None:
    gap = notebook.python("why.completeness_gap")
    assert abs(gap) <= 0.01
    expect(notebook.panel(1).locator(".nbt-signed").first).to_contain_text("completeness gap")
    expect(notebook.panel(1).locator(".nbt-signed").nth(1)).to_contain_text("no completeness gap")


def test_pointing_at_a_word_tells_its_numbers(notebook: Notebook) -> None:
    panel = notebook.panel(1)
    panel.locator(".nbt-signed").first.locator(".nbt-signed-word", has_text="joy").hover()
    numbers = [dict(words(notebook, method))["joy"] for method in ("integrated_gradients", "occlusion")]
    readout = panel.locator(".nbt-explain-readout")
    panel.locator(".nbt-signed").first.locator(".nbt-signed-word", has_text="joy").hover()
    expect(readout).to_contain_text("joy")
    for number in numbers:
        sign = "+" if number > 0 else "−"
        assert f"{sign}{abs(number):.2f}"[:4] in readout.inner_text()
    expect(panel.locator("[data-hovered]")).to_have_count(2)


def test_bars_tokens_and_special_tokens(notebook: Notebook) -> None:
    panel = notebook.panel(1)
    panel.get_by_role("button", name="Bars").click()
    heaviest = max(words(notebook, "integrated_gradients"), key=lambda word: abs(word[1]))[0]
    assert heaviest in panel.locator("tbody th").all_inner_texts()[:2]
    panel.get_by_role("button", name="Tokens", exact=True).click()
    panel.get_by_role("button", name="Special tokens").click()
    panel.get_by_role("button", name="As in the text").click()
    names = panel.locator("tbody th").all_inner_texts()
    assert names[0] == "[CLS]" and len(names) == min(25, notebook.python("len(why)"))
    for name in ("Special tokens", "Words", "Text"):
        panel.get_by_role("button", name=name, exact=True).click()
    expect(panel.locator(".nbt-signed")).to_have_count(2)


def test_another_target_is_explained_and_gone_back_from(notebook: Notebook) -> None:
    panel = notebook.panel(1)
    expect(panel.locator(".nbt-explain-why")).to_contain_text("positive")
    panel.locator("select").select_option("negative")
    expect(panel.locator(".nbt-explain-why")).to_contain_text("Why negative?", timeout=60_000)
    first = words(notebook, "integrated_gradients")
    # Two labels are nearly each other's opposite.
    joy = next(word for word in drawn(panel, 0) if word[0] == "joy")
    assert joy[2] == ("against" if dict(first)["joy"] > 0 else "for")
    panel.get_by_role("button", name="← Back").click()
    expect(panel.locator(".nbt-explain-why")).to_contain_text("Why positive?")


def test_methods_are_added_and_left_out(notebook: Notebook) -> None:
    panel = notebook.panel(1)
    methods = panel.get_by_role("group", name="Methods")
    methods.get_by_role("button", name="Input × gradient").click()
    expect(panel.locator(".nbt-signed")).to_have_count(3, timeout=60_000)
    methods.get_by_role("button", name="Occlusion").click()
    expect(panel.locator(".nbt-signed")).to_have_count(2, timeout=60_000)
    titles = panel.locator(".nbt-signed header strong").all_inner_texts()
    assert titles == ["Integrated gradients", "Input × gradient"]


def test_the_tokens_are_written_into_a_file(notebook: Notebook, lab: JupyterServer) -> None:
    panel = notebook.panel(1)
    panel.get_by_role("button", name="Export").click()
    panel.get_by_role("button", name="CSV").click()
    expect(panel.locator(".nbt-export-said")).to_contain_text("explanation.csv", timeout=30_000)
    written = pd.read_csv(lab.root / "explanation.csv", keep_default_na=False)
    assert written["token"].tolist() == notebook.python("why.tokens")
    gradients = notebook.python("why.attributions.tolist()")
    assert written["integrated_gradients"].tolist() == pytest.approx(gradients, abs=1e-6)
