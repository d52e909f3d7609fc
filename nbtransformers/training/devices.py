"""Where a run computes: on one GPU or the CPU, with a core left to the notebook."""

from __future__ import annotations

import os
from itertools import takewhile

from nbtransformers.engine.device import pick_device
from nbtransformers.engine.threads import cpu_cores, cpu_threads
from nbtransformers.errors import UserError


def use_one_device(wanted: str) -> str:
    """Choose the device of this process: `cpu`, `cuda` or `mps`. To be called before anything is computed.

    Trainer takes the first GPU that it sees, and would spread a batch over all of them: no other is to be seen.

    Raises:
        UserError: when the device asked for is not there.
    """
    kind, _, number = wanted.partition(":")
    if kind in ("auto", "cuda"):
        place = int(number) if number.isdigit() else 0
        seen = _seen()
        if seen is None or place < len(seen):
            os.environ["CUDA_VISIBLE_DEVICES"] = str(place) if seen is None else seen[place]
            wanted = kind
    return pick_device(wanted).partition(":")[0]


def use_device_of(wanted: str, processes: int) -> str:
    """Choose the device of one of several processes, of which each takes a GPU of its own; on the CPU they share it.

    Raises:
        UserError: when the device asked for is not there, or there are fewer GPUs than processes.
    """
    device = pick_device(wanted).partition(":")[0]
    if device == "cuda":  # a run may go on where there are fewer
        refuse_too_few(wanted, processes)
    leave_a_core(processes)
    return device


def refuse_too_few(wanted: str, gpus: int) -> None:
    """Refuse more GPUs than there are.

    Raises:
        UserError: with how many there are.
    """
    import torch

    if wanted not in ("auto", "cuda"):
        raise UserError(f"`--gpus {gpus}` and `--device {wanted}` are both given.", hint="Leave one of the two out.")
    there = torch.cuda.device_count()
    if gpus > there:
        hint = f"Type `--gpus {there}`." if there > 1 else "Leave `--gpus` out."
        raise UserError(f"`--gpus {gpus}` asks for more GPUs than there are: {there}.", hint=hint)


def _seen() -> list[str] | None:
    """The GPUs that the user lets be seen; None is all. As for CUDA, an empty name or a -1 ends them."""
    told = os.environ.get("CUDA_VISIBLE_DEVICES")
    if told is None:
        return None
    return list(takewhile(lambda device: device not in ("", "-1"), (part.strip() for part in told.split(","))))


def leave_a_core(processes: int = 1) -> None:
    """Let torch use all cores but one, which is the notebook's; fewer where it was told so, or several share them."""
    import torch

    torch.set_num_threads(min(cpu_threads(), max(1, (cpu_cores() - 1) // processes)))
