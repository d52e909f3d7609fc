"""What a listing of models and one of datasets have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeVar

from nbtransformers.errors import UserError, did_you_mean, shown
from nbtransformers.plain_text import count, printable
from nbtransformers.results.terminal import line_table, printed

if TYPE_CHECKING:
    import pandas as pd


class Entry(Protocol):
    """A row of a listing."""

    @property
    def name(self) -> str:
        """What is typed to mean it."""
        ...


E = TypeVar("E", bound=Entry)


class Listing(Sequence[E]):
    """Some things that have names: by name or place, as a table, and with more of the Hub behind them.

    Attributes:
        entries: a row each.
        next: where the Hub goes on; None when these are all.
        notes: what a reader should know, such as that the Hub could not be reached.
        near: where nothing was found, names that may have been meant.
    """

    __slots__ = ()

    what: ClassVar[str]
    kind: ClassVar[type]
    heads: ClassVar[tuple[str, ...]]
    """The names of the columns that a person reads."""

    entries: tuple[E, ...]
    next: str | None
    notes: tuple[str, ...]
    near: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, which: Any) -> Any:
        """One by its name or its place in the list; some of them by a slice."""
        if isinstance(which, slice):
            return self._with(entries=self.entries[which])
        if not isinstance(which, str):
            return self.entries[which]
        found = next((entry for entry in self.entries if entry.name == which), None)
        if found is None:
            names = [entry.name for entry in self.entries]
            raise UserError(f"There is no {self.what} {shown(which)} in this list.", hint=did_you_mean(which, names))
        return found

    def joined(self, entries: Iterable[E], following: str | None, notes: Sequence[str] = ()) -> Self:
        """The same list with more behind it; what is in it already is left out."""
        known = {entry.name for entry in self.entries}
        added = tuple(entry for entry in entries if entry.name not in known)
        return self._with(entries=(*self.entries, *added), next=following, notes=(*self.notes, *notes))

    @property
    def more(self) -> bool:
        """Whether the Hub has more than were asked for."""
        return self.next is not None

    @property
    def summary(self) -> str:
        """How many there are, in a few words."""
        return count(len(self), self.what) + (", and the Hub has more" if self.more else "")

    @property
    def question(self) -> str:
        """Whether one of the names that are near was meant, for a person; empty where there is none."""
        return f"Did you mean {' or '.join(map(printable, self.near))}?" if self.near else ""

    def cells(self, rows: int | None = None) -> list[tuple[str, ...]]:
        """The first rows, as a person reads them, in the order of `heads`."""
        return [self._cells(entry) for entry in self.entries[:rows]]

    @staticmethod
    @abstractmethod
    def _cells(entry: Any) -> tuple[str, ...]:
        """One row of them."""

    def to_pandas(self, rows: Sequence[int] | None = None) -> pd.DataFrame:
        """One row each, with the name as index, and all that is known as columns; what is unknown is missing."""
        return _table(self.entries if rows is None else [self.entries[row] for row in rows], self.kind)

    def _with(self, **changes: Any) -> Self:
        return replace(self, **changes)  # pyright: ignore[reportArgumentType, reportReturnType, reportUnknownVariableType, reportCallIssue]

    def _repr_html_(self) -> str:
        """A table for a notebook that shows no panel, with all that is in it escaped."""
        from html import escape

        import pandas as pd

        notes = "".join(f"<p>⚠ {escape(note)}</p>" for note in self.notes)
        table = pd.DataFrame(self.cells(), columns=list(self.heads), dtype=object)
        return f"<p>{escape(self.summary)}</p>{table.to_html(escape=True, index=False)}{notes}"

    def _printed(self, heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[str]) -> str:
        """A table of some columns for a plain terminal, with what is said around it; `numbers` are to the right."""
        table = line_table(heads, rows, numbers, most=32) if self.entries else ""
        return printed(self.summary, table, *(f"⚠ {note}" for note in self.notes), self.question)

    def __repr__(self) -> str:
        return str(self)


def day(moment: datetime | None) -> str:
    """The day of a moment, in UTC; empty when it is unknown."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d") if moment is not None else ""


def languages_in_short(languages: Sequence[str]) -> str:
    """The first few languages, and how many more there are."""
    more = f" +{len(languages) - 3}" if len(languages) > 3 else ""
    return ", ".join(languages[:3]) + more


_WHOLE_NUMBERS = (
    *("parameters", "vocabulary", "context_length", "downloads", "likes", "download_bytes", "kept_bytes", "disk_bytes"),
)


def _table(entries: Sequence[Any], kind: type) -> pd.DataFrame:
    import pandas as pd

    rows = [asdict(entry) for entry in entries]
    columns = [field.name for field in fields(kind) if field.name != "name"]
    table = pd.DataFrame({column: pd.Series([row[column] for row in rows], dtype=object) for column in columns})
    for column in table.columns.intersection(_WHOLE_NUMBERS):
        table[column] = table[column].astype("Int64")
    table["last_modified"] = pd.to_datetime(table["last_modified"], utc=True)
    return table.set_axis(pd.Index([row["name"] for row in rows], name="name", dtype=object), axis=0)
