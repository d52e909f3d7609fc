"""The card of a run, against the model itself and against what training really takes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tiny import save_tiny
from training_runs import events, new_run, reviews, work

from nbtransformers.request import FinetuneRequest
from nbtransformers.rundir.atomic import read_json
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.training.card import advice_of, write_card


def with_card(run: RunFolder) -> dict[str, Any]:
    write_card(FinetuneRequest.from_json(run.request.read_text(encoding="utf-8")), run)
    return read_json(run.card)


@pytest.mark.parametrize("method", ["full", "lora", "head"])
@pytest.mark.parametrize("architecture", ["bert", "gpt2"])
def test_parameters_and_steps_are_those_of_the_worker(tmp_path: Path, architecture: str, method: str) -> None:
    run = new_run(tmp_path / "run", save_tiny(architecture, tmp_path / "model", 2), reviews(30), method=method)
    card = with_card(run)
    assert work(run) == 0
    plan = events(run, "plan")[0]
    assert card["parameters"] == {"trained": plan["trainable"], "all": plan["parameters"]}
    assert (card["steps"], card["steps_per_epoch"]) == (plan["steps"], plan["steps_per_epoch"])
    assert card["memory"]["needed"] == sum(
        card["memory"][part] for part in ("libraries", "weights", "gradients", "optimizer", "activations")
    )


def test_what_is_wrong_with_the_data_is_advised_and_told_once(tmp_path: Path) -> None:
    texts = [f"a film of {number} parts, " + "and long " * 60 for number in range(40)]
    train = pd.DataFrame({"review": [*texts, texts[0]], "stars": [*(["good", "bad"] * 20), "bad"]})
    run = new_run(tmp_path / "run", save_tiny("bert", tmp_path / "model", 2), train, max_length=16, test_share=0.1)
    card = with_card(run)
    assert card["lengths"]["limit"] == 16
    assert card["lengths"]["cut_rows"] == 1.0
    assert sum(card["balance"]["train"]) == card["rows"]["train"]
    advice = advice_of(run)
    assert any("of the tokens are not read: 16 of a row are." in line for line in advice)
    assert work(run) == 0
    notes = [event["text"] for event in events(run, "note")]
    assert [line for line in notes if line in advice] == advice


def test_memory_that_will_not_do_is_said_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nbtransformers.training.card.free_memory", lambda device: 2**20)
    run = new_run(tmp_path / "run", save_tiny("bert", tmp_path / "model", 2), reviews(30))
    with_card(run)
    (line,) = advice_of(run)
    assert "are free: try `--" in line


PEAK = """
import sys, torch
from nbtransformers.loading.bundled import bundled_folder
from transformers import AutoModelForSequenceClassification
rows, tokens, method = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
import transformers.models.bert.modeling_bert
def memory(name):
    # Not ru_maxrss: a process inherits that of the one that starts it.
    return int(next(line for line in open("/proc/self/status") if line.startswith(name)).split()[1]) * 1024
torch.nn.Linear(8, 8)(torch.ones(2, 8)).sum().backward()
before = memory("VmRSS")
model = AutoModelForSequenceClassification.from_pretrained(bundled_folder("minilm"), dtype="float32")
if method == "lora":
    from peft import LoraConfig, get_peft_model
    model = get_peft_model(model, LoraConfig(r=8, lora_dropout=0.05, task_type="SEQ_CLS"))
model.train()
optimizer = torch.optim.AdamW([weight for weight in model.parameters() if weight.requires_grad])
ids = torch.randint(1000, 20000, (rows, tokens))
for _ in range(2):
    labels = torch.zeros(rows, dtype=torch.long)
    model(input_ids=ids, attention_mask=torch.ones_like(ids), labels=labels).loss.backward()
    optimizer.step()
    optimizer.zero_grad()
print(memory("VmHWM") - before)
"""


@pytest.mark.slow
@pytest.mark.parametrize("method, rows, tokens", [("full", 16, 64), ("full", 16, 256), ("lora", 16, 256)])
def test_the_memory_is_about_what_training_takes(tmp_path: Path, method: str, rows: int, tokens: int) -> None:
    from nbtransformers.loading.bundled import bundled_folder

    data = pd.DataFrame({"review": [f"{n} " + "good " * 600 for n in range(20)], "stars": ["good", "bad"] * 10})
    settings: dict[str, Any] = {"max_length": tokens, "batch_size": rows, "method": method}
    memory = with_card(new_run(tmp_path / "run", bundled_folder("minilm"), data, **settings))["memory"]
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(rows), str(tokens), method], capture_output=True, text=True, check=True
    )
    # What is measured is above the libraries; the whole worker is in `tests/benchmarks/fit.py`.
    ratio = (memory["needed"] - memory["libraries"]) / json.loads(done.stdout.splitlines()[-1])
    print(f"{method}, {rows} rows of {tokens} tokens: {ratio:.2f} of the peak")
    assert 0.7 < ratio < 1.4
