"""The live panel of a result, and what is selected in it."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from nbtransformers.errors import UserError, kind_of, shown
from nbtransformers.panels import lifetime
from nbtransformers.panels.host import has_panels
from nbtransformers.panels.kinds import RESULTS, Result, kind_of_result

if TYPE_CHECKING:
    import pandas as pd

    from nbtransformers.panels.widget import Panel

# By weak references on both sides: a panel knows its result, so that neither would ever go.
_panels: weakref.WeakKeyDictionary[Result, weakref.ref[Panel]] = weakref.WeakKeyDictionary()


def remember(result: Result, panel: Panel) -> None:
    """A result is on the screen, in this panel."""
    _panels[result] = weakref.ref(panel)


def panel(result: Result) -> Panel:
    """The panel of a result: the one in which it was shown last; where there is none, a new one that shows nowhere yet.

    It is an ipywidget: it stands in a cell, in boxes and in tabs, in several places at once. Its trait `selection`
    holds the numbers of what is selected, is set and observed, and can be linked with that of another panel. What it
    holds, kind by kind, and which traits there are beside it, is in `docs/panels.md`. It is closed when the cell that
    made it runs again, and when no page shows it any more and no variable holds it.

    Raises:
        UserError: in a terminal, where there are none.

    Example:
        >>> nbt.panel(result).selection
        [0, 2]
        >>> nbt.panel(result).selection = [1]
        >>> ipywidgets.HBox([nbt.panel(result), nbt.panel(embeddings)])
    """
    found = _open_panel(result)
    if found is None and not has_panels():
        raise _not_shown()
    return found or _made(result)


def selected(result: Result) -> pd.DataFrame:
    """The rows of a result that are selected in its panel, as `to_pandas` has them: of a tokenization, their tokens.

    Of an attention, what the tokens that are pinned attend to: a row a layer, head and such token, a column a token.
    Where the panel shows something else by now that was made in it, such as a branch of a text, the rows are of that.

    Raises:
        UserError: when it was never shown, or its panel is closed; when there is nothing to select in it.

    Example:
        >>> nbt.selected(result)[["text", "label"]]
    """
    from nbtransformers.panels.selection import SELECTED, nothing_to_select

    found = _open_panel(result)
    if found is None:
        raise _not_shown()
    kind = kind_of_result(found.result)
    if kind.name not in SELECTED:
        raise nothing_to_select(kind.name)
    return kind.selected(found.result, found.selection)


def _open_panel(result: Result) -> Panel | None:
    """The panel of a result, where there is one that is open."""
    refuse_other(result)
    lifetime.close_left()
    reference = _panels.get(result)
    found = None if reference is None else reference()
    return None if found is None or found.closed else found


def refuse_other(result: object) -> None:
    """Refuse what is no result.

    Raises:
        UserError: when it is none.
    """
    if not isinstance(result, RESULTS):
        raise UserError(f"{shown(result)} is {kind_of(result)}, not a result.", hint="Give what `nbt.classify` gave.")


def _made(result: Result) -> Panel:
    """A panel without an output of its own."""
    from nbtransformers.panels.workbench.child import ChildView

    kind = kind_of_result(result)
    view = ChildView(kind.title, kind.name)
    view.show(result)
    return view.panel


def _not_shown() -> UserError:
    return UserError("This result is not on the screen.", hint="Show it in a notebook: `nbt.show(result)`.")
