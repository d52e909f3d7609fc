"""Going on from another token, at its edges: the text may end there, there may be no room, or the user stops it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracle.writers import save_writer

import nbtransformers as nbt
from nbtransformers.engine.branching import branch
from nbtransformers.engine.generation_config import end_tokens
from nbtransformers.errors import UserError
from nbtransformers.interrupt import stopped_by
from nbtransformers.loading.registry import REGISTRY
from nbtransformers.results.generation import ENDINGS, Generation


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_writer("base", tmp_path_factory.mktemp("writers") / "base")


@pytest.fixture
def result(folder: Path) -> Generation:
    return nbt.generate(["A", "Good morning, all of you"], model=str(folder), max_new_tokens=6, min_new_tokens=6)


def other(result: Generation, position: int) -> int:
    """An alternative to a token of the first row."""
    chosen = int(result.found[0]["id"][position])
    return next(each.id for each in result.alternatives(0, position) if each.id != chosen)


def ending(result: Generation) -> str:
    return ENDINGS[result.endings[0]]


def test_the_end_of_text_ends_it(result: Generation, folder: Path) -> None:
    from transformers import GenerationConfig

    end = end_tokens(GenerationConfig.from_pretrained(folder))[0]
    result.found.flat["top_ids"][2, -1] = end
    made = branch(result, 0, 2, end)
    assert made.found[0]["id"].tolist() == [*result.found[0]["id"][:2].tolist(), end]
    assert ending(made) == "end of text"


def test_the_last_token_leaves_no_room_for_another(result: Generation) -> None:
    token = other(result, 5)
    made = branch(result, 0, 5, token)
    assert made.found[0]["id"].tolist() == [*result.found[0]["id"][:5].tolist(), token]
    assert (ending(made), made.texts[1]) == ("length", result.texts[1])


def test_it_runs_on_as_many_threads_as_the_result_did(folder: Path) -> None:
    import torch

    REGISTRY.clear()  # what it has found out of threads
    result = nbt.generate(["A"], model=str(folder), max_new_tokens=6, min_new_tokens=6, threads=2)
    before, seen = torch.get_num_threads(), set[int]()
    torch.set_num_threads(2)
    try:
        branch(result, 0, 1, other(result, 1), on_progress=lambda _: seen.add(torch.get_num_threads()))
    finally:
        torch.set_num_threads(before)
    assert seen == {2}, "one that finds out begins with one"


def test_what_came_is_kept_when_it_is_stopped_at_once(result: Generation) -> None:
    token = other(result, 1)
    with stopped_by(lambda: True):
        made = branch(result, 0, 1, token)
    assert made.found[0]["id"][:2].tolist() == [int(result.found[0]["id"][0]), token]
    assert ending(made) == "stopped" and len(made.found[0]) < 6


def test_it_is_shown_as_it_is_written_and_says_where_it_came_from(
    result: Generation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nbtransformers.engine.writing.WritingTask.glimpse_seconds", 0.0)
    seen: list[Generation] = []
    told: list[Any] = []
    token = other(result, 0)
    made = branch(result, 0, 0, token, None, told.append, seen.append)
    assert seen and all(step.texts[1] == result.texts[1] and step.found[0]["id"][0] == token for step in seen)
    assert told and told[0].stage in ("loading", "running")
    assert made.notes[-1].startswith("Row 0 goes on from token 0: ")
    assert made.run.seconds > result.run.seconds and len(made.pieces) == made.new_tokens
    np.testing.assert_array_equal(made.found[1]["probability"], result.found[1]["probability"])


def test_only_alternatives_are_gone_on_from(result: Generation) -> None:
    with pytest.raises(UserError) as caught:
        branch(result, 0, 0, -7)
    assert str(caught.value) == "Token -7 is none of the alternatives at 0. See `result.alternatives(row, position)`."


def test_a_model_that_is_gone_is_told(folder: Path) -> None:
    import gc

    from transformers import AutoModelForCausalLM, AutoTokenizer

    writer = AutoModelForCausalLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    result = nbt.generate("A", model=writer, max_new_tokens=3)
    assert branch(result, 0, 0, other(result, 0)).new_tokens == 3
    del writer
    gc.collect()
    with pytest.raises(UserError, match="is not there any more"):
        branch(result, 0, 0, other(result, 0))


def test_a_row_that_the_model_fails_on_is_told(result: Generation, monkeypatch: pytest.MonkeyPatch) -> None:
    from nbtransformers.engine import branching

    def fails(generator: Any, prompts: Any) -> Any:
        generator.account.failures[0] = "out of memory at 9 tokens"
        return {}

    monkeypatch.setattr(branching.Generator, "run", fails)
    with pytest.raises(UserError) as caught:
        branch(result, 0, 0, other(result, 0))
    assert str(caught.value) == "Nothing was written: out of memory at 9 tokens. Choose another token."
