"""Large files of the Hub into the cache: what came before an interrupt, a cut or a crash is kept and gone on with.

huggingface_hub throws half a file away whatever ends its download, and does not compare what came with the hash that
the Hub tells. So each file is fetched here, beside its place in the cache and under huggingface_hub's own lock, and
moved there once it is whole and the right one; huggingface_hub then finds it. Several files, and pieces of one, come
side by side: a line gives one connection only a part of what it has.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.interrupt import Stop
from nbtransformers.loading.fragments import Digest, Piece, fragment_path, fragments, put_together, to_come
from nbtransformers.loading.hub_api import LIBRARY, PATIENCE, UnreachableError, was_cut, why_unreachable
from nbtransformers.loading.hub_cache import cache, repository

_ATTEMPTS = 5  # in a row that bring nothing
_CHUNK = 2**18  # of it at most is lost in a cut
_STREAMS = 8  # at a time; huggingface_hub fetches so many files
_LEAST_PIECE = 2**25
_LOOK = 0.1  # seconds between two looks at how far it is
_SHA256, _SHA1 = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{40}")
OnBytes = Callable[[int, int], None]
"""Told how many bytes of all files are here, of how many, some times a second; in the thread that waits for them."""


@dataclass(frozen=True, slots=True)
class LargeFile:
    """A file of a repository at a commit.

    Attributes:
        path: in the repository.
        size: its bytes.
        key: by which the cache knows it: its SHA-256, or of a small file the SHA-1 that git gives it. A mirror of the
            Hub may have another, which says nothing of its bytes.
    """

    path: str
    size: int
    key: str

    @property
    def hash_name(self) -> str | None:
        """Which hash of its bytes the key is; None where it is none."""
        return "SHA-256" if _SHA256.fullmatch(self.key) else "SHA-1" if _SHA1.fullmatch(self.key) else None

    def digests(self) -> list[Digest]:
        """What works out the hashes that the key may be: git's has the length before the bytes, a mirror's has not."""
        if self.hash_name == "SHA-256":
            return [hashlib.sha256()]
        begun = (b"blob %d\0" % self.size, b"") if self.hash_name else ()
        return [hashlib.sha1(first, usedforsecurity=False) for first in begun]


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
        stop: asked some times a second whether to end.
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
    return LargeFile(path, told.size, told.etag)


def fetch_files(name: str, commit: str, files: Sequence[LargeFile], transfer: Transfer) -> None:
    """Have files of a model in the cache's store; those that are there are left as they are.

    Args:
        name: the model's id.
        commit: at which commit.
        files: which files, each key once.
        transfer: who follows it.

    Raises:
        Stopped: when `transfer.stop` says so.
        UserError: when a file arrives damaged, or the network fails again and again.
        OSError: when the disk is full.
    """
    total = sum(file.size for file in files)
    tally = _Tally(transfer.fetched, here=sum(bytes_there(name, file) for file in files))
    with ThreadPoolExecutor(_STREAMS) as streams, ThreadPoolExecutor(_STREAMS) as at_work:
        work = [at_work.submit(_Download(name, commit, file, tally, streams).run) for file in files]
        try:
            while wait(work, _LOOK, FIRST_EXCEPTION).not_done and not transfer.stop() and not _failure(work):
                transfer.on_bytes(tally.here, total)
        finally:  # also of a second Ctrl-C; once all is done it changes nothing
            tally.ended.set()
    failure = _failure(work)
    if failure is not None:
        raise failure
    transfer.on_bytes(total, total)


def bytes_there(name: str, file: LargeFile) -> int:
    """Bytes of a file that are here: all, or what an earlier download has left."""
    place = _place(name, file)
    return file.size if place.exists() else sum(one.nbytes for one in fragments(place, file.size)[0])


def _place(name: str, file: LargeFile) -> Path:
    return repository(name) / "blobs" / file.key


def _failure(work: Sequence[Future[None]]) -> BaseException | None:
    """What ended some of the work; that it was told to stop is the least of reasons."""
    errors = [error for one in work if one.done() and (error := one.exception()) is not None]
    return min(errors, key=lambda error: isinstance(error, Stopped), default=None)


@dataclass(slots=True)
class _Tally:
    """What all threads have done so far, counted together.

    Attributes:
        fetched: for whoever asked.
        here: bytes of all files that are here.
        ended: whether the threads are to end.
    """

    fetched: Fetched
    here: int = 0
    ended: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, here: int, *, new: int = 0, kept: int = 0, removed: int = 0) -> None:
        """Add to each number."""
        with self._lock:
            self.here += here
            self.fetched.new += new
            self.fetched.kept += kept
            self.fetched.removed += removed


class _NoRangesError(Exception):
    """Whoever answers sends the whole file to whoever asks for a range of it."""


@dataclass(slots=True)
class _Download:
    """One file on its way.

    Attributes:
        kept: of each fragment that an earlier download has left, where it begins and its bytes, until it is dropped.
    """

    name: str
    commit: str
    file: LargeFile
    tally: _Tally
    streams: ThreadPoolExecutor
    kept: dict[int, int] = field(default_factory=dict[int, int])

    @property
    def place(self) -> Path:
        return _place(self.name, self.file)

    def run(self) -> None:
        """Fetch it, unless it is there."""
        with _only_one(self.place, self.name, self.tally.ended.is_set):
            if self.place.exists():
                return
            self.place.parent.mkdir(parents=True, exist_ok=True)
            self._adopt()
            right = self._bring()
            if self.kept and not right:  # the older half may be at fault: once more, from the beginning
                self._drop()
                right = self._bring()
            if not right:
                self._drop()
                raise UserError(
                    f"{self.file.path} of {self.name} arrived damaged, and was removed: "
                    f"its {self.file.hash_name} is not the one that the Hub tells.",
                    hint="Type the same again; if it stays so, a proxy between here and the Hub changes what it sends.",
                )
            fragment_path(self.place, 0).replace(self.place)

    def _adopt(self) -> None:
        """Keep what an earlier download has left; what is of no use is removed."""
        useful, useless = fragments(self.place, self.file.size)
        for one in useless:
            self.tally.count(0, removed=one.nbytes)
            one.path.unlink()
        for one in useful:
            one.path.replace(fragment_path(self.place, one.start))
            if one.nbytes:
                self.kept[one.start] = one.nbytes
                self.tally.count(0, kept=one.nbytes)

    def _drop(self) -> None:
        """Remove all that came of it."""
        for one in chain(*fragments(self.place, self.file.size)):
            self._dropped(one.start, one.nbytes)
            one.path.unlink()

    def _dropped(self, start: int, nbytes: int) -> None:
        """Count a fragment as gone, and what was kept of it as of no use."""
        kept = self.kept.pop(start, 0)
        self.tally.count(-nbytes, kept=-kept, removed=kept)

    def _bring(self) -> bool:
        """Fetch all that is missing; whether its bytes are those that the Hub tells."""
        fragment_path(self.place, 0).touch()
        here, _ = fragments(self.place, self.file.size)
        try:
            self._side_by_side(to_come(here, self.file.size, _LEAST_PIECE))
        except _NoRangesError:
            self._drop()
            self._side_by_side([Piece(0, self.file.size)])
        digests = self.file.digests()
        if not put_together(self.place, self.file.size, self.tally.ended.is_set, digests):
            raise Stopped
        return not digests or self.file.key in {digest.hexdigest() for digest in digests}

    def _side_by_side(self, pieces: Sequence[Piece]) -> None:
        work = [self.streams.submit(self._fetch, piece) for piece in pieces]
        wait(work, return_when=FIRST_EXCEPTION)
        failure = _failure(work)
        if failure is not None and not isinstance(failure, _NoRangesError):
            self.tally.ended.set()
        wait(work)
        failure = _failure(work)
        if failure is not None:
            raise failure

    def _fetch(self, piece: Piece) -> None:
        """Bring a fragment to its full length; a connection that is cut is opened again where it ended."""
        failed = 0
        with fragment_path(self.place, piece.start).open("ab") as part:
            while piece.start + part.tell() < piece.stop:
                self._wait(1.0 if failed else 0.0)
                before, error = part.tell(), None
                try:
                    self._stream(part, piece)
                except Exception as raised:  # of the network, each with a type of its own
                    if not _may_pass(raised):
                        raise
                    error = raised
                failed = failed + 1 if part.tell() == before else 0
                if failed == _ATTEMPTS:
                    raise self._unfinished(error or EOFError("nothing came")) from error

    def _stream(self, part: Any, piece: Piece) -> None:
        from huggingface_hub import hf_hub_url
        from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

        start, is_last = piece.start + part.tell(), piece.stop == self.file.size
        headers = {**build_hf_headers(library_name=LIBRARY), "Accept-Encoding": "identity"}
        if start or not is_last:
            headers["Range"] = f"bytes={start}-" + ("" if is_last else str(piece.stop - 1))
        address = hf_hub_url(self.name, self.file.path, revision=self.commit)
        with get_session().stream("GET", address, headers=headers, timeout=PATIENCE) as response:
            hf_raise_for_status(response)
            self._check_answer(response, start)
            if "Range" in headers and response.status_code == 200:
                if piece != Piece(0, self.file.size):
                    raise _NoRangesError
                self._empty(part, piece)
            for chunk in response.iter_bytes(_CHUNK):
                part.write(chunk)
                self.tally.count(len(chunk), new=len(chunk))
                self._wait(0.0)
        if piece.start + part.tell() > piece.stop:
            self._empty(part, piece)

    def _check_answer(self, response: Any, start: int) -> None:
        """Whether it is of this file: a page to log into a network is 200 too, and must cost nothing that is here.

        Raises:
            UserError: when it is not.
        """
        headers = response.headers
        if response.status_code == 206:
            begins, _, whole = headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
            is_ours = begins.partition("-")[0] == str(start) and whole in ("*", str(self.file.size))
        elif "Content-Encoding" in headers:  # its length is not that of the file
            is_ours = True
        else:
            is_page = headers.get("Content-Type", "").startswith("text/html")
            length = headers.get("Content-Length")
            is_ours = not is_page if length is None else length == str(self.file.size)
        if not is_ours:
            raise self._unfinished(UnreachableError("what answers is not the Hub, but perhaps a proxy"))

    def _empty(self, part: Any, piece: Piece) -> None:
        self._dropped(piece.start, part.tell())
        part.seek(0)
        part.truncate()

    def _wait(self, seconds: float) -> None:
        """So long, unless it is to end."""
        if self.tally.ended.wait(seconds):
            raise Stopped

    def _unfinished(self, error: Exception) -> UserError:
        return UserError(
            f"The download of {self.name} is not finished: {why_unreachable(error)}.",
            hint="Type the same again with a network: it goes on where it ended.",
        )


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
