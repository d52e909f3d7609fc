"""The arguments that the functions of several tasks share: their types, and what `help` says of them."""

from __future__ import annotations

from os import PathLike
from typing import Any, TypedDict

from nbtransformers.request import DataType, LongText


class InputOptions(TypedDict, total=False):
    """How the texts are read."""

    column: str | int | None
    encoding: str | None
    split: str | None
    subset: str | None


class ModelOptions(TypedDict, total=False):
    """What a model needs besides its name."""

    tokenizer: Any
    revision: str | None
    allow_pickle: bool
    trust_remote_code: bool
    allow_large: bool


class RunArguments(TypedDict, total=False):
    """How the engine runs."""

    device: str | None
    dtype: DataType | None
    batch_tokens: int | None
    threads: int | None
    max_length: int | None
    long: LongText | None
    to: str | PathLike[str] | None
    resume: bool
    overwrite: bool


class Options(InputOptions, ModelOptions, RunArguments, total=False):
    """All that a task on texts and a model takes besides its own arguments."""


INPUT_OPTIONS = tuple(InputOptions.__annotations__)
RUN_ARGUMENTS = tuple(RunArguments.__annotations__)
PERMISSIONS = ("allow_pickle", "trust_remote_code", "allow_large")

HELP = {
    "column": "the column of a table that holds the texts.",
    "encoding": "how a text file is encoded; None guesses, and says the guess.",
    "split": "the split of a dataset.",
    "subset": "the configuration of a Hub dataset.",
    "tokenizer": "the tokenizer of a model that comes without one.",
    "revision": "a Hub model's branch, tag or commit.",
    "allow_pickle": "load pickled weights where there are no safetensors; only tensors are unpickled.",
    "trust_remote_code": "run the code that comes with the model.",
    "allow_large": "load it even if it does not seem to fit into memory.",
    "device": "`auto`, `cpu`, `cuda`, `cuda:1` or `mps`; else `auto`.",
    "dtype": "`auto`, `float32`, `float16`, `bfloat16` or `int8` (on the CPU); else `auto`.",
    "batch_tokens": "tokens a batch; None finds it by a short probe.",
    "threads": "CPU threads; None finds it by the same probe.",
    "max_length": "tokens read of one text; None is the model's limit.",
    "long": "a longer text: `truncate` (the default), `window` (overlapping windows) or `error`.",
    "to": "a Parquet file that the results go to as they come; the value is then a `Stored`.",
    "resume": "go on with that file where an earlier run was stopped.",
    "overwrite": "begin that file anew, whatever is there.",
}

DATA_HELP = """a text, a list of texts, a Series, a table with `column`, a file as a `Path` (.txt .csv .tsv .jsonl
            .json .parquet, also compressed), or a Hub dataset as `"hub:owner/name"`. Every row keeps its place and
            its index; one that holds no text gets a reason and no result."""
