"""How the engine runs any task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from nbtransformers.request.checks import is_text, one_of, whole

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
    """

    device: str = "auto"
    dtype: DataType = "auto"
    batch_tokens: int | None = None
    threads: int | None = None
    max_length: int | None = None
    long: LongText = "truncate"

    def __post_init__(self) -> None:
        one_of("device", self.device.split(":")[0] if is_text(self.device) else self.device, DEVICES)
        one_of("dtype", self.dtype, DATA_TYPES)
        one_of("long", self.long, LONG_TEXT)
        whole("batch-tokens", self.batch_tokens)
        whole("threads", self.threads)
        whole("max-length", self.max_length)
