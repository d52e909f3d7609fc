"""A look into a dataset of the Hub: its splits, its columns, its first rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.inputs.dataset_objects import StreamedDataset, picked_split
from nbtransformers.inputs.hub import HubDataset, hub_dataset, hub_name
from nbtransformers.loading.hub_api import nearest_id
from nbtransformers.loading.hub_cache import cached_names
from nbtransformers.request import DataRef
from nbtransformers.request.previews import PreviewRequest
from nbtransformers.results.datasets import DatasetPreview
from nbtransformers.results.previewrecipe import PreviewRecipe

_MOST_CLASSES = 6  # that the type of a column names, or parts of what is nested
_TEXTS = ("string", "large_string")


def preview(data: DataRef, rows: int) -> DatasetPreview:
    """The first rows of a dataset, and what it has; they are streamed where it is not here.

    Of several splits it is `train`, or the first, unless another was asked for.

    Args:
        data: a dataset of the Hub, perhaps with a subset and a split.
        rows: how many.

    Raises:
        UserError: when it is not to be had, has no such split, or a subset has to be chosen.
    """
    return look(opened(data), data, rows)


def opened(data: DataRef, *, any_subset: bool = False) -> HubDataset:
    """A dataset, not read yet; it is streamed where it is not here.

    Args:
        data: a dataset of the Hub, perhaps with a subset.
        any_subset: whether the first subset is taken where one would have to be chosen.

    Raises:
        UserError: when it is not to be had, or a subset has to be chosen; a name that the Hub does not know is told
            with the nearest one.
    """
    try:
        return hub_dataset(data, fetch=False, any_subset=any_subset)
    except UserError as error:
        raise with_nearest(error, error.__cause__, data.value) from error


def look(found: HubDataset, data: DataRef, rows: int) -> DatasetPreview:
    """The first rows of a dataset that was opened, as `preview` has them.

    Args:
        found: it.
        data: what was opened, perhaps with a split.
        rows: how many.

    Raises:
        UserError: when it has no such split, or its rows cannot be read.
    """
    import pandas as pd

    name = hub_name(data)
    known = list(found.splits)
    split = picked_split(known, data.split or ("train" if "train" in known else known[0]), name)
    first = first_rows(found.splits[split], rows, name)
    features = dict(found.splits[split].features or _features_of(first))
    columns = list(features) or list(dict.fromkeys(column for row in first for column in row))
    named = len(found.subsets) > 1 or data.subset is not None
    return DatasetPreview(
        name=name.removeprefix("hub:"),
        subset=found.subset if named else None,
        splits={one: _rows_of(found.splits[one], one) for one in known},
        split=split,
        columns={column: kind_in_words(features[column]) if column in features else "" for column in columns},
        rows=pd.DataFrame(
            [[row.get(column) for column in columns] for row in first],
            columns=pd.Index(columns, dtype=object),  # as texts, pandas would have them all UTF-8
            dtype=object,
        ),
        subsets=found.subsets if named else (),
        classes={column: tuple(kind.names) for column, kind in features.items() if hasattr(kind, "names")},
        texts=tuple(column for column, kind in features.items() if getattr(kind, "dtype", None) in _TEXTS),
        request=PreviewRequest(data, rows),
        recipe=PreviewRecipe(
            replace(data, subset=found.subset if named else None, split=split),
            streamed=not hasattr(found.splits[split], "__len__"),
            encoded=any(hasattr(kind, "decode_example") for kind in _leaves(features)),
        ),
    )


def _leaves(features: Any) -> Iterator[Any]:
    """The types within the type of a column, or of all columns."""
    if isinstance(features, Mapping | list):
        for one in features.values() if isinstance(features, Mapping) else features:
            yield from _leaves(one)
    elif hasattr(features, "feature"):
        yield from _leaves(features.feature)
    else:
        yield features


def with_nearest(error: UserError, cause: BaseException | None, name: str) -> UserError:
    """What is said of a dataset that is not to be had; where the Hub does not know it, with the nearest name."""
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    near = None
    if isinstance(cause, RepositoryNotFoundError) and not isinstance(cause, GatedRepoError):
        near = nearest_id(name, cached_names("datasets"), "datasets")
    return error if near is None else UserError(error.message, hint=f"Did you mean {near}?")


def first_rows(dataset: Any, rows: int, name: str) -> list[dict[str, Any]]:
    """The first rows of a dataset, on disk or streamed.

    Raises:
        UserError: when they cannot be had.
    """
    try:
        if hasattr(dataset, "__len__"):
            dataset = dataset.to_iterable_dataset()
        if dataset.features:
            dataset = dataset.decode(False)  # what a picture or a sound is kept as
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


def _features_of(rows: list[dict[str, Any]]) -> Mapping[str, Any]:
    """The types of columns that nobody declares, as the first rows have them; none where they differ."""
    import datasets
    import pyarrow as pa

    try:
        return datasets.Features.from_arrow_schema(pa.Table.from_pylist(rows).schema)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        return {}


def kind_in_words(feature: Any) -> str:
    """The type of a column, as a person says it.

    Example:
        >>> kind_in_words(datasets.ClassLabel(names=["neg", "pos"]))
        'class: neg, pos'
        >>> kind_in_words({"text": datasets.List(datasets.Value("string"))})
        '{text: list of string}'
    """
    name = type(feature).__name__
    if name == "Value":
        return str(feature.dtype)
    if name == "ClassLabel":
        more = ", …" if len(feature.names) > _MOST_CLASSES else ""
        return f"class: {', '.join(feature.names[:_MOST_CLASSES])}{more}"
    if hasattr(feature, "feature"):
        return f"list of {kind_in_words(feature.feature)}"
    if isinstance(feature, list):
        return f"list of {kind_in_words(feature[0])}" if feature else "list"
    if isinstance(feature, dict):
        more = ", …" if len(feature) > _MOST_CLASSES else ""
        inside = list(feature.items())[:_MOST_CLASSES]
        return f"{{{', '.join(f'{key}: {kind_in_words(kind)}' for key, kind in inside)}{more}}}"
    return name.lower()
