"""What is in memory: each model once, whoever asks for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

Loaded = TypeVar("Loaded")


@dataclass(eq=False)
class LoadedModel:
    """A model that is ready to run, with its tokenizer.

    Attributes:
        name: what the user calls it.
        model: the `PreTrainedModel`, in evaluation mode unless it is the user's own.
        tokenizer: its tokenizer.
        folder: where it was loaded from; None for the user's own.
        device: the device it is on, as torch writes it.
        dtype: the type of its weights, as torch writes it without `torch.`.
        load_seconds: how long loading took.
        lock: held by whoever runs the model, so that nobody else re-configures it meanwhile.
        notes: what the engine found out about it and need not find out again.
    """

    name: str
    model: Any
    tokenizer: Any
    folder: Path | None
    device: str
    dtype: str
    load_seconds: float = 0.0
    lock: threading.RLock = field(default_factory=threading.RLock)
    notes: dict[Hashable, Any] = field(default_factory=dict[Hashable, Any])


class Registry:
    """Loaded models by key; asking twice, even from two threads at once, loads once."""

    def __init__(self) -> None:
        self._models: dict[Hashable, tuple[Hashable, LoadedModel]] = {}
        self._tokenizers: dict[Hashable, tuple[Hashable, Any]] = {}
        self._locks: dict[Hashable, threading.Lock] = {}
        self._guard = threading.Lock()
        self._users_own: WeakKeyDictionary[Any, tuple[threading.RLock, dict[Hashable, Any]]] = WeakKeyDictionary()

    def get(self, key: Hashable, version: Hashable, load: Callable[[], LoadedModel]) -> tuple[LoadedModel, bool]:
        """The model of a key, and whether it had to be loaded for this call.

        A model of another version, files that have changed since, is replaced.
        """
        return self._once(self._models, key, version, load)

    def tokenizer(self, key: Hashable, version: Hashable, load: Callable[[], Loaded]) -> tuple[Loaded, bool]:
        """Likewise a tokenizer that is in memory without a model."""
        return self._once(self._tokenizers, ("tokenizer", key), version, load)

    def _once(
        self,
        table: dict[Hashable, tuple[Hashable, Loaded]],
        key: Hashable,
        version: Hashable,
        load: Callable[[], Loaded],
    ) -> tuple[Loaded, bool]:
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            found = table.get(key)
            if found is not None and found[0] == version:
                return found[1], False
            table.pop(key, None)  # its memory is free for the new one
            loaded = load()
            table[key] = (version, loaded)
            return loaded, True

    def lock_and_notes(self, model: Any) -> tuple[threading.RLock, dict[Hashable, Any]]:
        """The lock and the notes of a user's own model: the same at every call, gone when the model is."""
        with self._guard:
            return self._users_own.setdefault(model, (threading.RLock(), {}))

    def loaded(self) -> list[LoadedModel]:
        """The models in memory, the oldest first."""
        return [loaded for _, loaded in self._models.values()]

    def clear(self) -> None:
        """Forget every model and tokenizer; the memory is free once no result or variable holds one."""
        with self._guard:
            self._models.clear()
            self._tokenizers.clear()
            self._locks.clear()


REGISTRY = Registry()
