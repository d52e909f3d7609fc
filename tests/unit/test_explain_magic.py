"""`%%explain` and `%explain` in a terminal: what they run, leave behind, and complete."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from helpers import Terminal

from nbtransformers.magics import last
from nbtransformers.magics.complete import complete
from nbtransformers.results.explanation import Explanation


def offered(shell: Any, typed: str) -> list[str]:
    """What Tab offers at the end of the first line of a cell."""
    found = complete([typed, "a joy"], 0, len(typed), shell)
    assert found is not None
    return [one.text for one in found.suggestions]


def test_a_cell_is_one_text(terminal: Terminal) -> None:
    result = terminal.run("%%explain --method input_x_gradient,occlusion --target negative --out why\nA joy.\nDull.")
    assert isinstance(result, Explanation) and terminal.shell.user_ns["why"] is result
    assert result.side.text == "A joy.\nDull." and result.target.name == "negative"
    assert result.methods == ("input_x_gradient", "occlusion")


def test_a_line_takes_an_expression_and_a_list_of_methods(terminal: Terminal) -> None:
    terminal.shell.push({"text": "A joy.", "ways": ["occlusion", "input_x_gradient"]})
    result = terminal.run("%explain text --method {ways} --target 1")
    assert result.methods == ("occlusion", "input_x_gradient") and result.target.name == "positive"
    printed = terminal.printed("%explain text --method occlusion")
    assert "positive (logit" in printed and "joy" in printed


def test_function_and_magic_give_the_same(terminal: Terminal) -> None:
    import nbtransformers as nbt

    by_magic = terminal.run("%%explain\nA joy.")
    by_function = nbt.explain("A joy.", target=1)
    np.testing.assert_allclose(by_magic.attributions, by_function.attributions, atol=1e-5)
    assert by_magic.tokens == by_function.tokens


def test_methods_and_labels_complete(terminal: Terminal) -> None:
    shell = terminal.shell
    assert offered(shell, "%%explain --method oc") == ["occlusion"]
    assert offered(shell, "%%explain --method occlusion,in") == [
        "occlusion,integrated_gradients",
        "occlusion,input_x_gradient",
    ]
    terminal.run("%%explain --method occlusion\nA joy.")
    assert offered(shell, "%%explain --target ") == ["negative", "positive"]
    assert offered(shell, "%%explain --baseline ") == ["pad", "mask", "zero", "remove"]


def test_the_program_of_the_last_one_without_a_name(terminal: Terminal, tmp_path: Path) -> None:
    from oracle.test_code import ran
    from oracle.tiny import save_tiny, tiny_tokenizer

    words = tiny_tokenizer("bert")
    terminal.shell.push({"words": words})
    options = f"--model {save_tiny('bert', tmp_path / 'bert')} --tokenizer words"
    result = terminal.run(f"%%explain {options} --method occlusion\na joy")
    table = ran(terminal.printed("%nbt code"), tokenizer=words)["table"]
    np.testing.assert_allclose(table["occlusion"], result.attributions, atol=5e-5)
    result = terminal.run(f"%%explain --model {save_tiny('t5', tmp_path / 't5')} --method input_x_gradient\na joy")
    table = ran(terminal.printed("%nbt code"))["table"]
    np.testing.assert_allclose(table["input_x_gradient"], result.attributions, atol=5e-5)


def test_the_program_of_positions_without_a_name(terminal: Terminal) -> None:
    from oracle.test_code import ran

    result = terminal.run("%positions --length 4 --dim 6")
    found = ran(terminal.printed("%nbt code"))["encodings"]["positions"]
    np.testing.assert_allclose(found, result.values, atol=1e-6)


def test_there_is_no_program_for_a_difference_of_differences(terminal: Terminal) -> None:
    terminal.run("%attention 'a joy' --model minilm")
    result = terminal.shell.user_ns["_"]
    last.remember(result - result)
    assert "Subtract one attention" in terminal.printed("%nbt code")
    last.remember(result - result - result)
    assert "it is a difference of differences" in terminal.refusal("%nbt code")
