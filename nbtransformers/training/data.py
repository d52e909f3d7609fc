"""The data of a run: the user's examples, checked, split and written as Arrow before the worker starts."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import UserError
from nbtransformers.inputs.dataset_objects import picked_split
from nbtransformers.inputs.tablerows import Table, read_splits, read_table
from nbtransformers.loading.bundled import BUNDLED_ENCODER
from nbtransformers.loading.card import card
from nbtransformers.loading.tokenizers import load_tokenizer
from nbtransformers.plain_text import count
from nbtransformers.progress import OnProgress, Progress, silent
from nbtransformers.request import FinetuneRequest, ModelRef, Objects, TrainingTask, is_conversation
from nbtransformers.rundir.atomic import read_json, write_json
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.training.choosing import chosen_task, target_of
from nbtransformers.training.columns import Columns, find_columns, refuse_unknown
from nbtransformers.training.dealing import Hand, drawn_hands, write_hand
from nbtransformers.training.examples import Read, Reader, TextKind
from nbtransformers.training.tasks.causal import refuse_no_template
from nbtransformers.training.tasks.task import Description

if TYPE_CHECKING:
    from datasets import Dataset

Part = Literal["train", "test"]
PARTS: tuple[Part, ...] = get_args(Part)

_EVALUATED = ("validation", "valid", "val", "dev", "test")
"""The splits that a run is evaluated on, the first that there is: what chooses a checkpoint is no test any more."""


def prepare(
    request: FinetuneRequest, objects: Objects, folder: RunFolder, progress: OnProgress = silent
) -> Description:
    """Read the examples of a run, and write `train.arrow`, `test.arrow` and `description.json` into its folder.

    Args:
        request: what is asked for.
        objects: the live objects that it names.
        folder: the run.
        progress: told how far it is.

    Raises:
        UserError: when nothing can be learnt from the examples, or not with this model.
    """
    train, test, split = _given(request, objects)
    columns = find_columns(train, request)
    ref = request.model or ModelRef("bundled", BUNDLED_ENCODER)
    model = card(ref, objects)
    task, why = chosen_task(request, train, columns, model)
    target = target_of(task, train, columns, model)

    def told(done: int, total: int | None) -> None:
        progress(Progress("running", "Reading the examples", done, total, unit="rows"))

    reader = Reader(columns, _kind(task, columns), target, told)
    if reader.kind == "messages":
        refuse_no_template(load_tokenizer(ref, objects).tokenizer)
    folder.data.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.path, prefix=".reading") as scratch:
        read = {"train": reader.read(train, Path(scratch, "train"))}
        if test is not None:
            for name in columns.all:
                refuse_unknown(name, test)
            read["test"] = reader.read(test, Path(scratch, "test"))
            hands = {part: Hand(done.path) for part, done in read.items()}
        else:
            hands = drawn_hands(read["train"], target, columns, request.test_share, request.seed)
        counts = {part: write_hand(hand, reader, folder.data / f"{part}.arrow") for part, hand in hands.items()}
    labels = target.labels if target else ()
    if task == "regression":
        _refuse_one_number(folder, train, columns)
    _refuse_labels(task, labels, counts, train, columns)
    description = Description(
        training_task=task,
        rows={part: len(stored_rows(folder, part)) for part in PARTS},
        labels=labels,
        columns=columns.by_name,
        split=split,
        fingerprint=fingerprint(folder),
        seed=request.seed,
        notes=(*([f"The task is {task}: {why}."] if why else []), *_notes(read, train, test)),
    )
    write_json(folder.data / "description.json", asdict(description))
    return description


def stored_description(folder: RunFolder) -> Description:
    """What is in the data of a run.

    Raises:
        UserError: when it has none yet.
    """
    found: dict[str, Any] | None = read_json(folder.data / "description.json")
    if found is None:
        raise UserError(f"The run {folder.name} has no data.", hint="Start it again with `%finetune`.")
    found.update(labels=tuple(found["labels"]), notes=tuple(found["notes"]))
    return Description(**found)


def stored_rows(folder: RunFolder, part: Part) -> Dataset:
    """The rows of a run, from the disk: `train`, or `test` that it is evaluated on."""
    from datasets import Dataset

    return Dataset.from_file(str(folder.data / f"{part}.arrow"))


def fingerprint(folder: RunFolder) -> str:
    """The sha256 of the rows of a run as they are on the disk; a resume compares it with the description's."""
    digest = hashlib.sha256()
    for part in PARTS:
        with (folder.data / f"{part}.arrow").open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _given(request: FinetuneRequest, objects: Objects) -> tuple[Table, Table | None, str]:
    """What is learnt from, what it is evaluated on where that is given, and how the latter was chosen."""
    splits = read_splits(request.data, objects)
    if request.test is not None:
        train = splits[_learnt(splits, request)] if splits is not None else read_table(request.data, objects)
        test = read_table(request.test, objects)
        return train, test, f"given as {test.name}" + (f", split {request.test.split}" if request.test.split else "")
    share = f"{request.test_share:.0%} of the rows, drawn with seed {request.seed}"
    if splits is None:
        return read_table(request.data, objects), None, share
    learnt = _learnt(splits, request)
    other = next((name for name in _EVALUATED if name in splits and name != learnt), None)
    if request.data.split is not None or other is None:  # one split that was named is all there is to be
        return splits[learnt], None, share
    return splits[learnt], splits[other], f"the split {other}"


