"""The panel of answers in a real JupyterLab: what is marked on the screen is what Python found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from browser.jupyter import JupyterServer, Notebook, OfflineBrowser
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

TESTS = Path(__file__).parent.parent
SETUP = f"""%load_ext nbtransformers
import sys
sys.path.insert(0, {str(TESTS)!r})
import helpers, torch
import nbtransformers as nbt
from transformers import BertForQuestionAnswering
torch.manual_seed(3)
own = BertForQuestionAnswering(helpers.bert_config(("start", "end"))).eval()
tokenizer = helpers.tokenizer()
evil = "<img src=x onerror=alert(1)><b>film</b>"
contexts = ["a joy from start to end", "ولد في لندن عام 1815", "艾达 出生 在 伦敦 。", f"dull {{evil}} good", ""]
contexts.append("too long " * 60)
questions = ["who scored twice?", "أين؟", "哪里？", evil, "what?", "how long?"]"""
ONE = """%%answer --model own --tokenizer tokenizer --top-k 3 --out one
question: who scored twice?
a joy 👩‍👩‍👧 from start to end, and the striker scored twice."""
FEW = "few = nbt.answer(questions, contexts, model=own, tokenizer=tokenizer, top_k=2, no_answer=True)\nfew"
MANY = """asked = [f"who scored {row}?" for row in range(3_000)]
many = nbt.answer(asked, "the striker scored twice. " * 2000, model=own, tokenizer=tokenizer, long="truncate")
many"""
ONE_AT, FEW_AT, MANY_AT, PYTHON = range(1, 5)


@pytest.fixture(scope="module")
def notebook(browser: OfflineBrowser, lab: JupyterServer) -> Any:
    page = browser.page(height=1400)
    lab.write("answer.ipynb", [SETUP, ONE, FEW, MANY, "0"])
    notebook = lab.open(page, "answer.ipynb")
    notebook.run_all()
    yield notebook
    page.context.close()


def python(notebook: Notebook, expression: str) -> Any:
    """What Python says, through the notebook's last cell."""
    return json.loads(notebook.run_code(PYTHON, f"import json; print(json.dumps({expression}))"))


def marked(place: Any, rank: int) -> str:
    """What is marked as one of the answers."""
    return place.locator(f".nbt-context mark[data-of~='{rank}']").evaluate_all(
        "all => all.map(mark => mark.textContent).join('')"
    )


def test_one_question_is_shown_in_full(notebook: Notebook) -> None:
    panel = notebook.panel(ONE_AT)
    told = python(notebook, "[[found.answer, found.score] for found in one.of(0)]")
    expect(panel.locator(".nbt-question")).to_have_text("who scored twice?")
    expect(panel.locator(".nbt-answer")).to_have_text(told[0][0])
    for rank, (answer, score) in enumerate(told):
        assert marked(panel, rank) == answer
        expect(panel.locator(".nbt-labels li").nth(rank)).to_contain_text(f"{score:.3f}")
    assert panel.locator(".nbt-context").text_content() == python(notebook, "one.contexts[0]")
    expect(panel.locator(".nbt-labels li").last).to_contain_text(f"{python(notebook, 'float(one.no_answer[0])'):.3f}")
    expect(notebook.cell(ONE_AT).locator(".nbt-snapshot")).to_be_hidden()


def test_every_row_shows_its_best_answer_or_why_it_has_none(notebook: Notebook) -> None:
    panel = notebook.panel(FEW_AT)
    answers, reasons = python(notebook, "[few.answers, {row: why for row, why in few.reasons.items()}]")
    for row, answer in enumerate(answers):
        cell = panel.locator(f"[data-at='{row}'] .nbt-col-label")
        expect(cell).to_have_text(reasons.get(str(row)) or answer or "no answer")
    assert panel.locator("img, b").count() == 0


@pytest.mark.parametrize("row", [0, 1, 2, 3, 5])
def test_an_opened_row_marks_its_answers_in_its_own_direction(notebook: Notebook, row: int) -> None:
    panel = notebook.panel(FEW_AT)
    panel.locator(f"[data-at='{row}'] .nbt-col-text").click()
    detail = panel.locator(".nbt-detail")
    for rank, answer in enumerate(python(notebook, f"[found.answer for found in few.of({row})]")):
        assert marked(detail, rank) == (answer or "")
    assert detail.locator(".nbt-context").text_content() == python(notebook, f"few.contexts[{row}]")
    direction = detail.locator(".nbt-context").evaluate("element => getComputedStyle(element).direction")
    assert direction == ("rtl" if row == 1 else "ltr")
    panel.locator(f"[data-at='{row}'] .nbt-col-text").click()


def test_many_rows_are_sorted_by_python_and_a_long_context_is_fetched_in_part(notebook: Notebook) -> None:
    panel = notebook.panel(MANY_AT)
    panel.get_by_role("columnheader", name="Score").get_by_role("button").click()
    ordered = "many.to_pandas().sort_values('score', ascending=False, kind='stable')"
    best = python(notebook, f"{ordered}.head(1)[['row', 'answer']].values.tolist()")
    first = panel.locator("[data-at='0']")
    expect(first.locator(".nbt-col-index")).to_have_text(str(best[0][0]))
    expect(first.locator(".nbt-col-label")).to_have_text(best[0][1])
    first.locator(".nbt-col-text").click()
    context = panel.locator(".nbt-context")
    expect(context).to_contain_text("more characters")
    # What came with the row is shown at once, and the rest when Python has answered.
    notebook.page.wait_for_function("element => element.textContent.length > 19000", arg=context.element_handle())
    assert len(context.text_content()) < 21_000
    assert marked(panel.locator(".nbt-detail"), 0) == best[0][1]


def test_nothing_went_wrong_in_the_page(browser: OfflineBrowser, notebook: Notebook) -> None:
    assert browser.errors(notebook.page) == []
