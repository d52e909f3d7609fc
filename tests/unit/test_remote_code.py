"""Code that comes with a model: named, refused, run when it was allowed to, and never fetched from elsewhere."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_gate import TEXTS, refusal

import nbtransformers as nbt
from nbtransformers.progress import Progress
from nbtransformers.request import ClassifyRequest, DataRef, ModelRef, RunOptions

# A model of a type that Transformers does not know, in three files: one imports another.
CONFIG = """
from transformers import BertConfig

class OwnConfig(BertConfig):
    model_type = "own"
"""
PARTS = """
from pathlib import Path

def ran(file):
    place = Path({marker!r})
    place.write_text((place.read_text() if place.exists() else "") + file + " ")
"""
MODEL = """
from transformers import BertForSequenceClassification, BertModel
from .configuration_own import OwnConfig
from .parts_own import ran

ran("modeling")

class OwnModel(BertModel):
    config_class = OwnConfig

class OwnClassifier(BertForSequenceClassification):
    config_class = OwnConfig
"""
TOKENIZER = """
from transformers import PreTrainedTokenizerFast
from .parts_own import ran

ran("tokenization")

class OwnTokenizer(PreTrainedTokenizerFast):
    pass
"""
AUTO_MAP = {
    "AutoConfig": "configuration_own.OwnConfig",
    "AutoModel": "modeling_own.OwnModel",
    "AutoModelForSequenceClassification": "modeling_own.OwnClassifier",
}
FILES = "configuration_own.py, modeling_own.py, parts_own.py"


def write_own(models: Path, folder: Path, **entries: Any) -> Path:
    """The tiny classifier as a model with code of its own; running it leaves a mark in `folder.parent / "ran"`."""
    shutil.copytree(models / "tiny", folder)
    _change(folder / "config.json", model_type="own", auto_map=AUTO_MAP, **entries)
    (folder / "configuration_own.py").write_text(CONFIG)
    (folder / "parts_own.py").write_text(PARTS.format(marker=str(folder.parent / "ran")))
    (folder / "modeling_own.py").write_text(MODEL)
    return folder


def _change(path: Path, **entries: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | entries), encoding="utf-8")


@pytest.fixture(autouse=True, scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where Transformers copies code to before it runs it: a place of these tests' own."""
    from transformers import dynamic_module_utils

    place = tmp_path_factory.mktemp("modules")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dynamic_module_utils, "HF_MODULES_CACHE", str(place))
        yield place


@pytest.fixture
def own(models: Path, tmp_path: Path) -> Path:
    return write_own(models, tmp_path / "own")


@pytest.fixture
def own_tokenizer(models: Path, tmp_path: Path) -> Path:
    """A model of a known type with a tokenizer of its own."""
    folder = Path(shutil.copytree(models / "tiny", tmp_path / "own"))
    _change(folder / "tokenizer_config.json", auto_map={"AutoTokenizer": [None, "tokenization_own.OwnTokenizer"]})
    (folder / "tokenization_own.py").write_text(TOKENIZER)
    (folder / "parts_own.py").write_text(PARTS.format(marker=str(tmp_path / "ran")))
    return folder


def test_code_is_named_and_does_not_run(own: Path, modules: Path) -> None:
    assert refusal(own) == (
        f"own wants to run code of its own: {FILES}. Read it in {own}, and type `trust_remote_code` to run it."
    )
    assert not (own.parent / "ran").exists()
    assert not any("OwnConfig" in path.read_text() for path in modules.rglob("*.py"))


def test_trusted_code_runs_and_is_told(own: Path, models: Path) -> None:
    from nbtransformers.engine.classify import classify

    said: list[str] = []

    def listen(progress: Progress) -> None:
        said.append(progress.message)

    request = ClassifyRequest(
        DataRef("variable", "texts"), ModelRef("folder", str(own), trust_remote_code=True), run=RunOptions("cpu")
    )
    result = classify(request, {"texts": TEXTS}, listen)
    expected = nbt.classify(TEXTS, model=str(models / "tiny"), device="cpu")
    np.testing.assert_allclose(result.scores, expected.scores, atol=1e-6)
    assert f"Loading own, and running its {FILES}" in said
    assert f"Ran code that comes with the model: {FILES} ({own})." in result.notes
    assert (own.parent / "ran").read_text() == "modeling "


def test_trusted_code_that_changes_is_run_anew(own: Path) -> None:
    nbt.classify(TEXTS, model=str(own), trust_remote_code=True)
    (own / "modeling_own.py").write_text(MODEL.replace('ran("modeling")', 'ran("changed")'))
    nbt.classify(TEXTS, model=str(own), trust_remote_code=True)
    assert (own.parent / "ran").read_text() == "modeling changed "
    assert refusal(own).startswith("own wants to run code of its own")


