"""What other widgets hold of a panel: boxes have it among their children, links on the page at one of their ends.

A page that is loaded anew asks the kernel for the state of all widgets, and ipywidgets finds none where one refers to
another that is closed: the whole notebook would be without live widgets. So a panel that is closed leaves its boxes,
and takes its links with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel


def leave(panel: Panel) -> None:
    """Have no open widget refer to a panel any more."""
    from ipywidgets import Box
    from ipywidgets.widgets.widget_link import Link

    for widget in _widgets():
        if isinstance(widget, Box) and _has(widget.children, panel):
            _take_out(widget, panel)
        elif isinstance(widget, Link) and _has((widget.source[0], widget.target[0]), panel):
            widget.close()


def shares_layout(panel: Panel) -> bool:
    """Whether another open widget is laid out by the same layout, which so must stay."""
    return any(widget is not panel and getattr(widget, "layout", None) is panel.layout for widget in _widgets())


def _widgets() -> list[Any]:
    from ipywidgets.widgets import widget

    # Public in ipywidgets 7, and since then by this name.
    known = widget._instances if hasattr(widget, "_instances") else widget.Widget.widgets  # pyright: ignore[reportPrivateUsage]
    return list(cast("dict[str, Any]", known).values())


def _has(widgets: tuple[Any, ...], panel: Panel) -> bool:
    return any(one is panel for one in widgets)  # by identity: others may be compared in their own way


def _take_out(box: Any, panel: Panel) -> None:
    """Take a panel out of a box; its other pages keep their titles, and the one that is open stays so."""
    kept = [at for at, child in enumerate(box.children) if child is not panel]
    # By functions that ipywidgets 7 has too; a box without pages has neither titles nor one that is open.
    titles = [box.get_title(at) for at in kept] if hasattr(box, "get_title") else []
    opened = getattr(box, "selected_index", None)
    with box.hold_sync():
        box.children = tuple(box.children[at] for at in kept)
        for at, title in enumerate(titles):
            box.set_title(at, title)
        if opened is not None:
            box.selected_index = _opened(kept, opened)


def _opened(kept: list[int], opened: int) -> int | None:
    """The page that is open, by its number among those that are left; in the place of one that went, its neighbour."""
    return min(sum(at < opened for at in kept), len(kept) - 1) if kept else None
