"""Hostile texts in panel and snapshot, in a real browser: none runs, and each stays in its place."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from browser.alone import HOST, MODEL, STRICTEST
from browser.jupyter import JupyterServer, OfflineBrowser
from payloads import PAYLOADS, everywhere
from playwright.sync_api import Page, Route, expect

from nbtransformers.panels.classification.snapshot import classification_snapshot
from nbtransformers.panels.classification.wire import classification_header, partial_header
from nbtransformers.panels.packing import sendable
from nbtransformers.panels.widget import STATIC

pytestmark = pytest.mark.browser

# With no policy whatever could run does; with the strictest whatever would have to be stopped is told.
POLICIES = {"none": "", "strict": STRICTEST}
ELEMENTS = {
    *("div", "span", "section", "header", "dl", "dt", "dd", "p", "ul", "li", "bdi", "strong", "button", "input"),
    *("label", "output", "fieldset", "svg", "path", "circle"),
    "code",  # in notes, of what stands between backticks
}
IN_A_SNAPSHOT = {*("style", "div", "p", "strong", "em", "span", "table", "thead", "tbody", "tr", "th", "td")}
PROBLEMS: tuple[Any, ...] = ("single_label", "multi_label", "regression")
DRIVER = f"""
import panel from "/panel.js";
{MODEL}
window.show = (name, header, payload, answers) => {{
  const traits = {{ kind: "classify", panel_id: name, progress: null, error: null, header,
                   payload: asView(payload), selection: [0] }};
  // A moment later, as a kernel does.
  const answer = method => new Promise(done => setTimeout(() => done([answers[method], []])));
  const [model] = modelOf(traits, answer);
  const column = document.createElement("div");
  column.className = "column";
  column.id = name;
  document.body.append(column);
  panel.initialize({{ model }});
  panel.render({{ model, el: column }});
}};
window.ready = true;
"""
PAGE = """<!doctype html><html><head><meta charset="utf-8">{policy}
<link rel="stylesheet" href="/panel.css"><link rel="stylesheet" href="/page.css"></head>
<body><script type="module" src="/driver.js"></script></body></html>"""
STYLE = ".column { width: 700px; margin: 0 0 8px; } .column.narrow { width: 360px; } body { margin: 0; width: 900px; }"


@pytest.fixture(params=sorted(POLICIES))
def page(browser: OfflineBrowser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """An empty page with the real bundle, and a note of every dialog and every address asked for."""
    opened = browser.page(width=900)
    policy = POLICIES[request.param]
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">' if policy else ""
    files = {
        "/": ("text/html", PAGE.format(policy=meta)),
        "/driver.js": ("text/javascript", DRIVER),
        "/panel.js": ("text/javascript", (STATIC / "panel.js").read_text(encoding="utf-8")),
        "/panel.css": ("text/css", (STATIC / "panel.css").read_text(encoding="utf-8")),
        "/page.css": ("text/css", STYLE),
    }
    opened.noted, opened.styled = [], not policy  # type: ignore[attr-defined]

    def serve(route: Route) -> None:
        path = route.request.url.removeprefix(HOST)
        if path in files:
            kind, body = files[path]
            route.fulfill(body=body, content_type=f"{kind}; charset=utf-8")
        else:
            noted(opened).append(route.request.url)
            route.abort()

    opened.route(re.compile(".*"), serve)
    opened.on("dialog", lambda dialog: (noted(opened).append(dialog.message), dialog.dismiss()))
    opened.on("popup", lambda popup: noted(opened).append(popup.url))
    opened.on("framenavigated", lambda frame: frame.url == f"{HOST}/" or noted(opened).append(frame.url))
    opened.goto(f"{HOST}/")
    opened.wait_for_function("() => window.ready")
    yield opened
    opened.context.close()


def noted(page: Page) -> list[str]:
    """What happened that must not."""
    return page.noted  # type: ignore[attr-defined]


def show(page: Page, name: str, text: str, problem: Any = "single_label", partial: bool = False) -> None:
    """A panel in which this text is everywhere; whatever it asks is answered with it too."""
    result = everywhere(text, problem)
    header, payload = partial_header(result, 3) if partial else classification_header(result)
    sent = sendable(text)
    file = {"name": sent, "folder": sent, "rows": 3, "size": sent, "notes": [sent]}
    answers = {"export": {"ok": True, "result": file}, "text": {"ok": False, "error": sent}}
    page.evaluate(
        "([name, header, payload, answers]) => window.show(name, header, payload, answers)",
        # Not by Playwright's own writer, which would mend what is broken.
        json.loads(json.dumps([name, header, base64.b64encode(payload).decode(), answers])),
    )


def touch(page: Page) -> None:
    """In every panel, open the details and a row, and write a file."""
    for wanted in (".nbt-disclose", ".nbt-export-button", ".nbt-export-formats button", "[data-at='0']"):
        page.evaluate(
            """wanted => document.querySelectorAll('.column').forEach(
                column => column.querySelector(wanted)?.click())""",
            wanted,
        )
        page.wait_for_timeout(100)


INSIDE = """name => {
    const column = document.getElementById(name);
    const panel = column.querySelector('.nbt-panel');
    const at = element => element.getBoundingClientRect();
    const [outer, inner] = [at(column), at(panel)];
    // What a part cuts off is not seen: a part counts as far as all around it let it be.
    const seen = element => {
        let { left, right } = at(element);
        for (let around = element.parentElement; around !== panel.parentElement; around = around.parentElement) {
            if (getComputedStyle(around).overflowX !== 'visible') {
                left = Math.max(left, at(around).left);
                right = Math.min(right, at(around).right);
            }
        }
        return { left, right };
    };
    const beyond = [...panel.querySelectorAll('*')].filter(element => {
        const { left, right } = seen(element);
        return right > left && (left < inner.left - 1 || right > inner.right + 1);
    });
    const row = column.querySelector("[data-at='0']");
    const cells = [...(row ? row.querySelectorAll('.nbt-td') : [])].map(cell => Math.round(at(cell).left));
    return {
        fills: [outer.left === inner.left, outer.width === inner.width, column.scrollWidth <= column.clientWidth],
        beyond: beyond.map(element => element.className),
        rows: [...new Set([...column.querySelectorAll('.nbt-rows .nbt-row')].map(row => Math.round(at(row).height)))],
        head: Math.round(at(column.querySelector('.nbt-grid-head')).height),
        ordered: cells.every((left, at) => at === 0 || left > cells[at - 1]),
        elements: [...new Set([...panel.querySelectorAll('*')].map(element => element.localName))],
        attributes: [...new Set([...panel.querySelectorAll('*')].flatMap(e => e.getAttributeNames()))],
    };
}"""


@pytest.mark.slow
@pytest.mark.parametrize("narrow", [False, True], ids=["wide", "narrow"])
def test_a_hostile_text_in_a_panel_runs_nothing_and_stays_in_its_place(page: Page, narrow: bool) -> None:
    texts = ["harmless", *PAYLOADS]
    for number, text in enumerate(texts):
        show(page, f"panel-{number}", text, PROBLEMS[number % 3], partial=number % 4 == 3)
    if narrow:
        page.evaluate("() => document.querySelectorAll('.column').forEach(column => column.classList.add('narrow'))")
        page.wait_for_timeout(100)
    touch(page)
    wrong: dict[str, Any] = {}
    for number, text in enumerate(texts):
        found = page.evaluate(INSIDE, f"panel-{number}")
        foreign = set(found["elements"]) - ELEMENTS
        active = [name for name in found["attributes"] if name.startswith("on") or name in {"href", "src", "srcdoc"}]
        place = (found["fills"], found["beyond"], found["rows"], found["head"])
        # In a narrow panel a row is two lines, with its label and its score side by side.
        in_place = place == ([True] * 3, [], [58 if narrow else 34], 32) and (found["ordered"] or narrow)
        if foreign or active or not in_place:
            wrong[text[:60]] = (place, foreign, active)
    assert wrong == {}
    assert noted(page) == []
    assert page.evaluate("() => window.refused") == []


def test_a_hostile_text_in_a_snapshot_runs_nothing_and_stays_in_its_place(page: Page) -> None:
    wrong: dict[str, Any] = {}
    for text in ["harmless", *PAYLOADS]:
        html = classification_snapshot("p", everywhere(text))
        width, inner, after, elements = page.evaluate(
            """html => {
                const column = document.createElement('div');
                column.className = 'column';
                column.innerHTML = html;
                const after = document.createElement('p');
                after.textContent = 'after it';
                document.body.append(column, after);
                const found = [column.clientWidth, column.scrollWidth, after.getBoundingClientRect().left,
                               [...new Set([...column.querySelectorAll('*')].map(element => element.localName))]];
                column.remove();
                after.remove();
                return found;
            }""",
            html,
        )
        foreign = set(elements) - IN_A_SNAPSHOT
        # The strictest policy takes its styles from it, and with them its place.
        if foreign or after != 0 or (inner > width and page.styled):  # type: ignore[attr-defined]
            wrong[text[:60]] = (width, inner, after, foreign)
    page.wait_for_timeout(200)
    assert wrong == {}
    assert noted(page) == []


FORMULA = r"""%classify ["$\\href{javascript:alert(1)}{x}$ $$\\frac{1}{2}$$", "plain"] --labels a,b"""


def test_a_notebook_makes_no_formula_of_a_text(browser: OfflineBrowser, lab: JupyterServer) -> None:
    lab.write("formula.ipynb", ["%load_ext nbtransformers", FORMULA])
    page = browser.page()
    notebook = lab.open(page, "formula.ipynb")
    notebook.run_all()
    expect(notebook.panel(1)).to_contain_text("frac{1}{2}")
    page.wait_for_timeout(500)
    outputs = notebook.cell(1).locator(".jp-OutputArea")
    assert "$$\\frac{1}{2}$$" in (outputs.locator(".nbt-snapshot").text_content() or "")
    assert outputs.locator("mjx-container, .MathJax").count() == 0
    page.context.close()
