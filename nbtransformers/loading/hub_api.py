"""Questions to the Hub that a person waits for: one request each, and in a few words why there is no answer.

huggingface_hub's own listing tries for half a minute where there is no network, and gives no pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import chain
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from nbtransformers.loading.hub_cache import Kind, is_offline

PATIENCE = 10.0
"""Seconds to connect, and between two pieces of an answer."""
LIBRARY = "nbtransformers"
"""What the Hub is told of who asks."""
_LIKE = 200  # names in a list that is searched for the nearest
_CLOSE = 0.6  # of a name that is as it was typed; less is another name


class UnreachableError(Exception):
    """The Hub cannot be asked; the message says why, to go on behind a comma."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the Hub answered.

    Attributes:
        value: its JSON.
        next: the path of the next page; None when there is none.
    """

    value: Any
    next: str | None


def ask(path: str, query: Mapping[str, Any] | None = None) -> Answer:
    """Ask the API, as whoever is logged in; where the Hub does not know the token, as nobody.

    Args:
        path: such as `/api/models`, or that of a next page.
        query: its parameters.

    Raises:
        UnreachableError: when there is no answer, or none of the Hub's.
        HfHubHTTPError: when the Hub refuses, such as a repository that is not there.
    """
    if is_offline():
        raise UnreachableError("offline mode is on")
    try:
        return _answer(path, query, None)
    except Exception as error:
        if not _is_unknown_token(error):
            raise
        return _answer(path, query, False)


def why_unreachable(error: BaseException) -> str:
    """Why there was no answer, in a few words that go on behind a comma.

    Example:
        >>> why_unreachable(TimeoutError())
        'the Hub cannot be reached (TimeoutError)'
    """
    if isinstance(error, UnreachableError):
        return str(error)
    kind = type(error.__cause__ or error).__name__
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is not None:
        return "the Hub asks to wait (HTTP 429)" if status == 429 else f"the Hub fails (HTTP {status})"
    if "proxy" in f"{kind} {error}".lower():
        return f"the proxy fails ({kind})"
    if was_cut(error):
        return f"the connection to the Hub was cut ({kind}), perhaps by a proxy"
    return f"the Hub cannot be reached ({kind})"


def was_cut(error: BaseException) -> bool:
    """Whether a connection ended in the midst of an answer."""
    return type(error).__name__ in ("RemoteProtocolError", "ReadError", "ReadTimeout")


def ids_like(name: str, kind: Kind) -> list[str]:
    """Ids of the Hub that a mistyped one may have meant: of its owner, and that share a half of its name.

    Raises:
        UnreachableError: when the Hub cannot be asked.
    """
    from concurrent.futures import ThreadPoolExecutor

    owner, _, own = name.rpartition("/")
    half = max(3, len(own) // 2)
    queries: list[dict[str, str]] = [{"search": own[:half]}, {"search": own[-half:]}]
    if owner:
        queries.insert(0, {"author": owner})

    def like(query: dict[str, str]) -> list[str]:
        answer = ask(f"/api/{kind}", {**query, "sort": "downloads", "limit": _LIKE, "expand": ["downloads"]})
        return [str(about["id"]) for about in answer.value]

    with ThreadPoolExecutor(len(queries)) as pool:
        return list(dict.fromkeys(chain.from_iterable(pool.map(like, queries))))


def nearest_id(name: str, known: Sequence[str], kind: Kind = "models") -> str | None:
    """The name that a mistyped one may have meant, of those that are known here and of the Hub's."""
    if name.casefold() in map(str.casefold, known):  # none is nearer
        return nearest_of(name, known)
    try:
        there = ids_like(name, kind)
    except Exception:  # a hint that cannot be had is left out
        there = []
    return nearest_of(name, [*known, *there])


def nearest_of(name: str, known: Iterable[str]) -> str | None:
    """The id that a mistyped one may have meant; None when nothing is close.

    What stands after the `/` has to be close by itself: two models of one owner are not alike for that.

    Example:
        >>> nearest_of("acme/reviewwer", ["acme/storyteller", "acme/reviewer"])
        'acme/reviewer'
    """
    typed, own = name.casefold(), _own(name.casefold())

    def closeness(other: str) -> float:
        whole, part = alike(typed, other.casefold(), _CLOSE), alike(own, _own(other.casefold()), _CLOSE)
        return whole + part if part and (whole or "/" not in name) else 0.0

    rated = {other: closeness(other) for other in known if other != name}
    best = max(rated, key=lambda other: rated[other], default=None)
    return best if best is not None and rated[best] else None


def alike(one: str, other: str, least: float) -> float:
    """How much of two names is the same, from 0 to 1; 0 where it is less than `least`."""
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if matcher.real_quick_ratio() < least or matcher.quick_ratio() < least:
        return 0.0
    found = matcher.ratio()
    return found if found >= least else 0.0


def _own(name: str) -> str:
    return name.rpartition("/")[2]


def _answer(path: str, query: Mapping[str, Any] | None, token: bool | None) -> Answer:
    from huggingface_hub import constants
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

    headers = build_hf_headers(token=token, library_name=LIBRARY)
    try:
        response = get_session().get(f"{constants.ENDPOINT}{path}", params=query, headers=headers, timeout=PATIENCE)
        hf_raise_for_status(response)
    except Exception as error:  # the network's many ways to fail, each with a type of its own
        if isinstance(error, HfHubHTTPError) and _is_refusal(error.response.status_code):
            raise
        raise UnreachableError(why_unreachable(error)) from error
    try:
        return Answer(response.json(), _path_of(response.links.get("next", {}).get("url")))
    except ValueError as error:  # a page to log into a network, say
        raise UnreachableError("what answers is not the Hub, but perhaps a proxy") from error


def _path_of(address: str | None) -> str | None:
    """Where an address of the Hub leads, to be asked where this Hub is.

    A mirror passes on the Hub's own addresses, and a token goes nowhere but to where the user has set.
    """
    from huggingface_hub import constants

    if address is None or address.startswith(f"{constants.ENDPOINT}/"):
        return address and address.removeprefix(constants.ENDPOINT)
    parts = urlsplit(address)
    return urlunsplit(("", "", parts.path, parts.query, ""))


def _is_unknown_token(error: Exception) -> bool:
    """Whether a token was sent that the Hub does not know: what is public it then refuses, too."""
    response: Any = getattr(error, "response", None)
    if response is None or response.status_code != 401 or "authorization" not in response.request.headers:
        return False
    return "credentials" in response.headers.get("X-Error-Message", "").lower()


def _is_refusal(status: int) -> bool:
    """Whether the Hub has answered, and the answer is no; 429 asks to wait."""
    return status < 500 and status != 429
