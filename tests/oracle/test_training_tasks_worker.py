"""Every task through a real worker, from the user's data to a model that plain Transformers loads."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import transformers
from tiny import save_tiny
from training_runs import new_run, work
from transformers import AutoTokenizer

from nbtransformers.errors import UserError
from nbtransformers.loading.heads import HEADS
from nbtransformers.request import ModelRef
from nbtransformers.rundir.events import read_events
from nbtransformers.training.data import stored_description
from nbtransformers.training.loading import load_to_train
from nbtransformers.training.tasks import task_named

TEXTS = [
    f"{how} {what} number {number}" for number in range(4) for how in ("a good", "a bad") for what in ("film", "book")
]
CHAT = [[{"role": "user", "content": text}, {"role": "assistant", "content": f"so {text}"}] for text in TEXTS]
TEMPLATE = (
    "{% for message in messages %}{{ message['role'] }} : {{ message['content'] }} . {% endfor %}"
    "{% if add_generation_prompt %}assistant : {% endif %}"
)

DATA: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "classification": ("bert", {"text": TEXTS, "label": ["good", "good", "bad", "bad"] * 4}, {}),
    "pairs": (
        "roberta",
        {"text": TEXTS, "pair": TEXTS[::-1], "label": ["same", "other"] * 8},
        {"text": "text", "pair": "pair", "label": ("label",)},
    ),
    "classification by a decoder": ("gpt2", {"text": TEXTS, "label": ["good", "good", "bad", "bad"] * 4}, {}),
    "multi-label": ("bert", {"text": TEXTS, "label": [["good", "film"], ["good"], ["bad", "film"], ["bad"]] * 4}, {}),
    "regression": ("distilbert", {"text": TEXTS, "label": [0.5, 1.5, -2.0, 3.25] * 4}, {}),
    "tokens": (
        "bert",
        {"tokens": [text.split() for text in TEXTS], "ner_tags": [["O", "O", "B-THING", "O", "O"]] * 16},
        {},
    ),
    "seq2seq": ("t5", {"text": TEXTS, "target": TEXTS[::-1]}, {}),
    "causal": ("llama", {"text": TEXTS}, {}),
    "causal of prompts": ("gpt2", {"text": TEXTS, "label": TEXTS[::-1]}, {"training_task": "causal"}),
    "causal of chats": ("gpt2", {"messages": CHAT}, {}),
    "masked": ("bert", {"text": TEXTS}, {}),
}


@pytest.mark.parametrize("kind", DATA)
def test_a_task_is_learnt_from_data_to_model(kind: str, tmp_path: Path) -> None:
    architecture, data, asked = DATA[kind]
    name = kind.split()[0].replace("pairs", "classification")
    task = task_named(name)  # pyright: ignore[reportArgumentType]
    loader = getattr(transformers, HEADS[task.head].auto_class)
    folder = save_tiny(architecture, tmp_path / "start", 2, kind=loader, initializer_range=0.02)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.mask_token, tokenizer.chat_template = "[MASK]", TEMPLATE
    tokenizer.save_pretrained(folder)
    settings = {"text": None, "label": (), "epochs": 1.0, "batch_size": 4, "arguments": {}, **asked}
    run = new_run(tmp_path / "run", folder, data, **settings)
    assert work(run) == 0
    events = read_events(run.events)
    assert [event["state"] for event in events if event["type"] == "state"][-1] == "done"
    losses = [event["loss"] for event in events if event["type"] == "step"]
    assert losses and all(math.isfinite(loss) for loss in losses)
    (measured,) = (event["metrics"] for event in events if event["type"] == "eval")
    assert measured.keys() == {"loss", *task.metric_names}
    assert task.best_metric in measured
    report = json.loads(run.evaluation(events[-1].get("step") or len(losses)).read_text(encoding="utf-8"))
    assert {"confusion", "labels", "mistakes", "by_label"} == report.keys()
    description = stored_description(run)
    assert description.training_task == name
    model = loader.from_pretrained(run.model)
    if description.labels:
        assert model.config.id2label == dict(enumerate(description.labels))
    tokens = AutoTokenizer.from_pretrained(run.model)(TEXTS[0], return_tensors="pt")
    more = {"decoder_input_ids": tokens["input_ids"]} if name == "seq2seq" else {}
    assert model(**tokens, **more).logits.isfinite().all()


def test_a_model_that_lacks_a_part_of_its_body_is_told(tmp_path: Path) -> None:
    folder = save_tiny("bert", tmp_path / "torn")
    config = folder / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "num_hidden_layers": 3}))
    with pytest.raises(UserError, match=r"^torn is not whole: bert\.encoder\.layer\.2\..+ is not in its weights\."):
        load_to_train(ModelRef("folder", str(folder)), "classifier", {"num_labels": 2}, seed=0)
