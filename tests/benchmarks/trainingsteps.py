"""When each step of a run ended, for the benchmarks that time steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Moment = TypeVar("Moment")


def moments_of_steps(run: Any, now: Callable[[], Moment]) -> list[Moment]:
    """Have a worker in this process do a run, events, commands and everything; what `now` gave after each step."""
    from nbtransformers.training.journal import Journal
    from nbtransformers.training.worker import run_worker

    ended: list[Moment] = []
    write = Journal.write

    def written(journal: Journal, kind: str, **values: Any) -> None:
        write(journal, kind, **values)
        if kind == "step":
            ended.append(now())

    Journal.write = written
    try:
        assert run_worker(run) == 0
    finally:
        Journal.write = write
    return ended
