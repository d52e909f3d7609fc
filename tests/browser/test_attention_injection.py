"""Hostile tokens in the panel of attention, under the strictest policy: none runs, in a view or in a saved picture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from browser.alone import alone
from browser.jupyter import OfflineBrowser
from payloads import PAYLOADS
from playwright.sync_api import Page, expect
from sines import attention, side

from nbtransformers.panels.attention.methods import methods
from nbtransformers.panels.attention.snapshot import attention_snapshot
from nbtransformers.panels.attention.wire import attention_header
from nbtransformers.panels.packing import sendable

pytestmark = pytest.mark.browser

HOSTILE = [payload for payload in PAYLOADS if payload.strip()]
RESULT = attention(side(len(HOSTILE), text=" ".join(HOSTILE), pieces=[sendable(text) for text in HOSTILE]), heads=3)


@pytest.fixture
def page(browser: OfflineBrowser) -> Iterator[tuple[Page, list[str]]]:
    """The panel on a page of its own, and what happened that must not."""
    with alone(browser, "attention", attention_header(RESULT), methods(RESULT)) as (opened, noted):
        yield opened, noted


def test_tokens_stay_texts_in_every_view(page: tuple[Page, list[str]], tmp_path: Path) -> None:
    opened, noted = page
    views = opened.locator("nav [aria-label='View'] button")
    for view in views.all_inner_texts():
        views.filter(has_text=re.compile(f"^{view}$")).click()
        opened.wait_for_timeout(150)
    views.filter(has_text="Lines").click()
    options = opened.get_by_role("listbox", name="Query tokens").get_by_role("option")
    for number in range(0, len(HOSTILE) - 1, 20):
        opened.get_by_role("listbox", name="Query tokens").evaluate(
            "(list, top) => { list.scrollTop = top; }", 22 * number
        )
        expect(options.first).to_have_id(re.compile(f"-{max(0, min(number, len(HOSTILE) - 22))}$"))
        options.nth(5).hover()
        opened.wait_for_timeout(120)
        with opened.expect_download() as download:
            opened.get_by_role("button", name="Save SVG").click()
        saved = tmp_path / f"{number}.svg"
        download.value.save_as(saved)
        tags = {element.tag.rpartition("}")[2] for element in ElementTree.parse(saved).iter()}
        assert tags <= {"svg", "title", "rect", "text", "circle", "path"}
    views.filter(has_text="Steps").click()
    for _ in range(4):
        opened.get_by_role("button", name="Previous query token").click()
        opened.wait_for_timeout(120)
    assert opened.locator(":is(script, img, iframe, a, b, style, object, form, base, embed, video)").count() == 1
    assert noted == []
    assert opened.evaluate("() => window.refused") == []


def test_tokens_stay_texts_in_the_snapshot(page: tuple[Page, list[str]]) -> None:
    opened, noted = page
    opened.evaluate("html => { document.body.innerHTML = html; }", attention_snapshot("one", RESULT))
    opened.wait_for_timeout(300)
    assert opened.locator(":is(script, iframe, a, object, form, base, embed, video, [onload], [onerror])").count() == 0
    assert noted == []
