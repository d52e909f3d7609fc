"""Embeddings and similarities as results: what they give, in Python and in a terminal, and what they refuse."""

from __future__ import annotations

import gc
import pickle
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
from helpers import Terminal, bert_config, tokenizer
from vectors import embeddings, near_topics, similarity, topical

import nbtransformers as nbt
from nbtransformers.errors import UserError
from nbtransformers.request import DataRef, EmbedRequest, SimilarRequest
from nbtransformers.results import similarity as module
from nbtransformers.results.embeddings import Embeddings
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.rows import NOT_DONE
from nbtransformers.results.similarity import Similarity

GIVE = "Give a text, a list of texts, or a vector."
FEW = ["A joy from start to end.", "Great fun.", "Dull.", "The parliament passed the budget."]


@pytest.fixture(scope="module")
def embedded() -> Embeddings:
    return nbt.embed([*FEW, None])


@pytest.fixture(scope="module")
def compared() -> Similarity:
    return nbt.similar([*FEW, None])


# --- requests ---


@pytest.mark.parametrize(
    "request_",
    [
        EmbedRequest(DataRef("lines", "a"), pooling="cls", normalize=False, prompt="q: ", dimensions=8),
        SimilarRequest(DataRef("lines", "a"), other=DataRef("file", "b.csv", column="c"), query="x", measure="dot"),
    ],
)
def test_a_request_is_read_as_it_was_written(request_: Any) -> None:
    assert type(request_).from_json(request_.to_json()) == request_


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"normalize": "no"}, "`normalize` is 'no'. Type True or False."),
        ({"prompt": 3}, '`prompt` is 3, not text. Type `prompt="query"`.'),
        ({"pooling": "last"}, "There is no pooling 'last'. Did you mean lasttoken?"),
    ],
)
def test_what_cannot_be_asked_for(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        nbt.embed(["a joy"], **given)
    assert str(caught.value) == message


# --- embeddings ---


def test_a_row_a_text(embedded: Embeddings) -> None:
    frame = embedded.to_pandas()
    assert (
        list(frame) == ["text", "vector", "reason"] and frame["vector"][4] is None and frame["reason"][4] == "missing"
    )
    np.testing.assert_array_equal(np.stack(frame["vector"][:4]), embedded.vectors[:4])
    assert embedded.to_pandas([2, 0])["text"].tolist() == ["Dull.", FEW[0]]
    assert embedded.embedded.tolist() == [True] * 4 + [False] and embedded.done.all()


def test_files_hold_the_vectors(embedded: Embeddings, tmp_path: Path) -> None:
    embedded.to_parquet(tmp_path / "e.parquet")
    field = pyarrow.parquet.read_schema(tmp_path / "e.parquet").field("vector")
    assert str(field.type) == "fixed_size_list<element: float>[384]"
    read = pd.read_parquet(tmp_path / "e.parquet")
    np.testing.assert_array_equal(np.stack(read["vector"][:4]), embedded.vectors[:4])
    assert read["vector"][4] is None
    embedded.to_csv(tmp_path / "e.csv")
    written = pd.read_csv(tmp_path / "e.csv")["vector"]
    np.testing.assert_array_equal(np.array(eval(written[0]), np.float32), embedded.vectors[0])


def test_the_nearest_to_a_text_are_those_to_its_vector(embedded: Embeddings) -> None:
    by_text = embedded.nearest("a happy film", k=2)
    assert list(by_text) == ["row", "score", "text"] and by_text["text"][0] == FEW[0]
    vector = nbt.embed(["a happy film"]).vectors[0]
    pd.testing.assert_frame_equal(embedded.nearest(vector, k=2), by_text)
    several = embedded.nearest(["a happy film", "a vote in parliament"], k=1)
    assert list(several) == ["query", "row", "score", "text"] and several["text"].tolist() == [FEW[0], FEW[3]]
    assert len(embedded.nearest("x", k=100)) == 4, "a text without a vector is near nothing"
    rows, _ = embedded.positions_of(0, 10)
    assert 0 not in rows and len(rows) == 3


def test_the_labels_of_the_input_are_kept() -> None:
    result = nbt.embed(pd.Series(FEW, index=list("abcd")))
    assert result.nearest("a vote in parliament", k=1)["row"].tolist() == ["d"]
    assert result.to_pandas().index.tolist() == list("abcd")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (3, "The query is 3, an int. Give a text, a list of texts, or a vector."),
        (
            [1.0, 2.0],
            "The query is neither text nor a vector of 384 numbers. Give a text, a list of texts, or a vector.",
        ),
        ([], "The query is neither text nor a vector of 384 numbers. Give a text, a list of texts, or a vector."),
        ("", "The query is '', which holds no text. Type `.nearest(\"a text\")`."),
    ],
)
def test_what_is_no_query(embedded: Embeddings, query: Any, message: str) -> None:
    with pytest.raises(UserError) as caught:
        embedded.nearest(query)
    assert str(caught.value) == message


