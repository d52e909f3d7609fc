"""Results that went to a file: where they are, and how they begin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.plain_text import count, file_size, seconds
from nbtransformers.results.recipes import ProgramRecipe
from nbtransformers.results.run import RunReport
from nbtransformers.results.terminal import line_table, printed

if TYPE_CHECKING:
    import pandas as pd

_CELL_CHARACTERS = 200
_SHOWN = 10  # rows, of the first


@dataclass(frozen=True, slots=True, eq=False, repr=False, weakref_slot=True)
class Stored:
    """Results that went straight to a Parquet file; it can be opened like a path.

    Attributes:
        request: what was asked for.
        path: the file, in full.
        rows: how many rows of the input it holds the results of.
        total: how many rows the input has; None when that is not known.
        nbytes: its size; while it is not done that of the parts beside it.
        head: the first rows of the table.
        run: how the run went.
        notes: what a careful reader should know, one sentence each.
        done: whether the file is whole; else its parts wait for `resume`.
        recipe: how a plain program makes the same table; None when the result was not made by a run.

    Example:
        >>> stored = nbt.classify(Path("reviews.parquet"), column="text", to="labels.parquet")
        >>> stored.rows
        200000
        >>> pd.read_parquet(stored).label.value_counts()
    """

    request: Any
    path: Path
    rows: int
    total: int | None
    nbytes: int
    head: pd.DataFrame
    run: RunReport
    notes: tuple[str, ...]
    done: bool
    recipe: ProgramRecipe | None = None

    def __fspath__(self) -> str:
        return str(self.path)

    def __len__(self) -> int:
        return self.rows

    def to_pandas(self, rows: Sequence[int] | NDArray[np.int64] | None = None) -> pd.DataFrame:
        """The whole table, read from the file; or its rows with these numbers, in that order."""
        import pandas as pd

        table = pd.read_parquet(self.path)
        return table if rows is None else table.iloc[list(rows)]

    @property
    def summary(self) -> str:
        """How much there is of it, in a few words."""
        done = count(self.rows, "text")
        texts = done if self.done or self.total is None else f"{self.rows:,} of {count(self.total, 'text')}"
        return f"{texts} · {file_size(self.nbytes)} · {seconds(self.run.seconds)}"

    def facts(self) -> list[tuple[str, str]]:
        """The file and the run as name and value, for a person."""
        return [("File" if self.done else "File to be", str(self.path)), *self.run.facts()]

    def cells(self, rows: int = _SHOWN) -> tuple[list[str], list[list[str]]]:
        """The names of the columns and the first rows, as a person reads them; the index first, where it is named."""
        frame = self.head.head(rows)
        if frame.index.nlevels > 1 or frame.index.dtype != int:
            frame = frame.reset_index()
        return [str(name) for name in frame.columns], [
            [_cell(value) for value in row] for row in frame.to_numpy(object)
        ]

    @property
    def more(self) -> str:
        """That there are more rows than those that `cells` gives, and how to have them; empty when there are none."""
        if max(self.rows, len(self.head)) <= _SHOWN:  # a text may have several rows
            return ""
        whole = f"; `pd.read_parquet({self.request.run.to!r})` has all" if self.done else ""
        return f"The first rows{whole}."

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        """The file, its first rows and the notes, for a plain terminal."""
        names, rows = self.cells()
        table = line_table(names, rows) if rows else ""
        return printed(f"{self.path.name}: {self.summary}", table, self.more, *(f"Note: {note}" for note in self.notes))


def _cell(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return "–" if np.isnan(value) else f"{value:.4g}"
    if isinstance(value, np.ndarray):
        beginning = ", ".join(f"{number:.3g}" for number in value[:4].tolist())
        return f"[{beginning}{', …' if len(value) > 4 else ''}]"
    text = "–" if value is None else str(value)
    return text if len(text) <= _CELL_CHARACTERS else text[:_CELL_CHARACTERS] + "…"
