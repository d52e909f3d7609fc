"""Giving memory back: models, what panels have found, what tracebacks hold, and what the C library keeps."""

from __future__ import annotations

import gc
import itertools
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from types import FrameType, FunctionType, ModuleType, TracebackType
from typing import Any

from nbtransformers.errors import UserError, did_you_mean, shown
from nbtransformers.plain_text import printable

_NOISE_MB = 10  # what a process takes more or less of, whatever happens


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
        if not self.names and back < _NOISE_MB:
            parts = [f"{what}; this process takes {after} MB."]
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
    from nbtransformers.loading.room import return_memory

    _drop_tracebacks(shell)
    return_memory()


def _rss() -> int:
    import psutil

    return psutil.Process().memory_info().rss


# --- tracebacks: each keeps every local variable of every frame that it passed ---

_OURS = ("nbtransformers", "torch", "transformers")
_HOSTS = ("IPython", "ipykernel")  # which hold the notebook's variables, with or without a traceback
_DEEP = 3  # a tensor in a list in an object
_MOST = 10_000  # objects that are looked at in a frame
_EVERYWHERE = (ModuleType, FunctionType, type)  # they lead to all that there is


def _drop_tracebacks(shell: Any) -> None:
    """Take the tracebacks that came through a model, or hold tensors, from the errors that are kept for a debugger.

    Any other is the user's, to be debugged. To empty the frames would not do: they keep what functions close over.
    """
    result = getattr(shell, "last_execution_result", None)
    kept = [
        getattr(sys, "last_exc", None),  # from Python 3.12
        getattr(sys, "last_value", None),
        getattr(result, "error_in_exec", None),
        getattr(result, "error_before_exec", None),
    ]
    chains = [_chain(error) for error in kept]
    ours = [chain for chain in chains if any(_keeps_memory(error.__traceback__) for error in chain)]
    for error in itertools.chain(*ours):
        error.__traceback__ = None
    if ours:  # the last error's, twice: without them `%debug` says that there is nothing to debug
        for holder, name in ((sys, "last_traceback"), (getattr(shell, "InteractiveTB", None), "tb")):
            if hasattr(holder, name):
                delattr(holder, name)


def _chain(error: BaseException | None) -> list[BaseException]:
    """An error and what it came from."""
    found: list[BaseException] = []
    pending = [error]
    while pending:
        error = pending.pop()
        if error is not None and all(error is not known for known in found):
            found.append(error)
            pending += [error.__cause__, error.__context__]
    return found


def _keeps_memory(trace: TracebackType | None) -> bool:
    while trace is not None:
        room = str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        if room in _OURS or (room not in _HOSTS and _holds_tensors(trace.tb_frame)):
            return True
        trace = trace.tb_next
    return False


def _holds_tensors(frame: FrameType) -> bool:
    """Whether a function's variables hold tensors or a model; those of a cell are the notebook's."""
    torch: Any = sys.modules.get("torch")
    if torch is None or frame.f_locals is frame.f_globals:
        return False
    found: Iterable[Any] = frame.f_locals.values()
    looked = 0
    for _ in range(_DEEP):
        some = [value for value in itertools.islice(found, _MOST - looked) if not issubclass(type(value), _EVERYWHERE)]
        if any(issubclass(type(value), torch.Tensor | torch.nn.Module) for value in some):
            return True
        looked += len(some)
        found = gc.get_referents(*some)
    return False
