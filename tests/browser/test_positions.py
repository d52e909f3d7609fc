"""The panel of position encodings in a real JupyterLab: what it shows is what Python has, exact where one looks."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from browser.jupyter import JupyterServer, Notebook
from matplotlib.image import imread
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

SETUP = """%load_ext nbtransformers
import numpy as np
import nbtransformers as nbt
from transformers import AutoConfig, AutoModel
sizes = dict(vocab_size=99, hidden_size=64, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64)
llama = AutoModel.from_config(AutoConfig.for_model("llama", max_position_embeddings=4096, **sizes))
t5 = AutoModel.from_config(
    AutoConfig.for_model("t5", vocab_size=99, d_model=32, d_kv=8, d_ff=64, num_layers=1, num_heads=4)
)
own = dict(position_buckets=8, max_relative_positions=32, pos_att_type=["c2p", "p2c"])
deberta = AutoModel.from_config(AutoConfig.for_model("deberta-v2", relative_attention=True, **own, **sizes))"""
FORMULA = "%positions --length 128 --dim 64 --out formula"
LEARNED = "%positions --model minilm --out learned"
ROTARY = "%positions --model llama --length 3000 --out rotary"
RELATIVE = "%positions --model t5 --out relative"
DISTANCES = "%positions --model deberta --out distances"
CELLS = [SETUP, FORMULA, LEARNED, ROTARY, RELATIVE, DISTANCES]
SETUP_AT, FORMULA_AT, LEARNED_AT, ROTARY_AT, RELATIVE_AT, DISTANCES_AT = range(6)

# Between which heights something is marked on a plane; null where nothing is.
MARKED = """plane => {
    const { width, height } = plane;
    const { data } = plane.getContext("2d").getImageData(0, 0, width, height);
    const isMarked = row => data.subarray(4 * row * width, 4 * (row + 1) * width).some(one => one > 0);
    const rows = [...Array(height).keys()].filter(isMarked);
    return rows.length ? [rows[0] / devicePixelRatio, rows.at(-1) / devicePixelRatio] : null;
}"""


def look_at(notebook: Notebook, number: int, view: str) -> Any:
    """A panel, at one of its views."""
    panel = notebook.panel(number)
    panel.locator("nav").get_by_role("button", name=view, exact=True).click()
    panel.scroll_into_view_if_needed()
    return panel


def written(value: float) -> str:
    return f"{value:.4f}".replace("-", "−")


def test_a_cell_that_is_pointed_at_shows_its_number_and_how_it_comes_about(notebook: Notebook) -> None:
    panel = look_at(notebook, FORMULA_AT, "Heat map")
    plane = panel.get_by_role("application")
    box = plane.bounding_box()
    # Beside the numbers of the rows and the columns.
    left, top = 37, 22

    def place(row: int, column: int) -> dict[str, float]:
        across, down = (box["width"] - left) / 64, (box["height"] - top) / 128
        return {"x": left + (column + 0.5) * across, "y": top + (row + 0.5) * down}

    for row, column in ((0, 1), (63, 24), (127, 63)):
        plane.hover(position=place(row, column))
        readout = panel.locator(".nbt-positions-readout")
        expect(readout).to_contain_text(f"position {row}, dimension {column}")
        value = notebook.python(f"float(formula.values[{row}, {column}])")
        plane.hover(position=place(row, column))
        expect(readout.locator(".nbt-value-big")).to_have_text(written(value))
        wave = "cos" if column % 2 else "sin"
        expect(readout).to_contain_text(f"{wave}({row} / 10000{column // 2 * 2}/64)")


def cell_of(readout: Any) -> tuple[str, str, str]:
    """The value that is shown, and of which position and dimension or pair; read at once, as tiles still come."""
    expect(readout).to_contain_text(re.compile(r"position [\d,]+, (dimension|pair) \d+"))
    said = re.match(r"(\S+)\s+position ([\d,]+), (?:dimension|pair) (\d+)", readout.inner_text())
    assert said is not None
    return said[1], said[2].replace(",", ""), said[3]


@pytest.mark.parametrize("number", [LEARNED_AT, ROTARY_AT])
def test_a_long_table_is_sampled_and_says_so_and_is_exact_when_zoomed_into(notebook: Notebook, number: int) -> None:
    panel = look_at(notebook, number, "Heat map")
    readout = panel.locator(".nbt-positions-readout")
    expect(readout).to_contain_text(re.compile(r"Drawn: every \d+(st|nd|rd|th) position"))
    panel.get_by_role("application").focus()
    for _ in range(30):
        notebook.page.keyboard.press("+")
    expect(readout).not_to_contain_text("Drawn: every")
    for key in ("ArrowDown", "ArrowRight"):
        notebook.page.keyboard.press(key)
    # Walking reveals the first cells, one by one: each is a place of its own.
    for _ in range(6):
        notebook.page.keyboard.press("ArrowDown")
    shown, row, column = cell_of(readout)
    name = {LEARNED_AT: "learned", ROTARY_AT: "rotary"}[number]
    assert shown == written(notebook.python(f"float({name}.values[{row}, {column}])"))


def test_cosine_sine_and_angle(notebook: Notebook) -> None:
    panel = look_at(notebook, ROTARY_AT, "Heat map")
    for picture, name in (("Sine", "sin"), ("Angle", "angle"), ("Cosine", "cos")):
        panel.get_by_role("button", name=picture, exact=True).click()
        panel.get_by_role("application").focus()
        notebook.page.mouse.move(0, 0)
        notebook.page.keyboard.press("0")
        notebook.page.keyboard.press("ArrowRight")
        notebook.page.keyboard.press("ArrowDown")
        readout = panel.locator(".nbt-positions-readout")
        shown, row, pair = cell_of(readout)
        assert shown == written(notebook.python(f"float(rotary[0].picture('{name}')[{row}, {pair}])"))


def test_the_position_that_is_pinned_is_selected_and_drives_another_panel(notebook: Notebook) -> None:
    panel = look_at(notebook, FORMULA_AT, "Heat map")
    panel.get_by_role("application").focus()
    for key in ("Escape", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "Enter"):
        notebook.page.keyboard.press(key)
    expect(panel.locator(".nbt-selected-count")).to_have_text(re.compile(r"position \d+ selected"))
    (position,) = notebook.python("nbt.panel(formula).selection")
    assert notebook.python("nbt.selected(formula).index.tolist()") == [position]
    assert notebook.python(f"nbt.selected(formula).to_numpy()[0].tolist() == formula.values[{position}].tolist()")
    # A long table, of which the row is not in sight.
    other = look_at(notebook, ROTARY_AT, "Heat map")
    plane = other.get_by_role("application")
    for _ in range(4):
        other.get_by_role("button", name="Zoom in").click()
    notebook.python("(setattr(nbt.panel(rotary), 'selection', [2_900]), None)[1]")
    expect(other.locator(".nbt-selected-count")).to_have_text("position 2,900 selected")
    box, marked = plane.bounding_box(), plane.evaluate(MARKED)
    assert box is not None and marked is not None
    assert 0 <= marked[0] <= marked[1] <= box["height"]
    other.get_by_role("button", name="Clear", exact=True).click()
    expect(other.locator(".nbt-selected-count")).to_have_count(0)
    assert notebook.python("nbt.panel(rotary).selection") == []
    assert plane.evaluate(MARKED) is None


def test_another_curve_is_asked_for(notebook: Notebook) -> None:
    panel = look_at(notebook, LEARNED_AT, "Curves by dimension")
    panel.get_by_role("textbox").fill("333")
    panel.get_by_role("button", name="Add", exact=True).click()
    expect(panel.locator(".nbt-curves path")).to_have_count(7)
    panel.get_by_role("application").focus()
    for _ in range(4):
        notebook.page.keyboard.press("ArrowRight")
    place, *values = panel.locator(".nbt-curve-values dd").all_inner_texts()
    told = notebook.python(f"learned.values[{place}, [0, 64, 128, 192, 256, 320, 333]].astype(float).tolist()")
    assert values == [written(value) for value in told]


def test_similarity_by_distance(notebook: Notebook) -> None:
    panel = look_at(notebook, ROTARY_AT, "Similarity")
    chart = panel.get_by_role("application").nth(1)
    chart.focus()
    notebook.page.keyboard.press("End")
    place, value = panel.locator(".nbt-curve-values dd").all_inner_texts()
    far = int(place.replace(",", ""))
    assert value == written(notebook.python(f"float(rotary.by_distance()[1][{far}])"))
    assert far > 2_900


def test_what_a_head_of_the_decoder_adds(notebook: Notebook) -> None:
    panel = look_at(notebook, RELATIVE_AT, "By query and key")
    panel.get_by_role("button", name="decoder", exact=True).click()
    panel.get_by_role("button", name="Head 2", exact=True).click()
    panel.get_by_role("application").focus()
    notebook.page.mouse.move(0, 0)
    for key in ("ArrowDown", "ArrowDown", "ArrowDown"):
        notebook.page.keyboard.press(key)
    readout = panel.locator(".nbt-positions-readout")
    expect(readout).to_contain_text("query 3, key 0")
    expect(readout).to_contain_text("distance −3")
    value = notebook.python("float(relative['decoder'].similarity(2)[3, 0])")
    expect(readout.locator(".nbt-value-big")).to_have_text(written(value))


def test_how_alike_the_vectors_of_two_distances_are(notebook: Notebook) -> None:
    panel = look_at(notebook, DISTANCES_AT, "Similarity")
    panel.get_by_role("button", name="learned distance", exact=True).click()
    expect(panel.get_by_text("distances −31 to 31, down and across")).to_be_visible()
    panel.get_by_role("application").first.focus()
    notebook.page.mouse.move(0, 0)
    for key in ("ArrowDown", "ArrowDown", "ArrowDown"):
        notebook.page.keyboard.press(key)
    readout = panel.locator(".nbt-positions-readout")
    expect(readout).to_contain_text("distance −28, distance −31")
    expect(readout).to_contain_text("apart by 3")
    value = notebook.python("float(distances['learned distance'].similarity()[3, 0])")
    expect(readout.locator(".nbt-value-big")).to_have_text(written(value))


def saved(notebook: Notebook, panel: Any, kind: str, folder: Path) -> Path:
    """The picture of what a panel shows, as the browser saves it."""
    with notebook.page.expect_download() as download:
        panel.get_by_role("button", name=f"Picture as {kind}", exact=True).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def texts_of(picture: Path) -> list[str | None]:
    """What is written in an SVG."""
    return [text.text for text in ElementTree.parse(picture).getroot().iter("{http://www.w3.org/2000/svg}text")]


def test_what_is_seen_is_saved_with_the_numbers_beside_it(notebook: Notebook, tmp_path: Path) -> None:
    panel = look_at(notebook, LEARNED_AT, "Heat map")
    panel.get_by_role("application").focus()
    notebook.page.keyboard.press("0")
    panel.get_by_role("button", name="Export", exact=True).click()
    written = texts_of(saved(notebook, panel, "SVG", tmp_path))
    assert {"0", "50", "100"} <= set(written) and 10 < len(written) < 60
    last = max(notebook.python("list(learned.values.shape)"))
    assert max(int(number.replace(",", "")) for number in written if number) < last
    shown = panel.locator(".nbt-plane canvas").first.evaluate("canvas => [canvas.height, canvas.width]")
    picture = imread(saved(notebook, panel, "seen", tmp_path))
    assert list(picture.shape[:2]) == shown
    # Curves are drawn by the page's style sheet, which a file does not have.
    look_at(notebook, LEARNED_AT, "Curves by dimension")
    chart = panel.locator(".nbt-curves svg").bounding_box()
    picture = imread(saved(notebook, panel, "seen", tmp_path))
    assert picture.shape[:2] == (round(chart["height"]), round(chart["width"]))
    assert len({tuple(pixel) for pixel in (picture[:, 60:, :3] * 255).astype(int).reshape(-1, 3).tolist()}) > 50
    assert "position" in texts_of(saved(notebook, panel, "SVG", tmp_path))
    # Below each other.
    look_at(notebook, LEARNED_AT, "Similarity")
    heights = [panel.locator(one).first.bounding_box()["height"] for one in (".nbt-plane", ".nbt-curves svg")]
    assert imread(saved(notebook, panel, "seen", tmp_path)).shape[0] == pytest.approx(sum(heights) + 12, abs=1)
    panel.get_by_role("button", name="Export", exact=True).click()


def test_numbers_and_figures_are_written_into_files(notebook: Notebook, lab: JupyterServer) -> None:
    panel = look_at(notebook, ROTARY_AT, "Heat map")
    panel.get_by_role("button", name="Sine", exact=True).click()
    panel.get_by_role("button", name="Export", exact=True).click()
    written = panel.locator(".nbt-export-said strong")
    for kind, name in (("NPZ", "positions.npz"), ("CSV", "positions-sin.csv"), ("PNG", "positions-sin.png")):
        panel.get_by_role("button", name=kind, exact=True).click()
        expect(written).to_contain_text(name, timeout=30_000)
        path = lab.root / written.inner_text()
        if kind == "CSV":
            table = pd.read_csv(path, index_col="position")
            told = notebook.python("rotary[0].sin[1234].tolist()")
            assert table.loc[1234].tolist() == pytest.approx(told, abs=1e-6)
        elif kind == "NPZ":
            with np.load(path) as arrays:
                shapes = {name: array.shape for name, array in arrays.items()}
            assert shapes == {"positions": (3000,), "cos": (3000, 16), "sin": (3000, 16), "frequencies": (16,)}
        else:
            assert imread(path).shape[1] > 1_000
    panel.get_by_role("button", name="Export", exact=True).click()
    panel.get_by_role("button", name="Cosine", exact=True).click()


def test_what_is_saved_is_pictures_and_small(notebook: Notebook) -> None:
    notebook.save()
    notebook.page.wait_for_timeout(500)
    cells = json.loads(notebook.path.read_text(encoding="utf-8"))["cells"]
    for number in (FORMULA_AT, LEARNED_AT, ROTARY_AT, RELATIVE_AT):
        html = "".join("".join(output.get("data", {}).get("text/html", "")) for output in cells[number]["outputs"])
        assert html.count("data:image/png") >= 2 and len(html) < 60_000
        assert len(json.dumps(cells[number])) < 70_000
