"""The taught models are good enough to try the tasks on: measured with plain Transformers, one text at a time."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from taught import ner
from transformers import AutoModelForTokenClassification, AutoTokenizer


@pytest.mark.slow
def test_the_entity_model_finds_the_entities_of_tweets_it_has_not_seen() -> None:
    from seqeval.metrics import f1_score

    folder = ner.ner_model()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForTokenClassification.from_pretrained(folder).eval()
    found = [_tags(model, tokenizer, tweet.tokens) for tweet in ner.held_out()]
    assert f1_score([list(tweet.tags) for tweet in ner.held_out()], found) >= 0.5


def _tags(model: Any, tokenizer: Any, tokens: tuple[str, ...]) -> list[str]:
    pieces = tokenizer(list(tokens), is_split_into_words=True, return_tensors="pt")
    with torch.inference_mode():
        best = model(**pieces).logits[0].argmax(-1).tolist()
    words = pieces.word_ids()
    return [model.config.id2label[best[words.index(word)]] if word in words else "O" for word in range(len(tokens))]
