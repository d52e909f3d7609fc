"""What a file is by its name, and which file a mistyped name may mean."""

from __future__ import annotations

from pathlib import Path

from nbtransformers.errors import nearest

SUFFIXES = (".txt", ".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst")


def suffix_of(path: str) -> str | None:
    """What a file is by its name; None for what is not read here.

    Example:
        >>> suffix_of("reviews.CSV.gz"), suffix_of("photo.png")
        ('.csv', None)
    """
    name = path.casefold()
    for compressed in _COMPRESSED:
        name = name.removesuffix(compressed)
    return next((suffix for suffix in SUFFIXES if name.endswith(suffix)), None)


def is_file(path: str) -> bool:
    """Whether there is a file."""
    try:
        return Path(path).expanduser().is_file()
    except (OSError, ValueError, RuntimeError):  # such as a text that is too long for a name
        return False


def near_file(path: str) -> str | None:
    """The file of the same folder that a mistyped name may mean."""
    try:
        given = Path(path).expanduser()
        names = [child.name for child in given.parent.iterdir() if suffix_of(child.name) and child.is_file()]
        near = nearest(given.name, names)
        return None if near is None else str(Path(path).with_name(near))
    except (OSError, ValueError, RuntimeError):
        return None
