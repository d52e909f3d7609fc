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
from nbtransformers.plain_text import count, printable, seconds, size
from nbtransformers.request import FinetuneRequest
from nbtransformers.results.terminal import printed
from nbtransformers.rundir import control
from nbtransformers.rundir.atomic import read_json
from nbtransformers.rundir.events import Event, fold, read_events
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.rundir.history import History
from nbtransformers.rundir.listing import shown_folder, typed_name
from nbtransformers.rundir.state import ENDED, State, is_owned, living_worker

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_LOOK_S = 0.2  # between two looks of who waits


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
        """Why it failed, in one line, and the way out; empty when it has not."""
        self.history.read()
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

    def steps(self) -> pd.DataFrame:
        """One row a step, with its number as index: `epoch`, `loss`, `lr`, `grad_norm`, `tokens`, `tokens_per_s`."""
        import pandas as pd

        self.history.read()
        steps = self.history.steps
        columns = {name: steps[name] for name in ("epoch", "loss", "lr", "grad_norm", "tokens", "tokens_per_s")}
        return pd.DataFrame(columns, pd.Index(steps["step"].astype("int64"), name="step"))

    def evals(self) -> pd.DataFrame:
        """One row an evaluation, with its step as index: `epoch`, `seconds`, and a column a metric."""
        import pandas as pd

        self.history.read()
        rows = [
            {"step": e["step"], "epoch": e["epoch"], "seconds": e["seconds"], **e["metrics"]}
            for e in self.history.of("eval")
        ]
        return pd.DataFrame(rows).set_index("step") if rows else pd.DataFrame()

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

    def plot(self, metric: str = "loss", ax: Axes | None = None) -> Axes:
        """A curve by step, with matplotlib.

        Args:
            metric: `loss`, whose training curve is drawn with that of the evaluations; `lr`, `grad_norm`,
                `tokens_per_s`; or a metric of the evaluations.
            ax: the axes to draw on; None makes new ones.

        Raises:
            UserError: when there is no such curve.
        """
        from nbtransformers.results.figures import canvas, legend, titled

        axes = titled(canvas(ax, 3.4), printable(f"{self.name}: {metric}"))
        self.draw(axes, metric, "training" if metric == "loss" else metric, "evaluation")
        axes.set_xlabel("step")
        legend(axes)
        return axes

    def plot_finder(self, ax: Axes | None = None) -> Axes:
        """The loss at each learning rate that `--find-lr` tried, and the one that was chosen, with matplotlib.

        Args:
            ax: the axes to draw on; None makes new ones.

        Raises:
            UserError: when no learning rate was looked for, or the search goes on.
        """
        from nbtransformers.results.figures import canvas, legend, titled

        self.history.read()
        found = self.history.last("finder")
        if found is None:
            raise UserError(
                f"The run {self.name} has no search for a learning rate.",
                hint="`%finetune` makes one with `--find-lr`.",
            )
        axes = titled(canvas(ax, 3.4), printable(f"{self.name}: loss by learning rate"))
        losses = [math.nan if loss is None else loss for _, loss in found["points"]]
        axes.plot([lr for lr, _ in found["points"]], losses, linewidth=1, label="loss")
        if found["chosen"]:
            axes.axvline(found["chosen"], color="#D55E00", linewidth=1, label=f"chosen: {found['chosen']:g}")
        axes.set_xscale("log")
        axes.set_xlabel("learning rate")
        legend(axes)
        return axes

    def draw(self, ax: Axes, metric: str, training: str, evaluation: str) -> None:
        """Draw what there is of a metric by step, the two curves under these names."""
        steps, evals = self.steps(), self.evals()
        if metric not in steps.columns and metric not in evals.columns:
            known = dict.fromkeys([*steps.columns, *evals.columns])
            raise UserError(f"The run {self.name} has no curve {shown(metric)}.", hint=did_you_mean(metric, known))
        if metric in steps.columns:
            ax.plot(steps.index, steps[metric], linewidth=1, label=printable(training))
        if metric in evals.columns:
            ax.plot(evals.index, evals[metric], marker="o", markersize=4, label=printable(evaluation))

    def facts(self) -> list[tuple[str, str]]:
        """What it is and how far it came, as name and value, for a person."""
        told = self.description
        rows: Mapping[str, int] = told.get("rows") or {}
        facts = {
            "State": self.state,
            "Task": str(told.get("training_task") or self.request.training_task or "–"),
            "Data": " · ".join([self.data_name, *(f"{count(n, 'row')} to {_FOR[part]}" for part, n in rows.items())]),
            "Model": self.model_name,
            "Settings": self.shown_settings,
            **facts_of_card(self.card),
            "Progress": self.progress,
            "Metrics": shown_metrics(self.metrics),
            "Took": seconds(self.duration),
            "Directory": shown_folder(self.folder),
        }
        return [(name, value) for name, value in facts.items() if value]

    @property
    def data_name(self) -> str:
        """What the user called the data."""
        data = self.request.data
        return (
            Path(data.value).name if data.kind == "file" else f"hub:{data.value}" if data.kind == "hub" else data.value
        )

    @property
    def model_name(self) -> str:
        """What the user called the model that it started from."""
        model = self.request.model
        return "–" if model is None else Path(model.name).name if model.kind == "folder" else str(model)

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
    def progress(self) -> str:
        """How many of its steps are done, in words; empty before the first."""
        plan = self.plan
        return f"step {self.step:,} of {plan['steps']:,}" if plan else ""

    def settings(self) -> dict[str, Any]:
        """How it learns, by the names of the options, those that are not as usual also beyond the first few."""
        request = self.request
        first = ("method", "epochs", "lr", "batch_size")
        usual = FinetuneRequest(request.data)
        rest = [name for name in _SETTINGS if name not in first and getattr(request, name) != getattr(usual, name)]
        found = {name: getattr(request, name) for name in (*first, *rest)}
        return {name: value for name, value in {**found, **request.arguments}.items() if value is not None}

    @property
    def shown_settings(self) -> str:
        """How it learns, in one line."""
        return ", ".join(f"{name} {_shown(value)}" for name, value in self.settings().items())

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        """State, data, settings and metrics, for a plain terminal."""
        facts = self.facts()
        width = max(len(name) for name, _ in facts)
        return printed(f"Run {self.name}", *(f"  {name:<{width}}  {value}" for name, value in facts), self.message)

    # --- within ---

    def _refuse_ended(self, doing: str) -> None:
        state = self.state
        if state in ENDED:
            raise UserError(f"The run {self.name} is {state}: there is nothing to {doing}.", hint="`%runs` lists all.")


