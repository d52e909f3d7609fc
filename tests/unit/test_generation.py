"""What a result of generation says of itself: its table, its figures, its text, its files."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from generated import generation
from helpers import Terminal, ipython

import nbtransformers as nbt
from nbtransformers.errors import UserError
from nbtransformers.request import DataRef, SummarizeRequest
from nbtransformers.results.generation import ENDINGS, Generation


@pytest.fixture
def result() -> Generation:
    return generation(
        ["The capital of France is", None, "Say 🤗", "$x_1$ is"],
        [[(" Paris", 0.5), (".", 0.25), ("", 1.0)], [], [("", 0.5), ("🤗", 0.125)], []],
        endings=[1, 0, 3, 0],
        reasons={3: "the prompt has 9 tokens, and the model reads 8"},
        index=pd.Index(["a", "b", "c", "d"]),
        notes=["A note."],
    )


def test_the_table_has_a_row_a_prompt(result: Generation) -> None:
    table = result.to_pandas()
    assert table.index.tolist() == ["a", "b", "c", "d"]
    assert table.prompt.tolist() == ["The capital of France is", None, "Say 🤗", "$x_1$ is"]
    assert table.text.tolist() == [" Paris.", None, "🤗", None]
    assert table.tokens.tolist() == [3, 0, 2, 0]
    assert table.finish_reason.tolist() == ["end of text", None, "length", None]
    assert table.reason.tolist() == [None, "missing", None, "the prompt has 9 tokens, and the model reads 8"]
    mean = (math.log(0.5) + math.log(0.25) + 0) / 3
    assert table.log_probability.iloc[0] == pytest.approx(mean)
    assert table.perplexity.iloc[0] == pytest.approx(math.exp(-mean))
    assert table.log_probability.isna().tolist() == [False, True, False, True]
    pd.testing.assert_frame_equal(result.to_pandas([2, 0]), table.iloc[[2, 0]])


def test_tokens_and_probabilities_are_by_row(result: Generation) -> None:
    assert result.tokens == [[" Paris", ".", "<end>"], [], ["<end>", "🤗"], []]
    assert [own.tolist() for own in result.probabilities] == [[0.5, 0.25, 1.0], [], [0.5, 0.125], []]
    assert result.probabilities[0].dtype == np.float32
    assert result.probabilities[-2].tolist() == [0.5, 0.125]
    assert [own.tolist() for own in result.probabilities[2:]] == [[0.5, 0.125], []]
    with pytest.raises(IndexError):
        result.probabilities[4]
    assert result.new_tokens == 5
    assert [ENDINGS[ending] for ending in result.endings] == ["end of text", "", "length", ""]


def test_alternatives_are_the_likeliest_first(result: Generation) -> None:
    found = result.alternatives(0, 0)
    assert found[0].token == " Paris"
    assert found[0].probability == 0.5
    assert [a.probability for a in found] == sorted((a.probability for a in found), reverse=True)
    tokens = result.tokens_of(0)
    assert tokens.token.tolist() == [" Paris", ".", "<end>"]
    assert tokens["rank"].tolist() == [1, 1, 1]
    assert tokens.alternatives[0][0] == (" Paris", 0.5)
    with pytest.raises(UserError, match="Row 1 has no token 0"):
        result.alternatives(1, 0)


def test_a_row_that_is_not_there_is_told(result: Generation) -> None:
    for asked in (
        lambda: result.tokens_of(4),
        lambda: result.tokens_of(-1),
        lambda: result.plot(row=9),
        lambda: result.alternatives(4, 0),
    ):
        with pytest.raises(UserError, match=r"There is no row -?\d in this result. It has 4 rows, from 0."):
            asked()


def test_files_hold_the_table(result: Generation, tmp_path: Path) -> None:
    result.to_parquet(tmp_path / "texts.parquet")
    read = pd.read_parquet(tmp_path / "texts.parquet")
    assert read.text.fillna("").tolist() == [" Paris.", "", "🤗", ""]
    assert read.index.tolist() == ["a", "b", "c", "d"]
    assert result.to_csv(tmp_path / "texts.csv").rows == 4


def test_a_terminal_shows_whole_texts(result: Generation) -> None:
    shown = str(result)
    assert "4 prompts · 5 tokens written" in shown
    assert "[a] The capital of France is\n     Paris." in shown
    assert "[b]\n    (missing)" in shown
    assert shown.endswith("\n\nNote: A note.")
    many = generation(["x"] * 12, [[("\x1b[31mred", 1.0)]] * 12)
    assert "… 2 more rows" in str(many)
    assert "\x1b" not in str(many)


def test_a_figure_has_a_bar_a_token(result: Generation) -> None:
    import matplotlib

    matplotlib.use("Agg")
    ax = result.plot()
    assert [bar.get_height() for bar in ax.patches] == [0.5, 0.25, 1.0]
    assert ax.get_title(loc="left").endswith("row a")
    assert len(result.plot(row=1).patches) == 0


def test_nothing_at_all_is_a_result_too() -> None:
    nothing = generation([], [])
    assert len(nothing) == 0
    assert nothing.to_pandas().empty
    assert nothing.tokens == []
    assert "0 prompts" in str(nothing)


def test_a_long_prompt_is_cut_between_words() -> None:
    words = " ".join(f"word{number}" for number in range(60))
    shown = str(generation([words, "电影" * 99], [[("!", 1.0)]] * 2)).splitlines()
    long, unspaced = (next(line for line in shown if line.startswith(f"[{row}]")) for row in range(2))
    assert re.fullmatch(r"\[0\] …word\d+ .* word59", long)
    assert set(words.split()) >= set(long.removeprefix("[0] …").split())
    assert 80 < len(long) <= 100
    assert re.fullmatch(r"\[1\] …影?(电影){20,}", unspaced)


def test_a_long_text_that_is_rewritten_is_shown_from_its_beginning() -> None:
    words = " ".join(f"word{number}" for number in range(60))
    result = generation([words, "short"], [[("!", 1.0)]] * 2)
    shown = str(replace(result, request=SummarizeRequest(DataRef("variable", "data"))))
    long = next(line for line in shown.splitlines() if line.startswith("[0]"))
    assert re.fullmatch(r"\[0\] word0 word1 .* word\d+…", long)
    assert set(words.split()) >= set(long.removeprefix("[0] ").removesuffix("…").split())
    assert "[1] short\n" in shown


# --- the magic ---


@pytest.fixture
def terminal(models: Path, capsys: pytest.CaptureFixture[str]) -> Terminal:
    with ipython() as shell:
        shell.run_line_magic("load_ext", "nbtransformers")
        shell.user_ns["texts"] = ["a joy", "dull"]
        yield Terminal(shell, capsys)


def test_a_cell_is_one_prompt_unless_it_says_otherwise(terminal: Terminal, models: Path) -> None:
    options = f"--model {models}/storyteller --max-new-tokens 3"
    assert terminal.run(f"%%generate {options}\na joy\n\nfrom start\n").prompts == ["a joy\n\nfrom start"]
    assert terminal.run(f"%%generate --lines {options}\na joy\nfrom start\n").prompts == ["a joy", "from start"]
    assert terminal.run(f"%generate texts {options}").prompts == ["a joy", "dull"]


def test_the_function_has_the_names_of_the_magic(terminal: Terminal, models: Path) -> None:
    shown = terminal.run(
        f"%generate texts --model {models}/storyteller --max-new-tokens 4 --temperature 0.9 --top-k 5 --seed 3 "
        "--stop-strings joy --stop-strings film"
    )
    called = nbt.generate(
        ["a joy", "dull"],
        model=models / "storyteller",
        max_new_tokens=4,
        temperature=0.9,
        top_k=5,
        seed=3,
        stop_strings=["joy", "film"],
    )
    assert shown.request.decoding == called.request.decoding
    assert [row.tolist() for row in shown.probabilities] == [row.tolist() for row in called.probabilities]
    assert "drawn (temperature=0.9, top_k=5, seed=3)" in called.method


def test_a_conversation_becomes_messages() -> None:
    from nbtransformers.doors.generate import _as_texts  # pyright: ignore[reportPrivateUsage]

    message = {"role": "user", "content": "Hi"}
    assert _as_texts([message]) == (['[{"role": "user", "content": "Hi"}]'], True)
    assert _as_texts([[message], "Hi", None]) == ([_as_texts([message])[0][0]] * 2 + [None], True)
    assert _as_texts(["Hi", None]) == (["Hi", None], False)
    series, messages = _as_texts(pd.Series([[message]], index=["a"]))
    assert messages
    assert series.index.tolist() == ["a"]


@pytest.mark.slow
def test_the_bundled_decoder_knows_the_capital_of_france(smollm2: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ipython() as shell:
        shell.run_line_magic("load_ext", "nbtransformers")
        terminal = Terminal(shell, capsys)
        result = terminal.run("%%generate --model smollm2 --max-new-tokens 3\nThe capital of France is")
        assert result.tokens[0][0] == " Paris"
        assert result.probabilities[0][0] > 0.5
        chat = terminal.run("%%generate --chat --max-new-tokens 12\nWhat is the capital of France?")
        assert chat.texts[0] == "The capital of France is Paris."
        assert ENDINGS[chat.endings[0]] == "end of text"
