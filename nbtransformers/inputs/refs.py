"""What the user calls their texts, to a reference: a file, a Hub dataset, or a value."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from nbtransformers.errors import UserError, shown
from nbtransformers.request import DataRef, Objects

UNNAMED = frozenset({"data", "other", "prompts", "questions", "contexts", "text"})
"""What the functions call a value that they are given: what the user calls it they do not know, nor whether they do."""

_HUB = "hub:"
_HUB_NAME = re.compile(r"(?P<id>[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?)(@(?P<revision>[\w./-]+))?", re.ASCII)


def data_ref(
    data: Any,
    column: str | int | None = None,
    encoding: str | None = None,
    split: str | None = None,
    subset: str | None = None,
    *,
    name: str = "data",
) -> tuple[DataRef, Objects]:
    """The reference for a value, and the objects that it names.

    A `Path` is a file, and a text `hub:NAME` or `hub:NAME@REVISION` is a dataset of the Hub. Any other text is a text,
    also when it looks like the name of a file.

    Args:
        data: the value.
        column: the column of a table that holds the texts.
        encoding: how a text file is encoded.
        split: the split of a dataset.
        subset: the configuration of a Hub dataset.
        name: what the value is called.

    Raises:
        UserError: when an option is no text, or the name of a Hub dataset is none.

    Example:
        >>> data_ref("hub:owner/name@v1", split="test")[0].revision
        'v1'
    """
    options = {
        "column": None if column is None else str(column),
        "encoding": _text("encoding", encoding, "gb18030"),
        "split": _text("split", split, "test"),
        "subset": _text("subset", subset, "NAME"),
    }
    if isinstance(data, Path):
        return DataRef("file", str(data), **options), {}
    if isinstance(data, str) and is_hub_name(data):
        return hub_ref(data, **options), {}
    return DataRef("variable", name, **options), {name: data}


def is_hub_name(text: str) -> bool:
    """Whether a text is meant as a dataset of the Hub: `hub:` and no white space."""
    return text.startswith(_HUB) and not re.search(r"\s", text)


def hub_ref(text: str, **options: str | None) -> DataRef:
    """`hub:NAME` or `hub:NAME@REVISION` to a reference.

    Raises:
        UserError: when no dataset can be called so.
    """
    found = _HUB_NAME.fullmatch(text.removeprefix(_HUB))
    if found is None:
        raise UserError(f"{shown(text)} is no dataset of the Hub.", hint="Type `hub:owner/name`.")
    return DataRef("hub", found["id"], revision=found["revision"], **options)


def _text(option: str, value: object, example: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise UserError(f"`--{option}` is {shown(value)}, not a name.", hint=f"Type `--{option} {example}`.")
