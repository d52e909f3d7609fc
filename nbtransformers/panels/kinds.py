"""Each kind of result, and how it is shown: the one table that views and displays look things up in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nbtransformers.panels.channel import Method
from nbtransformers.results.classification import Classification

Result = Classification
"""Any result."""

RESULTS: tuple[type, ...] = (Classification,)


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of result is shown.

    Attributes:
        name: the view's name, on both sides of the wire.
        title: what a reader calls such a result.
        header: the result to the header and the payload of its wire.
        snapshot: panel id and result to static HTML.
        methods: the questions that its panel can ask.
    """

    name: str
    title: str
    header: Callable[[Any], tuple[dict[str, Any], bytes]]
    snapshot: Callable[[str, Any], str]
    methods: Callable[[Any], Mapping[str, Method]]


def kind_of_result(result: Result) -> Kind:
    """The kind of a result. What draws it is imported here, when there is something to draw."""
    return _KINDS[type(result)]()


def _classification() -> Kind:
    from nbtransformers.panels.classification.methods import methods
    from nbtransformers.panels.classification.snapshot import classification_snapshot
    from nbtransformers.panels.classification.wire import classification_header

    return Kind("classify", "Classification", classification_header, classification_snapshot, methods)


_KINDS: dict[type, Callable[[], Kind]] = {Classification: _classification}
