"""The taught models are good enough to try the tasks on: measured with plain Transformers, one text at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from taught import ner, qa, translator
from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForSeq2SeqLM,
    AutoModelForTokenClassification,
    AutoTokenizer,
)


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Two threads on cores that others use too wait for each other most of the time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


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


@pytest.mark.slow
def test_the_answering_model_answers_questions_about_tweets_it_has_not_seen() -> None:
    """A model that never answers is right half the time: it is held to both halves."""
    folder = qa.qa_model()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForQuestionAnswering.from_pretrained(folder).eval()
    asked = qa.questions("held-out")
    answers = [_answer(model, tokenizer, question) for question in asked]
    right = [answer in (question.texts or ("",)) for question, answer in zip(asked, answers, strict=True)]
    answered = [bool(question.answers) for question in asked]
    assert sum(answered) * 2 == len(asked)
    assert sum(ok for ok, has_answer in zip(right, answered, strict=True) if has_answer) / sum(answered) >= 0.5
    assert sum(ok for ok, has_answer in zip(right, answered, strict=True) if not has_answer) / sum(answered) >= 0.6


def _answer(model: Any, tokenizer: Any, asked: qa.Question) -> str:
    pieces = tokenizer(asked.question, asked.context, return_tensors="pt", return_offsets_mapping=True)
    offsets = pieces.pop("offset_mapping")[0].tolist()
    with torch.inference_mode():
        output = model(**pieces)
    start, end = output.start_logits[0].tolist(), output.end_logits[0].tolist()
    places = [place for place, sequence in enumerate(pieces.sequence_ids(0)) if sequence == 1]
    spans = ((start[i] + end[j], i, j) for i in places for j in places if i <= j < i + 20)
    score, first, last = max(spans)
    return "" if start[0] + end[0] >= score else asked.context[offsets[first][0] : offsets[last][1]]


@pytest.mark.slow
def test_the_translator_knows_by_heart_what_it_was_taught() -> None:
    folder, taught = translator.translator(), translator.known()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    asked = taught[::5]
    right = 0
    for text, german in asked:
        written = model.generate(**tokenizer(text, return_tensors="pt"))
        right += tokenizer.decode(written[0], skip_special_tokens=True) == german
    assert right / len(asked) >= 0.9
