"""Datasets of the Hub: read from a Hub on this machine, from the cache, and what is said when they cannot be."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hub import hub

NOWHERE = "http://127.0.0.1:9"


def parquet(**columns: Any) -> bytes:
    written = io.BytesIO()
    pq.write_table(pa.table(columns), written)
    return written.getvalue()


CARD = b"""---
dataset_info:
  features:
  - name: text
    dtype: string
  - name: label
    dtype: int64
  splits:
  - name: train
    num_bytes: 100
    num_examples: 3
  download_size: 1000
  dataset_size: 100
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train-*
---
"""
SUBSETS = b"""---
configs:
- config_name: en
  data_files: en.jsonl
- config_name: de
  data_files: de.jsonl
---
"""
TRAIN = parquet(text=["one", "two", None], label=[0, 1, 1])
HUB: dict[str, Any] = {
    "acme/streamed": {"data/train-0.parquet": TRAIN},
    "acme/small": {"README.md": CARD, "data/train-0.parquet": TRAIN},
    "acme/splits": {"train.csv": b"text,n\none,1\ntwo,2\n", "test.csv": b"text,n\nthree,1\n"},
    "acme/subsets": {"README.md": SUBSETS, "en.jsonl": b'{"text": "one"}\n', "de.jsonl": b'{"text": "eins"}\n'},
    "acme/columns": {"a.csv": b"a,b\nx,y\n"},
    "acme/script": {"script.py": b"x = 1", "README.md": b"---\n---\n"},
    "acme/empty": {"README.md": b"---\n---\n"},
    "acme/torn": {"data/train-0.parquet": TRAIN[:200]},
    "acme/gated": (403, "GatedRepo"),
    "acme/failing": (500, ""),
}
ASK = """
import json, sys
from nbtransformers.errors import UserError
from nbtransformers.inputs.refs import data_ref
from nbtransformers.inputs.rows import read
for name, options in json.loads(sys.argv[1]):
    try:
        rows = read(*data_ref(name, **options))
        texts = [[text for window in rows.windows(2, start) for text in window.texts] for start in (0, 1, 0)]
        print(json.dumps([type(rows.source).__name__, rows.total, *texts]))
    except UserError as error:
        print(json.dumps(str(error)))
