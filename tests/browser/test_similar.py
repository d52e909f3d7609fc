"""The panels of similarities and embeddings in a real JupyterLab: what they show, and what is selected in them, is what
Python has."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from browser.jupyter import JupyterServer, Notebook, OfflineBrowser
from payloads import MARKUP
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

SETUP = f"""%load_ext nbtransformers
import sys
sys.path.insert(0, {str(Path(__file__).parent.parent)!r})
import nbtransformers as nbt
from vectors import embeddings, near_topics, similarity, topical"""
FEW = "few = similarity(embeddings([*topical(12), None]))\nnbt.show(few)"
MAPPED = "mapped = embeddings(topical(400), index=[f'r{row}' for row in range(400)])\nnbt.show(mapped)"
LARGE = "large = similarity(embeddings(topical(3_000)))\nnbt.show(large)"
CROSS = """from payloads import MARKUP
cross = similarity(embeddings(MARKUP[:24]), embeddings([*MARKUP[:2], 'two', 'three'], near_topics(4, seed=3)))
nbt.show(cross)"""
ASKED = """%%similar --query "a happy film" --out asked
A joy from start to end.
Dull, and far too long.
The parliament passed the budget.

She laughed all evening."""
SETUP_AT, FEW_AT, MAPPED_AT, LARGE_AT, CROSS_AT, ASKED_AT, PYTHON = range(7)


@pytest.fixture(scope="module")
def notebook(browser: OfflineBrowser, lab: JupyterServer) -> Any:
    page = browser.page(height=1400)
    lab.write("similar.ipynb", [SETUP, FEW, MAPPED, LARGE, CROSS, ASKED, "0"])
    notebook = lab.open(page, "similar.ipynb")
    notebook.run_all()
    yield notebook
    assert browser.errors(page) == []
    page.context.close()


def python(notebook: Notebook, expression: str) -> Any:
    """What Python says, through the notebook's last cell."""
    return json.loads(notebook.run_code(PYTHON, f"import json; print(json.dumps({expression}))"))


def look_at(notebook: Notebook, number: int, view: str) -> Any:
    """A panel, at one of its views."""
    panel = notebook.panel(number)
    panel.locator("nav").get_by_role("button", name=view, exact=True).click()
    panel.scroll_into_view_if_needed()
    return panel


def frame(plane: Any, cells: int, left: float = 180, top: float = 90) -> tuple[float, float, float]:
    """Where the matrix begins in its canvas, and the side of a cell, in pixels."""
    box = plane.bounding_box()
    return left, top, (box["height"] - top) / cells


def readout(panel: Any) -> tuple[float, list[str]]:
    """The value that is shown, and the texts."""
    value = panel.locator(".nbt-readout .nbt-value-big").inner_text()
    return float(value.replace("–", "nan").replace("−", "-")), panel.locator(
        ".nbt-readout .nbt-pair p > span"
    ).all_inner_texts()


def test_exactly_one_of_snapshot_and_panel_shows(notebook: Notebook) -> None:
    for number in (FEW_AT, MAPPED_AT):
        expect(notebook.panel(number)).to_be_visible()
        expect(notebook.cell(number).locator(".nbt-snapshot")).to_be_hidden()


@pytest.mark.parametrize("order", ["Input order", "By cluster"])
def test_a_cell_that_is_pointed_at_shows_its_pair(notebook: Notebook, order: str) -> None:
    order_of = "range(13)" if order == "Input order" else "few.order.tolist()"
    places = [(0, 0), (3, 9), (11, 2), (12, 12)]
    told = python(
        notebook,
        f"[(f'{{few.matrix[a, b]:.4f}}', few.texts[a], few.texts[b]) for order in [list({order_of})]"
        f" for a, b in [(order[row], order[column]) for row, column in {places}]]",
    )
    panel = look_at(notebook, FEW_AT, "Matrix")
    panel.get_by_role("button", name=order, exact=True).click()
    plane = panel.get_by_role("application")
    left, top, side = frame(plane, 13)
    for (row, column), (value, *texts) in zip(places, told, strict=True):
        plane.hover(position={"x": left + (column + 0.5) * side, "y": top + (row + 0.5) * side})
        shown = "–" if value == "nan" else value.replace("-", "−")
        expect(panel.locator(".nbt-readout .nbt-value-big")).to_have_text(shown)
        assert readout(panel)[1] == [text or "no text" for text in texts]


