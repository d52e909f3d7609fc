"""A tokenization on a narrow page, in a real JupyterLab: what stands above what, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser.jupyter import JupyterServer, OfflineBrowser

pytestmark = pytest.mark.browser

TESTS = Path(__file__).parent.parent
SETUP = f"""%load_ext nbtransformers
import sys
sys.path.insert(0, {str(TESTS)!r})
import helpers
import nbtransformers as nbt
a = b = c = d = helpers.tokenizer()"""
TEXTS = "%%tokenize -m a -m b -m c -m d\nיולד כל בני אדם  two  spaces\ttab\nplain text"

# Where each head and the counts below it begin, and how wide the text is.
PLACES = """panel => {
    const left = (selector) => panel.querySelector(selector).getBoundingClientRect().left;
    const starts = [0, 1, 2, 3].map(n => [
        left(`.nbt-th.nbt-col-tokens${n} .nbt-th-name`), left(`.nbt-rows .nbt-col-tokens${n} .nbt-number`)]);
    return { starts, text: panel.querySelector('.nbt-rows .nbt-col-text').getBoundingClientRect().width };
}"""
# The words of the line in the table and of the opened row, from the left.
ORDER = """([panel, words]) => {
    const left = (root, word) => {
        const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        const nodes = [], range = document.createRange();
        for (let node; (node = walker.nextNode()); ) nodes.push(node);
        let at = nodes.map(node => node.data).join('').indexOf(word);
        const node = nodes.find(node => at < node.length || (at -= node.length, false));
        range.setStart(node, at);
        range.setEnd(node, at + 1);
        return range.getBoundingClientRect().left;
    };
    const sorted = root => [...words].sort((a, b) => left(root, a) - left(root, b));
    return [sorted(panel.querySelector("[data-at='0'] .nbt-text")), sorted(panel.querySelector('.nbt-block'))];
}"""


@pytest.fixture(scope="module", params=[560, 800])
def panel(request: pytest.FixtureRequest, lab: JupyterServer, browser: OfflineBrowser) -> Iterator[Any]:
    page = browser.page(width=request.param)
    lab.write("narrow.ipynb", [SETUP, TEXTS])
    notebook = lab.open(page, "narrow.ipynb")
    notebook.run_all()
    panel = notebook.panel(1)
    panel.locator("[data-at='0'] .nbt-col-text").click()
    panel.locator(".nbt-block").first.wait_for()
    yield panel
    page.context.close()


def test_heads_stand_over_their_counts_and_the_text_has_room(panel: Any) -> None:
    places = panel.evaluate(PLACES)
    assert all(abs(head - count) < 3 for head, count in places["starts"]), places
    assert places["text"] > 200


def test_a_right_to_left_text_has_one_order(panel: Any) -> None:
    handle = panel.element_handle()
    line, opened = panel.page.evaluate(ORDER, [handle, ["two", "spaces", "tab", "אדם", "יולד"]])
    assert line == opened == ["two", "spaces", "tab", "אדם", "יולד"]
