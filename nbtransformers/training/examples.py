"""Rows of the user's data to an Arrow file of what is learnt from, a window at a time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from nbtransformers.errors import UserError
from nbtransformers.inputs.streams import regrouped
from nbtransformers.inputs.tablerows import Table
from nbtransformers.inputs.values import EMPTY, MISSING, NOT_UNICODE, Unreadable, reason_for_no_text
from nbtransformers.plain_text import count
from nbtransformers.request import conversation_fault
from nbtransformers.training.columns import Columns
from nbtransformers.training.labels import Missing, Wrong
from nbtransformers.training.targets import Target

WINDOW = 1_000
"""Rows that are in memory at a time."""

TextKind = Literal["text", "tokens", "messages"]
"""The column that a text is stored in: it is text, a list of words, or a conversation as JSON."""


@dataclass(slots=True)
class Read:
    """What was read of some data.

    Attributes:
        path: the Arrow file of the rows that were kept, in their order.
        rows: how many those are.
        seen: how many rows there were.
        left_out: why the others were left out, with their number.
        notes: what was guessed on the way.
    """

    path: Path
    rows: int = 0
    seen: int = 0
    left_out: Counter[str] = field(default_factory=Counter[str])
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the examples of a run.

    Attributes:
        columns: what they are read from.
        kind: what the texts are.
        target: what reads the labels; None where there are none.
        told: told how many rows were read, and how many there are.
    """

    columns: Columns
    kind: TextKind
    target: Target | None
    told: Callable[[int, int | None], None]

    def read(self, table: Table, path: Path) -> Read:
        """Read a table into a file.

        Raises:
            UserError: when labels are missing or wrong, or nothing holds text.
        """
        import pyarrow as pa

        done = Read(path)
        missing: list[int] = []
        source = table.source(self.columns.all)
        schema = self._schema()
        with pa.ipc.new_stream(path, schema) as writer:
            for window in regrouped(source.chunks(0), WINDOW):
                rows = list(self._rows(table, window, done, missing))
                done.rows += len(rows)
                writer.write_batch(pa.RecordBatch.from_pylist(rows, schema))
                self.told(done.seen, source.total)
        done.notes = tuple(source.notes)
        self._refuse(table, done, missing)
        return done

    def _rows(
        self, table: Table, window: Sequence[tuple[Any, ...]], done: Read, missing: list[int]
    ) -> Iterator[dict[str, Any]]:
        names = table.class_names.get(self.columns.labels[0], ()) if self.columns.labels else ()
        for values in window:
            number = done.seen
            done.seen += 1
            texts = values[: len(values) - len(self.columns.labels)]
            reason = next((why for why in map(self._fault, texts) if why), None)
            if reason is not None:
                done.left_out[reason] += 1
                continue
            row: dict[str, Any] = {self.kind: self._stored(texts[0])}
            if self.columns.pair:
                row["pair"] = str(texts[1])
            if self.target is not None:
                try:
                    row["label"] = self.target.read([_named(value, names) for value in values[len(texts) :]])
                except Missing:
                    missing.append(number)
                    continue
                except Wrong as error:
                    raise self._wrong(table, number, str(error)) from None
                if self.kind == "tokens" and len(row["label"]) != len(row["tokens"]):
                    words, tags = count(len(row["tokens"]), "word"), count(len(row["label"]), "tag")
                    raise UserError(
                        f"Row {number:,} of {table.name} has {words} and {tags}.", hint="Give a tag for each word."
                    )
            yield row

    def _fault(self, value: Any) -> str | None:
        """Why a value is nothing to learn from; None when it is."""
        if isinstance(value, Unreadable):
            return value.reason
        if self.kind == "text":
            return reason_for_no_text(value)
        if reason_for_no_text(value) == MISSING:
            return MISSING
        if self.kind == "messages":
            return conversation_fault(value) or _not_unicode([self._stored(value)])
        if not len(value):
            return EMPTY
        return _not_unicode(value) if all(isinstance(word, str) for word in value) else "not a list of words"

    def _stored(self, value: Any) -> Any:
        if self.kind == "messages":
            return json.dumps(value, ensure_ascii=False)
        return list(value) if self.kind == "tokens" else str(value)

    def _schema(self) -> Any:
        import pyarrow as pa

        fields: list[Any] = [(self.kind, pa.list_(pa.string()) if self.kind == "tokens" else pa.string())]
        if self.columns.pair:
            fields.append(("pair", pa.string()))
        if self.target is not None:
            fields.append(("label", self.target.kept()))
        return pa.schema(fields)

    def _wrong(self, table: Table, number: int, why: str) -> UserError:
        columns = ", ".join(self.columns.labels)
        return UserError(f"Row {number:,} of {table.name} has {why}, in {columns}.", hint="Mend it, or leave it out.")

    def _refuse(self, table: Table, done: Read, missing: Sequence[int]) -> None:
        columns = ", ".join(self.columns.labels)
        what = self.target.what if self.target else ""
        if missing and not done.rows:
            raise UserError(
                f"No row of {table.name} has a {what} in {columns}.", hint="Name another column: `--label NAME`."
            )
        if missing:
            are = "row of" if len(missing) == 1 else "rows of"
            have = "has" if len(missing) == 1 else "have"
            raise UserError(
                f"{len(missing):,} of {done.seen:,} {are} {table.name} {have} no {what} in {columns}: "
                f"{'it is' if len(missing) == 1 else 'the first is'} row {missing[0]:,}.",
                hint="Leave such rows out, or fill them in.",
            )
        if not done.rows:
            why = done.left_out.most_common(1)[0][0] if done.left_out else EMPTY
            raise UserError(
                f"{self.columns.text} of {table.name} holds no text: all {done.seen:,} rows are {why}.",
                hint="Name another column: `--text NAME`.",
            )


def _named(value: Any, names: Sequence[str]) -> Any:
    """The names that a table's own numbers stand for: those of another may stand for others."""
    if isinstance(value, list):
        return [_named(one, names) for one in value]
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return names[value] if is_number and 0 <= value < len(names) else value


def _not_unicode(texts: Iterable[str]) -> str | None:
    return next((NOT_UNICODE for text in texts if reason_for_no_text(text) == NOT_UNICODE), None)
