"""`--method qlora`: an adapter beside layers in 4 bits, on the CPU; against peft and plain arithmetic."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from test_training_methods import OWN_BRAKING, run_of, stop_at, weights_of
from tiny import save_tiny
from training_runs import events, new_run, reviews, told, weights, work
from training_runs import one_thread as one_thread  # the fixture
from transformers import AutoModelForSequenceClassification, AutoTokenizer, BitsAndBytesConfig

from nbtransformers.errors import UserError
from nbtransformers.loading.heads import HEADS
from nbtransformers.request import DataRef, FinetuneRequest
from nbtransformers.rundir.atomic import read_json
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.training.card import write_card
from nbtransformers.training.data import stored_description
from nbtransformers.training.methods import refuse_lacking
from nbtransformers.training.tasks import task_named


def qlora_run(folder: Path, model: Path, **settings: Any) -> RunFolder:
    usual: dict[str, Any] = {"data": reviews(40), "method": "qlora", "lora_rank": 4, "epochs": 1.0}
    return new_run(folder, model, **{**usual, **settings})


def in_4bit(model: Path, run: RunFolder, skipped: list[str]) -> Any:
    """The base as Transformers itself quantises it, with the run's adapter on it, as peft loads it."""
    from peft import PeftModel

    how = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype="float32",
        llm_int8_skip_modules=skipped,
    )
    base: Any = AutoModelForSequenceClassification.from_pretrained(
        model, num_labels=2, ignore_mismatched_sizes=True, quantization_config=how, dtype="float32"
    )
    for layer in base.modules():
        layer.support_avx512bf16_for_cpu = False  # else it rounds to bfloat16 where the CPU can
    return PeftModel.from_pretrained(base, run.adapter).eval()


@pytest.mark.parametrize(
    "architecture, skipped",
    [
        ("bert", ["classifier", "bert.pooler"]),
        ("distilbert", ["pre_classifier", "classifier"]),
        ("roberta", ["classifier"]),
        ("gpt2", ["score"]),
    ],
)
def test_the_plain_model_computes_as_the_adapter_beside_4_bits(
    tmp_path: Path, architecture: str, skipped: list[str]
) -> None:
    model = save_tiny(architecture, tmp_path / "model", 5)  # its head is for others, and made anew
    run = qlora_run(tmp_path / "run", model)
    assert work(run) == 0
    plain: Any = AutoModelForSequenceClassification.from_pretrained(run.model).eval()
    assert plain.config.to_dict().get("quantization_config") is None
    adapted = in_4bit(model, run, skipped)
    adapted.config.pad_token_id = plain.config.pad_token_id
    texts = AutoTokenizer.from_pretrained(run.model)(["A joy from start to end."], return_tensors="pt")
    with torch.no_grad():
        torch.testing.assert_close(adapted(**texts).logits, plain(**texts).logits, rtol=1e-4, atol=1e-5)
    (plan,) = events(run, "plan")
    assert plan["trainable"] == sum(weight.numel() for weight in weights_of(run.adapter).values())
    learnt = sum(weight.numel() for weight in plain.parameters())
    adapter = sum(weight.numel() for name, weight in weights_of(run.adapter).items() if ".lora_" in name)
    head = plan["trainable"] - adapter  # which peft keeps twice: as it was, and as it is trained
    assert plan["parameters"] == learnt + adapter + head


def test_weights_have_16_values_in_each_block(tmp_path: Path) -> None:
    run = qlora_run(tmp_path / "run", save_tiny("bert", tmp_path / "model", 2), lora_modules=("query",))
    assert work(run) == 0
    state = transformers.AutoModelForSequenceClassification.from_pretrained(run.model).state_dict()
    key = next(weight for name, weight in state.items() if name.endswith("key.weight"))  # no adapter is beside it
    assert all(len(block.unique()) <= 16 for block in key.flatten().split(64))
    embeddings = next(weight for name, weight in state.items() if name.endswith("word_embeddings.weight"))
    assert any(len(block.unique()) > 16 for block in embeddings.flatten().split(64))


