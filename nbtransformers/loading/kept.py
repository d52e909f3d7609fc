"""Folders that are made once in the cache: whole, or not there at all, whoever asks and whatever is killed."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from nbtransformers.errors import UserError
from nbtransformers.loading.cache import cache_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

_MARKER = "COMPLETE"
_LOCK_SECONDS = 300.0


def kept_folder(name: str, key: str, write: Callable[[Path], Mapping[str, str]], *, takes: str) -> Path:
    """The folder of a model that is made from something else, once; any number of processes may ask at once.

    A folder that a killed process left half-written, or that has lost a file, is made anew.

    Args:
        name: the model's name.
        key: stands for everything that it is made from; another key is another folder.
        write: fills an empty folder, and says what is to be noted of where it came from.
        takes: its size in words, for the message when there is no room.

    Raises:
        UserError: the cache cannot be written.
    """
    folder = place_of(name, key)
    if _is_complete(folder):
        return folder
    try:
        with _one_at_a_time(folder):
            if not _is_complete(folder):
                _make(folder, write)
    except OSError as error:
        raise UserError(
            f"The bundled model {name} cannot be written to {folder.parent}: {error.strerror or error}.",
            hint=f"It takes {takes}: free some space, or set XDG_CACHE_HOME to a folder that can be written.",
        ) from error
    return folder


def place_of(name: str, key: str) -> Path:
    """Where such a folder is kept, whether it is there or not."""
    return cache_folder("models", f"{name}-{key[:12]}")


def is_kept(name: str, key: str) -> bool:
    """Whether it has been made, and is whole."""
    return _is_complete(place_of(name, key))


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Generator[None]:
    """Hold the folder's lock; the system drops it with the process that holds it, so a killed one leaves none."""
    from filelock import FileLock

    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f"{folder.name}.lock"), timeout=_LOCK_SECONDS):
        yield


def _make(folder: Path, write: Callable[[Path], Mapping[str, str]]) -> None:
    """Make the folder anew beside its place, then put it there in one step. Call it with the lock held."""
    prefix = f".{folder.name}-"
    for left in folder.parent.glob(f"{prefix}*"):  # by a process that was killed here: nobody else holds the lock
        shutil.rmtree(left)
    if folder.exists():
        shutil.rmtree(folder)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=prefix, ignore_cleanup_errors=True) as parent:
        made = Path(parent, folder.name)
        made.mkdir()
        noted = write(made)
        sizes = {path.name: _flushed_size(path) for path in made.iterdir()}
        (made / _MARKER).write_text(json.dumps({**noted, "sizes": sizes}, indent=2) + "\n", encoding="utf-8")
        made.replace(folder)


def _flushed_size(path: Path) -> int:
    """The size of a file that is on the disk: a power cut could else keep the marker and lose the weights."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
    return path.stat().st_size


def _is_complete(folder: Path) -> bool:
    """Whether the marker, written last, is there and every file has the size that it tells."""
    try:
        sizes: dict[str, int] = json.loads((folder / _MARKER).read_text(encoding="utf-8"))["sizes"]
        return all((folder / file).stat().st_size == size for file, size in sizes.items())
    except (OSError, ValueError, KeyError):
        return False


# --- what it is made from ---


def check_pinned(path: Path, sha256: str, *, what: str, again: str) -> None:
    """See that a file is the expected one; a stamp in the cache remembers it, so that it is hashed once.

    Args:
        path: the file.
        sha256: what it must have.
        what: how messages call it, such as `The bundled encoder`.
        again: the hint when it is another.

    Raises:
        UserError: it cannot be read, or is not the expected one.
    """
    try:
        stat = path.stat()
        seen = f"{path}\n{stat.st_size}\n{stat.st_mtime_ns}\n{sha256}"
        stamp = cache_folder("checked", hashlib.sha256(seen.encode()).hexdigest()[:24])
        if _exists(stamp):
            return
        found = sha256_of(path)
    except OSError as error:
        raise UserError(f"{what} cannot be read: {path}: {error.strerror}.", hint=again) from error
    if found != sha256:
        told = f"sha256 {found[:12]}…, expected {sha256[:12]}…"
        raise UserError(f"{what} is not the expected one: {path} ({told}).", hint=again)
    # Without a stamp the next call only hashes again, so a cache that cannot be written is no error here.
    with contextlib.suppress(OSError):
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.touch()


def _exists(path: Path) -> bool:
    with contextlib.suppress(OSError):  # such as a cache that may not be looked into
        return path.exists()
    return False


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def package_folder(package: str) -> Path | None:
    """Where an installed package is; found, not imported, since importing it may bring in what nobody asked for."""
    spec = importlib.util.find_spec(package)
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None
