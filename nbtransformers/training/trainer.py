"""Transformers' Trainer, with what a run that may be killed at any moment needs besides; its loop is its own."""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from time import monotonic
from typing import TYPE_CHECKING, Any

from nbtransformers.engine.out_of_memory import free_cache, is_out_of_memory, let_go
from nbtransformers.errors import UserError
from nbtransformers.plain_text import count
from nbtransformers.training import checkpoints
from nbtransformers.training.attempt import Attempt, EvaluationBrokenOffError
from nbtransformers.training.callbacks import NO_METRICS
from nbtransformers.training.checkpoints import Marker
from nbtransformers.training.failing import LESS_MEMORY
from nbtransformers.training.sampling import grouped_sampler, longest_first, token_lengths
from nbtransformers.training.tasks.tokenwise import NOTHING
from nbtransformers.training.tasks.written import write

if TYPE_CHECKING:
    from transformers import Trainer as Base
else:  # Transformers is imported with the class that is made of both
    Base = object

_SAVE_AFTER_S = 600.0  # without a checkpoint: no more work than that is ever lost


def gives_mean(model: Any, inputs: Any) -> bool:
    """Whether the loss of a model is a mean, whatever number of items it is told.

    Args:
        model: one that takes `num_items_in_batch`.
        inputs: a batch, in which there may be nothing to learn: the loss would tell nothing then, and so each place
            that is left out is given the first label.
    """
    import torch

    labels = inputs["labels"]
    every = {**inputs, "labels": labels.masked_fill(labels == NOTHING, 0)}
    was_training = model.training
    model.eval()  # so that it draws nothing
    with torch.no_grad():
        one, two = (model(**every, num_items_in_batch=torch.tensor(items))["loss"] for items in (1, 2))
    model.train(was_training)
    return bool(one == two)


@cache
def trainer_class() -> Any:
    """The trainer of a run: what is in `RunTraining`, before what is in Trainer."""
    from transformers import Trainer

    return type("RunTrainer", (RunTraining, Trainer), {})


