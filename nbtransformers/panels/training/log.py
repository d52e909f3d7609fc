"""The log of a worker, a piece at a time, as a page can show it."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from nbtransformers.plain_text import printable

MOST = 64 * 1024
"""Bytes of a piece."""

_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def piece(path: Path, offset: int | None) -> tuple[str, int, int]:
    """Some of the log, where in the file the next piece begins, and how long the file is, in bytes.

    Args:
        path: the log; it need not be there yet.
        offset: where the piece begins; None for the end of the log, from the beginning of a line.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            begin = max(0, size - MOST) if offset is None or offset > size else offset
            file.seek(begin)
            read = file.read(MOST)
    except FileNotFoundError:
        return "", 0, 0
    if offset is None and begin > 0:
        cut = read.find(b"\n") + 1
        read, begin = read[cut:], begin + cut
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(read)
    waiting = len(decoder.getstate()[0])  # bytes of a character that is not whole yet
    return readable(text), begin + len(read) - waiting, size


def readable(text: str) -> str:
    """What a terminal would show in the end: without colours, and of a line that was written over the last state.

    Example:
        >>> readable("\\x1b[31m10%\\r100%\\n done")
        '100%\\n done'
    """
    lines = _COLOURS.sub("", text).split("\n")
    return "\n".join(printable(_last_state(line)) for line in lines)


def _last_state(line: str) -> str:
    states = [state for state in line.split("\r") if state]
    return states[-1] if states else ""