def test_a_result_by_hand_has_no_model() -> None:
    with pytest.raises(UserError, match="This result has no model to embed a query with"):
        embeddings(topical(3), embed=None).nearest("a text")


def test_a_query_needs_its_model_again() -> None:
    from transformers import BertModel

    model: Any = BertModel(bert_config()).eval()
    result = nbt.embed(["a joy", "too long"], model=model, tokenizer=tokenizer())
    held = tokenizer()
    result = nbt.embed(["a joy", "too long"], model=model, tokenizer=held)
    assert result.nearest("a joy", k=1)["text"].tolist() == ["a joy"]
    again = pickle.loads(pickle.dumps(result))
    np.testing.assert_array_equal(again.vectors, result.vectors)
    for one in (again, result):
        if one is result:
            del model
            gc.collect()
        with pytest.raises(UserError, match="The model model is not there any more"):
            one.nearest("a joy")


def test_a_query_loads_its_model_again_after_unloading() -> None:
    result = nbt.embed(FEW)
    nbt.unload()
    assert result.nearest("a vote in parliament", k=1)["text"].tolist() == [FEW[3]]


def test_a_model_for_something_else_is_refused(tmp_path: Path) -> None:
    from oracle.tiny import save_tiny
    from transformers import AutoConfig, AutoModelForSeq2SeqLM

    folder = save_tiny("t5", tmp_path)
    AutoModelForSeq2SeqLM.from_config(AutoConfig.from_pretrained(folder)).save_pretrained(folder)
    with pytest.raises(UserError, match=r"is for conditional generation \(T5\w+\), not an encoder"):
        nbt.embed(["a joy"], model=str(folder))


def test_a_width_that_is_another_than_the_configuration_says() -> None:
    from transformers import BertModel

    model: Any = BertModel(bert_config()).eval()
    model.config.hidden_size = 48
    with pytest.raises(UserError, match=r"^model gives vectors of 16 numbers, and its configuration says 48\."):
        nbt.embed(["a joy"], model=model, tokenizer=tokenizer())


# --- similarities ---


def test_the_matrix_and_its_parts(compared: Similarity) -> None:
    matrix = compared.matrix
    assert matrix.dtype == np.float32 and matrix.shape == (5, 5) and np.isnan(matrix[4]).all()
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_allclose(np.diag(matrix)[:4], 1, atol=1e-6)
    np.testing.assert_allclose(compared.matrix_block([3, 1], [0]), matrix[[3, 1], :1], atol=1e-6)
    frame = compared.matrix_to_pandas()
    assert frame.shape == (5, 5) and frame.loc["Dull.", "Great fun."] == matrix[2, 1]
    assert compared.matrix is matrix, "it is made once"


