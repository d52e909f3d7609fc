"""Hostile texts as what a model reads and writes, in panel and snapshot: none runs, and each stays in its place."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from browser.test_injection import ELEMENTS, IN_A_SNAPSHOT, noted
from browser.test_injection import page as page  # the fixture
from generated import generation
from helpers import RUN
from payloads import PAYLOADS
from playwright.sync_api import Page

from nbtransformers.panels.generation.methods import methods
from nbtransformers.panels.generation.snapshot import generation_snapshot
from nbtransformers.panels.generation.wire import generation_header, partial_header
from nbtransformers.results.generation import Generation

pytestmark = pytest.mark.browser

SHOW = """async ([name, header, payload, alternatives]) => {
    const panel = (await import("/panel.js")).default;
    const view = new DataView(Uint8Array.from(atob(payload), letter => letter.charCodeAt(0)).buffer);
    const traits = { kind: "generate", panel_id: name, progress: null, error: null, header, payload: view,
                     selection: [] };
    const listeners = {};
    const reply = id => ({ type: "reply", id, ok: true, result: alternatives });
    const model = {
        get: key => traits[key],
        set: () => {},
        save_changes: () => {},
        on: (event, listener) => { (listeners[event] ||= []).push(listener); },
        off: () => {},
        send: ({ type, id }) => {
            if (type === "request") setTimeout(() => listeners["msg:custom"].forEach(tell => tell(reply(id), [])));
        },
    };
    const column = document.createElement("div");
    column.className = "column";
    column.id = name;
    document.body.append(column);
    panel.initialize({ model });
    panel.render({ model, el: column });
}"""
FOUND = """name => {
    const column = document.getElementById(name);
    const parts = [...column.querySelectorAll(".nbt-panel *")];
    const inner = column.querySelector(".nbt-panel").getBoundingClientRect();
    return {
        elements: [...new Set(parts.map(part => part.localName))],
        attributes: [...new Set(parts.flatMap(part => part.getAttributeNames()))],
        fits: column.scrollWidth <= column.clientWidth && inner.width <= column.getBoundingClientRect().width,
        written: column.querySelector(".nbt-written")?.textContent,
    };
}"""


def everywhere(text: str, rows: int) -> Generation:
    """Generated texts that have this text wherever there is text."""
    half = max(1, len(text) // 2)
    written = [(text[:half], 0.4), (text[half:], 0.9), ("", 0.5)]
    return generation(
        [text] * rows,
        [written] * rows,
        index=[text] * rows,
        notes=[text],
        run=replace(RUN, model=text, device=text),
    )


@pytest.mark.slow
@pytest.mark.parametrize("rows", [1, 3])
def test_a_hostile_text_in_a_panel_runs_nothing_and_stays_in_its_place(page: Page, rows: int) -> None:
    wrong: dict[str, Any] = {}
    for number, text in enumerate(PAYLOADS):
        result, name = everywhere(text, rows), f"panel-{number}"
        header, payload = partial_header(result, rows) if number % 4 == 3 else generation_header(result)
        alternatives, _ = methods(result)["alternatives"]({"position": 0, "token": 0})
        sent = [name, header, base64.b64encode(payload).decode(), alternatives]
        page.evaluate(SHOW, json.loads(json.dumps(sent)))
        for wanted in (".nbt-disclose", "[data-at='0']", "[data-n='0']"):
            page.evaluate(
                "([name, wanted]) => document.getElementById(name).querySelector(wanted)?.click()", [name, wanted]
            )
            page.wait_for_timeout(20)
        found = page.evaluate(FOUND, name)
        page.evaluate("name => document.getElementById(name).remove()", name)
        foreign = set(found["elements"]) - ELEMENTS - {"h4"}
        active = [name for name in found["attributes"] if name.startswith("on") or name in {"href", "src", "srcdoc"}]
        if foreign or active or not found["fits"]:
            wrong[text[:60]] = (foreign, active, found["fits"])
    assert wrong == {}
    assert noted(page) == []
    assert page.evaluate("() => window.refused") == []


def test_a_hostile_text_in_a_snapshot_runs_nothing(page: Page) -> None:
    wrong: dict[str, Any] = {}
    for text in PAYLOADS:
        elements = page.evaluate(
            """html => {
                const column = document.createElement('div');
                column.innerHTML = html;
                document.body.append(column);
                const found = [...new Set([...column.querySelectorAll('*')].map(element => element.localName))];
                column.remove();
                return found;
            }""",
            generation_snapshot("p", everywhere(text, 2)),
        )
        if set(elements) - IN_A_SNAPSHOT:
            wrong[text[:60]] = elements
    assert wrong == {}
    assert noted(page) == []
