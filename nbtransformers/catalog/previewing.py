"""A look into a dataset of the Hub: its splits, its columns, its first rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.inputs.dataset_objects import StreamedDataset, picked_split
from nbtransformers.inputs.hub import hub_name, hub_splits
from nbtransformers.loading.hub_api import nearest_id
from nbtransformers.loading.hub_cache import cached_datasets
from nbtransformers.request import DataRef
from nbtransformers.results.datasets import DatasetPreview

_MOST_CLASSES = 6


def preview(data: DataRef, rows: int) -> DatasetPreview:
    """The first rows of a dataset, and what it has.

    Of several splits it is `train`, or the first, unless another was asked for.

    Args:
        data: a dataset of the Hub, perhaps with a subset and a split.
        rows: how many.

    Raises:
        UserError: when it is not to be had, has no such split, or a subset has to be chosen.
    """
    import pandas as pd

    name = hub_name(data)
    splits = _splits(data)
    known = list(splits)
    split = picked_split(known, data.split or ("train" if "train" in known else known[0]), name)
    first = first_rows(splits[split], rows, name)
    features = _features(splits[split])
    columns = features or dict.fromkeys((column for row in first for column in row), "")
    return DatasetPreview(
        name=data.value,
        subset=data.subset,
        splits={one: _rows_of(splits[one], one) for one in known},
        split=split,
        columns=columns,
        rows=pd.DataFrame(first, columns=list(columns), dtype=object),
    )


def _splits(data: DataRef) -> Mapping[str, Any]:
    """Its splits; a name that the Hub does not know is told with the nearest one."""
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    try:
        return hub_splits(data)
    except UserError as error:
        is_unknown = isinstance(error.__cause__, RepositoryNotFoundError)
        if not is_unknown or isinstance(error.__cause__, GatedRepoError):
            raise
        near = nearest_id(data.value, cached_datasets(), "datasets")
        if near is None:
            raise
        raise UserError(error.message, hint=f"Did you mean {near}?") from error


def first_rows(dataset: Any, rows: int, name: str) -> list[dict[str, Any]]:
    """The first rows of a dataset, on disk or streamed.

    Raises:
        UserError: when they cannot be had.
    """
    try:
        if hasattr(dataset, "__len__"):
            return [dataset[number] for number in range(min(rows, len(dataset)))]
        return [row for some in StreamedDataset(dataset.take(rows), name).rows(0) for row in some]
    except UserError:
        raise
    except Exception as error:  # what decodes pictures or sounds, say
        raise UserError(
            f"The rows of {name} cannot be read ({type(error).__name__}: {str(error)[:120]}).",
            hint="Look at its page on the Hub.",
        ) from error


def _rows_of(dataset: Any, split: str) -> int | None:
    """How many rows it has; a stream knows what its card says."""
    if hasattr(dataset, "__len__"):
        return len(dataset)
    told = (getattr(dataset.info, "splits", None) or {}).get(split)
    return getattr(told, "num_examples", None) or None


def _features(dataset: Any) -> Mapping[str, str]:
    return {name: kind_in_words(feature) for name, feature in (dataset.features or {}).items()}


def kind_in_words(feature: Any) -> str:
    """The type of a column, as a person says it.

    Example:
        >>> kind_in_words(datasets.ClassLabel(names=["neg", "pos"]))
        'class: neg, pos'
    """
    name = type(feature).__name__
    if name == "Value":
        return str(feature.dtype)
    if name == "ClassLabel":
        more = ", …" if len(feature.names) > _MOST_CLASSES else ""
        return f"class: {', '.join(feature.names[:_MOST_CLASSES])}{more}"
    if hasattr(feature, "feature"):
        return f"list of {kind_in_words(feature.feature)}"
    return "table" if isinstance(feature, dict) else name.lower()
