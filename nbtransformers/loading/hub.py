"""Hub ids to local folders: what is not in the cache is fetched into it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from nbtransformers.errors import UserError, nearest
from nbtransformers.loading.bundled import BUNDLED
from nbtransformers.loading.fetching import Stopped, Transfer, bytes_there, fetch_files, file_told
from nbtransformers.loading.fragments import on_their_way
from nbtransformers.loading.hub_api import nearest_id, nearest_of
from nbtransformers.loading.hub_cache import cache, cached_names, cached_revisions, entries, is_offline, repository
from nbtransformers.plain_text import size

_DESCRIPTIONS = ["README.md", "*.json", "*.txt", "*.model", "*.jinja", "*.py", "*.tiktoken", "*.vocab"]
_OTHER_RUNTIMES = ["onnx/*", "openvino/*", "coreml/*", "tf_model*", "flax_model*", "*.msgpack", "original/*"]
_ABBREVIATED = re.compile(r"[0-9a-f]{7,39}")
# Of a layer that sentence-transformers puts behind the model.
_OF_LAYER = re.compile(r"[0-9]+_\w+/model\.safetensors")
_NO_SPACE = {27, 28, 122}  # file too large, no space left, quota exceeded
_MANY = 8  # files that are asked about at a time


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A Hub model at one commit, in the cache.

    Attributes:
        folder: where its files are.
        commit: the commit, 40 hexadecimal digits.
        sizes: every file of the repository at that commit and its bytes, fetched or not; empty when the Hub was
            never asked for the list.
    """

    folder: Path
    commit: str
    sizes: Mapping[str, int] = field(default_factory=dict[str, int])


# What was found stays what it is for as long as Python runs: no question to the Hub at every call.
_found: dict[tuple[str, str | None, Path], Snapshot] = {}


def hub_snapshot(
    name: str,
    revision: str | None = None,
    *,
    weights: bool = True,
    pickles: bool = False,
    transfer: Transfer | None = None,
) -> Snapshot:
    """A Hub model in the cache, at one commit; what is not there yet is fetched.

    Asked again, it is the same commit until Python ends, even if the Hub has a newer one. Code files are fetched so
    that they can be named and read; nothing here runs them.

    Args:
        name: its id.
        revision: a branch, a tag or a commit, in full or abbreviated; None is the main branch.
        weights: whether its weights are needed too.
        pickles: whether pickled weights will do where there are no safetensors.
        transfer: who follows the download of the weights, and may end it.

    Raises:
        UserError: when it is neither in the cache nor to be had.
        Stopped: when `transfer` ends it.
    """
    key = (name, revision, cache())
    found = _found.get(key)
    if found is None or not found.folder.exists():
        found = _found[key] = _described(name, revision)
    wanted = weight_files(found.sizes, pickles=pickles) if weights else []
    missing = [file for file in wanted if not (found.folder / file).exists()]
    if missing:
        if not is_offline():
            _store(name, found.commit, missing, transfer or Transfer())
        _fetched(name, found.commit, wanted, begun=True)
    return found


# --- fetching ---


def _described(name: str, revision: str | None) -> Snapshot:
    asked = _in_full(name, revision)
    folder = _fetched(name, asked, _DESCRIPTIONS)
    return Snapshot(folder, folder.name, known_sizes(name, folder.name))


def _in_full(name: str, revision: str | None) -> str | None:
    """A commit that is abbreviated, as results show it, in full."""
    if revision is None or not _ABBREVIATED.fullmatch(revision):
        return revision
    known = [commit for commit in entries(repository(name) / "snapshots") if commit.startswith(revision)]
    return known[0] if len(known) == 1 else revision


def known_sizes(name: str, commit: str) -> Mapping[str, int]:
    """Every file of a model at a commit and its bytes, as the Hub has listed them; none where it was never asked."""
    from huggingface_hub import get_cached_repo_tree
    from huggingface_hub.errors import CachedRepoTreeNotFoundError

    try:
        return {file.path: file.size for file in get_cached_repo_tree(name, revision=commit, cache_dir=cache())}
    except (CachedRepoTreeNotFoundError, OSError, ValueError):  # fetched by an older library, or a torn file
        return {}


def weight_files(sizes: Mapping[str, int], *, pickles: bool = False) -> list[str]:
    """Of all files of a repository those that hold the weights; some have them several times, in several formats."""
    top = [name for name in sizes if "/" not in name]
    safe = [name for name in top if name.endswith(".safetensors")]
    if safe:
        layers = [name for name in sizes if _OF_LAYER.fullmatch(name)]
        return [*([name for name in safe if name.startswith("model")] or safe), *layers]
    return [name for name in top if name.endswith((".bin", ".pt", ".pth"))] if pickles else []


def weight_bytes(name: str, folder: Path, sizes: Mapping[str, int]) -> tuple[int, int]:
    """Bytes of a model's weights that are here, half files included, and of all; both are 0 where these are unknown.

    Args:
        name: the model's id.
        folder: its snapshot.
        sizes: every file of the repository and its bytes.
    """
    nbytes = {file: sizes[file] for file in weight_files(sizes, pickles=True)}
    missing = [size for file, size in nbytes.items() if not (folder / file).exists()]
    total = sum(nbytes.values())
    if not missing:
        return total, total
    return total - sum(missing) + min(sum(missing), on_their_way(repository(name) / "blobs", max(missing))), total


