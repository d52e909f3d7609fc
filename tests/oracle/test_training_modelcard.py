"""The model card of a trained model, read as the Hub reads it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from training_runs import new_run, reviews, tiny_bert, told, work

NASTY = ["good | <b>bold</b>", "bad\n---\n# not a title [x](javascript:y)"]


@pytest.mark.parametrize("method", ["full", "lora"])
def test_the_card_says_how_the_model_came_to_be(tmp_path: Path, method: str) -> None:
    from huggingface_hub import ModelCard

    data = reviews(40)
    data["stars"] = [NASTY[name == "bad"] for name in data["stars"]]
    run = new_run(tmp_path / "run", tiny_bert(tmp_path / "model"), pd.DataFrame(data), method=method, epochs=1.0)
    assert work(run) == 0
    card = ModelCard.load(run.model / "README.md")
    assert card.data.library_name == "transformers"
    assert card.data.pipeline_tag == "text-classification"
    assert card.data.tags == ["nbtransformers", "classification", *(["lora"] if method == "lora" else [])]
    assert card.data.base_model is None  # a folder of this machine is nobody's base model
    assert str(tmp_path) not in card.text
    titles = [line for line in card.text.splitlines() if line.startswith("#")]
    assert titles == ["# run", "## Data", "## Training", "## Evaluation", "## Versions"]
    assert "<b>" not in card.text
    assert "[x](" not in card.text
    evals = [event for event in told(run) if event["type"] == "eval"]
    for event in evals:
        assert f"{event['metrics']['accuracy']:.4g}" in card.text
        assert f"{event['metrics']['loss']:.4g}" in card.text
    assert "0.001" in card.text
    assert "transformers |" in card.text
    if method == "lora":
        assert ModelCard.load(run.adapter / "README.md").data.library_name == "peft"


def test_a_base_model_of_the_hub_is_named(tmp_path: Path) -> None:
    from dataclasses import replace

    from nbtransformers.request import FinetuneRequest, ModelRef
    from nbtransformers.rundir.history import History
    from nbtransformers.training.data import stored_description
    from nbtransformers.training.modelcard import model_card

    run = new_run(tmp_path / "run", tiny_bert(tmp_path / "model"))
    request = FinetuneRequest.from_json(run.request.read_text(encoding="utf-8"))
    request = replace(request, model=ModelRef("hub", "acme/tiny", revision="main"))
    text = model_card(run, request, stored_description(run), History(run.events))
    assert "base_model: acme/tiny" in text
    assert "It was not evaluated." in text
