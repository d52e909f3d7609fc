"""What of a model is trained: an adapter, or its head; against plain Transformers and peft."""

from __future__ import annotations

import signal
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from test_training_tasks_worker import DATA
from tiny import save_tiny
from training_runs import events, new_run, reviews, start_worker, told, weights, work
from training_runs import one_thread as one_thread  # the fixture
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from nbtransformers.errors import UserError
from nbtransformers.loading.heads import HEADS
from nbtransformers.request import DataRef, FinetuneRequest
from nbtransformers.rundir.atomic import read_json
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.training.card import write_card
from nbtransformers.training.data import stored_description, stored_rows
from nbtransformers.training.headonly import encode_once, find_tap, freeze
from nbtransformers.training.methods import refuse_lacking
from nbtransformers.training.tasks import task_named

NO_DROPOUT: dict[str, dict[str, Any]] = {
    "bert": {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0},
    "roberta": {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0},
    "electra": {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0},
    "albert": {},
    "deberta-v2": {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0},
    "mpnet": {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0},
    "distilbert": {"dropout": 0.0, "attention_dropout": 0.0, "seq_classif_dropout": 0.0},
    "modernbert": {},
    "xlnet": {"dropout": 0.0, "summary_last_dropout": 0.0},
    "t5": {"dropout_rate": 0.0},
    "bart": {"dropout": 0.0},
    "gpt2": {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0},
    "llama": {},
}
ONE_VECTOR = set(NO_DROPOUT) - {"gpt2", "llama"}


