"""What was read of each repository in the Hugging Face cache, kept until one of its folders changes.

A list is drawn anew at every word that is typed, and a cache of some hundred models takes a second to read. Whoever
downloads or deletes changes a folder of the repository; a file that only grows does not, and what is on its way is for
that reason read each time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from nbtransformers.loading.hub_cache import Kind, cached_names, entries, repository

T = TypeVar("T")
_SETTLED_NS = 2 * 10**9  # a folder may change twice in one tick of a file system's clock
_FOLDERS = ("", "refs", "refs/main", "snapshots", "blobs", "trees")


@dataclass(frozen=True, slots=True)
class CachedRepository:
    """A model or a dataset in the cache, at the commit that `main` is here, else at the newest.

    Attributes:
        name: its id on the Hub.
        path: its folder in the cache.
        snapshot: where its files at that commit are.
    """

    name: str
    path: Path
    snapshot: Path

    @property
    def commit(self) -> str:
        """The commit, 40 hexadecimal digits."""
        return self.snapshot.name


@dataclass(frozen=True, slots=True)
class _Read(Generic[T]):
    """What was read of a repository, and how its folders were."""

    snapshot: Path
    stamp: tuple[int, ...]
    value: T | None


class CacheScan(Generic[T]):
    """The repositories of a kind in the cache, as they are read; it is asked again and again, from any thread.

    Args:
        kind: of which kind.
        read: a repository to what is wanted of it; None leaves it out.
        is_settled: whether that stays so until a folder changes.

    Example:
        >>> scan = CacheScan("models", lambda repository: repository.name, lambda name: True)
        >>> list(scan.all())
        ['acme/tiny']
    """

    def __init__(
        self, kind: Kind, read: Callable[[CachedRepository], T | None], is_settled: Callable[[T], bool]
    ) -> None:
        self._kind: Kind = kind
        self._reads, self._is_settled = read, is_settled
        self._kept: dict[Path, _Read[T]] = {}

    def all(self) -> Iterator[T]:
        """Each repository that is wanted, by name; one that is damaged is left out."""
        paths = {name: repository(name, self._kind) for name in cached_names(self._kind)}
        self._kept = {path: self._kept[path] for path in paths.values() if path in self._kept}
        for name in sorted(paths, key=str.casefold):
            found = None
            with suppress(OSError):
                found = self._found(name, paths[name])
            if found is not None and found.value is not None:
                yield found.value

    def _found(self, name: str, path: Path) -> _Read[T] | None:
        known = self._kept.get(path)
        if known is not None and known.stamp == _stamp(path, known.snapshot):
            return known
        snapshot = _snapshot(path)
        if snapshot is None:
            return None
        stamp = _stamp(path, snapshot)  # before it is read: what changes meanwhile is seen the next time
        is_old = max(stamp) < time.time_ns() - _SETTLED_NS
        value = self._reads(CachedRepository(name, path, snapshot))
        found = _Read(snapshot, stamp, value)
        if is_old and (value is None or self._is_settled(value)):
            self._kept[path] = found
        return found


def _stamp(path: Path, snapshot: Path) -> tuple[int, ...]:
    """When each folder of a repository, and the file that says where `main` is, was changed; 0 is not there."""
    return tuple(_changed(place) for place in (*(path / name for name in _FOLDERS), snapshot))


def _changed(place: Path) -> int:
    try:
        return place.stat().st_mtime_ns
    except OSError:
        return 0


def _snapshot(path: Path) -> Path | None:
    """The files at the commit that `main` is here, else at the one that came last; None where there are none."""
    folder = path / "snapshots"
    commits = [commit for commit in entries(folder) if (folder / commit).is_dir()]
    with suppress(OSError, ValueError):
        main = (path / "refs" / "main").read_text(encoding="utf-8").strip()
        if main in commits:
            return folder / main
    return max((folder / commit for commit in commits), key=_changed, default=None)
