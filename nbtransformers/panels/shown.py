"""The live panel of a result, and what is selected in it."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from nbtransformers.errors import UserError, kind_of, shown
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
    """The panel in which a result was shown last. Its trait `selection` holds the numbers of the selected rows.

    Raises:
        UserError: when it was never shown, or its panel is closed.

    Example:
        >>> nbt.panel(result).selection
        [0, 2]
        >>> nbt.panel(result).selection = [1]
    """
    if not isinstance(result, RESULTS):
        raise UserError(f"{shown(result)} is {kind_of(result)}, not a result.", hint="Give what `nbt.classify` gave.")
    reference = _panels.get(result)
    found = None if reference is None else reference()
    if found is None or found.closed:
        raise UserError("This result is not on the screen.", hint="Show it in a notebook: `nbt.show(result)`.")
    return found


def selected(result: Result) -> pd.DataFrame:
    """The rows of a result that are selected in its panel, as `to_pandas` has them: of a tokenization, their tokens.

    Of an attention, what the tokens that are pinned attend to: a row a layer, head and such token, a column a token.

    Raises:
        UserError: when it was never shown, or its panel is closed.

    Example:
        >>> nbt.selected(result)[["text", "label"]]
    """
    rows = panel(result).selection
    return kind_of_result(result).selected(result, rows)
