"""Datasets of the Hub: a listing of them, and a look into one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from nbtransformers.plain_text import count, file_size, printable
from nbtransformers.request.catalog import DatasetsRequest
from nbtransformers.request.previews import PreviewRequest
from nbtransformers.results.listing import Listing, day, languages_in_short
from nbtransformers.results.previewrecipe import PreviewRecipe
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
        subsets: its configurations, as its card names them.
        last_modified: its last change, in UTC.
        downloads: in the last 30 days.
        likes: of the Hub.
        download_bytes: what all of it is to be fetched, as its card says it.
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
    subsets: tuple[str, ...] = ()
    last_modified: datetime | None = None
    downloads: int | None = None
    likes: int | None = None
    download_bytes: int | None = None
    disk_bytes: int | None = None
    revision: str | None = None
    gated: bool | None = None
    description: str = ""

    @property
    def nbytes(self) -> int | None:
        """What it takes on this disk, else what is to be fetched; None where nobody says."""
        return self.disk_bytes or self.download_bytes or None

    def facts(self) -> list[tuple[str, str]]:
        """What is known, as name and value, for a person."""
        return [(name, text) for name, text in self._facts() if text]

    def _facts(self) -> Iterator[tuple[str, str]]:
        yield "Place", "in the local cache" if self.place == "cached" else "on the Hub"
        yield "Task", ", ".join(self.tasks)
        yield "Rows", rows_in_words(self.rows_category) if self.rows_category else ""
        yield "Languages", ", ".join(self.languages)
        yield "Licence", self.licence or ""
        yield "Subsets", count(len(self.subsets), "subset") if len(self.subsets) > 1 else ""
        yield "Changed", day(self.last_modified)
        yield "Downloads", f"{self.downloads:,} in 30 days" if self.downloads is not None else ""
        # How much of one that is in the cache is still to come nobody says.
        whole = "To fetch" if self.place == "hub" else "In all"
        yield whole, file_size(self.download_bytes) if self.download_bytes else ""
        yield "On disk", file_size(self.disk_bytes) if self.disk_bytes else ""
        yield "Revision", (self.revision or "")[:7]
        yield "Gated", "the Hub gives it to people who accepted its terms" if self.gated else ""


def rows_in_words(category: str) -> str:
    """How many rows a dataset has, which the Hub calls `1K<n<10K`, as a person reads it.

    Example:
        >>> rows_in_words("1K<n<10K"), rows_in_words("n<1K"), rows_in_words("n>1T")
        ('1K – 10K', '< 1K', '> 1T')
    """
    least, _, most = category.partition("<n<")
    return f"{least} – {most}" if most else category.removeprefix("n").replace("<", "< ").replace(">", "> ")


@dataclass(frozen=True, slots=True, eq=False, repr=False, weakref_slot=True)
class Datasets(Listing[DatasetEntry]):
    """Datasets of the Hub, those in the local cache first.

    Attributes:
        request: what was asked for.
        entries: a row each.
        next: where the Hub goes on; None when these are all.
        notes: what a reader should know, such as that the Hub could not be reached.
        near: where nothing was found, names that may have been meant.
    """

    what: ClassVar[str] = "dataset"
    kind: ClassVar[type] = DatasetEntry
    heads: ClassVar[tuple[str, ...]] = (
        *("dataset", "place", "task", "rows"),
        *("languages", "licence", "size", "downloads", "changed"),
    )

    request: DatasetsRequest
    entries: tuple[DatasetEntry, ...]
    next: str | None = None
    notes: tuple[str, ...] = ()
    near: tuple[str, ...] = ()

    @staticmethod
    def _cells(entry: DatasetEntry) -> tuple[str, ...]:
        return (
            entry.name,
            entry.place + (", gated" if entry.gated else ""),
            ", ".join(entry.tasks) or "–",
            rows_in_words(entry.rows_category) if entry.rows_category else "–",
            languages_in_short(entry.languages) or "–",
            entry.licence or "–",
            file_size(entry.nbytes) if entry.nbytes else "–",
            f"{entry.downloads:,}" if entry.downloads is not None else "–",
            day(entry.last_modified) or "–",
        )

    def __str__(self) -> str:
        """One line a dataset, for a plain terminal."""
        heads = ("dataset", "place", "rows", "downloads", "languages", "task")
        rows = [(row[0], row[1], row[3], row[7], row[4], row[2]) for row in self.cells()]
        return self._printed(heads, rows, ("downloads",))


@dataclass(frozen=True, slots=True, eq=False, repr=False, weakref_slot=True)
class DatasetPreview:
    """A look into a dataset of the Hub.

    Attributes:
        name: its id, with `@REVISION` where another than the newest was meant.
        subset: which of its subsets; None where that has no name.
        splits: each split to how many rows it has; None where that is not said.
        split: the split that the rows are of.
        columns: each column to its type, in words.
        rows: the first rows, with the columns of the dataset.
        subsets: all of its subsets.
        classes: each column of classes to their names, in the order of their numbers.
        texts: the columns that hold texts.
        notes: what a reader should know.
        request: what was asked for; None where it was not asked for by anybody.
        recipe: what a program that does the same is written from.

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
    subsets: tuple[str, ...] = ()
    classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, "tuple[str, ...]"])
    texts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    request: PreviewRequest | None = None
    recipe: PreviewRecipe | None = None

    def to_pandas(self, rows: Sequence[int] | None = None) -> pd.DataFrame:
        """The first rows, or those of them that are asked for by their numbers."""
        return self.rows if rows is None else self.rows.iloc[list(rows)]

    def facts(self) -> list[tuple[str, str]]:
        """Its parts as name and value, for a person."""
        others = [one for one in self.subsets if one != self.subset]
        facts = [("Subset", (self.subset or "") + (f" (there is also {', '.join(others)})" if others else ""))]
        splits = [name if rows is None else f"{name} ({count(rows, 'row')})" for name, rows in self.splits.items()]
        facts += [("Splits", ", ".join(splits))]
        facts += [("Columns", ", ".join(f"{name} ({kind})" if kind else name for name, kind in self.columns.items()))]
        return [(name, text) for name, text in facts if text]

    def cell(self, row: int, column: int, indent: int | None = None) -> str:
        """A cell, whole, as a person reads it: a class by its name, what is nested as JSON, perhaps indented."""
        return self._in_words(self.rows.iat[row, column], str(self.rows.columns[column]), indent)

    def cells(self) -> list[list[str]]:
        """The first rows, as a person reads them, each cell in a line and cut where it is long."""
        names = [str(name) for name in self.rows.columns]
        return [
            [_cut(self._in_words(value, name)) for name, value in zip(names, row, strict=True)]
            for row in self.rows.to_numpy(object)
        ]

    def _in_words(self, value: Any, column: str, indent: int | None = None) -> str:
        names = self.classes.get(column, ())
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(names):
            return f"{value} ({names[value]})"
        return in_words(value, indent)

    def _repr_html_(self) -> str:
        """A table for a notebook, with all that is in it escaped."""
        from html import escape

        import pandas as pd

        facts = "".join(f"<p>{escape(name)}: {escape(text)}</p>" for name, text in self.facts())
        frame = pd.DataFrame(self.cells(), columns=self.rows.columns, dtype=object)
        return f"<p><strong>{escape(self.name)}</strong></p>{facts}{frame.to_html(escape=True, index=False)}"

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        """For a plain terminal."""
        facts = [f"{name}: {text}" for name, text in self.facts()]
        table = line_table([str(name) for name in self.rows.columns], self.cells(), most=40) if len(self.rows) else ""
        return printed(self.name, *facts, table, *(f"⚠ {note}" for note in self.notes))


def in_words(value: Any, indent: int | None = None) -> str:
    """A value of a dataset, as a person reads it: a text as it is, what is nested as JSON, bytes by their number.

    Example:
        >>> in_words({"text": ["Paris"], "start": [3]}), in_words(b"123"), in_words(None)
        ('{"text": ["Paris"], "start": [3]}', '3 bytes', '–')
    """
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return file_size(len(value))
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, indent=indent, default=in_words, skipkeys=True)
    return str(value)


def _cut(text: str) -> str:
    if len(text) <= _CELL_CHARACTERS:
        return printable(text)
    return f"{printable(text[: _CELL_CHARACTERS - 1])}…"
