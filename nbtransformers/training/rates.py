"""Changes of the learning rate while a run goes on: recorded by step, and made again by an attempt that resumes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nbtransformers.training.journal import Journal


class Rates:
    """The changes of a run's learning rate, in the order of their steps.

    Args:
        told: the changes that the run has told of, as events.
        applied: how many of its changes the optimizer has already, as the checkpoint says.
        journal: told of new ones.
    """

    def __init__(self, told: Iterable[dict[str, Any]], applied: int, journal: Journal) -> None:
        self._changes = sorted_changes(told)
        self._journal = journal
        self.applied = applied

    def replay(self, step: int, optimizer: Any, scheduler: Any) -> None:
        """Make the recorded changes that follow on a step."""
        while self.applied < len(self._changes) and self._changes[self.applied]["step"] <= step:
            _multiply(optimizer, scheduler, self._changes[self.applied]["factor"])
            self.applied += 1

    def change(self, message: dict[str, Any], step: int, optimizer: Any, scheduler: Any) -> None:
        """Follow a command: the learning rate of the next step, and of the schedule from there on, is another."""
        factor = _factor(message, optimizer.param_groups[0]["lr"])
        if factor is None:
            self._journal.write(
                "note", text="The learning rate stays: it is 0 here, or what was asked for is no number."
            )
            return
        change = {"step": step, "factor": factor, "id": message.get("id")}
        self._journal.write("lr", **change)
        self._changes.insert(self.applied, change)
        self.applied += 1
        _multiply(optimizer, scheduler, factor)


def sorted_changes(told: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The changes that a run has told of, as events, in the order of their steps."""
    return sorted(told, key=lambda change: change["step"])


def _factor(message: dict[str, Any], now: float) -> float | None:
    wanted, value = message.get("factor"), message.get("value")
    if value is not None and now > 0:
        wanted = value / now
    good = isinstance(wanted, int | float) and not isinstance(wanted, bool) and 0 < wanted < float("inf")
    return float(wanted) if good else None  # pyright: ignore[reportArgumentType]


def _multiply(optimizer: Any, scheduler: Any, factor: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] *= factor
    if hasattr(scheduler, "base_lrs"):  # what the schedule multiplies; one that follows a metric has none
        scheduler.base_lrs = [lr * factor for lr in scheduler.base_lrs]
    scheduler._last_lr = [group["lr"] for group in optimizer.param_groups]  # what Trainer reports