class RunTraining(Base):
    """What a run does otherwise than Trainer: the order of its rows, its checkpoints, and what happens between steps.

    Args:
        attempt: what it has in hand.
        others: what Trainer is made with.
    """

    data_collator: Any  # a SeededCollator

    def __init__(self, attempt: Attempt, **others: Any) -> None:
        self.attempt = attempt
        self._breaking_off = False
        self._loss_is_mean: bool | None = None  # known once it matters
        super().__init__(
            compute_metrics=self._measured,
            preprocess_logits_for_metrics=attempt.task.kept,
            **others,
        )

    # --- the order of rows ---

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        if self.args.train_sampling_strategy != "group_by_length":
            return super()._get_train_sampler(train_dataset)
        rows: Any = self.train_dataset if train_dataset is None else train_dataset
        step_rows = self.args.train_batch_size * self.args.gradient_accumulation_steps * self.attempt.team.size
        return grouped_sampler(token_lengths(rows), step_rows, self.args.seed)

    def _get_eval_sampler(self, eval_dataset: Any) -> Any:
        order = longest_first(token_lengths(eval_dataset))
        self.attempt.evaluation.order = order
        return order

    # --- the loss of a part of a batch ---

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The loss of a part of a batch, as a part of that of the batch.

        Trainer trusts a model that takes `num_items_in_batch` to divide by it. Many take it and do not (BERT's heads,
        every regression): their mean over a part would count as often as there are parts.
        """
        team = self.attempt.team.size > 1  # whose losses Trainer multiplies, in an evaluation too
        parted = team or (model.training and self.args.gradient_accumulation_steps > 1)
        parted = parted and num_items_in_batch is not None
        is_mean = parted and self._takes_the_mean(model, inputs)
        found: Any = super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        if not is_mean:
            return found
        with self._alone():
            own: Any = self._get_num_items_in_batch([inputs], self.args.device)
        share = own / num_items_in_batch
        return (found[0] * share, found[1]) if return_outputs else found * share

    @contextmanager
    def _alone(self) -> Generator[None]:
        """Have a loss be that of this process's rows, and not a part of that of every process's."""
        together, self.args.average_tokens_across_devices = self.args.average_tokens_across_devices, False
        try:
            yield
        finally:
            self.args.average_tokens_across_devices = together

    def _takes_the_mean(self, model: Any, inputs: Any) -> bool:
        if self.label_smoother is not None or not self.model_accepts_loss_kwargs:
            return False
        if self._loss_is_mean is None:
            self._loss_is_mean = gives_mean(model, inputs)
        return self._loss_is_mean

    # --- evaluations ---

    @property
    def _evaluated_step(self) -> int | None:
        return None if self.attempt.dry else self.state.global_step

    def _measured(self, predicted: Any) -> dict[str, float]:
        """The metrics, from the leader: a metric of the user's own may give others elsewhere."""
        attempt, found = self.attempt, None
        if attempt.team.leads:
            with suppress(EvaluationBrokenOffError):
                found = attempt.evaluation.metrics(predicted, self._evaluated_step, self._write)
        found = attempt.team.shared(found)
        if found is None:
            raise EvaluationBrokenOffError
        return found

    def _write(self, numbers: Sequence[int]) -> list[str]:
        rows: Any = self.eval_dataset
        batch = self.args.per_device_eval_batch_size
        return write(self.model, rows.select(numbers), self.processing_class, batch, self._tell_of_writing)

    def _tell_of_writing(self, done: int, total: int) -> None:
        if not self.attempt.dry:
            self.attempt.journal.stage("evaluating", done, total)
            self.attempt.look(alone=True)

    def prediction_step(self, model: Any, inputs: Any, prediction_loss_only: bool, ignore_keys: Any = None) -> Any:
        """As Trainer's; but the rows by which the last batch of several processes is filled up are in no loss."""
        found = super().prediction_step(model, inputs, prediction_loss_only, ignore_keys)
        state = self.accelerator.gradient_state
        if self.attempt.team.size == 1 or not state.end_of_dataloader or state.remainder <= 0:
            return found
        return self._loss_of_first(state.remainder, model, inputs), *found[1:]

    def _loss_of_first(self, rows: int, model: Any, inputs: Any) -> Any:
        """The loss of the first rows of a batch that every process has a part of; each comes here."""
        import torch

        batch = self.args.per_device_eval_batch_size
        own = min(max(rows - self.attempt.team.rank * batch, 0), batch)
        part = {name: value[: max(own, 1)] for name, value in self._prepare_inputs(inputs).items()}
        with torch.no_grad(), self._alone(), self.compute_loss_context_manager():
            items: Any = self._get_num_items_in_batch([part], self.args.device)
            loss = self.compute_loss(model, part, num_items_in_batch=items).mean().float()
        weight = 0 if own == 0 else own if items is None else int(items)
        sums = torch.stack((loss * weight if weight else torch.zeros_like(loss), torch.full_like(loss, weight)))
        loss, weight = self.accelerator.reduce(sums, "sum")
        return loss / weight

    def try_metrics(self, rows: Any) -> dict[str, float]:
        """The metrics of a few rows before training, so that one that fails does so at once.

        No random number is drawn from training's.
        """
        import torch

        def tried() -> Any:
            loader = self.get_eval_dataloader(rows)
            return self.evaluation_loop(loader, description="Trial", metric_key_prefix="eval").metrics

        self.attempt.dry = True
        try:
            with torch.random.fork_rng():
                found = self._as_memory_takes(tried)
        finally:
            self.attempt.dry = False
            self.__dict__.pop("_eval_dataloaders", None)  # where Trainer keeps a loader, every evaluation takes it
        named = {name.removeprefix("eval_"): value for name, value in (found or {}).items()}
        return {name: value for name, value in named.items() if name not in NO_METRICS}

    def _evaluate(self, trial: Any, ignore_keys_for_eval: Any, skip_scheduler: bool = False) -> dict[str, float]:
        resumed = skip_scheduler  # Trainer evaluates like this only before the first step
        self.attempt.journal.stage("evaluating")
        evaluate = super()._evaluate
        try:
            with self.data_collator.in_evaluation():
                metrics = self._as_memory_takes(lambda: evaluate(trial, ignore_keys_for_eval))
        except EvaluationBrokenOffError:
            self._breaking_off = True
            self.control.should_training_stop |= resumed  # else another step would be done first
            return {}
        if resumed:
            self._make_up_for(metrics, trial)
        self.attempt.journal.stage("training")
        return metrics

    def _as_memory_takes(self, evaluate: Callable[[], Any]) -> Any:
        """What an evaluation gives, with fewer examples at once where memory runs out; training's parts stay."""
        import torch

        drawn = torch.get_rng_state()
        while True:
            self.attempt.evaluated = 0
            try:
                return evaluate()
            except Exception as error:
                if self.attempt.team.size > 1 or not is_out_of_memory(error):  # the others had enough
                    raise
                if self.args.per_device_eval_batch_size == 1:
                    raise UserError(
                        "Memory ran out in an evaluation with one example at a time.", hint=LESS_MEMORY
                    ) from error
                let_go(error)
            self._evaluate_less_at_once()
            torch.set_rng_state(drawn)  # as if nothing had happened

    def _evaluate_less_at_once(self) -> None:
        gc.collect()
        free_cache()
        self.__dict__.pop("_eval_dataloaders", None)
        less = self.args.per_device_eval_batch_size // 2
        self.args.per_device_eval_batch_size = less
        journal = self.attempt.journal
        journal.write("eval_batch", step=self.state.global_step, eval_batch=less)
        journal.write(
            "note",
            text=f"Memory ran out in an evaluation: {count(less, 'example')} at once "
            f"{'is' if less == 1 else 'are'} evaluated from here on. Training's batches stay as they are.",
        )

    def _make_up_for(self, metrics: dict[str, float], trial: Any) -> None:
        """Put an evaluation that was broken off into the checkpoint that this attempt resumes from."""
        self._determine_best_metric(metrics, trial)
        self._load_rng_state(str(self.attempt.folder.checkpoint(self.state.global_step)))
        self._save_checkpoint(self.model, trial)

    def _determine_best_metric(self, metrics: dict[str, float], trial: Any) -> bool:
        if not metrics:  # broken off
            return False
        is_best = super()._determine_best_metric(metrics, trial)
        if is_best:
            metric = str(self.args.metric_for_best_model).removeprefix("eval_")
            self.attempt.journal.write("best", step=self.state.global_step, metric=metric, value=self.state.best_metric)
        return is_best

    # --- checkpoints ---

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        attempt, step = self.attempt, self.state.global_step
        attempt.journal.stage("saving")
        folder = attempt.folder.checkpoint(step)
        if attempt.team.leads:
            checkpoints.make_way(folder)
        attempt.team.meet()
        super()._save_checkpoint(model, trial)  # `save_total_limit` is None: it takes none away
        attempt.journal.flush()
        marker = Marker(attempt.rates.applied, self._breaking_off, self.control.should_training_stop)
        attempt.team.meet()  # each has written its random numbers
        if attempt.team.leads:
            checkpoints.complete(folder, marker)
        attempt.journal.write("checkpoint", step=step)
        attempt.note_saved(step, marker)
        if attempt.team.leads:
            checkpoints.remove_old(attempt.folder, self.state.best_global_step)
        attempt.team.meet()
        attempt.journal.stage("training")

    def load_best(self) -> int | None:
        """Take the weights of the best checkpoint, where there is one; returns its step."""
        best = self.state.best_global_step
        if best is None or not checkpoints.is_complete(self.attempt.folder, best):
            return None
        folder = self.attempt.folder.checkpoint(best)
        if (file := checkpoints.damaged_file(folder)) is not None:
            text = f"The best checkpoint, of step {best:,}, is damaged ({file}): the model is that of the last step."
            self.attempt.journal.write("note", text=text, warning=True)
            return None
        self._load_from_checkpoint(str(folder))
        return best

    # --- between two steps ---

    def _run_epoch(self, *given: Any, **named: Any) -> None:
        if not self.control.should_training_stop:  # it may be at its end before its first step
            self.data_collator.epoch = named["epoch"]
            super()._run_epoch(*given, **named)

    def _maybe_log_save_evaluate(
        self, tr_loss: Any, grad_norm: Any, model: Any, trial: Any, *given: Any, **named: Any
    ) -> None:
        super()._maybe_log_save_evaluate(tr_loss, grad_norm, model, trial, *given, **named)
        self._between_steps(model, trial)

    def _between_steps(self, model: Any, trial: Any) -> None:
        attempt, commands = self.attempt, self.attempt.commands
        commands.step = self.state.global_step
        attempt.rates.replay(commands.step, self.optimizer, self.lr_scheduler)
        if not attempt.team.leads:
            while (told := attempt.team.shared()) is not None:
                what, message = told
                self._do(what, message, model, trial)
            return
        commands.look(lambda: self._follow(model, trial))
        self._follow(model, trial)
        if monotonic() - attempt.saved_at > _SAVE_AFTER_S:
            self._do_together("save", None, model, trial)
        if commands.stopping and not self.control.should_training_stop:
            self._do_together("save", None, model, trial)
            self._do_together("stop", None, model, trial)
        attempt.team.shared()  # that was all

    def _follow(self, model: Any, trial: Any) -> None:
        commands = self.attempt.commands
        while commands.lr:
            message = commands.lr.pop(0)
            self._do_together("lr", message, model, trial)
            commands.followed(message)
        while commands.saves:
            message = commands.saves.pop(0)
            self._do_together("save", None, model, trial)
            commands.followed(message)

    def _do_together(self, what: str, message: dict[str, Any] | None, model: Any, trial: Any) -> None:
        self.attempt.team.shared((what, message))
        self._do(what, message, model, trial)

    def _do(self, what: str, message: Any, model: Any, trial: Any) -> None:
        """Do in each process, after the same step, what the leader says."""
        match what:
            case "lr":
                self.attempt.rates.change(message, self.state.global_step, self.optimizer, self.lr_scheduler)
            case "save":
                self._save_if_new(model, trial)
            case _:
                self.control.should_training_stop = True

    def _save_if_new(self, model: Any, trial: Any) -> None:
        if not self.attempt.is_saved(self.state.global_step):
            self._save_checkpoint(model, trial)
            self.control = self.callback_handler.on_save(self.args, self.state, self.control)
