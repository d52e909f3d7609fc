"""How the engine runs any task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from nbtransformers.errors import UserError, shown
from nbtransformers.request.checks import byte_size, is_text, one_of, whole

LongText = Literal["truncate", "window", "error"]
DataType = Literal["auto", "float32", "float16", "bfloat16", "int8"]

LONG_TEXT: tuple[LongText, ...] = get_args(LongText)
DATA_TYPES: tuple[DataType, ...] = get_args(DataType)
DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How the engine runs any task; `None` means that the engine chooses.

    Attributes:
        device: `auto`, `cpu`, `cuda`, `cuda:1`, `mps`.
        dtype: the type of the weights. `auto` is float32; but on a GPU of CUDA it is bfloat16 where that computes in
            it, and float16 for a model that was published in float16. `int8` quantises the linear layers, for the CPU.
        batch_tokens: tokens in one batch, padding included; None finds it by a short probe.
        threads: CPU threads; None finds it by the same probe.
        max_length: tokens that the model may read of one text, special tokens included; None is the model's limit.
        long: what happens to a longer text: `truncate` reads its beginning, `window` reads it in
            overlapping windows and averages, `error` refuses it and ends the run.
        memory_budget: what the weights of all loaded models may take together on the device, in bytes or as a size
            such as `8GB`; the least recently used leave for a new one. None is what the memory holds.
        to: the Parquet file that the results go to, part by part as they come; None keeps them in memory.
        resume: go on with the parts of that file that an earlier run has left.
        overwrite: begin that file anew, whatever is there.
    """

    device: str = "auto"
    dtype: DataType = "auto"
    batch_tokens: int | None = None
    threads: int | None = None
    max_length: int | None = None
    long: LongText = "truncate"
    memory_budget: int | str | None = None
    to: str | None = None
    resume: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        one_of("device", self.device.split(":")[0] if is_text(self.device) else self.device, DEVICES)
        one_of("dtype", self.dtype, DATA_TYPES)
        one_of("long", self.long, LONG_TEXT)
        whole("batch-tokens", self.batch_tokens)
        whole("threads", self.threads)
        whole("max-length", self.max_length)
        byte_size("memory-budget", self.memory_budget)
        _check_file(self.to, self.resume, self.overwrite)

    @property
    def budget(self) -> int | None:
        """The memory budget in bytes.

        Example:
            >>> RunOptions(memory_budget="1.5 GB").budget
            1500000000
        """
        return byte_size("memory-budget", self.memory_budget)


def _check_file(to: object, resume: bool, overwrite: bool) -> None:
    if to is None:
        for option, given in (("resume", resume), ("overwrite", overwrite)):
            if given:
                raise UserError(f"`--{option}` is for a file, and there is none.", hint="Add `--to out.parquet`.")
        return
    if not isinstance(to, str) or not to.strip():
        raise UserError(f"`--to` is {shown(to)}, not the name of a file.", hint="Type `--to out.parquet`.")
    if not to.lower().endswith(".parquet"):
        raise UserError(
            f"`--to` writes Parquet, and {shown(to)} is called otherwise.",
            hint="Type `--to out.parquet`; a result in memory has to_csv().",
        )
    if resume and overwrite:
        raise UserError(
            "`--resume` goes on with what `--overwrite` would throw away.", hint="Leave one of the two out."
        )
