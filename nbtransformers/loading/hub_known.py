"""Whether the Hub has a model of a name: asked in a moment, and never waited for."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar
from urllib.parse import quote

from nbtransformers.errors import UserError
from nbtransformers.loading.bundled import BUNDLED
from nbtransformers.loading.hub import no_such_model
from nbtransformers.loading.hub_api import ask, nearest_id, nearest_of, why_unreachable
from nbtransformers.loading.hub_cache import cached_names, cached_revisions
from nbtransformers.plain_text import seconds
from nbtransformers.request import ModelRef

T = TypeVar("T")
_MOMENT = 3.0  # seconds that the Hub has to answer, the nearest names included


def refuse_unknown(ref: ModelRef) -> str:
    """Refuse a model that is neither here nor on the Hub.

    Args:
        ref: which model; only one of the Hub is asked for.

    Returns:
        Why it cannot be checked, in a sentence; empty where it was, or need not be.

    Raises:
        UserError: when the Hub says that there is none, or no such revision; the hint has the nearest name.

    Example:
        >>> refuse_unknown(ModelRef("hub", "acme/tiny"))
        'Whether there is a model acme/tiny cannot be checked: the Hub cannot be reached (ConnectError).'
    """
    if ref.kind != "hub" or _is_here(ref):
        return ""
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    began = time.monotonic()
    try:
        error = _within(_MOMENT, lambda: _said_no(ref))
    except Exception as raised:  # of the network, each with a type of its own
        return _unchecked(ref, raised)
    if error is None or isinstance(error, GatedRepoError):  # not for everybody, but there
        return ""
    if isinstance(error, RevisionNotFoundError):
        raise UserError(
            f"{ref.name} has no revision {ref.revision}.", hint=f"Type `{ref.name}` for the newest."
        ) from error
    if not isinstance(error, RepositoryNotFoundError):
        return _unchecked(ref, error)
    here = [*BUNDLED, *cached_names()]
    near = nearest_of(ref.name, here)
    with suppress(TimeoutError):  # a name that is near is good to have, and no more
        left = _MOMENT - (time.monotonic() - began)
        near = _within(left, lambda: nearest_id(ref.name, here))
    raise no_such_model(ref.name, near) from error


def _is_here(ref: ModelRef) -> bool:
    known = ref.name in cached_names()
    return known and (ref.revision is None or any(map(ref.revision.startswith, cached_revisions(ref.name))))


def _said_no(ref: ModelRef) -> Exception | None:
    """What the Hub refuses to tell of a model; None where it does tell.

    Raises:
        UnreachableError: when it cannot be asked.
    """
    from huggingface_hub.errors import HfHubHTTPError

    pinned = f"/revision/{quote(ref.revision, safe='')}" if ref.revision else ""
    try:
        ask(f"/api/models/{ref.name}{pinned}", {"expand": ["downloads"]})
    except HfHubHTTPError as error:
        return error
    return None


def _unchecked(ref: ModelRef, error: Exception) -> str:
    is_late = isinstance(error, TimeoutError)
    why = f"the Hub has not answered in {seconds(_MOMENT)}" if is_late else why_unreachable(error)
    return f"Whether there is a model {ref} cannot be checked: {why}."


def _within(limit: float, find: Callable[[], T]) -> T:
    """What is found in so many seconds; a connection may hang for much longer, whatever limits it has been given.

    Raises:
        TimeoutError: when nothing is.
    """
    found: list[T] = []
    failed: list[Exception] = []
    ended = threading.Event()

    def run() -> None:
        try:
            found.append(find())
        except Exception as error:  # for whoever waits
            failed.append(error)
        ended.set()

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), name="nbtransformers: asking the Hub", daemon=True).start()
    if not ended.wait(max(0.0, limit)):
        raise TimeoutError
    if failed:
        raise failed[0]
    return found[0]
