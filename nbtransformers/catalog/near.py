"""Names that a search in vain may have meant: of this machine, and of the Hub."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from nbtransformers.loading.hub_api import alike, ids_like
from nbtransformers.loading.hub_cache import Kind

_MOST = 4
_LEAST = 0.72  # of a name, or of each word in it, that is as it was typed
_BETWEEN = re.compile(r"[\s/_.-]+")


def near_names(search: str, here: Sequence[str], kind: Kind | None) -> tuple[str, ...]:
    """The few names that are most like what was searched for, the nearest first.

    Args:
        search: words of a name.
        here: names that are known.
        kind: what the Hub is asked for, too; None leaves it out, as does a Hub that cannot be asked.

    Example:
        >>> near_names("sentimnt", ["minilm", "movie-sentiment-minilm"], None)
        ('movie-sentiment-minilm',)
    """
    wanted = search.casefold().strip()
    known = dict.fromkeys((*here, *(_of_hub(wanted, kind) if kind else ())))
    found = [(likeness, name) for name in known if (likeness := _likeness(wanted, name.casefold())) >= _LEAST]
    return tuple(name for _, name in sorted(found, key=lambda one: -one[0])[:_MOST])


def _of_hub(search: str, kind: Kind) -> Iterable[str]:
    try:
        return ids_like(max(search.split(), key=len), kind)
    except Exception:  # a name that is near is good to have, and no more
        return ()


def _likeness(wanted: str, name: str) -> float:
    """How much of a name is as it was typed: the whole of it, without its owner, or word by word."""
    whole = max(alike(wanted, name, _LEAST), alike(wanted, name.rpartition("/")[2], _LEAST))
    words, parts = _BETWEEN.split(wanted), _BETWEEN.split(name)
    return max(whole, min(max(alike(word, part, _LEAST) for part in parts) for word in words))
