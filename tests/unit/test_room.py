"""Models leave memory for others: the least recently used first, and never one that is in use."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import Terminal
from hub import Hub
from hubonline import online
from hubrepos import repository

import nbtransformers as nbt
from nbtransformers.errors import UserError
from nbtransformers.loading.memory import with_allowance
from nbtransformers.loading.registry import REGISTRY
from nbtransformers.loading.room import make_room
from nbtransformers.request.checks import byte_size

MODELS = ("tiny", "encoder", "entailing")
LABELS = {"tiny": None, "encoder": "a,b", "entailing": "a,b"}


@pytest.fixture(autouse=True)
def nothing_loaded() -> Iterator[None]:
    REGISTRY.clear()
    yield
    REGISTRY.clear()


def use(models: Path, name: str, **options: object) -> list[str]:
    """Classify with a model, and what the result says."""
    return list(nbt.classify(["a joy"], model=models / name, labels=LABELS[name], **options).notes)  # pyright: ignore[reportArgumentType, reportCallIssue]


def weights() -> int:
    return round(nbt.loaded().megabytes.sum() * 1e6)


def in_memory() -> list[str]:
    return sorted(nbt.loaded().index)


def test_the_least_recently_used_leaves_and_it_is_said(models: Path) -> None:
    for name in MODELS:
        use(models, name)
    budget = round(0.9 * weights())
    nbt.unload("entailing")
    use(models, "tiny")  # so that the encoder is the one that was not used for longest
    said = use(models, "entailing", memory_budget=budget)
    assert "encoder left memory to make room for this model, and is loaded again when asked for." in said
    assert in_memory() == ["entailing", "tiny"]
    assert not any("left memory" in note for note in use(models, "entailing", memory_budget=budget))


def test_one_that_a_variable_holds_stays(models: Path) -> None:
    for name in MODELS[:2]:
        use(models, name)
    held = REGISTRY.loaded()[0].model  # of the one that was not used for longest
    said = use(models, "entailing", memory_budget=weights())
    assert in_memory() == ["entailing", "tiny"] and "encoder left memory" in " ".join(said)
    assert any(loaded.model is held for loaded in REGISTRY.loaded())


def test_one_that_a_thread_is_at_work_with_stays(models: Path) -> None:
    use(models, "tiny")
    (busy,) = REGISTRY.loaded()
    lock, held, done = busy.lock, threading.Event(), threading.Event()
    del busy

    def work() -> None:
        with lock:
            held.set()
            done.wait(30)

    thread = threading.Thread(target=work)
    thread.start()
    held.wait(30)
    try:
        assert make_room("other", 1, "cpu", 1) == ()
    finally:
        done.set()
        thread.join()
    assert make_room("other", 1, "cpu", 1) == ("tiny",)


def test_a_full_memory_lets_models_go_until_another_fits(models: Path) -> None:
    for name in MODELS:
        use(models, name)
    first = REGISTRY.nbytes_of(key for key, name in REGISTRY.idle("cpu") if name == "tiny")
    everything, taken = weights(), 1_000

    def free(device: str) -> float:
        """As if the models were all that there is, and one byte is missing."""
        return with_allowance(taken) - 1 + everything - weights()

    assert make_room("other", taken, "cpu", free=free) == ("tiny",)
    assert weights() == everything - first
    assert make_room("other", taken, "cuda:0", free=free) == ()


def test_a_model_of_the_hub_that_could_never_be_loaded_is_not_fetched(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nbtransformers.loading.memory.free_memory", lambda device: 120 * 2**20)
    monkeypatch.setattr("nbtransformers.loading.room.free_memory", lambda device: 120 * 2**20)
    with online(Hub(models={"acme/large": repository(models / "tiny")}), tmp_path / "cache") as hub:
        with pytest.raises(UserError) as caught:
            nbt.classify(["a joy"], model="acme/large")
        assert str(caught.value) == (
            "acme/large needs 128 MiB of memory (23 KiB of weights, the rest for a batch), and 120 MiB are free on "
            'cpu. Give a smaller model such as `model="minilm"`, or type `allow_large` to try.'
        )
        assert hub.ranges and all(one is not None for one in hub.ranges)  # the header, and no weights
        assert not list(tmp_path.rglob("*.safetensors"))
        assert nbt.classify(["a joy"], model="acme/large", allow_large=True).scores.shape == (1, 3)


def test_nothing_leaves_for_a_model_that_does_not_fit_even_then(models: Path) -> None:
    use(models, "tiny")
    assert make_room("other", 10 * weights(), "cpu", free=lambda device: 0) == ()
    assert in_memory() == ["tiny"]


def test_the_budget_is_an_option_and_a_setting(models: Path, terminal: Terminal) -> None:
    said = terminal.refusal(f"%classify ['a joy'] --model {models}/tiny --memory-budget 10kB")
    assert "tiny takes" in said and "all models together may take 10 KiB" in said and "Type `--memory-budget " in said
    terminal.run("%nbt set memory-budget 1kB")
    assert terminal.printed("%nbt set memory-budget").split() == ["memory-budget", "1kB", "this", "session"]
    with pytest.raises(UserError, match="all models together may take 1000 bytes"):
        use(models, "tiny")
    terminal.run("%nbt unset memory-budget")
    assert use(models, "tiny") is not None


@pytest.mark.parametrize(
    ("given", "nbytes"),
    [
        (None, None),
        (1, 1),
        ("8GB", 8_000_000_000),
        ("8 gib", 8 * 2**30),
        ("1.5M", 1_500_000),
        ("512 KiB", 2**19),
        ("90b", 90),
        ("2T", 2_000_000_000_000),
    ],
)
def test_sizes_are_read_as_people_write_them(given: int | str | None, nbytes: int | None) -> None:
    assert byte_size("memory-budget", given) == nbytes


@pytest.mark.parametrize("given", ["", "much", "8XB", "-1GB", "0", 0, True, 1.5, "1.2.3GB", "9" * 400])
def test_what_is_no_size_is_told(given: object) -> None:
    with pytest.raises(UserError, match=r"^`--memory-budget` is .*, no size\. Type a size with its unit: "):
        byte_size("memory-budget", given)


MANY = """
import sys
from pathlib import Path
import psutil
import torch
from transformers import BertConfig, BertForSequenceClassification
import nbtransformers as nbt

here, tokenizer_from = Path(sys.argv[1]), sys.argv[2]
from transformers import AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained(tokenizer_from)
for number in range(10):
    config = BertConfig(vocab_size=8_000, hidden_size=256, num_hidden_layers=1 + number % 3, num_attention_heads=4,
                        intermediate_size=512)
    BertForSequenceClassification(config).save_pretrained(here / str(number))
    tokenizer.save_pretrained(here / str(number))

def use(*models: object) -> int:
    for model in models:
        nbt.classify(["a joy", "dull"] * 4, model=model, device="cpu", threads=1, batch_tokens=64)
    nbt.unload()
    return psutil.Process().memory_info().rss

# The libraries are there before the start, and what they make at their first use: they can never be given back.
start = use(tokenizer_from)
taken = [use(*(here / str(number) for number in range(10))) for _ in range(50)]
print(start, taken[-1], max(taken))
"""


@pytest.mark.slow
def test_ten_models_loaded_and_unloaded_fifty_times_leave_nothing(models: Path, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", MANY, str(tmp_path), str(models / "tiny")], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    start, last, most = map(int, ran.stdout.split())
    assert last <= 1.05 * start and most <= 1.08 * start, ran.stdout
