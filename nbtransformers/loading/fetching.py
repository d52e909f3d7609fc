"""Large files of the Hub into the cache: what came before an interrupt, a cut or a crash is kept and gone on with.

huggingface_hub throws half a file away whatever ends its download, and does not compare what came with the SHA-256 that
the Hub tells. So each file is fetched here, beside its place in the cache and under huggingface_hub's own lock, and
moved there once it is whole and the right one; huggingface_hub then finds it.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.interrupt import Stop
from nbtransformers.loading.hub_api import LIBRARY, PATIENCE, was_cut, why_unreachable
from nbtransformers.loading.hub_cache import cache, repository

_ATTEMPTS = 5  # in a row that bring nothing
_CHUNK = 2**18  # of it at most is lost in a cut
_SHA256 = re.compile(r"[0-9a-f]{64}")
OnBytes = Callable[[int, int], None]
"""Told how many bytes of all files are here, of how many, each time that there are more."""


@dataclass(frozen=True, slots=True)
class LargeFile:
    """A file of a repository at a commit.

    Attributes:
        path: in the repository.
        size: its bytes.
        key: by which the cache knows it: its SHA-256, or that of a small file the hash that git gives it.
        sha256: what its bytes must have; None of a small file.
    """

    path: str
    size: int
    key: str
    sha256: str | None


@dataclass(slots=True)
class Fetched:
    """What fetching did.

    Attributes:
        new: bytes that came now.
        kept: bytes that an earlier download had left, and that were gone on with.
        removed: bytes of earlier downloads that were of no use.
    """

    new: int = 0
    kept: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class Transfer:
    """Who follows a download, and may end it.

    Attributes:
        on_bytes: told how far it is.
        stop: asked between two pieces whether to end.
        fetched: what was done, kept here also when it ends early.
    """

    on_bytes: OnBytes = lambda done, total: None
    stop: Stop = lambda: False
    fetched: Fetched = field(default_factory=Fetched)


class Stopped(Exception):  # noqa: N818
    """The user asked to stop; what came is kept."""


def file_told(name: str, commit: str, path: str) -> LargeFile:
    """A file of a model at a commit, as the Hub tells of it.

    Raises:
        Exception: when there is no answer; of httpx and of huggingface_hub.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    told = get_hf_file_metadata(hf_hub_url(name, path, revision=commit), timeout=PATIENCE, library_name=LIBRARY)
    if told.etag is None or told.size is None:
        raise ValueError(f"the Hub does not tell what {path} is")
    return LargeFile(path, told.size, told.etag, told.etag if _SHA256.fullmatch(told.etag) else None)


def fetch_files(name: str, commit: str, files: Sequence[LargeFile], transfer: Transfer) -> None:
    """Have files of a model in the cache's store; those that are there are left as they are.

    Args:
        name: the model's id.
        commit: at which commit.
        files: which files.
        transfer: who follows it.

    Raises:
        Stopped: when `transfer.stop` says so.
        UserError: when a file arrives damaged, or the network fails again and again.
        OSError: when the disk is full.
    """
    before, total = 0, sum(file.size for file in files)
    for file in files:
        _Download(name, commit, file, transfer, before, total).run()
        before += file.size
        transfer.on_bytes(before, total)


def bytes_there(name: str, file: LargeFile) -> int:
    """Bytes of a file that are here: all, or what an earlier download has left."""
    place = _place(name, file)
    found = [place] if place.exists() else list(place.parent.glob(f"{file.key}*.incomplete"))
    return max((min(path.stat().st_size, file.size) for path in found), default=0)


def _place(name: str, file: LargeFile) -> Path:
    return repository(name) / "blobs" / file.key


