"""Every program that is written runs with plain Transformers, and gives the numbers of the result."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from oracle.test_scores import TEXTS
from oracle.tiny import save_tiny
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

import nbtransformers as nbt
from nbtransformers.codegen.literals import LINE
from nbtransformers.codegen.program import written
from nbtransformers.engine.classify import classify
from nbtransformers.engine.classify import recipe as classify_recipe
from nbtransformers.engine.tokenize import recipe as tokenize_recipe
from nbtransformers.engine.tokenize import tokenize
from nbtransformers.request import ClassifyRequest, DataRef, LongText, ModelRef, RunOptions, TokenizeRequest
from nbtransformers.results.classification import Classification
from nbtransformers.results.tokenization import Tokenization

LONG = " ".join(TEXTS[:12])  # more than any tiny model reads
CELL = "\n".join([TEXTS[0], TEXTS[4], LONG, *TEXTS[5:9]])
LABELS = ("politics", "sport", "technology")


def program_of(result: Classification | Tokenization) -> str:
    assert result.recipe is not None
    return written(result.request, result.recipe)


def checked(program: str, names: Iterable[str] = ()) -> str:
    """A program that a person would like to get: laid out, sorted, and with nothing of this package in it."""
    options = ["--isolated", "--line-length", str(LINE), "--target-version", "py311", "-"]
    known = f"builtins={json.dumps(list(names))}"  # what the user has already
    for command in (["format", "--check"], ["check", "--quiet", "--select", "E,F,W,I,UP,C4,SIM", "--config", known]):
        done = subprocess.run(["ruff", *command, *options], input=program, capture_output=True, text=True)
        assert done.returncode == 0, f"{program}\n{done.stdout}{done.stderr}"
    assert "import nbtransformers" not in program and "from nbtransformers" not in program
    return program


def ran(program: str, **names: Any) -> dict[str, Any]:
    """What a program leaves behind, run in a namespace of its own."""
    namespace: dict[str, Any] = {"__name__": "__main__", **names}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        exec(compile(checked(program, names), "<program>", "exec"), namespace)
    return namespace


def same(result: Classification, namespace: Mapping[str, Any]) -> None:
    """The table of a program is the table of the result, to 1e-5."""
    expected, table = result.to_pandas().drop(columns="reason"), namespace["table"]
    assert list(table.columns) == list(expected.columns)
    assert table.index.tolist() == expected.index.tolist()
    for column in ("text", "label"):
        mine, theirs = (frame[column].astype(object).where(frame[column].notna(), None) for frame in (table, expected))
        assert mine.tolist() == theirs.tolist(), column
    scale = max(1.0, float(np.nanmax(np.abs(result.scores), initial=1.0)))
    for column in expected.columns[2:]:
        np.testing.assert_allclose(table[column].astype(float), expected[column].astype(float), atol=1e-5 * scale)
    if result.request.top_k:
        top, best = namespace["top"], result.top()
        assert top[["row", "rank", "label"]].values.tolist() == best[["row", "rank", "label"]].values.tolist()
        np.testing.assert_allclose(top["score"], best["score"], atol=1e-5 * scale)
    if result.problem == "multi_label":
        assert namespace["totals"].to_dict() == result.totals


def asked(data: DataRef, objects: Mapping[str, Any] | None = None, **fields: Any) -> Classification:
    return classify(ClassifyRequest(data=data, **fields), objects or {})


# --- every head, every rule for long texts ---

HEADS: dict[str, dict[str, Any]] = {
    "single_label": {},
    "multi_label": {"problem_type": "multi_label_classification"},
    "regression": {"problem_type": "regression", "labels": 1},
    "one label": {"labels": 1},
    "entailment": {"id2label": {0: "contradiction", 1: "neutral", 2: "entailment"}},
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("code")
    made = {name: save_tiny("bert", root / name, **options) for name, options in HEADS.items()}
    for pooling in ("mean_tokens", "cls_token", "lasttoken", "max_tokens"):
        made[pooling] = _encoder(made["single_label"], root / pooling, pooling)
    return made


def _encoder(classifier: Path, folder: Path, pooling: str) -> Path:
    AutoModel.from_pretrained(classifier).save_pretrained(folder)
    AutoTokenizer.from_pretrained(classifier).save_pretrained(folder)
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({f"pooling_mode_{pooling}": True}))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 48}))
    return folder


@pytest.mark.parametrize("long", ["truncate", "window", "error"])
@pytest.mark.parametrize("head", [*HEADS, "mean_tokens", "cls_token", "lasttoken", "max_tokens"])
def test_every_head_and_every_rule_for_long_texts(head: str, long: LongText, folders: dict[str, Path]) -> None:
    zero_shot = head == "entailment" or head not in HEADS
    fields: dict[str, Any] = {"labels": LABELS} if zero_shot else {}
    cell = CELL if long != "error" else "\n".join(TEXTS[:3])
    data, model = DataRef("lines", cell), ModelRef("folder", str(folders[head]))
    result = asked(data, model=model, run=RunOptions(long=long, threads=1), **fields)
    assert long == "error" or result.tokens.max() > 40
    same(result, ran(program_of(result)))


@pytest.mark.parametrize("long", ["truncate", "window"])
@pytest.mark.parametrize("fields", [{}, {"labels": LABELS, "template": 'A "{}", is it? {x}'}])
def test_the_bundled_models(fields: dict[str, Any], long: LongText) -> None:
    result = asked(DataRef("lines", f"{CELL}\n{' '.join(TEXTS)}"), run=RunOptions(long=long), top_k=2, **fields)
    same(result, ran(program_of(result)))


@pytest.mark.parametrize("fields", [{"multi_label": True}, {"multi_label": True, "top_k": 5, "threshold": 0.3}])
def test_labels_that_are_scored_on_their_own(fields: dict[str, Any], folders: dict[str, Path]) -> None:
    nli = ModelRef("folder", str(folders["entailment"]))
    result = asked(DataRef("lines", CELL), model=nli, labels=LABELS, **fields)
    assert result.problem == "multi_label"
    same(result, ran(program_of(result)))
    trained = asked(DataRef("lines", CELL), model=ModelRef("folder", str(folders["single_label"])), **fields)
    same(trained, ran(program_of(trained)))


@pytest.mark.parametrize("long", ["truncate", "window"])
@pytest.mark.parametrize("length", [9, 20, 40])
def test_a_limit_of_ones_own(length: int, long: LongText, folders: dict[str, Path]) -> None:
    for head, fields in (("single_label", {}), ("entailment", {"labels": LABELS}), ("mean_tokens", {"labels": LABELS})):
        result = asked(
            DataRef("lines", CELL),
            model=ModelRef("folder", str(folders[head])),
            run=RunOptions(long=long, max_length=max(length, 14) if head == "entailment" else length),
            **fields,
        )
        assert result.unread.max() > 0 or long == "window"
        same(result, ran(program_of(result)))


def test_too_long_is_an_error_there_too(folders: dict[str, Path]) -> None:
    request = ClassifyRequest(
        DataRef("lines", CELL), model=ModelRef("folder", str(folders["single_label"])), run=RunOptions(long="error")
    )
    with pytest.raises(nbt.UserError, match="is too long"):
        classify(request, {})
    with pytest.raises(ValueError, match="and the model reads 160"):
        ran(written(request, classify_recipe(request, {})))


@pytest.mark.parametrize("architecture", ["roberta", "gpt2", "llama", "xlnet", "t5", "modernbert", "deberta-v2"])
def test_models_that_pad_in_their_own_way(architecture: str, tmp_path: Path) -> None:
    folder = save_tiny(architecture, tmp_path)
    for long in ("truncate", "window"):
        run = RunOptions(long=long, max_length=60)
        result = asked(DataRef("lines", CELL), model=ModelRef("folder", str(folder)), run=run)
        same(result, ran(program_of(result)))


def test_a_model_that_no_batch_may_be_padded_for(folders: dict[str, Path]) -> None:
    model = AutoModelForSequenceClassification.from_pretrained(folders["single_label"]).eval()
    forward = model.forward
    model.forward = lambda attention_mask=None, **inputs: forward(**inputs)  # loses its mask
    tokenizer = AutoTokenizer.from_pretrained(folders["single_label"])
    result = asked(DataRef("lines", CELL), {"model": (model, tokenizer)}, model=ModelRef("variable", "model"))
    program = program_of(result)
    assert "range(0, len(order), 1)" in program
    same(result, ran(program, model=model, tokenizer=tokenizer))


# --- models ---


def test_a_model_and_a_tokenizer_of_ones_own(folders: dict[str, Path]) -> None:
    model = AutoModelForSequenceClassification.from_pretrained(folders["single_label"])
    tokenizer = AutoTokenizer.from_pretrained(folders["single_label"])
    own = ClassifyRequest(DataRef("lines", CELL), model=ModelRef("variable", "clf"), tokenizer="tok")
    result = classify(own, {"clf": model, "tok": tokenizer})
    program = program_of(result)
    assert "Your own model `clf`" in program
    same(result, ran(program, model=model, tokenizer=tokenizer))
    other = ClassifyRequest(
        DataRef("lines", CELL), model=ModelRef("folder", str(folders["single_label"])), tokenizer="the tokenizer"
    )
    result = classify(other, {"the tokenizer": tokenizer})
    same(result, ran(program_of(result), tokenizer=tokenizer))


def test_half_precision(folders: dict[str, Path]) -> None:
    run = RunOptions(dtype="bfloat16", device="cpu", batch_tokens=1)
    result = asked(DataRef("lines", TEXTS[0]), model=ModelRef("folder", str(folders["single_label"])), run=run)
    program = program_of(result)
    assert "dtype=torch.bfloat16" in program and 'device = "cpu"' in program
    np.testing.assert_allclose(ran(program)["scores"], result.scores, atol=1e-2)


def test_a_hub_model_is_pinned(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The commit that ran is in the program, whatever the Hub has by then."""
    commit = "0123456789abcdef0123456789abcdef01234567"
    snapshot = tmp_path / "models--acme--bert" / "snapshots" / commit
    snapshot.parent.mkdir(parents=True)
    snapshot.symlink_to(folders["single_label"])
    (tmp_path / "models--acme--bert" / "refs").mkdir()
    (tmp_path / "models--acme--bert" / "refs" / "main").write_text(commit)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    result = asked(DataRef("lines", CELL), model=ModelRef("hub", "acme/bert"))
    program = program_of(result)
    assert f'revision="{commit}"' in program
    assert program.count("use_safetensors=True") == 1
    checked(program)
    tokens = tokenize(TokenizeRequest(DataRef("lines", CELL), models=(ModelRef("hub", "acme/bert"),)), {})
    assert f'revision="{commit}"' in program_of(tokens)
    environment = {"HF_HUB_CACHE": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    assert_same_in_a_process(result, program, environment)


def test_pickled_weights_that_were_allowed(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(folders["single_label"], tmp_path / "pickled")
    (folder / "model.safetensors").unlink()
    model = AutoModelForSequenceClassification.from_pretrained(folders["single_label"])
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    result = asked(DataRef("lines", CELL), model=ModelRef("folder", str(folder), allow_pickle=True))
    program = program_of(result)
    assert "use_safetensors=False, weights_only=True" in program
    same(result, ran(program))
    # Allowed, and not needed: safetensors are there.
    allowed = ModelRef("folder", str(folders["single_label"]), allow_pickle=True)
    result = asked(DataRef("lines", CELL), model=allowed)
    program = program_of(result)
    assert "use_safetensors=True" in program
    same(result, ran(program))


def test_names_that_are_taken_or_twice_there(tmp_path: Path) -> None:
    folder = save_tiny("bert", tmp_path, labels=4, id2label={0: "text", 1: "reason", 2: "same", 3: "same"})
    result = asked(DataRef("lines", CELL), model=ModelRef("folder", str(folder)), top_k=3)
    assert result.labels[3] == "same (2)"
    same(result, ran(program_of(result)))


# --- texts ---

NASTY = [
    'say "ah"',
    "it's",
    '"""',
    "back\\slash \\",
    "{braces} {}",
    "👩🏽‍💻 🇫🇷",
    "字 " * 80,
    "كتاب",
    "\x1b[31m",
    "# no",
]


def test_texts_of_a_cell_whatever_they_hold() -> None:
    result = asked(DataRef("lines", "\n".join(["first", "", *NASTY, "a \ud800 lone one", "last"])))
    assert len(result.reasons) == 2
    same(result, ran(program_of(result)))


def test_a_whole_cell() -> None:
    result = asked(DataRef("whole", f"\n{CELL}\n"))
    assert len(result) == 1
    same(result, ran(program_of(result)))


def test_labels_and_templates_whatever_they_hold(folders: dict[str, Path]) -> None:
    labels = ('a "b"', "it's", "\\", "{}", "label", "字" * 60, "كتاب " * 9, "line\nline")
    for head in ("mean_tokens", "entailment"):
        result = asked(
            DataRef("lines", "\n".join(TEXTS[:4])),
            model=ModelRef("folder", str(folders[head])),
            labels=labels,
            template='"""{}\\ {x}\n',
            run=RunOptions(max_length=160 if head == "entailment" else None),
        )
        same(result, ran(program_of(result)))


ROWS = [TEXTS[0], None, "", float("nan"), 3, "  ", TEXTS[5], LONG]
FRAME = pd.DataFrame({"review": ROWS, 0: ["x"] * len(ROWS), "stars": range(len(ROWS))}, index=list("abbdefgh"))
VARIABLES: dict[str, tuple[Any, str | None]] = {
    "texts": (ROWS, None),
    "text": ("one text", None),
    "by_name": ({"first": "one", "second": None}, None),
    "series": (FRAME["review"], None),
    "frame": (FRAME, "review"),
    "numbered": (FRAME[[0]].rename(columns={0: 7}), "7"),
    "only_one": (FRAME[["review", "stars"]], None),
    "frame[frame.stars>3] # mine": (FRAME[FRAME.stars > 3], "review"),
    "frame if True else None": (FRAME, "review"),
    "[t for t in texts if t!='it\\'s']": (ROWS, None),
}


@pytest.mark.parametrize("expression", VARIABLES)
def test_variables(expression: str, folders: dict[str, Path]) -> None:
    value, column = VARIABLES[expression]
    data = DataRef("variable", expression, column)
    result = asked(data, {expression: value}, model=ModelRef("folder", str(folders["single_label"])), top_k=2)
    program = program_of(result)
    objects = {"frame": FRAME, "texts": ROWS} | ({expression: value} if expression.isidentifier() else {})
    same(result, ran(program, **objects))


def test_tables_and_columns_of_other_libraries(folders: dict[str, Path]) -> None:
    import polars as pl
    import pyarrow as pa
    from datasets import Dataset, DatasetDict

    texts = [TEXTS[0], None, LONG]
    table = {"text": texts, "n": [1, 2, 3]}
    found: list[tuple[Any, str | None, str | None]] = [
        (pl.Series(texts), None, None),
        (pl.DataFrame(table), "text", None),
        (pl.DataFrame(table), None, None),
        (pa.table(table), None, None),
        (pa.chunked_array([texts]), None, None),
        (np.array(["one", "two"]), None, None),
        (Dataset.from_dict(table), None, None),
        (Dataset.from_dict(table)["text"], None, None),
        (DatasetDict(train=Dataset.from_dict(table)), "text", None),
        (DatasetDict(train=Dataset.from_dict(table), test=Dataset.from_dict(table)), None, "test"),
        (Dataset.from_dict(table).to_iterable_dataset(), None, None),
    ]
    for value, column, split in found:
        data = DataRef("variable", "mine", column, split=split)
        result = asked(data, {"mine": value}, model=ModelRef("folder", str(folders["single_label"])))
        same(result, ran(program_of(result), mine=value))


def test_the_sources_of_cells_are_written_down() -> None:
    objects = {"In[3]": "x = 1\ny = 'ä'", "cell intro": ["# One", "# Two"]}
    for name, value in objects.items():
        result = asked(DataRef("variable", name), objects)
        same(result, ran(program_of(result)))
        assert len(result) == (1 if isinstance(value, str) else 2)


def test_one_that_is_no_expression_is_refused() -> None:
    result = asked(DataRef("variable", "x; import os"), {"x; import os": ["one"]})
    with pytest.raises(nbt.UserError, match="is no Python expression"):
        program_of(result)


def _files(folder: Path) -> dict[str, DataRef]:
    texts = [TEXTS[0], "", "NA", "ein “Wort”, groß; 3", TEXTS[5], LONG]
    table = pd.DataFrame({"n": range(6), 'the "text"': texts})
    records = table.rename(columns={'the "text"': "text"}).to_dict("records")
    nested = [{"a": {"b": text}} for text in texts[:3]] + [{"a.b": text} for text in texts[3:]] + [{"a": None}]
    lines = "\n".join(texts) + "\n"
    (folder / "plain.txt").write_text(lines, encoding="utf-8")
    (folder / "marked.txt").write_text(lines, encoding="utf-8-sig")
    (folder / "wide.txt").write_bytes(lines.replace("\n", "\r\n").encode("utf-16"))
    (folder / "old.txt").write_text(lines, encoding="cp1252")
    import gzip

    with gzip.open(folder / "packed.txt.gz", "wt", encoding="utf-8") as file:
        file.write(lines)
    table.to_csv(folder / "it's a table.csv", index=False)
    table.to_csv(folder / "packed.csv.gz", index=False)
    table.to_csv(folder / "semicolons.csv", index=False, sep=";", encoding="cp1252")
    table.to_csv(folder / "tabs.tsv", index=False, sep="\t")
    pd.Series(texts).to_csv(folder / "headless.csv", index=True, header=False)
    (folder / "one.csv").write_text("text\nno comma here\nnor here\n")
    (folder / "lines.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    (folder / "nested.jsonl").write_text("".join(json.dumps(record) + "\n" for record in nested))
    (folder / "texts.jsonl").write_text("".join(json.dumps(text) + "\n" for text in texts))
    (folder / "list.json").write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
    table.rename(columns={'the "text"': "text"}).to_parquet(folder / "rows.parquet")
    named = {
        "it's a table.csv": 'the "text"',
        "semicolons.csv": None,
        "tabs.tsv": 'the "text"',
        "lines.jsonl": "text",
        "nested.jsonl": "a.b",
    }
    encodings = {"old.txt": "cp1252", "plain.txt": "utf-8", "semicolons.csv": "cp1252"}
    return {
        path.name: DataRef("file", str(path), named.get(path.name), encodings.get(path.name))
        for path in sorted(folder.iterdir())
    }


def test_files(tmp_path: Path, folders: dict[str, Path]) -> None:
    for name, data in _files(tmp_path).items():
        result = asked(data, model=ModelRef("folder", str(folders["single_label"])))
        assert len(result) > 1, name
        try:
            same(result, ran(program_of(result)))
        except AssertionError as error:
            raise AssertionError(name) from error


BROKEN: dict[str, str | bytes] = {
    "unclosed.csv": 'id,text\n1,fine\n2,"not closed\n3,good film\n4,"two\r\nlines"\n5,"so" he said\n\n6\n',
    "unclosed at the end.csv": 'id;text\n1;fine\n2;good\n3;"never closed',
    "headless.csv": '1,fine enough\n2,"not closed\n3,good film\n',
    "too many.csv": "id,text\n1,fine\n2,too,many,fields\n3,good film\n4,bad,,\n",
    "undecodable.csv": b"id,text\n1,fine\n2,b\xffd\n3,g\xc3\xb6\xc3\xb6d film\n",
    "both.csv": b'id,text\n1,fine\n2,b\xffd\n3,"not closed\n4,g\xc3\xb6\xc3\xb6d film\n',
    "too many.tsv": 'id\ttext\n1\t"so\n2\ttoo\tmany\n3\tgood film\n',
    "undecodable.txt": b"fine\nb\xffd\ng\xc3\xb6\xc3\xb6d\n",
    "broken.jsonl": '{"text": "fine"}\n{"text": bro\n\n{"text": "good film"}\n{"other": 1}\n',
    "broken texts.jsonl": '"fine"\nbroken\n"good film"\n',
    "undecodable.jsonl": b'{"text": "fine"}\n{"text": "b\xffd"}\n{"text": "g\xc3\xb6\xc3\xb6d film"}\n',
    "mixed.jsonl": '{"text": "fine"}\n"a string"\n3\nnull\n{"text": "good film"}\n',
    "nested.jsonl": '{"a": {"b": "fine"}}\n"a string"\nbroken\n{"a": {"b": "good film"}}\n',
    "mixed.json": '[{"text": "fine"}, "a string", {"text": "good film"}]',
    "broken.json": '[{"text": "fine"}, {"text": "good film"}\n, {"text": broken}, {"text": "not read"}]',
    "unclosed.json": '[{"text": "fine"}, {"text": "good film"}',
}


@pytest.mark.parametrize("name", BROKEN)
def test_files_with_rows_that_cannot_be_read(name: str, tmp_path: Path, folders: dict[str, Path]) -> None:
    written_down = BROKEN[name]
    (tmp_path / name).write_bytes(written_down if isinstance(written_down, bytes) else written_down.encode())
    encoding = "utf-8" if b"\xff" in (tmp_path / name).read_bytes() else None
    column = "1" if name == "headless.csv" else None
    data = DataRef("file", str(tmp_path / name), column, encoding=encoding)
    result = asked(data, model=ModelRef("folder", str(folders["single_label"])))
    assert 0 < len(result.reasons) < len(result)
    same(result, ran(program_of(result)))


def test_a_packed_file_with_rows_that_cannot_be_read(tmp_path: Path, folders: dict[str, Path]) -> None:
    import gzip

    for name in ("unclosed.csv", "broken.jsonl"):
        with gzip.open(tmp_path / f"{name}.gz", "wt", encoding="utf-8", newline="") as file:
            file.write(str(BROKEN[name]))
        data = DataRef("file", str(tmp_path / f"{name}.gz"))
        result = asked(data, model=ModelRef("folder", str(folders["single_label"])))
        same(result, ran(program_of(result)))


def test_clean_files_have_a_plain_reader(tmp_path: Path, folders: dict[str, Path]) -> None:
    (tmp_path / "clean.csv").write_text("id,text\n1,fine\n2,\n")
    (tmp_path / "clean.jsonl").write_text('{"text": "fine"}\n{"text": null}\n{"text": 3}\n')
    for name, reader in (("clean.csv", "pd.read_csv("), ("clean.jsonl", "[json.loads(line) for line in file")):
        data = DataRef("file", str(tmp_path / name), "text")
        program = program_of(asked(data, model=ModelRef("folder", str(folders["single_label"]))))
        assert reader in program and "except" not in program


def test_texts_of_an_iterator_that_is_used_up(folders: dict[str, Path]) -> None:
    model = ModelRef("folder", str(folders["single_label"]))
    for texts in (TEXTS[:3], [TEXTS[0], None, 3, "", 'a "b"']):
        g = (text for text in texts)
        result = asked(DataRef("variable", "g"), {"g": g}, model=model)
        same(result, ran(program_of(result), g=g))
    for many in (["one"] * 201, ["long " * 4_001]):
        result = asked(DataRef("variable", "g"), {"g": iter(many)}, model=model)
        program = program_of(result)
        assert "which is used up: make it anew first." in program
        same(result, ran(program, g=iter(many)))


@pytest.mark.parametrize(
    ("expression", "own"),
    [
        ('["a joy"]', False),
        ("['a' * 3, str(4)]", False),
        ("[t.lower() for t in ['a']]", False),
        ("[t.lower() for t in mine]", True),
    ],
)
def test_only_what_is_a_variable_has_to_be_made_first(expression: str, own: bool, folders: dict[str, Path]) -> None:
    value = eval(expression, {"mine": ["one"]})
    model = ModelRef("folder", str(folders["single_label"]))
    result = asked(DataRef("variable", expression), {expression: value}, model=model)
    program = program_of(result)
    assert ("run the cell that makes them first" in program) is own
    same(result, ran(program, mine=["one"]))


@pytest.mark.parametrize("fields", [{}, {"top_k": 2}, {"labels": LABELS}, {"multi_label": True}])
def test_no_row_can_be_read(fields: dict[str, Any], tmp_path: Path, folders: dict[str, Path]) -> None:
    model = ModelRef("folder", str(folders["mean_tokens" if "labels" in fields else "single_label"]))
    (tmp_path / "none.jsonl").write_text("broken\nbroken\n")
    rows = [None, " ", 3]
    for data in (DataRef("variable", "rows"), DataRef("file", str(tmp_path / "none.jsonl"))):
        result = asked(data, {"rows": rows}, model=model, **fields)
        assert len(result.reasons) == len(result)
        same(result, ran(program_of(result), rows=rows))
        tokens = tokenize(TokenizeRequest(data), {"rows": rows})
        assert ran(program_of(tokens), rows=rows)["table"].empty


def test_a_dataset_of_the_hub(monkeypatch: pytest.MonkeyPatch, folders: dict[str, Path]) -> None:
    """Only what the Hub would give is put in its place: the arguments are those of `load_dataset`."""
    import datasets

    from nbtransformers.results.recipe import Reading

    given: list[Any] = []

    def load_dataset(*names: Any, **options: Any) -> Any:
        given.append((names, options))
        return datasets.Dataset.from_dict({"text": TEXTS[:3]})

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    data = DataRef("hub", "acme/reviews", "text", split="test", subset="en", revision="v1")
    request = ClassifyRequest(data=data, model=ModelRef("folder", str(folders["single_label"])))
    alike = asked(DataRef("lines", "\n".join(TEXTS[:3])), model=request.model)
    assert alike.recipe is not None
    for streamed in (False, True):
        recipe = replace(alike.recipe, reading=Reading(data, streamed=streamed))
        same(alike, ran(written(request, recipe)))
    options = {"split": "test", "revision": "v1"}
    assert given == [
        (("acme/reviews", "en"), options),
        (("acme/reviews", "en"), {**options, "streaming": True}),
    ]


# --- tokens ---


def same_tokens(result: Tokenization, namespace: Mapping[str, Any]) -> None:
    """The tables of a program are those of the result."""
    expected, table = result.to_pandas(), namespace["table"]
    columns = [column for column in table.columns if column in expected]
    assert columns[-1] == "special" and {"row", "position", "token", "id"} <= set(columns)
    for column in columns:
        assert table[column].tolist() == expected[column].tolist(), column
    compared = result.compare()
    for column in ("vocabulary", "tokens", "words", "special", "fertility"):
        np.testing.assert_allclose(namespace["summary"][column].astype(float), compared[column].astype(float))
    for tokens in result.tokenizers:
        batch, mine = result.batch(tokens.name), namespace["batches"][tokens.name]
        mask = np.asarray(mine["attention_mask"])
        assert mask.tolist() == batch.attention_mask.tolist()
        assert (np.asarray(mine["input_ids"]) * mask).tolist() == (batch.input_ids * batch.attention_mask).tolist()


@pytest.mark.parametrize(
    "fields",
    [{}, {"special_tokens": False}, {"max_length": 12}, {"batch_size": 2}, {"max_length": 7, "special_tokens": False}],
)
def test_tokens(fields: dict[str, Any]) -> None:
    cell = "\n".join(["Unbelievable!", "", *NASTY, LONG, "can't stop: 3.5%"])
    result = tokenize(TokenizeRequest(DataRef("lines", cell), **fields), {})
    same_tokens(result, ran(program_of(result)))


def test_tokens_of_several_tokenizers(tmp_path: Path) -> None:
    gpt2 = ModelRef("folder", str(save_tiny("gpt2", tmp_path / 'gpt"2')))
    bundled = ModelRef("bundled", "movie-sentiment-minilm")
    own = AutoTokenizer.from_pretrained(gpt2.name)
    request = TokenizeRequest(DataRef("lines", CELL), models=(bundled, gpt2, ModelRef("variable", "own")))
    result = tokenize(request, {"own": own})
    same_tokens(result, ran(program_of(result), own=own))


@pytest.mark.parametrize("name", ["own", "tokenizer"])
def test_a_tokenizer_of_ones_own_stays_as_it_is(name: str, tmp_path: Path) -> None:
    own = AutoTokenizer.from_pretrained(save_tiny("gpt2", tmp_path))
    own.pad_token = None
    size = len(own)
    result = tokenize(TokenizeRequest(DataRef("lines", CELL), models=(ModelRef("variable", name),)), {name: own})
    left = ran(program_of(result), **{name: own})
    same_tokens(result, left)
    assert left[name] is own and own.pad_token is None and len(own) == size


def test_a_tokenizer_of_ones_own_keeps_its_padding_side(folders: dict[str, Path]) -> None:
    model = AutoModelForSequenceClassification.from_pretrained(folders["single_label"])
    tokenizer = AutoTokenizer.from_pretrained(folders["single_label"], padding_side="left")
    own = ClassifyRequest(DataRef("lines", CELL), model=ModelRef("variable", "model"), tokenizer="tokenizer")
    result = classify(own, {"model": model, "tokenizer": tokenizer})
    program = program_of(result)
    assert 'padder.padding_side = "right"' in program
    same(result, ran(program, model=model, tokenizer=tokenizer))
    assert tokenizer.padding_side == "left"


def test_tokens_of_a_variable_and_of_a_file(tmp_path: Path) -> None:
    result = tokenize(TokenizeRequest(DataRef("variable", "frame", "review")), {"frame": FRAME})
    same_tokens(result, ran(program_of(result), frame=FRAME))
    (tmp_path / "texts.txt").write_text("one\n\ntwo three\n", encoding="utf-8")
    result = tokenize(TokenizeRequest(DataRef("file", str(tmp_path / "texts.txt"))), {})
    same_tokens(result, ran(program_of(result)))


# --- in a process that cannot import this package ---

BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "nbtransformers":
            raise ImportError("this program must do without it")
sys.meta_path.insert(0, Blocked())
import runpy, pickle
left = runpy.run_path(sys.argv[1], run_name="__main__")
with open(sys.argv[2], "wb") as file:
    pickle.dump({name: left[name] for name in ("table", "top", "totals") if name in left}, file)
"""


def assert_same_in_a_process(result: Classification, program: str, environment: Mapping[str, str]) -> None:
    import os
    import pickle
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder, "program.py"), Path(folder, "left.pickle")
        path.write_text(checked(program), encoding="utf-8")
        command = [sys.executable, "-I", "-c", BLOCKED, str(path), str(out)]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})
        assert done.returncode == 0, done.stderr
        assert f"[{len(result)} rows x" in done.stdout, "it prints the table"
        same(result, pickle.loads(out.read_bytes()))


@pytest.mark.parametrize("fields", [{}, {"labels": LABELS}])
def test_in_a_process_of_its_own(fields: dict[str, Any]) -> None:
    result = asked(DataRef("lines", CELL), **fields)
    assert_same_in_a_process(result, program_of(result), {})


# --- a request alone ---


def test_a_request_alone_gives_the_same_program(tmp_path: Path, folders: dict[str, Path]) -> None:
    (tmp_path / "old.csv").write_text("n;text\n1;groß\n2;klein\n", encoding="cp1252")
    for data in (DataRef("lines", CELL), DataRef("file", str(tmp_path / "old.csv"), encoding="cp1252")):
        model = ModelRef("folder", str(folders["single_label"]))
        request = ClassifyRequest(data=data, model=model, run=RunOptions(long="window"))
        assert written(request, classify_recipe(request, {})) == program_of(classify(request, {}))
        tokens = TokenizeRequest(data=data, models=(model,))
        assert written(tokens, tokenize_recipe(tokens, {})) == program_of(tokenize(tokens, {}))


torch.set_num_threads(1)
