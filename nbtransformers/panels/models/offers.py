"""Where models are listed, looked at and fetched: who may load them offers it here, since nothing on the screen may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from nbtransformers.errors import UserError
from nbtransformers.progress import OnProgress
from nbtransformers.request.catalog import ModelsRequest
from nbtransformers.results.download import Downloaded
from nbtransformers.results.modelcard import ModelCard
from nbtransformers.results.models import ModelEntry, Models


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that uses a model once, in the parts that a reader changes.

    Attributes:
        magic: with the options that it always has.
        model: as it is typed after `--model`.
        pinned: the same at the commit that it has now; None where it has none.
        target: of a model that translates, the language that it translates into, empty where none is known alone; None
            of any other.
        text: what stands below the line.

    Example:
        >>> Cell("%%translate", "acme/en-de", None, "de", "Good morning!")
    """

    magic: str
    model: str
    pinned: str | None
    target: str | None
    text: str


class Catalogue(Protocol):
    """What can be asked about models, and done with one. A mistake is a `UserError`."""

    def listed(self, request: ModelsRequest) -> Models:
        """The models that are asked for."""
        ...

    def more(self, listed: Models) -> Models:
        """The same list with the next of the Hub behind it."""
        ...

    def in_full(self, name: str, revision: str | None) -> ModelEntry:
        """All that can be known of a model without loading it."""
        ...

    def card(self, name: str, revision: str | None, batch_size: int, length: int | None) -> ModelCard:
        """Whether a model fits, for a batch of texts of a length."""
        ...

    def cell(self, entry: ModelEntry) -> Cell | None:
        """A cell that uses a model once; None where no magic does its task."""
        ...

    def fetch(self, name: str, revision: str | None, allow_pickle: bool, on_progress: OnProgress) -> Downloaded:
        """Fetch a model, pickled weights where they are allowed; what a stop leaves is gone on with the next time."""
        ...

    def use(self, name: str, revision: str | None) -> str:
        """Make a model the default of this session; what was set."""
        ...

    def default(self) -> str | None:
        """The model that is the default of this session; None where none is set."""
        ...


_offered: list[Catalogue] = []


def offer(catalogue: Catalogue) -> None:
    """Have the panels of models ask this, from now on."""
    _offered[:] = [catalogue]


def offered() -> Catalogue:
    """Who was offered last.

    Raises:
        UserError: when nobody was.
    """
    if not _offered:
        raise UserError("Nothing can be asked about models from here.", hint="Type `%models` in a cell.")
    return _offered[0]
