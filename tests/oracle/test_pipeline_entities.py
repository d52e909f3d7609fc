"""Entities against Transformers' own pipeline, against one long reading, and on every kind of tokenizer."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from oracle import trained
from oracle.bruteforce import brute_force, slowly, words_of_pieces
from taggers import BIO, save_tagger
from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

import nbtransformers as nbt
from nbtransformers.results.entities import Entities

TEXTS = trained.texts()
FAST = (*trained.FAST, *trained.FROM_SENTENCEPIECE)
LIMIT = 1_100


@pytest.fixture(scope="module")
def tagger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tagger with word pieces, that reads any of the texts at once."""
    return save_tagger(tmp_path_factory.mktemp("tagger"), max_position_embeddings=LIMIT)


def found(result: Entities, row: int) -> list[tuple[int, int, str]]:
    return [(span.start, span.end, span.label) for span in result.spans[row]]


# --- the pipeline, where it is defined: word pieces ---


def _is_plain(text: str) -> bool:
    """Whether the pipeline sees the words: it takes a piece for the first of a word when it is as long as its text.

    It is not where an accent is written by itself or something unseen is left out, and "[SEP]" in a text is a special
    token to us.
    """
    unseen = any(unicodedata.category(character) in ("Cf", "Cc", "Co") for character in text)
    return unicodedata.normalize("NFC", text) == text and not unseen and "[SEP]" not in text


@pytest.mark.parametrize("aggregation", ["first", "average", "max"])
def test_spans_and_scores_are_those_of_the_pipeline(tagger: Path, aggregation: Any) -> None:
    texts = [text for text in TEXTS if _is_plain(text)]
    theirs = pipeline("token-classification", model=str(tagger), aggregation_strategy=aggregation)
    result = nbt.entities(texts, model=tagger, aggregation=aggregation)
    compared = 0
    for row, text in enumerate(texts):
        expected = theirs(text)
        assert found(result, row) == [(span["start"], span["end"], span["entity_group"]) for span in expected], text
        np.testing.assert_allclose(
            [span.score for span in result.spans[row]], [span["score"] for span in expected], atol=1e-5
        )
        compared += len(expected)
    assert compared > 200


# --- long texts: windows, as if there were none ---


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tagger that sees four tokens on either side, wherever they are: a window changes what it says at its edge."""
    return save_tagger(
        tmp_path_factory.mktemp("local"),
        architecture="modernbert",
        **{"max_position_embeddings": 20_000, "local_attention": 4, "num_hidden_layers": 2},
        layer_types=["sliding_attention", "sliding_attention"],
    )


@pytest.fixture(scope="module")
def long_texts() -> list[str]:
    return [" ".join(TEXTS), " ".join(trained.SENTENCES.values()), "Short one.", " ".join(reversed(TEXTS))]


@pytest.mark.parametrize("max_length", [48, 63, 200])
def test_windows_leave_no_trace(local: Path, long_texts: list[str], max_length: int) -> None:
    whole = nbt.entities(long_texts, model=local, long="error")
    windows = nbt.entities(long_texts, model=local, max_length=max_length)
    assert whole.run.tokens < windows.run.tokens
    assert len(whole.found.flat) > 100
    for row in range(len(long_texts)):
        assert found(windows, row) == found(whole, row)
    # Rotary positions are rounded differently at 10 and at 5,000.
    np.testing.assert_allclose(windows.found.flat["score"], whole.found.flat["score"], atol=1e-3)
    assert windows.tokens.tolist() == whole.tokens.tolist()
    assert not windows.unread.any()


def test_a_span_over_the_edge_of_a_window_is_one(tmp_path: Path) -> None:
    """One type for every word, and no B: whatever windows there are, the whole text is one span."""
    tagger = save_tagger(tmp_path, labels=["O", "I-ALL"], max_position_embeddings=64)
    model = AutoModelForTokenClassification.from_pretrained(tagger)
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.tensor([-4.0, 4.0]))
    model.save_pretrained(tagger)
    text = " ".join(["word"] * 1_000)
    result = nbt.entities([text, "two words"], model=tagger)
    assert found(result, 0) == [(0, len(text), "ALL")]
    assert result.tokens[0] == 1_002
    assert result.run.batches > 1


def test_a_long_text_can_be_cut_or_refused(tagger: Path) -> None:
    text = " ".join(["London"] * 100)
    cut = nbt.entities([text], model=tagger, long="truncate", max_length=22)
    assert cut.unread.tolist() == [80]
    assert all(span.end <= 20 * len("London ") for span in cut.spans[0])
    with pytest.raises(nbt.UserError, match="Row 0 is too long: 102 tokens"):
        nbt.entities([text], model=tagger, long="error", max_length=22)


# --- every kind of tokenizer ---


@pytest.fixture(scope="module")
def taggers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A tagger for each kind of tokenizer, as a model and its tokenizer."""
    made: dict[str, Any] = {}
    for name, tokenizer in trained.made(tmp_path_factory.mktemp("sentencepiece")):
        tokenizer.model_max_length = LIMIT
        folder = save_tagger(
            tmp_path_factory.mktemp("tagger"), tokenizer=tokenizer, max_position_embeddings=4 * LIMIT, pad_token_id=None
        )
        made[name] = AutoModelForTokenClassification.from_pretrained(folder), tokenizer
    return made


