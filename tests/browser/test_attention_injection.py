"""Hostile tokens in the panel of attention, under the strictest policy: none runs, in a view or in a saved picture."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from browser.jupyter import OfflineBrowser
from payloads import PAYLOADS
from playwright.sync_api import Page, Route, expect
from sines import attention, side

from nbtransformers.panels.attention.methods import methods
from nbtransformers.panels.attention.snapshot import attention_snapshot
from nbtransformers.panels.attention.wire import attention_header
from nbtransformers.panels.packing import sendable
from nbtransformers.panels.widget import STATIC

pytestmark = pytest.mark.browser

HOST = "http://127.0.0.1:9"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"
PAGE = f"""<!doctype html><html><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}"><link rel="stylesheet" href="/attention.css"></head>
<body><script type="module" src="/driver.js"></script></body></html>"""
# A model whose kernel is this test's own Python.
DRIVER = """
import panel from "/attention.js";
window.refused = [];
document.addEventListener("securitypolicyviolation", event => window.refused.push(event.violatedDirective));
const asView = text => new DataView(Uint8Array.from(atob(text), letter => letter.charCodeAt(0)).buffer);
window.show = (header, payload) => {
  const traits = { kind: "attention", panel_id: "one", progress: null, error: null, header,
                   payload: asView(payload), selection: [] };
  const listeners = {};
  const tell = (event, ...rest) => (listeners[event] || []).forEach(listener => listener(...rest));
  const model = {
    get: key => traits[key],
    set: (key, value) => { traits[key] = value; tell(`change:${key}`); },
    save_changes: () => {},
    on: (event, listener) => { (listeners[event] ||= []).push(listener); },
    off: () => {},
    send: ({ type, id, method, params }) => {
      if (type === "request") window.ask(method, params).then(({ result, buffer }) =>
        tell("msg:custom", { type: "reply", id, ok: true, result }, [asView(buffer)]));
    },
  };
  panel.initialize({ model });
  panel.render({ model, el: document.body });
};
window.ready = true;
"""
HOSTILE = [payload for payload in PAYLOADS if payload.strip()]
RESULT = attention(side(len(HOSTILE), text=" ".join(HOSTILE), pieces=[sendable(text) for text in HOSTILE]), heads=3)


@pytest.fixture
def page(browser: OfflineBrowser) -> Iterator[tuple[Page, list[str]]]:
    """The panel on a page of its own, and what happened that must not."""
    opened, noted = browser.page(width=1000, height=1000), []
    asking = methods(RESULT)

    def ask(method: str, params: dict[str, Any]) -> dict[str, Any]:
        result, buffers = asking[method](params)
        return {"result": result, "buffer": base64.b64encode(buffers[0]).decode()}

    files = {
        "/": ("text/html", PAGE),
        "/driver.js": ("text/javascript", DRIVER),
        "/attention.js": ("text/javascript", (STATIC / "attention.js").read_text(encoding="utf-8")),
        "/attention.css": ("text/css", (STATIC / "attention.css").read_text(encoding="utf-8")),
    }

    def serve(route: Route) -> None:
        address = route.request.url
        kind, body = files.get(address.removeprefix(HOST), ("", ""))
        if kind:
            route.fulfill(body=body, content_type=f"{kind}; charset=utf-8")
        else:
            noted.append(address)
            route.abort()

    opened.route(re.compile("^http"), serve)
    opened.expose_function("ask", ask)
    opened.on("dialog", lambda dialog: (noted.append(dialog.message), dialog.dismiss()))
    opened.on("popup", lambda popup: noted.append(popup.url))
    opened.goto(f"{HOST}/")
    opened.wait_for_function("() => window.ready")
    header, payload = attention_header(RESULT)
    opened.evaluate(
        "([header, payload]) => window.show(header, payload)",
        json.loads(json.dumps([header, base64.b64encode(payload).decode()])),
    )
    yield opened, noted
    opened.context.close()


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
