"""What any panel can have done: rows, a table or a figure written into a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from nbtransformers.errors import UserError
from nbtransformers.panels.channel import Answer, Method
from nbtransformers.panels.packing import sendable
from nbtransformers.panels.rows import Positions
from nbtransformers.plain_text import file_size
from nbtransformers.results.arrow import Format
from nbtransformers.results.export import Writable, Written, write, write_file

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from nbtransformers.panels.widget import Panel

Fill = Callable[[BinaryIO], tuple[int, tuple[str, ...]]]
"""Writes into an open file; tells how many rows, and what could not be written as it is."""

_CSV_NUMBERS = 2**23  # that are written as text: 90 MB, in some seconds

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
        return told(written, rows=written.rows)

    return answer


def told(written: Written, **facts: Any) -> Answer:
    """What a panel is told of a file that was written for it."""
    return {
        "name": sendable(written.path.name),
        "folder": sendable(str(written.path.parent)),
        "size": file_size(written.nbytes),
        "notes": list(map(sendable, written.notes)),
        **facts,
    }, []


def one_of(what: str, fills: Mapping[str, Fill], name: str) -> Answer:
    """Write one of several files into the kernel's folder, the notebook's as a rule; never over one that is there.

    Args:
        what: which one: it ends the file's name.
        fills: what writes each.
        name: of the file, which is made one that any file system takes.

    Raises:
        UserError: when there is no such file.
    """
    if what not in fills:
        raise UserError(f"There is no file of kind {what} to write.", hint="Run the cell again.")
    return told(write_file(f"{file_name(name)}.{what}", fills[what], taken="number"))


def table_file(rows: int, columns: int, table: Callable[[], pd.DataFrame], keep: str) -> Fill:
    """What writes a table as CSV.

    Args:
        rows: how many it has.
        columns: how many of numbers.
        table: makes it.
        keep: what to type, for the array, where the kernel would be busy with the text for long.
    """

    def fill(file: BinaryIO) -> tuple[int, tuple[str, ...]]:
        if rows * columns > _CSV_NUMBERS:
            raise UserError(
                f"As CSV these are {rows:,} × {columns:,} numbers, which take long to write.",
                hint=f'Keep the array: `numpy.save("numbers.npy", {keep})`.',
            )
        table().to_csv(file, encoding="utf-8")
        return rows, ()

    return fill


def figure_file(kind: str, draw: Callable[[Axes], object]) -> Fill:
    """What writes a figure, fit for a paper.

    Args:
        kind: `png` or `svg`.
        draw: draws it.
    """

    def fill(file: BinaryIO) -> tuple[int, tuple[str, ...]]:
        from matplotlib.figure import Figure

        # Of no window's: a figure of pyplot's would be shown under the cell that runs.
        figure = Figure(figsize=(7, 6), layout="constrained")
        draw(figure.add_subplot())
        figure.savefig(file, format=kind, dpi=200, bbox_inches="tight")
        return 1, ()

    return fill


def file_name(name: str) -> str:
    """A name as far as any file system takes it; nothing where it takes none of it."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.")[:60]
