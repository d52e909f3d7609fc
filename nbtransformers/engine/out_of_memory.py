"""When memory runs out: told from other errors, and given back."""

from __future__ import annotations

import traceback

from nbtransformers.loading.memory import says_out_of_memory


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on any device."""
    import torch

    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and says_out_of_memory(error)


def let_go(error: BaseException) -> None:
    """Free what an error holds: the frames of its traceback keep every tensor that was at hand where it was raised.

    The lines of the traceback stay, and so does the error. So it goes for the errors that it came from.
    """
    told: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in told:
        told.add(id(link))
        traceback.clear_frames(link.__traceback__)  # those that still run are left alone
        link = link.__cause__ or link.__context__


def free_cache() -> None:
    """Give back what torch keeps of a GPU for later: smaller batches need blocks of other sizes."""
    import torch

    if torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()