def _store(name: str, commit: str, paths: list[str], transfer: Transfer) -> None:
    """Fetch weights; larger files than HTTP gives are left to huggingface_hub, which has another way."""
    from concurrent.futures import ThreadPoolExecutor

    from huggingface_hub.constants import MAX_HTTP_DOWNLOAD_SIZE

    try:
        with ThreadPoolExecutor(_MANY) as pool:
            told = pool.map(partial(file_told, name, commit), paths)
            files = {file.key: file for file in told}.values()  # the cache has what is the same once
        _refuse_full_disk(name, sum(file.size - bytes_there(name, file) for file in files))
        fetch_files(name, commit, [file for file in files if file.size <= MAX_HTTP_DOWNLOAD_SIZE], transfer)
    except (UserError, Stopped):
        raise
    except Exception as error:  # the network's many ways to fail, each with a type of its own
        raise (_refused(name, commit, error) or unfinished(name)) from error


def _fetched(name: str, revision: str | None, patterns: list[str], *, begun: bool = False) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import IncompleteSnapshotError

    try:
        folder = snapshot_download(
            name,
            revision=revision,
            cache_dir=cache(),
            allow_patterns=patterns,
            ignore_patterns=_OTHER_RUNTIMES,
            local_files_only=is_offline(),
            tqdm_class=_no_bar(),
        )
    except IncompleteSnapshotError as error:
        if begun:
            raise unfinished(name, next(iter(patterns))) from error
        return Path(error.snapshot_path)  # the gate knows which of the files it needs
    except Exception as error:  # the network's many ways to fail, each with a type of its own
        refused = _refused(name, revision, error)
        raise (refused or (unfinished(name) if begun else _unreachable(name, revision, error))) from error
    return Path(folder)


def _no_bar() -> Any:
    """A bar of huggingface_hub that is not shown: panels and terminals have one of ours."""
    from huggingface_hub.utils import tqdm

    class NoBar(tqdm):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **{**options, "disable": True})

    return NoBar


def _refused(name: str, revision: str | None, error: Exception) -> UserError | None:
    """What the Hub, or the disk, says no with; None of anything else."""
    from huggingface_hub.errors import (
        GatedRepoError,
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    if isinstance(error, GatedRepoError):
        return gated(name, error)
    if isinstance(error, RepositoryNotFoundError):
        return no_such_model(name, nearest_id(name, [*BUNDLED, *cached_names()]))
    if isinstance(error, RevisionNotFoundError):
        return UserError(f"{name} has no revision {revision}.", hint="Leave `--revision` out for the newest.")
    if isinstance(error, HFValidationError):
        return UserError(f"{name} can be no Hub id.", hint="It is written owner/name.")
    return _full(name) if isinstance(error, OSError) and error.errno in _NO_SPACE else None


def no_such_model(name: str, near: str | None) -> UserError:
    """The error for a name that the Hub does not know; `near` may have been meant."""
    hint = f"Did you mean {near}?" if near else "Check the spelling, or type `hf auth login`."
    return UserError(f"The Hub has no model {name}, or it is private.", hint=hint)


def gated(name: str, error: Any) -> UserError:
    """The error for a model, or a dataset, that the Hub gives only to people who accepted its terms."""
    if error.response.status_code == 403:  # it knows who asks
        return UserError(
            f"{name} is gated, and whoever is logged in here has not been given access.",
            hint="Ask for it on its page, or log in as somebody else: `hf auth login`.",
        )
    return UserError(
        f"{name} is gated: the Hub gives it to people who accepted its terms.",
        hint="Accept them on its page, then type `hf auth login`.",
    )


def _refuse_full_disk(name: str, needed: int) -> None:
    free = shutil.disk_usage(cache()).free
    if needed > free:
        raise _full(name, f": it takes {size(needed)}, and {size(free)} are free")


def _full(name: str, why: str = "") -> UserError:
    return UserError(
        f"The disk is full: {name} could not be fetched into {cache()}{why}.",
        hint="Make room there, or set HF_HUB_CACHE to a folder on another disk.",
    )


class UnfinishedError(UserError):
    """A model whose download was interrupted."""


def unfinished(name: str, file: str | None = None) -> UnfinishedError:
    """The error for a model whose download was interrupted."""
    what = f"The download of {name} is not finished" + (f": {file} is not there." if file else ".")
    if is_offline():
        return UnfinishedError(what, hint="Set HF_HUB_OFFLINE=0 and type the same again: it goes on where it ended.")
    return UnfinishedError(what, hint="Type the same again with a network: it goes on where it ended.")


def _unreachable(name: str, revision: str | None, error: Exception) -> UserError:
    where = f"{name}@{revision}" if revision else name
    if is_offline():
        return _not_cached(name, revision, where)
    what = type(error.__cause__ or error).__name__
    if "proxy" in f"{what} {error}".lower():
        return UserError(
            f"{where} is not in the local cache, and the proxy fails ({what}).",
            hint="Check HTTPS_PROXY and NO_PROXY, or give a folder or a bundled model such as minilm.",
        )
    return UserError(
        f"{where} is not in the local cache, and the Hub cannot be reached ({what}).",
        hint="Check the network, or give a folder or a bundled model such as minilm.",
    )


def _not_cached(name: str, revision: str | None, where: str) -> UserError:
    revisions = cached_revisions(name)
    if revision is not None and revisions:
        near = nearest(revision, revisions)
        known = f"Did you mean {near}?" if near else f"There is {', '.join(revisions[:6])}."
        return UserError(f"{where} is not in the local cache, and offline mode is on.", hint=known)
    near = nearest_of(name, cached_names())
    again = f"Did you mean {near}?" if near else "Go online once to fetch it, or give a folder."
    return UserError(f"{where} is not in the local cache, and offline mode is on.", hint=again)
