"""Where datasets are listed and looked into: who may ask the Hub offers it here, since nothing on the screen may."""

from __future__ import annotations

from typing import Protocol

from nbtransformers.errors import UserError
from nbtransformers.request.catalog import DatasetsRequest
from nbtransformers.results.datasets import DatasetEntry, DatasetPreview, Datasets


class Catalogue(Protocol):
    """What can be asked about datasets. A mistake is a `UserError`."""

    def listed(self, request: DatasetsRequest) -> Datasets:
        """The datasets that are asked for."""
        ...

    def more(self, listed: Datasets) -> Datasets:
        """The same list with the next of the Hub behind it."""
        ...

    def in_full(self, name: str) -> DatasetEntry:
        """All that can be known of a dataset without reading it."""
        ...

    def look(self, name: str, subset: str | None, split: str | None, rows: int) -> DatasetPreview:
        """Its first rows; where neither subset nor split are asked for, of those that come first."""
        ...


_offered: list[Catalogue] = []


def offer(catalogue: Catalogue) -> None:
    """Have the panels of datasets ask this, from now on."""
    _offered[:] = [catalogue]


def offered() -> Catalogue:
    """Who was offered last.

    Raises:
        UserError: when nobody was.
    """
    if not _offered:
        raise UserError("Nothing can be asked about datasets from here.", hint="Type `%models datasets` in a cell.")
    return _offered[0]
