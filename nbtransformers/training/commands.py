"""What the worker is told while it trains, and has not followed yet."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from nbtransformers.rundir.control import Controls
from nbtransformers.rundir.state import State
from nbtransformers.training.journal import Journal

_LOOK_S = 0.1  # how often a paused worker looks


class ToldToStopError(Exception):
    """A run is told to stop before its first step."""


class Commands:
    """The commands of a run, kept until the moment at which each can be followed.

    Args:
        controls: the run's file of control.
        journal: told which were followed.
        asked_to_end: set by a signal, which then counts as `stop`.

    Attributes:
        journal: the same; that of the next attempt, where memory ran out in this one.
        step: the last step that was finished; 0 before there is one, or a checkpoint of one.
        state: what the run is when it is not paused.
        stopping: whether training is to end.
        saves: the checkpoints that were asked for.
        lr: the changes of the learning rate that were asked for.
    """

    def __init__(self, controls: Controls, journal: Journal, asked_to_end: threading.Event) -> None:
        self._controls = controls
        self.journal = journal
        self._asked_to_end = asked_to_end
        self._pausing = False
        self.step = 0
        self.state: State = "starting"
        self.stopping = False
        self.saves: list[dict[str, Any]] = []
        self.lr: list[dict[str, Any]] = []

    def look(self, meanwhile: Callable[[], None] = lambda: None) -> bool:
        """Take in what came since the last look, and wait while it is paused; whether it goes on then.

        Args:
            meanwhile: called at every look in a pause, to follow what can be followed there.
        """
        self._take_in()
        if self._pausing and not self.stopping:
            self.journal.state("paused")
            while self._pausing and not self.stopping:
                time.sleep(_LOOK_S)
                self._take_in()
                meanwhile()
            self.journal.state(self.state)
        return not self.stopping

    def go_on(self) -> None:
        """The same before a step can be finished.

        Raises:
            ToldToStopError: when the run is to stop, and has learnt nothing. Of one that has a checkpoint, the model
                is still made: what is prepared here is what it is made by.
        """
        if not self.look() and self.step == 0:
            raise ToldToStopError

    def followed(self, message: dict[str, Any]) -> None:
        """Say that a command was followed."""
        self.journal.write("control", id=message.get("id"), command=message["command"], step=self.step)

    def _take_in(self) -> None:
        for message in self._controls.new():
            self._take(message)
        if self._asked_to_end.is_set():
            self.stopping = True

    def _take(self, message: dict[str, Any]) -> None:
        match message["command"]:
            case "lr":
                self.lr.append(message)
                return  # said when it is followed, as is `save`
            case "save":
                self.saves.append(message)
                return
            case "pause":
                self._pausing = True
            case "resume":
                self._pausing = False
            case _:
                self.stopping = True
        self.followed(message)
