"""Another target, or other methods: what is explained then takes the place of what is on the screen.

It can be gone back from. Who can run a model offers it here, since nothing on the screen may see one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from nbtransformers.errors import UserError
from nbtransformers.panels.background import Background
from nbtransformers.panels.channel import Answer, Method
from nbtransformers.panels.earlier import back_action
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


def offer(again: Again) -> None:
    """Have the panels of explanations explain by this, from now on."""
    _offered[:] = [again]


def offered() -> bool:
    """Whether a panel can explain another target."""
    return bool(_offered)


def again_actions(result: Explanation, panel: Panel) -> dict[str, Method]:
    """What a panel of an explanation can have done: `again` (another target, other methods) and `back`."""

    def again(params: dict[str, Any]) -> Answer:
        _refuse_busy(panel)
        target, methods = params.get("target"), parse_methods(params["methods"])
        wanted = None if target is None else str(target)
        Background("Explaining", lambda view: _offered[0](result, wanted, methods, view), panel)
        return {}, []

    return {"again": again, "back": back_action(result, panel, _refuse_busy)} if _offered else {}


def _refuse_busy(panel: Panel) -> None:
    if panel.busy:
        raise UserError("Another explanation is on its way.", hint="Stop it first.")
