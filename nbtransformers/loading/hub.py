"""Hub ids to local folders: the normal Hugging Face cache, with or without a network."""

from __future__ import annotations

import os
from pathlib import Path

from nbtransformers.errors import UserError, nearest

_DESCRIPTION_FILES = ["*.json", "*.txt", "*.model", "*.jinja", "*.py"]
_WEIGHT_FILES = ["*.safetensors"]
_OTHER_RUNTIMES = ["onnx/*", "openvino/*", "coreml/*", "tf_model*", "flax_model*", "*.msgpack", "original/*"]


# What was found stays what it is for as long as Python runs: no question to the Hub at every call.
_found: dict[tuple[str, str | None, Path], Path] = {}


def hub_folder(name: str, revision: str | None = None) -> Path:
    """The local folder of a Hub model's snapshot, fetched when it is not in the cache.

    Asked again, it is the same snapshot until Python ends, even if the Hub has a newer one.

    Code files are fetched so that a model that wants to run them can be refused by name; nothing runs them.

    Raises:
        UserError: when it is neither in the cache nor to be had.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    where = f"{name}@{revision}" if revision else name
    key = (name, revision, _cache())
    if key in _found and _found[key].exists():
        return _found[key]
    try:
        folder = snapshot_download(
            name,
            revision=revision,
            allow_patterns=[*_DESCRIPTION_FILES, *_WEIGHT_FILES],
            ignore_patterns=_OTHER_RUNTIMES,
            local_files_only=is_offline(),
        )
    except GatedRepoError as error:
        raise UserError(
            f"{name} is gated: the Hub gives it to people who accepted its terms.",
            hint="Accept them on its page, then type `hf auth login`.",
        ) from error
    except RepositoryNotFoundError as error:
        raise UserError(
            f"The Hub has no model {name}, or it is private.", hint="Check the spelling, or type `hf auth login`."
        ) from error
    except RevisionNotFoundError as error:
        raise UserError(f"{name} has no revision {revision}.", hint="Leave `--revision` out for the newest.") from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise _unreachable(where, error) from error
    _found[key] = Path(folder)
    return _found[key]


def cached_names() -> list[str]:
    """The Hub ids of the models in the local cache, by a look at its folder names."""
    return sorted(
        entry.removeprefix("models--").replace("--", "/")
        for entry in _entries(_cache())
        if entry.startswith("models--")
    )


def is_offline() -> bool:
    """Whether the user has told Hugging Face libraries to stay off the network."""
    return any(
        os.environ.get(name, "").strip().upper() in {"1", "ON", "YES", "TRUE"}
        for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    )


def _unreachable(where: str, error: Exception) -> UserError:
    if is_offline():
        near = nearest(where, [name for name in cached_names() if name != where])
        again = f"Did you mean {near}?" if near else "Go online once to fetch it, or give a folder."
        return UserError(f"{where} is not in the local cache, and offline mode is on.", hint=again)
    if isinstance(error, OSError) and error.errno == 28:
        return UserError(f"The disk is full: {where} could not be fetched into {_cache()}.", hint="Make room there.")
    return UserError(
        f"{where} is not in the local cache, and the Hub cannot be reached ({type(error).__name__}).",
        hint="Check the network, or give a folder or a bundled model such as minilm.",
    )


def _cache() -> Path:
    # The cache's place, found as huggingface_hub finds it; importing that library takes too long for a look.
    home = Path(os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface")
    return Path(os.environ.get("HF_HUB_CACHE") or home / "hub").expanduser()


def _entries(folder: Path) -> list[str]:
    try:
        return [child.name for child in folder.iterdir()]
    except OSError:
        return []
