"""A run from its directory to its model, in as many attempts as memory takes."""

from __future__ import annotations

import gc
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING, Any

from nbtransformers.engine.out_of_memory import free_cache, is_out_of_memory, let_go
from nbtransformers.request import FinetuneRequest, ModelRef
from nbtransformers.rundir.control import Controls
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.rundir.history import History
from nbtransformers.rundir.listing import typed_name
from nbtransformers.training import checkpoints
from nbtransformers.training.attempt import Attempt
from nbtransformers.training.callbacks import callback_class, early_stopping
from nbtransformers.training.card import advice_of
from nbtransformers.training.checkpoints import Last, Marker
from nbtransformers.training.collating import SeededCollator
from nbtransformers.training.commands import Commands, ToldToStopError
from nbtransformers.training.data import Part, stored_description, stored_rows
from nbtransformers.training.devices import leave_a_core, use_device_of, use_one_device
from nbtransformers.training.evaluating import Evaluation, refuse_unknown
from nbtransformers.training.failing import unreadable
from nbtransformers.training.final import write_adapter, write_model
from nbtransformers.training.finder import find_lr, found_lr, tell_found
from nbtransformers.training.garbage import uncollected
from nbtransformers.training.journal import Journal, Silent
from nbtransformers.training.loading import Trainable, load_to_train
from nbtransformers.training.methods import Learning, compute_4bit, is_adapted, learning, plain, with_method
from nbtransformers.training.modelcard import model_card
from nbtransformers.training.named import imported, is_import_path
from nbtransformers.training.origin import same_model
from nbtransformers.training.rates import Rates
from nbtransformers.training.settings import Steps, save_steps, smaller, steps_of, training_arguments
from nbtransformers.training.source import starting_model
from nbtransformers.training.tasks import task_named
from nbtransformers.training.tasks.task import Description, OnRows, Task
from nbtransformers.training.team import Team
from nbtransformers.training.trainer import trainer_class

if TYPE_CHECKING:
    from datasets import Dataset

_TRIED_ROWS = 8  # before training, with a metric that was named


