"""A named-entity model, taught on real tweets: four types, word pieces tagged BIO."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from taught.kept import saved
from taught.teaching import Lesson, teach
from taught.tweets import LABELS, Tweet, tweets

LESSON = Lesson(epochs=3, rate=3e-4, batch=16)
_FROZEN_LAYERS = 2
_OTHERS = 3  # of the tweets without an entity one in so many is read


def ner_model() -> Path:
    """The folder of the model and its tokenizer; the first call teaches it, in about a minute."""
    return saved("ner", (LESSON, _FROZEN_LAYERS, _OTHERS, LABELS), _make)


def held_out() -> tuple[Tweet, ...]:
    """The 479 tweets that the model has not seen."""
    return tweets("held-out")


def _make(folder: Path) -> None:
    import torch
    from transformers import AutoModelForTokenClassification, AutoTokenizer, DataCollatorForTokenClassification

    from nbtransformers.loading.bundled import bundled_folder

    torch.manual_seed(LESSON.seed)
    encoder = bundled_folder("minilm")
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    model = AutoModelForTokenClassification.from_pretrained(
        encoder, id2label=dict(enumerate(LABELS)), label2id={name: number for number, name in enumerate(LABELS)}
    )
    freeze(model, _FROZEN_LAYERS)
    chosen = [tweet for number, tweet in enumerate(tweets("train")) if tweet.entities() or number % _OTHERS == 0]
    rows = [_encoded(tokenizer, tweet) for tweet in chosen]
    teach(model, rows, DataCollatorForTokenClassification(tokenizer), LESSON)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def freeze(model: Any, layers: int) -> None:
    """Hold the embeddings (half of the weights) and the lowest layers, which learn little and cost as much."""
    for part in (model.base_model.embeddings, *model.base_model.encoder.layer[:layers]):
        part.requires_grad_(False)


def _encoded(tokenizer: Any, tweet: Tweet) -> dict[str, Any]:
    """A tweet's word pieces, each with its word's tag: B- for the first of an entity alone."""
    pieces = tokenizer(list(tweet.tokens), is_split_into_words=True)
    words = pieces.word_ids()
    labels = []
    for number, word in enumerate(words):
        tag = "O" if word is None else tweet.tags[word]
        inside = number > 0 and words[number - 1] == word
        labels.append(-100 if word is None else LABELS.index(tag.replace("B-", "I-") if inside else tag))
    return {"input_ids": pieces["input_ids"], "attention_mask": pieces["attention_mask"], "labels": labels}
