"""Tab on the line of a magic: options, values, models, variables, columns, files.

What can be typed follows from the options of the magic, so a new magic or option needs nothing here. An entry in
IPython's `custom_matchers` hands it over; while it applies, it keeps all others silent.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.magics.inexpression import in_expression
from nbtransformers.magics.optionvalues import commands_and_models, commands_and_runs, values
from nbtransformers.magics.parse import scan
from nbtransformers.magics.suggestions import Completed, Suggestion, matching
from nbtransformers.magics.table import BY_NAME, Magic
from nbtransformers.magics.typed import Given, Typed, given, option_named


def complete(lines: Sequence[str], row: int, column: int, shell: Any) -> Completed | None:
    """What can stand at the cursor; None where it is not in a magic of ours."""
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    cell = re.match(r"%%(\w+)(\s|$)", lines[first])
    if cell and cell[1] in BY_NAME and "cell" in BY_NAME[cell[1]].forms:
        if row > first:
            return Completed("")  # texts, and no Python
        return _on_line(cell[1], True, lines[row][cell.end(1) : column], lines[row][column:], shell)
    begun = _continued(lines, row, column)
    line = _LINE.match(begun)
    if line is None:
        return None
    found = _on_line(line[1], False, begun[line.end(1) :], lines[row][column:], shell)
    if found is not None and not lines[row][:column].endswith(found.typed):
        return Completed("")  # a word that began above the line cannot be replaced
    return found


# At the beginning of a line, behind an assignment, or to be timed.
_LINE = re.compile(r"""\s*(?:[^'"#%=]*=\s*|%time(?:it)?\s+)?%(\w+)(?=\s)""")


def _continued(lines: Sequence[str], row: int, column: int) -> str:
    """The line up to the cursor, with those before it that a backslash continues."""
    begun = lines[row][:column]
    while row > 0 and lines[row - 1].endswith("\\"):
        row -= 1
        begun = f"{lines[row][:-1]} {begun}"
    return begun


def _on_line(name: str, cell: bool, before: str, behind: str, shell: Any) -> Completed | None:
    if not before[:1].isspace():
        return None  # the name is still being typed, and IPython knows it
    if name == "nbt":
        from nbtransformers.magics.nbt import complete_command

        return complete_command(before, shell)
    if name not in BY_NAME:
        return None
    at = scan(before)
    typed = Typed(
        BY_NAME[name], cell, at.words, at.last, at.quote, behind, shell.user_ns, getattr(shell, "user_ns_hidden", {})
    )
    return _at(typed)


def _at(typed: Typed) -> Completed:
    """Option, value or expression: what the word at the cursor is."""
    before, last = given(typed.words, typed.magic.options), typed.last
    if last.startswith("--"):
        name, equals, value = last.partition("=")
        option = option_named(name, typed.magic.options)
        if not equals:
            return matching(last, _options(typed.magic, before))
        return matching(value, values(option, typed, value), typed.behind) if option else Completed(value)
    if before.waiting is not None:
        return matching(last, values(before.waiting, typed, last), typed.behind)
    if last.startswith("-") or (typed.cell and not last):  # a cell's texts are below its line
        return matching(last, _options(typed.magic, before))
    if typed.magic.name == "runs":
        return matching(last, commands_and_runs(before.expression))
    if typed.magic.name == "models":
        return matching(last, commands_and_models(before.expression, typed))
    return Completed(last) if typed.cell else in_expression(typed)


def _options(magic: Magic, before: Given) -> Iterator[Suggestion]:
    for option in magic.options:
        if option.name not in before.values or option.repeats:
            yield Suggestion(f"--{option.name}", "option")
    if magic.name == "finetune" and "transformers.training_args" in sys.modules:  # Tab imports nothing that takes long
        from nbtransformers.training.arguments import known_fields

        with suppress(UserError):  # that training lacks a package is said when it is run
            for name in known_fields():
                yield Suggestion(f"--{name.replace('_', '-')}", "option")


# --- IPython ---

_IDENTIFIER = "nbtransformers"


class _Nothing(list[Any]):
    """No completion, for whoever looks; but IPython lets a matcher silence the others only if its list has a length."""

    def __len__(self) -> int:
        return 1


def install(shell: Any) -> None:
    """Complete the lines of the magics in this shell."""
    from IPython.core.completer import SimpleCompletion, context_matcher

    def match(context: Any) -> Any:
        lines = context.full_text.split("\n")
        done = complete(lines, context.cursor_line, context.cursor_position, shell)
        if done is None or not context.text_until_cursor.endswith(done.typed):
            return {"completions": [], "suppress": False}
        completions = [SimpleCompletion(text=found.text, type=found.kind) for found in done.suggestions]
        return {
            "completions": completions or _Nothing(),
            "matched_fragment": done.typed,
            "suppress": True,
            "ordered": True,
        }

    uninstall(shell)
    made: Any = context_matcher(identifier=_IDENTIFIER, priority=100)
    shell.Completer.custom_matchers.append(made(match))


def uninstall(shell: Any) -> None:
    """Take the matcher out again."""
    matchers = shell.Completer.custom_matchers
    matchers[:] = [found for found in matchers if getattr(found, "matcher_identifier", "") != _IDENTIFIER]