def test_keys_walk_through_the_matrix_and_enter_keeps_a_pair(notebook: Notebook) -> None:
    panel = look_at(notebook, FEW_AT, "Matrix")
    panel.get_by_role("button", name="Input order", exact=True).click()
    panel.get_by_role("application").focus()
    notebook.page.mouse.move(0, 0)
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "Enter"):
        notebook.page.keyboard.press(key)
    kept, _ = readout(panel)
    plane = panel.get_by_role("application")
    left, top, side = frame(plane, 13)
    plane.hover(position={"x": left + side / 2, "y": top + side / 2})
    assert readout(panel)[0] == kept
    assert kept == pytest.approx(python(notebook, "float(few.matrix[3, 2])"), abs=6e-5)
    panel.get_by_role("button", name="Nearest to the second").click()
    near = panel.locator(".nbt-near li")
    expect(near.first).to_be_visible()
    assert near.count() == 11
    texts = near.locator(".nbt-pair p > span").all_inner_texts()
    assert texts == python(notebook, "[few.texts[row] for row in few.positions_of(2, 20)[0].tolist()]")


def test_a_tile_that_is_zoomed_into_holds_single_pairs(notebook: Notebook) -> None:
    panel = look_at(notebook, LARGE_AT, "Matrix")
    plane = panel.get_by_role("application")
    plane.hover(position={"x": 200, "y": 200})
    expect(panel.locator(".nbt-readout")).to_contain_text("the mean of 64 pairs")
    panel.get_by_role("button", name="By cluster", exact=True).click()
    for _ in range(14):
        panel.get_by_role("button", name="Zoom in").click()
    plane.hover(position={"x": 300, "y": 300})
    names = panel.locator(".nbt-readout .nbt-pair bdi")
    expect(names).to_have_count(2)
    row, column = names.all_inner_texts()
    value, texts = readout(panel)
    assert f"{value:.4f}" == python(notebook, f"f'{{large.matrix[{row}, {column}]:.4f}}'")
    assert texts == python(notebook, f"[large.texts[{row}], large.texts[{column}]]")
    notebook.page.keyboard.press("Escape")


def test_the_pairs_are_those_of_python(notebook: Notebook) -> None:
    panel = look_at(notebook, LARGE_AT, "Pairs")
    items = panel.locator(".nbt-near li")
    expect(items).to_have_count(100, timeout=30_000)
    first = python(notebook, "large.pairs(100).head(1)[['text', 'other_text']].values.tolist()[0]")
    assert items.first.locator("p > span").all_inner_texts() == first
    shown = [float(title.replace("−", "-")) for title in items.evaluate_all("all => all.map(item => item.title)")]
    assert shown == pytest.approx(python(notebook, "large.pairs(100)['score'].tolist()"), abs=6e-5)


def test_the_nearest_to_a_typed_text_are_those_of_python(notebook: Notebook) -> None:
    panel = look_at(notebook, MAPPED_AT, "Neighbours")
    panel.get_by_label("Find the texts nearest to").fill("who won the vote?")
    notebook.page.keyboard.press("Enter")
    items = panel.locator(".nbt-near li")
    expect(items).to_have_count(20)
    rows = python(notebook, "mapped.nearest('who won the vote?', k=20)['row'].tolist()")
    assert items.locator("bdi").all_inner_texts() == rows
    items.nth(4).get_by_role("button").click()
    expect(items.locator("bdi").first).not_to_have_text(rows[0])
    number = int(rows[4][1:])
    found = python(notebook, f"[f'r{{row}}' for row in mapped.positions_of({number}, 20)[0].tolist()]")
    assert items.locator("bdi").all_inner_texts() == found


def test_the_magic_begins_with_what_is_near_its_query_and_asks_the_model_for_another(notebook: Notebook) -> None:
    panel = notebook.panel(ASKED_AT)
    panel.scroll_into_view_if_needed()
    items = panel.locator(".nbt-near li")
    expect(items).to_have_count(4, timeout=30_000)
    assert items.locator("p > span").all_inner_texts() == python(notebook, "asked.nearest()['text'].tolist()")
    panel.get_by_label("Find the texts nearest to").fill("government and money")
    notebook.page.keyboard.press("Enter")
    expect(items.first).to_contain_text("parliament", timeout=30_000)
    near = python(notebook, "asked.nearest('government and money')[['text', 'score']].values.tolist()")
    assert items.locator("p > span").all_inner_texts() == [text for text, _ in near]
    shown = items.evaluate_all("all => all.map(item => Number(item.title.replace('−', '-')))")
    assert shown == pytest.approx([score for _, score in near], abs=6e-5)


