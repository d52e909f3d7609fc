"""Results as text for a plain terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nbtransformers.plain_text import printable

WIDTH = 100
_CELLS = 30  # of a column that is not the last
_GAP = 3  # cells between two columns


def printed(*parts: Any) -> str:
    """Lines and tables, one below the other; empty ones are left out. What can steer a terminal is made visible."""
    import io

    from rich.console import Console

    console = Console(file=io.StringIO(), width=WIDTH, color_system=None, force_jupyter=False, legacy_windows=False)
    for part in parts:
        if part:
            console.print(printable(part) if isinstance(part, str) else part, markup=False, highlight=False)
    text: str = console.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue]
    return "\n".join(line.rstrip() for line in text.splitlines())


def line_table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[str] = (),
    *,
    least: int = 0,
    most: int = _CELLS,
) -> Any:
    """A table whose last column gets the room that the others leave, one line a row.

    Args:
        heads: the names of the columns.
        rows: the cells of each row.
        right: the columns whose cells stand at their right end.
        least: the cells that a column but the last is thought to take at least.
        most: the cells that it gets at most.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    cells = [[Text(printable(cell)) for cell in row] for row in rows]
    widths = [
        min(most, max(least, len(head), *(row[number].cell_len for row in cells)))
        for number, head in enumerate(heads[:-1])
    ]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head in heads:
        table.add_column(head, no_wrap=True, justify="right" if head in right else "left", max_width=most)
    table.columns[-1].max_width = None
    left = WIDTH - sum(widths) - _GAP * len(heads)
    for row in cells:
        row[-1].truncate(max(10, left), overflow="ellipsis")
        table.add_row(*row)
    return table
