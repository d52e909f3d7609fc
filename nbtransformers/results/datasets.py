"""Datasets of the Hub: a listing of them, and a look into one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from nbtransformers.plain_text import count, printable
from nbtransformers.request.catalog import DatasetsRequest
from nbtransformers.results.listing import Listing, day, languages_in_short
from nbtransformers.results.terminal import line_table, printed

if TYPE_CHECKING:
    import pandas as pd

_CELL_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class DatasetEntry:
    """What is known of a dataset without reading it; None, or an empty tuple, is what nobody says.

    Attributes:
        name: its id; `hub:NAME` is typed where texts are expected.
        place: `cached` (here) or `hub`.
        tasks: the Hub's words for what it is for.
        languages: their codes.
        licence: as its card has it.
        rows_category: how many rows it has, as its card says it, such as `10K<n<100K`.
        last_modified: its last change, in UTC.
        downloads: in the last 30 days.
        likes: of the Hub.
        disk_bytes: what it takes on this disk.
        revision: the commit.
        gated: whether the Hub gives it only to people who accepted its terms.
        description: one sentence.
    """

    name: str
    place: Literal["cached", "hub"]
    tasks: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    licence: str | None = None
    rows_category: str | None = None
    last_modified: datetime | None = None
    downloads: int | None = None
    likes: int | None = None
    disk_bytes: int | None = None
    revision: str | None = None
    gated: bool | None = None
    description: str = ""


@dataclass(frozen=True, slots=True, eq=False, repr=False, weakref_slot=True)
class Datasets(Listing[DatasetEntry]):
    """Datasets of the Hub, those in the local cache first.

    Attributes:
        request: what was asked for.
        entries: a row each.
        next: where the Hub goes on; None when these are all.
        notes: what a reader should know, such as that the Hub could not be reached.
    """

    what: ClassVar[str] = "dataset"
    kind: ClassVar[type] = DatasetEntry
    heads: ClassVar[tuple[str, ...]] = (
        *("dataset", "place", "task", "rows"),
        *("languages", "licence", "downloads", "changed"),
    )

    request: DatasetsRequest
    entries: tuple[DatasetEntry, ...]
    next: str | None = None
    notes: tuple[str, ...] = ()

    @staticmethod
    def _cells(entry: DatasetEntry) -> tuple[str, ...]:
        return (
            entry.name,
            entry.place + (", gated" if entry.gated else ""),
            ", ".join(entry.tasks) or "–",
            entry.rows_category or "–",
            languages_in_short(entry.languages) or "–",
            entry.licence or "–",
            f"{entry.downloads:,}" if entry.downloads is not None else "–",
            day(entry.last_modified) or "–",
        )

    def __str__(self) -> str:
        """One line a dataset, for a plain terminal."""
        heads = ("dataset", "place", "rows", "downloads", "languages", "task")
        rows = [(row[0], row[1], row[3], row[6], row[4], row[2]) for row in self.cells()]
        return self._printed(heads, rows, ("downloads",))


@dataclass(frozen=True, slots=True, eq=False, repr=False, weakref_slot=True)
class DatasetPreview:
    """A look into a dataset of the Hub.

    Attributes:
        name: its id.
        subset: which of its subsets; None where that has no name.
        splits: each split to how many rows it has; None where that is not said.
        split: the split that the rows are of.
        columns: each column to its type, in words.
        rows: the first rows, with the columns of the dataset.
        notes: what a reader should know.

    Example:
        >>> nbt.preview("cornell-movie-review-data/rotten_tomatoes").splits
        {'train': 8530, 'test': 1066}
    """

    name: str
    subset: str | None
    splits: Mapping[str, int | None]
    split: str
    columns: Mapping[str, str]
    rows: pd.DataFrame
    notes: tuple[str, ...] = ()

    def to_pandas(self) -> pd.DataFrame:
        """The first rows."""
        return self.rows

    def facts(self) -> list[tuple[str, str]]:
        """Its parts as name and value, for a person."""
        facts = [("Subset", self.subset or "")]
        splits = [name if rows is None else f"{name} ({count(rows, 'row')})" for name, rows in self.splits.items()]
        facts += [("Splits", ", ".join(splits))]
        facts += [("Columns", ", ".join(f"{name} ({kind})" if kind else name for name, kind in self.columns.items()))]
        return [(name, text) for name, text in facts if text]

    def cells(self) -> list[list[str]]:
        """The first rows, as a person reads them."""
        return [[_cell(value) for value in row] for row in self.rows.to_numpy(object)]

    def _repr_html_(self) -> str:
        """A table for a notebook, with all that is in it escaped."""
        from html import escape

        import pandas as pd

        facts = "".join(f"<p>{escape(name)}: {escape(text)}</p>" for name, text in self.facts())
        frame = pd.DataFrame(self.cells(), columns=list(self.rows.columns))
        return f"<p><strong>{escape(self.name)}</strong></p>{facts}{frame.to_html(escape=True, index=False)}"

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        """For a plain terminal."""
        facts = [f"{name}: {text}" for name, text in self.facts()]
        table = line_table([str(name) for name in self.rows.columns], self.cells(), most=40) if len(self.rows) else ""
        return printed(self.name, *facts, table, *(f"⚠ {note}" for note in self.notes))


def _cell(value: Any) -> str:
    text = "–" if value is None else printable(str(value))
    return text if len(text) <= _CELL_CHARACTERS else f"{text[: _CELL_CHARACTERS - 1]}…"
