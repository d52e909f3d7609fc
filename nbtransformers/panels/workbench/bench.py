"""What a workbench is: what can be done on it, which whoever opens it hands in."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pandas as pd

    from nbtransformers.errors import UserError
    from nbtransformers.panels.view import View

MOST_TYPED = 400  # characters of a magic where the history is shown
Sent = Mapping[str, Any]
"""A form, as the page sends it."""


@dataclass(frozen=True, slots=True)
class Work:
    """A form that was understood; nothing has run yet.

    Attributes:
        doing: what is said meanwhile, such as `Classifying`.
        kind: the kind of panel that shows the result as it comes; empty for progress alone.
        run: a view to the result; a text is what it says, and has no panel.
        number: of its row in the history.
        begin: puts that row there, of which every workbench is told.
        end: told of the end: what came, or why nothing did, and whether that was the user's wish.
    """

    doing: str
    kind: str
    run: Callable[[View], Any]
    number: int
    begin: Callable[[], None]
    end: Callable[[Any, str, bool], None]


@dataclass(frozen=True, slots=True)
class Row:
    """A run of the history.

    Attributes:
        number: counts the runs of the session, from 1.
        task: which one.
        typed: the magic that does the same.
        place: where it was run: `cell` or `workbench`.
        since: when, in seconds of the epoch.
        seconds: how long it took; None while it goes on.
        message: why it gave nothing; empty when it did.
        has_result: whether what it gave, or said, is there still.
        has_code: whether there is a program for it.
        no_code: why there is none, where one may look for it; else empty.
        stopped: whether it gave nothing by the user's wish.
        has_rest: whether a stop has left some of it to do.
    """

    number: int
    task: str
    typed: str
    place: str
    since: float
    seconds: float | None
    message: str
    has_result: bool
    has_code: bool
    no_code: str = ""
    stopped: bool = False
    has_rest: bool = False

    @property
    def brief(self) -> str:
        """The beginning of what was typed: a cell may hold thousands of lines, and all rows are told each time."""
        typed = self.typed[: 2 * MOST_TYPED].strip()
        return typed if len(typed) <= MOST_TYPED else f"{typed[:MOST_TYPED]}…"


class Desk(Protocol):
    """What a workbench can have done. A mistake is a `UserError`."""

    def tasks(self) -> list[dict[str, Any]]:
        """What can be filled in, for every task."""
        ...

    def typed(self, form: Sent) -> str:
        """The magic that does what a form says."""
        ...

    def suggestions(self, form: Sent, field: str, begun: str) -> list[tuple[str, str]]:
        """What goes on from what is typed into a field of a form: each with a word about it."""
        ...

    def understood(self, form: Sent) -> Work:
        """What a form says, understood; nothing has begun yet."""
        ...

    def rest_of(self, number: int) -> Work:
        """What a stop has left of a run of the history; nothing of it has begun yet."""
        ...

    def field_of(self, form: Sent, error: UserError) -> str:
        """The field that a mistake is in; empty where that is not known."""
        ...

    def history(self) -> list[Row]:
        """What was run in this session, the newest first."""
        ...

    def result(self, number: int) -> Any:
        """What a run of the history gave; a text is what it said."""
        ...

    def form(self, number: int) -> dict[str, Any]:
        """The form that says what a run of the history said."""
        ...

    def code(self, number: int) -> str:
        """The plain program that gives the same as a run of the history."""
        ...

    def keep(self, filled: Sent) -> None:
        """Keep what is filled in, for all tasks, as the page sends it."""
        ...

    def kept(self) -> Sent | None:
        """What was filled in last; None before anything was."""
        ...

    def listen(self, listener: object) -> None:
        """Call an object, for as long as it lives, when the history has changed."""
        ...


class Workbench:
    """A workbench, as the value of a cell: its panel in a notebook, its history as text or as a table.

    Args:
        desk: what can be done on it.
        task: the task that is chosen at first.
        is_asked: whether it is to be that, whatever was chosen before.

    Example:
        >>> bench = nbt.workbench()
        >>> bench.to_pandas()[["task", "typed", "seconds"]]
    """

    def __init__(self, desk: Desk, task: str, *, is_asked: bool = False) -> None:
        self.desk, self.task, self.is_asked = desk, task, is_asked
        self._shown: weakref.ref[Any] | None = None

    def show(self, result: Any) -> None:
        """Its panel shows a result, which is part of its snapshot; None is none."""
        self._shown = None if result is None else weakref.ref(result)

    @property
    def shown(self) -> Any:
        """The result that its panel shows; None where there is none, or that is gone."""
        return None if self._shown is None else self._shown()

    def to_pandas(self, rows: list[int] | None = None) -> pd.DataFrame:
        """What was run in this session, one row each, the newest first."""
        import pandas as pd

        history = self.desk.history()
        chosen = history if rows is None else [history[row] for row in rows]
        columns = ("number", "task", "typed", "place", "since", "seconds", "message")
        table = pd.DataFrame([[getattr(row, name) for name in columns] for row in chosen], columns=list(columns))
        return table.assign(since=pd.to_datetime(table["since"], unit="s", utc=True))

    def __str__(self) -> str:
        """The history, one line a run."""
        from nbtransformers.plain_text import printable

        rows = [f"{row.number}. {printable(row.brief)}" for row in self.desk.history()]
        return "\n".join(["Workbench", *rows])

    __repr__ = __str__
