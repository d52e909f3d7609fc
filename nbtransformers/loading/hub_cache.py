"""The Hugging Face cache on this machine: where it is and what is in it, by a look at names alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

Kind = Literal["models", "datasets"]


def cached_names(kind: Kind = "models") -> list[str]:
    """The Hub ids of the models, or of the datasets, in the local cache, by a look at its folder names."""
    start = f"{kind}--"
    return sorted(entry.removeprefix(start).replace("--", "/") for entry in entries(cache()) if entry.startswith(start))


def cached_revisions(name: str) -> list[str]:
    """The branches and tags of a model that the local cache knows, then its commits, abbreviated."""
    folder = repository(name)
    named = sorted(str(path.relative_to(folder / "refs")) for path in folder.glob("refs/**/*") if path.is_file())
    return [*named, *sorted(commit[:7] for commit in entries(folder / "snapshots"))]


def repository(name: str, kind: Kind = "models") -> Path:
    """The folder of a model, or of a dataset, in the local cache, whether it is there or not."""
    return cache() / f"{kind}--{name.replace('/', '--')}"


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


def entries(folder: Path) -> list[str]:
    """The names in a folder; none where it is not there."""
    try:
        return [child.name for child in folder.iterdir()]
    except OSError:
        return []
