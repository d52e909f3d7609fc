"""Datasets of the Hub to rows: small ones by way of the local cache, others streamed."""

from __future__ import annotations

import importlib.util
import re
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nbtransformers.errors import UserError, did_you_mean, shown
from nbtransformers.inputs.dataset_objects import dataset_rows, picked_split, without_bars
from nbtransformers.inputs.options import refuse_options
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
    name = hub_name(data)
    splits = hub_splits(data)
    split = picked_split(list(splits), data.split, name)
    return dataset_rows(splits[split], data.column, None, name)


def hub_name(data: DataRef) -> str:
    """A dataset of the Hub as it is typed."""
    return f"hub:{data.value}" + (f"@{data.revision}" if data.revision else "")


@dataclass(frozen=True, slots=True)
class HubDataset:
    """A dataset of the Hub, of which no row was read yet.

    Attributes:
        subset: the subset that it is.
        subsets: all that there are to choose from.
        splits: each of its splits, on disk or streamed.
    """

    subset: str
    subsets: tuple[str, ...]
    splits: Mapping[str, Any]


def hub_splits(data: DataRef) -> Mapping[str, Any]:
    """Every split of a dataset of the Hub, none of them read yet.

    Raises:
        UserError: when it is not to be had, or a subset has to be chosen.
    """
    return hub_dataset(data).splits


def hub_dataset(data: DataRef, *, fetch: bool = True, any_subset: bool = False) -> HubDataset:
    """A dataset of the Hub, with its subsets and splits.

    Args:
        data: which one.
        fetch: whether one that says it is small is fetched; else it is streamed as long as it is not here.
        any_subset: whether the first subset is taken where one would have to be chosen.

    Raises:
        UserError: when it is not to be had, or a subset has to be chosen.
    """
    name = hub_name(data)
    refuse_options(data, name, "encoding")
    if importlib.util.find_spec("datasets") is None:
        raise UserError(
            "Datasets of the Hub need the package datasets.", hint='Type `pip install "nbtransformers[data]"`.'
        )
    import datasets
    import datasets.config

    unreachable = _unreachable(data)
    try:
        with _without_network(unreachable), without_bars():
            builder: Any = datasets.load_dataset_builder(
                f"hf://datasets/{data.value}", data.subset, revision=data.revision
            )
            small = fetch and (builder.info.download_size or _FETCHED) < _FETCHED
            if small or datasets.config.HF_HUB_OFFLINE or Path(builder.cache_dir).exists():
                builder.download_and_prepare()
                splits = builder.as_dataset()
            else:
                splits = builder.as_streaming_dataset()
            return HubDataset(builder.config.name, tuple(builder.builder_configs), splits)
    except Exception as error:
        known = _subsets_named(error) if any_subset and data.subset is None else None
        if known:
            return hub_dataset(replace(data, subset=known[0]), fetch=fetch)
        raise _refusal(name, data, error, unreachable) from error


def _unreachable(data: DataRef) -> str | None:
    """Why the Hub cannot be asked; None once it has said that the dataset is there.

    `datasets` itself would try for half a minute, and would take `csv` for a way to read the files of this folder.
    """
    import datasets.config
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

    if "/" not in data.value and importlib.util.find_spec(f"datasets.packaged_modules.{data.value}") is not None:
        raise _unknown(data)
    if datasets.config.HF_HUB_OFFLINE:
        return "offline mode is on"
    try:
        HfApi(endpoint=datasets.config.HF_ENDPOINT).dataset_info(data.value, revision=data.revision, timeout=10)
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise hub_refusal(data, error) from error
    except HfHubHTTPError as error:
        return f"the Hub fails (HTTP {error.response.status_code})"
    except Exception as error:  # whatever the network, or what is between, comes up with
        return f"the Hub cannot be reached ({type(error).__name__})"
    return None


def hub_refusal(data: DataRef, error: Exception) -> UserError:
    """What the Hub refuses a dataset with, in one line."""
    from huggingface_hub.errors import GatedRepoError, RevisionNotFoundError

    if isinstance(error, GatedRepoError):
        return _gated(hub_name(data))
    if isinstance(error, RevisionNotFoundError):
        return UserError(
            f"hub:{data.value} has no revision {data.revision}.", hint=f"Type `hub:{data.value}` for the newest."
        )
    return _unknown(data)


def _unknown(data: DataRef) -> UserError:
    return UserError(
        f"The Hub has no dataset {data.value}, or it is private.", hint="Check the spelling, or type `hf auth login`."
    )


class _Offline:
    """`datasets` is to look into its cache only, as long as anyone says so; then it is as it was."""

    def __init__(self) -> None:
        self._guard, self._holders, self._before = threading.Lock(), 0, False

    def hold(self) -> None:
        import datasets.config

        with self._guard:
            if not self._holders:
                self._before = bool(datasets.config.HF_HUB_OFFLINE)
            self._holders += 1
            datasets.config.HF_HUB_OFFLINE = True

    def release(self) -> None:
        import datasets.config

        with self._guard:
            self._holders -= 1
            if not self._holders:
                datasets.config.HF_HUB_OFFLINE = self._before


_offline = _Offline()


@contextmanager
def _without_network(why: str | None) -> Generator[None]:
    """Meanwhile `datasets` looks into its cache only, if there is a reason to; several threads may be here at once."""
    if why is None:
        yield
        return
    _offline.hold()
    try:
        yield
    finally:
        _offline.release()


def _refusal(name: str, data: DataRef, error: Exception, unreachable: str | None) -> UserError:
    """What `datasets` raises, in one line."""
    kind, text = type(error).__name__, " ".join(str(error).split())
    if "gated dataset" in text:
        return _gated(name)
    if "Dataset scripts" in text:
        return UserError(
            f"{name} is made by a script, which nothing runs any more.", hint="Look for a copy of it as Parquet."
        )
    known = _subsets_named(error)
    if known is not None:
        return _other_subset(name, data, known)
    if unreachable is not None:
        again = "Go online once to fetch it" if "offline" in unreachable else "Check the network"
        return UserError(f"{name} is not in the local cache, and {unreachable}.", hint=f"{again}, or give a file.")
    if kind in ("EmptyDatasetError", "DataFilesNotFoundError"):
        return UserError(f"{name} holds no files of data.", hint="Look at its page on the Hub.")
    return UserError(f"{name} cannot be read ({kind}: {text[:120]}).", hint="Look at its page on the Hub.")


def _subsets_named(error: Exception) -> list[str] | None:
    """The subsets to choose from, where that is what is wrong."""
    text = " ".join(str(error).split())
    if "BuilderConfig" not in text and "Config name is missing" not in text:
        return None
    listed = re.search(r"\[(.*?)\]", text)
    return re.findall(r"'([^']*)'", listed[1]) if listed else []


def _gated(name: str) -> UserError:
    return UserError(
        f"{name} is gated: the Hub gives it to people who accepted its terms.",
        hint="Accept them on its page, then type `hf auth login`.",
    )


def _other_subset(name: str, data: DataRef, known: list[str]) -> UserError:
    if data.subset is None:
        first = known[0] if known else "NAME"
        return UserError(f"{name} has several subsets: {', '.join(known[:12])}.", hint=f"Add `--subset {first}`.")
    return UserError(
        f"{name} has no subset {shown(data.subset)}.", hint=did_you_mean(data.subset, known, what="It has")
    )
