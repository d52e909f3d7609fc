"""What a model is and whether it fits: the count against one by hand, headers of the Hub, advice, the real thing."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import helpers
import pytest
import torch
from hub import Hub
from hubonline import online
from hubrepos import repository

import nbtransformers as nbt
from nbtransformers.catalog.advice import instead
from nbtransformers.catalog.fit import in_inference, in_training
from nbtransformers.catalog.tracing import Batch, peak_of
from nbtransformers.errors import UserError
from nbtransformers.results.memory import Memory
from nbtransformers.results.modelcard import ModelCard
from nbtransformers.results.models import ModelEntry

SLACK = 1.3  # of small blocks on the CPU
BATCH = Batch("classifier", rows=2, tokens=3)


class Net(torch.nn.Module):
    """An embedding of 10 × 8 and a layer of 8 × 4 with its bias: 80 + 36 numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.linear = torch.nn.Embedding(10, 8), torch.nn.Linear(8, 4)

    def forward(self, input_ids: Any, attention_mask: Any, labels: Any = None) -> dict[str, Any]:
        vectors = self.embed(input_ids)
        scores = self.linear(vectors)
        kept = scores.relu()
        return {"loss": kept.sum()}


def net(config: Any) -> Any:
    return Net()


def test_a_batch_is_counted_as_by_hand() -> None:
    # float32 [2, 3, 8], twice [2, 3, 4], and the sum; the weights are not counted, though views of them are made.
    assert peak_of(net, SimpleNamespace(), BATCH, "cpu").whole == int(SLACK * 4 * (48 + 24 + 24 + 1))


def test_weights_gradients_and_moments_are_counted_as_by_hand() -> None:
    memory = in_training(net, SimpleNamespace(), BATCH, "cpu")
    assert (memory.weights, memory.gradients, memory.optimizer) == (4 * 116, 4 * 116, 8 * 116)
    # On the CPU nothing is given back: all gradients come on top of what the batch took at its highest.
    assert memory.activations == peak_of(net, SimpleNamespace(), replace(BATCH, training=True), "cpu").kept
    assert in_inference(net, SimpleNamespace(), BATCH, "cpu", "bfloat16").weights == 2 * 116


def test_what_is_counted_is_what_a_real_pass_keeps() -> None:
    from transformers import AutoModelForSequenceClassification, BertConfig

    from nbtransformers.catalog.tracing import Allocator, _live  # pyright: ignore[reportPrivateUsage]

    config = BertConfig(hidden_size=32, num_hidden_layers=6, num_attention_heads=4, intermediate_size=64)
    model = AutoModelForSequenceClassification.from_config(config).train()
    ids = torch.ones(3, 40, dtype=torch.long)
    with _live(model, Allocator(SLACK, 2**25, keeps=True)) as live:
        model(input_ids=ids, attention_mask=torch.ones_like(ids), labels=torch.zeros(3, dtype=torch.long))[
            "loss"
        ].backward()
    found = peak_of(
        AutoModelForSequenceClassification.from_config, config, Batch("classifier", 3, 40, training=True), "cpu"
    )
    assert found.whole == pytest.approx(live.peak, rel=0.01)  # six layers, from two and four