_EVERY_EVENT = ("type", "time", "attempt")
_FOR = {"train": "learn from", "test": "evaluate on"}
_SETTINGS = (
    *("method", "epochs", "lr", "batch_size", "grad_accum", "warmup", "schedule", "weight_decay", "max_length", "seed"),
    *("test_share", "bf16", "early_stopping", "metric", "collator", "find_lr", "report_to", "device", "gpus"),
    *("lora_rank", "lora_alpha", "lora_dropout", "lora_modules"),
)


def _shown(value: object) -> str:
    if isinstance(value, tuple | list):
        return " ".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType]
    return f"{value:g}" if isinstance(value, float) else str(value)


def facts_of_card(card: Mapping[str, Any]) -> dict[str, str]:
    """What was known before a run began, as name and value, for a person."""
    facts: dict[str, str] = {}
    if lengths := card.get("lengths"):
        cut = lengths["cut_rows"]
        said = f"{lengths['median']:,.0f} tokens in the median, {lengths['longest']:,} at most"
        facts["Lengths"] = said + (f"; {cut:.1%} of the rows are cut" if cut else "")
    if parameters := card.get("parameters"):
        facts["Parameters"] = f"{parameters['trained']:,} of {parameters['all']:,} are trained"
    if memory := card.get("memory"):
        facts["Memory"] = f"about {size(memory['needed'])}; {size(memory['free'])} were free"
    if advice := card.get("advice"):
        facts["Look out"] = " ".join(advice)
    return facts


def shown_metrics(metrics: Mapping[str, Any], most: int = 4) -> str:
    """Metrics in one line."""
    numbers = {name: value for name, value in metrics.items() if isinstance(value, int | float)}
    return ", ".join(f"{name} {value:.4g}" for name, value in list(numbers.items())[:most])
