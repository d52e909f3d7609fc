"""Where and in which type to run."""

from __future__ import annotations

from nbtransformers.errors import UserError


def pick_device(wanted: str) -> str:
    """The device to run on: `auto` is CUDA, else MPS, else the CPU.

    Raises:
        UserError: when the device asked for is not there.

    Example:
        >>> pick_device("cpu")
        'cpu'
    """
    import torch

    if wanted.startswith(("cpu:", "auto:", "mps:")):
        kind = wanted.split(":")[0]
        raise UserError(f"There is one {kind} only, and no {wanted}.", hint=f"Type `--device {kind}`.")
    if wanted == "cpu":
        return "cpu"
    if wanted == "auto":
        return "cuda:0" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    kind, _, number = wanted.partition(":")
    if kind == "mps":
        if torch.backends.mps.is_available():
            return "mps"
        raise UserError("There is no Apple GPU (mps) here.", hint="Leave `--device` out, or type `--device cpu`.")
    return _cuda(number)


def _cuda(number: str) -> str:
    import torch

    if not torch.cuda.is_available():
        built = "this torch is built without CUDA" if torch.version.cuda is None else "no GPU is visible"
        raise UserError(f"There is no CUDA device here: {built}.", hint="Leave `--device` out, or type `--device cpu`.")
    there = torch.cuda.device_count()
    if number and not (number.isdigit() and int(number) < there):
        raise UserError(
            f"There is no CUDA device {number}.", hint=f"Type a number from 0 to {there - 1}: `--device cuda:0`."
        )
    return f"cuda:{number or 0}"


def pick_dtype(wanted: str, device: str) -> str:
    """The type to load weights in: `auto` is float32, but on CUDA stays `auto`, for the model decides.

    Raises:
        UserError: when the device has no use for it.
    """
    if wanted == "int8" and device != "cpu":
        raise UserError(
            f"`--dtype int8` is for the CPU, and the model would run on {device}.",
            hint="Add `--device cpu`, or leave `--dtype` out.",
        )
    if wanted != "auto":
        return wanted
    return "auto" if device.startswith("cuda") else "float32"
