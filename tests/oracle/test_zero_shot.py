"""Zero-shot scores against sentence-transformers and the zero-shot pipeline."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from oracle.test_scores import TEXTS
from oracle.tiny import save_tiny

import nbtransformers as nbt
from nbtransformers.loading.bundled import bundled_folder

LABELS = ["politics", "sport", "technology"]


def softmax(values: np.ndarray) -> np.ndarray:
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def cosines(texts: list[str]) -> np.ndarray:
    from sentence_transformers import SentenceTransformer

    encoder = SentenceTransformer(str(bundled_folder("minilm")), device="cpu")
    labels = encoder.encode([f"This text is about {label}." for label in LABELS])
    return encoder.encode(texts) @ labels.T


def test_similarity_is_that_of_sentence_transformers() -> None:
    texts = [*TEXTS, " ".join(TEXTS)]  # the last is longer than the 256 tokens that the encoder declares
    expected = cosines(texts)
    result = nbt.classify(texts, labels=LABELS)
    np.testing.assert_allclose(result.scores, softmax(20 * expected), atol=1e-5)
    assert result.method is not None and "softmax(20 · cosine)" in result.method


def test_topics_are_told_apart() -> None:
    texts = ["The senate voted on the tax bill.", "He won the final in three sets.", "The chip has two new cores."]
    assert nbt.classify(texts, labels=LABELS).to_pandas()["label"].tolist() == LABELS


@pytest.fixture(scope="module")
def nli(tmp_path_factory: pytest.TempPathFactory) -> Path:
    names = ["contradiction", "neutral", "entailment"]
    return save_tiny(
        "bert",
        tmp_path_factory.mktemp("nli"),
        id2label=dict(enumerate(names)),
        label2id={name: number for number, name in enumerate(names)},
    )


@pytest.mark.parametrize("multi_label", [False, True])
def test_entailment_is_that_of_the_pipeline(nli: Path, multi_label: bool) -> None:
    from transformers import pipeline

    pipe = pipeline("zero-shot-classification", model=str(nli), device="cpu")
    result = nbt.classify(TEXTS, model=str(nli), labels=LABELS, multi_label=multi_label, batch_tokens=300)
    for row, text in enumerate(TEXTS):
        expected = pipe(text, candidate_labels=LABELS, multi_label=multi_label)
        by_label = dict(zip(expected["labels"], expected["scores"], strict=True))
        np.testing.assert_allclose(result.scores[row], [by_label[label] for label in LABELS], atol=1e-5)


def test_a_two_way_model_says_not_entailment_as_it_likes(tmp_path: Path) -> None:
    folder = save_tiny("bert", tmp_path, labels=2, id2label={0: "entailment", 1: "other"}, label2id={})
    result = nbt.classify(TEXTS, model=str(folder), labels=LABELS, multi_label=True)
    assert np.ptp(result.scores) > 0.01


def test_long_texts_beside_their_hypotheses(nli: Path) -> None:
    """Whatever the room, the text is cut and the hypothesis is not; windows always move on."""
    for length in (14, 20, 40):
        for long in ("truncate", "window"):
            assert nbt.classify(TEXTS, model=str(nli), labels=LABELS, max_length=length, long=long).scored.all()
    with pytest.raises(nbt.UserError, match=r"8 tokens of it hold no text\. Type 9 or more"):
        nbt.classify(TEXTS, model=str(nli), labels=LABELS, max_length=5)


def test_a_template_may_hold_any_braces() -> None:
    texts = ["The senate voted.", "She scored."]
    scores = nbt.classify(texts, labels=LABELS, template="{x} {} {0} {").scores
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)
