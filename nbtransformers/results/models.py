"""A listing of models that can be used: bundled, cached, in folders, of runs, on the Hub."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from nbtransformers.errors import UserError, did_you_mean, shown
from nbtransformers.plain_text import count, file_size, magnitude, printable
from nbtransformers.request.catalog import ModelsRequest
from nbtransformers.results.terminal import line_table, printed

if TYPE_CHECKING:
    import pandas as pd

Place = Literal["bundled", "cached", "folder", "run", "hub"]
PLACES: tuple[Place, ...] = get_args(Place)


@dataclass(frozen=True, slots=True, repr=False)
class ModelEntry:
    """What is known of a model without loading it; None, or an empty tuple, is what nobody says.

    Attributes:
        name: what is typed after `--model`.
        place: `bundled`, `cached` (of the Hub, here), `folder`, `run`, or `hub` (there, not here).
        task: the Hub's word for what it is for.
        architecture: the class that it was saved as.
        model_type: the type of its configuration, such as `bert`.
        library: the library that made it.
        parameters: how many.
        vocabulary: tokens that it knows.
        context_length: tokens that it reads of one text.
        languages: their codes.
        licence: as its card has it.
        training_data: the datasets that its card names.
        base_models: the models that its card says it was made from.
        last_modified: its last change, in UTC.
        downloads: in the last 30 days, of the Hub.
        likes: of the Hub.
        download_bytes: the bytes of its weights, as they would be fetched; 0 where they are here.
        disk_bytes: what it takes on this disk.
        revision: of a Hub model, the commit.
        gated: whether the Hub gives it only to people who accepted its terms.
        complete: whether all files that are needed are here.
        needs: the options without which the load gate would refuse it, such as `allow-pickle`; None where that
            was not looked at.
        description: one sentence.
        gate: what the load gate says of it; None where it was not asked.
    """

    name: str
    place: Place
    task: str | None = None
    architecture: str | None = None
    model_type: str | None = None
    library: str | None = None
    parameters: int | None = None
    vocabulary: int | None = None
    context_length: int | None = None
    languages: tuple[str, ...] = ()
    licence: str | None = None
    training_data: tuple[str, ...] = ()
    base_models: tuple[str, ...] = ()
    last_modified: datetime | None = None
    downloads: int | None = None
    likes: int | None = None
    download_bytes: int | None = None
    disk_bytes: int | None = None
    revision: str | None = None
    gated: bool | None = None
    complete: bool | None = None
    needs: tuple[str, ...] | None = None
    description: str = ""
    gate: str | None = None

    @property
    def is_here(self) -> bool:
        """Whether it can be used with no network."""
        return self.place != "hub" and self.complete is not False

    @property
    def is_part(self) -> bool:
        """Whether it is here, but not the whole of it."""
        return self.place != "hub" and self.complete is False

    def facts(self) -> list[tuple[str, str]]:
        """What is known, as name and value, for a person."""
        return [(name, text) for name, text in self._facts() if text]

    def _facts(self) -> Iterator[tuple[str, str]]:
        yield "Place", _PLACES[self.place] + (", not whole" if self.is_part else "")
        yield "Task", self.task or ""
        yield "Architecture", self.architecture or self.model_type or ""
        yield "Parameters", magnitude(self.parameters) if self.parameters else ""
        yield "Vocabulary", count(self.vocabulary, "token") if self.vocabulary else ""
        yield "Context", count(self.context_length, "token") if self.context_length else ""
        yield "Languages", ", ".join(self.languages)
        yield "Licence", self.licence or ""
        yield "Trained on", ", ".join(self.training_data)
        yield "Made from", ", ".join(self.base_models)
        yield "Library", self.library or ""
        yield "Changed", day(self.last_modified)
        yield "Downloads", f"{self.downloads:,} in 30 days" if self.downloads is not None else ""
        yield "To fetch", file_size(self.download_bytes) if self.download_bytes else ""
        yield "On disk", file_size(self.disk_bytes) if self.disk_bytes else ""
        yield "Revision", (self.revision or "")[:7]
        yield "Gated", "the Hub gives it to people who accepted its terms" if self.gated else ""
        yield "Needs", ", ".join(f"--{option}" for option in self.needs or ()) if self.gate is None else ""
        yield "Load gate", self.gate or ""

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        """The same, for a plain terminal."""
        width = max(len(name) for name, _ in self.facts())
        lines = [f"{name:<{width}}  {printable(text)}" for name, text in self.facts()]
        head = printable(self.name) + (f": {printable(self.description)}" if self.description else "")
        return "\n".join([head, *(f"  {line}" for line in lines)])


_PLACES = {
    "bundled": "comes with nbtransformers",
    "cached": "in the local cache",
    "folder": "a folder",
    "run": "a training run",
    "hub": "on the Hub",
}
_HEADS = ("model", "place", "task", "parameters", "context", "languages", "licence", "size", "downloads", "changed")


@dataclass(frozen=True, slots=True, eq=False, repr=False, weakref_slot=True)
class Models(Sequence[ModelEntry]):
    """Models that can be used, those that are here first; in a notebook, a panel in which they are picked.

    Attributes:
        request: what was asked for.
        entries: a row each.
        next: where the Hub goes on; None when these are all.
        notes: what a reader should know, such as that the Hub could not be reached.

    Example:
        >>> %models --task classify --language de
        >>> _.to_pandas().sort_values("downloads")
    """

    request: ModelsRequest
    entries: tuple[ModelEntry, ...]
    next: str | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, which: Any) -> Any:
        """A model by its name or its place in the list; some of them by a slice."""
        if isinstance(which, slice):
            return replace(self, entries=self.entries[which])
        if not isinstance(which, str):
            return self.entries[which]
        found = next((entry for entry in self.entries if entry.name == which), None)
        if found is None:
            names = [entry.name for entry in self.entries]
            raise UserError(f"There is no model {shown(which)} in this list.", hint=did_you_mean(which, names))
        return found

    def joined(self, entries: Iterable[ModelEntry], following: str | None, notes: Sequence[str] = ()) -> Self:
        """The same list with more models behind it; one that is in it already is left out."""
        known = {entry.name for entry in self.entries}
        added = tuple(entry for entry in entries if entry.name not in known)
        return replace(self, entries=(*self.entries, *added), next=following, notes=(*self.notes, *notes))

    def to_pandas(self, rows: Sequence[int] | None = None) -> pd.DataFrame:
        """One row a model, with its name as index: `place`, `task`, `parameters`, … as `ModelEntry` has them."""
        return entries_table(self.entries if rows is None else [self.entries[row] for row in rows], ModelEntry)

    @property
    def more(self) -> bool:
        """Whether the Hub has more than were asked for."""
        return self.next is not None

    @property
    def summary(self) -> str:
        """How many there are, and where, in a few words."""
        numbers = {place: sum(entry.place == place for entry in self.entries) for place in PLACES}
        parts = [
            f"{number:,} {'on the Hub' if place == 'hub' else place}" for place, number in numbers.items() if number
        ]
        more = ", and the Hub has more" if self.more else ""
        return f"{count(len(self), 'model')}{': ' if parts else ''}{' · '.join(parts)}{more}"

    @property
    def heads(self) -> tuple[str, ...]:
        """The names of the columns that a person reads."""
        return _HEADS

    def cells(self, rows: int | None = None) -> list[tuple[str, ...]]:
        """The first rows, as a person reads them, in the order of `heads`."""
        return [_cells(entry) for entry in self.entries[:rows]]

    def _repr_html_(self) -> str:
        """A table for a notebook that shows no panel, with all that is in it escaped."""
        from html import escape

        import pandas as pd

        notes = "".join(f"<p>⚠ {escape(note)}</p>" for note in self.notes)
        table = pd.DataFrame(self.cells(), columns=list(_HEADS), dtype=object)
        return f"<p>{escape(self.summary)}</p>{table.to_html(escape=True, index=False)}{notes}"

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        """One line a model, for a plain terminal."""
        heads = ("model", "place", "task", "params", "size", "languages")
        rows = [(row[0], row[1], row[2], row[3], row[7], row[5]) for row in self.cells()]
        table = line_table(heads, rows, ("params", "size"), most=32)
        return printed(self.summary, table if self.entries else "", *(f"⚠ {note}" for note in self.notes))


def entries_table(entries: Sequence[Any], kind: type) -> pd.DataFrame:
    """Entries of a listing as a table, with their names as index; what is unknown is a missing value."""
    import pandas as pd

    rows = [asdict(entry) for entry in entries]
    columns = [field.name for field in fields(kind) if field.name != "name"]
    table = pd.DataFrame(
        {column: pd.Series([row[column] for row in rows], dtype=object) for column in columns},
        columns=columns,
    )
    for column in table.columns.intersection(WHOLE_NUMBERS):
        table[column] = table[column].astype("Int64")
    if "last_modified" in table:
        table["last_modified"] = pd.to_datetime(table["last_modified"], utc=True)
    return table.set_axis(pd.Index([row["name"] for row in rows], name="name", dtype=object), axis=0)


WHOLE_NUMBERS = (
    *("parameters", "vocabulary", "context_length", "downloads", "likes", "download_bytes", "disk_bytes", "rows"),
)


def day(moment: datetime | None) -> str:
    """The day of a moment, in UTC; empty when it is unknown."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d") if moment is not None else ""


def languages_in_short(languages: Sequence[str]) -> str:
    """The first few languages, and how many more there are."""
    more = f" +{len(languages) - 3}" if len(languages) > 3 else ""
    return ", ".join(languages[:3]) + more


def _cells(entry: ModelEntry) -> tuple[str, ...]:
    nbytes = entry.disk_bytes or entry.download_bytes
    return (
        entry.name,
        entry.place + (", part" if entry.is_part else "") + (", gated" if entry.gated else ""),
        entry.task or entry.model_type or "–",
        magnitude(entry.parameters) if entry.parameters else "–",
        f"{entry.context_length:,}" if entry.context_length else "–",
        languages_in_short(entry.languages) or "–",
        entry.licence or "–",
        file_size(nbytes) if nbytes else "–",
        f"{entry.downloads:,}" if entry.downloads is not None else "–",
        day(entry.last_modified) or "–",
    )
