"""Hub ids to local folders: the normal Hugging Face cache, with or without a network."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nbtransformers.errors import UserError, nearest
from nbtransformers.plain_text import size

_DESCRIPTIONS = ["*.json", "*.txt", "*.model", "*.jinja", "*.py", "*.tiktoken", "*.vocab"]
_OTHER_RUNTIMES = ["onnx/*", "openvino/*", "coreml/*", "tf_model*", "flax_model*", "*.msgpack", "original/*"]
_ABBREVIATED = re.compile(r"[0-9a-f]{7,39}")
# Of a layer that sentence-transformers puts behind the model.
_OF_LAYER = re.compile(r"[0-9]+_\w+/model\.safetensors")
_NO_SPACE = {27, 28, 122}  # file too large, no space left, quota exceeded


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


def hub_snapshot(name: str, revision: str | None = None, *, weights: bool = True, pickles: bool = False) -> Snapshot:
    """A Hub model in the cache, at one commit; what is not there yet is fetched.

    Asked again, it is the same commit until Python ends, even if the Hub has a newer one. Code files are fetched so
    that they can be named and read; nothing here runs them.

    Args:
        name: its id.
        revision: a branch, a tag or a commit, in full or abbreviated; None is the main branch.
        weights: whether its weights are needed too.
        pickles: whether pickled weights will do where there are no safetensors.

    Raises:
        UserError: when it is neither in the cache nor to be had.
    """
    key = (name, revision, cache())
    found = _found.get(key)
    if found is None or not found.folder.exists():
        found = _found[key] = _described(name, revision)
    wanted = _weight_files(found, pickles) if weights else []
    if any(not (found.folder / file).exists() for file in wanted):
        _refuse_full_disk(name, [found.sizes.get(file, 0) for file in wanted if not (found.folder / file).exists()])
        _fetched(name, found.commit, wanted, begun=True)
    return found


def cached_names() -> list[str]:
    """The Hub ids of the models in the local cache, by a look at its folder names."""
    return _cached("models")


def cached_datasets() -> list[str]:
    """The Hub ids of the datasets in the local cache, likewise."""
    return _cached("datasets")


def _cached(kind: str) -> list[str]:
    start = f"{kind}--"
    return sorted(
        entry.removeprefix(start).replace("--", "/") for entry in _entries(cache()) if entry.startswith(start)
    )


def cached_revisions(name: str) -> list[str]:
    """The branches and tags of a model that the local cache knows, then its commits, abbreviated."""
    folder = repository(name)
    named = sorted(str(path.relative_to(folder / "refs")) for path in folder.glob("refs/**/*") if path.is_file())
    return [*named, *sorted(commit[:7] for commit in _entries(folder / "snapshots"))]


def repository(name: str) -> Path:
    """The folder of a model in the local cache, whether it is there or not."""
    return cache() / f"models--{name.replace('/', '--')}"


def is_offline() -> bool:
    """Whether the user has told Hugging Face libraries to stay off the network."""
    return any(
        os.environ.get(name, "").strip().upper() in {"1", "ON", "YES", "TRUE"}
        for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    )


def cache() -> Path:
    """The Hugging Face cache's place, found as huggingface_hub finds it; importing that takes too long for a look."""
    home = Path(os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface")
    return Path(os.environ.get("HF_HUB_CACHE") or home / "hub").expanduser()


# --- fetching ---


def _described(name: str, revision: str | None) -> Snapshot:
    asked = _in_full(name, revision)
    folder = _fetched(name, asked, _DESCRIPTIONS)
    return Snapshot(folder, folder.name, _sizes(name, folder.name))


def _in_full(name: str, revision: str | None) -> str | None:
    """A commit that is abbreviated, as results show it, in full."""
    if revision is None or not _ABBREVIATED.fullmatch(revision):
        return revision
    known = [commit for commit in _entries(repository(name) / "snapshots") if commit.startswith(revision)]
    return known[0] if len(known) == 1 else revision


def _sizes(name: str, commit: str) -> Mapping[str, int]:
    from huggingface_hub import get_cached_repo_tree
    from huggingface_hub.errors import CachedRepoTreeNotFoundError

    try:
        return {file.path: file.size for file in get_cached_repo_tree(name, revision=commit, cache_dir=cache())}
    except (CachedRepoTreeNotFoundError, OSError, ValueError):  # fetched by an older library, or a torn file
        return {}


def _weight_files(snapshot: Snapshot, pickles: bool) -> list[str]:
    """The files that hold the weights; some repositories have them several times, in several formats."""
    top = [name for name in snapshot.sizes if "/" not in name]
    safe = [name for name in top if name.endswith(".safetensors")]
    if safe:
        layers = [name for name in snapshot.sizes if _OF_LAYER.fullmatch(name)]
        return [*([name for name in safe if name.startswith("model")] or safe), *layers]
    return [name for name in top if name.endswith((".bin", ".pt", ".pth"))] if pickles else []


def _fetched(name: str, revision: str | None, patterns: list[str], *, begun: bool = False) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HFValidationError,
        IncompleteSnapshotError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        folder = snapshot_download(
            name,
            revision=revision,
            cache_dir=cache(),
            allow_patterns=patterns,
            ignore_patterns=_OTHER_RUNTIMES,
            local_files_only=is_offline(),
        )
    except GatedRepoError as error:
        raise UserError(
            f"{name} is gated: the Hub gives it to people who accepted its terms.",
            hint="Accept them on its page, then type `hf auth login`.",
        ) from error
    except RepositoryNotFoundError as error:
        near = nearest(name, cached_names())
        raise UserError(
            f"The Hub has no model {name}, or it is private.",
            hint=f"Did you mean {near}?" if near else "Check the spelling, or type `hf auth login`.",
        ) from error
    except RevisionNotFoundError as error:
        raise UserError(f"{name} has no revision {revision}.", hint="Leave `--revision` out for the newest.") from error
    except HFValidationError as error:
        raise UserError(f"{name} can be no Hub id.", hint="It is written owner/name.") from error
    except IncompleteSnapshotError as error:
        if begun:
            raise unfinished(name, next(iter(patterns))) from error
        return Path(error.snapshot_path)  # the gate knows which of the files it needs
    except Exception as error:  # the network's many ways to fail, each with a type of its own
        if isinstance(error, OSError) and error.errno in _NO_SPACE:
            raise _full(name) from error
        raise (unfinished(name) if begun else _unreachable(name, revision, error)) from error
    return Path(folder)


def _refuse_full_disk(name: str, missing: Iterable[int]) -> None:
    needed, place = sum(missing), cache()
    free = shutil.disk_usage(place).free
    if needed > free and not is_offline():
        raise _full(name, f": it takes {size(needed)}, and {size(free)} are free")


def _full(name: str, why: str = "") -> UserError:
    return UserError(
        f"The disk is full: {name} could not be fetched into {cache()}{why}.",
        hint="Make room there, or set HF_HUB_CACHE to a folder on another disk.",
    )


def unfinished(name: str, file: str | None = None) -> UserError:
    """The error for a model whose download was interrupted."""
    what = f"The download of {name} is not finished" + (f": {file} is not there." if file else ".")
    if is_offline():
        return UserError(what, hint="Set HF_HUB_OFFLINE=0 and type the same again: it goes on where it ended.")
    return UserError(what, hint="Type the same again with a network: it goes on where it ended.")


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
    near = nearest(name, [known for known in cached_names() if known != name])
    again = f"Did you mean {near}?" if near else "Go online once to fetch it, or give a folder."
    return UserError(f"{where} is not in the local cache, and offline mode is on.", hint=again)


def _entries(folder: Path) -> list[str]:
    try:
        return [child.name for child in folder.iterdir()]
    except OSError:
        return []
