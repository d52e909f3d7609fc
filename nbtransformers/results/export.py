"""A result as a file: under another name until it is whole, and never over a file that is there."""

from __future__ import annotations

import os
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import UserError
from nbtransformers.plain_text import count as counted
from nbtransformers.plain_text import file_size, printable
from nbtransformers.results.arrow import Format, write_table
from nbtransformers.results.table import Table

Taken = Literal["refuse", "replace", "number"]

_STRETCH = 20_000  # rows in memory at a time


@dataclass(frozen=True, slots=True, repr=False)
class Written:
    """A file that was written; it can be opened like a path.

    Attributes:
        path: where it is, in full.
        rows: how many rows it holds.
        nbytes: its size.
        notes: what was not written as it is, one sentence each.
    """

    path: Path
    rows: int
    nbytes: int
    notes: tuple[str, ...] = ()

    def __fspath__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        what = f"{printable(self.path.name)}: {counted(self.rows, 'row')}, {file_size(self.nbytes)}"
        return "\n".join([what, *(f"Note: {note}" for note in self.notes)])


class Writable(ABC):
    """A result that can be written into a file: the table that its `to_pandas` gives."""

    __slots__ = ()

    @abstractmethod
    def table(self, rows: NDArray[np.int64] | None, most: int) -> Table:
        """The table of all rows, or of those with these numbers in that order, in stretches of a length at most."""

    def to_csv(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Written:
        """Write what `to_pandas` gives, with the input's index, as CSV in UTF-8; a file half written is never seen.

        Args:
            path: where to.
            overwrite: put it in the place of a file that is there.

        Raises:
            UserError: when it is there already, or cannot be written.

        Example:
            >>> result.to_csv("labels.csv")
            labels.csv: 2 rows, 178 bytes
        """
        return write(self, path, "csv", taken="replace" if overwrite else "refuse")

    def to_parquet(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Written:
        """Write what `to_pandas` gives, with the input's index, as Parquet; as `to_csv` does.

        Example:
            >>> result.to_parquet("labels.parquet")
            >>> pd.read_parquet("labels.parquet")
        """
        return write(self, path, "parquet", taken="replace" if overwrite else "refuse")


def write(
    result: Writable,
    path: str | os.PathLike[str],
    kind: Format,
    *,
    rows: NDArray[np.int64] | None = None,
    taken: Taken = "refuse",
) -> Written:
    """Write a result, or some of its rows, into a file.

    Args:
        result: what to write.
        path: where to.
        kind: the format.
        rows: the numbers of the input's rows, in the order to write them; None writes all.
        taken: what to do when there is such a file: refuse, replace it, or take the next free `name-2.csv`.

    Raises:
        UserError: when it is there already, or cannot be written.
    """
    return write_file(path, lambda file: write_table(result.table(rows, _STRETCH), kind, file), taken=taken)


def write_file(
    path: str | os.PathLike[str], fill: Callable[[BinaryIO], tuple[int, tuple[str, ...]]], *, taken: Taken = "refuse"
) -> Written:
    """Write a file under another name, and give it its own once it is whole.

    Args:
        path: where to.
        fill: writes into the open file; tells how many rows, and what could not be written as it is.
        taken: what to do when there is such a file, as for `write`.

    Raises:
        UserError: when it is there already, or cannot be written.
    """
    wanted = whole_path(path)
    draft = wanted.with_name(f".{secrets.token_hex(6)}.tmp")  # in the same folder, or it could not simply be renamed
    try:
        if taken == "refuse" and wanted.exists():
            raise is_there(wanted)
        with draft.open("xb") as file:
            written, notes = fill(file)
        nbytes = draft.stat().st_size
        place = put(draft, wanted, taken)
    except OSError as error:
        raise unwritable(wanted, error) from error
    finally:
        with suppress(OSError):
            draft.unlink()
    return Written(place, written, nbytes, notes)


def whole_path(path: str | os.PathLike[str]) -> Path:
    """Where a file is to be, in full.

    Raises:
        UserError: when the path leads nowhere.
    """
    if "\0" in os.fspath(path):
        raise UserError("A path cannot hold a NUL.", hint="Give another path.")
    try:
        return Path(path).expanduser().absolute()
    except (OSError, RuntimeError) as error:  # the working folder is gone, or there is no such user
        raise UserError(f"{path} leads nowhere: {error}.", hint="Give a whole path.") from error


def put(draft: Path, wanted: Path, taken: Taken) -> Path:
    """Give a finished file its name; unless it may replace another, never the name of one that is there."""
    if taken == "replace":
        draft.replace(wanted)
        return wanted
    numbered = (wanted.with_stem(f"{wanted.stem}-{number}") for number in count(2))
    for place in chain([wanted], numbered):
        try:
            os.link(draft, place)  # it fails where there is a file: nobody can come in between
        except FileExistsError as error:
            if taken == "refuse":
                raise is_there(wanted) from error
            continue
        except OSError:  # a file system without links
            if place.exists():
                if taken == "refuse":
                    raise is_there(wanted) from None
                continue
            draft.rename(place)
        return place
    raise AssertionError("there is always a next number")


def is_there(path: Path) -> UserError:
    """What to say of a file that is not to be written over."""
    return UserError(f"{path.name} is there already.", hint="Give another name, or `overwrite=True`.")


def unwritable(path: Path, error: OSError) -> UserError:
    """What to say of a file that cannot be written."""
    if not os.path.isdir(path.parent):  # noqa: PTH112 — unlike Path.is_dir it never fails
        return UserError(f"There is no folder {path.parent}.", hint="Make it, or give another path.")
    if os.path.isdir(path):  # noqa: PTH112
        return UserError(f"{path.name} is a folder.", hint="Give the path of a file.")
    why = error.strerror or type(error).__name__
    return UserError(f"{path.name} cannot be written: {why}.", hint="Give a path in another folder.")
