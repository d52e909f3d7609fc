"""What the panel of models asks: lists, one model in full, whether it fits, a download, the session's default."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from nbtransformers import settings
from nbtransformers.doors.card import card_of
from nbtransformers.doors.models import listed_models, more_models, ref_of
from nbtransformers.loading.languages import code_of
from nbtransformers.panels.models.offers import Cell
from nbtransformers.progress import OnProgress
from nbtransformers.request.catalog import ModelsRequest

if TYPE_CHECKING:
    from nbtransformers.results.download import Downloaded
    from nbtransformers.results.modelcard import ModelCard
    from nbtransformers.results.models import ModelEntry, Models

_SENTENCES = "A joy from start to end.\nGreat fun.\nDull."
_CELLS: Mapping[str | None, tuple[str, str]] = {
    None: ("%%embed", _SENTENCES),  # a bare encoder says no task
    "text-classification": ("%%classify", "A joy from start to end."),
    "zero-shot-classification": ("%%classify --labels politics,sport", "The striker scored twice."),
    "token-classification": ("%%entities", "Ada Lovelace lived in London."),
    "question-answering": ("%%answer", "question: Where did Ada live?\nAda Lovelace lived in London."),
    "fill-mask": ("%%fill", "Paris is the [MASK] of France."),
    "feature-extraction": ("%%embed", _SENTENCES),
    "sentence-similarity": ("%%similar", _SENTENCES),
    "text-generation": ("%%generate", "Once upon a time"),
    "text2text-generation": ("%%summarize", "Ada Lovelace lived in London. She wrote the first program."),
    "summarization": ("%%summarize", "Ada Lovelace lived in London. She wrote the first program."),
    "translation": ("%%translate", "Good morning!"),
}
"""By the Hub's word for a task: the magic that does it, and a text to try it on."""
_GREETINGS: Mapping[str | None, str] = {
    "de": "Guten Morgen!",
    "fr": "Bonjour !",
    "es": "¡Buenos días!",
    "it": "Buongiorno!",
    "pt": "Bom dia!",
    "ru": "Доброе утро!",
    "zh": "早上好！",
    "ja": "おはようございます。",
    "ar": "صباح الخير!",
}
"""By the language that is translated, where it is not English."""


class Catalogue:
    """What can be asked about models, and done with one, from any thread."""

    def __init__(self) -> None:
        self._counting = threading.Lock()

    def listed(self, request: ModelsRequest) -> Models:
        """The models that are asked for."""
        return listed_models(request)

    def more(self, listed: Models) -> Models:
        """The same list with the next of the Hub behind it."""
        return more_models(listed)

    def in_full(self, name: str, revision: str | None) -> ModelEntry:
        """All that can be known of a model without loading it.

        Raises:
            UserError: when there is no such model.
        """
        from nbtransformers.catalog.detail import model_in_full

        # A folder is called by its last part, and found by the whole of its path alone.
        return replace(model_in_full(ref_of(name, revision, None)), name=name)

    def card(self, name: str, revision: str | None, batch_size: int, length: int | None) -> ModelCard:
        """Whether a model fits; one is counted at a time.

        Raises:
            UserError: when it is not to be had, or a number is none.
        """
        with self._counting:
            return card_of(name, batch_size, length, revision)

    def cell(self, entry: ModelEntry) -> Cell | None:
        """A cell that uses a model once; None where no magic does its task.

        Example:
            >>> Catalogue().cell(entry)
            Cell(magic='%%classify', model='acme/tiny', pinned=None, target=None, text='A joy from start to end.')
        """
        if entry.task not in _CELLS:
            return None
        magic, text = _CELLS[entry.task]
        pinned = shlex.quote(f"{entry.name}@{entry.revision}") if entry.revision else None
        target = None
        if entry.task == "translation":
            source, target = entry.translates or ("en", "")
            text = _GREETINGS.get(code_of(source), text)
        return Cell(magic, shlex.quote(entry.name), pinned, target, text)

    def fetch(self, name: str, revision: str | None, allow_pickle: bool, on_progress: OnProgress) -> Downloaded:
        """Fetch a model, pickled weights where they are allowed; what a stop leaves is gone on with the next time.

        Raises:
            UserError: when it is not to be had, arrives damaged, or there is no room for it.
            Interrupted: when it is stopped.
        """
        from nbtransformers.catalog.downloading import download

        return download(ref_of(name, revision, None, allow_pickle=allow_pickle), on_progress)

    def use(self, name: str, revision: str | None) -> str:
        """Make a model the default of this session; what was set. Whether there is one was asked when it was looked at.

        Raises:
            UserError: when there is no such model.
        """
        typed = f"{name}@{revision}" if revision else name
        settings.set_default("model", typed)
        return typed

    def default(self) -> str | None:
        """The model that is the default of this session; None where none is set."""
        value = settings.default("model").value
        return None if value is None else str(value)