def test_a_matrix_too_large_is_refused_and_its_parts_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_MATRIX", 4 * 30 * 30)
    result = similarity(embeddings(topical(31)))
    with pytest.raises(UserError) as caught:
        _ = result.matrix
    assert str(caught.value) == (
        "The matrix of 31 × 31 texts would take 4 KiB. "
        "Take `.nearest(query)`, `.pairs(100)`, or a part of it: `.matrix_block(range(1000))`."
    )
    assert result.matrix_block().shape == (31, 31)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda result: result.pairs(-1), "`k` is -1. Type a whole number of 1 or more: `k=1`."),
        (lambda result: result.pairs(0), "`k` is 0. Type a whole number of 1 or more: `k=1`."),
        (lambda result: result.pairs(1.5), "`k` is 1.5. Type a whole number of 1 or more: `k=1`."),
        (lambda result: result.pairs(True), "`k` is True. Type a whole number of 1 or more: `k=1`."),
        (lambda result: result.nearest(near_topics(1)[0], 0), "`k` is 0. Type a whole number of 1 or more: `k=1`."),
        (lambda result: result.nearest("a", k=-3), "`k` is -3. Type a whole number of 1 or more: `k=1`."),
        (lambda result: result.embeddings.nearest("a", k=0), "`k` is 0. Type a whole number of 1 or more: `k=1`."),
        (lambda result: result.clusters(0), "`number` is 0. Type a whole number of 1 or more: `number=1`."),
        (lambda result: result.matrix_block([0, 99]), "The matrix has no row 99. It has 3, from 0."),
        (lambda result: result.matrix_block(None, [-3]), "The matrix has no column -3. It has 2, from 0."),
    ],
)
def test_numbers_that_mean_nothing_are_refused(wrong: Callable[[Similarity], Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        wrong(similarity(embeddings(topical(3)), embeddings(topical(2))))
    assert str(caught.value) == message


def test_numbers_of_numpy_are_numbers_too() -> None:
    result = similarity(embeddings(topical(5)))
    assert len(result.pairs(np.int64(2))) == 2  # pyright: ignore[reportArgumentType]
    np.testing.assert_allclose(result.matrix_block([-1], [-5]), result.matrix[4:, :1], atol=1e-6)


def test_the_map_of_a_similarity_is_that_of_its_texts() -> None:
    result = similarity(embeddings([*topical(5), None]), embeddings(topical(2)))
    assert result.map().shape == (6, 2) and np.isnan(result.map()[5]).all()
    np.testing.assert_array_equal(result.map(), result.embeddings.map("pca"))


def test_pairs_of_one_list_and_of_two(compared: Similarity) -> None:
    pairs = compared.pairs(2)
    assert list(pairs) == ["row", "other", "score", "text", "other_text"]
    matrix = compared.matrix.copy()
    matrix[np.tril_indices(5)] = -np.inf
    best = np.unravel_index(np.nan_to_num(matrix, nan=-np.inf).argmax(), matrix.shape)
    assert (pairs["row"][0], pairs["other"][0]) == best and pairs["score"][0] == pytest.approx(matrix[best])
    crosswise = nbt.similar(FEW, pd.Series(["fun", "a vote in parliament"], index=["f", "p"]))
    assert (
        crosswise.shape == (4, 2) and crosswise.matrix.argmax() == 2 and crosswise.pairs(1)["other"].tolist() == ["f"]
    )
    frame = crosswise.to_pandas()
    assert list(frame) == ["text", "nearest", "score", "nearest_text", "reason"]
    assert frame["nearest"].tolist()[1] == "f" and frame["nearest"].tolist()[3] == "p"
    np.testing.assert_allclose(frame["score"], crosswise.matrix.max(axis=1), atol=1e-6)


def test_the_nearest_other_text_is_never_the_text_itself() -> None:
    vectors = near_topics(40)
    vectors[7] = vectors[3]
    result = similarity(embeddings([*topical(39), None], vectors))
    frame = result.to_pandas()
    matrix = result.matrix[:39, :39].copy()
    np.fill_diagonal(matrix, -np.inf)
    assert frame["nearest"].tolist()[:39] == matrix.argmax(axis=1).tolist()
    assert frame["nearest"][39] is None and frame["reason"][39] is not None
    assert result.positions_of(7, 1)[0].tolist() == [3]


def test_a_query_s_scores_are_in_the_table() -> None:
    result = nbt.similar(FEW, query="a vote in parliament")
    frame = result.to_pandas()
    assert list(frame) == ["text", "score", "reason"] and frame["score"].argmax() == 3
    assert result.nearest(k=1)["text"].tolist() == [FEW[3]]
    with pytest.raises(UserError, match="There is no query"):
        similarity(embeddings(topical(3))).nearest()


def test_files_hold_a_row_a_text(tmp_path: Path) -> None:
    for index in (None, list("abcde")):
        result = nbt.similar(pd.Series([*FEW, None], index=index))
        result.to_parquet(tmp_path / "s.parquet", overwrite=True)
        read, frame = pd.read_parquet(tmp_path / "s.parquet"), result.to_pandas()
        assert read["nearest"].tolist()[:4] == frame["nearest"].tolist()[:4]
        assert read.index.tolist() == frame.index.tolist()


@pytest.mark.parametrize("measure", ["cosine", "dot", "euclidean"])
@pytest.mark.parametrize("crosswise", [False, True])
def test_tiles_are_means_over_the_matrix(measure: Any, crosswise: bool) -> None:
    texts: list[str | None] = [*topical(50)]
    texts[9] = None
    result = similarity(embeddings(texts), embeddings(topical(23)) if crosswise else None, measure=measure)
    rows, columns = result.order, result.column_order
    values, starts, other_starts = result.tiles(rows, columns, 10)
    matrix = result.matrix_block(rows, columns)
    expected = np.array(
        [[np.nanmean(matrix[a:b, c:d]) for c, d in pairwise(other_starts)] for a, b in pairwise(starts)]
    )
    assert starts[0] == 0 and starts[-1] == 50 and len(starts) == 11
    np.testing.assert_allclose(values, expected, atol=1e-5 if measure != "euclidean" else 0.4)  # of a sample
    few, _, _ = result.tiles(rows[:4], columns[:4], 10)
    np.testing.assert_allclose(few, matrix[:4, :4], atol=1e-5)


def test_clusters_are_the_topics() -> None:
    result = similarity(embeddings(topical(120)))
    labels = result.clusters(6)
    assert len({(label, row % 6) for row, label in enumerate(labels.tolist())}) == 6
    assert (np.diff(labels[result.order]) >= 0).all()


def test_nothing_to_compare() -> None:
    for texts in ([], [None], ["one"], [None, None]):
        result = similarity(embeddings(texts, np.zeros((len(texts), 4), np.float32) + 1))
        assert result.matrix.shape == (len(texts), len(texts)) and len(result.order) == len(texts)
        assert len(result.pairs()) == 0 and len(result.to_pandas()) == len(texts) and str(result)
        assert result.embeddings.map().shape == (len(texts), 2) and str(result.embeddings)


def test_an_interrupted_comparison_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from nbtransformers.engine import similar as engine

    whole = nbt.similar(FEW, FEW[:2])
    with monkeypatch.context() as patch:
        patch.setattr(engine, "EmbedTask", engine._NotBegun)
        left = nbt.similar(FEW, FEW[:2])
    assert not left.done.any() and len(left) == 4 and "Interrupted" in left.notes[0]
    again = nbt.resume(left)
    assert again.done.all()
    np.testing.assert_allclose(again.matrix, whole.matrix, atol=1e-6)


def test_embeddings_go_on_where_an_interrupt_left_them() -> None:
    whole = nbt.embed(FEW)
    vectors = whole.vectors.copy()
    vectors[0], vectors[2:] = 7, np.nan  # a mark on what is finished: it must not be done again
    left = replace(whole, vectors=vectors, reasons=Reasons(4, {2: NOT_DONE, 3: NOT_DONE}))
    again = nbt.resume(left)
    assert again.done.all() and (again.vectors[0] == 7).all()
    np.testing.assert_allclose(again.vectors[1:], whole.vectors[1:], atol=1e-6)


# --- for people ---


def test_what_a_terminal_shows(terminal: Terminal) -> None:
    printed = terminal.printed('%embed ["a joy", "dull\\x1b[31m"] --out e\nprint(e)')
    assert "minilm: 2 texts · vectors of 384 numbers" in printed and "\x1b" not in printed
    printed = terminal.printed('%%similar --query "something happy" -k 1 --out s\na joy\ndull')
    assert "Nearest to: something happy" in printed and "a joy" in printed
    printed = terminal.printed("print(s.pairs(1))")
    assert "score" in printed
    value = terminal.run('%similar ["a joy", "dull"] --other ["fun", "sad", "x"]')
    assert value.shape == (2, 3)


@pytest.mark.filterwarnings("ignore:Glyph")  # what a font has not
@pytest.mark.parametrize("rows", [2, 12, 3_000])
def test_figures(rows: int, tmp_path: Path) -> None:
    import matplotlib as mpl

    mpl.use("agg")
    result = embeddings(["$x$ <b>", *topical(rows - 1)])
    axes = result.plot()
    assert "PCA" in axes.get_xlabel()
    axes.figure.savefig(tmp_path / "map.png")
    axes = similarity(result).plot()
    axes.figure.savefig(tmp_path / "heat.svg")
    mpl.pyplot.close("all")
