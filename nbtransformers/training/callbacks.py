"""What a run tells while Trainer trains."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from nbtransformers.rundir.atomic import read_json
from nbtransformers.training.attempt import Attempt
from nbtransformers.training.divergence import Divergence
from nbtransformers.training.methods import parameters

if TYPE_CHECKING:
    from transformers import TrainerCallback as Base
else:  # Transformers is imported with the class that is made of both
    Base = object

NO_METRICS = (
    *("epoch", "runtime", "samples_per_second", "steps_per_second", "model_preparation_time"),
    "num_input_tokens_seen",
)
"""What Trainer tells of an evaluation beside its metrics."""

_KEPT_LOGS = 100  # of Trainer's own, which go into every checkpoint


@cache
def callback_class() -> Any:
    """The callback of a run."""
    from transformers import TrainerCallback

    return type("RunCallback", (RunEvents, TrainerCallback), {})


def early_stopping(patience: int, checkpoint: Path | None) -> Any:
    """The callback that ends a run which gets no better, with the count that a checkpoint has kept."""
    from transformers import EarlyStoppingCallback

    stopping = EarlyStoppingCallback(patience)
    if checkpoint is not None:
        kept = read_json(checkpoint / "trainer_state.json")["stateful_callbacks"].get("EarlyStoppingCallback")
        stopping.early_stopping_patience_counter = kept["attributes"]["early_stopping_patience_counter"] if kept else 0
    return stopping


class RunEvents(Base):
    """Writes the events of a run, and looks for commands while it is evaluated.

    Args:
        attempt: what it tells of.
    """

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._tokens = 0
        self._since = 0.0

    def on_train_begin(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Say what is planned, and catch up with what was told and done before."""
        attempt = self._attempt
        losses = attempt.before.steps["loss"].tolist()
        if attempt.team.leads:  # which ends the others
            attempt.divergence = Divergence(state.max_steps, args.learning_rate, losses)
        attempt.rates.replay(state.global_step, others["optimizer"], others["lr_scheduler"])
        attempt.commands.step = state.global_step
        attempt.journal.write("plan", **self._plan(args, state, others["model"], others["train_dataloader"]))
        if attempt.saved is None and attempt.evaluation.note is not None:
            attempt.journal.write("note", text=attempt.evaluation.note)
        attempt.journal.stage("training")
        attempt.journal.state("running")
        attempt.commands.state = "running"
        attempt.commands.look()
        attempt.commands.stopping = attempt.team.shared(attempt.commands.stopping)
        if attempt.commands.stopping or attempt.marker.finished:
            control.should_training_stop = True
        self._tokens, self._since = state.num_input_tokens_seen, perf_counter()

    def on_step_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Ask for the checkpoints between evaluations."""
        if state.global_step % self._attempt.save_steps == 0:
            control.should_save = True
        if control.should_save:  # so that what is told of steps does not depend on where a run was resumed
            control.should_log = True

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **others: Any) -> None:
        """Tell of a step."""
        del state.log_history[:-_KEPT_LOGS]
        if "loss" not in logs:
            return
        attempt = self._attempt
        tokens = state.num_input_tokens_seen - self._tokens
        seconds = perf_counter() - self._since
        grad_norm = logs.get("grad_norm")
        attempt.journal.write(
            "step",
            step=state.global_step,
            epoch=state.epoch,
            loss=logs["loss"],
            lr=logs["learning_rate"],
            grad_norm=grad_norm,
            tokens=tokens,
            tokens_per_s=round(tokens / seconds, 1),
        )
        self._tokens = state.num_input_tokens_seen
        if attempt.divergence is not None:
            attempt.divergence.watch(state.global_step, logs["loss"], None if args.fp16 else grad_norm)

    def on_step_begin(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Time the steps themselves: no evaluation, no checkpoint and no pause."""
        self._since = perf_counter()

    def on_prediction_step(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Tell how far an evaluation is, and follow what need not wait for its end."""
        attempt = self._attempt
        if attempt.dry:
            return
        attempt.evaluated += 1
        attempt.journal.stage("evaluating", attempt.evaluated, len(others["eval_dataloader"]))
        attempt.look()

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, **others: Any) -> None:
        """Tell of an evaluation."""
        found = {name.removeprefix("eval_"): value for name, value in metrics.items()}
        report = self._attempt.folder.evaluation(state.global_step)
        self._attempt.journal.write(
            "eval",
            step=state.global_step,
            epoch=state.epoch,
            metrics={name: value for name, value in found.items() if name not in NO_METRICS},
            seconds=found.get("runtime"),
            report=report.relative_to(self._attempt.folder.path).as_posix(),
        )

    def _plan(self, args: Any, state: Any, model: Any, loader: Any) -> dict[str, Any]:
        description = self._attempt.description
        accumulation = args.gradient_accumulation_steps
        trainable, every = parameters(model)
        return {
            "steps": state.max_steps,
            "epochs": state.max_steps / self._per_epoch(loader, accumulation),
            "steps_per_epoch": self._per_epoch(loader, accumulation),
            "batch_size": args.per_device_train_batch_size * accumulation * self._attempt.team.size,
            "micro_batch": args.per_device_train_batch_size,
            "accumulation": accumulation,
            "processes": self._attempt.team.size,
            "device": str(args.device),
            "trainable": trainable,
            "parameters": every,
            "task": description.training_task,
            "labels": list(description.labels),
            "train_rows": description.rows["train"],
            "test_rows": description.rows["test"],
        }

    @staticmethod
    def _per_epoch(loader: Any, accumulation: int) -> int:
        return max(1, -(-len(loader) // accumulation))
