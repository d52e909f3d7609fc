"""What a terminal is given: whatever the data hold, nothing moves the cursor, changes colours or breaks a line."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from payloads import PAYLOADS, everywhere
from rich.cells import cell_len

import nbtransformers as nbt
from nbtransformers.errors import UserError
from nbtransformers.results.export import Written

BIDI = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C}


def harmful(text: str) -> set[str]:
    """The characters of a line that a terminal would obey, or could not write."""
    return {
        character
        for character in text
        if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or ord(character) in BIDI
    }


@pytest.mark.parametrize("problem", ["single_label", "multi_label", "regression"])
@pytest.mark.parametrize("text", PAYLOADS)
def test_a_result_is_plain_lines(text: str, problem: Any) -> None:
    lines = str(everywhere(text, problem)).split("\n")
    assert [harmful(line) for line in lines] == [set()] * len(lines)
    assert max(map(cell_len, lines)) <= 100
    table = lines[next(at for at, line in enumerate(lines) if line.split()[-2:] == ["score", "text"]) :]
    assert table[1].strip("─ ") == "", "the line below the heads"
    assert all(line.strip() for line in table[2:5]), "a line a row, whatever is in it"


@pytest.mark.parametrize("text", PAYLOADS)
def test_a_mistake_is_told_in_one_plain_line(text: str) -> None:
    error = UserError(f"There is no column {text}.", hint=f"Did you mean {text}?")
    assert harmful(str(error)) == set()
    (line,) = error._render_traceback_()  # pyright: ignore[reportPrivateUsage]
    assert harmful(line.replace("\x1b[31mnbtransformers:\x1b[0m", "")) == set()


@pytest.mark.parametrize("text", [text for text in PAYLOADS if text.encode("utf-8", "ignore").decode() == text])
def test_the_names_of_columns_are_told_in_one_plain_line(text: str) -> None:
    with pytest.raises(UserError) as caught:
        nbt.classify(pd.DataFrame({text: ["a"], text + "2": ["b"]}))
    assert harmful(str(caught.value)) == set()


@pytest.mark.parametrize("text", PAYLOADS)
def test_a_file_is_told_in_plain_lines(text: str) -> None:
    written = Written(Path("/folder") / text.replace("/", "-").replace("\0", ""), 1, 10, ("A note.",))
    assert len(repr(written).split("\n")) == 2
    assert harmful(repr(written).replace("\n", "")) == set()


def test_markup_of_the_terminal_s_own_is_only_text() -> None:
    shown = str(replace(everywhere("x"), notes=("[bold red]a[/bold red] [link=x]b[/link] [/]",)))
    assert "[bold red]a[/bold red] [link=x]b[/link] [/]" in shown
