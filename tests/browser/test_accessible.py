"""Every kind of panel for those who see little, or use no mouse: what axe finds, and what the keyboard reaches.

Each kind is in one notebook of a real JupyterLab, at each of its views, in a light and in a dark theme, and as the
snapshot that is left of it; the states that a notebook does not come to at will are on a page of their own.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import everykind
import pytest
from browser.jupyter import JupyterServer, Notebook, OfflineBrowser
from playwright.sync_api import Page, expect

from nbtransformers.panels import kinds

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TESTS = Path(__file__).parent.parent
AXE = TESTS.parent / "js" / "node_modules" / "axe-core" / "axe.min.js"
SETUP = f"""%load_ext nbtransformers
import sys
sys.path.insert(0, {str(TESTS)!r})
import torch
torch.set_num_threads(1)
import everykind
import nbtransformers as nbt"""
NAMES = sorted(kind.__name__ for kind in kinds._KINDS)  # pyright: ignore[reportPrivateUsage]
MADE = [name for name in NAMES if name in {kind.__name__ for kind in everykind.EXAMPLES}]
CELLS = [SETUP, *(f"nbt.show(everykind.example({name!r}))" for name in MADE)]
WAIT_MS = 60_000

# What is wrong in an element, by all rules that are of WCAG or of good practice, but for what axe calls minor.
LOOK = """async ([where, only]) => {
    const { violations } = await axe.run(where, {
        runOnly: only ?? { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] },
        resultTypes: ["violations"],
    });
    const told = ({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary.split("\\n")[1]}`;
    return violations.filter(({ impact }) => impact !== "minor").map(({ id, impact, nodes }) => {
        const differing = Object.groupBy(nodes, ({ html }) => html.replace(/>.*|"[^"]*[0-9][^"]*"/gs, ""));
        const first = Object.values(differing).map(([one]) => told(one));
        return `${impact}: ${id}, ${nodes.length} times: ${first.join(" | ")}`;
    });
}"""
COLOURS = {"type": "rule", "values": ["color-contrast"]}
# Panels that stand below one another share names and order: that is good practice within each of them alone.
WCAG = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}


def look(page: Page, where: Any, only: Any = None) -> list[str]:
    """What axe finds wrong, by its own word for where; it never comes near a bundle that is shipped."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    return page.evaluate(LOOK, [where, only])


def states(panel: Any) -> Iterator[str]:
    """Bring a panel into each state that a reader can bring it into, one after the other, and tell which it is in."""
    yield "as it comes"
    for name in ("Details", "Export"):
        for button in panel.get_by_role("button", name=name, exact=True, expanded=False).all():
            button.click()
    folded = panel.locator("details:not([open]) > summary:visible")
    while folded.count():
        folded.first.click()
    yield "unfolded"
    views = panel.locator("nav fieldset").first.locator("button")
    for number in range(max(1, views.count())):
        if views.count():
            views.nth(number).click()
            settle(panel)
            yield views.nth(number).inner_text()
        yield from opened(panel)


def opened(panel: Any) -> Iterator[str]:
    """A row in full, the card of a token, the alternatives of one, a question that a button asks."""
    if (row := panel.locator("[data-at='0']:not(.nbt-row-open)")).count():
        row.click()
        settle(panel)
        yield "a row"
    if (text := panel.locator(".nbt-flow, .nbt-written")).count():
        text.first.focus()
        for key in ("ArrowRight", "Enter"):
            text.first.press(key)
        expect(panel.locator(".nbt-card").first).to_be_visible()
        settle(panel)
        yield "a card"
        text.first.press("Escape")
    for name in ("Delete…", "Model…"):
        if (button := panel.get_by_text(name, exact=True)).count():
            button.first.click()
            settle(panel)
            yield name


def settle(panel: Any) -> None:
    """Wait until nothing is asked any more."""
    expect(panel.locator(".nbt-wait .nbt-spinner, [aria-busy=true]")).to_have_count(0, timeout=WAIT_MS)
    panel.page.wait_for_timeout(100)


@pytest.fixture(scope="module")
def notebook(notebook: Notebook) -> Notebook:
    """All kinds, each in a cell of its own, and all of them drawn."""
    for number in range(1, len(CELLS)):
        expect(notebook.panel(number).first).to_be_visible(timeout=WAIT_MS)
    return notebook


def panel_of(notebook: Notebook, name: str) -> Any:
    if name not in MADE:
        pytest.fail(f"{name} is a kind of panel without an example: add one to tests/everykind.py")
    panel = notebook.panel(1 + MADE.index(name)).first
    panel.scroll_into_view_if_needed()
    return panel


@pytest.fixture(scope="module", params=["Light", "Dark"])
def themed(notebook: Notebook, request: pytest.FixtureRequest) -> Notebook:
    change_theme(notebook, request.param)
    return notebook


def change_theme(notebook: Notebook, name: str) -> None:
    notebook.page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", f"JupyterLab {name}"
    )
    expect(notebook.page.locator(f".nbt-live:not([data-theme='{name.lower()}'])")).to_have_count(0)
    notebook.page.wait_for_timeout(600)


@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing(themed: Notebook, name: str) -> None:
    panel = panel_of(themed, name)
    is_light = panel.get_attribute("data-theme") == "light"
    # Of all the rules that of colours alone depends on the theme.
    only = None if is_light else COLOURS
    found = [f"{state}: {one}" for state in states(panel) for one in look(themed.page, panel.element_handle(), only)]
    assert not found, "\n".join(found)


def test_axe_finds_nothing_in_any_snapshot(
    notebook: Notebook, lab: JupyterServer, browser: OfflineBrowser, tmp_path: Path
) -> None:
    """What is left of all panels where no kernel is."""
    notebook.save()
    notebook.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    shutil.copy(notebook.path, lab.root / "left.ipynb")
    page = browser.page(height=1400)
    left = lab.open(page, "left.ipynb")
    expect(page.locator(".nbt-snapshot:visible")).to_have_count(len(MADE))
    for theme, only in (("Light", None), ("Dark", COLOURS)):
        change_theme(left, theme)
        assert not (found := look(page, {"include": [[".nbt-snapshot"]]}, only)), "\n".join(found)
    page.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state(browser: OfflineBrowser, every_state: str, theme: str) -> None:
    """Errors, waiting, empty results, work that goes on: on a page of its own."""
    page = browser.page(height=1400)
    page.goto(f"{every_state}?theme={theme}")
    expect(page.locator(".nbt-strip-error").first).to_be_visible()
    assert not (found := look(page, {"include": [[".nbt-live"]]}, WCAG)), "\n".join(found)
    page.context.close()


# Every element that the Tab key should stop at.
STOPS = """panel => {
    const all = panel.querySelectorAll("button, input, select, textarea, summary, a[href], [tabindex]");
    window.stops = [...all].filter(one => one.tabIndex >= 0 && !one.disabled && one.checkVisibility());
    window.walked = panel;
    window.stops[0]?.focus();
    return window.stops.map(one => one.outerHTML.slice(0, 160));
}"""
# Which of them has the focus: -1 for another element of the panel, null outside; and whether one sees it.
FOCUSED = """() => {
    const here = document.activeElement;
    const style = one => getComputedStyle(one);
    const ring = one => one && style(one).outlineStyle !== "none" && parseFloat(style(one).outlineWidth) > 0;
    return {
        at: window.walked.contains(here) ? window.stops.indexOf(here) : null,
        seen: here.matches(":focus-visible") && (ring(here) || ring(here.closest(".nbt-search"))),
    };
}"""
# What looks as if it could be pressed, and has nothing to focus. A long text from afar scrolls what has keys itself.
POINTED = """panel => [...panel.querySelectorAll("*")].filter(one =>
    ["pointer", "crosshair", "grab"].includes(getComputedStyle(one).cursor)
    && !one.closest("button, input, select, textarea, summary, label, a[href], [tabindex], [disabled], .nbt-lines-afar")
).map(one => one.outerHTML.slice(0, 160))"""
LEADS = """listed => {
    const name = listed.getAttribute("aria-activedescendant");
    return !!name && !!listed.querySelector(`[id="${name}"][role=option]`);
}"""
SAID = "panel => [...panel.querySelectorAll('[aria-live], [role=status], output')].map(one => one.textContent).join()"


def walk(page: Page, panel: Any) -> list[str]:
    """Go through a panel by the Tab key; what is wrong with that."""
    wrong = [f"only a pointer reaches it: {one}" for one in panel.evaluate(POINTED)]
    stops = panel.evaluate(STOPS)
    # On and back, so that the first has its focus by a key too, for a ring is not drawn for a pointer's.
    for key in ("Tab", "Shift+Tab") if len(stops) > 1 else ():
        page.keyboard.press(key)
    reached: set[int] = set()
    for _ in range(2 * len(stops) + 10):
        focused = page.evaluate(FOCUSED)
        if focused["at"] is None:
            break
        if focused["at"] >= 0:
            reached.add(focused["at"])
            if not focused["seen"]:
                wrong.append(f"its focus is not seen: {stops[focused['at']]}")
        page.keyboard.press("Tab")
    else:
        wrong.append("the Tab key does not lead out of it")
    return wrong + [f"the Tab key passes it: {one}" for at, one in enumerate(stops) if at not in reached]


def comes_true(page: Page, told: Callable[[], bool]) -> bool:
    """Whether something is true soon."""
    for _ in range(40):
        if told():
            return True
        page.wait_for_timeout(50)
    return False


def tell(page: Page, panel: Any) -> list[str]:
    """Have every picture walked through by its keys; which of them say nothing then."""
    silent: list[str] = []
    page.mouse.move(0, 0)  # where a page scrolls below it, it points at something else
    for picture in panel.locator("[role=application]:visible").all():
        before = panel.evaluate(SAID)
        picture.focus()
        for key in ("ArrowRight", "ArrowDown", "ArrowRight"):
            page.keyboard.press(key)
        if not comes_true(page, lambda before=before: panel.evaluate(SAID) != before):
            silent.append(f"its keys say nothing: {picture.get_attribute('aria-label')}")
        page.keyboard.press("Escape")
        page.wait_for_timeout(100)
    for listed in panel.locator("[role=listbox]:visible").all():
        listed.focus()
        page.keyboard.press("End")
        if not comes_true(page, lambda listed=listed: listed.evaluate(LEADS)):
            silent.append(f"its keys lead nowhere: {listed.get_attribute('aria-label')}")
    return silent


@pytest.mark.parametrize("name", NAMES)
def test_the_keyboard_reaches_all(notebook: Notebook, name: str) -> None:
    page, panel = notebook.page, panel_of(notebook, name)
    found = [f"{state}: {one}" for state in states(panel) for one in walk(page, panel) + tell(page, panel)]
    assert not found, "\n".join(found)


def test_nothing_moves_for_those_who_want_it_still(browser: OfflineBrowser, every_state: str) -> None:
    page = browser.page(reduced_motion="reduce")
    moves = {"loading": ".nbt-bar-moving", "generated_running": ".nbt-caret"}
    for case, moving in moves.items():
        page.goto(f"{every_state}?case={case}")
        expect(page.locator(moving).first).to_be_visible()
        assert page.evaluate("() => document.getAnimations().map(one => one.effect.target.outerHTML)") == []
    page.context.close()


def test_what_is_chosen_is_told_without_colours_of_our_own(browser: OfflineBrowser, every_state: str) -> None:
    page = browser.page(forced_colors="active")
    page.goto(f"{every_state}?case=similarity")
    chosen, other = (page.locator(f".nbt-segment[aria-pressed={pressed}]").first for pressed in ("true", "false"))
    line = "one => getComputedStyle(one).borderBottom"
    assert chosen.evaluate(line) != other.evaluate(line)
    page.context.close()