def test_the_wheel_zooms_what_has_the_focus_and_else_scrolls_the_notebook(notebook: Notebook) -> None:
    panel = look_at(notebook, FEW_AT, "Matrix")
    plane, out = panel.get_by_role("application"), panel.get_by_role("button", name="Zoom out")
    panel.get_by_role("button", name="Input order", exact=True).focus()
    plane.hover(position={"x": 300, "y": 300})
    notebook.page.mouse.wheel(0, -100)
    notebook.page.wait_for_timeout(200)
    expect(out).to_be_disabled()
    plane.click(position={"x": 300, "y": 300})
    notebook.page.mouse.wheel(0, -300)
    expect(out).to_be_enabled()
    notebook.page.keyboard.press("0")
    expect(out).to_be_disabled()
    for key in ("+", "Escape"):
        notebook.page.keyboard.press(key)
    expect(out).to_be_enabled()
    panel.get_by_role("button", name="Whole").click()
    expect(out).to_be_disabled()


def test_two_fingers_zoom(notebook: Notebook) -> None:
    panel = look_at(notebook, FEW_AT, "Matrix")
    panel.get_by_role("application").evaluate(
        """canvas => {
            const box = canvas.getBoundingClientRect();
            const tell = (type, pointerId, x, y) => canvas.dispatchEvent(new PointerEvent(type, {
                pointerId, pointerType: 'touch', clientX: box.left + x, clientY: box.top + y, bubbles: true,
            }));
            canvas.setPointerCapture = () => {};
            tell('pointerdown', 7, 300, 300); tell('pointerdown', 8, 320, 320);
            for (let step = 1; step < 10; step++) tell('pointermove', 8, 320 + 6 * step, 320 + 6 * step);
            tell('pointerup', 7, 300, 300); tell('pointerup', 8, 374, 374);
            delete canvas.setPointerCapture;
        }"""
    )
    expect(panel.get_by_role("button", name="Zoom out")).to_be_enabled()
    panel.get_by_role("button", name="Whole").click()


def drag(notebook: Notebook, plane: Any, shares: list[tuple[float, float]]) -> None:
    box = plane.bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in shares]
    notebook.page.mouse.move(*places[0])
    notebook.page.mouse.down()
    for place in places[1:]:
        notebook.page.mouse.move(*place, steps=6)
    notebook.page.mouse.up()


@pytest.mark.parametrize("tool", ["Lasso", "Box"])
def test_what_is_drawn_around_is_selected_in_python(notebook: Notebook, tool: str) -> None:
    panel = look_at(notebook, MAPPED_AT, "Map")
    panel.get_by_role("button", name=tool, exact=True).click()
    plane = panel.get_by_role("application")
    corners = [(0.005, 0.005), (0.5, 0.005), (0.5, 0.99), (0.005, 0.99)]
    drag(notebook, plane, corners if tool == "Lasso" else [corners[0], corners[2]])
    count = panel.locator(".nbt-selected-count")
    expect(count).to_be_visible()
    rows = python(notebook, "nbt.panel(mapped).selection")
    expect(count).to_have_text(f"{len(rows)} selected")
    assert python(notebook, "nbt.selected(mapped)['text'].tolist()") == python(
        notebook, f"[mapped.texts[row] for row in {rows}]"
    )
    # The left half of the picture is the left half of the map.
    across = python(notebook, "mapped.map('pca')[:, 0].tolist()")
    chosen = set(rows)
    assert 0 < len(chosen) < 400
    assert max(across[row] for row in chosen) < min(x for row, x in enumerate(across) if row not in chosen)
    panel.get_by_role("button", name="Clear", exact=True).click()


def test_what_is_searched_for_can_be_selected_without_a_pointer(notebook: Notebook) -> None:
    panel = look_at(notebook, MAPPED_AT, "Map")
    panel.get_by_label("Search texts and row labels").fill("penalties")
    select = panel.get_by_role("button", name="Select what is found")
    expect(select).to_be_visible()
    select.focus()
    notebook.page.keyboard.press("Enter")
    found = python(notebook, "[row for row in range(400) if 'penalties' in mapped.texts[row]]")
    expect(panel.locator(".nbt-selected-count")).to_have_text(f"{len(found)} selected")
    assert python(notebook, "nbt.panel(mapped).selection") == found
    panel.get_by_role("button", name="Clear", exact=True).click()
    panel.get_by_label("Search texts and row labels").fill("")


