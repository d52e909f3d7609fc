"""What the panels of datasets ask: lists, one dataset in full, its first rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nbtransformers.doors.models import listed_datasets
from nbtransformers.inputs.refs import hub_ref
from nbtransformers.request.catalog import DatasetsRequest

if TYPE_CHECKING:
    from nbtransformers.inputs.hub import HubDataset
    from nbtransformers.request import DataRef
    from nbtransformers.results.datasets import DatasetEntry, DatasetPreview, Datasets


class Catalogue:
    """What can be asked about datasets, from any thread."""

    def __init__(self) -> None:
        self._kept: tuple[DataRef, HubDataset] | None = None

    def listed(self, request: DatasetsRequest) -> Datasets:
        """The datasets that are asked for."""
        return listed_datasets(request)

    def more(self, listed: Datasets) -> Datasets:
        """The same list with the next of the Hub behind it."""
        from nbtransformers.catalog.listing import go_on

        return go_on(listed)

    def in_full(self, name: str) -> DatasetEntry:
        """All that can be known of a dataset without reading it.

        Raises:
            UserError: when there is no such dataset.
        """
        from nbtransformers.catalog.datasetdetail import dataset_in_full

        return dataset_in_full(hub_ref(name))

    def look(self, name: str, subset: str | None, split: str | None, rows: int) -> DatasetPreview:
        """Its first rows; where neither subset nor split are asked for, of those that come first.

        Raises:
            UserError: when it is not to be had, or has no such subset or split.
        """
        from nbtransformers.catalog.previewing import look

        data = hub_ref(name, split=split, subset=subset)
        return look(self._opened(data), data, rows)

    def _opened(self, data: DataRef) -> HubDataset:
        """A dataset; the one that was opened last is looked into again and again."""
        from nbtransformers.catalog.previewing import opened

        kept, asked = self._kept, replace(data, split=None)
        if kept is not None and asked in (kept[0], replace(kept[0], subset=kept[1].subset)):
            return kept[1]
        found = opened(asked, any_subset=True)
        self._kept = asked, found
        return found