def _learnt(splits: Mapping[str, Table], request: FinetuneRequest) -> str:
    asked = request.data.split
    if asked is None and "train" in splits:
        return "train"
    return picked_split(list(splits), asked, request.data.value)


def _kind(task: TrainingTask, columns: Columns) -> TextKind:
    if task == "tokens":
        return "tokens"
    return "messages" if task == "causal" and is_conversation(columns.first_text) else "text"


def _refuse_labels(
    task: TrainingTask, labels: Sequence[str], counts: Mapping[str, NDArray[np.int64]], train: Table, columns: Columns
) -> None:
    """Labels of which there is one only, or that the test rows alone have."""
    if task not in ("classification", "multi-label"):
        return
    learnt = [name for name, number in zip(labels, counts["train"], strict=True) if number]
    column = ", ".join(columns.labels)
    if not learnt:
        raise UserError(f"No row of {train.name} has a label in {column}.", hint="Name another column: `--label NAME`.")
    if task == "classification" and len(learnt) == 1:
        raise UserError(
            f"All rows of {train.name} to learn from have one label in {column}: {learnt[0]}.",
            hint="Give rows of at least two labels.",
        )
    unseen = [name for name, number in zip(labels, counts["test"], strict=True) if number and name not in learnt]
    if unseen:
        names = ", ".join(unseen[:5]) + (", …" if len(unseen) > 5 else "")
        raise UserError(
            f"The test rows have {count(len(unseen), 'label')} that no row to learn from has: {names}.",
            hint="Leave such rows out, or give rows to learn from that have them.",
        )


def _refuse_one_number(folder: RunFolder, train: Table, columns: Columns) -> None:
    import pyarrow.compute as pc

    library: Any = pc
    found = library.min_max(stored_rows(folder, "train").data.column("label")).as_py()
    if found["min"] == found["max"]:
        raise UserError(
            f"All rows of {train.name} to learn from have one number in {columns.labels[0]}: {found['min']:g}.",
            hint="Give rows of different numbers.",
        )


def _notes(read: Mapping[str, Read], train: Table, test: Table | None) -> Iterator[str]:
    names = {"train": train.name, "test": test.name if test is not None else ""}
    for part, done in read.items():
        yield from done.notes
        if done.left_out:
            why = ", ".join(f"{number:,} {reason}" for reason, number in done.left_out.most_common(4))
            lost = done.left_out.total()
            yield f"{count(lost, 'row')} of {names[part]} {'was' if lost == 1 else 'were'} left out: {why}."
