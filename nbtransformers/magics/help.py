"""What `%classify?` shows, written from the options so that it cannot fall behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nbtransformers.magics.options import SET_FOR, SETTABLE, Option


def magic_help(
    summary: str, usage: Sequence[str], groups: Mapping[str, Sequence[Option]], examples: Sequence[tuple[str, str]]
) -> str:
    """The help of a magic.

    Args:
        summary: what it does, a sentence or two.
        usage: the forms it can be typed in.
        groups: a heading to its options.
        examples: what it is for, and what to type.
    """
    parts = [summary, "", "Usage:", *(f"    {form}" for form in usage), "", "Examples:"]
    for purpose, typed in examples:
        parts += [f"    # {purpose}", *(f"    {line}" for line in typed.splitlines()), ""]
    for heading, options in groups.items():
        parts += [f"{heading}:", *(f"    {_left(option):<32}{option.help}{_choices(option)}" for option in options), ""]
    task = usage[0].lstrip("%").partition(" ")[0]
    names = [option.name for group in groups.values() for option in group]
    own = [name for name in names if SET_FOR.get(name, task) == task]
    return "\n".join([*parts, *_defaults(own)]) + "\n"


def _defaults(names: Sequence[str]) -> list[str]:
    """Which options have defaults that can be set, and where."""
    settable = [name for name in SETTABLE if name in names]
    if not settable:
        return []
    first = settable[0]
    ways = {
        f"%nbt set {first} VALUE": "for this session; `%nbt set` shows all, and where each comes from",
        f'{first} = "VALUE"': "in `[tool.nbtransformers]` of a pyproject.toml",
        f"NBTRANSFORMERS_{first.upper()}=VALUE": "in the environment",
    }
    return [f"Defaults of {', '.join(settable)}:", *(f"    {typed:<32}{where}" for typed, where in ways.items())]


def _left(option: Option) -> str:
    short = f"-{option.short}, " if option.short else ""
    return f"{short}--{option.name}{f' {option.metavar}' if option.metavar else ''}"


def _choices(option: Option) -> str:
    return f": {', '.join(option.choices)}" if option.choices else ""
