"""The plain programs of embeddings and similarities give their vectors and scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from oracle.test_code import FRAME, LONG, NASTY, ran, same
from oracle.test_embed import dense, save
from oracle.test_scores import TEXTS
from oracle.tiny import save_tiny
from sentence_transformers.base.modules import Normalize
from sentence_transformers.sentence_transformer.modules import LayerNorm, Pooling
from transformers import AutoModel, AutoTokenizer

import nbtransformers as nbt
from nbtransformers.request import POOLINGS
from nbtransformers.results.embeddings import Embeddings
from nbtransformers.results.similarity import Similarity

ROWS = [*TEXTS[:4], "", None, *NASTY, LONG, TEXTS[5]]


def same_vectors(result: Embeddings, **names: Any) -> str:
    """The table of the program is that of the result; the program."""
    program = nbt.code(result)
    table, expected = ran(program, **names)["table"], result.to_pandas()
    assert table.index.tolist() == expected.index.tolist()
    assert [text for text in table["text"] if text] == [text for text in expected["text"] if text]
    assert table["vector"].isna().tolist() == expected["vector"].isna().tolist()
    found = expected["vector"].notna()
    if found.any():
        mine, theirs = np.stack(table["vector"][found]), np.stack(expected["vector"][found])
        np.testing.assert_allclose(mine, theirs, atol=1e-5 * max(1.0, float(np.abs(theirs).max())))
    return program


@pytest.mark.parametrize(
    "options",
    [{}, {"long": "window", "max_length": 40, "prompt": "query: "}, {"pooling": "cls", "dimensions": 64}],
)
def test_the_bundled_model(options: dict[str, Any]) -> None:
    same_vectors(nbt.embed(ROWS, **options), data=ROWS)


def test_every_pooling_at_once(tmp_path: Path) -> None:
    save(tmp_path, [Pooling(32, POOLINGS)])
    same_vectors(nbt.embed(ROWS, model=str(tmp_path / "saved")), data=ROWS)


def test_layers_behind_the_pooling(tmp_path: Path) -> None:
    layers = [
        dense(32, 20, use_residual=True),
        LayerNorm(20),
        dense(20, 20, bias=False, activation_function=torch.nn.GELU(), use_residual=True),
        Normalize(),
        dense(20, 8, activation_function=None),
    ]
    save(tmp_path, [Pooling(32, ("lasttoken",)), *layers])
    result = nbt.embed(ROWS, model=str(tmp_path / "saved"), normalize=True)
    same_vectors(result, data=ROWS)
    # Zero-shot embeds in the same way.
    labelled = nbt.classify(ROWS[:3], model=str(tmp_path / "saved"), labels=["one", "two"])
    same(labelled, ran(nbt.code(labelled), data=ROWS[:3]))


def test_a_prompt_that_does_not_count(tmp_path: Path) -> None:
    pooling = Pooling(32, ("cls", "weightedmean"), include_prompt=False)
    save(tmp_path, [pooling], prompts={"query": "find: ", "passage": "read this: "}, default_prompt_name="passage")
    same_vectors(nbt.embed(ROWS, model=str(tmp_path / "saved"), long="window", max_length=30), data=ROWS)


@pytest.mark.parametrize("architecture", ["llama", "t5"])
def test_other_architectures(architecture: str, tmp_path: Path) -> None:
    same_vectors(nbt.embed(FRAME, column="review", model=save_tiny(architecture, tmp_path)), data=FRAME)


def test_a_model_of_one_s_own_and_no_text(tmp_path: Path) -> None:
    folder = save_tiny("bert", tmp_path)
    model, words = AutoModel.from_pretrained(folder), AutoTokenizer.from_pretrained(folder, padding_side="left")
    same_vectors(nbt.embed(ROWS, model=(model, words)), data=ROWS, model=model, tokenizer=words)
    assert words.padding_side == "left"
    same_vectors(nbt.embed([None, ""]), data=[None, ""])


# --- similarities ---


def same_similarity(result: Similarity, **names: Any) -> None:
    """Matrix, nearest texts and pairs are those of the result."""
    left, expected = ran(nbt.code(result), **names), result.to_pandas().drop(columns="reason")
    scale = max(1.0, float(np.nanmax(np.abs(result.matrix))))
    np.testing.assert_allclose(left["matrix"], result.matrix, atol=1e-5 * scale)
    tables = [(left["table"], expected)]
    if result.request.query is None:
        tables.append((left["pairs"], result.pairs()))
    else:
        nearest = left["nearest"]
        assert nearest.index.tolist() == result.nearest()["row"].tolist()
    for mine, theirs in tables:
        assert list(mine.columns) == list(theirs.columns) and mine.index.tolist() == theirs.index.tolist()
        np.testing.assert_allclose(mine["score"].astype(float), theirs["score"], atol=1e-5 * scale)
        for column in (name for name in theirs.columns if name != "score"):
            assert [*mine[column].fillna("-")] == [*theirs[column].fillna("-")], column


def test_similarities() -> None:
    same_similarity(nbt.similar(ROWS, top_k=3), data=ROWS)
    frame = FRAME.assign(review=[*TEXTS[7:11], None, *TEXTS[12:15]])
    for measure in ("dot", "euclidean", "manhattan"):
        same_similarity(nbt.similar(frame, ROWS[2:], column="review", measure=measure), data=frame, other=ROWS[2:])


def test_a_query_with_the_model_s_own_prompt(tmp_path: Path) -> None:
    save(tmp_path, [Pooling(32, "mean", include_prompt=False)], prompts={"query": "find: ", "document": "a: "})
    model = str(tmp_path / "saved")
    same_similarity(nbt.similar(FRAME, column="review", query="a film", top_k=2, model=model), data=FRAME)
    result = nbt.similar(ROWS, TEXTS[:2], query="a film", model=model, prompt_name="document")
    same_similarity(result, data=ROWS, other=TEXTS[:2])


def test_a_result_that_went_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "vectors.parquet"
    stored = nbt.embed(ROWS, to=path)
    table, program = stored.to_pandas(), nbt.code(stored)
    with pytest.raises(FileExistsError):
        ran(program, data=ROWS)
    path.unlink()
    ran(program, data=ROWS)
    again = pd.read_parquet(path)
    assert again["text"].tolist() == table["text"].tolist()
    found = table["vector"].notna()
    assert again["vector"].notna().tolist() == found.tolist()
    np.testing.assert_allclose(np.stack(again["vector"][found]), np.stack(table["vector"][found]), atol=1e-5)
