"""The plain program of an explanation gives its numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import classifier, tokenizer
from oracle.test_code import ran
from oracle.test_explain import SMALL, TEXT, explained, saved
from oracle.tiny import save_tiny

import nbtransformers as nbt
from nbtransformers.request import METHODS
from nbtransformers.results.explanation import Explanation


def same(result: Explanation, **names: Any) -> None:
    """The table of the program has the tokens and the attributions of the result."""
    table = ran(nbt.code(result), **names)["table"]
    assert table["token"].tolist() == result.tokens
    for one in result.found:
        scale = max(1.0, float(np.abs(one.values).max()))
        np.testing.assert_allclose(table[one.method], one.values, atol=5e-5 * scale, err_msg=one.method)


def test_the_bundled_model_by_every_method(capsys: pytest.CaptureFixture[str]) -> None:
    same(explained('Say "why"? 这部电影很好看 😀 ' + TEXT, methods=METHODS, target="negative"))
    assert "Completeness gap: " in capsys.readouterr().out


@pytest.mark.parametrize("baseline", ["zero", "remove", "pad"])
def test_every_baseline(baseline: Any) -> None:
    methods: Any = ("occlusion",) if baseline == "remove" else ("occlusion", "integrated_gradients")
    same(explained(TEXT, methods=methods, baseline=baseline))


@pytest.mark.parametrize("architecture", ["roberta", "gpt2", "modernbert"])
def test_other_architectures(architecture: str, tmp_path: Path) -> None:
    same(explained("the film is good, the end is not", save_tiny(architecture, tmp_path), methods=METHODS))


def test_a_rough_way(tmp_path: Path) -> None:
    result = explained(TEXT, save_tiny("bert", tmp_path, initializer_range=0.8))
    assert len(result.found[0].segments) > 2
    same(result)


def test_every_kind_of_target(tmp_path: Path) -> None:
    same(explained("Ada lived in London", saved("tokens", tmp_path / "tokens", labels=5), target="London"))
    spans = saved("spans", tmp_path / "spans", labels=2)
    same(explained("It was written by Mary.", spans, question="Who wrote it?", target="Mary"))
    same(explained("the film is", saved("causal", tmp_path / "causal", "llama"), target="good"))
    same(explained("the film is [MASK]", saved("masked", tmp_path / "masked"), target="good"))
    same(explained("a man sleeps", save_tiny("bert", tmp_path / "pair", **SMALL), pair="a person rests"))


def test_a_model_of_one_s_own() -> None:
    model, words = classifier(), tokenizer()
    same(explained("a joy", (model, words), methods=("input_x_gradient",)), model=model, tokenizer=words)


@pytest.mark.parametrize("architecture", ["t5", "bart", "xlnet"])
def test_a_model_that_asks_for_embeddings_in_several_ways(architecture: str, tmp_path: Path) -> None:
    folder = save_tiny(architecture, tmp_path)
    methods = METHODS if architecture != "xlnet" else ("integrated_gradients", "input_x_gradient")
    same(explained("a joy from start to end", folder, methods=methods))
