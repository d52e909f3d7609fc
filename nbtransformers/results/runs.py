"""The training runs of a project, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtransformers.errors import UserError, did_you_mean, shown
from nbtransformers.plain_text import count, printable, seconds
from nbtransformers.results.terminal import line_table, printed
from nbtransformers.results.trainingfigures import Along, curves_figure
from nbtransformers.results.trainingrun import TrainingRun
from nbtransformers.results.trainingtables import curve_tables
from nbtransformers.rundir.atomic import read_json
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.rundir.listing import run_folders, shown_folder

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


class Runs(Sequence[TrainingRun]):
    """The training runs of a folder, the newest first; in a notebook, a panel in which they are compared and told.

    Attributes:
        folder: where they are.

    Example:
        >>> nbt.runs().to_pandas().sort_values("value")
        >>> nbt.runs()["minilm-1"].state
        'done'
        >>> nbt.runs().diff("minilm-1", "minilm-2")
    """

    def __init__(
        self, runs: Iterable[TrainingRun], folder: Path, made: Callable[[RunFolder], TrainingRun] | None = None
    ) -> None:
        self._runs = list(runs)
        self._made = made  # None where only these are meant
        self.folder = folder

    @classmethod
    def of(cls, folder: Path, made: Callable[[RunFolder], TrainingRun], known: Iterable[TrainingRun] = ()) -> Runs:
        """All runs of a folder.

        Args:
            folder: where they are.
            made: makes a run of its directory.
            known: those that are there already, and stay the same.
        """
        kept = {run.name: run for run in known}
        runs = (kept.get(files.name) or made(files) for files in run_folders(folder))
        return cls((run for run in runs if run.name in kept or _is_readable(run)), folder, made)

    def now(self) -> Runs:
        """The runs that are there now: without those that were deleted, and where all were meant with those that came.

        Example:
            >>> runs = runs.now()
        """
        if self._made is not None:
            return Runs.of(self.folder, self._made, self._runs)
        return Runs((run for run in self._runs if run.files.request.is_file()), self.folder)

    def __len__(self) -> int:
        return len(self._runs)

    def __iter__(self) -> Iterator[TrainingRun]:
        return iter(self._runs)

    def __getitem__(self, which: int | str | slice | list[str]) -> Any:
        """A run by its name or its place; some of them by a slice, or by their names."""
        if isinstance(which, slice):
            return Runs(self._runs[which], self.folder)
        if isinstance(which, list):
            return Runs([self[name] for name in which], self.folder)
        if isinstance(which, int):
            return self._runs[which]
        names = [run.name for run in self._runs]
        if which not in names:
            raise UserError(
                f"There is no run {shown(which)} in {shown_folder(self.folder)}.", hint=did_you_mean(which, names)
            )
        return self._runs[names.index(which)]

    def to_pandas(self) -> pd.DataFrame:
        """One row a run, with its name as index: `state`, `task`, `data`, `model`, `method`, `epochs`, `lr`, …

        `metric` and `value` are those of the best evaluation, `step` of `steps` says how far it came, `seconds` how
        long it took, `begun` when (UTC).
        """
        import pandas as pd

        rows = [_row(run) for run in self._runs]
        table = pd.DataFrame(rows, index=pd.Index([run.name for run in self._runs], name="name", dtype=object))
        if rows:
            table["begun"] = pd.to_datetime(table["begun"], unit="s", utc=True).dt.floor("s")
        return table

    def diff(self, *runs: str) -> pd.DataFrame:
        """In what runs differ: one row a setting, or a version, and a column a run.

        Args:
            runs: the names of two runs or more.

        Raises:
            UserError: when there is no such run.
        """
        import pandas as pd

        rows = self.differences(*runs)
        columns = {run: [values[at] for values in rows.values()] for at, run in enumerate(runs)}
        return pd.DataFrame(columns, index=pd.Index(rows, name="setting", dtype=object), dtype=object)

    def differences(self, *runs: str) -> dict[str, list[Any]]:
        """The same as a dictionary: by setting the value of each run."""
        sides = [_settings(self[run]) for run in runs]
        names = dict.fromkeys(name for side in sides for name in side)
        rows = {name: [side.get(name) for side in sides] for name in names}
        return {name: values for name, values in rows.items() if any(value != values[0] for value in values)}

    def curves(self, metric: str = "loss") -> pd.DataFrame:
        """The curves of all runs in one table: a row a point, and of each run those of training before the others.

        Args:
            metric: as for `plot`.

        Returns:
            `run`, `part` (`training` or `evaluation`), `step`, `epoch`, `elapsed_s` (as in `TrainingRun.steps()`),
            and the value by the name of the metric.

        Raises:
            UserError: when no run has such a curve.

        Example:
            >>> nbt.runs().curves("accuracy").groupby("run").accuracy.max()
        """
        import pandas as pd

        tables = [
            points.assign(run=run.name, part=part)
            for run in self._with_curve(metric)
            for part, points in curve_tables(run, metric)
        ]
        columns = ["run", "part", "step", "epoch", "elapsed_s", metric]
        return pd.concat(tables, ignore_index=True).reindex(columns=columns)

    def plot(
        self,
        metric: str = "loss",
        ax: Axes | None = None,
        *,
        along: Along = "step",
        smoothing: float = 0.0,
        colours: Sequence[str] | None = None,
        within: tuple[float, float] | None = None,
    ) -> Axes:
        """The curves of all runs on one another, with matplotlib.

        Args:
            metric: what `TrainingRun.plot` draws; runs that have none of it are left out.
            ax: the axes to draw on; None makes new ones.
            along: `step`, `epoch`, or `time`, in which pauses are left out.
            smoothing: the share of a smoothed value that is what came before, from 0 to below 1.
            colours: one a run, as matplotlib has them; None takes its own.
            within: the stretch that is seen, in steps, epochs or seconds; None shows all.

        Raises:
            UserError: when no run has such a curve.

        Example:
            >>> nbt.runs()[:3].plot("loss", along="time", smoothing=0.6)
        """
        drawn = self._with_curve(metric)
        if colours is not None:
            hues = dict(zip((run.name for run in self._runs), colours, strict=True))
            colours = [hues[run.name] for run in drawn]
        looked: dict[str, Any] = {"along": along, "smoothing": smoothing, "colours": colours, "within": within}
        return curves_figure(drawn, metric, ax, title=metric, by_run=True, **looked)

    def _with_curve(self, metric: str) -> list[TrainingRun]:
        found = [run for run in self._runs if metric in run.curves]
        if not found:
            known = dict.fromkeys(name for run in self._runs for name in run.curves)
            raise UserError(f"No run has a curve {shown(metric)}.", hint=did_you_mean(metric, known))
        return found

    def _repr_html_(self) -> str:
        """A table for a notebook; pandas escapes what is in it."""
        return self.to_pandas().to_html(escape=True, float_format="{:.4g}".format, na_rep="–")

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        """One line a run, for a plain terminal."""
        if not self._runs:
            return printable(f"There are no runs in {shown_folder(self.folder)}; `%finetune` begins one.")
        heads = ("name", "state", "data", "model", "took", "best", "settings")
        table = line_table(heads, [_cells(run) for run in self._runs], ("took",), most=22)
        return printed(f"{count(len(self), 'run')} in {shown_folder(self.folder)}", table)


def _is_readable(run: TrainingRun) -> bool:
    """Whether it can be listed; one that is damaged, or of a later version, does not hide the others."""
    try:
        _ = run.request
    except UserError:
        return False
    return True


def _cells(run: TrainingRun) -> list[str]:
    best = run.best
    return [
        run.name,
        run.state,
        run.data_name,
        run.model_name,
        seconds(run.duration),
        f"{best['metric']} {best['value']:.4g}" if best else "–",
        run.shown_settings,
    ]


def _row(run: TrainingRun) -> dict[str, Any]:
    request, best, plan = run.request, run.best or {}, run.plan
    return {
        "state": run.state,
        "task": run.description.get("training_task"),
        "data": run.data_name,
        "model": run.model_name,
        "method": request.method,
        "epochs": request.epochs,
        "lr": request.lr,
        "batch_size": request.batch_size,
        "metric": best.get("metric"),
        "value": best.get("value"),
        "step": run.step,
        "steps": plan.get("steps"),
        "seconds": round(run.duration, 1),
        "begun": run.begun,
    }


def _settings(run: TrainingRun) -> Mapping[str, Any]:
    """All that was asked for, the data and the model in a word each, and the versions that it was made with."""
    asked = {name: value for name, value in asdict(run.request).items() if name not in _BY_NAME}
    packages = (read_json(run.files.environment) or {}).get("packages") or {}
    fingerprint = str(run.description.get("fingerprint") or "")[:12]
    return {
        "data": run.data_name,
        "rows": fingerprint,  # the same name may stand for other rows
        "model": run.model_name,
        **asked,
        "lr": run.peak_lr,
        **run.request.arguments,
        **{f"version of {name}": value for name, value in packages.items()},
    }


_BY_NAME = ("data", "model", "arguments")
