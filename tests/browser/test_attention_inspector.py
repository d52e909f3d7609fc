"""The panel of attention in a real JupyterLab: every number that is read on the screen is the one that numpy has, and
Python is asked for no more than what one looks at."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from browser.jupyter import JupyterServer, Notebook, OfflineBrowser
from helpers import until
from matplotlib.image import imread
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

# Every question that a panel asks is written down.
SETUP = f"""%load_ext nbtransformers
import sys
sys.path.insert(0, {str(Path(__file__).parent.parent)!r})
import nbtransformers as nbt
import nbtransformers.panels.attention.methods as answering

asked = []

def listening(methods):
    def heard(name, method):
        def answer(params):
            asked.append([name, params])
            return method(params)
        return answer
    return lambda result: {{name: heard(name, method) for name, method in methods(result).items()}}

answering.methods = listening(answering.methods)"""
SHORT = "%%attention --out short\nThe cat sat on the mat because it was very tired."
PAIR = '%%attention --pair "猫坐 مرحبا." --out pair\nThe unbelievable <b>cat</b>!'
LONG = f"%%attention --out long\n{'The cat sat on the mat, and the unbelievably furry dogs ran from 42 of them. ' * 14}"
CELLS = [SETUP, SHORT, PAIR, LONG]
SETUP_AT, SHORT_AT, PAIR_AT, LONG_AT, PYTHON = range(5)
LISTED = 8
"""Weights in the list beside the lines."""


def weights(notebook: Notebook, name: str, layer: int, head: int) -> Any:
    """`[query, key]`."""
    return np.array(notebook.python(f"{name}[{layer}, {head}].tolist()"))


def asked(notebook: Notebook, method: str) -> list[dict[str, Any]]:
    """What Python was asked by a method since it was asked this last."""
    return notebook.python(f"[(params, asked.clear())[0] for name, params in list(asked) if name == {method!r}]")


def look_at(notebook: Notebook, number: int, view: str, layer: int = 0, head: int = 0) -> Any:
    """A panel, at one of its views, of one head."""
    panel = notebook.panel(number)
    panel.locator("nav").get_by_role("button", name=view, exact=True).click()
    for name, value in (("Layer", layer), ("Head", head)):
        if (place := panel.get_by_role("spinbutton", name=re.compile(f"^{name},"))).count():
            place.fill(str(value))
    panel.scroll_into_view_if_needed()
    notebook.page.mouse.move(0, 0)
    return panel


def number(text: str) -> float:
    return float(text.replace("−", "-"))


# --- Grid and matrix ---


def test_exactly_one_of_snapshot_and_panel_shows(notebook: Notebook) -> None:
    for at in (SHORT_AT, PAIR_AT, LONG_AT):
        expect(notebook.panel(at)).to_be_visible()
        expect(notebook.cell(at).locator(".nbt-snapshot")).to_be_hidden()


def test_a_click_in_the_grid_opens_the_map_of_a_head(notebook: Notebook) -> None:
    panel = look_at(notebook, SHORT_AT, "Grid")
    grid = panel.get_by_role("application")
    size = min(64, (grid.bounding_box()["width"] - 34) // 12)
    place = {"x": 34 + size * 3.5, "y": 18 + size * 2.5}
    grid.hover(position=place)
    expect(panel.locator(".nbt-head-facts strong")).to_have_text("Layer 2 · head 3")
    entropy = panel.locator(".nbt-head-facts dd").first.inner_text()
    assert number(entropy.split()[0]) == pytest.approx(notebook.python("float(short.entropy()[2, 3])"), abs=0.006)
    grid.click(position=place)
    expect(panel.locator("nav").get_by_role("button", name="Matrix")).to_have_attribute("aria-pressed", "true")
    expect(panel.get_by_role("spinbutton", name=re.compile("^Layer"))).to_have_value("2")
    expect(panel.get_by_role("spinbutton", name=re.compile("^Head"))).to_have_value("3")


def test_a_cell_that_is_pointed_at_shows_its_weight(notebook: Notebook) -> None:
    told = weights(notebook, "short", 2, 3)
    panel = look_at(notebook, SHORT_AT, "Matrix", 2, 3)
    plane = panel.get_by_role("application")
    top, left = 84, 120
    side = (plane.bounding_box()["height"] - top) / len(told)
    for row, column in ((0, 0), (5, 9), (13, 2)):
        plane.hover(position={"x": left + (column + 0.5) * side, "y": top + (row + 0.5) * side})
        value = panel.locator(".nbt-readout .nbt-value-big")
        expect(value).to_have_attribute("title", re.compile(f"^{told[row, column]:.12f}"[:8]))
        assert float(value.get_attribute("title")) == pytest.approx(told[row, column], abs=1e-7)


def test_a_map_that_is_zoomed_into_and_dragged_asks_for_the_tile_in_sight(notebook: Notebook) -> None:
    asked(notebook, "tile")
    panel = look_at(notebook, LONG_AT, "Matrix", 3, 5)
    plane = panel.get_by_role("application")
    for _ in range(9):
        panel.get_by_role("button", name="Zoom in").click()
    box = plane.bounding_box()
    notebook.page.mouse.move(box["x"] + 400, box["y"] + 300)
    notebook.page.mouse.down()
    notebook.page.mouse.move(box["x"] + 250, box["y"] + 180, steps=5)
    notebook.page.mouse.up()
    plane.hover(position={"x": 330, "y": 260})
    names = panel.locator(".nbt-readout .nbt-pair bdi")
    expect(names).to_have_count(2)
    query, key = (int(name.split()[1]) for name in names.all_inner_texts())
    told = weights(notebook, "long", 3, 5)
    assert float(panel.locator(".nbt-value-big").get_attribute("title")) == pytest.approx(told[query, key], abs=1e-7)
    exact = [tile for tile in asked(notebook, "tile") if tile["rows"][1] - tile["rows"][0] == tile["rows"][2]]
    assert any(
        (tile["layer"], tile["head"]) == (3, 5)
        and tile["rows"][0] <= query < tile["rows"][1]
        and tile["columns"][0] <= key < tile["columns"][1]
        for tile in exact
    )


def saved(notebook: Notebook, panel: Any, kind: str, folder: Path) -> Path:
    """The picture of what a panel shows, as the browser saves it."""
    if not panel.locator(".nbt-export").count():
        panel.get_by_role("button", name="Export", exact=True).click()
    with notebook.page.expect_download() as download:
        panel.get_by_role("button", name=f"Picture as {kind}", exact=True).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    panel.get_by_role("button", name="Export", exact=True).click()
    return path


def test_a_grid_that_is_scrolled_is_saved_with_all_its_heads(notebook: Notebook, tmp_path: Path) -> None:
    panel = look_at(notebook, SHORT_AT, "Grid")
    # In rank and with little room, so that some of them are out of sight.
    panel.evaluate("panel => { panel.style.width = '420px'; }")
    panel.get_by_label("Order", exact=True).select_option("entropy")
    box = panel.locator(".nbt-heads")
    expect(box.locator("canvas")).to_have_css("width", re.compile(r"^3\d\dpx"))
    width, seen, height = box.evaluate("box => [box.clientWidth, box.clientHeight, box.scrollHeight]")
    assert seen < height - 68
    box.evaluate("box => { box.scrollTop = 100; }")
    picture = imread(saved(notebook, panel, "seen", tmp_path))
    assert picture.shape[:2] == (height, width)
    columns, paper = width // 54, picture[-1, -1, :3]
    for place in range(72):
        top, left = 68 * (place // columns), 54 * (place % columns)
        drawn = picture[top : top + 52, left : left + 52, :3]
        assert (np.abs(drawn - paper).max(axis=2) > 0.02).mean() > 0.5, place
    root = ElementTree.parse(saved(notebook, panel, "SVG", tmp_path)).getroot()
    assert root.get("height") == str(height)
    names = {"svg": "http://www.w3.org/2000/svg"}
    assert len(root.findall(".//svg:image", names)) == 72
    written = {text.text for text in root.findall(".//svg:text", names)}
    assert written == {f"{layer}·{head}" for layer in range(6) for head in range(12)}
    panel.get_by_label("Order", exact=True).select_option("order")
    panel.evaluate("panel => { panel.style.width = ''; }")


def test_a_map_is_saved_as_it_is_seen(notebook: Notebook, tmp_path: Path) -> None:
    panel = look_at(notebook, SHORT_AT, "Matrix", 2, 3)
    canvas = panel.locator(".nbt-plane canvas").first
    size = canvas.evaluate("canvas => [canvas.height, canvas.width]")
    picture = imread(saved(notebook, panel, "seen", tmp_path))
    assert list(picture.shape[:2]) == size
    shown = canvas.evaluate("canvas => [...canvas.getContext('2d').getImageData(300, 300, 1, 1).data]")
    assert (picture[300, 300] * 255).round().tolist() == shown
    root = ElementTree.parse(saved(notebook, panel, "SVG", tmp_path)).getroot()
    written = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert written.count("[CLS]") == 2 and written.count("mat") == 2
    # Lines are saved beside them.
    panel.locator("nav").get_by_role("button", name="Lines", exact=True).click()
    panel.get_by_role("button", name="Export", exact=True).click()
    expect(panel.get_by_role("button", name="Picture as seen")).to_have_count(0)
    panel.get_by_role("button", name="Export", exact=True).click()


# --- Lines ---


def tokens(panel: Any, side: str) -> Any:
    """The tokens of a column of the lines that are in sight."""
    return panel.get_by_role("listbox", name=f"{side} tokens").get_by_role("option")


def lines(panel: Any) -> Any:
    return panel.locator(".nbt-lines-middle path")


def listed(panel: Any) -> list[tuple[int, float]]:
    """The weights beside the lines: the place of the token at the other end, and the weight."""
    rows = panel.locator(".nbt-lines-readout li")
    places = rows.locator(".nbt-lines-place").all_inner_texts()
    return list(zip(map(int, places), map(float, rows.evaluate_all("all => all.map(row => row.title)")), strict=True))


def heaviest(row: Sequence[float]) -> list[tuple[int, Any]]:
    order = np.argsort(-np.asarray(row), kind="stable")[:LISTED]
    return [(int(place), pytest.approx(row[place], abs=1e-7)) for place in order]


def test_a_token_that_is_pointed_at_shows_where_its_weight_goes(notebook: Notebook) -> None:
    told = weights(notebook, "short", 4, 1)
    panel = look_at(notebook, SHORT_AT, "Lines", 4, 1)
    asked(notebook, "rows")
    expect(lines(panel)).to_have_count(told.size)
    for query in (0, 5, 9):
        tokens(panel, "Query").nth(query).hover()
        expect(lines(panel)).to_have_count(len(told))
        assert listed(panel) == heaviest(told[query])
    tokens(panel, "Key").nth(2).hover()
    expect(panel.locator(".nbt-lines-of")).to_contain_text("To")
    assert listed(panel) == heaviest(told[:, 2])
    # All of it came with the result.
    assert asked(notebook, "rows") == asked(notebook, "edges") == []


def test_a_token_that_is_kept_stays_and_tells_of_each_key_and_of_its_steps(notebook: Notebook) -> None:
    told = weights(notebook, "short", 4, 1)
    panel = look_at(notebook, SHORT_AT, "Lines", 4, 1)
    tokens(panel, "Query").nth(7).click()
    tokens(panel, "Query").nth(3).hover()
    expect(tokens(panel, "Query").nth(7)).to_have_attribute("aria-selected", "true")
    assert listed(panel) == heaviest(told[7])
    tokens(panel, "Key").nth(11).hover()
    expect(panel.locator(".nbt-lines-readout li")).to_have_count(1)
    assert listed(panel) == [(11, pytest.approx(told[7, 11], abs=1e-7))]
    steps = look_at(notebook, SHORT_AT, "Steps", 4, 1)
    expect(steps.get_by_role("group", name="query token")).to_contain_text("7")
    panel = look_at(notebook, SHORT_AT, "Lines", 4, 1)
    tokens(panel, "Query").nth(7).click()
    notebook.page.mouse.move(0, 0)
    expect(lines(panel)).to_have_count(told.size)


def test_keys_walk_through_the_tokens_of_both_columns(notebook: Notebook) -> None:
    told = weights(notebook, "short", 0, 2)
    panel = look_at(notebook, SHORT_AT, "Lines", 0, 2)
    panel.get_by_role("listbox", name="Query tokens").focus()
    for key in ("Home", "ArrowDown", "ArrowDown", "Enter"):
        notebook.page.keyboard.press(key)
    expect(tokens(panel, "Query").nth(2)).to_have_attribute("aria-selected", "true")
    assert listed(panel) == heaviest(told[2])
    for key in ("ArrowRight", "End", "ArrowUp"):
        notebook.page.keyboard.press(key)
    expect(panel.locator(".nbt-lines-of .nbt-number")).to_have_text("12")
    assert listed(panel) == heaviest(told[:, 12])
    notebook.page.keyboard.press("Escape")
    expect(lines(panel)).to_have_count(told.size)


def test_several_heads_are_shown_together_each_in_its_colour(notebook: Notebook) -> None:
    panel = look_at(notebook, SHORT_AT, "Lines", 1, 0)
    for head in (3, 7):
        panel.get_by_role("button", name=f"Head {head}", exact=True).click()
    told = [weights(notebook, "short", 1, head)[4] for head in (0, 3, 7)]
    expected = pytest.approx(sorted(np.concatenate(told), reverse=True)[:LISTED], abs=1e-7)

    def is_shown() -> bool:
        tokens(panel, "Query").nth(4).hover()  # again, since the page may still move below the pointer
        return [weight for _, weight in listed(panel)] == expected

    until(is_shown, 30)
    expect(lines(panel)).to_have_count(3 * len(told[0]))
    assert len(set(lines(panel).evaluate_all("all => all.map(line => getComputedStyle(line).stroke)"))) == 3
    assert [weight for _, weight in listed(panel)] == expected
    panel.get_by_role("button", name="Head 0", exact=True).click()
    panel.get_by_role("button", name="Head 7", exact=True).click()
    expect(panel.get_by_role("spinbutton", name=re.compile("^Head"))).to_have_value("3")


@pytest.mark.parametrize(("crossing", "of", "to"), [("A → B", 0, 1), ("B → A", 1, 0), ("B → B", 1, 1)])
def test_of_a_pair_one_text_s_lines_to_the_other_are_shown(notebook: Notebook, crossing: str, of: int, to: int) -> None:
    # A special token belongs to the text that it ends.
    second = notebook.python("[bool(flag & 4) for flag in pair.queries.flags]")
    last = max(at for at, flag in enumerate(second) if flag)
    texts = [0] * second.index(True) + [1] * (len(second) - second.index(True))
    assert last >= len(second) - 2
    panel = look_at(notebook, PAIR_AT, "Lines")
    panel.get_by_role("button", name=crossing, exact=True).click()
    expect(tokens(panel, "Query")).to_have_count(texts.count(of))
    expect(tokens(panel, "Key")).to_have_count(texts.count(to))
    expect(lines(panel)).to_have_count(texts.count(of) * texts.count(to))
    panel.get_by_role("button", name="All", exact=True).last.click()


def test_words_are_shown_as_one_and_special_tokens_left_out(notebook: Notebook) -> None:
    told = weights(notebook, "pair", 2, 6)
    words = np.array(notebook.python("pair.queries.words.tolist()"))
    panel = look_at(notebook, PAIR_AT, "Lines", 2, 6)
    for option in ("Words", "Hide special"):
        panel.get_by_role("button", name=option, exact=True).click()
    names = sorted(set(words) - {-1})
    expect(tokens(panel, "Query")).to_have_count(len(names))
    texts = tokens(panel, "Query").all_inner_texts()
    assert texts[:2] == ["The", "unbelievable"]
    assert {"<", "猫"} <= set(texts)
    assert "مرحبا" in texts
    tokens(panel, "Query").nth(1).hover()
    row = [told[words == names[1]][:, words == word].sum(axis=1).mean() for word in names]
    starts = [int(np.flatnonzero(words == word)[0]) for word in names]
    assert listed(panel) == [(starts[place], weight) for place, weight in heaviest(row)]
    for option in ("Words", "Hide special"):
        panel.get_by_role("button", name=option, exact=True).click()


def test_of_a_long_text_python_is_asked_for_what_is_in_sight(notebook: Notebook) -> None:
    panel = look_at(notebook, LONG_AT, "Lines", 5, 9)
    expect(lines(panel).first).to_be_attached()
    first = asked(notebook, "edges")[-1]
    assert (first["layer"], first["heads"], first["rows"], first["columns"]) == (5, [9], [0, 32], [0, 32])
    tokens(panel, "Key").nth(3).hover()
    panel.get_by_label("Scroll together").uncheck()
    tokens(panel, "Key").nth(3).hover()
    notebook.page.mouse.wheel(0, 22 * 130)
    notebook.page.mouse.move(0, 0)
    expect(tokens(panel, "Key").first).to_have_id(re.compile("-130$"))
    expect(lines(panel).first).to_be_attached()
    notebook.page.wait_for_timeout(300)
    last = asked(notebook, "edges")[-1]
    assert (last["rows"], last["columns"]) == ([0, 32], [128, 160])
    told = weights(notebook, "long", 5, 9)
    query = tokens(panel, "Query").nth(6)
    query.click()
    expect(panel.locator(".nbt-lines-readout li")).to_have_count(LISTED)
    notebook.page.wait_for_timeout(300)
    assert listed(panel) == heaviest(told[6])
    assert [(one["heads"], one["queries"]) for one in asked(notebook, "rows")] == [([9], [6])]
    above = told[6, :130].sum() / told[6].sum()
    expect(panel.locator(".nbt-lines-readout .nbt-aside")).to_contain_text(f"{round(100 * above)}% above")
    # A weight of the list is gone to, wherever it is.
    place, _ = listed(panel)[0]
    panel.locator(".nbt-lines-readout li button").first.click()
    expect(panel.locator(f"[role=listbox][aria-label='Key tokens'] [data-token='{place}']")).to_be_visible()
    query.click()


def test_words_of_a_long_text_are_whole_words(notebook: Notebook) -> None:
    panel = look_at(notebook, LONG_AT, "Lines", 2, 6)
    panel.get_by_role("button", name="Words", exact=True).click()
    told = np.array(notebook.python("long.by_words()[2, 6].tolist()"))
    expect(lines(panel).first).to_be_attached()
    # "unbelievably", of several tokens: of no word may weak weights be left out.
    key = tokens(panel, "Key").get_by_text("unbelievably", exact=True).first
    place = tokens(panel, "Key").all_inner_texts().index("unbelievably")
    key.hover()
    expect(panel.locator(".nbt-lines-of")).to_contain_text("To")
    notebook.page.wait_for_timeout(300)
    seen = tokens(panel, "Query").count()
    assert [weight for _, weight in listed(panel)] == [
        pytest.approx(weight, abs=1e-6) for weight in sorted(told[:seen, place], reverse=True)[:LISTED]
    ]
    assert asked(notebook, "edges")[-1]["words"] is True
    panel.get_by_role("button", name="Words", exact=True).click()


def test_what_is_drawn_is_saved_as_svg(notebook: Notebook, tmp_path: Path) -> None:
    panel = look_at(notebook, PAIR_AT, "Lines", 2, 6)
    tokens(panel, "Query").nth(3).hover()
    drawn = lines(panel).count()
    with notebook.page.expect_download() as download:
        tokens(panel, "Query").nth(3).click()
        panel.get_by_role("button", name="Save SVG").click()
    saved = tmp_path / "lines.svg"
    download.value.save_as(saved)
    assert download.value.suggested_filename == "attention-layer-2-heads-6.svg"
    root = ElementTree.parse(saved).getroot()
    names = {"svg": "http://www.w3.org/2000/svg"}
    assert len(root.findall(".//svg:path", names)) == drawn
    written = [text.text for text in root.findall(".//svg:text", names)]
    assert {"<", "cat", "猫", "[CLS]"} <= set(written)
    assert not re.search(r"(https?:(?!//www\.w3\.org/2000/svg)|<script|var\()", saved.read_text())
    tokens(panel, "Query").nth(3).click()


# --- Steps ---


def test_the_steps_of_a_weight_are_the_model_s_own(notebook: Notebook) -> None:
    told = notebook.python(
        "(lambda q, k, s: dict(sum=(q @ k.T).tolist(), products=(q * k).tolist(), weights=short[3, 2][8].tolist(), "
        "output=s.head_output.tolist(), concatenated=s.concatenated.tolist(), projected=s.projected.tolist()))"
        "(short.q(3, 2)[8], short.k(3, 2), short.maps.steps('self', 3, 2, 8))"
    )
    panel = look_at(notebook, SHORT_AT, "Lines", 3, 2)
    tokens(panel, "Query").nth(8).click()
    panel = look_at(notebook, SHORT_AT, "Steps", 3, 2)
    rows = panel.locator(".nbt-steps-table tbody tr")
    expect(rows).to_have_count(len(told["sum"]))
    values = rows.locator(".nbt-steps-value").evaluate_all("all => all.map(value => value.title)")
    shown = np.array([number(value) for value in values]).reshape(len(rows.all()), -1)
    assert shown[:, 0] == pytest.approx(told["sum"], rel=1e-4, abs=1e-4)
    assert shown[:, 1] == pytest.approx(np.array(told["sum"]) / np.sqrt(32), rel=1e-4, abs=1e-4)
    assert shown[:, -1] == pytest.approx(told["weights"], rel=1e-4)
    # The chosen key by its dimensions.
    strip = rows.nth(5).locator(".nbt-vector").nth(1)
    box = strip.bounding_box()
    strip.hover(position={"x": (20.5 / 32) * box["width"], "y": 6})
    said = panel.locator(".nbt-steps-said")
    expect(said).to_contain_text("Dimension 20: q ")
    assert number(said.inner_text().split("=")[1]) == pytest.approx(told["products"][5][20], rel=1e-4)
    expect(panel.get_by_role("group", name="key token")).to_contain_text("5")
    assert rows.nth(5).get_attribute("aria-current") == "true"
    for name, place in (("output", 0), ("concatenated", 1), ("projected", 2)):
        strip = panel.locator(".nbt-steps-output .nbt-vector").nth(place)
        box, count = strip.bounding_box(), len(told[name])
        strip.hover(position={"x": (17.5 / count) * box["width"], "y": 6})
        said = panel.locator(".nbt-steps-output dt").nth(place).locator(".nbt-lines-place")
        expect(said).to_contain_text("dimension 17: ")
        assert number(said.inner_text().split("=")[1]) == pytest.approx(told[name][17], rel=1e-4, abs=1e-6)


def test_the_steps_of_a_weight_in_the_map_are_those_of_its_key(notebook: Notebook) -> None:
    told = weights(notebook, "short", 3, 2)
    panel = look_at(notebook, SHORT_AT, "Matrix", 3, 2)
    plane = panel.get_by_role("application")
    top, left = 84, 120
    side = (plane.bounding_box()["height"] - top) / len(told)
    query, key = 6, int(np.argsort(told[6])[3])
    plane.click(position={"x": left + (key + 0.5) * side, "y": top + (query + 0.5) * side})
    panel.get_by_role("button", name="Its steps").click()
    expect(panel.get_by_role("group", name="query token")).to_contain_text(str(query))
    expect(panel.get_by_role("group", name="key token")).to_contain_text(str(key))
    row = panel.locator(".nbt-steps-table tbody tr[aria-current='true']")
    expect(row).to_have_count(1)
    shown = row.locator(".nbt-steps-value").last.get_attribute("title")
    assert number(shown) == pytest.approx(told[query, key], rel=1e-4)


def test_the_steps_go_from_token_to_token(notebook: Notebook) -> None:
    panel = look_at(notebook, SHORT_AT, "Lines", 3, 2)
    tokens(panel, "Query").nth(8).click()
    if tokens(panel, "Query").nth(8).get_attribute("aria-selected") == "false":
        tokens(panel, "Query").nth(8).click()
    panel = look_at(notebook, SHORT_AT, "Steps", 3, 2)
    asked(notebook, "steps")
    panel.get_by_role("button", name="Next query token").click()
    expect(panel.get_by_role("group", name="query token")).to_contain_text("was9")
    panel.locator(".nbt-steps-table tbody button").nth(5).click()
    panel.get_by_role("button", name="Previous key token").click()
    expect(panel.get_by_role("group", name="key token")).to_contain_text("on4")
    shown = panel.locator(".nbt-steps-table tbody tr[aria-current='true'] .nbt-steps-value").last
    assert number(shown.get_attribute("title")) == pytest.approx(notebook.python("float(short[3, 2][9, 4])"), rel=1e-5)
    assert [(one["layer"], one["head"], one["query"]) for one in asked(notebook, "steps")] == [(3, 2, 9)]


# --- Summary, and what if ---


def test_the_rollout_that_is_walked_through_is_python_s(notebook: Notebook) -> None:
    told = np.array(notebook.python("short.rollout().tolist()"))
    panel = look_at(notebook, SHORT_AT, "Summary")
    panel.get_by_role("button", name="Rollout", exact=True).click()
    panel.get_by_role("application").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight"):
        notebook.page.keyboard.press(key)
    names = panel.locator(".nbt-readout .nbt-pair bdi")
    expect(names).to_have_count(2)
    query, key = (int(name.split()[1]) for name in names.all_inner_texts())
    assert (query, key) == (3, 1)
    shown = float(panel.locator(".nbt-value-big").get_attribute("title"))
    assert shown == pytest.approx(told[query, key], abs=1e-6)


# By plain Transformers: head 1 of the first two layers gives nothing.
WITHOUT_HEADS = """import torch
from nbtransformers.loading.bundled import BUNDLED_ENCODER, bundled_folder
from transformers import AutoModel, AutoTokenizer

