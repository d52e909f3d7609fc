"""What the panels of datasets ask: lists, one dataset in full, its first rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbtransformers.doors.models import listed_datasets
from nbtransformers.inputs.refs import hub_ref
from nbtransformers.request.catalog import DatasetsRequest

if TYPE_CHECKING:
    from nbtransformers.results.datasets import DatasetEntry, DatasetPreview, Datasets


class Catalogue:
    """What can be asked about datasets, from any thread."""

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
        from nbtransformers.catalog.previewing import preview

        return preview(hub_ref(name, split=split, subset=subset), rows, any_subset=True)
