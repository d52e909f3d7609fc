"""Lines of Python to a program: imports sorted, blank lines where the formatter wants them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import wrap

from nbtransformers.codegen.literals import INDENT, LINE, width


@dataclass(frozen=True, slots=True)
class Part:
    """Some lines of a program that belong together.

    Attributes:
        lines: the lines.
        imports: what they need, as import statements.
        is_function: whether they define a function.
        own: what they need of modules of the user's, as import statements.
    """

    lines: list[str]
    imports: tuple[str, ...] = ()
    is_function: bool = False
    own: tuple[str, ...] = ()


def definition(head: str, said: str, body: Iterable[str], imports: Iterable[str] = ()) -> Part:
    """A function of a program, or a class, with its docstring.

    Args:
        head: its name and what it is given.
        said: its docstring.
        body: its lines, without the indent.
        imports: what they need.
    """
    kind = "class" if head[0].isupper() else "def"
    lines = [f"{kind} {head}:", f'{INDENT}"""{said}"""', *(INDENT + line if line else "" for line in body)]
    return Part(lines, tuple(imports), is_function=True)


def program(title: str, parts: Iterable[Part], said: Sequence[str] = ()) -> str:
    """A whole program: its docstring, its imports, its parts.

    Args:
        title: the first line of the docstring.
        parts: its parts, in order.
        said: lines that the docstring has besides.
    """
    given = [part for part in parts if part.lines]
    imports = _imports({statement for part in given for statement in part.imports})
    imports += ["\n".join(sorted({statement for part in given for statement in part.own}))]
    opening = "\n".join(['"""' + title, "", *said, '"""']) if said else f'"""{title}"""'
    text = "\n\n".join(filter(None, [opening, *imports]))
    after_function = False
    for part in given:
        gap = "\n\n\n" if part.is_function or after_function else "\n\n"
        text += gap + "\n".join(part.lines)
        after_function = part.is_function
    return text + "\n"


def _imports(statements: Iterable[str]) -> list[str]:
    """The import statements in two groups, of the standard library and of others, in isort's order."""
    names: dict[str, list[str]] = {}
    for statement in statements:
        head, _, name = statement.rpartition(" import ")
        names.setdefault(head, []).append(name or statement)
    lines = sorted(names.pop("", []))  # the plain ones come first
    lines += ["\n".join(_import_from(head, sorted(names[head]))) for head in sorted(names)]
    groups = [[line for line in lines if _is_standard(line) is standard] for standard in (True, False)]
    return ["\n".join(group) for group in groups if group]


def _import_from(head: str, names: list[str]) -> list[str]:
    line = f"{head} import {', '.join(names)}"
    if width(line) <= LINE:
        return [line]
    return [f"{head} import (", *(f"{INDENT}{name}," for name in names), ")"]


def _is_standard(statement: str) -> bool:
    return statement.split()[1].partition(".")[0] in sys.stdlib_module_names


def call(head: str, arguments: Sequence[str], tail: str = ")", *, within: int = 0) -> list[str]:
    """A call on one line, else its arguments on a line of their own, else each of them; of a list or dict each at once.

    Args:
        head: what stands before the arguments.
        arguments: these.
        tail: what stands behind them.
        within: how many columns stand to the left of all.

    Example:
        >>> call("model = load(", ["name", "dtype=torch.float32"])
        ['model = load(name, dtype=torch.float32)']
    """
    line = head + ", ".join(arguments) + tail
    if within + width(line) <= LINE:
        return [line]
    inner = INDENT + ", ".join(arguments)
    if tail not in ("]", "}") and within + width(inner) <= LINE:
        return [head, inner, tail]
    return [head, *(f"{INDENT}{argument}," for argument in arguments), tail]


def numbered(name: str, numbers: Iterable[int]) -> list[str]:
    """The lines of `name = [1, 2, …]`: one, or as many as they fill, since the formatter would give each its own."""
    written = ", ".join(map(str, numbers))
    line = f"{name} = [{written}]"
    if width(line) <= LINE:
        return [line]
    filled = wrap(f"{written},", LINE - len(INDENT))
    return ["# fmt: off", f"{name} = [", *(INDENT + part for part in filled), "]", "# fmt: on"]
