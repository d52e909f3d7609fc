"""What is in memory: each model once, whoever asks for it."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary, ref

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
        pickled: whether its weights were a pickle.
        lock: held by whoever runs the model, so that nobody else re-configures it meanwhile.
        notes: what the engine found out about it and need not find out again.
        made_room: the names of the models that left memory for it.
    """

    name: str
    model: Any
    tokenizer: Any
    folder: Path | None
    device: str
    dtype: str
    load_seconds: float = 0.0
    pickled: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock)
    notes: dict[Hashable, Any] = field(default_factory=dict[Hashable, Any])
    made_room: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InMemory:
    """What is told of a model or a tokenizer that is in memory.

    Attributes:
        name: what the user calls it.
        model_class: the class of the model, such as `BertModel`; of a tokenizer alone its own.
        device: where it is; empty for a tokenizer.
        dtype: the type of its weights; empty for a tokenizer.
        nbytes: of its weights.
        last_used: when a task last asked for it, in seconds since the epoch.
        in_use: whether a task is at work with it right now.
    """

    name: str
    model_class: str
    device: str
    dtype: str
    nbytes: int
    last_used: float
    in_use: bool


@dataclass(slots=True)
class _Entry(Generic[Loaded]):
    version: Hashable
    loaded: Loaded
    last_used: float


class Registry:
    """Loaded models by key; asking twice, even from two threads at once, loads once."""

    def __init__(self) -> None:
        self._models: dict[Hashable, _Entry[LoadedModel]] = {}
        self._tokenizers: dict[Hashable, _Entry[Any]] = {}
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
        self, table: dict[Hashable, _Entry[Loaded]], key: Hashable, version: Hashable, load: Callable[[], Loaded]
    ) -> tuple[Loaded, bool]:
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            found = table.get(key)
            if found is not None and found.version == version:
                found.last_used = time.time()
                return found.loaded, False
            table.pop(key, None)  # its memory is free for the new one
            loaded = load()
            table[key] = _Entry(version, loaded, time.time())
            return loaded, True

    def lock_and_notes(self, model: Any) -> tuple[threading.RLock, dict[Hashable, Any]]:
        """The lock and the notes of a user's own model: the same at every call, gone when the model is."""
        with self._guard:
            return self._users_own.setdefault(model, (threading.RLock(), {}))

    def loaded(self) -> list[LoadedModel]:
        """The models in memory, the oldest first."""
        return [entry.loaded for entry in list(self._models.values())]

    def in_memory(self) -> list[InMemory]:
        """What is in memory, models before tokenizers, the oldest first."""
        models = [_told(entry.loaded, entry.last_used) for entry in list(self._models.values())]
        alone = [
            InMemory(entry.loaded.name, type(entry.loaded.tokenizer).__name__, "", "", 0, entry.last_used, False)
            for entry in list(self._tokenizers.values())
        ]
        return models + alone

    def forget(self, name: str | None = None) -> tuple[list[str], list[str]]:
        """Let go of all models and tokenizers of a name, or of all: the names of those, and of those in use.

        A model that a task is at work with stays. The memory is free once no variable holds a model.
        """
        gone: list[str] = []
        busy: list[str] = []
        with self._guard:
            for table in (self._models, self._tokenizers):
                for key, entry in list(table.items()):
                    if name not in (None, entry.loaded.name):
                        continue
                    if _is_busy(entry.loaded):
                        busy.append(entry.loaded.name)
                    else:
                        del table[key]
                        gone.append(entry.loaded.name)
        return gone, busy

    def idle(self, device: str) -> list[tuple[Hashable, str]]:
        """Keys and names of the models on a device that no task is at work with, the least recently used first."""
        found = [item for item in list(self._models.items()) if item[1].loaded.device == device]
        found.sort(key=lambda item: item[1].last_used)
        return [(key, entry.loaded.name) for key, entry in found if not _is_busy(entry.loaded)]

    def nbytes_of(self, keys: Iterable[Hashable]) -> int:
        """Bytes of the weights of some models."""
        entries = [entry for key in keys if (entry := self._models.get(key)) is not None]
        return sum(_nbytes(entry.loaded.model) for entry in entries)

    def keys_on(self, device: str) -> list[Hashable]:
        """The keys of the models on a device."""
        return [key for key, entry in list(self._models.items()) if entry.loaded.device == device]

    def evict(self, key: Hashable) -> bool:
        """Let go of a model if that frees its memory: whether it did. One that anything else holds stays."""
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        if not lock.acquire(blocking=False):  # somebody is loading it
            return False
        try:
            entry = self._models.get(key)
            if entry is None or _is_busy(entry.loaded):
                return False
            self._models.pop(key, None)
            version, last_used = entry.version, entry.last_used
            bare = replace(entry.loaded, model=None, notes={})  # notes may hold the model
            loaded, model = ref(entry.loaded), ref(entry.loaded.model)
            del entry
            gc.collect()  # a model and its modules hold each other
            held = loaded()
            if held is None and model() is not None:
                held = replace(bare, model=model())
            if held is not None:
                self._models[key] = _Entry(version, held, last_used)
            return held is None
        finally:
            lock.release()

    def clear(self) -> None:
        """Forget every model and tokenizer; the memory is free once no result or variable holds one."""
        with self._guard:
            self._models.clear()
            self._tokenizers.clear()
            self._locks.clear()


def _told(loaded: LoadedModel, last_used: float) -> InMemory:
    return InMemory(
        name=loaded.name,
        model_class=type(loaded.model).__name__,
        device=loaded.device,
        dtype=loaded.dtype,
        nbytes=_nbytes(loaded.model),
        last_used=last_used,
        in_use=_is_busy(loaded),
    )


def _nbytes(model: Any) -> int:
    weights = {tensor.data_ptr(): tensor.nbytes for tensor in (*model.parameters(), *model.buffers())}
    return sum(weights.values())


def _is_busy(loaded: Any) -> bool:
    """Whether another thread is at work with a model; a tokenizer never is for long."""
    lock: threading.RLock | None = getattr(loaded, "lock", None)
    if lock is None:
        return False
    free = lock.acquire(blocking=False)
    if free:
        lock.release()
    return not free


REGISTRY = Registry()