def tensors(folder: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


def notes(run: RunFolder) -> list[str]:
    return [event["text"] for event in events(run, "note")]


# --- head ---


@pytest.mark.parametrize("architecture", NO_DROPOUT)
def test_a_head_on_features_learns_as_one_on_a_frozen_body(
    tmp_path: Path, architecture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = save_tiny(architecture, tmp_path / "model", 2, **NO_DROPOUT[architecture])
    settings: dict[str, Any] = {"data": reviews(40), "method": "head", "epochs": 1.0, "arguments": {}}
    once = new_run(tmp_path / "once", model, **settings)
    assert work(once) == 0
    monkeypatch.setattr("nbtransformers.training.methods.find_tap", lambda model, batch: None)
    frozen = new_run(tmp_path / "frozen", model, **settings)
    assert work(frozen) == 0
    assert bool(notes(once)) == (architecture not in ONE_VECTOR)
    assert notes(frozen)
    losses = [[e["loss"] for e in told(run) if e["type"] in ("step", "eval") and "loss" in e] for run in (once, frozen)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    begun, by_features, by_body = tensors(model), tensors(once.model), tensors(frozen.model)
    body = AutoModelForSequenceClassification.from_pretrained(once.model).base_model_prefix + "."
    assert by_features.keys() == by_body.keys()
    for name, weight in by_features.items():
        torch.testing.assert_close(weight, by_body[name], rtol=1e-5, atol=1e-5)
        if name.startswith(body):  # a pooler is a part of the head, wherever a model has it
            assert torch.equal(weight, begun[name]) == ("pooler.dense" not in name), name
    assert any(not torch.equal(weight, begun[name]) for name, weight in by_features.items())
    assert not once.features.exists()


# --- lora ---


def lora_run(folder: Path, model: Path, **settings: Any) -> RunFolder:
    usual: dict[str, Any] = {"data": reviews(40), "method": "lora", "lora_rank": 4, "epochs": 2.0}
    return new_run(folder, model, **{**usual, **settings})


@pytest.mark.parametrize("architecture", ["bert", "distilbert", "modernbert", "xlnet", "gpt2"])
def test_the_model_of_an_adapter_is_plain_and_the_adapter_gives_the_same(tmp_path: Path, architecture: str) -> None:
    from peft import PeftModel

    model = save_tiny(architecture, tmp_path / "model", 5)  # its head is for others, and made anew
    run = lora_run(tmp_path / "run", model, epochs=1.0)
    assert work(run) == 0
    plain: Any = AutoModelForSequenceClassification.from_pretrained(run.model).eval()
    begun, learnt = tensors(model), tensors(run.model)
    assert begun.keys() == learnt.keys()
    assert any(
        not torch.equal(weight, begun[name]) for name, weight in learnt.items() if "layer" in name or "h." in name
    )
    base: Any = AutoModelForSequenceClassification.from_pretrained(model, num_labels=2, ignore_mismatched_sizes=True)
    adapted: Any = PeftModel.from_pretrained(base, run.adapter).eval()
    tokenizer = AutoTokenizer.from_pretrained(run.model)
    base.config.pad_token_id = plain.config.pad_token_id
    texts = tokenizer(["A joy from start to end."], return_tensors="pt")
    with torch.no_grad():
        torch.testing.assert_close(adapted(**texts).logits, plain(**texts).logits, rtol=1e-4, atol=1e-5)
    plan = events(run, "plan")[0]
    assert plan["trainable"] == sum(weight.numel() for weight in weights_of(run.adapter).values())


def weights_of(adapter: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(adapter / "adapter_model.safetensors")


def test_an_adapter_and_the_head_are_all_that_is_trained(tmp_path: Path) -> None:
    model = save_tiny("bert", tmp_path / "model", 2)
    run = lora_run(tmp_path / "run", model, lora_alpha=8.0, lora_dropout=0.0, lora_modules=("query", "dense"))
    assert work(run) == 0
    begun, learnt = tensors(model), tensors(run.model)
    moved = {name for name, weight in learnt.items() if not torch.equal(weight, begun[name])}
    assert {name for name in moved if "query" in name} and {name for name in moved if "dense" in name}
    assert all("query.weight" in name or "dense.weight" in name or "classifier" in name for name in moved)
    assert {"classifier.weight", "classifier.bias"} <= moved


def test_an_adapter_that_was_interrupted_goes_on_bit_for_bit(tmp_path: Path, braking: str) -> None:
    model = save_tiny("bert", tmp_path / "model", 5)
    whole, broken = (lora_run(tmp_path / name, model, metric=braking) for name in ("whole", "broken"))
    assert work(whole) == 0
    stop_at(broken, 7)
    assert work(broken) == 0
    assert weights(whole.model) == weights(broken.model)
    assert weights_of(whole.adapter).keys() == weights_of(broken.adapter).keys()
    for name, weight in weights_of(whole.adapter).items():
        assert torch.equal(weight, weights_of(broken.adapter)[name])
    assert [e for e in told(whole) if e["type"] == "step"] == [e for e in told(broken) if e["type"] == "step"]


def test_a_head_that_was_interrupted_goes_on_bit_for_bit(tmp_path: Path, braking: str) -> None:
    model = save_tiny("bert", tmp_path / "model", 5)
    settings: dict[str, Any] = {"data": reviews(40), "method": "head", "epochs": 2.0, "metric": braking}
    whole, broken = new_run(tmp_path / "whole", model, **settings), new_run(tmp_path / "broken", model, **settings)
    assert work(whole) == 0
    stop_at(broken, 7)
    assert broken.features.exists()
    assert work(broken) == 0
    assert weights(whole.model) == weights(broken.model)
    assert [e for e in told(whole) if e["type"] == "step"] == [e for e in told(broken) if e["type"] == "step"]


@pytest.mark.parametrize("braking_off", ["stop", "kill"])
def test_an_encoding_that_was_broken_off_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, braking_off: str
) -> None:
    model = save_tiny("bert", tmp_path / "model", 2)
    run = new_run(tmp_path / "run", model, method="head", data=reviews(120))
    tokenizer = AutoTokenizer.from_pretrained(model)
    parts = [
        task_named("classification").encode(stored_rows(run, part), tokenizer, stored_description(run), 64)
        for part in ("train", "test")
    ]
    head: Any = AutoModelForSequenceClassification.from_pretrained(model)
    collator = transformers.DataCollatorWithPadding(tokenizer)
    freeze(head, "classifier", ())
    tap = find_tap(head, collator([dict(row) for row in parts[0].remove_columns("labels").select(range(2))]))
    assert tap is not None
    sizes: list[int] = []

    def encoded(path: Path, on_rows: Any) -> bool:
        sizes.clear()
        return encode_once(
            head, tap, parts, lambda rows: sizes.append(len(rows)) or collator(rows), "cpu", path, on_rows
        )

    def broken_off(done: int, total: int) -> bool:
        if len(sizes) == 2 and braking_off == "kill":
            raise KeyboardInterrupt
        return len(sizes) < 2

    monkeypatch.setattr("nbtransformers.training.features._KEPT_EVERY_S", 0.0)
    assert encoded(tmp_path / "whole.npy", lambda done, total: True)
    whole = list(sizes)
    assert len(whole) > 3
    with pytest.raises(KeyboardInterrupt) if braking_off == "kill" else nullcontext():
        assert not encoded(tmp_path / "parts.npy", broken_off)
    assert not (tmp_path / "parts.npy").exists()
    told: list[int] = []
    assert encoded(tmp_path / "parts.npy", lambda done, total: told.append(done) is None)
    assert sizes == whole[2:]
    assert told[0] == sum(whole[:3])
    assert (tmp_path / "parts.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()
    assert not list(tmp_path.glob(".*"))


OWN_BRAKING = """
import time
from contextlib import nullcontext
from pathlib import Path

calls = []

def share_right(predictions, labels):
    calls.append(len(labels))
    if len(calls) > 1 and Path("slow").exists():  # the first is a trial before training
        time.sleep(60)
    return float((predictions.argmax(-1) == labels).mean())
"""


@pytest.fixture
def braking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A metric. In the evaluation of the 8th step, the first, it waits to be killed by `stop_at`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_braking.py").write_text(OWN_BRAKING)
    monkeypatch.syspath_prepend(str(tmp_path))
    return "own_braking:share_right"


def stop_at(run: RunFolder, step: int) -> None:
    """Kill a worker once it has told of a step."""
    slow = Path("slow")
    slow.touch()
    worker = start_worker(run)
    while worker.poll() is None and not any(event["step"] >= step for event in events(run, "step")):
        time.sleep(0.001)
    worker.kill()
    assert worker.wait() == -signal.SIGKILL
    slow.unlink()


def test_a_layer_that_is_none_is_refused_with_the_nearest(tmp_path: Path) -> None:
    run = lora_run(tmp_path / "run", save_tiny("bert", tmp_path / "model", 2), lora_modules=("qeury",))
    assert work(run) == 1
    failed = next(event for event in events(run, "state") if event["state"] == "failed")
    assert failed["message"] == "The model has no layer qeury for an adapter."
    assert "query" in failed["hint"]


@pytest.mark.parametrize(
    "kind, method",
    [
        *(("multi-label", "head"), ("regression", "head"), ("tokens", "head"), ("pairs", "head")),
        *(("tokens", "lora"), ("seq2seq", "lora"), ("causal", "lora"), ("masked", "lora")),
    ],
)
def test_a_method_learns_every_task_that_it_can(tmp_path: Path, kind: str, method: str) -> None:
    run = run_of(tmp_path, kind, method)
    write_card(FinetuneRequest.from_json(run.request.read_text(encoding="utf-8")), run)
    assert work(run) == 0
    (plan,) = events(run, "plan")
    assert 0 < plan["trainable"] < plan["parameters"]
    assert read_json(run.card)["parameters"]["trained"] == plan["trainable"]
    assert bool([line for line in notes(run) if "every epoch" in line]) == (method == "head" and kind == "tokens")
    task = task_named(stored_description(run).training_task)
    model = getattr(transformers, HEADS[task.head].auto_class).from_pretrained(run.model)
    assert all(weight.isfinite().all() for weight in model.parameters())


@pytest.mark.parametrize("kind", ["causal", "masked", "seq2seq"])
def test_a_head_that_is_the_embeddings_too_is_refused(tmp_path: Path, kind: str) -> None:
    run = run_of(tmp_path, kind, "head")
    with pytest.raises(UserError, match=r"^The head of this model is not trained by itself"):
        write_card(FinetuneRequest.from_json(run.request.read_text(encoding="utf-8")), run)


def run_of(folder: Path, kind: str, method: str) -> RunFolder:
    architecture, data, asked = DATA[kind]
    name = kind.replace("pairs", "classification")
    loader = getattr(transformers, HEADS[task_named(name).head].auto_class)  # pyright: ignore[reportArgumentType]
    model = save_tiny(architecture, folder / "start", 2, kind=loader, initializer_range=0.02)
    tokenizer = AutoTokenizer.from_pretrained(model)
    tokenizer.mask_token = "[MASK]"
    tokenizer.save_pretrained(model)
    settings: dict[str, Any] = {"text": None, "label": (), "epochs": 1.0, "batch_size": 4, "arguments": {}, **asked}
    return new_run(folder / "run", model, **{"data": data, "method": method, **settings})


def test_an_adapter_without_peft_is_refused_before_a_worker_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"`--method lora` needs peft\."):
        refuse_lacking(FinetuneRequest(DataRef("variable", "data"), method="lora"), "cpu")
    refuse_lacking(FinetuneRequest(DataRef("variable", "data")), "cpu")
