"""The programs of `%models download`, `use` and `preview`, run by a bare Python against a Hub on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import helpers
import pytest
from helpers import Terminal
from hub import Hub
from hubdatasets import hub_datasets
from hubonline import online
from hubrepos import Repository, repository
from oracle.test_code import checked

import nbtransformers as nbt
from nbtransformers import settings

# Whoever imports the package fails.
ALONE = "import sys\nsys.modules['nbtransformers'] = None\n"
NEVER = {"onnx/model.onnx": b"another runtime", "pytorch_model.bin": b"no pickle"}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    folder = tmp_path / "tiny"
    for model in (helpers.classifier(), helpers.tokenizer()):
        model.save_pretrained(folder)
    (folder / "onnx").mkdir()
    for path, content in NEVER.items():
        (folder / path).write_bytes(content)
    encoder = {path: content for path, content in repository(folder).files.items() if path not in NEVER}
    encoder["config.json"] = encoder["config.json"].replace(b"BertForSequenceClassification", b"BertModel")
    models = {"acme/tiny": repository(folder), "acme/encoder": Repository(encoder)}
    with online(Hub(models=models), tmp_path / "cache") as running:
        yield running
    settings.forget_session()


def said(program: str, hub: Hub, cache: Path, after: str = "", **variables: str) -> str:
    """What a program prints, and what is run after it, by a bare Python with a cache of its own."""
    environment = {**os.environ, **hub.environment(cache), "HF_HUB_DISABLE_PROGRESS_BARS": "1", **variables}
    command = [sys.executable, "-I", "-c", ALONE + checked(program) + after]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{program}\n{done.stderr}"
    return done.stdout.strip()


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_download_is_that_of_its_program(hub: Hub, terminal: Terminal, tmp_path: Path) -> None:
    terminal.run("%models download acme/tiny --revision v1 --out here")
    fetched = terminal.shell.user_ns["here"]
    program = nbt.code(fetched)
    assert program == terminal.printed("%nbt code") == terminal.printed("%nbt code here")
    commit = hub.models["acme/tiny"].commit
    assert f'revision="{commit}"' in program
    folder = Path(said(program, hub, tmp_path / "other-cache"))
    assert folder.name == commit and tmp_path / "other-cache" in folder.parents
    assert files(folder) == files(fetched.folder) and not set(files(folder)) & set(NEVER)


@pytest.mark.parametrize(
    ("name", "typed", "loaded"),
    [
        ("acme/tiny", "%models use acme/tiny", "BertForSequenceClassification("),
        ("acme/encoder", "%models use acme/encoder --pin", "BertModel("),
    ],
)
def test_the_program_of_a_default_loads_it_with_its_head(
    hub: Hub, terminal: Terminal, tmp_path: Path, name: str, typed: str, loaded: str
) -> None:
    assert "is the default of this session" in terminal.printed(typed)
    program = terminal.printed("%nbt code")
    assert f'revision="{hub.models[name].commit}"' in program and "use_safetensors=True" in program
    assert said(program, hub, tmp_path / "other-cache").startswith(loaded)


@pytest.mark.parametrize("name", ["minilm", "movie-sentiment-minilm"])
def test_a_bundled_model_is_on_this_machine(name: str, hub: Hub, terminal: Terminal, tmp_path: Path) -> None:
    terminal.run(f"%models download {name} --out here")
    folder = said(terminal.printed("%nbt code"), hub, tmp_path / "other-cache")
    assert Path(folder, "config.json").is_file()
    terminal.run(f"%models use {name}")
    assert said(terminal.printed("%nbt code"), hub, tmp_path / "other-cache").startswith("Bert")
    assert hub.asked == []


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("acme/reviews", ""),
        ("acme/reviews", " --split test --rows 2"),
        ("acme/questions", ""),
        ("acme/languages", " --subset 中文"),
        ("acme/plain@v1", ""),
    ],
)
def test_a_look_into_a_dataset_is_that_of_its_program(
    name: str, options: str, terminal: Terminal, tmp_path: Path
) -> None:
    with online(Hub(datasets=hub_datasets()), tmp_path / "cache") as running:
        terminal.run(f"%models preview {name}{options} --out seen")
        seen = terminal.shell.user_ns["seen"]
        program = nbt.code(seen)
        assert program == terminal.printed("%nbt code") == terminal.printed("%nbt code seen")
        rows = said(program, running, tmp_path / "other-cache", "print(table.to_json(orient='records'))")
    assert json.loads(rows.splitlines()[-1]) == json.loads(seen.rows.to_json(orient="records"))


def test_a_dataset_that_is_here_is_looked_into_without_a_network(terminal: Terminal, tmp_path: Path) -> None:
    with online(Hub(datasets=hub_datasets()), tmp_path / "cache") as running:
        nbt.classify("hub:acme/reviews", split="test")
        terminal.run("%models preview acme/reviews --out seen")
        program = nbt.code(terminal.shell.user_ns["seen"])
    assert "streaming" not in program
    assert "A joy from start" in said(program, running, tmp_path / "cache", HF_HUB_OFFLINE="1")
