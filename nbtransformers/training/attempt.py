"""What one attempt at a run has in hand: shared by the trainer and the callback that tells of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from nbtransformers.rundir.folder import RunFolder
from nbtransformers.rundir.history import History
from nbtransformers.training.checkpoints import Marker
from nbtransformers.training.commands import Commands
from nbtransformers.training.divergence import Divergence
from nbtransformers.training.evaluating import Evaluation
from nbtransformers.training.journal import Journal
from nbtransformers.training.rates import Rates
from nbtransformers.training.tasks.task import Description, Task
from nbtransformers.training.team import Team


class EvaluationBrokenOffError(Exception):
    """The run was told to stop while it was evaluated."""


@dataclass(slots=True)
class Attempt:
    """One attempt at a run.

    Attributes:
        folder: the run.
        journal: told of everything.
        commands: what it is told.
        rates: the changes of its learning rate.
        evaluation: what measures it.
        task: what is learnt.
        description: its data.
        before: what the run told before this attempt, steps that are done again left out.
        save_steps: steps after which there is a checkpoint, besides those of evaluations.
        marker: what the last checkpoint says of itself.
        saved: its step; None before there is one.
        saved_at: when it was made, by the monotonic clock.
        team: the processes that train together.
        divergence: watches the loss; there once training begins.
        dry: whether predictions are only tried out, and nothing is told.
        evaluated: how many batches of the evaluation under way are done.
    """

    folder: RunFolder
    journal: Journal
    commands: Commands
    rates: Rates
    evaluation: Evaluation
    task: Task
    description: Description
    before: History
    save_steps: int
    marker: Marker
    saved: int | None
    saved_at: float
    team: Team = field(default_factory=Team)
    divergence: Divergence | None = None
    dry: bool = False
    evaluated: int = 0

    @property
    def checkpoint(self) -> Path | None:
        """The folder of the last checkpoint."""
        return None if self.saved is None else self.folder.checkpoint(self.saved)

    def look(self, *, alone: bool = False) -> None:
        """Follow, while it is evaluated, what need not wait for the end of the evaluation.

        Args:
            alone: whether the leader does something by itself, and does not tell the others.

        Raises:
            EvaluationBrokenOffError: when the run is told to stop.
        """
        self.commands.look()
        if not alone:
            self.commands.stopping = self.team.shared(self.commands.stopping)
        if self.commands.stopping:
            raise EvaluationBrokenOffError

    def is_saved(self, step: int) -> bool:
        """Whether there is a checkpoint of a step that has all that came with it."""
        return self.saved == step and self.marker.lr_changes == self.rates.applied

    def note_saved(self, step: int, marker: Marker) -> None:
        """Keep in mind that there is a new checkpoint."""
        self.saved, self.marker, self.saved_at = step, marker, monotonic()