def test_keys_go_from_point_to_point_and_select(notebook: Notebook) -> None:
    panel = look_at(notebook, MAPPED_AT, "Map")
    notebook.page.mouse.move(0, 0)
    panel.get_by_role("application").focus()
    for key in ("ArrowRight", "ArrowDown", "Space"):
        notebook.page.keyboard.press(key)
    name = panel.locator(".nbt-readout bdi").inner_text()
    expect(panel.locator(".nbt-selected-count")).to_have_text("1 selected")
    assert python(notebook, "nbt.panel(mapped).selection") == [int(name[1:])]
    panel.get_by_role("button", name="Clear", exact=True).click()
    expect(panel.locator(".nbt-selected")).to_have_count(0)


def test_python_s_selection_stands_in_the_table(notebook: Notebook) -> None:
    panel = look_at(notebook, MAPPED_AT, "Texts")
    notebook.run_code(PYTHON, "nbt.panel(mapped).selection = [1, 3]")
    expect(panel.locator(".nbt-selected-count")).to_have_text("2 selected")
    expect(panel.locator(".nbt-row-selected")).to_have_count(2)
    panel.get_by_role("button", name="Clear", exact=True).click()


def test_markup_in_texts_stays_text(notebook: Notebook) -> None:
    for view in ("Pairs", "Map", "Texts", "Matrix"):
        panel = look_at(notebook, CROSS_AT, view)
        if view == "Pairs":
            expect(panel.locator(".nbt-near li").first).to_be_visible()
    plane = panel.get_by_role("application")
    box = plane.bounding_box()
    for row in range(24):
        plane.hover(position={"x": 200, "y": 92 + (box["height"] - 92) * (row + 0.5) / 24})
        assert readout(panel)[1][0] == MARKUP[row]
    cell = notebook.cell(CROSS_AT)
    inside = ".nbt-live :is(img, b, script, iframe, a, svg[onload], style), .nbt-snapshot :is(img, script, iframe, a)"
    assert cell.locator(inside).count() == 0


def test_crosswise_the_columns_are_the_other_texts(notebook: Notebook) -> None:
    panel = look_at(notebook, CROSS_AT, "Matrix")
    expect(panel.locator(".nbt-subtitle")).to_contain_text(re.compile(r"texts × 4"))
    panel.get_by_role("application").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight"):
        notebook.page.keyboard.press(key)
    value, texts = readout(panel)
    assert texts[1] == "three"
    assert value == pytest.approx(python(notebook, "float(cross.matrix[0, 3])"), abs=6e-5)


@pytest.mark.slow
def test_a_hundred_thousand_points_are_moved_without_a_stutter(browser: OfflineBrowser, lab: JupyterServer) -> None:
    page = browser.page(height=1000)
    many = "many = embeddings(topical(100_000), near_topics(100_000, 64))\nnbt.show(many)"
    lab.write("many_points.ipynb", [SETUP, many])
    notebook = lab.open(page, "many_points.ipynb")
    notebook.run_all()
    panel = notebook.panel(1)
    expect(panel.locator(".nbt-readout")).to_contain_text("variance", timeout=60_000)
    measured = page.evaluate(ZOOM)
    print(f"frames: median {measured['median']:.1f} ms, worst {measured['worst']:.0f} ms")
    # A machine that tests are run on is busy: the bound is wide, the number is printed.
    assert measured["median"] < 120
    page.context.close()


ZOOM = """async () => {
    const canvas = document.querySelector('.nbt-plane canvas:last-of-type');
    const box = canvas.getBoundingClientRect();
    const frames = [];
    let last = performance.now();
    canvas.focus();
    for (let step = 0; step < 60; step++) {
        canvas.dispatchEvent(new WheelEvent('wheel', {
            deltaY: step < 30 ? -60 : 60, clientX: box.left + box.width / 2, clientY: box.top + box.height / 2,
            bubbles: true, cancelable: true,
        }));
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        frames.push(now - last);
        last = now;
    }
    frames.sort((a, b) => a - b);
    return { median: frames[30], worst: frames[59] };
}"""
