"""The workbench on the wire: what can be filled in as the header; how things stand in `{type: "workbench"}` messages.

A message, as the answer to `state`, is the whole of how things stand: what is at work, the panel that is shown below,
and the history. `tests/golden/workbench.json` holds both sides to it.
"""

from __future__ import annotations

from typing import Any

from nbtransformers.panels.host import cell_id
from nbtransformers.panels.packing import sendable
from nbtransformers.panels.workbench.bench import Row, Workbench

VERSION = 1


def workbench_header(bench: Workbench) -> tuple[dict[str, Any], bytes]:
    """The header and the payload, which is empty."""
    header = {
        "version": VERSION,
        "kind": "workbench",
        "rows": 0,
        "inline": True,
        "title": "Workbench",
        "task": bench.task,
        "is_asked": bench.is_asked,
        "tasks": bench.desk.tasks(),
        "cell": cell_id(),
        "facts": [],
        "notes": [],
        "sections": [],
    }
    return header, b""


def row_of(row: Row) -> dict[str, Any]:
    """A row of the history."""
    return {
        "number": row.number,
        "task": row.task,
        "typed": sendable(row.brief),
        "place": row.place,
        "since": row.since,
        "seconds": row.seconds,
        "message": sendable(row.message),
        "has_result": row.has_result,
        "has_code": row.has_code,
        "no_code": sendable(row.no_code),
        "stopped": row.stopped,
        "has_rest": row.has_rest,
    }
