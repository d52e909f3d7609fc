"""Filled masks: which tokens are meant, what a result tells, and what becomes of rows that cannot be filled."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from filled import filling
from helpers import Terminal

import nbtransformers as nbt
from nbtransformers.interrupt import stopped_by
from nbtransformers.request import DataRef, FillRequest, ModelRef
from nbtransformers.results.filling import Filling

SEVERAL = filling(
    ["Paris is the [MASK] of France.", "A [MASK] \x1b[31mand [MASK]ing", "no mask", "un [MASK]"],
    [
        [[("capital", 0.75), ("heart", 0.125)]],
        [[("a", 0.5), ("b", 0.25)], [("s", 0.5), ("##t", 0.25)]],
        None,
        [[("##able", 0.5), ("##", 0.25)]],
    ],
    index=list("wxyz"),
)


def test_a_request_is_read_back_as_it_was_written() -> None:
    request = FillRequest(DataRef("lines", "a <mask>"), ModelRef("hub", "a/b"), top_k=3, targets=("good", "bad"))
    assert FillRequest.from_json(request.to_json()) == request


def test_a_result_as_a_table_has_a_row_a_filling() -> None:
    table = SEVERAL.to_pandas()
    assert list(table) == ["row", "mask", "rank", "token", "score", "text"]
    assert table[table.row == "x"].to_dict("list") == {
        "row": ["x"] * 4,
        "mask": [0, 0, 1, 1],
        "rank": [1, 2, 1, 2],
        "token": ["a", "b", "s", "##t"],
        "score": [0.5, 0.25, 0.5, 0.25],
        "text": [
            "A a \x1b[31mand sing",
            "A b \x1b[31mand sing",
            "A a \x1b[31mand sing",
            "A a \x1b[31mandting",
        ],
    }
    assert SEVERAL.texts == ["Paris is the capital of France.", "A a \x1b[31mand sing", None, "unable"]
    assert SEVERAL.tokens[1] == [["a", "b"], ["s", "##t"]]
    assert [likely.tolist() for likely in SEVERAL.probabilities[0]] == [[0.75, 0.125]]
    assert SEVERAL.to_pandas([3]).token.tolist() == ["##able", "##"]


def test_a_result_is_printed_with_nothing_that_steers_a_terminal() -> None:
    text = str(SEVERAL)
    assert "\x1b" not in text and "capital, heart" in text
    assert "(no mask: write [MASK] where a word is missing) no mask" in text


def test_a_result_is_written_as_it_is_shown(tmp_path: Path) -> None:
    SEVERAL.to_parquet(tmp_path / "a.parquet")
    read = pd.read_parquet(tmp_path / "a.parquet")
    assert read.token.tolist() == SEVERAL.to_pandas().token.tolist()


@pytest.mark.parametrize("result", [SEVERAL, filling(["$ [MASK]"], [[[("$x$", 0.5), ("b", 0.25)]]]), filling([], [])])
def test_a_result_is_drawn(result: Filling) -> None:
    from matplotlib import pyplot as plt

    axes = result.plot()
    axes.figure.canvas.draw()  # pyright: ignore[reportAttributeAccessIssue]
    assert axes.get_xlabel()
    plt.close("all")


# --- through a model ---


@pytest.fixture(scope="module")
def masker(models: Path) -> str:
    return str(models / "masker")


def test_rows_that_cannot_be_filled_have_a_reason_and_nothing_is_lost(masker: str) -> None:
    texts = ["a [MASK]", "no mask", None, "", "a <mask> and [MASK]"]
    result = nbt.fill(texts, model=masker)
    assert dict(result.reasons) == {
        1: "no mask: write [MASK] where a word is missing",
        2: "missing",
        3: "empty",
    }
    assert list(result.prompts) == texts
    assert result.found.counts.tolist() == [1, 0, 0, 0, 2]
    assert "1 text has a mask as another model writes it: it was read as [MASK]." in result.notes
    assert any("filled independently" in note for note in result.notes)


def test_the_mask_of_another_model_is_as_good_as_its_own(masker: str) -> None:
    own, other = (nbt.fill(f"a {mask} film", model=masker) for mask in ("[MASK]", "<mask>"))
    assert own.tokens[0] == other.tokens[0] and own.texts == other.texts


def test_a_mask_that_is_cut_off_is_told(masker: str) -> None:
    long = "long " * 60 + "[MASK]"
    cut = nbt.fill(["a [MASK]", long], model=masker, long="truncate")
    assert dict(cut.reasons) == {1: "a mask stands beyond the 32 tokens that are read"}
    whole = nbt.fill(["a [MASK]", long], model=masker)
    assert not whole.reasons and whole.texts[1] is not None


def test_targets_are_ranked_among_themselves(masker: str) -> None:
    result = nbt.fill("a [MASK] film", model=masker, targets="good, bad", top_k=5)
    assert sorted(result.tokens[0][0]) == ["bad", "good"]
    everything = nbt.fill("a [MASK] film", model=masker, top_k=400)
    among = dict(zip(everything.tokens[0][0], everything.probabilities[0][0], strict=True))
    for token, likely in zip(result.tokens[0][0], result.probabilities[0][0], strict=True):
        assert likely == pytest.approx(among[token], rel=1e-4)
    assert float(np.sum(everything.probabilities[0][0])) == pytest.approx(1, rel=1e-4)


def test_an_interrupted_run_is_resumed_to_the_whole(masker: str) -> None:
    texts = [f"{'a ' * (row % 9)}[MASK] {row}" for row in range(40)]
    options = {"model": masker, "batch_tokens": 48, "threads": 1}
    whole = part = nbt.fill(texts, **options)
    for batches in range(4, 40, 3):  # the first that leave a part of the rows done
        asked = count()
        with stopped_by(lambda asked=asked, batches=batches: next(asked) > batches):
            part = nbt.fill(texts, **options)
        if part.done.any():
            break
    assert 0 < part.done.sum() < 40
    rest = nbt.resume(part)
    pd.testing.assert_frame_equal(rest.to_pandas(), whole.to_pandas(), rtol=1e-3)


def test_results_go_straight_to_a_file(masker: str, tmp_path: Path) -> None:
    texts = [f"a [MASK] {row}" for row in range(30)]
    nbt.fill(texts, model=masker, to=tmp_path / "f.parquet")
    read = pd.read_parquet(tmp_path / "f.parquet")
    assert read.token.tolist() == nbt.fill(texts, model=masker).to_pandas().token.tolist()


def test_the_magic_keeps_and_shows_its_result(terminal: Terminal, masker: str) -> None:
    shown = terminal.printed(f"%%fill -m {masker} -k 2 --out found\na [MASK] film\nno mask")
    assert "masker: 2 texts · not filled 1" in shown
    assert len(terminal.run("found.to_pandas()")) == 2
