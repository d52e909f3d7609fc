"""The plain programs of what a model writes give its texts, and how likely it holds them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracle.test_code import ran
from oracle.test_plain_generation import DECODING, PROMPTS
from oracle.writers import save_writer

import nbtransformers as nbt
from nbtransformers.errors import UserError
from nbtransformers.results.generation import Generation

ROWS = [*PROMPTS[:3], "", None, PROMPTS[4]]


@pytest.fixture(scope="module")
def writers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("writers")
    return {kind: save_writer(kind, root / kind) for kind in ("chat", "base", "t5", "bart", "marian", "nllb")}


def same(result: Generation, **names: Any) -> str:
    """The table of the program is that of the result; the program."""
    program = nbt.code(result)
    table, expected = ran(program, **names)["table"], result.to_pandas().drop(columns="reason")
    assert list(table.columns) == list(expected.columns)
    assert table.index.tolist() == expected.index.tolist()
    numbers = ["log_probability", "perplexity"]
    for column in (name for name in expected.columns if name not in numbers):
        mine, theirs = (frame[column].astype(object).where(frame[column].notna(), None) for frame in (table, expected))
        assert mine.tolist() == theirs.tolist(), column
    for column in numbers:
        theirs = expected[column].astype(float).to_numpy()
        known = ~np.isinf(theirs)  # a float32 holds no probability below 1e-45
        np.testing.assert_allclose(table[column].astype(float).to_numpy()[known], theirs[known], rtol=1e-3)
    return program


@pytest.mark.parametrize("decoding", DECODING)
def test_every_way_to_choose_tokens(decoding: str, writers: dict[str, Path]) -> None:
    for kind in ("base", "t5"):
        result = nbt.generate(ROWS, model=writers[kind], max_new_tokens=10, seed=3, **DECODING[decoding])
        same(result, prompts=ROWS)


def test_chats_stop_strings_and_a_full_context(writers: dict[str, Path]) -> None:
    chat = writers["chat"]
    same(nbt.generate(ROWS, model=chat, system="Be brief.", max_new_tokens=8), prompts=ROWS)
    talk = [[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Well"}]]
    same(nbt.generate(talk, model=chat, max_new_tokens=8), prompts=talk)
    free = nbt.generate(ROWS[:1], model=writers["base"], max_new_tokens=30)
    stop = free.texts[0][10:14]
    stopped = nbt.generate(ROWS[:1], model=writers["base"], max_new_tokens=30, stop_strings=stop)
    assert stopped.to_pandas()["finish_reason"].tolist() == ["stop string"]
    same(stopped, prompts=ROWS[:1])
    long = [" ".join(PROMPTS * 12), " ".join(PROMPTS * 40)]
    full = nbt.generate(long, model=writers["base"], max_new_tokens=200)
    same(full, prompts=long)


@pytest.mark.parametrize("decoding", DECODING)
def test_texts_that_go_on_from_another_token(decoding: str, writers: dict[str, Path]) -> None:
    result = nbt.generate(ROWS, model=writers["base"], max_new_tokens=10, seed=3, **DECODING[decoding])
    for row, position in ((0, 2), (1, len(result.found[1]) - 1), (0, 4)):
        position = min(position, len(result.found[row]) - 1)
        there = int(result.token(row, position)["id"])
        other = next(one.id for one in result.alternatives(row, position) if one.id != there)
        result = nbt.continue_from(result, row, position, other)
    program = same(result)
    assert "begun[0] = [" in program and "begun[1] = [" in program


def test_a_chat_that_goes_on_from_another_token(writers: dict[str, Path]) -> None:
    result = nbt.generate(ROWS[:2], model=writers["chat"], system="Be brief.", max_new_tokens=8)
    other = result.alternatives(1, 3)[1].id
    same(nbt.continue_from(result, 1, 3, other))
    seq2seq = nbt.generate(ROWS[:2], model=writers["t5"], max_new_tokens=8)
    with pytest.raises(UserError, match="it was changed or gone on with, or is not finished"):
        nbt.code(nbt.continue_from(seq2seq, 0, 2, seq2seq.alternatives(0, 2)[1].id))


def test_the_bundled_model() -> None:
    same(nbt.generate("The capital of France is", max_new_tokens=5), prompts="The capital of France is")


LONG = "It rained all day. We stayed at home, and read. " * 14


@pytest.mark.parametrize("options", [{}, {"long": "truncate"}, {"parts": "join"}, {"do_sample": True, "seed": 5}])
def test_summaries(options: dict[str, Any], writers: dict[str, Path]) -> None:
    rows = [LONG, PROMPTS[3], None]
    for kind in ("bart", "chat"):
        result = nbt.summarize(rows, model=writers[kind], max_new_tokens=12, max_length=90, **options)
        assert result.parts[0] > 1 or "long" in options
        same(result, data=rows)


def test_translations(writers: dict[str, Path]) -> None:
    rows = [f"{PROMPTS[3]}\n{PROMPTS[1]} Why? Since it does.\nand goes on", PROMPTS[0], ""]
    whole = [PROMPTS[0], PROMPTS[2]]
    for options in ({"parts": "sentences"}, {"parts": "lines", "num_beams": 2}):
        same(nbt.translate(rows, model=writers["nllb"], target="German", **options), data=rows)
    same(nbt.translate(rows, model=writers["marian"], min_new_tokens=20, max_new_tokens=30), data=rows)
    result = nbt.translate(whole, model=writers["t5"], target="German", max_new_tokens=9)
    assert result.parts.tolist() == [1, 1]
    assert "boundaries" not in same(result, data=whole)
    same(nbt.translate(rows, model=writers["chat"], target="German", do_sample=True, max_new_tokens=9), data=rows)
