"""Going on from another token: a branch takes the place of the text on the screen, and can be gone back from.

Who can run a model offers it here, since nothing on the screen may see one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from nbtransformers.errors import UserError
from nbtransformers.panels.background import Background
from nbtransformers.panels.channel import Answer, Method
from nbtransformers.panels.earlier import back_action
from nbtransformers.results.generation import Generation

if TYPE_CHECKING:
    from nbtransformers.panels.view import View
    from nbtransformers.panels.widget import Panel


class Branch(Protocol):
    """Writes a text on from another token, and shows it in a view."""

    def __call__(self, result: Generation, row: int, position: int, token: int, view: View) -> Generation: ...


_offered: list[Branch] = []


def offer(branch: Branch) -> None:
    """Have the panels of generated texts go on from another token by this, from now on."""
    _offered[:] = [branch]


def offered() -> bool:
    """Whether a panel can go on from another token."""
    return bool(_offered)


def branch_actions(result: Generation, panel: Panel) -> dict[str, Method]:
    """What a panel of generated texts can have done: `branch` (go on from another token) and `back`."""

    def branch(params: dict[str, Any]) -> Answer:
        _refuse_busy(panel)
        row, position, token = (int(params[name]) for name in ("position", "token", "id"))
        Background("Going on", lambda view: _offered[0](result, row, position, token, view), panel)
        return {}, []

    return {"branch": branch, "back": back_action(result, panel, _refuse_busy)} if _offered else {}


def _refuse_busy(panel: Panel) -> None:
    if panel.busy:
        raise UserError("The text is still being written.", hint="Stop it first.")
