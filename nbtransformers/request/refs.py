"""What a request refers to: data, and models.

A reference of kind `variable` names an entry of the `objects` that travel beside the request while it runs, so that a
request can be written to a file and read back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

DataKind = Literal["lines", "whole", "variable", "file", "hub"]
ModelKind = Literal["bundled", "folder", "hub", "variable"]

Objects = Mapping[str, Any]
"""The live objects that a request's `variable` references name."""

_LINE_END = re.compile(r"\r\n|[\r\n]")


@dataclass(frozen=True, slots=True)
class DataRef:
    """Where the texts are.

    Attributes:
        kind: `lines` (the text itself, one row a line), `whole` (the text itself, one row), `variable`
            (the name of an entry of `objects`), `file` (a path) or `hub` (the id of a Hub dataset).
        value: the text, the name, the path or the id.
        column: the column of a table that holds the texts.
        encoding: how a text file is encoded, as Python names it; None guesses, and says the guess.
        split: the split of a dataset.
        subset: the configuration of a Hub dataset.
        revision: the branch, tag or commit of a Hub dataset.
    """

    kind: DataKind
    value: str
    column: str | None = None
    encoding: str | None = None
    split: str | None = None
    subset: str | None = None
    revision: str | None = None

    @property
    def texts(self) -> list[str]:
        """The texts that a reference holds itself, one a row; for kinds other than `lines` and `whole` there are none.

        Blank lines around the texts are layout; one between two texts is a row, so that rows match lines.
        """
        if self.kind == "whole":
            return [self.value.strip("\n")] if self.value.strip() else []
        if self.kind != "lines":
            return []
        # Not splitlines(), which also cuts at a form feed or U+2028, where an editor shows no new line.
        lines = _LINE_END.split(self.value)
        while lines and not lines[-1].strip():
            lines.pop()
        while lines and not lines[0].strip():
            lines.pop(0)
        return lines


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Which model: a bundled name, a local folder, a Hub id, or an entry of `objects`.

    Attributes:
        kind: where to look.
        name: the name, the path, the id, or the entry.
        revision: a Hub model's branch, tag or commit.
        allow_pickle: load pickled weights where there are no safetensors.
        trust_remote_code: run the code that comes with the model.
        allow_large: load it even if it does not seem to fit into memory.
        default_from: where it was set as a default, for a person; empty when it was given for this task.
    """

    kind: ModelKind
    name: str
    revision: str | None = None
    allow_pickle: bool = False
    trust_remote_code: bool = False
    allow_large: bool = False
    default_from: str = field(default="", compare=False)  # it is the same model, wherever it was named

    def __str__(self) -> str:
        return f"{self.name}@{self.revision}" if self.revision else self.name
