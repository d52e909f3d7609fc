"""`nbtransformers.runs` and `nbtransformers.attach`, and what a run can do that only those who may train can."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from nbtransformers import settings
from nbtransformers.doors.door import door
from nbtransformers.errors import UserError, kind_of, shown
from nbtransformers.panels.host import has_panels
from nbtransformers.request import RunOptions
from nbtransformers.results.runs import Runs
from nbtransformers.results.trainingrun import TrainingRun
from nbtransformers.rundir.listing import find_run, is_path, typed_name
from nbtransformers.rundir.state import ENDED


class Run(TrainingRun):
    """A training run, with its model, and with what begins its worker again.

    Example:
        >>> run = nbt.finetune(df, text="review", label="stars", model="minilm")
        >>> run.state
        'running'
        >>> run.wait()
        'done'
        >>> nbt.classify(texts, model=run)
    """

    __slots__ = ()

    @property
    def model(self) -> Any:
        """The trained model, as Transformers has it; after a stop, that of the best evaluation so far.

        Raises:
            UserError: when there is none yet.
        """
        return self._loaded().model

    @property
    def tokenizer(self) -> Any:
        """Its tokenizer.

        Raises:
            UserError: when there is none yet.
        """
        return self._loaded().tokenizer

    def resume(self) -> None:
        """Go on: after a pause at once, else by a new worker, from the last whole checkpoint.

        Raises:
            UserError: when it is running, or done, or its data are not those that it began with.
        """
        state = self.state
        if state == "paused":
            super().resume()
        elif state == "done":
            raise UserError(f"The run {self.name} is done.", hint=f"Use its model: `--model run:{self.name}`.")
        elif state not in ENDED:
            raise UserError(
                f"The run {self.name} is {state}.", hint=f"`%runs {typed_name(self.files)}` shows how far it is."
            )
        else:
            from nbtransformers.training.launch import relaunch

            relaunch(self.files)

    def panel(self) -> None:
        """Show it below the cell, live; in a terminal, as text."""
        from nbtransformers.panels.view import show_result

        show_result(self)

    def _loaded(self) -> Any:
        from nbtransformers.engine.device import pick_device, pick_dtype
        from nbtransformers.loading.models import load
        from nbtransformers.loading.runs import model_of_run
        from nbtransformers.training.tasks import task_named

        ref = model_of_run(self.files)
        device = pick_device("auto")
        task = task_named(self.description["training_task"])
        budget = RunOptions(memory_budget=settings.default("memory-budget").value).budget
        dtype = pick_dtype("auto", device)
        return load(ref, {}, task.head, device=device, dtype=dtype, memory_budget=budget)[0]


@door
def runs(folder: str | PathLike[str] | None = None) -> Runs:
    """The training runs of a project, the newest first.

    Args:
        folder: where they are; None is as `%nbt set folder`, the environment or a pyproject.toml says, else
            `nbtransformers-runs` in the working directory.

    Returns:
        A `Runs`: by name or place its runs, `to_pandas()`, `diff()`, `plot()`; in a notebook its panel.

    Raises:
        UserError: one line that says what is wrong and what to type instead.

    Example:
        >>> import nbtransformers as nbt
        >>> nbt.runs().to_pandas()
        >>> nbt.runs()["minilm-1"].metrics
        {'loss': 0.41, 'accuracy': 0.82}
    """
    show_as_panels()
    return Runs.of(settings.runs_folder(folder), Run)


@door
def attach(name: str | PathLike[str], folder: str | PathLike[str] | None = None) -> Run:
    """A training run, whoever began it: another notebook, or this one before its kernel was restarted.

    Args:
        name: what it is called, or the path of its directory.
        folder: where the runs are, for a name; None is as for `runs`.

    Returns:
        The `Run`: `state`, `events`, `metrics`, `steps()`, `evals()`, `wait()`, `pause()`, `resume()`, `stop()`,
        `set_lr()`, `model`, `panel()`, `plot()`.

    Raises:
        UserError: when there is none of that name, or at that path.

    Example:
        >>> import nbtransformers as nbt
        >>> run = nbt.attach("minilm-1")
        >>> run.state
        'running'
        >>> nbt.attach("../elsewhere/minilm-1").metrics
        {'loss': 0.41, 'accuracy': 0.82}
    """
    if isinstance(name, PathLike):
        name = str(Path(name).expanduser().absolute())  # a path, though it has one part only
    if not isinstance(name, str):
        raise UserError(
            f"A run is given by its name or its path, and this is {kind_of(name)}.", hint="Type `nbt.attach('a-1')`."
        )
    if folder is not None and is_path(name):
        raise UserError(
            f"The path {shown(name)} says where the run is, and so does the folder.", hint="Leave the folder out."
        )
    show_as_panels()
    return Run(find_run(name, settings.runs_folder(folder)))


def show_as_panels() -> None:
    """In a notebook, show a run, or all of them, that is the value of a cell as its panel."""
    if has_panels():
        from nbtransformers.doors.runmodel import RunModel
        from nbtransformers.panels.display import show_as_values
        from nbtransformers.panels.runs.offers import offer

        offer(RunModel())
        show_as_values()
