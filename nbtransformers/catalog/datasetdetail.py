"""All that can be known of one dataset without reading it: the Hub's word, and whether it is here."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from nbtransformers.catalog.hub_search import dataset_entry
from nbtransformers.catalog.local import cached_datasets
from nbtransformers.catalog.previewing import with_nearest
from nbtransformers.errors import UserError
from nbtransformers.inputs.hub import hub_refusal
from nbtransformers.loading.hub_api import UnreachableError, ask
from nbtransformers.request import DataRef
from nbtransformers.results.datasets import DatasetEntry


def dataset_in_full(data: DataRef) -> DatasetEntry:
    """A dataset as the Hub tells of it; where that cannot be asked, as its card says it that is here.

    Args:
        data: a dataset of the Hub.

    Raises:
        UserError: when there is no such dataset, or nobody can tell.
    """
    from huggingface_hub.errors import HfHubHTTPError

    here = next((entry for entry in cached_datasets() if entry.name == data.value), None)
    pinned = f"/revision/{quote(data.revision, safe='')}" if data.revision else ""
    try:
        about = ask(f"/api/datasets/{data.value}{pinned}").value
    except HfHubHTTPError as error:
        raise with_nearest(hub_refusal(data, error), error, data.value) from error
    except UnreachableError as error:
        if here is None:
            raise UserError(
                f"{data.value} is not in the local cache, and {error}.", hint="Check the network."
            ) from error
        return here
    told = dataset_entry(about if isinstance(about, dict) else {"id": data.value})
    return told if here is None else replace(told, place="cached", disk_bytes=here.disk_bytes)
