"""`nbtransformers.show`, `panel` and `selected`: a result on the screen, and what is selected there."""

from __future__ import annotations

from nbtransformers.doors.door import door
from nbtransformers.panels import shown as panels
from nbtransformers.panels.kinds import Result
from nbtransformers.panels.view import show_result

panel = door(panels.panel)
selected = door(panels.selected)


@door
def show(result: Result) -> None:
    """Show a result below the cell that runs now: its panel in a notebook, its table in a terminal.

    Args:
        result: what a function of this package gave.

    Raises:
        UserError: when it is no result.

    Example:
        >>> for text in texts:
        ...     nbt.show(nbt.attention(text))
    """
    panels.refuse_other(result)
    show_result(result)
