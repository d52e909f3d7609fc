"""What the tasks that write share: their panels can go on from another token."""

from __future__ import annotations

from collections.abc import Callable

from nbtransformers.doors.common import run_and_keep
from nbtransformers.panels.earlier import put_in_place_of
from nbtransformers.panels.generation.branches import offer
from nbtransformers.panels.view import View
from nbtransformers.results.generation import Generation


def run_writing(view: View, run: Callable[[], Generation]) -> Generation:
    """As `run_and_keep`, and the panel can go on from another token."""
    offer(_branch)
    return run_and_keep(view, run)


def _branch(result: Generation, row: int, position: int, token: int, view: View) -> Generation:
    from nbtransformers.engine.branching import branch

    # Of a table that is being written only the first rows can be shown, and the reader may be at another.
    partial = view.partial if len(result) == 1 else None

    def run() -> Generation:
        made = branch(result, row, position, token, None, view.progress, partial)
        put_in_place_of(made, result)
        return made

    return run_and_keep(view, run)