@pytest.fixture(scope="module")
def hub(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    made = Hub(
        models={
            "acme/reviewer": repository(models / "tiny", "license: mit\nlanguage: [en, de]\ndatasets: [imdb]"),
            "acme/pickled": repository(models / "pickled"),
        }
    )
    with online(made, tmp_path_factory.mktemp("home") / "cache") as running:
        yield running


def test_a_card_of_the_hub_fetches_no_weights(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    card = nbt.card("acme/reviewer", batch_size=2, length=16, device="cpu")
    whole = hub.models["acme/reviewer"].files["model.safetensors"]
    from safetensors.torch import load

    assert card.parameters == sum(weight.numel() for weight in load(whole).values())
    assert card.notes == ()
    assert hub.ranges and all(one is not None for one in hub.ranges)
    assert not list(tmp_path.rglob("*.safetensors"))
    assert (card.licence, card.languages, card.training_data) == ("mit", ("en", "de"), ("imdb",))
    assert card.revision == hub.models["acme/reviewer"].commit
    assert (card.dtype, card.task) == ("float32", "text-classification")
    assert set(card.memory_finetune) == {"full", "lora", "head"}
    assert card.memory_inference is not None and card.memory_inference < card.memory_finetune["full"]
    assert nbt.card("acme/reviewer", revision="v1", device="cpu", length=16).revision == card.revision


def test_a_card_of_pickles_tells_what_can_be_known(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    card = nbt.card("acme/pickled", batch_size=2, length=16, device="cpu")
    assert (card.parameters, card.dtype) == (None, None)
    assert any("--allow-pickle" in note for note in card.notes)
    assert card.fits["inference"]
    assert not list(tmp_path.rglob("*.bin"))


def test_a_card_is_shown_and_tabled(models: Path) -> None:
    card = nbt.card(str(models / "tiny"), batch_size=2, length=16, device="cpu")
    table = card.to_pandas()
    assert table.loc[card.name, "memory_full"] == card.memory_finetune["full"]
    assert bool(table["fits_inference"].iloc[0]) is card.fits["inference"]
    text = str(card)
    assert "fine-tuning, lora" in text and card.advice.split(";")[0].split()[0] in text
    entry = replace(card.entry, name="<img src=x>", description="<script>", licence="\x1b[31m")
    hostile = replace(card, entry=entry, advice="<b>")
    assert "\x1b" not in str(hostile)
    assert not any(tag in hostile._repr_html_() for tag in ("<img", "<script", "<b>"))  # pyright: ignore[reportPrivateUsage]


def test_a_card_counts_no_text_that_the_model_cannot_read() -> None:
    with pytest.raises(UserError) as caught:
        nbt.card("minilm", length=99_999)
    assert str(caught.value) == "`length` is 99,999, and minilm reads 512 tokens at most. Type 512 or less."


def test_a_model_in_memory_has_no_card() -> None:
    from transformers import BertModel

    with pytest.raises(UserError, match="A card is of a model's files, and this one is in memory"):
        nbt.card((BertModel(helpers.bert_config()), helpers.tokenizer()))
    with pytest.raises(UserError, match="`batch_size` is 0"):
        nbt.card("minilm", batch_size=0)


GIB = 2**30
FITS_NOT = Memory(weights=8 * GIB, gradients=8 * GIB, optimizer=16 * GIB)


@pytest.mark.parametrize(
    ("memory", "free", "halved", "said"),
    [
        ({"inference": Memory(weights=8 * GIB)}, 5 * GIB, Memory(weights=4 * GIB), "--dtype bfloat16"),
        ({"inference": Memory(weights=8 * GIB)}, 3 * GIB, Memory(weights=4 * GIB), "--model minilm"),
        ({"inference": Memory(weights=8 * GIB)}, 2**20, Memory(weights=4 * GIB), "a smaller model"),
        ({"inference": Memory(), "full": FITS_NOT, "lora": Memory(weights=9 * GIB)}, 10 * GIB, None, "--method lora"),
        (
            {"inference": Memory(), "full": FITS_NOT, "lora": Memory(weights=GIB, activations=8 * GIB)},
            5 * GIB,
            None,
            "--method lora --batch-size 8",
        ),
        ({"inference": Memory(), "full": FITS_NOT}, 5 * GIB, None, "--model minilm"),
    ],
)
def test_what_would_fit_is_named(memory: dict[str, Memory], free: int, halved: Memory | None, said: str) -> None:
    card = ModelCard(ModelEntry("a", "folder"), None, "cpu", 16, 128, memory, free, "")
    assert said in instead("classifier", memory, card.fits, free, 16, halved=halved)


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> Callable[..., float]:
    """The benchmark's, which measures in a process of its own."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    return importlib.import_module("fit").compared


@pytest.mark.slow
@pytest.mark.parametrize("way", ["inference", "full"])
def test_the_estimate_is_within_15_percent_of_the_peak(compared: Callable[..., float], way: str) -> None:
    assert compared("minilm", way, 2, 64, "cpu") == pytest.approx(1, abs=0.15)
