"""What the panel of models can be asked, and what it can have done."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nbtransformers.errors import UserError, shown
from nbtransformers.panels.background import found_in_background
from nbtransformers.panels.channel import Answer, Later, Method
from nbtransformers.panels.models.offers import offered
from nbtransformers.panels.models.picking import Picking
from nbtransformers.panels.models.wire import detail_of, fit_of, list_of
from nbtransformers.panels.models.words import in_words_of_the_panel
from nbtransformers.panels.packing import sendable
from nbtransformers.progress import OnProgress
from nbtransformers.request.catalog import ModelsRequest
from nbtransformers.results.models import Models

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel

_TEXTS = ("task", "search", "language", "library", "licence", "max_size")
_BATCH = 16  # texts at once, where nothing else is asked for; as `card` has it


def actions(models: Models, panel: Panel) -> dict[str, Method]:
    """The questions about models.

    `state` is how things stand; `search` a list, and `more` the one in sight with the next of the Hub; `glance` what
    the list knows of a model, `detail` all that is known of it, and `fit` the memory that it takes; `use` makes one the
    default of the session; `download` fetches one and `stop` ends that. What asks the Hub, or takes seconds, is found
    in a thread of its own.
    """

    def picking() -> Picking:
        return panel.follower

    def search(params: dict[str, Any]) -> Later:
        with in_words_of_the_panel():
            request = _request(params, models.request.limit)
        found = picking().listed.find(lambda: offered().listed(request))
        return _later("Searching for models", lambda: list_of(*found()))

    def more(params: dict[str, Any]) -> Later:
        listed = picking().listed.of_number(params.get("number", -1))
        found = picking().listed.find(lambda: offered().more(listed))
        return _later("Searching for models", lambda: list_of(*found()))

    def glance(params: dict[str, Any]) -> Answer:
        name, _ = _named(params)
        listed, _ = picking().listed.now()
        entry = next((one for one in listed.entries if one.name == name), None)
        return {"known": None if entry is None else detail_of(entry, None)}, []

    def detail(params: dict[str, Any]) -> Later:
        name, revision = _named(params)

        def look() -> dict[str, Any]:
            entry = offered().in_full(name, revision)
            return detail_of(entry, offered().cell(entry))

        return _later(f"Looking at {name}", look)

    def fit(params: dict[str, Any]) -> Later:
        name, revision = _named(params)
        given = params.get("batch_size")
        batch_size = _BATCH if given is None else given
        length = params.get("length")
        return _later(
            f"Counting the memory of {name}",
            lambda: fit_of(offered().card(name, revision, batch_size, length)),
        )

    def use(params: dict[str, Any]) -> Answer:
        with in_words_of_the_panel():
            return {"default": sendable(offered().use(*_named(params)))}, []

    def download(params: dict[str, Any]) -> Answer:
        picking().fetch(*_named(params), allow_pickle=params.get("allow_pickle") is True)
        return {}, []

    def stop(params: dict[str, Any]) -> Answer:
        picking().stop(_named(params)[0])
        return {}, []

    told: dict[str, Method] = {"glance": glance, "use": use, "download": download, "stop": stop}
    asked: dict[str, Method] = {"search": search, "more": more, "detail": detail, "fit": fit}
    return {"state": lambda params: (picking().state(), []), **asked, **told}


def _later(what: str, find: Callable[[], dict[str, Any]]) -> Later:
    def answer(on_progress: OnProgress) -> Answer:
        with in_words_of_the_panel():
            return find(), []

    return found_in_background(what, None, answer)


def _request(params: dict[str, Any], limit: int) -> ModelsRequest:
    """What is filled in; what is empty was not asked for."""
    texts = {name: str(params.get(name) or "").strip() or None for name in _TEXTS}
    sort = params.get("sort") or "downloads"
    return ModelsRequest(**texts, local_only=bool(params.get("local_only")), sort=sort, limit=limit)


def _named(params: dict[str, Any]) -> tuple[str, str | None]:
    """A model, and its revision where one is asked for."""
    name, revision = params.get("name"), params.get("revision")
    if not isinstance(name, str) or not name:
        raise UserError(f"{shown(name)} names no model.", hint="Choose one of the list.")
    return name, str(revision) if revision else None