@pytest.mark.parametrize("name", [*FAST, *trained.SLOW])
def test_spans_are_whole_words_at_their_place(taggers: dict[str, Any], name: str) -> None:
    result = nbt.entities(TEXTS, model=taggers[name])
    assert len(result.found.flat) > 50
    for text, spans in zip(TEXTS, result.spans, strict=True):
        at = 0
        for span in spans:
            assert at <= span.start < span.end <= len(text)
            assert span.text == text[span.start : span.end] == span.text.strip()
            at = span.end


@pytest.mark.parametrize("aggregation", ["first", "average", "max"])
@pytest.mark.parametrize("name", ["minilm", *FAST])
def test_spans_are_those_of_a_decoder_by_brute_force(taggers: dict[str, Any], name: str, aggregation: Any) -> None:
    """One text at a time by plain Transformers, a word at a time, every stretch of words tried."""
    model, tokenizer = taggers[name]
    result = nbt.entities(TEXTS, model=(model, tokenizer), aggregation=aggregation)
    for row, text in enumerate(TEXTS):
        expected = _slowly_found(model, tokenizer, text, aggregation)
        assert found(result, row) == [span for span, _ in expected], text
        np.testing.assert_allclose(
            [span.score for span in result.spans[row]], [score for _, score in expected], atol=1e-5
        )


def _slowly_found(model: Any, tokenizer: Any, text: str, aggregation: str) -> list[tuple[tuple[int, int, str], float]]:
    encoded = tokenizer(text, return_tensors="pt", return_offsets_mapping=True, return_special_tokens_mask=True)
    offsets = [tuple(pair) for pair in encoded.pop("offset_mapping")[0].tolist()]
    around = (encoded.pop("special_tokens_mask")[0] > 0).tolist()
    ids = encoded["input_ids"][0].tolist()
    with torch.no_grad():
        probabilities = model(**encoded).logits[0].softmax(-1).numpy()
    unknown = tokenizer.unk_token_id
    special = [
        outside or (number in tokenizer.all_special_ids and number != unknown)
        for outside, number in zip(around, ids, strict=True)
    ]
    prefix = getattr(tokenizer.backend_tokenizer.model, "continuing_subword_prefix", None) or ""
    words = words_of_pieces(text, offsets, tokenizer.convert_ids_to_tokens(ids), special, prefix)
    labelled = [slowly(probabilities[word], [0], aggregation)[0] for word in words]
    spans = []
    for kind, first, last in brute_force([BIO[label] for label, _ in labelled]):
        start, stop = offsets[words[first][0]][0], offsets[words[last][-1]][1]
        inside = text[start:stop]
        start, stop = start + len(inside) - len(inside.lstrip()), start + len(inside.rstrip())
        spans.append(((start, stop, kind), float(np.mean([score for _, score in labelled[first : last + 1]]))))
    return spans


# --- every architecture ---

ARCHITECTURES = (
    *("bert", "roberta", "distilbert", "albert", "electra", "deberta-v2", "mpnet", "modernbert"),
    *("xlnet", "gpt2", "llama", "qwen2"),
)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_probabilities_are_those_of_one_text_at_a_time(architecture: str, tmp_path: Path) -> None:
    folder = save_tagger(tmp_path, architecture=architecture)
    model, tokenizer = AutoModelForTokenClassification.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    texts = [" ".join(["Ada Lovelace wrote to London."] * (1 + row % 7)) + f" ({row})" for row in range(24)]
    for options in ({"batch_tokens": 10_000, "threads": 1}, {"batch_tokens": 64, "threads": 2}):
        result = nbt.entities(texts, model=folder, **options)
        for row, text in enumerate(texts):
            encoded = tokenizer(text, return_tensors="pt", return_special_tokens_mask=True)
            special = encoded.pop("special_tokens_mask")[0].numpy() > 0
            with torch.no_grad():
                expected = model(**encoded).logits[0].softmax(-1).numpy()[~special]
            np.testing.assert_allclose(result.tagged[row]["score"], expected.max(1), atol=1e-5)
            assert result.tagged[row]["label"].tolist() == expected.argmax(1).tolist()