@dataclass(slots=True)
class _Download:
    """One file on its way."""

    name: str
    commit: str
    file: LargeFile
    transfer: Transfer
    before: int  # bytes of other files
    total: int

    @property
    def place(self) -> Path:
        return _place(self.name, self.file)

    @property
    def fetched(self) -> Fetched:
        return self.transfer.fetched

    @property
    def part(self) -> Path:
        return self.place.with_name(f"{self.file.key}.incomplete")

    def run(self) -> None:
        """Fetch it, unless it is there."""
        with _only_one(self.place, self.name, self.transfer.stop):
            if self.place.exists():
                return
            self.part.parent.mkdir(parents=True, exist_ok=True)
            kept = self._adopt()
            self.fetched.kept += kept
            self._fetch()
            right = self._is_right()
            if kept and not right:  # the older half may be at fault: once more, from the beginning
                self.fetched.kept, self.fetched.removed = self.fetched.kept - kept, self.fetched.removed + kept
                self.part.unlink()
                self._fetch()
                right = self._is_right()
            if not right:
                self.part.unlink()
                raise UserError(
                    f"{self.file.path} of {self.name} arrived damaged, and was removed: "
                    "its SHA-256 is not the one that the Hub tells.",
                    hint="Type the same again; if it stays so, a proxy between here and the Hub changes what it sends.",
                )
            self.part.replace(self.place)

    def _adopt(self) -> int:
        """Bytes that an earlier download has left; the longest part is gone on with, others are removed.

        huggingface_hub leaves some too when it is killed, with eight digits more in their names.
        """
        found = sorted(self.place.parent.glob(f"{self.file.key}*.incomplete"), key=lambda path: path.stat().st_size)
        usable = [path for path in found if 0 < path.stat().st_size <= self.file.size]
        longest = usable[-1] if usable else None
        for path in found:
            if path != longest:
                self.fetched.removed += path.stat().st_size
                path.unlink()
        if longest is None:
            return 0
        longest.replace(self.part)
        return self.part.stat().st_size

    def _fetch(self) -> None:
        """Bring the part to its full length; a connection that is cut is opened again where it ended."""
        failed = 0
        with self.part.open("ab") as part:
            while part.tell() < self.file.size:
                before, error = part.tell(), None
                try:
                    self._stream(part)
                except Exception as raised:  # of the network, each with a type of its own
                    if not _may_pass(raised):
                        raise
                    error = raised
                failed = failed + 1 if part.tell() == before else 0
                if failed == _ATTEMPTS:
                    raise self._unfinished(error or EOFError("nothing came")) from error
                self._wait(failed)

    def _stream(self, part: Any) -> None:
        from huggingface_hub import hf_hub_url
        from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

        start = part.tell()
        headers = {**build_hf_headers(library_name=LIBRARY), "Accept-Encoding": "identity"}
        headers |= {"Range": f"bytes={start}-"} if start else {}
        address = hf_hub_url(self.name, self.file.path, revision=self.commit)
        with get_session().stream("GET", address, headers=headers, timeout=PATIENCE) as response:
            hf_raise_for_status(response)
            if start and response.status_code == 200:  # whoever answers knows no ranges
                _empty(part)
            for chunk in response.iter_bytes(_CHUNK):
                part.write(chunk)
                self.fetched.new += len(chunk)
                self.transfer.on_bytes(self.before + part.tell(), self.total)
                if self.transfer.stop():
                    raise Stopped
        if part.tell() > self.file.size:
            _empty(part)

    def _is_right(self) -> bool:
        """Whether its bytes are those that the Hub tells."""
        if self.file.sha256 is None:
            return True
        with self.part.open("rb") as part:
            return hashlib.file_digest(part, "sha256").hexdigest() == self.file.sha256

    def _wait(self, failed: int) -> None:
        """A second, where nothing came."""
        until = time.monotonic() + (1.0 if failed else 0.0)
        while True:
            if self.transfer.stop():
                raise Stopped
            if time.monotonic() >= until:
                return
            time.sleep(0.1)

    def _unfinished(self, error: Exception) -> UserError:
        return UserError(
            f"The download of {self.name} is not finished: {why_unreachable(error)}.",
            hint="Type the same again with a network: it goes on where it ended.",
        )


def _empty(part: Any) -> None:
    part.seek(0)
    part.truncate()


def _may_pass(error: Exception) -> bool:
    """Whether it may go better the next time: no network, a cut, a Hub that is busy."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is not None:
        return status >= 500 or status in (408, 429)
    return was_cut(error) or type(error).__name__ in ("ConnectError", "ConnectTimeout", "PoolTimeout", "WriteError")


@contextmanager
def _only_one(place: Path, name: str, stop: Stop) -> Generator[None]:
    """Hold the lock by which huggingface_hub, too, keeps others from fetching the same file."""
    from filelock import FileLock, Timeout

    path = cache() / ".locks" / repository(name).name / f"{place.name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    while not lock.is_locked:
        if stop():
            raise Stopped
        with suppress(Timeout):
            lock.acquire(timeout=0.5)
    try:
        yield
    finally:
        lock.release()
