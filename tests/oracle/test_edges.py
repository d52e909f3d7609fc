"""The edges where scores could go wrong silently, or one row could spoil the others."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from oracle.test_scores import TEXTS, plain_scores
from oracle.tiny import SEP, save_tiny
from tokenizers.processors import TemplateProcessing
from transformers import AutoModelForSequenceClassification, AutoTokenizer

import nbtransformers as nbt
from nbtransformers.loading.registry import REGISTRY


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny("bert", tmp_path_factory.mktemp("bert"))


def own(folder: Path) -> tuple[Any, Any]:
    return AutoModelForSequenceClassification.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)


def test_one_text_first_does_not_end_the_check_of_padding(bert: Path) -> None:
    model, tokenizer = own(bert)
    forward = model.forward
    model.forward = lambda attention_mask=None, **inputs: forward(**inputs)  # loses its mask
    nbt.classify(TEXTS[:1], model=model, tokenizer=tokenizer)
    result = nbt.classify(TEXTS, model=model, tokenizer=tokenizer)
    np.testing.assert_allclose(result.scores, plain_scores(bert, TEXTS), atol=1e-5)


def test_a_pad_token_that_also_ends_every_text(tmp_path: Path) -> None:
    """The tokenizer appends the token that it pads with; the model's configuration names none."""
    folder = save_tiny("llama", tmp_path)
    model, tokenizer = own(folder)
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single="$0 [SEP]", special_tokens=[("[SEP]", SEP)])
    tokenizer.pad_token = tokenizer.eos_token
    with torch.no_grad():
        expected = [model(**tokenizer(text, return_tensors="pt")).logits.softmax(-1)[0].numpy() for text in TEXTS]
    result = nbt.classify(TEXTS, model=model, tokenizer=tokenizer)
    np.testing.assert_allclose(result.scores, np.stack(expected), atol=1e-5)


def test_two_threads_on_one_model_wait_for_each_other(bert: Path) -> None:
    model, tokenizer = own(bert)
    model.config.hidden_dropout_prob = 0.5
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.5
    model.train()  # with dropout at work any run that is not evaluation would show
    expected = plain_scores(bert, TEXTS)
    found: list[np.ndarray] = []

    def run() -> None:
        found.extend(nbt.classify(TEXTS, model=model, tokenizer=tokenizer).scores for _ in range(4))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    for scores in found:
        np.testing.assert_allclose(scores, expected, atol=1e-5)
    assert model.training


def test_a_users_model_that_is_trained_on_is_scored_with_its_new_weights(bert: Path) -> None:
    model, tokenizer = own(bert)
    texts = TEXTS * 3  # enough for packed layers
    before = nbt.classify(texts, model=model, tokenizer=tokenizer).scores
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(0.9)
    after = nbt.classify(texts, model=model, tokenizer=tokenizer).scores
    with torch.no_grad():
        expected = [model(**tokenizer(text, return_tensors="pt")).logits.softmax(-1)[0].numpy() for text in texts]
    assert np.abs(after - before).max() > 1e-3
    np.testing.assert_allclose(after, np.stack(expected), atol=1e-5)


@pytest.mark.parametrize("position", [0, 17, 39])
def test_a_token_beyond_the_vocabulary_spoils_its_own_row_only(bert: Path, position: int) -> None:
    model, tokenizer = own(bert)
    tokenizer.add_tokens(["zzyzx"])  # the model was not resized
    texts = [*TEXTS]
    texts[position] = "zzyzx " + "word " * position
    result = nbt.classify(texts, model=model, tokenizer=tokenizer)
    assert list(result.reasons) == [position]
    assert result.reasons[position].startswith("the model failed: IndexError")
    others = [row for row in range(len(texts)) if row != position]
    np.testing.assert_allclose(result.scores[others], plain_scores(bert, TEXTS)[others], atol=1e-5)


