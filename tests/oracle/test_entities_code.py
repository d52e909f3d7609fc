"""The plain program of entities finds the entities of the result, in every option that matters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracle.test_code import FRAME, LONG, NASTY, ran
from oracle.test_scores import TEXTS
from taggers import save_tagger
from transformers import AutoModelForTokenClassification, AutoTokenizer

import nbtransformers as nbt
from nbtransformers.errors import UserError
from nbtransformers.results.entities import Entities

ROWS = [*TEXTS[:4], "", None, *NASTY, "a [SEP] b  c", LONG, TEXTS[5]]


def same(result: Entities, **names: Any) -> str:
    """The table of the program is that of the result; the program."""
    program = nbt.code(result)
    table, expected = ran(program, **names)["table"], result.to_pandas()
    assert list(table.columns) == list(expected.columns)
    exact = ["row", "start", "end", "label", "text"]
    assert table[exact].values.tolist() == expected[exact].values.tolist()
    np.testing.assert_allclose(table["score"].astype(float), expected["score"].astype(float), atol=1e-5)
    return program


@pytest.fixture(scope="module")
def tagger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tagger(tmp_path_factory.mktemp("tagger"), max_position_embeddings=40)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"aggregation": "average", "threshold": 0.4, "labels": ["PER"]},
        {"aggregation": "max", "long": "truncate"},
        {"max_length": 17},
    ],
)
def test_options(tagger: Path, options: dict[str, Any]) -> None:
    result = nbt.entities(ROWS, model=tagger, **options)
    assert len(result.found.flat) > 20
    assert (result.unread.max() > 0) == (options.get("long") == "truncate")
    same(result, data=ROWS)


@pytest.mark.parametrize("architecture", ["roberta", "xlnet"])
def test_other_vocabularies(architecture: str, tmp_path: Path) -> None:
    labels = ("O", "B-A", "I-A", "E-A", "S-A", "B-B", "I-B", "E-B", "S-B")
    folder = save_tagger(tmp_path, labels, architecture)
    result = nbt.entities(ROWS, model=folder, max_length=40)
    assert len(result.found.flat) > 20
    same(result, data=ROWS)


def test_labels_of_every_word_and_rows_of_a_frame(tmp_path: Path) -> None:
    folder = save_tagger(tmp_path, ("NOUN", "VERB"))
    result = nbt.entities(FRAME, column="review", model=folder)
    assert len(result.found.flat) > 10
    same(result, data=FRAME)


def test_a_model_of_one_s_own(tagger: Path) -> None:
    model = AutoModelForTokenClassification.from_pretrained(tagger).train()
    words = AutoTokenizer.from_pretrained(tagger)
    program = same(nbt.entities(ROWS[:3], model=(model, words)), data=ROWS[:3], model=model, tokenizer=words)
    assert "Your own model" in program


def test_no_row_can_be_read(tagger: Path) -> None:
    rows = [None, " "]
    same(nbt.entities(rows, model=tagger), data=rows)


def test_a_tokenizer_that_does_not_tell_places(tmp_path: Path) -> None:
    from transformers import ByT5Tokenizer

    result = nbt.entities(ROWS[:2], model=save_tagger(tmp_path, tokenizer=ByT5Tokenizer(), vocab_size=400))
    with pytest.raises(UserError, match="There is no program for a slow tokenizer"):
        nbt.code(result)


def test_too_long_is_an_error_there_too(tagger: Path) -> None:
    from nbtransformers.request import DataRef, EntitiesRequest, ModelRef, RunOptions

    request = EntitiesRequest(DataRef("lines", LONG), ModelRef("folder", str(tagger)), run=RunOptions(long="error"))
    with pytest.raises(UserError, match="is too long"):
        nbt.entities(LONG, model=tagger, long="error")
    with pytest.raises(ValueError, match="and the model reads"):
        ran(nbt.code(request))
