"""Every head that a task may need: loaded with its weights, refused without them, told from the others."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import helpers
import pytest
import torch
import transformers

from nbtransformers.errors import UserError
from nbtransformers.loading import dtypes
from nbtransformers.loading.card import Card, card, refuse_other_head
from nbtransformers.loading.dtypes import gpu_dtype
from nbtransformers.loading.heads import HEADS, Head, heads_named
from nbtransformers.loading.models import load
from nbtransformers.request import ModelRef

_THIN = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
_SIZES = {"vocab_size": 300, "max_position_embeddings": 32, **_THIN}


def _configs() -> dict[Head, Any]:
    """A configuration for every head; the seq2seq's and the causal one's share their embeddings with the head."""
    bert = helpers.bert_config()
    seq2seq = transformers.T5Config(
        vocab_size=300, d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2, decoder_start_token_id=0
    )
    causal = transformers.LlamaConfig(**_SIZES, tie_word_embeddings=True, bos_token_id=2, eos_token_id=3)
    return {
        **{"classifier": bert, "encoder": bert, "tokens": bert, "spans": bert, "masked": bert},
        **{"causal": causal, "seq2seq": seq2seq},
    }


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model for each head, in a folder of that name."""
    folder = tmp_path_factory.mktemp("heads")
    for head, config in _configs().items():
        torch.manual_seed(0)
        model = getattr(transformers, HEADS[head].auto_class).from_config(config).eval()
        model.save_pretrained(folder / head)
        helpers.tokenizer().save_pretrained(folder / head)
    return folder


@pytest.mark.parametrize("head", HEADS)
def test_a_head_is_loaded_as_transformers_loads_it(folders: Path, head: Head) -> None:
    loaded, fresh = load(ModelRef("folder", str(folders / head)), {}, head)
    assert fresh
    plain = getattr(transformers, HEADS[head].auto_class).from_pretrained(folders / head)
    assert type(loaded.model) is type(plain)
    expected = plain.state_dict()
    assert loaded.model.state_dict().keys() == expected.keys()
    assert all(torch.equal(weight, expected[name]) for name, weight in loaded.model.state_dict().items())


@pytest.mark.parametrize("head", [head for head in HEADS if head != "encoder"])
def test_the_card_tells_heads_apart(folders: Path, head: Head) -> None:
    found = card(ModelRef("folder", str(folders / head)), {})
    assert {other for other in HEADS if found.may_have(other)} == {head}
    refuse_other_head(found, head)


