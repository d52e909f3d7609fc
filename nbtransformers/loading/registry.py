"""What is in memory: each model once, whoever asks for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


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

    @property
    def parameters(self) -> int:
        """How many parameters it has."""
        return sum(parameter.numel() for parameter in self.model.parameters())


class Registry:
    """Loaded models by key; asking twice, even from two threads at once, loads once."""

    def __init__(self) -> None:
        self._models: dict[Hashable, LoadedModel] = {}
        self._locks: dict[Hashable, threading.Lock] = {}
        self._guard = threading.Lock()

    def get(self, key: Hashable, load: Callable[[], LoadedModel]) -> tuple[LoadedModel, bool]:
        """The model of a key, and whether it had to be loaded for this call."""
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            loaded = self._models.get(key)
            if loaded is not None:
                return loaded, False
            self._models[key] = loaded = load()
            return loaded, True

    def loaded(self) -> list[LoadedModel]:
        """The models in memory, the oldest first."""
        return list(self._models.values())

    def clear(self) -> None:
        """Forget every model; the memory is free once no result or variable holds one."""
        with self._guard:
            self._models.clear()
            self._locks.clear()


REGISTRY = Registry()
