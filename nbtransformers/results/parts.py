"""A Parquet file in the making: parts in a hidden folder beside it, joined into the one file when all are there.

Each part is written under another name, brought to the disk and renamed, so that whatever kills the run, what bears
the name of a part is whole. A part holds the results of so many rows of the input, and in its footer what must still
be true when a later run goes on behind it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtransformers.errors import UserError
from nbtransformers.plain_text import count
from nbtransformers.results.arrow import write_table
from nbtransformers.results.export import is_there, put, unwritable, whole_path
from nbtransformers.results.table import Table

if TYPE_CHECKING:
    import pandas as pd

_FACTS = b"nbtransformers"  # the key of a part's facts in its footer
_GROUP_ROWS = 20_000  # of the input in a row group, as a result in memory is written with
_MANIFEST, _WHOLE, _LOCK = "manifest.json", "whole.tmp", "lock"


@dataclass(frozen=True, slots=True)
class Part:
    """What is known of one part.

    Attributes:
        rows: how many rows of the input it holds the results of.
        digest: of these rows.
        cut: how many of them were longer than the model reads.
        unread: the tokens of them that went unread.
        doubtful: how many of them the model can hardly read.
    """

    rows: int
    digest: str
    cut: int = 0
    unread: int = 0
    doubtful: int = 0


class Parts:
    """The parts of one file. Only one run at a time has them.

    Args:
        target: the file.

    Example:
        >>> with Parts.of("out.parquet") as parts:
        ...     parts.begin({"request": "…"})
        ...     parts.add(result.table(None, 5_000), Part(5_000, "…"))
        ...     parts.join()
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.folder = _folder_of(target)
        self.known: list[Part] = []
        self._schema: Any = None

    @classmethod
    @contextmanager
    def of(cls, path: str | os.PathLike[str]) -> Generator[Parts]:
        """The parts of a file, for this run alone; a folder that holds none afterwards is taken away.

        Raises:
            UserError: when another run has them, or the folder cannot be made.
        """
        from filelock import FileLock, Timeout

        parts = cls(whole_path(path))
        try:
            parts.folder.mkdir(exist_ok=True)
            lock = FileLock(parts.folder / _LOCK, timeout=0)
            lock.acquire()
        except Timeout as error:
            raise UserError(
                f"Another run is writing {parts.target.name}.", hint="Wait for its end, or give another name."
            ) from error
        except OSError as error:
            raise unwritable(parts.target, error) from error
        try:
            yield parts
        finally:
            lock.release()
            if not parts._paths():
                shutil.rmtree(parts.folder, ignore_errors=True)

    @property
    def rows(self) -> int:
        """How many rows of the input are done."""
        return sum(part.rows for part in self.known)

    @property
    def nbytes(self) -> int:
        """Their bytes."""
        return sum(path.stat().st_size for path in self._paths())

    @property
    def manifest(self) -> dict[str, Any] | None:
        """What they were begun with; None when there are none.

        Raises:
            UserError: when it cannot be read.
        """
        path = self.folder / _MANIFEST
        if not self._paths():
            return None
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:  # it is written before the first part
            raise self._damaged(path.name) from error

    def begin(self, manifest: dict[str, Any]) -> None:
        """Begin anew, without the parts that are there."""
        for path in self._paths():
            path.unlink()
        self.known, self._schema = [], None
        self.note(manifest)

    def note(self, manifest: dict[str, Any]) -> None:
        """Write down what the run was begun with."""
        text = json.dumps(manifest, ensure_ascii=True, indent=1)
        self._write(_MANIFEST, lambda file: file.write(text.encode()))

    def read(self) -> None:
        """Find out what the parts hold. Those of a file that has its name already are only taken away.

        Raises:
            UserError: when one is damaged, or has other columns than the first.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.known, self._schema = [], None
        if self._paths() and self._was_joined:
            self.clear()
        for path in self._paths():
            try:
                with pq.ParquetFile(path) as file:
                    metadata, schema = file.metadata.metadata or {}, file.schema_arrow
                part = Part(**json.loads(metadata[_FACTS]))
            except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
                raise self._damaged(path.name) from error
            self._refuse_other_columns(path.name, schema)
            self.known.append(part)

    def add(self, table: Table, part: Part) -> tuple[str, ...]:
        """Write the next part; tells what could not be written as it is.

        Raises:
            UserError: when it cannot be written. The parts before it are kept.
        """
        name = _name(len(self.known))
        facts = {_FACTS.decode(): json.dumps(asdict(part))}
        notes: tuple[str, ...] = ()

        def fill(file: Any) -> None:
            nonlocal notes
            _, notes = write_table(table, "parquet", file, facts)

        try:
            self._write(name, fill, lambda draft: self._refuse_other_columns(name, _schema_of(draft)))
        except OSError as error:
            raise self.stopped(error) from error
        self.known.append(part)
        return notes

    def stopped(self, error: OSError) -> UserError:
        """What to say when a part, or the whole, cannot be written."""
        why = error.strerror or type(error).__name__
        kept = f"{count(self.rows, 'row')} {'is' if self.rows == 1 else 'are'} kept"
        return UserError(
            f"{self.target.name} cannot be written ({why}): {kept}.",
            hint="Make room, and type the same again with `--resume`.",
        )

    def join(self, *, overwrite: bool = False) -> Path:
        """Join the parts into the file, and take them away.

        Raises:
            UserError: when there is such a file by now, or it cannot be written. The parts are kept.
        """
        import pyarrow.parquet as pq

        schema = self._schema
        assert schema is not None

        def fill(file: Any) -> None:
            with pq.ParquetWriter(file, schema) as writer:
                for group in self._groups():
                    writer.write_table(group)

        try:
            self._write(_WHOLE, fill)
            self.note({**(self.manifest or {}), "joined": True})
            put(self.folder / _WHOLE, self.target, "replace" if overwrite else "refuse")
        except OSError as error:
            raise self.stopped(error) from error
        self.clear()
        return self.target

    @property
    def _was_joined(self) -> bool:
        """Whether the file has its name, and only the parts were left to be taken away."""
        draft = self.folder / _WHOLE
        if not (self.manifest or {}).get("joined") or not self.target.exists():
            return False
        return not draft.exists() or draft.samefile(self.target)

    def clear(self) -> None:
        """Take the parts away; the folder goes with them once the run lets go of it."""
        for path in [*self._paths(), self.folder / _WHOLE, self.folder / _MANIFEST]:
            path.unlink(missing_ok=True)
        self.known = []

    def first_rows(self, rows: int) -> pd.DataFrame:
        """The first rows of the table, as far as they are in the first part."""
        return _head(self._paths()[0], rows)

    def _groups(self) -> Iterator[Any]:
        """The row groups of the file: the same ones, however often the run was interrupted."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        tables, rows, left = [], 0, self.rows
        for path, part in zip(self._paths(), self.known, strict=True):
            with pq.ParquetFile(path) as file:
                tables.append(file.read().replace_schema_metadata(None))
            rows, left = rows + part.rows, left - part.rows
            if rows >= _GROUP_ROWS or left == 0:
                yield pa.concat_tables(tables).cast(self._schema)
                tables, rows = [], 0

    def _damaged(self, name: str) -> UserError:
        return UserError(f"{name} of {self.target.name} is damaged.", hint="Type `--overwrite` to begin anew.")

    def _refuse_other_columns(self, name: str, schema: Any) -> None:
        if self._schema is None:
            self._schema = schema
        elif not schema.equals(self._schema, check_metadata=False):
            raise UserError(
                f"{name} of {self.target.name} has other columns than the parts before it.",
                hint="Type `--overwrite` to begin anew.",
            )

    def _paths(self) -> list[Path]:
        """The parts, in their order; one that is missing ends them."""
        found: list[Path] = []
        while (path := self.folder / _name(len(found))).exists():
            found.append(path)
        return found

    def _write(self, name: str, fill: Callable[[Any], Any], check: Callable[[Path], None] = lambda draft: None) -> None:
        """Write a file under another name, bring it to the disk, and then give it its own."""
        draft = self.folder / f"{name}.draft"
        try:
            with draft.open("wb") as file:
                fill(file)
                file.flush()
                os.fsync(file.fileno())
            check(draft)
            draft.replace(self.folder / name)
        finally:
            with suppress(OSError):
                draft.unlink()
        _sync(self.folder)


def refuse_target(path: str | os.PathLike[str]) -> None:
    """Refuse to write over a file that is there.

    Raises:
        UserError: when it is, or there is no such folder.
    """
    target = whole_path(path)
    if not target.parent.is_dir() or target.is_dir():
        raise unwritable(target, OSError())
    if target.exists():
        raise UserError(is_there(target).message, hint="Give another name, or type `--overwrite`.")


def _head(path: Path, rows: int) -> pd.DataFrame:
    """The first rows of a Parquet file."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        first = next(file.iter_batches(rows), None)
        schema = file.schema_arrow
    return (schema.empty_table() if first is None else _table_of(first, schema)).to_pandas()


def _table_of(batch: Any, schema: Any) -> Any:
    import pyarrow as pa

    return pa.Table.from_batches([batch]).replace_schema_metadata(schema.metadata)


def _schema_of(path: Path) -> Any:
    import pyarrow.parquet as pq

    return pq.read_schema(path)


def _folder_of(target: Path) -> Path:
    return target.with_name(f".{target.name}.parts")


def _name(number: int) -> str:
    return f"part-{number:06d}.parquet"


def _sync(folder: Path) -> None:
    """Bring the names of a folder's files to the disk, where a folder can be opened for that."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
