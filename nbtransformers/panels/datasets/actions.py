"""What the panels of datasets can be asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nbtransformers.errors import UserError, shown
from nbtransformers.panels.background import found_in_background
from nbtransformers.panels.channel import Answer, Later, Method
from nbtransformers.panels.datasets.looking import Finding, Looking
from nbtransformers.panels.datasets.offers import offered
from nbtransformers.panels.datasets.wire import detail_of, list_of, look_of
from nbtransformers.panels.models.words import in_words_of_the_panel
from nbtransformers.progress import OnProgress
from nbtransformers.request.catalog import DatasetsRequest
from nbtransformers.request.checks import whole
from nbtransformers.results.datasets import DatasetPreview, Datasets

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel

_TEXTS = ("search", "task", "language", "licence", "size")
_ROWS = 10  # that are looked at, where nothing else is asked for
MOST_ROWS = 100


def actions(datasets: Datasets, panel: Panel) -> dict[str, Method]:
    """The questions about a list: `state` is how it stands, `search` another, `more` the same with more of the Hub."""

    def finding() -> Finding:
        return panel.follower

    def search(params: dict[str, Any]) -> Later:
        with in_words_of_the_panel():
            request = _request(params, datasets.request.limit)
        found = finding().listed.find(lambda: offered().listed(request))
        return _later("Searching for datasets", lambda: list_of(*found()))

    def more(params: dict[str, Any]) -> Later:
        listed = finding().listed.of_number(params.get("number", -1))
        found = finding().listed.find(lambda: offered().more(listed))
        return _later("Searching for datasets", lambda: list_of(*found()))

    return {
        "state": lambda params: ({"listed": list_of(*finding().listed.now())}, []),
        "search": search,
        "more": more,
        **_of_one(lambda: finding().looking),
    }


def actions_of_one(preview: DatasetPreview, panel: Panel) -> dict[str, Method]:
    """The questions about one dataset: `state` is what was looked into last."""

    def looking() -> Looking:
        return panel.follower

    return {"state": lambda params: ({"look": look_of(looking().now)}, []), **_of_one(looking)}


def _of_one(looking: Callable[[], Looking]) -> dict[str, Method]:
    """`detail` is all that is known of a dataset, `look` its first rows, and `cell` one of their cells, whole."""

    def detail(params: dict[str, Any]) -> Later:
        name = _name(params)
        return _later(f"Looking at {name}", lambda: detail_of(offered().in_full(name)))

    def look(params: dict[str, Any]) -> Later:
        name, rows = _name(params), params.get("rows") or _ROWS
        whole("rows", rows)
        found = looking().look(name, params.get("subset"), params.get("split"), min(rows, MOST_ROWS))
        return _later(f"Looking into {name}", lambda: look_of(found()))

    def cell(params: dict[str, Any]) -> Answer:
        place = (params.get(name) for name in ("subset", "split", "row", "column"))
        return looking().cell(_name(params), *place), []  # pyright: ignore[reportArgumentType]

    return {"detail": detail, "look": look, "cell": cell}


def _later(what: str, find: Callable[[], dict[str, Any]]) -> Later:
    def answer(on_progress: OnProgress) -> Answer:
        with in_words_of_the_panel():
            return find(), []

    return found_in_background(what, None, answer)


def _request(params: dict[str, Any], limit: int) -> DatasetsRequest:
    """What is filled in; what is empty was not asked for."""
    texts = {name: str(params.get(name) or "").strip() or None for name in _TEXTS}
    sort = params.get("sort") or "downloads"
    return DatasetsRequest(**texts, local_only=bool(params.get("local_only")), sort=sort, limit=limit)


def _name(params: dict[str, Any]) -> str:
    name = params.get("name")
    if not isinstance(name, str) or not name:
        raise UserError(f"{shown(name)} names no dataset.", hint="Choose one of the list.")
    return name
