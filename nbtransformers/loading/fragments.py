"""What has come of a large file: fragments beside its place in the cache, each named by where in the file it begins.

A fragment grows at its end alone: its length tells how much of it is here, whatever it was that ended the process.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Protocol

_BEGINS = re.compile(r"\.from-(\d+)\.incomplete")
_READ = 2**20


@dataclass(frozen=True, slots=True)
class Fragment:
    """Bytes of a file that are here.

    Attributes:
        path: where they are.
        start: the first of them in the whole file.
        nbytes: how many.
    """

    path: Path
    start: int
    nbytes: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of a file that are to come.

    Attributes:
        start: the first of the fragment that they are added to.
        stop: the first byte that is no longer of this piece.
    """

    start: int
    stop: int


def fragment_path(place: Path, start: int) -> Path:
    """Where a fragment is kept; the first one has the name that huggingface_hub gave to half a file."""
    return place.with_name(f"{place.name}.from-{start}.incomplete" if start else f"{place.name}.incomplete")


def fragments(place: Path, size: int) -> tuple[list[Fragment], list[Fragment]]:
    """What there is of a file: the fragments that can be gone on with, in order, and those of no use.

    huggingface_hub leaves some, too, when it is killed: from the beginning, with eight digits more in their names.
    Another process may be at work on them: one that goes meanwhile is not there.

    Args:
        place: where the whole file is to be.
        size: its bytes.
    """
    paths = place.parent.glob(f"{place.name}*.incomplete")
    found: list[Fragment] = []
    for path in paths:
        with suppress(FileNotFoundError):
            found.append(Fragment(path, _start(path), path.stat().st_size))
    useful: list[Fragment] = []
    useless: list[Fragment] = []
    reached = 0
    for one in sorted(found, key=lambda one: (one.start, -one.nbytes)):
        holds_some = one.nbytes > 0 or one.start == 0
        if holds_some and reached <= one.start and one.start + one.nbytes <= size:
            useful.append(one)
            reached = one.start + one.nbytes
        else:
            useless.append(one)
    return useful, useless


def on_their_way(folder: Path, largest: int) -> int:
    """Bytes that there are of all files on their way into a folder.

    Args:
        folder: where the whole files are to be.
        largest: bytes of the largest of them.
    """
    names = {path.name.partition(".")[0] for path in folder.glob("*.incomplete")}
    return sum(one.nbytes for name in names for one in fragments(folder / name, largest)[0])


def to_come(here: Sequence[Fragment], size: int, least: int) -> list[Piece]:
    """What is missing of a file, in pieces of `least` bytes and more that can be fetched side by side.

    Args:
        here: the fragments of it, in order.
        size: its bytes.
        least: bytes below which no piece is worth a request of its own.

    Example:
        >>> to_come([Fragment(Path("a"), 0, 10)], 50, least=20)
        [Piece(start=0, stop=30), Piece(start=30, stop=50)]
    """
    lengths = {0: 0} | {one.start: one.nbytes for one in here}
    pieces: list[Piece] = []
    for start, following in pairwise([*lengths, size]):
        begins = start + lengths[start]
        missing = following - begins
        if missing:
            step = ceil(missing / max(1, missing // least))
            stops = [*range(begins + step, following, step), following]
            # The first piece goes on with what is here.
            pieces += map(Piece, [start, *stops[:-1]], stops)
    return pieces


class Digest(Protocol):
    """What works out a hash, as those of hashlib do."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes in."""
        ...

    def hexdigest(self) -> str:
        """The hash of all that was taken in."""
        ...


def put_together(place: Path, size: int, stop: Callable[[], bool], digests: Sequence[Digest]) -> bool:
    """Put all fragments of a file behind the first one; whether that was done, and not ended by `stop`.

    What ends it midway does no harm: a fragment is removed once it is a part of the first. A stop waits for the end of
    one, since half of it behind the first would make the rest of no use.

    Args:
        place: where the whole file is to be.
        size: its bytes.
        stop: asked often whether to end.
        digests: take in the whole file.
    """
    first, *others = fragments(place, size)[0]
    with first.path.open("r+b") as whole:
        while read := whole.read(_READ):
            if stop():
                return False
            _take_in(digests, read)
        for other in others:
            if stop():
                return False
            with other.path.open("rb") as opened:
                while read := opened.read(_READ):
                    _take_in(digests, read)
                    whole.write(read)
            whole.flush()
            other.path.unlink()
    return True


def _take_in(digests: Sequence[Digest], read: bytes) -> None:
    for digest in digests:
        digest.update(read)


def _start(path: Path) -> int:
    found = _BEGINS.search(path.name)
    return int(found[1]) if found else 0
