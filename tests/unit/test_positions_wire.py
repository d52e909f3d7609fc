"""Positions as bytes: held to the golden file, small at any length, exact where the panel asks; and as static HTML."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from payloads import MARKUP
from test_vector_snapshot import Reader
from test_vector_wire import asked, sections

from nbtransformers.engine.positions import positions
from nbtransformers.errors import UserError
from nbtransformers.panels.positions.actions import actions
from nbtransformers.panels.positions.methods import methods
from nbtransformers.panels.positions.snapshot import positions_snapshot
from nbtransformers.panels.positions.wire import positions_header
from nbtransformers.request import PositionsRequest
from nbtransformers.results.positions import (
    DistanceEncoding,
    Encoding,
    Positions,
    RelativeEncoding,
    RotaryEncoding,
    TableEncoding,
)

GOLDEN = json.loads(Path(__file__).parent.parent.joinpath("golden", "positions.json").read_text(encoding="utf-8"))
BIAS = np.array([[-2, 0.5], [-1, 0.25], [0, 0.125], [1, -0.25], [2, -0.5]], np.float32)


def made(*encodings: Encoding, **facts: Any) -> Positions:
    return Positions(PositionsRequest(), encodings, **facts)


def rotary(length: int, pairs: int, **facts: Any) -> RotaryEncoding:
    frequencies = (10_000.0 ** (-np.arange(pairs) / pairs)).astype(np.float32)
    angles = np.arange(length, dtype=np.float32)[:, None] * frequencies
    own: dict[str, Any] = {
        "frequencies": frequencies,
        "cos": np.cos(angles),
        "sin": np.sin(angles),
        "formula": ("turned", "θ"),
    }
    return RotaryEncoding(name="", form="rotary", positions=np.arange(length), **{**own, **facts})


def learned(length: int, dim: int) -> TableEncoding:
    table = np.random.default_rng(0).normal(size=(length, dim)).astype(np.float32)
    return TableEncoding(
        name="", form="learned", positions=np.arange(length), formula=("E",), source="wpe", table=table
    )


def relative(bias: Any, first: int, **facts: Any) -> RelativeEncoding:
    own: dict[str, Any] = {"name": "", "formula": ("score",), "source": "block.0"}
    return RelativeEncoding(
        form="relative", positions=np.arange(first, first + len(bias)), bias=bias, **{**own, **facts}
    )


def golden(name: str) -> Positions:
    """The result that a golden case tells of."""
    if name == "sinusoidal":
        return positions(PositionsRequest(length=6, dim=4), {})
    if name == "relative":
        return made(relative(BIAS, -2), model="a-model")
    frequencies = np.array([1.0, 0.01], np.float32)
    angles = np.arange(6, dtype=np.float32)[:, None] * frequencies
    turned = rotary(6, 2, frequencies=frequencies, cos=np.cos(angles), sin=np.sin(angles), source="rotary_emb")
    return made(turned, model="a-model")


@pytest.mark.parametrize("name", GOLDEN)
def test_the_wire_is_that_of_the_golden_file(name: str) -> None:
    stored, (header, payload) = GOLDEN[name], positions_header(golden(name))
    (own,), (expected,) = header["encodings"], stored["header"]["encodings"]
    assert own.pop("most") == pytest.approx(expected.pop("most"), abs=1e-5)
    assert own == expected
    for key in ("version", "kind", "title", "subtitle", "rows", "inline", "notes"):
        assert header[key] == stored["header"][key], key
    assert [one["name"] for one in header["sections"]] == [one["name"] for one in stored["header"]["sections"]]
    found = sections(header["sections"], payload)
    kept = sections(stored["header"]["sections"], base64.b64decode(stored["payload_base64"]))
    for key, values in kept.items():
        assert found[key].dtype == values.dtype and found[key].shape == values.shape, key
        np.testing.assert_allclose(found[key], values, atol=1e-6, err_msg=key)


SIZES = [(1, 1), (1, 768), (2, 2), (512, 384), (2_048, 768), (30_000, 16), (2, 4_096), (131_072, 64)]


@pytest.mark.parametrize(("length", "columns"), SIZES)
def test_a_payload_is_bounded_whatever_the_length(length: int, columns: int) -> None:
    for one in (learned(length, columns), rotary(length, max(1, columns // 2))):
        header, payload = positions_header(made(one))
        assert len(payload) < 180_000 and len(json.dumps(header)) < 8_000
    several = made(
        *(relative(np.ones((2 * min(length, 2_000) - 1, 12), np.float32), 1 - min(length, 2_000)) for _ in range(8))
    )
    header, payload = positions_header(several)
    assert len(payload) < 180_000
    assert len(positions_snapshot("p", several)) < 100_000


def test_what_is_sampled_are_numbers_of_the_table() -> None:
    one = learned(1_000, 300)
    header, payload = positions_header(made(one))
    found, (facts,) = sections(header["sections"], payload), header["encodings"]
    down, across = facts["step"]
    assert down > 1 and across > 1
    np.testing.assert_array_equal(found["0_value"], one.table[::down, ::across])
    some = slice(None, None, facts["alike_step"])
    np.testing.assert_allclose(found["0_alike"], one.similarity()[some, some], atol=1e-6)
    np.testing.assert_array_equal(found["0_curves"], one.table[:: facts["curve_step"], facts["curves"]].T)


# --- questions ---


@pytest.mark.parametrize("picture", ["cos", "sin", "angle", "alike"])
def test_a_tile_is_exact_where_it_is_fine_enough(picture: str) -> None:
    one = rotary(400, 32)
    whole = one.similarity() if picture == "alike" else one.picture(picture)  # pyright: ignore[reportArgumentType]
    ask = methods(made(one))
    answer = asked(ask, "tile", encoding=0, picture=picture, rows=[100, 140, 40], columns=[3, 9, 6])
    np.testing.assert_allclose(answer["values"], whole[100:140, 3:9], atol=1e-6)
    assert answer["row_starts"].tolist() == list(range(100, 141))
    answer = asked(ask, "tile", encoding=0, picture=picture, rows=[0, 400, 100], columns=[0, 32, 32])
    np.testing.assert_allclose(answer["values"], whole[::4, :32], atol=1e-6)
    assert answer["row_starts"].tolist() == [*range(0, 400, 4), 400]


def test_a_tile_of_what_a_head_adds() -> None:
    one = relative(BIAS, -2)
    answer = asked(methods(made(one)), "tile", encoding=0, picture="alike", head=1, rows=[0, 3, 3], columns=[0, 3, 3])
    np.testing.assert_array_equal(answer["values"], one.similarity(1))


def test_curves_are_columns() -> None:
    one = learned(2_000, 40)
    answer = asked(methods(made(one)), "curves", encoding=0, picture="value", columns=[7, 39])
    np.testing.assert_array_equal(answer["values"], one.table[:: answer["step"], [7, 39]].T)


# --- files ---


def written(result: Positions, folder: Path, **params: Any) -> Path:
    return folder / actions(result, None)["export"]({"encoding": 0, **params})[0]["name"]  # pyright: ignore[reportArgumentType]


def test_all_numbers_are_written_as_arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    one = rotary(9, 3)
    path = written(made(one, model="a/model"), tmp_path, what="npz", picture="cos")
    assert path.name == "a-model-positions.npz"
    with np.load(path) as arrays:
        assert set(arrays) == {"positions", "cos", "sin", "frequencies"}
        np.testing.assert_array_equal(arrays["cos"], one.cos)
        np.testing.assert_array_equal(arrays["positions"], np.arange(9))
    several = made(*(relative(BIAS + number, -2, name=name) for number, name in enumerate(("encoder", "decoder"))))
    with np.load(written(several, tmp_path, what="npz")) as arrays:
        np.testing.assert_array_equal(arrays["decoder_bias"], BIAS + 1)
        assert arrays["encoder_positions"].tolist() == [-2, -1, 0, 1, 2]


def test_a_picture_is_written_as_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    one, head = rotary(9, 3), relative(BIAS, -2)
    path = written(made(one), tmp_path, what="csv", picture="sin")
    assert path.name == "sinusoidal-positions-sin.csv"
    table = pd.read_csv(path, index_col="position")
    np.testing.assert_allclose(table.to_numpy(), one.sin, atol=1e-6)
    assert written(made(one), tmp_path, what="csv", picture="sin").name == "sinusoidal-positions-sin-2.csv"
    table = pd.read_csv(written(made(head), tmp_path, what="csv", picture="alike", head=1), index_col="query")
    np.testing.assert_allclose(table.to_numpy(), head.similarity(1), atol=1e-6)
    monkeypatch.setattr("nbtransformers.panels.export._CSV_NUMBERS", 20)
    with pytest.raises(UserError, match="As CSV these are 9 × 3 numbers") as caught:
        written(made(one), tmp_path, what="csv", picture="cos")
    assert "positions[0].picture('cos')" in str(caught.value)


@pytest.mark.parametrize("kind", ["png", "svg"])
@pytest.mark.parametrize("picture", ["bias", "alike"])
def test_a_picture_is_written_as_a_figure(
    kind: str, picture: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = made(relative(BIAS, -2), model="m")
    first, other = (written(result, tmp_path, what=kind, picture=picture, head=head) for head in (0, 1))
    assert first.read_bytes().startswith(b"\x89PNG" if kind == "png" else b"<?xml")
    assert first.name == f"m-positions-{'similarity-head-0' if picture == 'alike' else 'bias'}.{kind}"
    if kind == "png":
        # Each head's matrix is its own; all heads are columns of the one bias.
        assert (first.read_bytes() != other.read_bytes()) == (picture == "alike")


def test_vectors_of_distances_are_told_by_their_distances(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    table = np.random.default_rng(0).normal(size=(7, 4)).astype(np.float32)
    one = DistanceEncoding(name="", form="learned", positions=np.arange(-3, 4), formula=("r",), source="r", table=table)
    result = made(one, model="m")
    (facts,) = positions_header(result)[0]["encodings"]
    assert (facts["row"], facts["first"], facts["rows"], facts["side"]) == ("distance", -3, 7, 7)
    assert facts["told"] == "learned · 7 distances × 4 dimensions"
    alike = pd.read_csv(written(result, tmp_path, what="csv", picture="alike"), index_col="distance")
    assert alike.index.tolist() == list(range(-3, 4)) and alike.columns.tolist() == [str(at) for at in range(-3, 4)]
    np.testing.assert_allclose(alike.to_numpy(), one.similarity(), atol=1e-6)
    axes = result.plot(picture="similarity")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("distance", "distance")
    assert axes.get_images()[0].get_extent() == [-3.5, 3.5, 3.5, -3.5]
    seen = Reader(positions_snapshot("p", result))
    assert "A row a distance, from -3 to 3" in seen.text and "How alike distances are" in seen.text


def test_no_file_is_written_of_nothing() -> None:
    for params, said in (
        ({"what": "exe", "picture": "value"}, "There is no file of kind exe to write."),
        ({"what": "csv", "picture": "cos"}, "There is no picture 'cos'."),
        ({"what": "csv", "picture": "alike", "head": 9}, "There is no head 9."),
        ({"what": "npz", "encoding": 4}, "There is no encoding 4."),
    ):
        with pytest.raises(UserError, match=said):
            written(made(learned(4, 4)), Path(), **params)


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("tile", {"encoding": 3, "picture": "value", "rows": [0, 1, 1], "columns": [0, 1, 1]}, "There is no encoding 3."),
    ("tile", {"encoding": 0, "picture": "cos", "rows": [0, 1, 1], "columns": [0, 1, 1]}, "There is no picture 'cos'."),
    ("tile", {"encoding": 0, "picture": "value", "rows": [5, 2, 1], "columns": [0, 1, 1]}, "[5, 2, 1] is no stretch"),
    ("tile", {"encoding": 0, "picture": "value", "rows": "all", "columns": [0, 1, 1]}, "'all' is no stretch"),
    ("curves", {"encoding": 0, "picture": "value", "columns": [99]}, "There is no dimension 99."),
]


@pytest.mark.parametrize(("question", "params", "said"), WRONG)
def test_a_question_that_makes_no_sense_is_refused(question: str, params: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as caught:
        methods(made(learned(4, 4)))[question](params)
    assert str(caught.value).startswith(said)


# --- static ---


def test_markup_in_names_stays_text() -> None:
    marked = made(
        relative(BIAS, -2, name=MARKUP[2], source=MARKUP[2], formula=(MARKUP[2],)), model=MARKUP[2], notes=(MARKUP[2],)
    )
    seen = Reader(positions_snapshot("p", marked))
    assert seen.elements <= {"style", "div", "p", "strong", "span", "code", "img", "table", "tr", "th", "td"}
    assert not {name for name in seen.attributes if name.startswith("on")}
    assert seen.text.count(MARKUP[2]) >= 4


@pytest.mark.parametrize("name", GOLDEN)
def test_a_snapshot_has_the_formula_the_pictures_and_the_numbers(name: str) -> None:
    result = golden(name)
    html = positions_snapshot("p", result)
    seen = Reader(html)
    assert html.count("data:image/png;base64,") == 2
    for line in result.encodings[0].formula:
        assert line in seen.text
    distances, values = result.by_distance()
    assert f"{values[np.abs(distances) == 1][0]:.3f}" in seen.text
