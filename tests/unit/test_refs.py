"""What a name stands for: a folder before the Hub, and a revision behind an `@`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import nbtransformers as nbt
from nbtransformers.errors import UserError
from nbtransformers.loading.refs import model_ref
from nbtransformers.loading.tokenizers import tokenizer_ref


@pytest.fixture(autouse=True)
def online(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any name may be one of the Hub; nothing here asks it."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", ["out/run1", "gpt2", "acme/v1@main"])
@pytest.mark.parametrize("file", [None, "adapter_config.json", "checkpoint-5/config.json"])
def test_a_folder_is_never_taken_for_a_name_of_the_hub(tmp_path: Path, name: str, file: str | None) -> None:
    assert model_ref(name)[0].kind == "hub"
    (tmp_path / name).mkdir(parents=True)
    if file:
        (tmp_path / name / file).parent.mkdir(exist_ok=True)
        (tmp_path / name / file).write_text("{}", encoding="utf-8")
    ref = model_ref(name)[0]
    assert (ref.kind, ref.name) == ("folder", str(tmp_path / name))
    with pytest.raises(UserError, match=r"is no model folder|is a LoRA adapter"):
        nbt.classify(["a joy"], model=name)


@pytest.mark.parametrize("value", [5, None, [1], len])
def test_a_variable_that_is_no_model_is_never_taken_for_a_name_of_the_hub(value: object) -> None:
    for look_up in (model_ref, tokenizer_ref):
        with pytest.raises(UserError, match=r"^z is an? \w+, not a model\."):
            look_up("z", None, {"z": value})


@pytest.mark.parametrize("revision", ["v1", "0123456", "refs/pr/1", "feature/x"])
def test_a_revision_may_stand_behind_the_name(revision: str) -> None:
    ref = model_ref(f"acme/tiny@{revision}")[0]
    assert (ref.kind, ref.name, ref.revision) == ("hub", "acme/tiny", revision)
    assert model_ref(str(ref))[0] == ref == model_ref("acme/tiny", revision)[0]


def test_nothing_is_a_model_without_a_name() -> None:
    with pytest.raises(UserError, match=r"^There is no model ''\."):
        model_ref("")


def test_two_revisions_stand_side_by_side(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    old, new = "1" * 40, "2" * 40
    repository = tmp_path / "models--acme--two"
    for commit in (old, new):
        shutil.copytree(models / "tiny", repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    for name, commit in (("main", new), ("v1", old)):
        (repository / "refs" / name).write_text(commit, encoding="utf-8")

    found = nbt.tokenize(["a joy"], model=["acme/two", "acme/two@v1", "acme/two@1111111", "minilm"])
    shown = ["acme/two@2222222", "acme/two@v1 (1111111)", "acme/two@1111111", "minilm"]
    assert list(found.run.models) == shown
    assert ("Models", ", ".join(shown)) in found.run.facts()
    assert [tokens.name for tokens in found.tokenizers] == ["acme/two", "acme/two@v1", "acme/two@1111111", "minilm"]

    head = str(nbt.classify(["a joy"], model="acme/two")).splitlines()[0]
    assert head.startswith("acme/two@2222222: ")
    typed = nbt.classify(["a joy"], model=head.split(":")[0])
    assert typed.run.pinned_model == "acme/two@2222222"
