"""The model that a run begins with, known again by its files when the run goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.loading.gate import passed
from nbtransformers.loading.source import TOKENIZER_FILES, Source, source_of
from nbtransformers.request import ModelRef
from nbtransformers.rundir.atomic import read_json, write_json
from nbtransformers.rundir.folder import RunFolder


def same_model(ref: ModelRef, folder: RunFolder) -> ModelRef:
    """The model of a run, once it is known to be the one that the run began with; a first worker writes down which.

    Checkpoints of adapters and of heads lack it, and the rows are read by its tokenizer in every attempt.

    Args:
        ref: what the run starts from; none that is a variable.
        folder: the run.

    Returns:
        The same; of the Hub, at the commit that the run began with.

    Raises:
        UserError: when it is another by now.
    """
    known: dict[str, Any] | None = read_json(folder.origin)
    if known is not None and known["commit"] is not None:
        ref = replace(ref, revision=known["commit"])
    source = source_of(ref)
    found = {file.name: _digest(file) for file in _files(source)}
    if known is None:
        write_json(folder.origin, {"model": str(ref), "commit": source.commit, "sha256": found})
        return replace(ref, revision=source.commit)
    _refuse_changed(source, folder, known["sha256"], found)
    return ref


def _refuse_changed(source: Source, folder: RunFolder, known: dict[str, str], found: dict[str, str]) -> None:
    changed = [name for name in {**known, **found} if known.get(name) != found.get(name)]
    if changed:
        raise UserError(
            f"The model {source.name} is not what it was when the run {folder.name} began: {changed[0]} has changed.",
            hint="Put it back as it was, or begin another run: `%finetune`.",
        )


def _files(source: Source) -> Iterator[Path]:
    """The files that say what is computed: not what else may lie in the folder."""
    yield from passed(source).weights.files
    patterns = ("config.json", *TOKENIZER_FILES)
    yield from sorted({file for pattern in patterns for file in source.folder.glob(pattern) if file.is_file()})


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