folder = bundled_folder(BUNDLED_ENCODER, lambda said: None)
model = AutoModel.from_pretrained(folder).eval()
read = AutoTokenizer.from_pretrained(folder)(short.queries.text, return_tensors="pt")

def silenced(module, args):
    heads = args[0].clone()
    heads[..., 32:64] = 0
    return (heads,)

with torch.no_grad():
    before = model(**read).last_hidden_state
    for layer in model.encoder.layer[:2]:
        layer.attention.output.dense.register_forward_pre_hook(silenced)
    after = model(**read).last_hidden_state
print(float((1 - torch.cosine_similarity(before, after, dim=-1)).mean()))"""


def test_heads_that_are_taken_out_change_what_the_model_gives(notebook: Notebook) -> None:
    panel = look_at(notebook, SHORT_AT, "What if")
    grid = panel.get_by_role("region", name="Without some heads")
    heads = grid.get_by_role("application")
    heads.focus()
    for key in ("ArrowRight", "Enter", "ArrowDown", "Enter"):
        notebook.page.keyboard.press(key)
    grid.get_by_role("button", name="Predict without 2 heads").click()
    moved = grid.get_by_text("What the model gives moved by")
    expect(moved).to_be_visible(timeout=30_000)
    shown = number(moved.inner_text().split()[-1].rstrip("."))
    assert shown == pytest.approx(float(notebook.run_code(PYTHON, WITHOUT_HEADS).splitlines()[-1]), abs=6e-4)


# Each layer of the model takes a second.
SLOWED = """import time

