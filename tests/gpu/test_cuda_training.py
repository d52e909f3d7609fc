"""Training on a GPU: types, methods, memory that runs out, a worker that is killed, and a kernel that makes room.

Skipped where there is no CUDA device. Every run has a worker of its own. The models have random weights: they show
bookkeeping and parity, no quality.
"""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import helpers
import numpy as np
import pandas as pd
import psutil
import pytest
import torch
from gpu.test_cuda import SOURCE, saved
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from workers import end_workers

import nbtransformers as nbt
from nbtransformers.errors import UserError
from nbtransformers.rundir import heartbeat

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")

DEVICE = "cuda:0"
SIGNS = {"up": "tokens", "down": "notebook"}
"""The word in a text that says its label."""


def reviews(rows: int, words: int = 12) -> pd.DataFrame:
    """Texts of this project's own words, up to so many, of which one is what the label hangs on."""
    known = SOURCE.read_text(encoding="utf-8").split()
    chance = random.Random(5)
    texts: list[str] = []
    moods = [("up", "down")[number % 2] for number in range(rows)]
    for mood in moods:
        text = chance.sample([word for word in known if word not in SIGNS.values()], chance.randint(words // 3, words))
        texts.append(" ".join([SIGNS[mood], *text]))
    return pd.DataFrame({"review": texts, "stars": moods})


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder with a head, as it is begun with; what it computes does not depend on random numbers."""
    return saved(
        tmp_path_factory.mktemp("learner"),
        AutoModelForSequenceClassification,
        "bert",
        **{"num_labels": 2, "initializer_range": 0.02},
        **{"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0},
    )


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the runs of a test are; no worker outlives it, and nothing is left on the device."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    end_workers(tmp_path)
    nbt.unload()
    gc.collect()
    torch.cuda.empty_cache()


def finetuned(data: pd.DataFrame, model: Any, name: str = "mine", **how: Any) -> Any:
    """A run that is done."""
    usual: dict[str, Any] = {"epochs": 1, "lr": 3e-4, "wait": True}
    return nbt.finetune(data, text="review", label="stars", model=model, name=name, **{**usual, **how})


def until(true: Callable[[], bool], seconds: float = 90) -> None:
    """Wait for something that is about to be."""
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.02)


def of_gpu(run: Any) -> int:
    """Bytes of the GPU that the worker of a run had when it last gave a sign of life."""
    beat = heartbeat.read(run.files.heartbeat)
    assert beat is not None and beat.gpu_memory is not None, run.log
    return beat.gpu_memory


def all_weights(folder: Path) -> torch.Tensor:
    """The weights of a model folder, one after another."""
    return torch.cat([weight.double().flatten() for _, weight in sorted(load_file(folder).items())])


# --- what is learnt ---


@pytest.mark.parametrize("bf16", [False, True], ids=["float32", "bfloat16"])
def test_what_is_learnt_on_the_gpu_classifies_there(model: Path, bf16: bool) -> None:
    data = reviews(320)
    run = finetuned(data, str(model), epochs=12, bf16=bf16)
    assert run.plan["device"] == DEVICE
    assert of_gpu(run) > 16 * run.plan["parameters"], "weights, gradients and two numbers of AdamW"
    losses = run.steps().loss
    assert losses[-10:].mean() < 0.2 * losses[:10].mean()
    assert run.metrics["accuracy"] > 0.95
    assert {weight.dtype for weight in load_file(run.files.model / "model.safetensors").values()} == {torch.float32}
    result = nbt.classify(list(data.review), model="run:mine")
    assert result.run.device == DEVICE
    answers = [result.labels[best] for best in result.best]
    assert np.mean([answer == mood for answer, mood in zip(answers, data.stars, strict=True)]) > 0.95


def test_the_loss_is_that_of_the_cpu(model: Path) -> None:
    data = reviews(160)
    there, here = (finetuned(data, str(model), device, device=device, epochs=2) for device in ("cuda", "cpu"))
    assert (there.plan["device"], here.plan["device"]) == (DEVICE, "cpu")
    np.testing.assert_allclose(there.steps().loss, here.steps().loss, rtol=2e-3, atol=2e-4)
    np.testing.assert_allclose(there.steps().grad_norm, here.steps().grad_norm, rtol=2e-2, atol=1e-3)


# --- memory ---


def test_memory_that_runs_out_leaves_the_steps_as_they_are(model: Path) -> None:
    data = reviews(384, words=420)
    how: dict[str, Any] = {"epochs": 6, "batch_size": 64, "warmup": 0.0}
    ample = finetuned(data, str(model), "ample", **how)
    assert not [event for event in ample.events if event["type"] == "micro_batch"]
    needed = ample.card["memory"]["needed"]
    print(f"memory: {needed / 1e9:.2f} GB estimated, {of_gpu(ample) / 1e9:.2f} GB reserved")
    assert 0.5 < needed / of_gpu(ample) < 2

    beat = heartbeat.read(ample.files.heartbeat)
    until(lambda: not heartbeat.is_alive(beat))  # a worker that is done has its memory until it has ended
    free, _ = torch.cuda.mem_get_info()
    left = of_gpu(ample) // 2 + 600_000_000  # for its context
    filler = torch.empty(free - left, dtype=torch.uint8, device="cuda")
    tight = finetuned(data, str(model), "tight", **how)
    del filler
    told = [event for event in tight.events if event["type"] == "micro_batch"]
    assert told and told[-1]["micro_batch"] < 64
    assert all(event["micro_batch"] * event["accumulation"] == 64 for event in told)
    notes = " ".join(event["text"] for event in tight.events if event["type"] == "note")
    assert f"Memory ran out: {told[0]['micro_batch']} of the 64 examples of a step are computed at once" in notes
    assert "of memory, and" in notes and "are free: try `--batch-size 16`" in notes  # which the card knew before
    assert tight.plan["batch_size"] == 64
    assert of_gpu(tight) < of_gpu(ample)
    np.testing.assert_allclose(tight.steps().loss[:8], ample.steps().loss[:8], rtol=2e-3)


def test_the_kernel_leaves_the_only_gpu_to_the_run(model: Path) -> None:
    data = reviews(64)
    nbt.classify(list(data.review), model=str(model))
    kind = AutoModelForSequenceClassification
    own = kind.from_pretrained(model).to("cuda")
    assert torch.cuda.memory_allocated() > 20e6
    with pytest.warns(UserWarning, match="is on the CPU now: the GPU is left to the run"):
        run = finetuned(data, (own, AutoTokenizer.from_pretrained(model)), wait=False)
    assert own.device.type == "cpu"
    assert nbt.loaded().empty
    assert torch.cuda.memory_allocated() < 1e6
    assert torch.cuda.memory_reserved() < 32e6
    assert run.wait(120) == "done", run.log
    own.to("cuda")


# --- methods ---


def test_only_a_head_is_trained_on_what_the_body_gave_once(model: Path) -> None:
    run = finetuned(reviews(160), str(model), method="head", epochs=4)
    assert run.plan["device"] == DEVICE
    assert not run.files.features.exists()
    assert [event for event in run.events if event["type"] == "stage" and event["stage"] == "encoding"]
    before, after = (load_file(folder / "model.safetensors") for folder in (model, run.files.model))
    for name, weight in after.items():
        assert torch.equal(weight, before[name]) == ("classifier" not in name and "pooler" not in name), name


@pytest.mark.parametrize(
    "method, bf16, apart",
    [("lora", False, 1e-4), ("lora", True, 1e-4), ("qlora", False, 1e-4), ("qlora", True, 0.03)],
)
def test_the_plain_model_computes_as_the_adapter_did(model: Path, method: str, bf16: bool, apart: float) -> None:
    data = reviews(160)
    if method == "qlora":
        pytest.importorskip("bitsandbytes")
    run = finetuned(data, str(model), method=method, bf16=bf16, epochs=2, lora_rank=4)
    assert run.plan["device"] == DEVICE
    assert 0 < run.plan["trainable"] < 0.2 * run.plan["parameters"]
    assert run.steps().loss.notna().all()
    plain: Any = AutoModelForSequenceClassification.from_pretrained(run.files.model).eval().cuda()
    adapted = with_adapter(model, run.files.adapter, bf16 if method == "qlora" else None)
    texts = AutoTokenizer.from_pretrained(run.files.model)(list(data.review), return_tensors="pt", padding=True)
    with torch.no_grad():
        there, here = (one(**texts.to("cuda")).logits for one in (adapted, plain))
    print(f"{method}, bf16={bf16}: logits at most {(there - here).abs().max():.2e} apart, of {here.abs().mean():.2e}")
    torch.testing.assert_close(there, here, rtol=0, atol=apart)
    result = nbt.classify(list(data.review), model="run:mine", dtype="float32")
    np.testing.assert_allclose(result.scores, here.softmax(-1).cpu(), atol=2e-3)


def with_adapter(model: Path, adapter: Path, in_bf16: bool | None) -> Any:
    """The model as peft loads it with its adapter; in 4 bits that compute in a type, where one is given."""
    from peft import PeftModel
    from transformers import BitsAndBytesConfig

    how: dict[str, Any] = {}
    if in_bf16 is not None:
        how["quantization_config"] = BitsAndBytesConfig(
            **{"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True},
            bnb_4bit_compute_dtype="bfloat16" if in_bf16 else "float32",
            llm_int8_skip_modules=["classifier", "bert.pooler"],
        )
    base: Any = AutoModelForSequenceClassification.from_pretrained(model, dtype="float32", device_map={"": 0}, **how)
    return PeftModel.from_pretrained(base, adapter).eval()


# --- a worker that is killed ---


@pytest.mark.parametrize("exact", [False, True], ids=["as it is", "full determinism"])
def test_a_run_that_was_killed_ends_as_near_as_another(tmp_path: Path, exact: bool) -> None:
    """With dropout, whose random numbers are the GPU's own; bit for bit where `full_determinism` asks for it."""
    folder = saved(tmp_path / "drawn", AutoModelForSequenceClassification, "bert", num_labels=2, initializer_range=0.02)
    data = reviews(320)
    how: dict[str, Any] = {"epochs": 8, "save_steps": 7, "full_determinism": exact}
    whole, again = (finetuned(data, str(folder), name, **how) for name in ("whole", "again"))
    killed = finetuned(data, str(folder), "killed", wait=False, **how)
    until(lambda: killed.step > 40)
    beat = heartbeat.read(killed.files.heartbeat)
    assert beat is not None
    psutil.Process(beat.pid).kill()
    until(lambda: killed.state == "dead")
    at = killed.step
    killed.resume()
    assert killed.wait(120) == "done", killed.log
    attempts = [event for event in killed.events if event["type"] == "attempt"]
    assert len(attempts) == 2 and 0 < attempts[-1]["resumed_from"] <= at < whole.step
    assert killed.steps().index.tolist() == whole.steps().index.tolist()

    begun, ended, twin, resumed = (
        all_weights(place / "model.safetensors")
        for place in (folder, *(run.files.model for run in (whole, again, killed)))
    )
    learnt = (ended - begun).norm()
    apart, usual = (float((one - ended).norm() / learnt) for one in (resumed, twin))
    losses = np.abs(killed.steps().loss - whole.steps().loss).max()
    print(
        f"killed at step {at}, resumed from {attempts[-1]['resumed_from']} of {whole.step}, exact={exact}: weights "
        f"{apart:.1e} of what was learnt apart (two that were not killed: {usual:.1e}), at most "
        f"{float((resumed - ended).abs().max()):.1e} a weight; losses {losses:.1e}"
    )
    if exact:
        assert apart == usual == losses == 0
    else:
        assert apart < 10 * usual + 1e-3
        assert losses < 0.02


# --- how many GPUs ---


def test_one_gpu_may_be_asked_for_and_two_are_not_there(
    model: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reviews(64).to_csv("reviews.csv", index=False)
    line = f"%finetune reviews.csv --text review --label stars --model {model} --epochs 1 --wait --name one"
    with helpers.ipython() as shell:
        shell.run_line_magic("load_ext", "nbtransformers")
        terminal = helpers.Terminal(shell, capsys)
        if torch.cuda.device_count() == 1:
            said = terminal.refusal(f"{line} --gpus 2")
            assert said == "`--gpus 2` asks for more GPUs than there are: 1. Leave `--gpus` out."
            assert not list(Path("nbtransformers-runs").iterdir())
        run = terminal.run(f"{line} --gpus 1")
        assert run.state == "done"
        assert (run.plan["processes"], run.plan["device"]) == (1, DEVICE)
        shell.run_line_magic("unload_ext", "nbtransformers")
    with pytest.raises(UserError, match="are both given"):
        finetuned(reviews(64), str(model), gpus=2, device="cpu")