def test_a_model_that_always_fails_is_told_in_one_line(bert: Path) -> None:
    model, tokenizer = own(bert)

    def broken(**inputs: Any) -> None:
        raise ZeroDivisionError("a defect")

    model.forward = broken
    with pytest.raises(nbt.UserError, match="model fails on these texts: ZeroDivisionError: a defect") as caught:
        nbt.classify(TEXTS, model=model, tokenizer=tokenizer)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_little_work_does_not_settle_the_plan(bert: Path) -> None:
    REGISTRY.clear()
    nbt.classify(TEXTS[:1], model=str(bert))
    assert not any(key[0] == "plan" for key in REGISTRY.loaded()[0].notes if isinstance(key, tuple))
    nbt.classify(TEXTS * 60, model=str(bert))
    assert any(key[0] == "plan" for key in REGISTRY.loaded()[0].notes if isinstance(key, tuple))


def test_the_row_that_is_too_long_is_called_by_its_number(bert: Path) -> None:
    texts = [None, "", "short", "word " * 500, "word " * 400]
    with pytest.raises(nbt.UserError, match=r"Row 3 \(and 1 other row\) is too long: 502 tokens"):
        nbt.classify(texts, model=str(bert), long="error")


def test_a_folder_that_changes_is_loaded_anew_and_the_old_model_let_go(bert: Path, tmp_path: Path) -> None:
    folder = tmp_path / "changing"
    shutil.copytree(bert, folder)
    REGISTRY.clear()
    nbt.classify(TEXTS[:1], model=str(folder))
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "model_max_length": 7}))
    result = nbt.classify(TEXTS[:1], model=str(folder))
    assert result.tokens[0] == 7
    assert len(REGISTRY.loaded()) == 1


# --- the load gate ---


@pytest.mark.parametrize("shard", ["w.bin", "../bert/model.safetensors", "/etc/model.safetensors", "a\\b.safetensors"])
def test_an_index_names_safetensors_files_of_its_own_folder_only(bert: Path, tmp_path: Path, shard: str) -> None:
    folder = tmp_path / "indexed"
    shutil.copytree(bert, folder)
    (folder / "model.safetensors").rename(folder / "other.safetensors")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": shard}}))
    with pytest.raises(nbt.UserError) as caught:
        nbt.classify(["x"], model=str(folder))
    assert str(caught.value) == (
        f"The weights of indexed are in {shard!r}, which is no .safetensors file of its folder. "
        "Load it yourself, call model.save_pretrained(FOLDER), and give that folder."
    )


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ({"weight_map": {"a": "part.safetensors"}}, "indexed lacks a part of its weights: part.safetensors."),
        ({"weight_map": {}}, "indexed has an index of weights that names none."),
        ({"weight_map": []}, "indexed has an index of weights that names none."),
    ],
)
def test_an_index_without_its_files_is_told(bert: Path, tmp_path: Path, index: Any, message: str) -> None:
    folder = tmp_path / "indexed"
    shutil.copytree(bert, folder)
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(nbt.UserError) as caught:
        nbt.classify(["x"], model=str(folder))
    assert str(caught.value) == f"{message} Save or download it again."


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("config.json", {"id2label": ["a", "b"]}),
        ("config.json", {"id2label": {"x": "a"}}),
        ("config.json", {"architectures": [None]}),
        ("config.json", {"architectures": "BertForSequenceClassification"}),
        ("config.json", {"num_attention_heads": "x"}),
        ("config.json", {"num_attention_heads": 0}),
        ("config.json", {"hidden_size": 33}),
        ("tokenizer_config.json", []),
        ("tokenizer.json", {}),
    ],
)
def test_files_that_make_no_sense_are_told_in_one_line(bert: Path, tmp_path: Path, file: str, change: Any) -> None:
    folder = tmp_path / "nonsense"
    shutil.copytree(bert, folder)
    path = folder / file
    merged = {**json.loads(path.read_text()), **change} if isinstance(change, dict) and change else change
    path.write_text(json.dumps(merged))
    with pytest.raises(nbt.UserError):
        nbt.classify(["x"], model=str(folder))


def test_a_weight_file_of_another_name_is_not_loaded_by_the_configuration(bert: Path, tmp_path: Path) -> None:
    folder = tmp_path / "renamed"
    shutil.copytree(bert, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "evil.bin").write_bytes(b"no weights at all")
    (folder / "config.json").write_text(json.dumps({**config, "transformers_weights": "evil.bin"}))
    np.testing.assert_allclose(nbt.classify(TEXTS, model=str(folder)).scores, plain_scores(bert, TEXTS), atol=1e-5)
