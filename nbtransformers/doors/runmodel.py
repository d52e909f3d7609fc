"""The model of a run in use: what to type for it, and as a default of the session."""

from __future__ import annotations

import shlex

from nbtransformers import settings
from nbtransformers.loading.runs import PREFIX
from nbtransformers.results.trainingrun import TrainingRun

_TASKS = {
    **dict.fromkeys(("classification", "multi-label", "regression"), ("classify",)),
    "tokens": ("entities",),
    "seq2seq": ("summarize", "translate"),
    "causal": ("generate",),
    "masked": ("fill",),
}
"""By what was learnt, which tasks the model is for."""


class RunModel:
    """What can be done with the model of a run."""

    def line(self, run: TrainingRun) -> str:
        """What to type to use it once.

        Example:
            >>> RunModel().line(run)
            '%%classify --model run:minilm-1'
        """
        return f"%%{_tasks(run)[0]} --model {shlex.quote(_name(run))}"

    def settings(self, run: TrainingRun) -> list[str]:
        """Which defaults of the session would be set to it: those of what it was trained for, and of no other task."""
        return [f"{task}.model" for task in _tasks(run)]

    def set(self, run: TrainingRun) -> None:
        """Set them.

        Raises:
            UserError: when it has no model.
        """
        for name in self.settings(run):
            settings.set_default(name, _name(run))


def _tasks(run: TrainingRun) -> tuple[str, ...]:
    return _TASKS[run.description["training_task"]]


def _name(run: TrainingRun) -> str:
    """How a model option names it: by its run, where that is found by its name alone."""
    return f"{PREFIX}{run.name}" if run.folder.parent == settings.runs_folder() else str(run.files.model)
