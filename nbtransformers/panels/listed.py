"""The list that is in sight in a panel: searched anew while one types; of several searches the last counts.

A message `{type: "list", number}` says that another has taken its place. What is selected stays so, by its name.
"""

from __future__ import annotations

import contextvars
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from nbtransformers.errors import UserError
from nbtransformers.results.listing import Listing

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel

L = TypeVar("L", bound=Listing[Any])


class ListInSight(Generic[L]):
    """A list, and which of all that were asked for it is.

    Args:
        listed: the first.
        panel: where it is shown; it is not kept alive.
    """

    def __init__(self, listed: L, panel: Panel) -> None:
        self._panel = weakref.ref(panel)
        self._lock = threading.Lock()
        self._cell = contextvars.copy_context()  # what is drawn from a thread belongs to this cell
        self._listed, self._number, self._begun = listed, 0, 0

    def now(self) -> tuple[L, int]:
        """The list, and its number: the first is 0."""
        with self._lock:
            return self._listed, self._number

    def of_number(self, number: int) -> L:
        """The list.

        Raises:
            UserError: when it is not the one of this number any more.
        """
        listed, now = self.now()
        if number != now:
            raise UserError("This list was searched anew.", hint="Look at the one that is there now.")
        return listed

    def find(self, search: Callable[[], L]) -> Callable[[], tuple[L, int]]:
        """A list that is to take the place of this one, unless one that was asked for later has come first."""
        with self._lock:
            self._begun += 1
            number = self._begun

        def found() -> tuple[L, int]:
            listed = search()
            with self._lock:
                before, is_newest = self._listed, number > self._number
                if is_newest:
                    self._listed, self._number = listed, number
            if is_newest:
                self._tell(before, listed, number)
                self.draw()
            return listed, number

        return found

    def change(self, changed: Callable[[L], L | None]) -> tuple[L, int] | None:
        """The same list with something of it changed, and its number; None where `changed` changes nothing."""
        with self._lock:
            listed = changed(self._listed)
            if listed is None:
                return None
            self._listed, number = listed, self._number
        self.draw()
        return listed, number

    @property
    def panel(self) -> Panel | None:
        """Where it is shown; None once that is closed."""
        panel = self._panel()
        return None if panel is None or panel.closed else panel

    def _tell(self, before: L, listed: L, number: int) -> None:
        panel = self.panel
        if panel is None:
            return
        selected = {before[row].name for row in panel.selection}
        # Before the numbers, so that a page which has not the list yet takes them for no others.
        panel.send({"type": "list", "number": number}, [])
        panel.rows, panel.result = len(listed), listed
        panel.selection = [row for row, entry in enumerate(listed) if entry.name in selected]

    def draw(self) -> None:
        """Draw the snapshot of the list anew."""
        panel = self.panel
        view: Any = None if panel is None else panel.view  # it may be closed meanwhile
        if panel is not None and view is not None:
            with self._lock:
                panel.result = self._listed
            self._cell.copy().run(view.draw)