slowed = [layer.register_forward_hook(lambda *_: time.sleep(1)) for layer in short.maps.loaded.model.encoder.layer]"""


def test_a_prediction_without_heads_that_takes_long_is_stopped(notebook: Notebook) -> None:
    notebook.run_code(PYTHON, SLOWED)
    panel = look_at(notebook, SHORT_AT, "What if")
    grid = panel.get_by_role("region", name="Without some heads")
    if grid.get_by_role("button", name="Predict without 0 heads").count():
        grid.get_by_role("application").focus()
        notebook.page.keyboard.press("Enter")
    grid.get_by_role("button", name=re.compile("^Predict without")).click()
    expect(panel.get_by_role("progressbar")).to_have_attribute("aria-label", re.compile("Reading the text without"))
    panel.get_by_role("button", name="Stop").click()
    expect(grid.get_by_text("Interrupted: nothing was ablated.")).to_be_visible(timeout=4_000)
    expect(panel.get_by_role("progressbar")).to_have_count(0)
    notebook.run_code(PYTHON, "for hook in slowed:\n    hook.remove()")


def test_a_text_that_is_edited_is_looked_at_and_gone_back_from(notebook: Notebook) -> None:
    panel = look_at(notebook, SHORT_AT, "What if")
    before = panel.locator(".nbt-subtitle").inner_text()
    text = panel.get_by_role("textbox", name="Text", exact=True)
    text.fill("A dog barked.")
    panel.get_by_role("button", name="Look at this text").click()
    expect(panel.locator(".nbt-subtitle")).to_contain_text("6 tokens", timeout=30_000)
    panel = look_at(notebook, SHORT_AT, "Lines")
    assert tokens(panel, "Query").all_inner_texts() == ["[CLS]", "A", "dog", "barked", ".", "[SEP]"]
    panel.get_by_role("button", name="↶ Back").click()
    expect(panel.locator(".nbt-subtitle")).to_have_text(before)


def test_the_difference_to_another_text_is_that_of_both_arrays(notebook: Notebook) -> None:
    other = "The dog sat on the mat because it was very tired."
    told = np.array(notebook.python(f"(short[2, 3] - nbt.attention({other!r})[2, 3]).tolist()"))
    panel = look_at(notebook, SHORT_AT, "What if")
    before = panel.locator(".nbt-subtitle").inner_text()
    panel.get_by_role("textbox", name="Text", exact=True).fill(other)
    panel.get_by_role("button", name="Show the difference").first.click()
    expect(panel.get_by_role("button", name="↶ Back")).to_be_visible(timeout=30_000)
    panel = look_at(notebook, SHORT_AT, "Matrix", 2, 3)
    expect(panel.locator(".nbt-map-legend")).to_contain_text("Difference")
    plane = panel.get_by_role("application")
    top, left = 84, 120
    side = (plane.bounding_box()["height"] - top) / len(told)
    plane.hover(position={"x": left + 9.5 * side, "y": top + 5.5 * side})
    value = panel.locator(".nbt-readout .nbt-value-big")
    expect(value).to_have_attribute("title", re.compile(r"\d"))
    assert number(value.get_attribute("title")) == pytest.approx(told[5, 9], abs=1e-6)
    panel.get_by_role("button", name="↶ Back").click()
    expect(panel.locator(".nbt-subtitle")).to_have_text(before)


# --- A long text, and a notebook that is opened again ---


@pytest.mark.slow
def test_four_thousand_tokens_are_zoomed_into_as_far_as_one_weight(
    browser: OfflineBrowser, lab: JupyterServer, smollm2: Path
) -> None:
    text = "The cat sat on the mat, and the unbelievably furry dogs ran from 42 of them. " * 300
    page = browser.page(height=1200)
    big = f'big = nbt.attention("{text}", model="smollm2", max_length=4096, long="truncate")\nbig'
    path = lab.write("four_thousand.ipynb", [SETUP, big, "0"])
    notebook = lab.open(page, path.name)
    notebook.run_all(seconds=400)
    panel = notebook.panel(1)
    expect(panel).to_be_visible()
    panel.locator("nav").get_by_role("button", name="Matrix", exact=True).click()
    for name, value in (("Layer", 17), ("Head", 4)):
        panel.get_by_role("spinbutton", name=re.compile(f"^{name},")).fill(str(value))
    plane = panel.get_by_role("application")
    plane.hover(position={"x": 300, "y": 400})
    expect(panel.locator(".nbt-readout")).to_contain_text("weights", timeout=30_000)
    zoom = panel.get_by_role("button", name="Zoom in")
    while zoom.is_enabled():
        zoom.click()
    plane.hover(position={"x": 300, "y": 400})
    names = panel.locator(".nbt-readout .nbt-pair bdi")
    expect(names).to_have_count(2, timeout=30_000)
    query, key = (int(name.split()[1]) for name in names.all_inner_texts())
    shown = float(panel.locator(".nbt-value-big").get_attribute("title"))
    told = json.loads(notebook.run_code(2, f"print([float(big[17, 4, {query}][{key}]), *big.shape])"))
    assert told[1:] == [30, 9, 4096, 4096]
    assert shown == pytest.approx(told[0], abs=1e-7)
    # The lines of a token far down, and its steps.
    panel.locator("nav").get_by_role("button", name="Lines", exact=True).click()
    panel.get_by_role("listbox", name="Query tokens").focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(panel.locator(".nbt-lines-readout li")).to_have_count(LISTED, timeout=30_000)
    page.wait_for_timeout(1_000)
    row = json.loads(notebook.run_code(2, "print(big[17, 4, 4095].tolist())"))
    assert [weight for _, weight in listed(panel)] == [
        pytest.approx(weight, abs=1e-7) for weight in sorted(row, reverse=True)[:LISTED]
    ]
    panel.locator("nav").get_by_role("button", name="Steps", exact=True).click()
    rows = panel.locator(".nbt-steps-table tbody tr")
    expect(rows).to_have_count(32, timeout=30_000)
    assert number(rows.last.locator(".nbt-steps-value").last.get_attribute("title")) == pytest.approx(
        row[int(rows.last.locator(".nbt-lines-place").inner_text())], rel=1e-4
    )
    notebook.save()
    # The text itself is 23 KB of the cell.
    print(f"the notebook: {path.stat().st_size:,} bytes")
    assert path.stat().st_size < 300_000
    assert browser.errors(page) == []
    page.context.close()


# A tiny decoder, which reads as much as this one looks at.
EIGHT_THOUSAND = """from nbtransformers.loading.bundled import BUNDLED_ENCODER, bundled_folder
from transformers import AutoConfig, AutoModel, AutoTokenizer