import datasets
from huggingface_hub.utils import are_progress_bars_disabled
print(json.dumps(not datasets.are_progress_bars_disabled() and not are_progress_bars_disabled()))
"""


def asked(address: str, home: Path, *questions: tuple[str, dict[str, str]], offline: bool = False) -> list[Any]:
    environment = {name: value for name, value in os.environ.items() if name != "HF_HUB_CACHE"}
    environment |= {"HF_ENDPOINT": address, "HF_HOME": str(home), "HF_HUB_OFFLINE": str(int(offline))}
    environment["TQDM_POSITION"] = "-1"  # as in a notebook: else huggingface_hub shows bars in a terminal alone
    done = subprocess.run(
        [sys.executable, "-c", ASK, json.dumps(questions)], env=environment, cwd=home, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "it/s" not in done.stderr and "%|" not in done.stderr, "a progress bar of a library was shown"
    assert "examples" not in done.stderr
    assert done.stdout.splitlines()[-1] == "true", "progress bars of libraries are not what they were"
    return [json.loads(line) for line in done.stdout.splitlines()[:-1]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    for name in ("acme/none", "csv"):  # what is here is never taken for what is on the Hub
        (folder / name).mkdir(parents=True)
        (folder / name / "train.csv").write_text("text\nnot this\n", encoding="utf-8")
    return folder


ANSWERED: list[tuple[str, dict[str, str], Any]] = [
    ("hub:acme/small", {}, ["DatasetColumn", 3, ["one", "two", None], ["two", None], ["one", "two", None]]),
    ("hub:acme/streamed", {}, ["StreamedColumn", None, ["one", "two", None], ["two", None], ["one", "two", None]]),
    ("hub:acme/streamed@v1", {"column": "text"}, ["StreamedColumn", None, ["one", "two", None], ["two", None]]),
    ("hub:acme/splits", {"split": "test"}, ["StreamedColumn", None, ["three"], []]),
    ("hub:acme/subsets", {"subset": "de"}, ["StreamedColumn", None, ["eins"], []]),
    ("hub:acme/columns", {"column": "b"}, ["StreamedColumn", None, ["y"], []]),
]
REFUSED: list[tuple[str, dict[str, str], str]] = [
    ("hub:acme/splits", {}, "hub:acme/splits has several splits: train, test. Add `--split train`."),
    ("hub:acme/splits", {"split": "tset"}, "hub:acme/splits has no split 'tset'. Did you mean test?"),
    ("hub:acme/subsets", {}, "hub:acme/subsets has several subsets: en, de. Add `--subset en`."),
    ("hub:acme/subsets", {"subset": "dee"}, "hub:acme/subsets has no subset 'dee'. Did you mean de?"),
    ("hub:acme/small", {"subset": "de"}, "hub:acme/small has no subset 'de'. It has default."),
    (
        "hub:acme/columns",
        {},
        "Which column of hub:acme/columns holds the texts? Its text columns: a, b. Add `--column a`.",
    ),
    ("hub:acme/columns", {"column": "c"}, "hub:acme/columns has no column 'c'. It has a, b."),
    (
        "hub:acme/columns",
        {"encoding": "gbk"},
        "`--encoding` is for text files, and hub:acme/columns is none. Leave `--encoding` out.",
    ),
    (
        "hub:acme/script",
        {},
        "hub:acme/script is made by a script, which nothing runs any more. Look for a copy of it as Parquet.",
    ),
    ("hub:acme/empty", {}, "hub:acme/empty holds no files of data. Look at its page on the Hub."),
    (
        "hub:acme/gated",
        {},
        "hub:acme/gated is gated: the Hub gives it to people who accepted its terms. "
        "Accept them on its page, then type `hf auth login`.",
    ),
    (
        "hub:acme/none",
        {},
        "The Hub has no dataset acme/none, or it is private. Check the spelling, or type `hf auth login`.",
    ),
    ("hub:csv", {}, "The Hub has no dataset csv, or it is private. Check the spelling, or type `hf auth login`."),
    ("hub:acme/small@v9", {}, "hub:acme/small has no revision v9. Type `hub:acme/small` for the newest."),
    (
        "hub:acme/failing",
        {},
        "hub:acme/failing is not in the local cache, and the Hub fails (HTTP 500). Check the network, or give a file.",
    ),
]


def test_datasets_are_read_and_refused(home: Path) -> None:
    cases = [*ANSWERED, *REFUSED]
    with hub(HUB) as address:
        answers = asked(address, home, *[(name, options) for name, options, _ in cases], ("hub:acme/torn", {}))
    assert len(answers) == len(cases) + 1
    for (name, options, expected), answer in zip(cases, answers, strict=False):
        assert answer[: len(expected)] == expected, (name, options)
    assert answers[-1].startswith("hub:acme/torn cannot be read (")


def test_what_was_fetched_once_needs_no_network(home: Path) -> None:
    with hub(HUB) as address:
        (fetched,) = asked(address, home, ("hub:acme/small", {}))
    assert fetched == ANSWERED[0][2]
    unfetched = "hub:acme/other is not in the local cache, and "
    both = ("hub:acme/small", {}), ("hub:acme/other", {})
    assert asked(NOWHERE, home, *both, offline=True) == [
        fetched,
        f"{unfetched}offline mode is on. Go online once to fetch it, or give a file.",
    ]
    assert asked(NOWHERE, home, *both) == [
        fetched,
        f"{unfetched}the Hub cannot be reached (ConnectError). Check the network, or give a file.",
    ]


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    from nbtransformers.errors import UserError
    from nbtransformers.inputs.refs import data_ref
    from nbtransformers.inputs.rows import read

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError) as caught:
        read(*data_ref("hub:acme/small"))
    assert str(caught.value) == (
        'Datasets of the Hub need the package datasets. Type `pip install "nbtransformers[data]"`.'
    )


@pytest.mark.parametrize("name", ["hub:", "hub:a/b/c", "hub:/x", "hub:a@", "hub:../x", "hub:a\x00"])
def test_what_is_no_name_is_told(name: str) -> None:
    from nbtransformers.errors import UserError
    from nbtransformers.inputs.refs import data_ref

    with pytest.raises(UserError, match=r"is no dataset of the Hub\. Type `hub:owner/name`\.$"):
        data_ref(name)


@pytest.mark.parametrize("text", ["hub: the place to be", "Hub:x", "a hub:x/y", "hub:one\ntwo"])
def test_a_text_about_a_hub_is_a_text(text: str) -> None:
    from nbtransformers.inputs.refs import data_ref

    ref, objects = data_ref(text)
    assert (ref.kind, objects) == ("variable", {"data": text})
