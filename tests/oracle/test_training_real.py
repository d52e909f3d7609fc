"""Entities, translations and texts to go on with, learnt from real text by one door: something is learnt each time.

As a user does it: `nbt.finetune` with a worker of its own, `run.wait()`, and then the task asked with `run:NAME`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from seqeval.metrics import f1_score
from taught import translator
from taught.tweets import Tweet, tweets
from training_runs import one_thread
from transformers import AutoModelForCausalLM, AutoTokenizer
from workers import end_workers

import nbtransformers as nbt
from nbtransformers.training.movie_snippets import movie_snippets

__all__ = ["one_thread"]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory, in which runs are found by name; their workers keep to one thread, and end with the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    yield tmp_path
    end_workers(tmp_path)


def done(run: Any) -> dict[str, float]:
    """The metrics of a run once it has ended well."""
    assert run.wait(300) == "done", f"{run.message}\n{run.log}"
    print({name: round(value, 4) for name, value in run.metrics.items()})
    return run.metrics


def unigram_loss(train: Iterable[Sequence[int]], test: Iterable[Sequence[int]], vocabulary: int) -> float:
    """The loss of whoever knows how common each token is in `train`, and nothing else: its cross-entropy on `test`."""
    counts = Counter(token for row in train for token in row)
    total = sum(counts.values()) + vocabulary
    return float(np.mean([-math.log((counts[token] + 1) / total) for row in test for token in row]))


# --- entities ---


def table(rows: Sequence[Tweet]) -> pd.DataFrame:
    return pd.DataFrame({"tokens": [list(row.tokens) for row in rows], "tags": [list(row.tags) for row in rows]})


def by_heart(train: Sequence[Tweet], test: Sequence[Tweet]) -> float:
    """The entity F1 of whoever gives each word the tag that it most often has in `train`."""
    seen: dict[str, Counter[str]] = {}
    for row in train:
        for token, tag in zip(row.tokens, row.tags, strict=True):
            seen.setdefault(token.lower(), Counter())[tag] += 1
    tags = {word: counts.most_common(1)[0][0] for word, counts in seen.items()}
    return float(
        f1_score([list(row.tags) for row in test], [[tags.get(t.lower(), "O") for t in row.tokens] for row in test])
    )


@pytest.mark.slow
def test_entities_of_tweets_are_learnt() -> None:
    train = [tweet for tweet in tweets("train") if tweet.entities()][:400]
    test = tweets("held-out")[:150]
    run = nbt.finetune(
        table(train),
        **{"text": "tokens", "label": "tags", "test": table(test), "epochs": 2, "lr": 3e-4, "batch_size": 8},
        **{"device": "cpu", "eval_steps": 100},
    )
    metrics = done(run)
    baseline = by_heart(train, test)
    assert 0.15 < baseline < 0.35
    assert metrics["f1"] > baseline + 0.1

    result = nbt.entities([tweet.text for tweet in test], model=f"run:{run.name}")
    found = {(row, span.start, span.end, span.label) for row, spans in enumerate(result.spans) for span in spans}
    expected = {(row, *entity) for row, tweet in enumerate(test) for entity in tweet.entities()}
    f1 = 2 * len(found & expected) / (len(found) + len(expected))
    print(f"by heart {baseline:.3f}, by the magic {f1:.3f}")
    assert f1 > baseline + 0.05
    assert {label for *_, label in found} <= {"person", "place", "organisation", "other"}


# --- translations ---


def untaught_translator(folder: Path) -> Path:
    """The tokenizer of the taught translator, and a model of its kind with random weights."""
    from transformers import MarianConfig, MarianMTModel

    taught = translator.translator()
    torch.manual_seed(0)
    MarianMTModel(MarianConfig.from_pretrained(taught, dropout=0.1)).save_pretrained(folder)
    AutoTokenizer.from_pretrained(taught).save_pretrained(folder)
    return folder


@pytest.mark.slow
def test_translations_of_an_interface_are_learnt(tmp_path: Path) -> None:
    known = translator.known()
    train = [pair for number, pair in enumerate(known) if number % 6]
    learnt = {english.casefold() for english, _ in train}
    test = [pair for pair in known[::6] if pair[0].casefold() not in learnt]
    run = nbt.finetune(
        pd.DataFrame(train, columns=["english", "german"]),
        test=pd.DataFrame(test, columns=["english", "german"]),
        **{"text": "english", "label": "german", "model": untaught_translator(tmp_path / "untaught")},
        **{"epochs": 14, "lr": 2e-3, "metric": "chrf", "eval_steps": 200, "device": "cpu"},
    )
    metrics = done(run)
    tokenizer = run.tokenizer
    rows = [[tokenizer(text_target=german)["input_ids"] for _, german in pairs] for pairs in (train, test)]
    baseline = unigram_loss(*rows, len(tokenizer))
    print(f"unigrams {baseline:.3f}")
    assert metrics["loss"] < baseline - 0.4 < math.log(len(tokenizer)) - 1
    chrf = [event["metrics"]["chrf"] for event in run.events if event["type"] == "eval"]
    assert chrf[-1] > max(15, chrf[0])

    result = nbt.translate([english for english, _ in train], model=f"run:{run.name}")
    right = sum(text == german for text, (_, german) in zip(result.to_pandas().translation, train, strict=True))
    print(f"{right} of {len(train)} known strings are right")
    assert right > len(train) / 5


# --- texts to go on with ---


def untaught_writer(folder: Path, texts: Sequence[str]) -> Path:
    """A small decoder with random weights, and a tokenizer of the words of some texts."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        texts,
        trainers.BpeTrainer(vocab_size=1_000, special_tokens=["<end>"], initial_alphabet=alphabet, show_progress=False),
    )
    end = "<end>"
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, bos_token=end, eos_token=end, pad_token=end)
    torch.manual_seed(0)
    config = LlamaConfig(
        **{"vocab_size": len(tokenizer), "hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 2},
        **{"num_attention_heads": 4, "num_key_value_heads": 4, "max_position_embeddings": 128},
        **{"bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0, "tie_word_embeddings": True},
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.slow
def test_how_reviews_go_on_is_learnt(tmp_path: Path) -> None:
    texts = [snippet.text for snippet in movie_snippets()]
    test, train = texts[::40][:200], [text for number, text in enumerate(texts) if number % 40][:2_400]
    run = nbt.finetune(
        pd.DataFrame({"review": train}),
        test=pd.DataFrame({"review": test}),
        **{"text": "review", "task": "causal", "model": untaught_writer(tmp_path / "untaught", train)},
        **{"epochs": 2, "lr": 3e-3, "device": "cpu"},
    )
    metrics = done(run)
    tokenizer = run.tokenizer
    rows = [[[*tokenizer(text)["input_ids"], 0][1:] for text in some] for some in (train, test)]
    baseline = unigram_loss(*rows, len(tokenizer))
    print(f"unigrams {baseline:.3f}")
    assert metrics["loss"] < baseline - 0.4 < math.log(len(tokenizer)) - 1

    prompts = ["The film is", "A story of"]
    result = nbt.generate(prompts, model=f"run:{run.name}", do_sample=False, max_new_tokens=12)
    plain = AutoModelForCausalLM.from_pretrained(run.files.model).eval()
    for prompt, text in zip(prompts, result.to_pandas().text, strict=True):
        inputs = tokenizer(prompt, return_tensors="pt")
        ids = plain.generate(**inputs, do_sample=False, max_new_tokens=12)[0, inputs["input_ids"].shape[1] :]
        assert text == tokenizer.decode(ids, skip_special_tokens=True)
        assert text.split()[:1] and text.split()[0].lower() in " ".join(train).lower().split()
