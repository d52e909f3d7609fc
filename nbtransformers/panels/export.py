"""What any panel can have done: rows written into a file."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from nbtransformers.panels.channel import Answer, Method
from nbtransformers.panels.packing import sendable
from nbtransformers.panels.rows import Positions
from nbtransformers.plain_text import file_size
from nbtransformers.results.arrow import Format
from nbtransformers.results.export import Writable, write

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel

_FORMATS: dict[str, Format] = {"csv": "csv", "parquet": "parquet"}


def export(result: Writable, panel: Panel, name: str, found: Callable[[dict[str, Any]], Positions]) -> Method:
    """The action that writes rows into a file in the kernel's folder, the notebook's as a rule.

    A file for the browser to keep would have to pass through the notebook's connection, and through an address of
    the page's own that a strict policy may refuse; the kernel's folder is there in every host, at any size.

    Args:
        result: whose rows.
        panel: where rows are selected.
        name: of the file, without what tells its format.
        found: what the panel asks for to the rows that it finds.
    """

    def answer(params: dict[str, Any]) -> Answer:
        which = {
            "all": lambda: None,
            "found": lambda: found(params),
            "selected": lambda: np.array(panel.selection, dtype=np.int64),
        }
        kind: Format = _FORMATS[params["format"]]
        written = write(result, f"{name}.{kind}", kind, rows=which[params["which"]](), taken="number")
        return {
            "name": sendable(written.path.name),
            "folder": sendable(str(written.path.parent)),
            "rows": written.rows,
            "size": file_size(written.nbytes),
            "notes": list(map(sendable, written.notes)),
        }, []

    return answer


def file_name(name: str) -> str:
    """A name as far as any file system takes it; nothing where it takes none of it."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.")[:60]
