"""Results that went to a file as a small JSON header: where, how many, and the first rows; there is no payload."""

from __future__ import annotations

from typing import Any

from nbtransformers.panels.packing import sendable
from nbtransformers.results.stored import Stored

VERSION = 1


def stored_header(result: Stored) -> tuple[dict[str, Any], bytes]:
    """The header and the empty payload."""
    columns, rows = result.cells()
    header = {
        "version": VERSION,
        "kind": "stored",
        "title": sendable(result.path.name),
        "subtitle": sendable(result.summary),
        "rows": result.rows,
        "facts": [[name, sendable(value)] for name, value in result.facts()],
        "notes": list(map(sendable, result.notes)),
        "columns": list(map(sendable, columns)),
        "beginning": [list(map(sendable, row)) for row in rows],
        "more": sendable(result.more),
    }
    return header, b""
