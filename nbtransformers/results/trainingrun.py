"""A training run, looked at while it goes on and after: whatever is asked of it is read from its directory."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from nbtransformers.errors import UserError, did_you_mean, shown
from nbtransformers.request import FinetuneRequest
from nbtransformers.results import trainingshown
from nbtransformers.results.trainingfigures import FINDER_TITLE, Along, curves_figure, finder_figure
from nbtransformers.results.trainingtables import evals_table, steps_table
from nbtransformers.rundir import control
from nbtransformers.rundir.atomic import read_json
from nbtransformers.rundir.events import Event, fold, read_events
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.rundir.history import History
from nbtransformers.rundir.listing import typed_name
from nbtransformers.rundir.state import ENDED, State, is_owned, living_worker

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_LOOK_S = 0.2  # between two looks of who waits
_EVERY_EVENT = ("type", "time", "attempt")


class TrainingRun:
    """A training run: a directory, and a worker that writes it.

    It keeps no numbers of its own but those that it has read, so several may look at one run, from several notebooks.

    Attributes:
        files: where everything is in its directory.
        history: what has happened, as far as it was read.

    Example:
        >>> run = nbt.attach("minilm-1")
        >>> run.state
        'running'
        >>> run.metrics
        {'loss': 0.41, 'accuracy': 0.82}
        >>> run.stop()
    """

    __slots__ = ("__weakref__", "_request", "files", "history")

    def __init__(self, files: RunFolder) -> None:
        self.files = files
        self.history = History(files.events)
        self._request: FinetuneRequest | None = None

    # --- what it is ---

    @property
    def name(self) -> str:
        """What it is called: the name of its directory."""
        return self.files.name

    @property
    def folder(self) -> Path:
        """Its directory."""
        return self.files.path

    @property
    def request(self) -> FinetuneRequest:
        """What was asked for.

        Raises:
            UserError: when the file that says it cannot be read.
        """
        if self._request is None:
            try:
                self._request = FinetuneRequest.from_json(self.files.request.read_text(encoding="utf-8"))
            except (OSError, ValueError, TypeError, KeyError) as error:
                raise UserError(
                    f"What the run {self.name} was asked for cannot be read ({type(error).__name__}).",
                    hint=f"Look into {self.files.request}.",
                ) from error
        return self._request

    @property
    def description(self) -> Mapping[str, Any]:
        """What is in its data: `training_task`, `rows`, `labels`, `columns`, `split`, …; see docs/run-directory.md."""
        return read_json(self.files.data / "description.json") or {}

    @property
    def card(self) -> Mapping[str, Any]:
        """What was known before anything ran: `rows`, `lengths`, `balance`, `parameters`, `memory`, `advice`, …"""
        return read_json(self.files.card) or {}

    # --- how it goes ---

    @property
    def state(self) -> State:
        """`starting`, `running`, `paused`, `stopped`, `done`, `failed`; `dead` when its worker is gone."""
        living = living_worker(self.files)
        self.history.read()
        return self.history.told.now(living)

    @property
    def message(self) -> str:
        """Why it failed, or was stopped without a model, in one line, and the way out; else empty."""
        if self.state not in ENDED:  # what the worker before told is not of this one
            return ""
        told = self.history.told
        return " ".join(filter(None, [told.message, told.hint]))

    @property
    def events(self) -> list[Event]:
        """All that happened, in order; steps that were done again after an interruption count once."""
        return fold(read_events(self.files.events))

    @property
    def metrics(self) -> dict[str, Any]:
        """The metrics of the best evaluation so far; of the last one where no best is chosen. `loss` is one of them."""
        best = self.best
        evals = [e for e in self.history.of("eval") if best is None or e["step"] == best["step"]]
        return dict(evals[-1]["metrics"]) if evals else {}

    @property
    def best(self) -> dict[str, Any] | None:
        """Which evaluation was the best: `step`, `metric`, `value`; None before there is one."""
        self.history.read()
        found = self.history.last("best")
        return None if found is None else {key: found.get(key) for key in ("step", "metric", "value")}

    @property
    def plan(self) -> Mapping[str, Any]:
        """What the worker said before the first step: `steps`, `epochs`, `batch_size`, …; empty before it has."""
        self.history.read()
        return {key: value for key, value in (self.history.last("plan") or {}).items() if key not in _EVERY_EVENT}

    @property
    def duration(self) -> float:
        """Seconds from its first sign of life to its last; time that it lay still is in it."""
        ended = self.state in ENDED
        began, heard = self.history.span or (0.0, 0.0)
        return (heard if ended or not began else time.time()) - began

    @property
    def begun(self) -> float | None:
        """When its first worker began, in seconds since 1970; None before."""
        self.history.read()
        return self.history.span[0] if self.history.span else None

    @property
    def step(self) -> int:
        """The last step that is done; 0 before there is one."""
        self.history.read()
        done = self.history.steps["step"]
        return int(done[-1]) if len(done) else 0

    @property
    def has_model(self) -> bool:
        """Whether it has made a model, which `--model run:NAME` takes; after a stop, that of the best evaluation."""
        return self.state in ("done", "stopped") and (self.files.model / "config.json").exists()

    @property
    def curves(self) -> list[str]:
        """What it has curves of: what is told of each step, and numbers that its evaluations gave."""
        self.history.read()
        metrics = [one["metrics"] or {} for one in self.history.of("eval")]
        told = [name for one in metrics for name, value in one.items() if isinstance(value, int | float)]
        return list(dict.fromkeys([*self.history.series, *told]))

    def steps(self) -> pd.DataFrame:
        """One row a step, with its number as index: `epoch`, `elapsed_s`, `loss`, `lr`, `grad_norm`, `tokens`, …

        `elapsed_s` are the seconds that workers had been at it by then, pauses and interruptions left out, and
        `tokens_per_s` how fast it went.
        """
        self.history.read()
        return steps_table(self.history)

    def evals(self) -> pd.DataFrame:
        """One row an evaluation, with its step as index: `epoch`, `elapsed_s`, `seconds`, and a column a metric.

        `elapsed_s` are as in `steps()`, and `seconds` those that the evaluation took.
        """
        self.history.read()
        return evals_table(self.history)

    def to_pandas(self) -> pd.DataFrame:
        """The same as `steps()`."""
        return self.steps()

    @property
    def log(self) -> str:
        """What the worker printed."""
        try:
            return self.files.log.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    # --- what it is told ---

    def wait(self, timeout: float | None = None) -> State:
        """Wait until it has ended; the worker does not depend on who waits.

        Args:
            timeout: seconds to wait at most; None waits on.

        Returns:
            The state then; when the time is up, that of this moment.

        Example:
            >>> run.wait()
            'done'
        """
        until = math.inf if timeout is None else time.monotonic() + timeout
        while (state := self.state) not in ENDED and time.monotonic() < until:
            time.sleep(max(0.0, min(_LOOK_S, until - time.monotonic())))
        return state

    def pause(self) -> None:
        """Pause after the step that it is at; `resume` goes on.

        Raises:
            UserError: when it does not run.
        """
        self._refuse_ended("pause")
        control.tell(self.files.control, "pause")

    def resume(self) -> None:
        """Go on after a pause.

        Raises:
            UserError: when it is not paused.
        """
        state = self.state
        if state != "paused":
            raise UserError(f"The run {self.name} is {state}, not paused.", hint="There is nothing to resume.")
        control.tell(self.files.control, "resume")

    def stop(self) -> None:
        """Stop after the step that it is at: it saves, and the best model so far is its model.

        Raises:
            UserError: when it has ended.
        """
        self._refuse_ended("stop")
        control.tell(self.files.control, "stop")

    def save_now(self) -> None:
        """Make a checkpoint after the step that it is at.

        Raises:
            UserError: when it has ended.
        """
        self._refuse_ended("save")
        control.tell(self.files.control, "save")

    def set_lr(self, lr: float | None = None, *, factor: float | None = None) -> None:
        """Change the learning rate from the next step on; the schedule goes on from there.

        Args:
            lr: the learning rate of the next step.
            factor: by how much to multiply what the schedule gives, in its place.

        Raises:
            UserError: when it has ended, or that is no learning rate.

        Example:
            >>> run.set_lr(1e-5)
            >>> run.set_lr(factor=0.5)
        """
        given = {key: value for key, value in (("value", lr), ("factor", factor)) if value is not None}
        if len(given) != 1:
            raise UserError("A learning rate is given, or a factor.", hint="Type `run.set_lr(1e-5)`.")
        for value in given.values():
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
                raise UserError(f"The learning rate is {shown(value)}.", hint="Type a number above 0, such as `1e-5`.")
        self._refuse_ended("change")
        control.tell(self.files.control, "lr", **given)

    def delete(self) -> None:
        """Delete its directory: its data, its checkpoints, its model.

        Raises:
            UserError: when a worker is at work in it, or the system does not let it be deleted.
        """
        state = self.state
        if state not in ENDED:
            raise UserError(
                f"The run {self.name} is {state}.", hint=f"Stop it first: `%runs stop {typed_name(self.files)}`."
            )
        if is_owned(self.files):
            raise UserError(f"A worker is at work in the run {self.name}.", hint="Wait until it has ended.")
        going = self.folder.with_name(f".{self.name}.deleted-{uuid4().hex[:8]}")
        try:
            self.folder.rename(going)  # gone from every listing at once
            shutil.rmtree(going)
        except OSError as error:
            raise UserError(
                f"The run {self.name} cannot be deleted: {error.strerror or error}.", hint="Close what has it open."
            ) from error

    # --- how it is shown ---

    def plot(
        self, metric: str = "loss", ax: Axes | None = None, *, along: Along = "step", smoothing: float = 0.0
    ) -> Axes:
        """A curve, with matplotlib.

        Args:
            metric: `loss`, whose training curve is drawn with that of the evaluations; `lr`, `grad_norm`,
                `tokens_per_s`; or a metric of the evaluations.
            ax: the axes to draw on; None makes new ones.
            along: `step`, `epoch`, or `time`, in which pauses are left out.
            smoothing: the share of a smoothed value that is what came before, from 0 to below 1.

        Raises:
            UserError: when there is no such curve.

        Example:
            >>> run.plot("loss", along="epoch", smoothing=0.6)
        """
        known = self.curves
        if metric not in known:
            raise UserError(f"The run {self.name} has no curve {shown(metric)}.", hint=did_you_mean(metric, known))
        title = f"{self.name}: {metric}"
        return curves_figure([self], metric, ax, title=title, along=along, smoothing=smoothing)

    def plot_finder(self, ax: Axes | None = None) -> Axes:
        """The loss at each learning rate that `--find-lr` tried, and the one that was chosen, with matplotlib.

        Args:
            ax: the axes to draw on; None makes new ones.

        Raises:
            UserError: when no learning rate was looked for, or the search goes on.
        """
        self.history.read()
        found = self.history.last("finder")
        if found is None:
            raise UserError(
                f"The run {self.name} has no search for a learning rate.",
                hint="`%finetune` makes one with `--find-lr`.",
            )
        return finder_figure(found["points"], found["chosen"], f"{self.name}: {FINDER_TITLE}", ax)

    def facts(self) -> list[tuple[str, str]]:
        """What it is and how far it came, as name and value, for a person."""
        return trainingshown.facts(self)

    @property
    def data_name(self) -> str:
        """What the user called the data."""
        return trainingshown.data_name(self.request)

    @property
    def model_name(self) -> str:
        """What the user called the model that it started from."""
        return trainingshown.model_name(self.request)

    @property
    def peak_lr(self) -> float | None:
        """The learning rate at its highest: what was asked for, else what was found, or what is usual for the method.

        None where one is still looked for.
        """
        request = self.request
        if request.lr is not None or not request.find_lr:
            return request.peak_lr
        self.history.read()
        found = self.history.last("finder")
        return None if found is None else found["chosen"] or request.peak_lr

    def settings(self) -> dict[str, Any]:
        """How it learns, by the names of the options, those that are not as usual also beyond the first few."""
        return trainingshown.settings(self.request, self.peak_lr)

    @property
    def shown_settings(self) -> str:
        """How it learns, in one line."""
        return trainingshown.shown_settings(self.settings())

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        """State, data, settings and metrics, for a plain terminal."""
        return trainingshown.as_text(self)

    # --- within ---

    def _refuse_ended(self, doing: str) -> None:
        state = self.state
        if state in ENDED:
            raise UserError(f"The run {self.name} is {state}: there is nothing to {doing}.", hint="`%runs` lists all.")
