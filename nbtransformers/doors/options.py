"""The arguments that the functions of several tasks share: their types, and what `help` says of them."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from typing import Any, Literal, TypedDict

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
    memory_budget: int | str | None
    to: str | PathLike[str] | None
    resume: bool
    overwrite: bool


class Options(InputOptions, ModelOptions, RunArguments, total=False):
    """All that a task on texts and a model takes besides its own arguments."""


class OneTextOptions(ModelOptions, total=False):
    """All that a task on one text and a model takes besides its own arguments."""

    device: str | None
    dtype: DataType | None
    max_length: int | None
    long: LongText | None
    memory_budget: int | str | None


class DecodingArguments(TypedDict, total=False):
    """How a model that writes chooses its tokens, by the names of `GenerationConfig`."""

    max_new_tokens: int | None
    min_new_tokens: int | None
    do_sample: bool | None
    temperature: float | None
    top_k: int | None
    top_p: float | None
    min_p: float | None
    typical_p: float | None
    repetition_penalty: float | None
    no_repeat_ngram_size: int | None
    num_beams: int | None
    length_penalty: float | None
    early_stopping: bool | Literal["never"] | None
    seed: int | None
    stop_strings: str | Iterable[str] | None


class WritingRun(TypedDict, total=False):
    """How the engine runs a task that writes."""

    device: str | None
    dtype: DataType | None
    batch_tokens: int | None
    threads: int | None
    memory_budget: int | str | None
    to: str | PathLike[str] | None
    resume: bool
    overwrite: bool


class WritingOptions(InputOptions, ModelOptions, DecodingArguments, WritingRun, total=False):
    """All that a task which writes takes besides its own arguments."""


class RewritingOptions(WritingOptions, total=False):
    """All that a task which makes new texts of texts takes besides its own arguments."""

    max_length: int | None
    long: LongText | None


INPUT_OPTIONS = tuple(InputOptions.__annotations__)
DECODING_ARGUMENTS = tuple(DecodingArguments.__annotations__)
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
    "max_new_tokens": "new tokens of a row at most.",
    "min_new_tokens": "as many at least; it raises the default maximum where that is less.",
    "do_sample": "draw each token, or take the likeliest; None draws when one of the next five is given, and else "
    "does as the model's own settings say.",
    "temperature": "above 0; below 1 the likely tokens become likelier, above 1 less so.",
    "top_k": "draw among so many of the likeliest tokens; 0 is among all.",
    "top_p": "draw among the likeliest that together are as likely as this.",
    "min_p": "draw among those that are this share as likely as the likeliest.",
    "typical_p": "draw among the most typical that together are as likely as this.",
    "repetition_penalty": "above 1 a token that was there becomes less likely.",
    "no_repeat_ngram_size": "no so many tokens in a row come twice.",
    "num_beams": "texts that are followed at once; above 1 the likeliest of them is the result.",
    "length_penalty": "of a beam search: above 0 prefers long texts, below 0 short ones.",
    "early_stopping": "of a beam search: whether it ends with the first so many texts, or `never` before none can win.",
    "seed": "row i is drawn by the random numbers of seed + i, whatever else is in the batch; else 0.",
    "stop_strings": "a text, or several: a row ends once it holds one of them.",
    "long": "a longer text: `truncate` (the default), `window` (overlapping windows) or `error`.",
    "memory_budget": "what all loaded models may take together, such as `8GB`; the least recently used leave first.",
    "to": "a Parquet file that the results go to as they come; the value is then a `Stored`.",
    "resume": "go on with that file where an earlier run was stopped.",
    "overwrite": "begin that file anew, whatever is there.",
}

DATA_HELP = """a text, a list of texts, a Series, a table with `column`, a file as a `Path` (.txt .csv .tsv .jsonl
            .json .parquet, also compressed), or a Hub dataset as `"hub:owner/name"`. Every row keeps its place and
            its index; one that holds no text gets a reason and no result."""
