"""What was asked for to a listing: what is here, and what the Hub finds; without the Hub what is here, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from nbtransformers.catalog.hub_search import Page, datasets_page, models_page, with_told
from nbtransformers.catalog.local import cached_datasets, cached_models, local_models
from nbtransformers.catalog.near import near_names
from nbtransformers.loading.hub_api import Kind, UnreachableError
from nbtransformers.request.catalog import DatasetsRequest, ModelsRequest
from nbtransformers.results.datasets import DatasetEntry, Datasets
from nbtransformers.results.models import ModelEntry, Models

E = TypeVar("E")
L = TypeVar("L", Models, Datasets)
Turn = Callable[["str | None"], Page[E]]
_MOST_PAGES = 8  # that one list asks for; a page may have few that are wanted, or none
_OF_HUB_ALONE = ("downloads", "likes", "last_modified", "gated")
# What the Hub calls by either name.
_SAME_TASK = {"feature-extraction": "sentence-similarity", "sentence-similarity": "feature-extraction"}


def list_models(request: ModelsRequest, runs: Path) -> Models:
    """The models that were asked for: those on this machine, then those of the Hub.

    Args:
        request: what was asked for.
        runs: where training runs are.
    """
    there = tuple(local_models(runs))
    names = [entry.name for entry in there]
    here = Models(request, tuple(entry for entry in there if matches(entry, request)))
    if request.local_only:
        return _asked_back(here, names, None)
    try:
        found, following = _taken(lambda after: models_page(request, after), request.limit)
    except UnreachableError as error:
        return _asked_back(replace(here, notes=(only_here(error),)), names, None)
    return _asked_back(_joined(here, found, following, there), names, "models")


def _asked_back(listed: L, here: Sequence[str], kind: Kind | None) -> L:
    """The same list; where nothing has these words in its name, with the names that may have been meant."""
    request: ModelsRequest | DatasetsRequest = listed.request
    only_words = replace(request, search=None, local_only=False) == type(request)(
        sort=request.sort, limit=request.limit
    )
    if listed.entries or not request.search or not only_words:  # what was found is what was meant
        return listed
    return replace(listed, near=near_names(request.search, here, kind))


def list_datasets(request: DatasetsRequest) -> Datasets:
    """The datasets that were asked for: those in the cache, then those of the Hub."""
    there = tuple(cached_datasets())
    names = [entry.name for entry in there]
    here = Datasets(request, tuple(entry for entry in there if _is_asked_for(entry, request)))
    if request.local_only:
        return _asked_back(here, names, None)
    try:
        found, following = _taken(lambda after: datasets_page(request, after), request.limit)
    except UnreachableError as error:
        return _asked_back(replace(here, notes=(only_here(error),)), names, None)
    return _asked_back(_joined(here, found, following, there), names, "datasets")


def go_on(listed: L) -> L:
    """The same list with the next of the Hub behind it; a Hub that cannot be asked any more is a note.

    Args:
        listed: a list of which the Hub has more.
    """
    request: Any = listed.request
    page: Callable[..., Any] = models_page if isinstance(listed, Models) else datasets_page
    there = cached_models() if isinstance(listed, Models) else cached_datasets()
    found: list[Any]
    try:
        found, following = _taken(partial(page, request), request.limit, listed.next)
    except UnreachableError as error:
        return replace(listed, notes=(f"The Hub does not go on: {error}.",))
    return _joined(replace(listed, notes=()), found, following, there)


def _joined(listed: L, found: Sequence[ModelEntry | DatasetEntry], following: str | None, there: Iterable[Any]) -> L:
    """The same list with those of the Hub behind it; what is cached of either with what only the Hub knows.

    What is cached may be found by what the Hub alone tells of it, such as its task.
    """
    told: Mapping[str, Any] = {entry.name: entry for entry in found}
    cached = {entry.name: entry for entry in there if entry.place == "cached"}

    def filled(entry: Any) -> Any:
        if entry.place != "cached" or entry.name not in told:
            return entry
        if isinstance(entry, ModelEntry):
            return with_told(entry, told[entry.name])
        return replace(entry, **{name: getattr(told[entry.name], name) for name in _OF_HUB_ALONE})

    here = replace(listed, entries=tuple(map(filled, listed.entries)))
    return here.joined((filled(cached.get(entry.name, entry)) for entry in found), following)


def only_here(error: UnreachableError) -> str:
    """That a list lacks the Hub's part, and why."""
    return f"This is only what is on this machine: {error}."


def matches(entry: ModelEntry, request: ModelsRequest) -> bool:
    """Whether a model is among those that were asked for; what it does not say does not match."""
    size = request.size
    words = (request.search or "").casefold().split()
    return (
        (request.task is None or entry.task in (request.task, _SAME_TASK.get(request.task)))
        and all(word in entry.name.casefold() for word in words)
        and _has_language(entry, request)
        and (request.library is None or entry.library == request.library)
        and _has_licence(entry, request)
        and (size.parameters is None or (entry.parameters or size.parameters + 1) <= size.parameters)
        and (size.nbytes is None or (entry.nbytes or size.nbytes + 1) <= size.nbytes)
    )


def _taken(turn: Turn[E], limit: int, after: str | None = None) -> tuple[list[E], str | None]:
    """So many entries, or fewer where pages have few, and where to go on; there may be some that were had."""
    taken: list[E] = []
    for _ in range(_MOST_PAGES):
        page = turn(after)
        taken += page.entries
        if len(taken) > limit:  # the rest of this page is still to come
            return taken[:limit], after or page.next
        after = page.next
        if after is None or len(taken) == limit:
            break
    return taken, after


def _is_asked_for(entry: DatasetEntry, request: DatasetsRequest) -> bool:
    """Whether a dataset is among those that were asked for; what its card does not say does not match."""
    words = (request.search or "").casefold().split()
    return (
        all(word in entry.name.casefold() for word in words)
        and (request.task is None or request.task in entry.tasks)
        and _has_language(entry, request)
        and _has_licence(entry, request)
        and (request.size is None or request.size == entry.rows_category)
    )


def _has_language(entry: ModelEntry | DatasetEntry, request: ModelsRequest | DatasetsRequest) -> bool:
    return request.language is None or request.language.casefold() in map(str.casefold, entry.languages)


def _has_licence(entry: ModelEntry | DatasetEntry, request: ModelsRequest | DatasetsRequest) -> bool:
    return request.licence is None or (entry.licence or "").casefold() == request.licence.casefold()
