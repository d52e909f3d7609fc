"""Files of JSON lines that are only ever added to, read as they grow."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BLOCK = 1 << 22
"""Bytes that are read at once."""


@dataclass(slots=True)
class Lines:
    """The lines of a file that nobody has read yet.

    Attributes:
        path: the file; it need not be there yet.
        offset: bytes that were read, or that are passed over.
    """

    path: Path
    offset: int = 0

    def new(self) -> Iterator[list[bytes]]:
        """The whole lines that came since the last call, some thousand at once; one that is not whole yet waits.

        A file that has not grown is not opened: cheap enough to ask after every step.
        """
        try:
            if self.path.stat().st_size <= self.offset:
                return
            file = self.path.open("rb")
        except FileNotFoundError:
            return
        with file:
            file.seek(self.offset)
            rest = b""
            while read := file.read(BLOCK):
                read = rest + read
                end = read.rfind(b"\n") + 1
                rest = read[end:]
                self.offset += end
                yield read[:end].splitlines()


def from_the_end(path: Path) -> Iterator[list[bytes]]:
    """The whole lines of a file, the last first, some thousand at once, for who looks for the last of something.

    A file that is not there has none.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        at, ended, rest = file.seek(0, os.SEEK_END), False, b""
        while at:
            size = min(BLOCK, at)
            at -= size
            file.seek(at)
            read = file.read(size)
            if not ended:  # what is behind the last line end is not whole yet
                read = read[: read.rfind(b"\n") + 1]
                ended = bool(read)
            read += rest
            begin = read.find(b"\n") + 1 if at else 0  # before that, a line of which the beginning is not read yet
            rest = read[:begin]
            yield read[begin:].splitlines()[::-1]


def object_of(line: bytes) -> dict[str, Any] | None:
    """The JSON object of a line; None where it is none, or torn, since whoever wrote it was killed."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
