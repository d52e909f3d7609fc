"""Giving memory back: models, what panels have found, what tracebacks hold, and what the C library keeps."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any

from nbtransformers.errors import UserError, did_you_mean, shown
from nbtransformers.plain_text import printable


@dataclass(frozen=True, slots=True)
class Unloaded:
    """What was freed.

    Attributes:
        names: of the models and tokenizers that were let go of.
        in_use: of those that a task is at work with, and that stay.
        rss: bytes of this process in memory, before and after.
    """

    names: tuple[str, ...]
    in_use: tuple[str, ...]
    rss: tuple[int, int]

    def __str__(self) -> str:
        before, after = (f"{nbytes / 1e6:,.0f}" for nbytes in self.rss)
        what = f"Unloaded {', '.join(map(printable, self.names))}" if self.names else "Nothing was loaded"
        back = max(0, self.rss[0] - self.rss[1]) / 1e6
        parts = [f"{what}: {back:,.0f} MB came back (this process now takes {after} MB, before {before} MB)."]
        if self.in_use:
            one = len(self.in_use) == 1
            parts.append(
                f"{', '.join(map(printable, self.in_use))} {'is' if one else 'are'} in use, and stay{'s' * one}."
            )
        return " ".join(parts)

    def __repr__(self) -> str:
        return str(self)


def unload(name: str | None, shell: Any = None) -> Unloaded:
    """Let go of one model or tokenizer, or of all, and give the memory back.

    Raises:
        UserError: when nothing of this name is loaded.
    """
    from nbtransformers.loading.registry import REGISTRY

    before = _rss()
    known = list(dict.fromkeys(loaded.name for loaded in REGISTRY.in_memory()))
    if name is not None and name not in known:
        raise UserError(f"{shown(name)} is not loaded.", hint=did_you_mean(name, known, what="Loaded:"))
    gone, busy = REGISTRY.forget(name)
    lifetime = sys.modules.get("nbtransformers.panels.lifetime")
    if lifetime is not None:
        lifetime.drop_caches()
    give_back(shell)
    return Unloaded(tuple(dict.fromkeys(gone)), tuple(dict.fromkeys(busy)), (before, _rss()))


def give_back(shell: Any = None) -> None:
    """Collect what nothing holds any more, and have the allocators return it to the machine."""
    for error in _kept_errors(shell):
        _clear(error)
    gc.collect()
    torch: Any = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    with contextlib.suppress(OSError, AttributeError):  # only the GNU C library keeps freed memory, and has this
        ctypes.CDLL(None).malloc_trim(0)


def _rss() -> int:
    import psutil

    return psutil.Process().memory_info().rss


# --- tracebacks: each keeps every local variable of every frame that it passed ---


def _kept_errors(shell: Any) -> Iterator[BaseException]:
    """The errors that Python and IPython keep for a debugger."""
    result = getattr(shell, "last_execution_result", None)
    kept = (
        getattr(sys, "last_exc", None),  # from Python 3.12
        getattr(sys, "last_value", None),
        getattr(getattr(shell, "InteractiveTB", None), "evalue", None),
        getattr(result, "error_in_exec", None),
        getattr(result, "error_before_exec", None),
    )
    seen: set[int] = set()
    pending = [error for error in kept if isinstance(error, BaseException)]
    while pending:
        error = pending.pop()
        if id(error) not in seen:
            seen.add(id(error))
            yield error
            pending += [cause for cause in (error.__cause__, error.__context__) if cause is not None]


_OURS = ("nbtransformers", "torch", "transformers")


def _clear(error: BaseException) -> None:
    """Empty the frames of an error that came through a model; any other is the user's, to be debugged."""
    if any(_package(trace) in _OURS for trace in _walk(error.__traceback__)):
        for trace in _walk(error.__traceback__):
            _empty(trace.tb_frame)


def _empty(frame: FrameType) -> None:
    try:
        frame.clear()
    except RuntimeError:  # it still runs
        return
    # Before Python 3.13 a frame also keeps the dict of them that a traceback was printed from.
    if frame.f_code.co_flags & inspect.CO_OPTIMIZED and type(frame.f_locals) is dict:
        frame.f_locals.clear()


def _walk(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _package(trace: TracebackType) -> str:
    return str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
