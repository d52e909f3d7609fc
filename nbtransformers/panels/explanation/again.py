"""Another target, or other methods: what is explained then takes the place of what is on the screen.

It can be gone back from. Who can run a model offers it here, since nothing on the screen may see one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

from nbtransformers.errors import UserError
from nbtransformers.panels.background import Background
from nbtransformers.panels.channel import Answer, Method
from nbtransformers.request import Method as AttributionMethod
from nbtransformers.request import parse_methods
from nbtransformers.results.explanation import Explanation

if TYPE_CHECKING:
    from nbtransformers.panels.view import View
    from nbtransformers.panels.widget import Panel


class Again(Protocol):
    """Explains the same text for another target or by other methods, and shows it in a view."""

    def __call__(
        self, before: Explanation, target: str | None, methods: tuple[AttributionMethod, ...], view: View
    ) -> Explanation: ...


_offered: list[Again] = []
# An explanation keeps the one that it took the place of; that one knows nothing of it.
_before: WeakKeyDictionary[Explanation, Explanation] = WeakKeyDictionary()


def offer(again: Again) -> None:
    """Have the panels of explanations explain by this, from now on."""
    _offered[:] = [again]


def offered() -> bool:
    """Whether a panel can explain another target."""
    return bool(_offered)


def explained(result: Explanation, before: Explanation) -> None:
    """An explanation took the place of an earlier one."""
    _before[result] = before


def depth(result: Explanation) -> int:
    """How many explanations lie between one and the first."""
    before = _before.get(result)
    return 0 if before is None else 1 + depth(before)


def again_actions(result: Explanation, panel: Panel) -> dict[str, Method]:
    """What a panel of an explanation can have done: `again` (another target, other methods) and `back`."""

    def again(params: dict[str, Any]) -> Answer:
        _refuse_busy(panel)
        target, methods = params.get("target"), parse_methods(params["methods"])
        wanted = None if target is None else str(target)
        Background("Explaining", lambda view: _offered[0](result, wanted, methods, view), panel)
        return {}, []

    def back(params: dict[str, Any]) -> Answer:
        _refuse_busy(panel)
        before = _before.get(result)
        if before is not None:
            panel.view.show(before)
        return {}, []

    return {"again": again, "back": back} if _offered else {}


def _refuse_busy(panel: Panel) -> None:
    if panel.busy:
        raise UserError("Another explanation is on its way.", hint="Stop it first.")