class Training:
    """Trains a run.

    Args:
        folder: the run.
        controls: what it is told.
        asked_to_end: set by a signal.
        team: the processes that train together; this one alone where none are given.

    Attributes:
        journal: of the attempt under way; None before the first.
    """

    def __init__(
        self, folder: RunFolder, controls: Controls, asked_to_end: threading.Event, team: Team | None = None
    ) -> None:
        self._folder = folder
        self._controls = controls
        self._asked_to_end = asked_to_end
        self._team = team or Team()
        self._encoded: dict[str, Dataset] = {}
        self._commands: Commands | None = None
        self.journal: Journal | None = None

    # --- what is in the directory ---

    @cached_property
    def _request(self) -> FinetuneRequest:
        return FinetuneRequest.from_json(self._folder.request.read_text(encoding="utf-8"))

    @cached_property
    def _description(self) -> Description:
        return stored_description(self._folder)

    @cached_property
    def _task(self) -> Task:
        return task_named(self._description.training_task)

    @cached_property
    def _model(self) -> ModelRef:
        leads = self._team.leads  # which writes down what the model is
        return self._team.shared(
            same_model(starting_model(self._request, self._folder), self._folder) if leads else None
        )

    @cached_property
    def _device(self) -> str:
        if self._team.size > 1:
            return use_device_of(self._request.device, self._team.size)
        device = use_one_device(self._request.device)
        leave_a_core()
        return device

    # --- attempts ---

    def attempt(self) -> bool:
        """Train from the last whole checkpoint to the end; False when memory ran out, and less will do next time.

        Raises:
            UserError: for what the user can mend.
        """
        begun = self._begin()
        try:
            self._train(begun)
        except ToldToStopError:
            self._tell_stopped(begun.journal, begun.resumed_from)
            return True
        except Exception as error:
            less = smaller(begun.steps.micro_batch)
            if less is None or self._team.size > 1 or not is_out_of_memory(error):  # the others had enough
                raise
            let_go(error)
        else:
            return True
        gc.collect()
        free_cache()
        self._tell_smaller(begun, less)
        return False

    def close(self) -> None:
        """Tell no more."""
        if self.journal is not None:
            self.journal.close()

    def _begin(self) -> _Begun:
        if self._team.leads:
            begun = self._begin_attempt()
            self._team.shared((begun.resumed_from, begun.steps))
            return begun
        resumed_from, steps = self._team.shared()
        self.journal, history = Silent(), History(self._folder.events)
        history.read()
        return _Begun(self.journal, history, resumed_from, steps)

    def _begin_attempt(self) -> _Begun:
        checkpoints.remove_torn(self._folder)  # memory may have run out while it was saved
        history = History(self._folder.events)
        history.read()
        last = checkpoints.last_readable(self._folder)
        newest = next(iter(last.damaged), None)
        resumed_from = newest if last.step is None else last.step  # where none can be read, nothing is done again
        journal = Journal(self._folder.events, 1 + len(history.of("attempt")), resumed_from, worker=self._team.worker)
        self.close()  # the journal of the attempt before
        self.journal = journal
        self._pass_over(last, journal)
        history.read()  # which leaves out the steps that this attempt does again
        if resumed_from is not None and all(told["step"] != resumed_from for told in history.of("checkpoint")):
            journal.write("checkpoint", step=resumed_from)  # its worker was killed before it told
        if not history.of("note"):
            for advice in advice_of(self._folder):
                journal.write("note", text=advice, warning=True)
        less = history.last("micro_batch")
        steps = steps_of(self._request, self._description.rows["train"], less["micro_batch"] if less else None)
        return _Begun(journal, history, resumed_from, steps)

    def _pass_over(self, last: Last, journal: Journal) -> None:
        """Go on from the last checkpoint that can be read, and from the beginning only where there is none at all."""
        folder = self._folder
        if last.step is None and last.damaged:
            raise unreadable(folder, last.damaged)
        for step, file in last.damaged.items():
            text = f"The checkpoint of step {step:,} is damaged ({file}), and passed over."
            journal.write("note", text=text, warning=True)
        checkpoints.put_aside(folder, last.damaged)
        if last.step is not None:
            best = checkpoints.best_of(folder.checkpoint(last.step))
            checkpoints.remove_old(folder, best)  # a worker may have been killed before it did

    def _tell_smaller(self, begun: _Begun, less: int) -> None:
        size = begun.steps.micro_batch * begun.steps.accumulation
        step = begun.resumed_from or 0
        begun.journal.write("micro_batch", step=step, micro_batch=less, accumulation=size // less)
        said = f"Memory ran out: {less} of the {size} examples of a step are computed at once from here on."
        begun.journal.write("note", text=said, warning=True)

    # --- one attempt ---

    def _train(self, begun: _Begun) -> None:
        request = self._request
        begun.journal.stage("loading")
        with uncollected():
            loaded = self._loaded()
            trainer_class()  # the rest of what there is to import
        with self._stopped_together():
            train, test = self._tokenized(begun, loaded)
        attempt = self._attempt(begun, loaded)
        model = with_method(loaded.model, request, self._task.head, loaded.new)
        learnt = learning(model, attempt, request, self._collator(loaded), train, test, self._device)
        if learnt is None:
            raise ToldToStopError
        trainer = self._trainer(attempt, begun.steps, loaded, learnt)
        if request.metric is not None:
            tried = learnt.test.select(range(min(_TRIED_ROWS, len(test))))
            refuse_unknown(trainer.args.metric_for_best_model, trainer.try_metrics(tried))
        if not self._learning_rate(trainer, attempt):
            raise ToldToStopError
        trainer.train(resume_from_checkpoint=attempt.checkpoint and str(attempt.checkpoint))
        self._finish(trainer, loaded)

    def _loaded(self) -> Trainable:
        request = self._request
        return load_to_train(
            self._model,
            self._task.head,
            self._task.config(self._description),
            seed=request.seed,
            max_length=request.max_length,
            device=self._device,
            compute_4bit=compute_4bit(request),
        )

    def _tokenized(self, begun: _Begun, loaded: Trainable) -> tuple[Dataset, Dataset]:
        rows, commands = self._description.rows, self._commands_told_to(begun)

        def told_after(others: int) -> OnRows:
            def told(done: int) -> None:
                begun.journal.stage("tokenizing", others + done, sum(rows.values()))
                commands.go_on()

            told(0)
            return told

        return self._encode("train", loaded, told_after(0)), self._encode("test", loaded, told_after(rows["train"]))

    @contextmanager
    def _stopped_together(self) -> Generator[None]:
        """Where the leader is told to stop on the way, the others stop after it."""
        try:
            yield
        except ToldToStopError:
            self._team.shared(True)
            raise
        if self._team.shared(False):
            raise ToldToStopError

    def _encode(self, part: Part, loaded: Trainable, on_rows: OnRows) -> Dataset:
        if part not in self._encoded:  # the same in every attempt
            from datasets import disable_caching, disable_progress_bars

            disable_progress_bars()
            disable_caching()  # its files go to where temporary ones are, not beside the data
            rows = stored_rows(self._folder, part)
            self._encoded[part] = self._task.encode(
                rows, loaded.tokenizer, self._description, loaded.limit, evaluation=part == "test", on_rows=on_rows
            )
        return self._encoded[part]

    def _attempt(self, begun: _Begun, loaded: Trainable) -> Attempt:
        request, folder = self._request, self._folder
        step = begun.resumed_from
        marker = Marker() if step is None else checkpoints.marker_of(folder.checkpoint(step))
        metric = request.metric if request.metric and is_import_path(request.metric) else None
        return Attempt(
            folder=folder,
            journal=begun.journal,
            commands=self._commands_told_to(begun),
            rates=Rates(begun.history.of("lr"), marker.lr_changes, begun.journal),
            evaluation=Evaluation(
                folder,
                self._task,
                self._description,
                stored_rows(folder, "test"),
                loaded.tokenizer,
                (metric, imported(metric, "metric")) if metric else None,
            ),
            task=self._task,
            description=self._description,
            before=begun.history,
            save_steps=save_steps(request, begun.steps),
            marker=marker,
            saved=begun.resumed_from,
            saved_at=monotonic(),
            team=self._team,
        )

    def _commands_told_to(self, begun: _Begun) -> Commands:
        if self._commands is None:
            self._commands = Commands(self._controls, begun.journal, self._asked_to_end)
        self._commands.step, self._commands.state = begun.resumed_from or 0, "starting"
        self._commands.journal = begun.journal  # those that were read before memory ran out are still to be followed
        return self._commands

    def _learning_rate(self, trainer: Any, attempt: Attempt) -> bool:
        """Look for a learning rate, if one was asked for and not found before; whether to go on."""
        if not self._request.find_lr:
            return True

        def on_step(done: int, total: int) -> bool:
            attempt.journal.stage("finding", done, total)
            return attempt.commands.look()

        if not self._folder.finder.exists() and not find_lr(trainer, self._folder, on_step):
            return False
        found = found_lr(self._folder)
        if attempt.before.last("finder") is None:  # a worker before may have been killed when it had found one
            attempt.journal.write("note", text=self._said_of(found, trainer.args.learning_rate))
            tell_found(self._folder, attempt.journal)
        if found is not None and self._request.lr is None:
            trainer.args.learning_rate = found
        return True

    def _said_of(self, found: float | None, usual: float) -> str:
        if found is None:
            return f"No learning rate made the loss any better in the trial; it is {usual:g}."
        used = "which is used" if self._request.lr is None else f"and {usual:g} is used, as asked for"
        return f"The trial found the learning rate {found:g}, {used}: {self._folder.finder.with_suffix('.png').name}."

    def _collator(self, loaded: Trainable) -> Any:
        own = imported(self._request.collator, "collator") if self._request.collator else None
        return own or self._task.collator(loaded.tokenizer, loaded.model)

    def _trainer(self, attempt: Attempt, steps: Steps, loaded: Trainable, learnt: Learning) -> Any:
        from transformers import PrinterCallback
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()
        request, task = self._request, self._task
        arguments = training_arguments(request, self._folder, steps, task.best_metric, self._device)
        arguments.eval_on_start = attempt.marker.evaluation_due
        less = attempt.before.last("eval_batch")
        if less is not None:
            batch = min(arguments.per_device_eval_batch_size, less["eval_batch"])
            arguments.per_device_eval_batch_size = batch
        callbacks = [callback_class()(attempt)]
        if request.early_stopping is not None:
            callbacks.append(early_stopping(request.early_stopping, attempt.checkpoint))
        trainer = trainer_class()(
            attempt,
            model=learnt.model,
            args=arguments,
            data_collator=SeededCollator(self._collator(loaded), request.seed),
            train_dataset=learnt.train,
            eval_dataset=learnt.test,
            processing_class=loaded.tokenizer,
            callbacks=callbacks,
        )
        trainer.remove_callback(PrinterCallback)  # events say it
        return trainer

    def _finish(self, trainer: Any, loaded: Trainable) -> None:
        attempt: Attempt = trainer.attempt
        if not attempt.team.leads:
            return
        if attempt.saved is None:
            self._tell_stopped(attempt.journal, None)
            return
        attempt.journal.stage("saving")
        best = trainer.load_best()
        if is_adapted(trainer.model):
            write_adapter(self._folder, trainer.model, loaded.tokenizer, self._card(trainer, adapter=True))
        write_model(self._folder, plain(trainer.model), loaded.tokenizer, self._card(trainer))
        if best is not None and best != attempt.saved:
            by = str(trainer.args.metric_for_best_model)
            attempt.journal.write("note", text=f"The model is that of step {best:,}, the best by {by}.")
        is_done = attempt.marker.finished and not attempt.marker.evaluation_due
        if is_done:
            self._folder.features.unlink(missing_ok=True)
        attempt.journal.state("done" if is_done else "stopped")

    def _tell_stopped(self, journal: Journal, resumed_from: int | None) -> None:
        """Say that the run was stopped before it made a model, and why there is none."""
        if resumed_from is None:
            journal.state("stopped", "It was stopped before its first step: it has learnt nothing, and has no model.")
        else:
            goes_on = f"`%runs resume {typed_name(self._folder)}` does, and goes on from it."
            journal.state(
                "stopped", f"It was stopped before the checkpoint of step {resumed_from:,} was read.", goes_on
            )

    def _card(self, trainer: Any, *, adapter: bool = False) -> str:
        history = History(self._folder.events)
        history.read()
        lr = trainer.args.learning_rate
        return model_card(self._folder, self._request, self._description, history, lr, adapter=adapter)


@dataclass(frozen=True, slots=True)
class _Begun:
    journal: Journal
    history: History
    resumed_from: int | None
    steps: Steps
