"""What can go on in the expression of a line: a variable, a file, or what is in a table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nbtransformers.magics import looking
from nbtransformers.magics.optionvalues import datasets, is_data, looks_like_path, paths, variables
from nbtransformers.magics.suggestions import MOST, Completed, Suggestion, matching
from nbtransformers.magics.typed import Typed

_CHAIN = re.compile(r"[^\W\d]\w*(?:\.\w+|\[[^\[\]]*\])*$")
_NAME_END = re.compile(r"\w*$")
_INPUT = re.compile(r"In\[(\d*)$")
_INSIDE_QUOTES = re.compile(r"""(?P<table>.+)\[(?P<typed>(?P<quote>["'])[^"']*)$""")


def in_expression(typed: Typed) -> Completed:
    """A variable, a file, or what is in a table: `df["re`, `df.re`."""
    word = typed.last
    inside = _INSIDE_QUOTES.match(word) if typed.quote else None
    if inside:
        names = looking.keys(_chained(inside["table"], typed.namespace))
        as_python = [Suggestion(name.replace("\\", "\\\\"), "column") for name in names]
        return matching(inside["typed"], as_python, typed.behind)
    if typed.quote:
        alone = word.startswith(typed.quote)  # no text in brackets, but the name of a file
        return matching(word, paths(word[1:], is_data), typed.behind) if alone else Completed("")
    if word.startswith("hub:"):
        return matching(word, datasets())
    input_cell = _INPUT.match(word)
    if input_cell:
        return _inputs(input_cell, typed)
    begun = _NAME_END.search(word)[0]  # pyright: ignore[reportOptionalSubscript]
    if word.removesuffix(begun).endswith(".") or looks_like_path(word):
        return _attribute_or_file(word, begun, typed)
    files = paths(word, is_data) if begun == word else ()  # a file is the whole of an expression
    return matching(begun, [*variables(typed, begun), *files])


def _inputs(begun: re.Match[str], typed: Typed) -> Completed:
    """The cells that were run, by their number, the latest first."""
    inputs: object = typed.namespace.get("In")
    numbers = range(len(inputs) - 1, 0, -1) if type(inputs) is list else ()  # pyright: ignore[reportUnknownArgumentType]
    end = "" if typed.behind.startswith("]") else "]"
    offered = [Suggestion(f"In[{number}{end}", "cell") for number in numbers if str(number).startswith(begun[1])]
    return Completed(typed.last, tuple(offered[:MOST]))


def _attribute_or_file(word: str, begun: str, typed: Typed) -> Completed:
    """What goes on from `df.re`, or from `data/re`."""
    value = _chained(word.removesuffix(begun)[:-1], typed.namespace)
    done = matching(
        begun, [Suggestion(name, "attribute") for name in looking.attributes(value)] if value is not None else ()
    )
    return done if done.suggestions else matching(word, paths(word, is_data), typed.behind)


def _chained(word: str, namespace: Mapping[str, Any]) -> object:
    """The value of the chain of names that a word ends with: of `df` in `len(df`."""
    chain = _CHAIN.search(word)
    return looking.found(chain[0], namespace) if chain else None
