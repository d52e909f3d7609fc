"""Files that are whole or not there, whatever happens meanwhile."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any


def write_text(path: Path, text: str, *, lasting: bool = True) -> None:
    """Put a text in the place of a file, in one step and, if it is to outlast a power cut, on the disk."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        # A lone surrogate is no UTF-8, and its backslash escape is also JSON's.
        with beside.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
            if lasting:
                flush(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    if lasting:
        flush_folder(path.parent)


def remove_unfinished(folder: Path) -> None:
    """Take away what processes that were killed while they wrote a file have left beside it."""
    for beside in folder.glob(".*.*"):
        if beside.suffix[1:].isdigit():
            with contextlib.suppress(OSError):  # of a process that writes just now, on a system that holds it
                beside.unlink(missing_ok=True)


def write_json(path: Path, value: Any, *, lasting: bool = True) -> None:
    """Put a value as readable JSON in the place of a file."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n", lasting=lasting)


def read_json(path: Path) -> Any:
    """The value of a JSON file; None where there is none yet."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def flush(descriptor: int) -> None:
    """Wait until the disk has what was written."""
    os.fsync(descriptor)


def flush_folder(folder: Path) -> None:
    """Wait until the disk has the names in a folder."""
    if os.name == "nt":  # which has no such thing
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network disks refuse
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_tree(folder: Path) -> None:
    """Wait until the disk has every file below a folder."""
    mode = "r+b" if os.name == "nt" else "rb"  # Windows waits for no file that is open for reading alone
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open(mode) as file:
                flush(file.fileno())
        else:
            flush_folder(path)
    flush_folder(folder)
