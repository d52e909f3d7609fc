"""Whatever a public function is asked for, its program runs alone, where there is no variable and not this package."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from datasets import Dataset
from oracle.bare import Bare
from oracle.test_code import LONG, NASTY, checked, ran, same
from oracle.test_fillings import save_masked
from oracle.test_scores import TEXTS
from oracle.tiny import save_tiny
from oracle.writers import save_writer
from taggers import save_tagger
from transformers import AutoModelForQuestionAnswering

import nbtransformers as nbt
from nbtransformers.interrupt import stopped_by

ROWS = [*TEXTS[:4], "", None, *NASTY, LONG, TEXTS[5]]
QUESTIONS = ["Who repairs clocks?", "", "What is it?"]
ASKED = "A joy from its start, the very end is dull"  # no token twice

Models = dict[str, str]

CASES: dict[str, Callable[[Models, Path], Any]] = {
    "classify": lambda models, folder: nbt.classify(ROWS),
    "classify one text": lambda models, folder: nbt.classify(TEXTS[0], top_k=2),
    "classify by names": lambda models, folder: nbt.classify(ROWS, labels="politics,sport", template="About {}."),
    "classify as it is told": lambda models, folder: nbt.classify(
        ROWS, model=models["bert"], device="cpu", threads=1, batch_tokens=64, memory_budget="8GB", max_length=20
    ),
    "classify in bfloat16": lambda models, folder: nbt.classify(TEXTS[:1], dtype="bfloat16"),
    "classify in int8": lambda models, folder: nbt.classify(TEXTS[:1], dtype="int8"),
    "classify by names in int8": lambda models, folder: nbt.classify(TEXTS[:1], labels="politics,sport", dtype="int8"),
    "classify a column": lambda models, folder: nbt.classify(
        pd.DataFrame({"n": range(3), "review": TEXTS[:3]}), column="review", model=models["bert"]
    ),
    "classify a series": lambda models, folder: nbt.classify(pd.Series(TEXTS[:3]), model=models["bert"]),
    "classify an iterator": lambda models, folder: nbt.classify((text for text in ROWS), model=models["bert"]),
    "classify into a file": lambda models, folder: nbt.classify(
        ROWS, model=models["bert"], to=folder / "out.parquet", overwrite=True
    ),
    "entities": lambda models, folder: nbt.entities(ROWS, model=models["tagger"]),
    "entities of some kinds": lambda models, folder: nbt.entities(
        ROWS, model=models["tagger"], labels="PER", threshold=0.3, aggregation="max", long="truncate"
    ),
    "entities in int8": lambda models, folder: nbt.entities(TEXTS[:1], model=models["tagger"], dtype="int8"),
    "answer": lambda models, folder: nbt.answer(QUESTIONS, [TEXTS[0], "a", LONG], model=models["spans"], top_k=2),
    "answer one question": lambda models, folder: nbt.answer("Who?", [TEXTS[0], LONG], model=models["spans"]),
    "answer from one text": lambda models, folder: nbt.answer(QUESTIONS, LONG, model=models["spans"], no_answer=True),
    "answer by writing": lambda models, folder: nbt.answer(QUESTIONS, LONG, model=models["t5"], generate=True),
    "answer in int8": lambda models, folder: nbt.answer("Who?", TEXTS[0], model=models["spans"], dtype="int8"),
    "embed": lambda models, folder: nbt.embed(ROWS, normalize=False),
    "embed in int8": lambda models, folder: nbt.embed(TEXTS[:1], dtype="int8"),
    "similar": lambda models, folder: nbt.similar(TEXTS[:6], measure="euclidean"),
    "similar to others": lambda models, folder: nbt.similar(ROWS, TEXTS[3:7], top_k=2),
    "similar to a query": lambda models, folder: nbt.similar(ROWS, query="a film", pooling="cls", dimensions=64),
    "tokenize": lambda models, folder: nbt.tokenize(ROWS, model=["minilm", models["bert"]]),
    "generate": lambda models, folder: nbt.generate(TEXTS[:2], model=models["base"], max_new_tokens=6),
    "generate by drawing": lambda models, folder: nbt.generate(
        TEXTS[:2], model=models["base"], max_new_tokens=6, do_sample=True, temperature=0.7, top_p=0.9, seed=3
    ),
    "generate in int8": lambda models, folder: nbt.generate(
        TEXTS[:1], model=models["base"], max_new_tokens=4, dtype="int8"
    ),
    "summarize": lambda models, folder: nbt.summarize([LONG], model=models["t5"]),
    "summarize in int8": lambda models, folder: nbt.summarize(TEXTS[:1], model=models["t5"], dtype="int8"),
    "translate": lambda models, folder: nbt.translate(TEXTS[:2], model=models["t5"], source="en", target="de"),
    "fill": lambda models, folder: nbt.fill("Paris is the [MASK] of France.", model=models["masked"], top_k=3),
    "fill in int8": lambda models, folder: nbt.fill("A [MASK].", model=models["masked"], targets="good", dtype="int8"),
    "attention": lambda models, folder: nbt.attention(ASKED, model=models["bert"]),
    "attention in int8": lambda models, folder: nbt.attention(ASKED, dtype="int8"),
    "explain": lambda models, folder: nbt.explain(ASKED, method="occlusion,input_x_gradient"),
    "explain in int8": lambda models, folder: nbt.explain(ASKED, method="occlusion", dtype="int8"),
}
UNTOLD = {"reason", "word", "added", "unknown", "continues", "cut"}  # why a row has nothing, and words of tokens


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bare]:
    interpreter = Bare(tmp_path_factory.mktemp("bare") / "log")
    yield interpreter
    interpreter.close()


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    root = tmp_path_factory.mktemp("models")
    made = {
        "bert": save_tiny("bert", root / "bert"),
        "tagger": save_tagger(root / "tagger", max_position_embeddings=40),
        "spans": save_tiny("bert", root / "spans", labels=2, kind=AutoModelForQuestionAnswering),
        "masked": save_masked("bert", root / "masked"),
        **{kind: save_writer(kind, root / kind) for kind in ("t5", "base")},
    }
    return {name: str(folder) for name, folder in made.items()}


def frame_of(result: Any) -> pd.DataFrame:
    return result.to_pandas(0, 0) if hasattr(result, "maps") else result.to_pandas()


@pytest.mark.parametrize("case", CASES)
def test_a_program_runs_alone_and_gives_the_table(case: str, models: Models, bare: Bare, tmp_path: Path) -> None:
    result = CASES[case](models, tmp_path)
    expected = frame_of(result)
    table = pd.DataFrame(bare.table(checked(nbt.code(result)), tmp_path))
    wanted = [column for column in expected.columns if column not in UNTOLD]
    if case.startswith("explain"):  # which also tells of words
        wanted = [column for column in wanted if column in table]
        assert {"token", result.found[0].method} <= set(wanted)
    assert len(table) == len(expected)
    for column in wanted:
        if expected[column].isna().all():
            assert column not in table or table[column].isna().all()
            continue
        for mine, theirs in zip(table[column], expected[column], strict=True):
            if isinstance(theirs, float | np.ndarray):
                np.testing.assert_allclose(mine, theirs, rtol=2e-3, atol=2e-5, err_msg=column)
            else:
                assert (mine or None) == (theirs or None) or (pd.isna(mine) and not theirs), column


@pytest.mark.parametrize(
    "texts",
    [
        [*TEXTS, *["so it is"] * 190],
        pd.Series(TEXTS[:3], index=[3, 5, 8]),
        Dataset.from_dict({"text": TEXTS[:3]}),
    ],
    ids=["many", "with an index", "a dataset"],
)
def test_what_is_not_written_down_has_a_name_to_be_given(texts: Any, models: Models) -> None:
    result = nbt.classify(texts, model=models["bert"])
    program = nbt.code(result)
    assert "# 1. The texts, one a row. Have yours in `data` before this runs.\n" in program
    table = ran(program, data=texts)["table"]
    assert table.index.tolist() == result.to_pandas().index.tolist()
    np.testing.assert_allclose(table["score"], result.to_pandas()["score"], atol=1e-5)


def test_a_request_alone_names_what_it_was_given(models: Models) -> None:
    request = nbt.classify(TEXTS[:3], model=models["bert"]).request
    assert "Have yours in `data` before this runs." in nbt.code(request)


def test_a_result_that_was_stopped_says_so_in_its_program_which_does_all(models: Models) -> None:
    with stopped_by(lambda: True):
        result = nbt.classify(ROWS, model=models["bert"])
    assert not result.done.all()
    said = "# The result that this is for was stopped before its end. The program does all of it."
    program = nbt.code(result)
    assert program.startswith(f"{said}\n")
    whole = nbt.resume(result)
    assert nbt.code(whole) == program.removeprefix(f"{said}\n")
    same(whole, ran(program))
