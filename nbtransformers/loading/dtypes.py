"""Which type a model's weights are loaded in on a GPU."""

from __future__ import annotations


def gpu_dtype(stored: str | None, device: str, *, too_wide_for_half: bool = False) -> str:
    """The type for a GPU: half the memory and several times the speed of float32, where the model allows it.

    bfloat16 has the range of float32, so that nothing overflows, whatever the weights were stored in. float16 has
    more digits and a small range: it is kept where a model was published in it, and never chosen for another.

    Args:
        stored: the type of most of the weights; None when the files do not tell.
        device: where the model is to run.
        too_wide_for_half: whether layers of it are known to overflow in float16, as T5's do.

    Example:
        >>> gpu_dtype("float16", "cuda:0")
        'float16'
    """
    if stored == "float16" and not too_wide_for_half:
        return "float16"
    if stored not in (None, "bfloat16", "float16", "float32", "float64"):
        return "auto"  # of fewer bits, and what they mean only the model knows
    return "bfloat16" if _has_bfloat16(device) else "float32"


def _has_bfloat16(device: str) -> bool:
    """Whether a GPU computes in it; older ones only pretend to, and slowly."""
    import torch

    if not device.startswith("cuda"):
        return False
    with torch.cuda.device(device):
        return torch.cuda.is_bf16_supported(including_emulation=False)
