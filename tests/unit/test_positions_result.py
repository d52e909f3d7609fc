"""Encodings of positions: the formula by hand, what is alike, the magic, and what a notebook keeps of it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import Terminal, bert_config, llama_config
from hypothesis import given
from hypothesis import strategies as st

import nbtransformers as nbt
from nbtransformers.engine.positions import positions
from nbtransformers.request import ModelRef, PositionsRequest
from nbtransformers.results.positions import Positions, RelativeEncoding, RotaryEncoding, TableEncoding


def formula(length: int = 16, dim: int = 8) -> Positions:
    return positions(PositionsRequest(length=length, dim=dim), {})


def relative(bias: np.ndarray, first: int) -> RelativeEncoding:
    return RelativeEncoding(
        name="", form="relative", positions=np.arange(first, first + len(bias)), formula=("b",), bias=bias
    )


# --- the formula ---


def test_the_table_is_the_formula_by_hand() -> None:
    """Vaswani et al. (2017), section 3.5, worked out for four dimensions."""
    expected = [
        [0.0, 1.0, 0.0, 1.0],
        [0.8414709848, 0.5403023059, 0.0099998333, 0.9999500004],
        [0.9092974268, -0.4161468365, 0.0199986667, 0.9998000067],
    ]
    np.testing.assert_allclose(formula(3, 4).values, expected, atol=1e-7)


@given(position=st.integers(0, 3_000), dim=st.integers(1, 40).map(lambda pairs: 2 * pairs), data=st.data())
def test_any_number_of_it_is_the_formula(position: int, dim: int, data: st.DataObject) -> None:
    column = data.draw(st.integers(0, dim - 1))
    angle = position / 10_000 ** (2 * (column // 2) / dim)
    expected = math.cos(angle) if column % 2 else math.sin(angle)
    assert formula(position + 1, dim).values[position, column] == pytest.approx(expected, abs=1e-6)


def test_its_products_depend_on_the_distance_alone() -> None:
    """PE(p) · PE(p + k) is the sum of cos(k θ): what makes the formula of use to attention."""
    result = formula(40, 16)
    frequencies = 10_000.0 ** (-np.arange(0, 16, 2) / 16)
    for far in (0, 1, 7, 39):
        expected = np.cos(far * frequencies).mean()
        np.testing.assert_allclose(np.diagonal(result.similarity(), far), expected, atol=1e-5)
        assert result.by_distance()[1][far] == pytest.approx(expected, abs=1e-5)


# --- what is alike ---


@given(length=st.integers(1, 40), dim=st.integers(1, 12), seed=st.integers(0, 99))
def test_by_distance_is_the_mean_over_the_pairs(length: int, dim: int, seed: int) -> None:
    table = np.random.default_rng(seed).normal(size=(length, dim)).astype(np.float32)
    one = TableEncoding(name="", form="learned", positions=np.arange(length), formula=("E",), table=table)
    matrix = one.similarity()
    distances, means = one.by_distance()
    np.testing.assert_allclose(np.diagonal(matrix), 1, atol=1e-5)
    np.testing.assert_allclose(means, [np.diagonal(matrix, far).mean() for far in distances], atol=1e-4)


def test_a_row_of_zeros_is_like_nothing() -> None:
    table = np.array([[0, 0], [3, 4]], np.float32)
    one = TableEncoding(name="", form="learned", positions=np.arange(2), formula=("E",), table=table)
    np.testing.assert_allclose(one.similarity(), [[0, 0], [0, 1]], atol=1e-6)


def test_what_a_head_adds_stands_where_query_and_key_are_so_far_apart() -> None:
    bias = np.array([[-2.0, 7], [-1, 7], [0, 7], [1, 7], [2, 7]], np.float32)
    assert relative(bias, -2).similarity(0).tolist() == [[0, 1, 2], [-1, 0, 1], [-2, -1, 0]]
    causal = relative(bias[:3], -2).similarity(0)
    np.testing.assert_array_equal(causal, [[0, np.nan, np.nan], [-1, 0, np.nan], [-2, -1, 0]])


def test_pictures_of_rotations() -> None:
    angles = np.arange(5, dtype=np.float32)[:, None] * np.array([1, 0.1], np.float32)
    one = RotaryEncoding(
        name="",
        form="rotary",
        positions=np.arange(5),
        formula=("R",),
        cos=np.cos(angles),
        sin=np.sin(angles),
        frequencies=np.array([1, 0.1], np.float32),
    )
    np.testing.assert_allclose(one.angles, angles, rtol=1e-6)
    np.testing.assert_allclose(one.picture("sin", [2], [1]), [[math.sin(0.2)]], rtol=1e-6)
    expected = [(math.cos(far) + math.cos(0.1 * far)) / 2 for far in range(5)]
    np.testing.assert_allclose(one.by_distance()[1], expected, atol=1e-6)
    np.testing.assert_allclose(one.similarity()[4], expected[::-1], atol=1e-6)


def test_a_picture_or_a_head_that_is_not_there_is_told() -> None:
    turned = RotaryEncoding(
        name="",
        form="rotary",
        positions=np.arange(2),
        formula=("r",),
        cos=np.ones((2, 1), np.float32),
        sin=np.zeros((2, 1), np.float32),
        frequencies=np.zeros(1, np.float32),
    )
    for call, said in (
        (lambda: turned.to_pandas("sine"), "There is no picture 'sine'. Did you mean sin?"),  # pyright: ignore
        (lambda: formula().encodings[0].to_pandas("cos"), "There is no picture 'cos'. There is value."),
        (lambda: relative(np.zeros((3, 2), np.float32), -2).similarity(2), "There is no head 2."),
        (lambda: relative(np.zeros((3, 2), np.float32), -2).by_distance(-3), "There is no head -3."),
    ):
        with pytest.raises(nbt.UserError) as caught:
            call()
        assert str(caught.value).startswith(said)


def test_a_matrix_that_no_memory_holds_is_refused() -> None:
    with pytest.raises(nbt.UserError, match=r"20,000 × 20,000 positions would take 1\.5 GiB"):
        formula(20_000, 2).similarity()


# --- models ---


def test_the_bundled_encoder_has_learned_its_positions() -> None:
    result = nbt.positions("minilm")
    (one,) = result.encodings
    assert (one.form, one.values.shape, one.source) == ("learned", (512, 384), "embeddings.position_embeddings")
    assert result.by_distance()[1][1] > 0.8
    assert nbt.positions("minilm", length=20).values.shape == (20, 384)


def test_a_model_of_ones_own_needs_no_tokenizer() -> None:
    from transformers import LlamaModel

    model = LlamaModel(llama_config())
    (one,) = nbt.positions(model, length=10).encodings
    assert one.form == "rotary" and one.values.shape == (10, 4)
    assert nbt.positions(model).values.shape == (32, 4)


def test_an_encoding_is_found_by_number_and_name() -> None:
    from transformers import T5Config, T5Model

    sizes: dict[str, Any] = {"d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 2, "num_heads": 2, "vocab_size": 99}
    result = nbt.positions(T5Model(T5Config(**sizes)))
    assert result[1] is result["decoder"] is result[-1]
    assert result["encoder"].values.shape == (255, 2) and result["decoder"].values.shape == (128, 2)
    with pytest.raises(nbt.UserError) as caught:
        result["middle"]
    assert str(caught.value) == "There is no encoding 'middle'. There is 'encoder', 'decoder'."


def test_of_roberta_the_rows_of_no_position_are_left_out() -> None:
    from transformers import RobertaConfig, RobertaModel

    sizes: dict[str, Any] = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    model = RobertaModel(RobertaConfig(vocab_size=99, max_position_embeddings=20, pad_token_id=1, **sizes))
    result = nbt.positions(model)
    np.testing.assert_array_equal(result.values, model.embeddings.position_embeddings.weight.detach().numpy()[2:])
    assert result.notes == ("The first 2 rows of its table are of no position: position 0 is row 2.",)


# --- for people ---


def test_a_table_has_its_positions_and_dimensions() -> None:
    frame = formula(5, 4).to_pandas()
    assert (frame.index.name, frame.columns.name, frame.shape) == ("position", "dimension", (5, 4))
    assert formula(5, 4).to_pandas([1, 3]).index.tolist() == [1, 3]
    frame = relative(np.ones((3, 2), np.float32), -2).to_pandas()
    assert (frame.index.name, frame.columns.name, frame.index.tolist()) == ("distance", "head", [-2, -1, 0])


@pytest.mark.parametrize("picture", [None, "similarity", "value"])
def test_a_figure_is_drawn(picture: str | None) -> None:
    axes = formula(2_000, 4).plot(picture=picture)
    (image,) = axes.get_images()
    drawn: Any = image.get_array()
    assert drawn.shape == ((1_024, 1_024) if picture == "similarity" else (1_024, 4))
    assert axes.get_title(loc="left") == "The sinusoidal formula · sinusoidal"


def test_in_a_terminal_it_is_told_in_lines(terminal: Terminal) -> None:
    printed = terminal.printed("%positions --length 4 --dim 2")
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    assert lines[1:5] == [
        "The sinusoidal formula",
        "sinusoidal · 4 positions × 2 dimensions",
        "PE(p, 2i) = sin(p / 10000^(2i/d))",
        "PE(p, 2i+1) = cos(p / 10000^(2i/d))",
    ]
    assert "0   1.0000" in lines


# --- the magic ---


def test_the_magic_gives_what_the_function_gives(terminal: Terminal) -> None:
    result = terminal.run("%positions --length 12 --dim 6 --out kept")
    np.testing.assert_array_equal(result.values, nbt.positions(length=12, dim=6).values)
    assert terminal.run("kept") is result
    assert terminal.run("%positions --model minilm --length 8").model == "minilm"
    assert terminal.run("%positions --length 3;") is None


def test_a_default_model_is_looked_at_unless_dimensions_are_asked_for(terminal: Terminal) -> None:
    terminal.run("%nbt set model minilm")
    try:
        assert terminal.run("%positions --length 8").model == "minilm"
        assert terminal.run("%positions --length 8 --dim 4").model == ""
    finally:
        terminal.run("%nbt unset model")
    assert terminal.run("%positions").values.shape == (128, 64)


def test_its_options_are_completed(terminal: Terminal) -> None:
    from nbtransformers.magics.complete import complete

    def offered(line: str) -> list[str]:
        done = complete([line], 0, len(line), terminal.shell)
        assert done is not None
        return [one.text for one in done.suggestions]

    assert {"--length", "--dim", "--model", "--out"} <= set(offered("%positions --"))
    assert "minilm" in offered("%positions --model mi")
    assert "--tokenizer" not in offered("%positions --")


def test_a_request_is_written_and_read_back() -> None:
    request = PositionsRequest(model=ModelRef("folder", "/m"), length=9)
    assert PositionsRequest.from_json(request.to_json()) == request


def test_a_folder_is_looked_at(models: Path) -> None:
    result = nbt.positions(models / "encoder")
    assert result.values.shape == (bert_config().max_position_embeddings, 16)
    assert result.recipe is not None and result.recipe.place is not None


def test_interrupted_or_not_a_model_is_left_as_it_was() -> None:
    import torch
    from transformers import LlamaModel

    model: Any = LlamaModel(llama_config()).train()
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    nbt.positions(model, length=1_000)
    assert model.training and model.rotary_emb.max_seq_len_cached == 32
    for name, buffer in model.named_buffers():
        assert torch.equal(before[name], buffer)