def test_kernels_are_taken_out_of_trusted_models_too(models: Path, tmp_path: Path) -> None:
    own = write_own(models, tmp_path / "own", attn_implementation="evil/kernel", _attn_implementation="evil/kernel")
    assert nbt.classify(TEXTS, model=str(own), trust_remote_code=True).done.all()


def test_code_with_the_head_that_is_lacking(own: Path) -> None:
    _change(own / "config.json", auto_map={name: AUTO_MAP[name] for name in ("AutoConfig", "AutoModel")})
    assert refusal(own, trust_remote_code=True) == (
        "The code of own has no AutoModelForSequenceClassification, only AutoConfig, AutoModel. "
        "Give a model that has one."
    )


@pytest.mark.parametrize(
    "code",
    ["raise SystemError('no')", "class Nothing: pass", "import nosuchpackage_x", "def (", "\0"],
    ids=["raises", "lacks the class", "lacks a package", "no Python", "binary"],
)
def test_code_that_fails_is_told_in_one_line(own: Path, code: str) -> None:
    (own / "modeling_own.py").write_text(code)
    assert refusal(own, trust_remote_code=True).startswith(("Transformers cannot load own (", "The code "))


def test_code_that_imports_what_is_not_there(own: Path) -> None:
    (own / "parts_own.py").unlink()
    said = refusal(own)
    assert said.startswith("The code modeling_own.py cannot be read ("), said
    assert said.endswith("Get it again.")


@pytest.mark.parametrize(
    "reference", ["other/code--net.Model", "other/code--net.Model.x", "../net.Model", "/net.M", "net"]
)
@pytest.mark.parametrize("trusted", [False, True])
def test_code_of_elsewhere_is_refused_whatever_is_allowed(own: Path, reference: str, trusted: bool) -> None:
    _change(own / "config.json", auto_map=AUTO_MAP | {"AutoModelForSequenceClassification": reference})
    said = refusal(own, trust_remote_code=trusted)
    assert said.startswith(
        "own wants to run code of another repository (other/code--net.Model), at no pinned revision. "
        if reference == "other/code--net.Model"
        else "The auto_map of own makes no sense: "
    )
    assert not (own.parent / "ran").exists()


@pytest.mark.parametrize(
    "auto_map", [3, "net.Model", [], {}, {"AutoModel": 3}, {"AutoConfig": None}, [[]], {"x": [[]]}]
)
def test_an_odd_auto_map_is_told_in_one_line(own: Path, auto_map: Any) -> None:
    _change(own / "config.json", auto_map=auto_map)
    refusal(own)
    refusal(own, trust_remote_code=True)


def test_the_library_s_class_is_taken_where_there_is_one(models: Path, tmp_path: Path) -> None:
    own = write_own(models, tmp_path / "own")
    _change(own / "config.json", model_type="bert")
    for trusted in (False, True):
        result = nbt.classify(TEXTS, model=str(own), trust_remote_code=trusted)
        assert f"Did not run the code of own ({FILES}): Transformers has its type." in result.notes
    assert not (tmp_path / "ran").exists()


def test_a_tokenizer_s_code_is_named_and_runs_when_trusted(own_tokenizer: Path) -> None:
    files = "parts_own.py, tokenization_own.py"
    said = refusal(own_tokenizer)
    assert said.startswith(f"The tokenizer of own wants to run code of its own: {files}. ")
    assert not (own_tokenizer.parent / "ran").exists()
    result = nbt.classify(TEXTS, model=str(own_tokenizer), trust_remote_code=True)
    assert f"Ran code that comes with the model: {files} ({own_tokenizer})." in result.notes
    assert (own_tokenizer.parent / "ran").read_text() == "tokenization "


def test_a_tokenizer_s_code_of_elsewhere_is_refused(own_tokenizer: Path) -> None:
    _change(own_tokenizer / "tokenizer_config.json", auto_map={"AutoTokenizer": [None, "other/code--net.T"]})
    assert refusal(own_tokenizer, trust_remote_code=True).startswith(
        "The tokenizer of own wants to run code of another repository (other/code--net.T)"
    )


def test_a_tokenizer_alone_passes_the_same_gate(own_tokenizer: Path) -> None:
    from nbtransformers.loading.tokenizers import load_tokenizer

    ref = ModelRef("folder", str(own_tokenizer))
    with pytest.raises(nbt.UserError, match="wants to run code of its own"):
        load_tokenizer(ref, {})
    loaded = load_tokenizer(ModelRef("folder", str(own_tokenizer), trust_remote_code=True), {})
    assert type(loaded.tokenizer).__name__ == "OwnTokenizer"
