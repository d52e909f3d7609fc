"""Search on the Hub, a page at a time: models and datasets, with what their cards say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeVar, cast

from nbtransformers.catalog.described import (
    MOST,
    bytes_of,
    first_known,
    of_card,
    of_config,
    of_dataset,
    of_tags,
    wants_own_code,
)
from nbtransformers.loading.hub_api import UnreachableError, ask
from nbtransformers.request.catalog import DatasetsRequest, ModelsRequest, Sort
from nbtransformers.results.datasets import DatasetEntry
from nbtransformers.results.models import ModelEntry

E = TypeVar("E")

_SORTED_BY: Mapping[Sort, str] = {
    "downloads": "downloads",
    "date": "lastModified",
    "likes": "likes",
    "trending": "trendingScore",
}
# What is asked of each: `siblings`, the names of its files, would make an answer ten times as long.
_OF_MODELS = (
    *("cardData", "config", "downloads", "gated", "lastModified", "library_name"),
    *("likes", "pipeline_tag", "safetensors", "sha", "tags"),
)
_OF_DATASETS = ("cardData", "description", "downloads", "gated", "lastModified", "likes", "sha", "tags")
_LARGEST_PAGE = 1_000  # the Hub gives no more at once


@dataclass(frozen=True, slots=True)
class Page(Generic[E]):
    """A page of what was found.

    Attributes:
        entries: a row each.
        next: where the next page is; None when this is the last.
    """

    entries: tuple[E, ...]
    next: str | None


def models_page(request: ModelsRequest, after: str | None = None) -> Page[ModelEntry]:
    """The first page of models that were asked for, or the one at `after`.

    Raises:
        UnreachableError: when the Hub cannot be asked.
    """
    page = _page("models", _models_query(request), after, model_entry)
    return Page(tuple(entry for entry in page.entries if _is_wanted(entry, request)), page.next)


def _is_wanted(entry: ModelEntry, request: ModelsRequest) -> bool:
    """What the Hub cannot be asked: bytes of weights, and whether a tag such as `rag` is a language or a topic."""
    most, language = request.size.nbytes, (request.language or "").casefold()
    fits = most is None or (entry.download_bytes or most + 1) <= most
    return fits and (not language or language in map(str.casefold, entry.languages))


def datasets_page(request: DatasetsRequest, after: str | None = None) -> Page[DatasetEntry]:
    """The first page of datasets that were asked for, or the one at `after`.

    Raises:
        UnreachableError: when the Hub cannot be asked.
    """
    return _page("datasets", _datasets_query(request), after, dataset_entry)


def model_entry(about: Mapping[str, Any]) -> ModelEntry:
    """A model as the Hub tells of it.

    Example:
        >>> model_entry({"id": "acme/tiny", "tags": ["en", "license:mit"]}).licence
        'mit'
    """
    tags, config = _texts(about.get("tags")), _mapping(about.get("config"))
    parameters = _mapping(_mapping(about.get("safetensors")).get("parameters"))
    counts = {kind: number for kind, number in parameters.items() if _number(number)}
    said = {"task": _text(about.get("pipeline_tag")), "library": _text(about.get("library_name"))}
    card = _mapping(about.get("cardData"))
    fields = first_known(said, of_card(card), of_tags(tags, has_card=bool(card)), of_config(config))
    return ModelEntry(
        _id(about),
        "hub",
        **fields,
        **_popularity(about),
        parameters=sum(counts.values()) or None,
        download_bytes=bytes_of(counts),
        complete=None,
        needs=_needs(tags, config, has_safetensors=bool(counts) or "safetensors" in tags),
    )


def told_by_hub(name: str, revision: str | None) -> ModelEntry | None:
    """What the Hub tells of a model at a revision; None where it cannot be asked, or does not know it."""
    from urllib.parse import quote

    from huggingface_hub.errors import HfHubHTTPError

    pinned = f"/revision/{quote(revision, safe='')}" if revision else ""
    try:
        answer = ask(f"/api/models/{name}{pinned}")
    except (UnreachableError, HfHubHTTPError):
        return None
    return model_entry(answer.value) if isinstance(answer.value, dict) else None


def with_told(entry: ModelEntry, told: ModelEntry) -> ModelEntry:
    """A model that is here, with what the Hub tells of it behind what its files say, or before it."""
    known = {name: getattr(told, name) for name in _FIRST_OF_HUB if getattr(told, name) is not None}
    filled = {name: getattr(entry, name) or getattr(told, name) for name in _FIRST_OF_FILES}
    return replace(entry, **known, **filled)


_FIRST_OF_HUB = ("task", "library", "downloads", "likes", "gated", "last_modified")
_FIRST_OF_FILES = ("parameters", "languages", "licence", "training_data", "base_models", "architecture", "model_type")


def dataset_entry(about: Mapping[str, Any]) -> DatasetEntry:
    """A dataset as the Hub tells of it."""
    tags = _texts(about.get("tags"))
    card = _mapping(about.get("cardData"))
    return DatasetEntry(
        _id(about),
        "hub",
        **of_dataset(card, tags),
        description=" ".join((_text(about.get("description")) or "").split())[:300],
        **_popularity(about),
    )


# --- the question ---


def _models_query(request: ModelsRequest) -> dict[str, Any]:
    tags = [request.language, request.library, f"license:{request.licence}" if request.licence else None]
    query = {"search": request.search, "pipeline_tag": request.task, "filter": [tag for tag in tags if tag] or None}
    # A number is a byte at least: so the Hub leaves out what is surely too large.
    most = request.size.parameters or request.size.nbytes
    return _common(request, _OF_MODELS) | query | ({"num_parameters": f"max:{most}"} if most else {})


def _datasets_query(request: DatasetsRequest) -> dict[str, Any]:
    tags = {
        "task_categories": request.task,
        "language": request.language,
        "license": request.licence,
        "size_categories": request.size,
    }
    named = [f"{kind}:{value}" for kind, value in tags.items() if value]
    return _common(request, _OF_DATASETS) | {"search": request.search, "filter": named or None}


def _common(request: ModelsRequest | DatasetsRequest, expand: tuple[str, ...]) -> dict[str, Any]:
    return {"sort": _SORTED_BY[request.sort], "limit": min(request.limit, _LARGEST_PAGE), "expand": list(expand)}


def _page(kind: str, query: Mapping[str, Any], after: str | None, entry: Callable[[Mapping[str, Any]], E]) -> Page[E]:
    from huggingface_hub.errors import HfHubHTTPError

    try:
        if after is None:
            answer = ask(f"/api/{kind}", {name: value for name, value in query.items() if value is not None})
        else:
            answer = ask(after)
    except HfHubHTTPError as error:
        raise UnreachableError(f"the Hub refuses the search (HTTP {error.response.status_code})") from error
    if not isinstance(answer.value, list):
        raise UnreachableError("what answers is not the Hub, but perhaps a proxy")
    listed = cast("list[Any]", answer.value)
    return Page(tuple(entry(about) for about in listed if isinstance(about, dict) and _id(about)), answer.next)


# --- the answer; nothing in it is taken for granted ---


def _popularity(about: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "last_modified": _moment(about.get("lastModified")),
        "downloads": _number(about.get("downloads")),
        "likes": _number(about.get("likes")),
        "revision": _text(about.get("sha")),
        "gated": bool(about["gated"]) if "gated" in about else None,
    }


def _needs(tags: tuple[str, ...], config: Mapping[str, Any], *, has_safetensors: bool) -> tuple[str, ...] | None:
    """What the load gate would have to be told, as far as the Hub tells; None where it names no weights."""
    pickled = not has_safetensors and "pytorch" in tags
    needs = (*(("allow-pickle",) if pickled else ()), *(("trust-remote-code",) if wants_own_code(config) else ()))
    return needs or (() if has_safetensors else None)


def _id(about: Mapping[str, Any]) -> str:
    return _text(about.get("id")) or ""


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _texts(value: object) -> tuple[str, ...]:
    listed = cast("list[object]", value) if isinstance(value, list) else []
    return tuple(one for one in listed if isinstance(one, str))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST else None