@pytest.mark.parametrize("head", [head for head in HEADS if head not in ("encoder", "seq2seq")])  # T5's is tied
def test_a_head_without_weights_is_refused(folders: Path, tmp_path: Path, head: Head) -> None:
    body = "causal" if head == "causal" else "encoder"
    shutil.copytree(folders / body, tmp_path / "bare")
    config = json.loads((tmp_path / "bare" / "config.json").read_text(encoding="utf-8"))
    if body != "encoder":  # with their own table of words for the output, which the weights do not have
        config["tie_word_embeddings"] = False
        (tmp_path / "bare" / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(UserError, match=r"^bare has no trained .*: [\w.]+ is not in its weights\.") as caught:
        load(ModelRef("folder", str(tmp_path / "bare")), {}, head)
    assert caught.value.hint == HEADS[head].hint


def test_an_encoder_is_not_made_up(folders: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    shutil.copytree(folders / "encoder", tmp_path / "hollow")
    file = tmp_path / "hollow" / "model.safetensors"
    weights = {name: weight for name, weight in load_file(file).items() if "layer.0.output" not in name}
    save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(UserError, match=r"^hollow has no trained encoder: encoder\.layer\.0\.output"):
        load(ModelRef("folder", str(tmp_path / "hollow")), {}, "encoder")


def test_an_encoder_needs_no_pooler(folders: Path) -> None:
    loaded, _ = load(ModelRef("folder", str(folders / "masked")), {}, "encoder")
    assert type(loaded.model).__name__ == "BertModel"


def test_a_type_without_such_a_head_is_told(folders: Path) -> None:
    with pytest.raises(UserError) as caught:
        load(ModelRef("folder", str(folders / "encoder")), {}, "seq2seq")
    assert caught.value.message == "encoder is of type bert, and Transformers has no AutoModelForSeq2SeqLM for that."


@pytest.mark.parametrize(
    ("architecture", "both", "heads"),
    [
        ("BertForTokenClassification", False, {"tokens"}),
        ("XLNetForQuestionAnsweringSimple", False, {"spans"}),
        ("GPT2LMHeadModel", False, {"causal"}),
        ("MarianMTModel", True, {"seq2seq"}),
        ("T5ForConditionalGeneration", True, {"seq2seq"}),
        ("BartForConditionalGeneration", True, {"seq2seq", "masked"}),
        ("LlavaForConditionalGeneration", False, set()),
        ("BertForPreTraining", False, {"masked"}),
        ("NoSuchForCausalLM", False, {"causal"}),  # a class of a model that brings its own code
        ("NoSuchForConditionalGeneration", True, {"seq2seq"}),
        ("BertModel", False, set()),
        ("", False, set()),
    ],
)
def test_heads_by_the_names_of_classes(architecture: str, both: bool, heads: set[Head]) -> None:
    assert heads_named(architecture, encoder_decoder=both) == heads


@pytest.mark.parametrize("head", [head for head in HEADS if head != "encoder"])
def test_heads_of_a_user_s_own_model(folders: Path, head: Head) -> None:
    model = load(ModelRef("folder", str(folders / head)), {}, head)[0].model
    assert card(ModelRef("variable", "mine"), {"mine": model}).heads == {head}
    derived = type("Mine", (type(model),), {})(model.config)
    assert card(ModelRef("variable", "mine"), {"mine": derived}).heads == {head}


def test_a_class_that_nobody_knows_is_judged_by_its_parts() -> None:
    class Mine(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.config = helpers.bert_config()
            self.qa_outputs = torch.nn.Linear(2, 2)

    assert card(ModelRef("variable", "mine"), {"mine": Mine()}).heads == {"spans"}


def test_another_head_is_refused_in_one_line() -> None:
    described = Card("ner", "BertForTokenClassification", frozenset({"tokens"}), ())
    with pytest.raises(UserError) as caught:
        refuse_other_head(described, "spans")
    assert str(caught.value) == (
        "ner is for token classification (BertForTokenClassification), not a model for question answering. "
        "Give a model that was trained for it, such as `--model deepset/tinyroberta-squad2`."
    )
    with pytest.raises(UserError, match=r"Leave `--model` out\.$"):
        refuse_other_head(described, "masked", "Leave `--model` out.")
    refuse_other_head(Card("any", "", frozenset(), ()), "spans")  # loading it will tell


def test_how_to_generate_is_read_from_the_folder(folders: Path, tmp_path: Path) -> None:
    shutil.copytree(folders / "causal", tmp_path / "writer")
    transformers.GenerationConfig(max_new_tokens=7, do_sample=True, temperature=0.5).save_pretrained(
        tmp_path / "writer"
    )
    loaded, _ = load(ModelRef("folder", str(tmp_path / "writer")), {}, "causal")
    found = loaded.model.generation_config
    assert (found.max_new_tokens, found.do_sample, found.temperature) == (7, True, 0.5)


def test_code_for_generating_is_never_run(folders: Path, tmp_path: Path) -> None:
    shutil.copytree(folders / "causal", tmp_path / "sly")
    (tmp_path / "sly" / "custom_generate").mkdir()
    (tmp_path / "sly" / "custom_generate" / "generate.py").write_text("raise SystemExit('ran')\n", encoding="utf-8")
    loaded, _ = load(ModelRef("folder", str(tmp_path / "sly"), trust_remote_code=True), {}, "causal")
    assert "generate" not in vars(loaded.model)


@pytest.mark.parametrize(
    ("stored", "wide", "on_new", "on_old"),
    [
        ("float32", False, "bfloat16", "float32"),
        ("bfloat16", False, "bfloat16", "float32"),
        ("float16", False, "float16", "float16"),
        ("float16", True, "bfloat16", "float32"),  # such as T5
        ("float32", True, "bfloat16", "float32"),
        (None, False, "bfloat16", "float32"),  # pickles
        ("float8_e4m3fn", False, "auto", "auto"),
        ("I8", False, "auto", "auto"),
    ],
)
def test_the_type_on_a_gpu(
    monkeypatch: pytest.MonkeyPatch, stored: str | None, wide: bool, on_new: str, on_old: str
) -> None:
    for has, expected in ((True, on_new), (False, on_old)):
        monkeypatch.setattr(dtypes, "_has_bfloat16", lambda device, has=has: has)
        assert gpu_dtype(stored, "cuda:0", too_wide_for_half=wide) == expected


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("head", HEADS)
def test_a_model_on_a_gpu_is_in_half_precision(folders: Path, head: Head) -> None:
    loaded, _ = load(ModelRef("folder", str(folders / head)), {}, head, device="cuda:0", dtype="auto")
    new = torch.cuda.is_bf16_supported(including_emulation=False)
    assert loaded.dtype == ("bfloat16" if new else "float32")
    assert all(torch.isfinite(weight).all() for weight in loaded.model.parameters())
