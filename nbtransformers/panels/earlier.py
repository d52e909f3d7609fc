"""What a result took the place of on the screen, and the way back to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from nbtransformers.panels.channel import Answer, Method

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel

R = TypeVar("R")

# A result keeps what it was made from; what it was made from knows nothing of it.
_before: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


def put_in_place_of(result: R, before: R) -> None:
    """A result is to stand in the place of an earlier one."""
    _before[result] = before


def depth(result: object) -> int:
    """How many results lie between one and the first."""
    before = _before.get(result)
    return 0 if before is None else 1 + depth(before)


def back_action(result: object, panel: Panel, refuse_busy: Callable[[Panel], None]) -> Method:
    """What has a panel show what stood there before; `refuse_busy` says what it must wait for."""

    def back(params: dict[str, Any]) -> Answer:
        refuse_busy(panel)
        before = _before.get(result)
        if before is not None:
            panel.view.show(before)
        return {}, []

    return back
