"""Does a model fit? Its weights, and an allowance for the batch, against the memory that is free."""

from __future__ import annotations

from pathlib import Path

from nbtransformers.errors import UserError
from nbtransformers.loading.descriptions import read_json
from nbtransformers.loading.heads import Head, heads_declared
from nbtransformers.loading.smaller import smaller_model
from nbtransformers.loading.source import Source
from nbtransformers.loading.weights import Weights
from nbtransformers.plain_text import size

# For a batch of some thousand tokens the activations take far less, but nothing else on the machine stands still.
_SHARE, _LEAST = 0.1, 128 * 2**20
_CGROUP = Path("/sys/fs/cgroup")

_OUT_OF_MEMORY = ("can't allocate memory", "not enough memory", "out of memory", "cannot allocate memory")


def refuse_too_large(source: Source, weights: Weights, dtype: str, device: str, *, quantized: bool = False) -> None:
    """Let a model be loaded only where it fits, unless the user says otherwise.

    Args:
        source: the model.
        weights: what its files declare.
        dtype: the type that they are to be loaded in, or `auto`.
        device: where it is to run.
        quantized: whether its weights stay as they are stored, whatever `dtype` says.

    Raises:
        UserError: with both numbers, and what to type.
    """
    if source.ref.allow_large or source.ref.kind == "bundled":
        return
    taken = nbytes_loaded(weights, dtype, quantized=quantized)
    needed, free = with_allowance(taken), free_memory(device)
    if needed <= free:
        return
    raise UserError(
        f"{source.name} needs {size(needed)} of memory ({size(taken)} of weights, the rest for a batch), "
        f"and {size(free)} are free on {device}.",
        hint=_instead(source, weights, dtype, device, free, quantized),
    )


def nbytes_loaded(weights: Weights, dtype: str, *, quantized: bool = False) -> int:
    """The bytes that weights take while they are loaded, with the arguments of `refuse_too_large`."""
    # int8 is made of float32, which is there first.
    return weights.nbytes if quantized else weights.nbytes_in("float32" if dtype == "int8" else dtype)


def says_out_of_memory(error: BaseException) -> bool:
    """Whether the words of an error are those of a device, or of the system, whose memory ran out."""
    text = str(error).lower()
    return any(said in text for said in _OUT_OF_MEMORY)


def with_allowance(nbytes: float) -> float:
    """Bytes of weights to bytes of a model at work: a tenth more, and at least 128 MiB."""
    return nbytes + max(_SHARE * nbytes, _LEAST)


def free_memory(device: str) -> float:
    """Bytes that can be had on a device; on the CPU within the limit of the container, too."""
    if device.startswith("cuda"):
        import torch

        return torch.cuda.mem_get_info(device)[0]
    import psutil

    return min(psutil.virtual_memory().available, _free_in_container())


def _instead(source: Source, weights: Weights, dtype: str, device: str, free: float, quantized: bool) -> str:
    smaller = with_allowance(weights.nbytes_in("bfloat16"))
    if not quantized and dtype not in ("bfloat16", "float16") and smaller <= free and weights.counts:
        return f"Type `--dtype bfloat16`: {size(smaller)}."
    if device != "cpu" and with_allowance(weights.nbytes_in("float32")) <= free_memory("cpu"):
        return "Type `--device cpu`, or give a smaller model."
    smaller = next((name for head in _heads(source) if (name := smaller_model(head, free))), None)
    such = f" such as `--model {smaller}`" if smaller else ""
    return f"Give a smaller model{such}, or type `--allow-large` to try."


def _heads(source: Source) -> frozenset[Head]:
    """What the model has been trained for, by its configuration."""
    config = read_json(source.folder / "config.json", source.again)
    return heads_declared(config) or frozenset[Head]({"encoder"})


def _free_in_container() -> float:
    """What a container's limit leaves; caches of files do not count, since they give way."""
    try:
        limit = int((_CGROUP / "memory.max").read_text())
        used = int((_CGROUP / "memory.current").read_text())
        statistics = dict(line.split() for line in (_CGROUP / "memory.stat").read_text().splitlines())
        return limit - used + int(statistics.get("inactive_file", 0))
    except (OSError, ValueError):  # no container, or one without a limit
        return float("inf")
