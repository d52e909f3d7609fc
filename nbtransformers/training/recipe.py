"""What a plain program must know of a run, to train the same model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nbtransformers.errors import UserError
from nbtransformers.loading.gate import passed
from nbtransformers.loading.heads import HEADS
from nbtransformers.loading.source import source_of
from nbtransformers.loading.tokenizers import load_tokenizer
from nbtransformers.request import FinetuneRequest, ModelRef
from nbtransformers.results.recipe import Place
from nbtransformers.results.trainingrecipe import (
    AdapterRecipe,
    HeadRecipe,
    Parts,
    Reached,
    TrainingRecipe,
    TrainingTokens,
    WritingTrial,
)
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.rundir.history import History
from nbtransformers.rundir.state import State, state_of
from nbtransformers.training.adapters import with_adapter
from nbtransformers.training.checkpoints import marker_of
from nbtransformers.training.collating import drawing_from
from nbtransformers.training.data import stored_description, stored_rows
from nbtransformers.training.finder import found_lr
from nbtransformers.training.headonly import accepts_loss_kwargs, freeze, head_modules
from nbtransformers.training.loading import Trainable, load_to_train, outline
from nbtransformers.training.methods import tap_of
from nbtransformers.training.origin import same_model
from nbtransformers.training.rates import sorted_changes
from nbtransformers.training.settings import Steps, metric_name, steps_of
from nbtransformers.training.source import starting_model
from nbtransformers.training.tasks import task_named
from nbtransformers.training.tasks.pieces import begins_of, parts_of
from nbtransformers.training.tasks.task import LOWER_IS_BETTER, Description, Task
from nbtransformers.training.tasks.tokens import are_entities, needs_spaces, spaced
from nbtransformers.training.tasks.written import MOST_ROWS, MOST_TOKENS, bleu_tokenizer, chosen_rows
from nbtransformers.training.trainer import gives_mean

if TYPE_CHECKING:
    from datasets import Dataset

_TRIED = 2  # rows, to see what kind of loss a model gives
_ROWS = 1_000  # looked at together


def recipe(folder: RunFolder, request: FinetuneRequest) -> TrainingRecipe:
    """The recipe of a run.

    Args:
        folder: the run.
        request: what it was asked for.

    Raises:
        UserError: when no program is written for such a run, or its model is another by now, or cannot be found.
    """
    state = state_of(folder)  # before what it tells is read, as it may go on meanwhile
    history = History(folder.events)
    history.read()
    _refuse_unwritten(request, history)
    return _Facts(folder, request, history, state).recipe()


def unwritten_because(request: FinetuneRequest, history: History) -> str | None:
    """Why no program is written for a run, in a few words, by what it was asked and what has happened; None is for one.

    Example:
        >>> unwritten_because(run.request, run.history)
        'several processes have trained it'
    """
    reasons = {
        "the method qlora needs a GPU, where its program cannot be checked": request.method == "qlora",
        "several processes have trained it": request.processes > 1,
        "memory ran out on the way, and it went on with smaller parts": bool(history.of("micro_batch")),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _refuse_unwritten(request: FinetuneRequest, history: History) -> None:
    why = unwritten_because(request, history)
    if why is not None:
        raise UserError(f"There is no program for this run: {why}.", hint="Give another: `nbt.code(nbt.attach(NAME))`.")


@dataclass(frozen=True)
class _Facts:
    """Looks up what a program must know."""

    folder: RunFolder
    request: FinetuneRequest
    history: History
    state: State

    @cached_property
    def _description(self) -> Description:
        return stored_description(self.folder)

    @cached_property
    def _task(self) -> Task:
        return task_named(self._description.training_task)

    @cached_property
    def _model(self) -> ModelRef:
        return same_model(starting_model(self.request, self.folder), self.folder)

    @cached_property
    def _train(self) -> Dataset:
        return stored_rows(self.folder, "train")

    @cached_property
    def _outline(self) -> Trainable:
        """The model without weights; with them where its class cannot be made without."""
        config = self._task.config(self._description)
        found = outline(self._model, self._task.head, config, max_length=self.request.max_length)
        return self._loaded if found.model is None else found

    @cached_property
    def _loaded(self) -> Trainable:
        config = self._task.config(self._description)
        return load_to_train(
            self._model, self._task.head, config, seed=self.request.seed, max_length=self.request.max_length
        )

    @cached_property
    def _steps(self) -> Steps:
        return steps_of(self.request, self._description.rows["train"])

    def recipe(self) -> TrainingRecipe:
        """All of it; the random numbers of the kernel stay as they are."""
        with drawing_from([self.request.seed]):  # new weights and masks are drawn
            return self._recipe()

    def _recipe(self) -> TrainingRecipe:
        request, task, description = self.request, self._task, self._description
        found = found_lr(self.folder) if request.find_lr and request.lr is None else None
        metric = metric_name(request.metric) if request.metric else task.best_metric
        more_is_better, by_its_name = metric not in LOWER_IS_BETTER, not metric.endswith("loss")
        source = source_of(self._model)
        model = self._outline.model
        return TrainingRecipe(
            training_task=description.training_task,
            data=str(self.folder.data.resolve()),
            columns=tuple(self._train.column_names),
            labels=description.labels,
            entities=are_entities(description.labels),
            alike=task.name == "regression" and len(set(stored_rows(self.folder, "test")["label"])) == 1,
            place=Place(
                self._model,
                str(source.folder) if self._model.kind == "bundled" else None,
                passed(source).weights.pickled,
            ),
            auto_class=HEADS[task.head].auto_class,
            encoder_decoder=bool(model.config.is_encoder_decoder),
            tokens=self._tokens(),
            lr=request.peak_lr if found is None else found,
            lr_changes=tuple((told["step"], told["factor"]) for told in sorted_changes(self.history.of("lr"))),
            part=self._steps.micro_batch,
            eval_part=self._eval_part(),
            accumulation=self._steps.accumulation,
            gives_means=self._steps.accumulation > 1 and self._gives_means(),
            every=request.arguments.get("eval_steps") or self._steps.per_epoch,
            metric=metric,
            greater_is_better=None if more_is_better == by_its_name else more_is_better,
            adapter=self._adapter() if request.method == "lora" else None,
            head=self._head() if request.method == "head" else None,
            writing=self._writing() if task.writes else None,
            reached=None if self.state == "done" else self._reached(),
        )

    # --- how far it came ---

    def _reached(self) -> Reached:
        done = self.history.steps["step"]
        step = int(done[-1]) if len(done) else 0
        kept = step in self.folder.complete_checkpoints()  # a user may have deleted them
        due = kept and marker_of(self.folder.checkpoint(step)).evaluation_due
        return Reached(step, self._steps.total, self.state, due)

    def _eval_part(self) -> int:
        """Rows that are evaluated at once: as many as learn at once, or fewer where memory ran out."""
        asked = self.request.arguments.get("per_device_eval_batch_size") or self._steps.micro_batch
        less = self.history.last("eval_batch")
        return asked if less is None else min(asked, less["eval_batch"])

    # --- the tokenizer ---

    def _tokens(self) -> TrainingTokens:
        plain, columns = load_tokenizer(self._model, {}).tokenizer, self._train.column_names
        model = self._outline.model
        turned = model.config.model_type != "xlnet" and plain.padding_side == "left"
        return TrainingTokens(
            limit=self._outline.limit,
            pad="" if plain.pad_token is not None else "eos_token" if plain.eos_token else "unk_token",
            turns=turned,
            ends=plain.eos_token_id is not None,
            marks="messages" in columns and re.search(r"\{%-?\s*generation", plain.chat_template) is not None,
            spaced="tokens" in columns and needs_spaces(plain),
            parts=self._parts(plain) if "tokens" in columns else (),
        )

    def _parts(self, tokenizer: Any) -> tuple[Parts, ...]:
        """What tags become in words that are several to the tokenizer; nothing where there are no such words."""
        before = needs_spaces(tokenizer)
        for at in range(0, len(self._train), _ROWS):
            rows: Sequence[Sequence[str]] = self._train[at : at + _ROWS]["tokens"]
            begins = begins_of(tokenizer, [spaced(row) if before else row for row in rows])
            if any(sum(places) > 1 for places in begins.values()):
                return tuple(parts_of(self._description.labels))
        return ()

    # --- the model, which is loaded for what no outline tells ---

    def _gives_means(self) -> bool:
        """Whether the model takes the number of items of a step, and does not divide by it."""
        if self.request.arguments.get("label_smoothing_factor"):
            return False
        loaded = self._loaded
        if not accepts_loss_kwargs(loaded.model):
            return False
        encoded = self._first_rows(loaded)
        batch = self._task.collator(loaded.tokenizer, loaded.model)([dict(row) for row in encoded])
        return gives_mean(loaded.model, batch)

    def _adapter(self) -> AdapterRecipe:
        """What peft is told; what a model comes without is trained whole."""
        loaded = self._loaded
        del self.__dict__["_loaded"]  # peft changes the model: whoever asks after this is given another
        config: Any = with_adapter(loaded.model, self.request, self._task.head, loaded.new).peft_config["default"]
        given = {
            "r": config.r,
            "lora_alpha": config.lora_alpha,
            "lora_dropout": config.lora_dropout,
            "target_modules": sorted(config.target_modules),
            **({"modules_to_save": config.modules_to_save} if config.modules_to_save else {}),
        }
        return AdapterRecipe(tuple(given.items()), None if config.task_type is None else str(config.task_type))

    def _head(self) -> HeadRecipe:
        """What is trained, and whether the run has encoded each text once: without dropout in the body."""
        loaded = self._loaded
        del self.__dict__["_loaded"]  # what is frozen stays so
        modules = head_modules(loaded.model, self._task.head, loaded.new)
        model = freeze(loaded.model, self._task.head, loaded.new)
        collator = self._task.collator(loaded.tokenizer, model)
        tap = tap_of(model, self._task.head, self.request, collator, self._first_rows(loaded))
        return HeadRecipe(tuple(modules), None if tap is None else tap.body)

    def _first_rows(self, loaded: Trainable) -> Dataset:
        rows = self._train.select(range(min(_TRIED, len(self._train))))
        return self._task.encode(rows, loaded.tokenizer, self._description, loaded.limit)

    # --- what it writes ---

    def _writing(self) -> WritingTrial:
        test = stored_rows(self.folder, "test")
        references = [str(text) for text in test.select(chosen_rows(len(test)))["label"]]
        rows = MOST_ROWS if len(test) > MOST_ROWS else None
        return WritingTrial(rows, MOST_TOKENS, bleu_tokenizer(references))
