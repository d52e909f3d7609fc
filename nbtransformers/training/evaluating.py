"""What an evaluation is made of: its metrics, and a file of what is worth looking at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from nbtransformers.errors import UserError, did_you_mean, kind_of
from nbtransformers.rundir.atomic import write_json
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.training.journal import plain
from nbtransformers.training.named import is_import_path
from nbtransformers.training.tasks.task import Description, Evaluated, Task
from nbtransformers.training.tasks.written import chosen_rows, said_of

if TYPE_CHECKING:
    from datasets import Dataset

Metric = Callable[[Any, Any], Any]
"""A user's own metric: `(predictions, labels)` to a number, or to numbers by name."""
Write = Callable[[Sequence[int]], Sequence[str]]
"""What the model writes for test rows, which are given by their numbers."""


class Evaluation:
    """Measures predictions, and writes down the confusion matrix and the worst mistakes.

    Args:
        folder: the run.
        task: what is learnt.
        description: the data.
        rows: the test rows, in their order.
        tokenizer: the model's.
        metric: the user's own, and its name.

    Attributes:
        order: the rows as they are evaluated, by their numbers.
    """

    def __init__(
        self,
        folder: RunFolder,
        task: Task,
        description: Description,
        rows: Dataset,
        tokenizer: Any,
        metric: tuple[str, Metric] | None = None,
    ) -> None:
        self._folder = folder
        self._task = task
        self._description = description
        self._rows = rows
        self._tokenizer = tokenizer
        self._metric = metric
        self.order: list[int] = []

    @property
    def note(self) -> str | None:
        """What a reader of the metrics should know."""
        return said_of(len(self._rows)) if self._task.writes else None

    def metrics(self, predicted: Any, step: int | None, write: Write) -> dict[str, float]:
        """The metrics of predictions that came in the order of the evaluation.

        Args:
            predicted: what Trainer gathered: `predictions` [row, …] and `label_ids` [row, …].
            step: whose evaluation it is, for its file; None is a trial with the first rows, and writes none.
            write: asked where the task has the model write texts.
        """
        chosen = chosen_rows(len(self.order)) if self._task.writes else []
        evaluated = Evaluated(
            predictions=self._in_order(predicted.predictions),
            labels=self._in_order(predicted.label_ids),
            rows=self._rows if step is not None else self._rows.select(range(len(self.order))),
            description=self._description,
            tokenizer=self._tokenizer,
            written=dict(zip(chosen, write(chosen), strict=True)) if chosen else {},
        )
        found = self._task.metrics(evaluated)
        if self._metric is not None:
            found = {**found, **_own(*self._metric, evaluated.predictions, evaluated.labels)}
        if step is not None:
            self._folder.evaluations.mkdir(exist_ok=True)
            write_json(self._folder.evaluation(step), plain(asdict(self._task.report(evaluated))))
        return found

    def _in_order(self, values: Any) -> Any:
        if isinstance(values, tuple):
            return tuple(self._in_order(part) for part in values)
        ordered = np.empty_like(values)
        ordered[self.order] = values
        return ordered


def _own(name: str, metric: Metric, predictions: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    try:
        found = metric(predictions, labels)
    except Exception as error:
        raise UserError(
            f"`--metric {name}` failed ({type(error).__name__}: {error}).",
            hint="It is called with predictions [row, …] and labels [row, …], as arrays of numpy.",
        ) from error
    found = found if isinstance(found, Mapping) else {name.rpartition(":")[2]: found}
    numbers: dict[str, float] = {}
    for key, value in found.items():  # pyright: ignore[reportUnknownVariableType]
        value = plain(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UserError(
                f"`--metric {name}` gave {kind_of(value)}.", hint="Let it return a number, or a dict of them."
            )
        numbers[str(key)] = float(value)
    return numbers


def refuse_other_metric(metric: str | None, task: Task) -> None:
    """Refuse a metric that no evaluation of a task gives; what a user's own gives is known once it is tried.

    Raises:
        UserError: with the nearest that it gives.
    """
    if metric is not None and not is_import_path(metric):
        refuse_unknown(metric, (*task.metric_names, "loss"))


def refuse_unknown(metric: str, found: Collection[str]) -> None:
    """Refuse a metric that an evaluation does not give.

    Raises:
        UserError: with the nearest that it gives.
    """
    if metric not in found:
        raise UserError(f"There is no metric {metric!r}.", hint=did_you_mean(metric, found, what="There are"))