folder = bundled_folder(BUNDLED_ENCODER, lambda said: None)
words = AutoTokenizer.from_pretrained(folder, model_max_length=8192)
sizes = dict(vocab_size=len(words), hidden_size=64, num_hidden_layers=4, num_attention_heads=8, intermediate_size=64)
tiny = AutoModel.from_config(AutoConfig.for_model("llama", max_position_embeddings=8192, **sizes)).eval()
huge = nbt.attention("The cat sat on the mat. 猫 " * 1200, model=(tiny, words), max_length=8192, long="truncate")
huge"""
# The longest time for which nothing could be drawn, from now until it is asked for.
WATCHED = """() => {
    window.longest = 0;
    let last = performance.now();
    const tick = (now) => {
        window.longest = Math.max(window.longest, now - last);
        last = now;
        requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
}"""


def test_the_grid_of_eight_thousand_tokens_freezes_nothing_and_takes_little(
    browser: OfflineBrowser, lab: JupyterServer
) -> None:
    page = browser.page(height=1200)
    path = lab.write("eight_thousand.ipynb", [SETUP, EIGHT_THOUSAND, "0"])
    notebook = lab.open(page, path.name)
    page.evaluate(WATCHED)
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    before = page.evaluate("performance.memory.usedJSHeapSize")
    notebook.run_all(seconds=120)
    panel = notebook.panel(1)
    expect(panel.locator(".nbt-subtitle")).to_contain_text("8,192 tokens")
    expect(panel.get_by_role("application")).to_be_visible()
    expect(panel.get_by_role("note").last).to_contain_text(re.compile(r"from [\d,]+ of 8,192 tokens"))
    panel.get_by_role("application").hover(position={"x": 60, "y": 40})
    expect(panel.locator(".nbt-head-facts strong")).to_have_text("Layer 0 · head 0")
    session.send("HeapProfiler.collectGarbage")
    after, longest = page.evaluate("[performance.memory.usedJSHeapSize, window.longest]")
    print(f"the heap: {after - before:,} bytes more; nothing drawn for {longest:.0f} ms at most")
    assert after - before < 50e6
    assert longest < 2_000, "milliseconds: more than any machine that others use, too, needs for a frame"
    notebook.save()
    assert path.stat().st_size < 300_000
    assert browser.errors(page) == []
    page.context.close()


def test_a_notebook_that_is_opened_again_shows_the_snapshot(
    notebook: Notebook, browser: OfflineBrowser, lab: JupyterServer
) -> None:
    notebook.save()
    saved = json.loads(notebook.path.read_text())
    copy = lab.root / "attention_again.ipynb"
    copy.write_text(json.dumps(saved))
    page = browser.page()
    again = lab.open(page, copy.name)
    snapshot = again.cell(SHORT_AT).locator(".nbt-snapshot")
    expect(snapshot).to_be_visible()
    expect(again.cell(SHORT_AT).locator(".nbt-live")).to_have_count(0)
    assert "minilm" in snapshot.inner_text()
    assert snapshot.locator("script, iframe, img:not([src^='data:'])").count() == 0
    page.context.close()
