"""The rows that were read, dealt out to train.arrow and test.arrow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import UserError
from nbtransformers.training.columns import Columns
from nbtransformers.training.examples import Read, Reader
from nbtransformers.training.labels import label_counts
from nbtransformers.training.splitting import drawn
from nbtransformers.training.targets import LabelSet, Target


@dataclass(frozen=True, slots=True)
class Hand:
    """The rows of a file that go to one part.

    Attributes:
        path: the file that the rows were read into.
        chosen: bool `[row]`, which of them; None is all.
    """

    path: Path
    chosen: NDArray[np.bool_] | None = None

    def batches(self) -> Iterator[Any]:
        """The rows, some at a time."""
        import pyarrow as pa

        at = 0
        with pa.memory_map(str(self.path)) as file, pa.ipc.open_stream(file) as reader:
            for batch in reader:
                chosen = None if self.chosen is None else self.chosen[at : at + len(batch)]
                at += len(batch)
                yield batch if chosen is None else batch.filter(pa.array(chosen))


def drawn_hands(read: Read, target: Target | None, columns: Columns, share: float, seed: int) -> dict[str, Hand]:
    """Rows in two, a share of them for the evaluation; labels keep their shares, and rare ones are learnt from.

    Raises:
        UserError: when there are too few rows for that.
    """
    column = None if target is None else _labels(read.path)
    strata = np.zeros(read.rows, dtype=np.int64) if target is None else target.strata(column)
    test = drawn(strata, share, seed) if len(strata) else np.zeros(0, dtype=bool)
    if isinstance(target, LabelSet):
        _put_back(column, test)
    if not test.any() or test.all():
        few, hint = "there is one row", "Give more rows, or others: `--test VARIABLE`."
        if len(strata) > 1:
            taken = f"texts: {columns.text}, labels: {', '.join(columns.labels)}"
            few = f"all {len(strata):,} rows differ in their labels ({taken})"
            hint = "Give more rows, others with `--test VARIABLE`, or other columns with `--text` and `--label`."
        raise UserError(f"No rows can be kept for the evaluation: {few}.", hint=hint)
    return {"train": Hand(read.path, ~test), "test": Hand(read.path, test)}


def write_hand(hand: Hand, reader: Reader, path: Path) -> NDArray[np.int64]:
    """Write the rows of a part as they are stored; int64 `[label]`, how many rows have a label."""
    import pyarrow as pa
    from datasets import Features, List, Value

    target = reader.target
    kinds: dict[str, Any] = {reader.kind: List(Value("string")) if reader.kind == "tokens" else Value("string")}
    if reader.columns.pair:
        kinds["pair"] = Value("string")
    if target is not None:
        kinds["label"] = target.feature()
    schema = Features(kinds).arrow_schema
    counts = np.zeros(len(target.labels) if target else 0, dtype=np.int64)
    with pa.ipc.new_stream(path, schema) as writer:
        for batch in hand.batches():
            columns = {name: batch.column(name) for name in batch.schema.names}
            if target is not None:
                values = target.final(columns["label"].to_pylist())
                columns["label"] = pa.array(values, schema.field("label").type)
                if target.labels:
                    counts += label_counts(values, len(counts), hot=isinstance(target, LabelSet))
            writer.write_batch(pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema))
    return counts


def _labels(path: Path) -> Any:
    """The label column of the rows that were read."""
    import pyarrow as pa

    with pa.memory_map(str(path)) as file, pa.ipc.open_stream(file) as reader:
        return pa.chunked_array([batch.column("label") for batch in reader], reader.schema.field("label").type)


def _put_back(labels: Any, test: NDArray[np.bool_]) -> None:
    """Give the rows to learn from one of each label."""
    rows = labels.to_pylist()
    learnt = {number for row, kept in zip(rows, test, strict=True) if not kept for number in row}
    for at, row in enumerate(rows):
        if test[at] and not learnt.issuperset(row):
            test[at] = False
            learnt.update(row)