def test_a_run_that_was_interrupted_goes_on_bit_for_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_braking.py").write_text(OWN_BRAKING)
    monkeypatch.syspath_prepend(str(tmp_path))
    model = save_tiny("bert", tmp_path / "model", 5)
    settings: dict[str, Any] = {"epochs": 2.0, "metric": "own_braking:share_right"}
    whole, broken = (qlora_run(tmp_path / name, model, **settings) for name in ("whole", "broken"))
    assert work(whole) == 0
    stop_at(broken, 12)  # after the first evaluation, which must not change how layers compute
    assert work(broken) == 0
    assert weights(whole.model) == weights(broken.model)
    assert [e for e in told(whole) if e["type"] == "step"] == [e for e in told(broken) if e["type"] == "step"]


@pytest.mark.parametrize("kind", ["tokens", "seq2seq", "causal", "masked"])
def test_every_task_can_be_learnt_so(tmp_path: Path, kind: str) -> None:
    run = run_of(tmp_path, kind, "qlora")
    write_card(FinetuneRequest.from_json(run.request.read_text(encoding="utf-8")), run)
    assert work(run) == 0
    (plan,) = events(run, "plan")
    assert 0 < plan["trainable"] < plan["parameters"]
    assert read_json(run.card)["parameters"] == {"trained": plan["trainable"], "all": plan["parameters"]}
    task = task_named(stored_description(run).training_task)
    model = getattr(transformers, HEADS[task.head].auto_class).from_pretrained(run.model)
    assert all(weight.isfinite().all() for weight in model.parameters())


def test_the_card_counts_4_bits_and_the_model_cards_say_how_weights_were_held(tmp_path: Path) -> None:
    model = save_tiny("bert", tmp_path / "model", 2)
    runs = {method: qlora_run(tmp_path / method, model, method=method) for method in ("lora", "qlora")}
    for run in runs.values():
        write_card(FinetuneRequest.from_json(run.request.read_text(encoding="utf-8")), run)
    lora, qlora = (read_json(run.card)["memory"]["weights"] for run in runs.values())
    begun: Any = AutoModelForSequenceClassification.from_pretrained(model)
    linear = [
        module.weight.numel()
        for name, module in begun.bert.encoder.named_modules()
        if isinstance(module, torch.nn.Linear)
    ]
    assert lora - qlora == pytest.approx(sum(linear) * (4 - 0.516), rel=0.01)
    assert work(runs["qlora"]) == 0
    plain, adapter = ((place / "README.md").read_text() for place in (runs["qlora"].model, runs["qlora"].adapter))
    assert "dequantised to float32, with the adapter added" in plain
    assert "held in 4 bits (nf4" in adapter and "dequantised" not in adapter


def test_where_4_bits_cannot_be_is_told_before_a_worker_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    import bitsandbytes

    request = FinetuneRequest(DataRef("variable", "data"), method="qlora")
    refuse_lacking(request, "cpu")
    monkeypatch.setattr(bitsandbytes, "supported_torch_devices", {"cuda"})
    with pytest.raises(UserError, match=r"^bitsandbytes holds no weights in 4 bits on mps\. Type `--method lora`"):
        refuse_lacking(request, "mps")
    monkeypatch.setattr(sys.modules["importlib.util"], "find_spec", lambda name: None if name == "bitsandbytes" else 1)
    with pytest.raises(UserError, match=r"^`--method qlora` needs bitsandbytes\. Type `pip install .*qlora\]"):
        refuse_lacking(request, "cpu")


def test_a_package_that_is_built_for_others_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    monkeypatch.setattr(sys.modules["importlib.util"], "find_spec", lambda name: 1)
    with pytest.raises(UserError, match=r"^bitsandbytes cannot be used here \(ModuleNotFoundError: "):
        refuse_lacking(FinetuneRequest(DataRef("variable", "data"), method="qlora"), "cpu")
