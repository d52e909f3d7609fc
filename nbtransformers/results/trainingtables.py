"""What happened in a training run as tables: its steps, its evaluations, and the curves of a metric."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from nbtransformers.rundir.history import History

if TYPE_CHECKING:
    import pandas as pd

    from nbtransformers.results.trainingrun import TrainingRun

Part = Literal["training", "evaluation"]

_TOLD = ("loss", "lr", "grad_norm", "tokens", "tokens_per_s")


def steps_table(history: History) -> pd.DataFrame:
    """One row a step, with its number as index."""
    import pandas as pd

    steps = history.steps.columns()
    columns = {"epoch": steps["epoch"], "elapsed_s": history.worked_by(steps["time"])}
    columns |= {name: steps[name] for name in _TOLD}
    return pd.DataFrame(columns, pd.Index(steps["step"].astype("int64"), name="step"))


def evals_table(history: History) -> pd.DataFrame:
    """One row an evaluation, with its step as index."""
    import pandas as pd

    evals = list(history.of("eval"))
    elapsed = history.worked_by([one["time"] for one in evals]).tolist()
    rows = [
        {"step": e["step"], "epoch": e["epoch"], "elapsed_s": by, "seconds": e["seconds"], **e["metrics"]}
        for e, by in zip(evals, elapsed, strict=True)
    ]
    return pd.DataFrame(rows).set_index("step") if rows else pd.DataFrame()


def curve_tables(run: TrainingRun, metric: str) -> Iterator[tuple[Part, pd.DataFrame]]:
    """What a run has of a metric, by its steps and by its evaluations: `step`, `epoch`, `elapsed_s` and the metric."""
    parts: tuple[tuple[Part, pd.DataFrame], ...] = (("training", run.steps()), ("evaluation", run.evals()))
    for part, table in parts:
        if metric in table.columns:
            yield part, table.reset_index().loc[:, ["step", "epoch", "elapsed_s", metric]]
