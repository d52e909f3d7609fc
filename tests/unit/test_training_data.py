"""The data of a run: every kind of input to rows, a task, labels, two parts; and what is refused before it starts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, IterableDataset, List, Value
from hub import hub
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtransformers.errors import UserError
from nbtransformers.inputs.tablerows import read_table
from nbtransformers.inputs.values import Unreadable
from nbtransformers.progress import Progress
from nbtransformers.request import DataRef, FinetuneRequest, ModelRef
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.training.columns import find_columns
from nbtransformers.training.data import fingerprint, prepare, stored_description, stored_rows
from nbtransformers.training.labels import Names, Wrong
from nbtransformers.training.lengths import balance, lengths, lengths_of, repeats
from nbtransformers.training.splitting import drawn
from nbtransformers.training.targets import LabelSet, Tags, Target
from nbtransformers.training.tasks import task_named
from nbtransformers.training.tasks.task import Description

TEXTS = [f"text number {number}" for number in range(20)]
STARS = [1, 5] * 10
FRAME = pd.DataFrame({"id": range(20), "review": TEXTS, "stars": STARS})


class Made:
    """What prepare made of some data."""

    def __init__(self, folder: Path, data: Any, **asked: Any) -> None:
        self.folder = RunFolder(folder)
        objects = {"df": data, "held": asked.pop("held", None)}
        if objects["held"] is not None:
            asked["test"] = DataRef("variable", "held")
        ref = data if isinstance(data, DataRef) else DataRef("variable", "df", split=asked.pop("split", None))
        self.description = prepare(FinetuneRequest(ref, **asked), objects, self.folder)
        assert stored_description(self.folder) == self.description
        assert self.description.rows == {part: len(self.rows(part)) for part in ("train", "test")}
        assert sorted(path.name for path in folder.iterdir()) == ["data"]

    def rows(self, part: Any = "train") -> list[dict[str, Any]]:
        return stored_rows(self.folder, part).to_list()

    @property
    def all(self) -> list[dict[str, Any]]:
        return [*self.rows(), *self.rows("test")]


@pytest.fixture
def made(tmp_path: Path) -> Any:
    numbers = iter(range(100))

    def make(data: Any, **asked: Any) -> Made:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        return Made(folder, data, **asked)

    return make


# --- every kind of input ---


def files(folder: Path) -> dict[str, Path]:
    paths = {kind: folder / f"data.{kind}" for kind in ("csv", "tsv", "jsonl", "json", "parquet", "csv.gz")}
    FRAME.to_csv(paths["csv"], index=False)
    FRAME.to_csv(paths["csv.gz"], index=False)
    FRAME.to_csv(paths["tsv"], index=False, sep="\t")
    FRAME.to_json(paths["jsonl"], orient="records", lines=True)
    FRAME.to_json(paths["json"], orient="records")
    FRAME.to_parquet(paths["parquet"])
    return paths


VALUES: dict[str, Any] = {
    "pandas": lambda: FRAME,
    "pandas with an index of its own": lambda: FRAME.set_index("id"),
    "polars": lambda: pl.from_pandas(FRAME),
    "arrow": lambda: pa.Table.from_pandas(FRAME),
    "duckdb": lambda: duckdb.from_arrow(pa.Table.from_pandas(FRAME)),
    "dataset": lambda: Dataset.from_pandas(FRAME),
    "dataset as numpy": lambda: Dataset.from_pandas(FRAME).with_format("numpy"),
    "dataset of a transform": lambda: Dataset.from_pandas(FRAME).with_transform(lambda rows: dict(rows)),
    "streamed": lambda: Dataset.from_pandas(FRAME).to_iterable_dataset(),
    "streamed of unknown columns": lambda: IterableDataset.from_generator(lambda: iter(FRAME.to_dict("records"))),
    "columns": lambda: {"review": TEXTS, "stars": np.array(STARS)},
    "objects": lambda: FRAME.to_dict("records"),
    "splits": lambda: DatasetDict(train=Dataset.from_pandas(FRAME)),
}


@pytest.mark.parametrize("kind", VALUES)
def test_every_kind_of_value_gives_the_same_rows(made: Any, kind: str) -> None:
    run = made(VALUES[kind](), text="review", label=("stars",))
    plain = made(FRAME)
    assert run.rows() == plain.rows()
    assert run.rows("test") == plain.rows("test")
    assert run.description.labels == ("1", "5")
    assert run.description.columns == {"text": "review", "label": "stars"}
    assert run.description.fingerprint == plain.description.fingerprint == fingerprint(run.folder)


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "json", "parquet", "csv.gz"])
def test_every_kind_of_file_gives_the_same_rows(made: Any, tmp_path: Path, kind: str) -> None:
    run = made(DataRef("file", str(files(tmp_path)[kind])))
    assert run.all == made(FRAME).all


def test_pairs_triples_and_objects_within_objects(made: Any, tmp_path: Path) -> None:
    run = made(list(zip(TEXTS, STARS, strict=True)))
    assert run.all == made(FRAME).all
    triples = made([(text, "and so on", star) for text, star in zip(TEXTS, STARS, strict=True)])
    assert triples.rows()[0] == {"text": TEXTS[0], "pair": "and so on", "label": 0}
    path = tmp_path / "deep.jsonl"
    lines = [json.dumps({"a": {"text": text}, "stars": star}) for text, star in zip(TEXTS, STARS, strict=True)]
    path.write_text("\n".join(lines))
    assert made(DataRef("file", str(path)), text="a.text", label=("stars",)).all == made(FRAME).all


def test_a_split_is_named_or_found(made: Any) -> None:
    other = Dataset.from_dict({"review": ["one", "two"], "stars": [5, 1]})
    every = DatasetDict(train=Dataset.from_pandas(FRAME), test=other, validation=other.select([0]))
    run = made(every)
    assert (run.description.rows, run.description.split) == ({"train": 20, "test": 1}, "the split validation")
    del every["validation"]
    assert made(every).description.split == "the split test"
    run = made(every, split="train")
    assert run.description.rows == {"train": 16, "test": 4}
    run = made(FRAME, held=other)
    assert run.description.rows == {"train": 20, "test": 2}
    assert run.description.split == "given as held"


def test_progress_is_told_and_rows_are_read_in_windows(tmp_path: Path) -> None:
    told: list[Progress] = []
    frame = pd.DataFrame({"text": [f"text {n}" for n in range(2_500)], "label": ["a", "b"] * 1_250})
    prepare(FinetuneRequest(DataRef("variable", "df")), {"df": frame}, RunFolder(tmp_path), told.append)
    assert [(step.done, step.total) for step in told] == [(1_000, 2_500), (2_000, 2_500), (2_500, 2_500)]


@pytest.mark.slow
def test_a_file_that_changes_while_it_is_read_is_told(tmp_path: Path) -> None:
    path, folder = tmp_path / "df.csv", tmp_path / "run"
    folder.mkdir()
    pd.concat([FRAME] * 200).to_csv(path, index=False)
    request = FinetuneRequest(DataRef("file", str(path)))
    description = prepare(request, {}, RunFolder(folder), lambda _: os.utime(path, (0, 0)))
    assert "df.csv changed while it was read: its rows may not belong together." in description.notes


def test_many_rows_are_never_in_memory_at_once(made: Any, tmp_path: Path) -> None:
    path = tmp_path / "many.parquet"
    kinds = pa.schema([("text", pa.string()), ("label", pa.int64())])
    with pq.ParquetWriter(path, kinds) as file:
        for start in range(0, 200_000, 10_000):
            texts = [f"text {number} {'word ' * 100}" for number in range(start, start + 10_000)]
            file.write_table(pa.table({"text": texts, "label": [0, 1] * 5_000}, kinds))
    made(FRAME)  # imports what has to be
    tracemalloc.start()
    try:
        prepared = prepare(FinetuneRequest(DataRef("file", str(path))), {}, RunFolder(tmp_path))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert prepared.rows == {"train": 160_000, "test": 40_000}
    assert peak < 40_000_000, "the texts alone are 100 MB"


# --- which columns ---


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"text": ["a"], "label": [1]}, ("text", None, ("label",))),
        ({"Text": ["a"], "Label": ["x"]}, ("Text", None, ("Label",))),
        ({"sentence": ["a"], "idx": [3], "label": [1]}, ("sentence", None, ("label",))),
        ({"title": ["a"], "review": ["b"], "rating": [1]}, ("review", None, ("rating",))),
        ({"premise": ["a"], "hypothesis": ["b"], "label": [1]}, ("premise", "hypothesis", ("label",))),
        ({"tokens": [["a"]], "pos_tags": [[1]], "ner_tags": [["O"]]}, ("tokens", None, ("ner_tags",))),
        ({"document": ["a"], "summary": ["b"], "id": ["c"]}, ("document", None, ("summary",))),
        ({"text": ["a"]}, ("text", None, ())),
        ({"body": ["a"], "kind": [7]}, ("body", None, ("kind",))),
        ({"messages": [[{"role": "user", "content": "a"}]]}, ("messages", None, ())),
    ],
)
def test_columns_are_found_by_what_they_are_called_and_hold(columns: dict[str, Any], found: tuple[Any, ...]) -> None:
    table = read_table(DataRef("variable", "df"), {"df": columns})
    columns_found = find_columns(table, FinetuneRequest(DataRef("variable", "df")))
    assert (columns_found.text, columns_found.pair, columns_found.labels) == found


# --- which task ---


def inferred(made: Any, data: Any, **asked: Any) -> tuple[str, tuple[str, ...]]:
    description = made(data, **asked).description
    assert f"The task is {description.training_task}: " in description.notes[0]
    return description.training_task, description.labels


def test_the_task_is_inferred_from_the_labels(made: Any) -> None:
    def with_labels(labels: list[Any]) -> dict[str, Any]:
        return {"text": TEXTS, "label": labels}

    assert inferred(made, with_labels(["no", "yes"] * 10)) == ("classification", ("no", "yes"))
    assert inferred(made, with_labels([True, False] * 10)) == ("classification", ("False", "True"))
    assert inferred(made, with_labels([10, 9] * 10)) == ("classification", ("9", "10"))
    assert inferred(made, with_labels([2.0, 10.0] * 10)) == ("classification", ("2", "10"))
    assert inferred(made, with_labels(["2", "10"] * 10)) == ("classification", ("2", "10"))
    assert inferred(made, with_labels([0.5, 1] * 10)) == ("regression", ())
    assert inferred(made, with_labels(["0.5", "-1e3"] * 10)) == ("regression", ())
    assert inferred(made, {"text": [*TEXTS, *TEXTS], "label": list(range(40))}) == ("regression", ())
    assert inferred(made, with_labels([["a", "b"], ["b"]] * 10)) == ("multi-label", ("a", "b"))
    assert inferred(made, with_labels([[0, 0, 1], [1, 1, 0]] * 10)) == ("multi-label", ("0", "1", "2"))
    tagged = {"tokens": [["Ann", "came"]] * 20, "ner_tags": [["B-PER", "O"]] * 20}
    assert inferred(made, tagged) == ("tokens", ("O", "B-PER"))
    columns = {"text": TEXTS, "toxic": [0, 1] * 10, "rude": [1, 0] * 10}
    assert inferred(made, columns, label=("toxic", "rude")) == ("multi-label", ("toxic", "rude"))


def test_the_task_can_be_said(made: Any) -> None:
    run = made(FRAME, training_task="regression")
    assert run.description.training_task == "regression"
    assert run.description.notes == ()
    assert {row["label"] for row in run.all} == {1.0, 5.0}


def test_the_task_is_inferred_from_the_model(made: Any, models: Path) -> None:
    texts = {"text": TEXTS}
    both = {"text": TEXTS, "target": TEXTS[::-1]}

    def model(name: str) -> dict[str, Any]:
        return {"model": ModelRef("folder", str(models / name))}

    assert inferred(made, texts, **model("storyteller"))[0] == "causal"
    assert inferred(made, texts, **model("masker"))[0] == "masked"
    assert inferred(made, both, **model("writer"))[0] == "seq2seq"
    run = made(both, label=("target",), **model("storyteller"))
    assert run.description.training_task == "causal"
    assert run.all[0].keys() == {"text", "label"}


# --- labels ---


def test_labels_that_have_names_keep_their_numbers(made: Any) -> None:
    features = Features({"text": Value("string"), "label": ClassLabel(names=["z", "a", "unused"])})
    data = Dataset.from_dict({"text": TEXTS, "label": [0, 1] * 10}, features=features)
    run = made(data)
    assert run.description.labels == ("z", "a", "unused")
    assert [row["label"] for row in run.all if row["text"] == TEXTS[1]] == [1]
    features = Features({"tokens": List(Value("string")), "ner_tags": List(ClassLabel(names=["O", "B-X", "I-X"]))})
    data = Dataset.from_dict({"tokens": [["a", "b"]] * 4, "ner_tags": [[1, 2]] * 4}, features=features)
    run = made(data)
    assert run.description.labels == ("O", "B-X", "I-X")
    assert run.rows()[0] == {"tokens": ["a", "b"], "label": [1, 2]}


def test_numbers_stand_for_what_their_own_table_says(made: Any) -> None:
    def named(names: list[str]) -> Dataset:
        features = Features({"text": Value("string"), "label": ClassLabel(names=names)})
        return Dataset.from_dict({"text": TEXTS, "label": [0, 1] * 10}, features=features)

    run = made(named(["a", "b"]), held=named(["b", "a"]))
    assert [row["label"] for row in run.rows()[:2]] == [0, 1]
    assert [row["label"] for row in run.rows("test")[:2]] == [1, 0]
    run = made({"text": TEXTS, "label": ["b", "a"] * 10}, held=named(["b", "a"]))
    assert run.rows() == run.rows("test")


def test_lists_in_a_parquet_file_are_read_by_pandas_too(made: Any, tmp_path: Path) -> None:
    path = tmp_path / "words.parquet"
    pd.DataFrame({"words": [["Ann", "came"]] * 6, "tags": [["B-PER", "O"]] * 6}).to_parquet(path)
    frame = pd.read_parquet(path)
    assert isinstance(frame["words"][0], np.ndarray)
    assert made(frame).all == made(DataRef("file", str(path))).all


FROM_HUB = """
import json, sys
from pathlib import Path
from nbtransformers.request import DataRef, FinetuneRequest
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.training.data import prepare
made = prepare(FinetuneRequest(DataRef("hub", "acme/reviews")), {}, RunFolder(Path(sys.argv[1])))
print(json.dumps([made.training_task, dict(made.rows), made.split]))
"""


@pytest.mark.slow  # a Python of its own has to import everything
def test_a_dataset_of_the_hub_brings_its_splits(tmp_path: Path) -> None:
    files = {"train.csv": FRAME.to_csv(index=False).encode(), "test.csv": FRAME[:2].to_csv(index=False).encode()}
    with hub({"acme/reviews": files}) as address:
        done = subprocess.run(
            [sys.executable, "-c", FROM_HUB, str(tmp_path)],
            env={**os.environ, "HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == ["classification", {"train": 20, "test": 2}, "the split test"]


def test_labels_come_in_the_order_that_the_model_has_them_in(made: Any, models: Path) -> None:
    data = {"text": TEXTS, "label": ["contradiction", "neutral", "entailment", "neutral"] * 5}
    ordered = made(data, model=ModelRef("folder", str(models / "entailing")))
    assert ordered.description.labels == ("contradiction", "neutral", "entailment")
    assert made(data).description.labels == ("contradiction", "entailment", "neutral")


def test_several_labels_are_zeros_and_ones(made: Any) -> None:
    run = made({"text": TEXTS, "label": [["b"], ["a", "b"], [], ["a"]] * 5})
    by_text = {row["text"]: row["label"] for row in run.all}
    assert [by_text[text] for text in TEXTS[:4]] == [[0, 1], [1, 1], [0, 0], [1, 0]]
    hot = made({"text": TEXTS, "label": [[0, 1, 0], [1, 1, 0], [0, 0, 1], [1, 0, 0]] * 5})
    by_text = {row["text"]: row["label"] for row in hot.all}
    assert [by_text[text] for text in TEXTS[:2]] == [[0, 1, 0], [1, 1, 0]]


def test_tags_are_in_a_fixed_order(made: Any) -> None:
    tags = [["I-PER", "O"], ["B-PER", "I-LOC"], ["B-LOC", "O"]] * 3
    run = made({"words": [["x", "y"]] * 9, "tags": tags})
    assert run.description.labels == ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
    names = run.description.labels
    stored = [[names[tag] for tag in row["label"]] for row in run.all]
    assert Counter(map(tuple, stored)) == Counter(map(tuple, tags))


def test_conversations_are_kept_whole(made: Any, models: Path, tmp_path: Path) -> None:
    chat = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "", "tool_calls": [{"name": "f"}]},
    ]
    model = ModelRef("folder", str(tmp_path / "chatty"))
    shutil.copytree(models / "storyteller", model.name)
    with pytest.raises(UserError, match=r"^The tokenizer has no chat template, and the examples are conversations\. "):
        made([chat] * 5, model=model)
    (tmp_path / "chatty" / "chat_template.jinja").write_text("{{ messages }}")
    run = made([chat] * 5, model=model)
    assert run.description.training_task == "causal"
    assert json.loads(run.rows()[0]["messages"]) == chat


def test_rows_without_text_are_left_out_and_told(made: Any) -> None:
    frame = pd.DataFrame({"text": [*TEXTS, "", None, " ", 3], "label": [*STARS, 1, 1, 5, 5]})
    run = made(frame)
    assert len(run.all) == 20
    assert "4 rows of df were left out: 2 empty, 1 missing, 1 not text (int)." in run.description.notes


def test_what_is_no_unicode_is_left_out(made: Any, models: Path) -> None:
    broken = "a \ud800"
    assert "1 not valid Unicode" in made({"text": [*TEXTS, broken], "label": [*STARS, 1]}).description.notes[1]
    words = made({"tokens": [["a", "b"]] * 4 + [["a", broken]], "tags": [["O", "O"]] * 5})
    assert len(words.all) == 4
    model = ModelRef("folder", str(models / "storyteller"))
    texts = made([*TEXTS, broken, None], model=model)
    assert len(texts.all) == 20


# --- the draw ---


@given(
    st.lists(st.integers(0, 4), min_size=2, max_size=200),
    st.floats(0.05, 0.9),
    st.integers(0, 2**32 - 1),
)
def test_a_draw_leaves_some_of_every_label(strata: list[int], share: float, seed: int) -> None:
    labels = np.array(strata)
    chosen = drawn(labels, share, seed)
    assert (chosen == drawn(labels, share, seed)).all()
    sizes, taken = Counter(strata), Counter(labels[chosen].tolist())
    wanted = max(1, round(share * len(strata)))
    assert chosen.sum() <= wanted
    assert chosen.any() or max(sizes.values()) == 1
    for label, size in sizes.items():
        assert min(int(share * size), size - 1) <= taken[label] <= min(int(share * size) + 1, size - 1)
        assert chosen.sum() == wanted or taken[label] == min(int(share * size) + 1, size - 1)


def test_a_draw_is_the_same_on_every_machine() -> None:
    assert np.flatnonzero(drawn(np.array([0] * 12 + [1] * 6 + [2]), 0.3, seed=42)).tolist() == DRAWN


DRAWN = [1, 4, 8, 10, 15, 17]


def test_labels_keep_their_shares_and_rare_ones_are_learnt(made: Any) -> None:
    labels = ["often"] * 80 + ["seldom"] * 19 + ["once"]
    run = made({"text": [f"text {n}" for n in range(100)], "label": labels})
    names = run.description.labels
    counted = Counter(names[row["label"]] for row in run.rows("test"))
    assert counted == {"often": 16, "seldom": 4}
    other = made({"text": [f"text {n}" for n in range(100)], "label": labels}, seed=7)
    assert other.rows("test") != run.rows("test")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sets(st.integers(0, 5), max_size=3), min_size=5, max_size=40))
def test_of_several_labels_each_is_learnt(tmp_path_factory: Any, rows: list[set[int]]) -> None:
    data = {"text": [f"text {n}" for n in range(len(rows))], "label": [sorted(map(str, row)) for row in rows]}
    try:
        run = Made(tmp_path_factory.mktemp("run"), data, training_task="multi-label")
    except UserError as error:
        assert "No rows can be kept" in str(error) or "has a label" in str(error)
        return
    learnt = np.array([row["label"] for row in run.rows()]).reshape(-1, len(run.description.labels))
    assert (learnt.sum(axis=0) > 0).all()


# --- what is refused ---


def big(labels: list[Any], **more: Any) -> dict[str, Any]:
    return {"text": TEXTS, "label": labels, **more}


REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    (
        FRAME.assign(stars=[None, 1.0] * 10),
        {},
        "10 of 20 rows of df have no label in stars: the first is row 0. Leave such rows out, or fill them in.",
    ),
    (
        FRAME.assign(stars=[*[1.0, 5.0] * 9, 1.0, float("nan")]),
        {},
        "1 of 20 row of df has no label in stars: it is row 19. Leave such rows out, or fill them in.",
    ),
    (FRAME.assign(stars=None), {}, "No row of df has a label in stars. Name another column: `--label NAME`."),
    (
        FRAME.assign(stars=3),
        {},
        "All rows of df to learn from have one label in stars: 3. Give rows of at least two labels.",
    ),
    (
        FRAME.assign(stars=3),
        {"training_task": "regression"},
        "All rows of df to learn from have one number in stars: 3. Give rows of different numbers.",
    ),
    (
        big(["\ud800", "b"] * 10),
        {},
        "Row 0 of df has a label that is not valid Unicode (a lone surrogate), in label. Mend it, or leave it out.",
    ),
    (
        big([pd.Timestamp(0), "b"] * 10),
        {},
        "Row 0 of df has a Timestamp for a label, in label. Mend it, or leave it out.",
    ),
    (
        FRAME.assign(review=" "),
        {},
        "review of df holds no text: all 20 rows are empty. Name another column: `--text NAME`.",
    ),
    (
        FRAME,
        {"text": "stars", "label": ("id",)},
        "stars of df holds no text: all 20 rows are not text (int). Name another column: `--text NAME`.",
    ),
    (
        FRAME,
        {"held": FRAME.assign(stars=[7, 8] * 10)},
        "The test rows have 2 labels that no row to learn from has: 7, 8. "
        "Leave such rows out, or give rows to learn from that have them.",
    ),
    (
        FRAME[["review"]],
        {},
        "df has no column that seems to hold labels, only review. Give texts with labels, such as pairs.",
    ),
    (
        FRAME[["review"]],
        {"training_task": "classification"},
        "df has no column of labels for classification. Name it, such as `--label stars`.",
    ),
    (
        FRAME.rename(columns={"stars": "a"}).assign(b=2),
        {},
        "Which column of df holds the labels? It has a, b. Add `--label a`.",
    ),
    (
        FRAME.rename(columns={"review": "one"}).assign(two="x y"),
        {},
        "Which column of df holds the texts? It has one, two. Add `--text one`.",
    ),
    (FRAME, {"text": "reveiw"}, "df has no column 'reveiw'. Did you mean review?"),
    (FRAME, {"label": ("star",)}, "df has no column 'star'. Did you mean stars?"),
    (
        FRAME,
        {"label": ("stars", "id"), "training_task": "classification"},
        "classification learns one column, and `--label` names 2. Leave all but one out: `--label stars`.",
    ),
    (
        FRAME,
        {"label": ("stars", "id")},
        "Row 1 of df has '5', which is neither 0 nor 1, in stars, id. Mend it, or leave it out.",
    ),
    (
        FRAME,
        {"training_task": "tokens"},
        "tokens needs a list of words in each row, and review of df holds 'text number 0'. "
        "Split the texts into words, with a tag for each.",
    ),
    (
        {"tokens": [["a", "b"]] * 4, "label": ["x", "y"] * 2},
        {"training_task": "classification"},
        "classification needs texts, and tokens of df holds ['a', 'b']. "
        "Name the column of the texts, such as `--text review`.",
    ),
    (
        {"tokens": [["a", "b"]] * 4, "tags": [["O", "O"]] * 3 + [["O"]]},
        {},
        "Row 3 of df has 2 words and 1 tag. Give a tag for each word.",
    ),
    (
        big(["a good one"] + ["b"] * 19),
        {"training_task": "regression"},
        "Row 0 of df has 'a good one', which is no number, in label. Mend it, or leave it out.",
    ),
    (
        big([f"label {n}" for n in range(20)] + [f"more {n}" for n in range(5)], text=[*TEXTS, *TEXTS[:5]]),
        {},
        "label of df holds 25 different texts in 25 rows: no labels. "
        "To learn to write them, give a model that does, such as `--model google/flan-t5-small`.",
    ),
    (
        big([0, 1] * 10),
        {"training_task": "masked"},
        "minilm is a BertModel, not a masked LM. Give a model that was trained for it, such as "
        "`--model distilbert/distilroberta-base`.",
    ),
    (
        [("a", "x")],
        {},
        "No rows can be kept for the evaluation: there is one row. Give more rows, or others: `--test VARIABLE`.",
    ),
    (
        pd.DataFrame({"text": ["a joy", "too long"], "review": ["good", "bad"], "y": ["p", "n"]}),
        {},
        "No rows can be kept for the evaluation: all 2 rows differ in their labels (texts: text, labels: y). "
        "Give more rows, others with `--test VARIABLE`, or other columns with `--text` and `--label`.",
    ),
    (
        pd.DataFrame([["a", "b"]] * 4, columns=["review", "review"]),
        {},
        "df has 2 columns called review. Rename one of them.",
    ),
    (FRAME, {"held": FRAME[["review"]]}, "held has no column 'stars'. It has review."),
    ([], {}, "df is empty. Give rows of texts and labels."),
    (FRAME[:0], {}, "df is empty. Give rows of texts and labels."),
    (
        {"text": ["a"], "label": [1, 2]},
        {},
        "The columns of df are not of one length: text has 1, label has 2. Give as many values in each.",
    ),
    (
        [3, 4],
        {},
        "df holds an int in its rows, and no texts with labels. "
        "Give a DataFrame, a dataset, a file, or a list of pairs (text, label).",
    ),
    (
        [("a", 1), ("b",)],
        {"label": ("label",)},
        "Row 1 of df has 1 value, where the first has 2. Give pairs (text, label), or triples (text, pair, label).",
    ),
    (
        [("a", 1)] * 1_000 + [("b",)],
        {"label": ("label",)},
        "Row 1,000 of df is a tuple, and not like the first. Make all rows alike.",
    ),
]


@pytest.mark.parametrize("target", [Tags(Names()), LabelSet.of(("label",), [], (), ())])
def test_a_list_that_could_not_be_read_is_told_as_such(target: Target) -> None:
    with pytest.raises(Wrong, match=r"^not valid UTF-8$"):
        target.read([Unreadable("not valid UTF-8")])


@pytest.mark.parametrize(("data", "asked", "message"), REFUSED, ids=[message[:50] for *_, message in REFUSED])
def test_what_cannot_be_learnt_is_told_in_one_line(made: Any, data: Any, asked: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as raised:
        made(data, **asked)
    assert str(raised.value) == message


def test_a_file_without_objects_is_told(made: Any, tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_text('"a joy"\n"too long"\n')
    with pytest.raises(UserError, match=r"^texts.jsonl holds no objects. Write rows such as"):
        made(DataRef("file", str(path)))


def test_a_run_without_data_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has no data. Start it again with `%finetune`."):
        stored_description(RunFolder(tmp_path))


def test_a_model_that_cannot_do_it_is_refused(made: Any, models: Path, tmp_path: Path) -> None:
    def model(name: str) -> ModelRef:
        return ModelRef("folder", str(models / name))

    shutil.copytree(models / "tiny", tmp_path / "barty")
    config = tmp_path / "barty" / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "model_type": "bart"}))
    with pytest.raises(UserError, match=r"^barty is of type bart, and Transformers has no AutoModelForToken"):
        made({"tokens": [["a"]] * 4, "tags": [["O"]] * 4}, model=ModelRef("folder", str(tmp_path / "barty")))
    with pytest.raises(UserError, match="not a sequence-to-sequence model"):
        made(FRAME, training_task="seq2seq", model=model("storyteller"))
    with pytest.raises(UserError, match="not a causal LM"):
        made(FRAME, training_task="causal", model=model("masker"))


# --- what is known before ---


def test_lengths_are_those_of_the_tokenizer() -> None:
    from transformers import AutoTokenizer

    from nbtransformers.loading.bundled import bundled_folder

    tokenizer = AutoTokenizer.from_pretrained(bundled_folder("minilm"))
    texts = [" ".join(["word"] * (1 + number % 30)) for number in range(300)]
    rows = Dataset.from_dict({"text": texts, "label": [0] * 300})
    description = Description("classification", {}, ("a",))
    found = lengths(rows, task_named("classification"), tokenizer, description, 20)
    tokens = np.array([len(tokenizer(text)["input_ids"]) for text in texts])
    assert found == lengths_of(tokens, 20)
    assert found.cut_rows == pytest.approx((tokens > 20).mean())
    assert found.cut_tokens == pytest.approx(np.maximum(tokens - 20, 0).sum() / tokens.sum())
    assert sum(found.bars) == found.counted == 300
    assert len(found.edges) == len(found.bars) + 1


def test_of_many_rows_some_are_counted() -> None:
    from transformers import AutoTokenizer

    from nbtransformers.loading.bundled import bundled_folder

    tokenizer = AutoTokenizer.from_pretrained(bundled_folder("minilm"))
    rows = Dataset.from_dict({"text": ["a b"] * 12_000, "label": [0] * 12_000})
    found = lengths(rows, task_named("classification"), tokenizer, Description("classification", {}), 0)
    assert found.counted == 4_000
    assert (found.mean, found.cut_rows) == (4.0, 0.0)


def test_lengths_of_nothing() -> None:
    assert lengths_of(np.zeros(0, np.int64), 5).counted == 0


def test_repeats_are_counted_but_for_case_and_white_space() -> None:
    train = Dataset.from_dict({"text": ["A joy", "a  joy ", "no", "ＮＯ", "no"], "label": [1, 1, 0, 0, 1]})
    test = Dataset.from_dict({"text": ["a JOY", "new", "no"], "label": [1, 0, 0]})
    found = repeats(train, test)
    assert (found.duplicates, found.contradictions, found.leaked) == (3, 1, 2)
    words = Dataset.from_dict({"tokens": [["a", "b"], ["a", "b"]], "label": [[0, 1], [0, 1]]})
    assert repeats(words, words).duplicates == 1
    pairs = Dataset.from_dict({"text": ["a", "a"], "pair": ["b", "c"], "label": [0, 1]})
    assert repeats(pairs, pairs.select([0])).duplicates == 0


def test_the_balance_of_labels() -> None:
    one = Dataset.from_dict({"label": [0, 1, 1]})
    assert balance(one, one.select([0]), Description("classification", {}, ("a", "b"))).train == (1, 2)
    several = Dataset.from_dict({"label": [[1.0, 0.0], [1.0, 1.0]]})
    assert balance(several, several, Description("multi-label", {}, ("a", "b"))).test == (2, 1)
    tags = Dataset.from_dict({"label": [[0, 1, 0], [2]]})
    assert balance(tags, tags, Description("tokens", {}, ("O", "B", "I"))).train == (2, 1, 1)
    numbers = Dataset.from_dict({"label": [0.0, 10.0, 9.5]})
    found = balance(numbers, numbers.select([1]), Description("regression", {}))
    assert (found.labels[0], found.train[0], found.train[-1], sum(found.test)) == ("0 to 1", 1, 2, 1)
    assert balance(one, one, Description("masked", {})) is None
