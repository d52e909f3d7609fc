"""A listing of models that can be used: bundled, cached, in folders, of runs, on the Hub."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal, get_args

from nbtransformers.plain_text import count, file_size, magnitude, part_size, printable
from nbtransformers.request.catalog import ModelsRequest
from nbtransformers.results.listing import Listing, day, languages_in_short

Place = Literal["bundled", "cached", "folder", "run", "hub"]
PLACES: tuple[Place, ...] = get_args(Place)
PASSES = "lets it pass"
"""What the load gate says of a model that it has nothing against."""


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
        kept_bytes: of those what is here of a download that is not finished; None where there is none.
        disk_bytes: what it takes on this disk.
        revision: of a Hub model, the commit.
        gated: whether the Hub gives it only to people who accepted its terms.
        complete: whether all files that are needed are here.
        needs: the options without which the load gate would refuse it, such as `allow-pickle`; None where that
            was not looked at.
        description: one sentence.
        gate: what the load gate says of it; None where it was not asked.
        passes_with: the options with which the gate lets it pass, where it does not without.
        translates: the codes of the languages from which, and into which, a model of one pair translates.
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
    kept_bytes: int | None = None
    disk_bytes: int | None = None
    revision: str | None = None
    gated: bool | None = None
    complete: bool | None = None
    needs: tuple[str, ...] | None = None
    description: str = ""
    gate: str | None = None
    passes_with: tuple[str, ...] = ()
    translates: tuple[str, ...] = ()

    @property
    def is_here(self) -> bool:
        """Whether it can be used with no network."""
        return self.place != "hub" and self.complete is not False

    @property
    def is_part(self) -> bool:
        """Whether it is here, but not the whole of it."""
        return self.place != "hub" and self.complete is False

    @property
    def nbytes(self) -> int | None:
        """What it takes on this disk once it is whole, else what is to be fetched; None where nobody says."""
        return (self.download_bytes if self.is_part else None) or self.disk_bytes or self.download_bytes or None

    @property
    def bytes_to_come(self) -> int:
        """What a download would fetch; 0 also where nobody says."""
        return (self.download_bytes or 0) - (self.kept_bytes or 0)

    @property
    def kept(self) -> str:
        """How much of a download that is not finished is here, for a person; empty where there is none."""
        return part_size(self.kept_bytes, self.download_bytes) if self.kept_bytes and self.download_bytes else ""

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
        yield "Here", self.kept
        yield "To fetch", file_size(self.bytes_to_come) if self.bytes_to_come else ""
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


@dataclass(frozen=True, slots=True, eq=False, repr=False, weakref_slot=True)
class Models(Listing[ModelEntry]):
    """Models that can be used, those that are here first; in a notebook, a panel in which they are picked.

    Attributes:
        request: what was asked for.
        entries: a row each.
        next: where the Hub goes on; None when these are all.
        notes: what a reader should know, such as that the Hub could not be reached.
        near: where nothing was found, names that may have been meant.

    Example:
        >>> %models --task classify --language de
        >>> _.to_pandas().sort_values("downloads")
    """

    what: ClassVar[str] = "model"
    kind: ClassVar[type] = ModelEntry
    heads: ClassVar[tuple[str, ...]] = (
        *("model", "place", "task", "parameters", "context"),
        *("languages", "licence", "size", "downloads", "changed"),
    )

    request: ModelsRequest
    entries: tuple[ModelEntry, ...]
    next: str | None = None
    notes: tuple[str, ...] = ()
    near: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """How many there are, and where, in a few words."""
        numbers = {place: sum(entry.place == place for entry in self.entries) for place in PLACES}
        names = {place: "on the Hub" if place == "hub" else place for place in PLACES}
        parts = [f"{number:,} {names[place]}" for place, number in numbers.items() if number]
        more = ", and the Hub has more" if self.more else ""
        return f"{count(len(self), 'model')}{': ' if parts else ''}{' · '.join(parts)}{more}"

    @staticmethod
    def _cells(entry: ModelEntry) -> tuple[str, ...]:
        return (
            entry.name,
            entry.place + (", part" if entry.is_part else "") + (", gated" if entry.gated else ""),
            entry.task or entry.model_type or "–",
            magnitude(entry.parameters) if entry.parameters else "–",
            f"{entry.context_length:,}" if entry.context_length else "–",
            languages_in_short(entry.languages) or "–",
            entry.licence or "–",
            entry.kept or (file_size(entry.nbytes) if entry.nbytes else "–"),
            f"{entry.downloads:,}" if entry.downloads is not None else "–",
            day(entry.last_modified) or "–",
        )

    def __str__(self) -> str:
        """One line a model, for a plain terminal."""
        heads = ("model", "place", "task", "params", "size", "languages")
        rows = [(row[0], row[1], row[2], row[3], row[7], row[5]) for row in self.cells()]
        return self._printed(heads, rows, ("params", "size"))
