"""Datasets of the Hub to rows: small ones by way of the local cache, others streamed."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbtransformers.errors import UserError, did_you_mean, shown
from nbtransformers.inputs.dataset_objects import dataset_rows, picked_split
from nbtransformers.inputs.streams import Source
from nbtransformers.request import DataRef

_FETCHED = 2**30  # bytes; a larger dataset is streamed


def read_hub(data: DataRef) -> Source:
    """The rows of a dataset of the Hub.

    One that says it is small, or is in the local cache, is fetched as `datasets` does it, so that it is there the next
    time with no network; any other is streamed.

    Raises:
        UserError: when it is not to be had, or a split or subset has to be chosen.
    """
    name = f"hub:{data.value}" + (f"@{data.revision}" if data.revision else "")
    if data.encoding is not None:
        raise UserError(f"`--encoding` is for text files, and {name} is none.", hint="Leave `--encoding` out.")
    with _told(name, data):
        splits = _splits(data)
    split = picked_split(list(splits), data.split, name)
    with _told(name, data):
        return dataset_rows(splits[split], data.column, None, name)


def _splits(data: DataRef) -> Mapping[str, Any]:
    try:
        import datasets.config
    except ImportError as error:
        raise UserError(
            "Datasets of the Hub need the package datasets.", hint='Type `pip install "nbtransformers[data]"`.'
        ) from error
    # With its scheme, a name is never taken for a folder here that happens to be called so.
    builder: Any = datasets.load_dataset_builder(
        f"hf://datasets/{data.value}", name=data.subset, revision=data.revision
    )
    small = (builder.info.download_size or _FETCHED) < _FETCHED
    if small or datasets.config.HF_HUB_OFFLINE or (builder.cache_dir and _is_there(builder.cache_dir)):
        builder.download_and_prepare()
        return builder.as_dataset()
    return builder.as_streaming_dataset()


def _is_there(folder: str) -> bool:

    return Path(folder).exists()


@contextmanager
def _told(name: str, data: DataRef) -> Generator[None]:
    """Tells what `datasets` raises in one line."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise _refusal(name, data, error) from error


def _refusal(name: str, data: DataRef, error: Exception) -> UserError:
    kind, text = type(error).__name__, " ".join(str(error).split())
    if "gated" in text:
        return UserError(
            f"{name} is gated: the Hub gives it to people who accepted its terms.",
            hint="Accept them on its page, then type `hf auth login`.",
        )
    if "Revision '" in text:
        return UserError(f"{name} is not there: the Hub has no such revision.", hint=f"Type `hub:{data.value}`.")
    if "Dataset scripts" in text:
        return UserError(
            f"{name} is made by a script, which nothing runs any more.", hint="Look for a copy of it as Parquet."
        )
    configs = re.search(r"\[(.*?)\]", text)
    if "BuilderConfig" in text or "Config name is missing" in text:
        return _subset_needed(name, data, re.findall(r"'([^']*)'", configs[1]) if configs else [])
    if isinstance(error, ConnectionError) or "OfflineMode" in kind or "Connect" in kind or "Timeout" in kind:
        return UserError(
            f"{name} is not in the local cache, and the Hub cannot be reached ({_cause(error)}).",
            hint="Check the network, or give a file.",
        )
    if kind == "DatasetNotFoundError":
        return UserError(
            f"The Hub has no dataset {data.value}, or it is private.",
            hint="Check the spelling, or type `hf auth login`.",
        )
    return UserError(f"{name} cannot be read ({kind}: {text[:120]}).", hint="Look at its page on the Hub.")


def _subset_needed(name: str, data: DataRef, known: list[str]) -> UserError:
    if data.subset is None:
        first = known[0] if known else "NAME"
        return UserError(f"{name} has several subsets: {', '.join(known[:12])}.", hint=f"Add `--subset {first}`.")
    return UserError(
        f"{name} has no subset {shown(data.subset)}.", hint=did_you_mean(data.subset, known, what="It has")
    )


def _cause(error: BaseException) -> str:
    return type(error.__cause__ or error).__name__
