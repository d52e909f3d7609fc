"""How much of what passes left stays in memory: the latest of it, up to a budget."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from typing import Any, Protocol


class Kept(Protocol):
    """What a pass left."""

    @property
    def nbytes(self) -> int:
        """Bytes that it takes."""
        ...


class Store:
    """What passes left, by whom it is for: gone with its owner, and before that when newer ones need the room.

    Args:
        budget: bytes of all together; None for a quarter of the memory that is free, at most 2 GiB. The newest is
            kept whatever it takes.
    """

    def __init__(self, budget: int | None = None) -> None:
        self._budget = budget
        self._kept: OrderedDict[int, Kept] = OrderedDict()
        self._guard = threading.RLock()

    def keep(self, owner: Any, kept: Kept) -> None:
        """Keep what is an owner's, and let go of the oldest that are too much with it."""
        with self._guard:
            fresh = id(owner) not in self._kept
            self._kept[id(owner)] = kept
            self._kept.move_to_end(id(owner))
            if len(self._kept) > 1:
                self._make_room(self.budget)
        if fresh:
            weakref.finalize(owner, self._forget, id(owner)).atexit = False

    def _make_room(self, budget: int) -> None:
        while len(self._kept) > 1 and self.nbytes > budget:
            self._kept.popitem(last=False)

    def of(self, owner: Any) -> Kept | None:
        """What is kept for an owner, which is in use now; None when it had to go."""
        with self._guard:
            if id(owner) in self._kept:
                self._kept.move_to_end(id(owner))
            return self._kept.get(id(owner))

    def _forget(self, owner: int) -> None:
        with self._guard:
            self._kept.pop(owner, None)

    @property
    def budget(self) -> int:
        """Bytes of all together."""
        if self._budget is not None:
            return self._budget
        from nbtransformers.loading.memory import free_memory

        return int(min(2 * 2**30, (free_memory("cpu") + self.nbytes) / 4))

    @property
    def nbytes(self) -> int:
        """Bytes that are kept now."""
        with self._guard:
            return sum(kept.nbytes for kept in list(self._kept.values()))


STORE = Store()
