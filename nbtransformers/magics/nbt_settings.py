"""`%nbt set` and `%nbt unset`: the defaults of the options."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nbtransformers import settings
from nbtransformers.errors import UserError
from nbtransformers.magics.optionvalues import model_names
from nbtransformers.magics.parse import filled_in
from nbtransformers.magics.suggestions import Suggestion
from nbtransformers.plain_text import printable


def set_(words: list[str], shell: Any) -> str:
    """All settings, one, or one that is set for this session."""
    name, value = _name_and_value(words)
    if name is None:
        return _listed(settings.defaults(), _misspelt())
    if value is None:
        return _listed([settings.default(name)], [])
    if value == "--reset":
        return unset([name], shell)
    unchecked = _set(name, filled_in(value, shell.user_ns))
    return _listed([settings.default(name)], [unchecked] if unchecked else [])


def unset(words: list[str], shell: Any) -> str:
    """Take a default of this session back."""
    if len(words) != 1:
        raise UserError("`%nbt unset` takes the name of one setting.", hint="Type `%nbt unset model`.")
    settings.set_default(words[0], None)
    return _listed([settings.default(words[0])], [])


def _name_and_value(words: list[str]) -> tuple[str | None, str | None]:
    """`NAME VALUE`, also as `NAME=VALUE` or `NAME = VALUE`."""
    if words and "=" in words[0].rstrip("="):
        name, _, value = words[0].partition("=")
        words = [name, value, *words[1:]]
    elif words and words[0].endswith("="):
        words = [words[0][:-1], *words[1:]]
    elif len(words) > 1 and words[1] == "=":
        words = [words[0], *words[2:]]
    if len(words) > 2:
        raise UserError(
            f"`%nbt set {words[0]}` takes one value, and there are {len(words) - 1}.",
            hint=f'Type `%nbt set {words[0]} "{" ".join(words[1:])}"`.',
        )
    return (*words, None, None)[0], (*words, None, None)[1]


def _set(name: str, value: Any) -> str:
    source = settings.session_source(name)
    try:
        return settings.set_default(name, value)
    except UserError as error:
        raise source.told(error, where=False) from error


def _misspelt() -> list[str]:
    try:
        return settings.misspelt()
    except UserError as error:  # a pyproject.toml that cannot be read; the other layers hold all the same
        return [str(error)]


def _listed(defaults: list[settings.Default], remarks: list[str]) -> str:
    texts = [printable("(wrong)" if default.error else default.text) for default in defaults]
    width, wide = max(len(default.name) for default in defaults), max(map(len, texts))
    lines = [
        f"{default.name:<{width}}  {text:<{wide}}  {printable(default.place)}"
        for default, text in zip(defaults, texts, strict=True)
    ]
    errors = [str(default.error) for default in defaults if default.error]
    return "\n".join([*lines, *(printable(remark) for remark in (*errors, *remarks))])


# --- Tab ---


def complete_set(words: list[str], begun: str, shell: Any) -> Iterator[Suggestion]:
    """A setting's name, then its values."""
    if not words:
        for name in settings.names():
            if "." not in name or "." in begun:
                yield Suggestion(name, "setting")
        yield from (Suggestion(f"{task}.", "setting") for task in settings.tasks())
        return
    known = settings.names()
    if len(words) > 1 or words[0] not in known:
        return
    option = settings.option_of(words[0])
    if option.name == "model":
        yield from model_names(shell.user_ns, begun)
    for choice in option.choices:
        yield Suggestion(choice, "value")
    yield Suggestion("--reset", "option")


def complete_unset(words: list[str], begun: str, shell: Any) -> Iterator[Suggestion]:
    """What is set for this session."""
    if not words:
        for name in settings.of_session():
            yield Suggestion(name, "setting")
