"""ExplainRequest in, Explanation out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any, cast
from weakref import WeakKeyDictionary

import numpy as np

from nbtransformers.engine.attentiontokens import Reading, read_texts
from nbtransformers.engine.attributions import (
    Groups,
    Setting,
    StoppedError,
    attribution,
    baseline_for,
    filling_token,
    refuse_lacking_captum,
)
from nbtransformers.engine.embedded import Embedded
from nbtransformers.engine.encoding import text_limit
from nbtransformers.engine.failures import first_line
from nbtransformers.engine.onetoken import only_logits_of
from nbtransformers.engine.out_of_memory import free_cache, is_out_of_memory, let_go
from nbtransformers.engine.padding import padding_token, tensors_of
from nbtransformers.engine.recipe import place_of
from nbtransformers.engine.remarks import in_another_script, remarks
from nbtransformers.engine.resuming import reference
from nbtransformers.engine.rowtask import Ready, prepare
from nbtransformers.engine.running import at_work
from nbtransformers.engine.sidebyside import SideBySide
from nbtransformers.engine.targets import Goal, Reader, goal_of
from nbtransformers.engine.threads import StepThreads, cpu_threads
from nbtransformers.errors import Interrupted, UserError
from nbtransformers.inputs.onetext import one_text
from nbtransformers.interrupt import Stop, deferred_interrupts
from nbtransformers.loading.bundled import BUNDLED_SENTIMENT
from nbtransformers.loading.card import Card
from nbtransformers.loading.heads import HEADS, Head
from nbtransformers.loading.models import quiet_transformers
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.plain_text import count, with_sign
from nbtransformers.progress import OnPartial, OnProgress, Pace, Progress, silent
from nbtransformers.request import USED_BY, ExplainRequest, Method, ModelRef, Objects
from nbtransformers.results.attention import SPECIAL
from nbtransformers.results.explainrecipe import ExplainRecipe, MethodRecipe
from nbtransformers.results.explanation import GAP_WANTED, TITLES, Attribution, Explanation, Target
from nbtransformers.results.run import RunReport

_HEADS: tuple[Head, ...] = ("classifier", "tokens", "spans", "causal", "masked")
_MEMORY = 2**30  # bytes that the gradients of one pass may take, as far as they can be foreseen
_MOST_TOKENS = 4_096  # in one pass, whatever the memory
_NUMBERS_A_TOKEN = 40  # that each layer keeps for a gradient, in vectors of the model's width


def explain(
    request: ExplainRequest, objects: Objects, on_progress: OnProgress = silent, on_partial: OnPartial | None = None
) -> Explanation:
    """Say how much each token of a text speaks for, or against, a prediction.

    An interrupt keeps the methods that are finished; the model is left as it was.

    Args:
        request: what to do.
        objects: what the request's `variable` references name.
        on_progress: told what is going on, at most ten times a second.
        on_partial: shown the explanation after each method but the last.

    Raises:
        UserError: when there is not exactly one text, it is too long, or there is no such prediction.
        Interrupted: when the user stops it before a method is finished.

    Example:
        >>> explain(ExplainRequest(DataRef("whole", "Good film.")), {}).target.name
        'positive'
    """
    if "integrated_gradients" in request.methods:
        refuse_lacking_captum()
    text, notes = one_text(request.data, objects, looked_at="One text is explained at a time", to="explain")
    ready = prepare(request, model_ref(request), needed_head, objects, on_progress)
    loaded = ready.loaded
    with at_work(loaded, on_progress), deferred_interrupts() as stop, quiet_transformers():
        work = _Work(request, ready, text, notes, stop, Pace(on_progress))
        with padding_token(loaded.model, work.unused):
            result = work.done(on_partial)
    _objects[result] = {name: found for name, value in objects.items() if (found := reference(value)) is not None}
    return result


# What a result's references name, for as long as somebody else keeps it: another target may be asked for later.
_objects: WeakKeyDictionary[Explanation, dict[str, Callable[[], Any]]] = WeakKeyDictionary()


def again(
    before: Explanation,
    target: str | None,
    methods: tuple[Method, ...],
    on_progress: OnProgress = silent,
    on_partial: OnPartial | None = None,
) -> Explanation:
    """The same text explained for another target, or by other methods.

    Args:
        before: the explanation.
        target: what to explain now; None is what the model predicts.
        methods: how; what was asked of others, such as a baseline, is left out where it does nothing for these.
        on_progress: as for `explain`.
        on_partial: as for `explain`.

    Raises:
        UserError: also when the model or the text is gone.
    """
    objects = {name: found() for name, found in _objects.get(before, {}).items()}
    unused = {option: None for option, used_by in USED_BY.items() if not set(used_by) & set(methods)}
    request = replace(before.request, target=target, methods=methods, **unused)
    ref = request.model
    if ref is not None and ref.kind == "variable" and _is_gone(objects.get(ref.name)):
        raise UserError(f"The model {ref.name} is not there any more.", hint="Run the cell again.")
    if request.data.kind == "variable":  # the text is in the result, whatever became of the variable
        name = request.data.value
        objects[name] = before.side.text if before.request.question is None else before.second
        request = replace(request, data=replace(request.data, column=None, split=None))  # as it is no table any more
    return explain(request, objects, on_progress, on_partial)


def _is_gone(model: Any) -> bool:
    """Whether nobody else has kept a user's own model, or the tokenizer beside it."""
    return model is None or (isinstance(model, tuple) and any(part is None for part in cast("tuple[Any, ...]", model)))


def model_ref(request: ExplainRequest) -> ModelRef:
    """The request's model, or the bundled sentiment model."""
    return request.model or ModelRef("bundled", BUNDLED_SENTIMENT)


def needed_head(card: Card) -> Head:
    """The head whose prediction is explained: the one that the model was trained with.

    Raises:
        UserError: when it has none, or predicts what is not explained here.
    """
    for head in _HEADS:
        if head in card.heads:
            return head
    if not card.architecture:
        return "classifier"
    raise UserError(
        f"{card.what}: it has no prediction that is explained here.",
        hint="Give a classifier, a token classifier, a model for question answering, or a causal or masked LM.",
    )


class _Work:
    """One text and one model: what is read, what is predicted, and what each method says of it."""

    def __init__(
        self,
        request: ExplainRequest,
        ready: Ready,
        text: str,
        notes: tuple[str, ...],
        stop: Stop,
        on_progress: OnProgress,
    ) -> None:
        self._started = time.perf_counter()
        self._request, self._ready, self._loaded = request, ready, ready.loaded
        self._stop, self._on_progress = stop, on_progress
        self._head: Head = needed_head(ready.card)
        self._texts = _texts(request, self._head, text, self._loaded)
        self._limit, reading = _read(request, self._loaded, self._texts)
        self._side = reading.side
        if (self._side.flags & SPECIAL).all():
            raise UserError("The text has no tokens but special ones: there is nothing to explain.", hint="Write more.")
        self._inputs = _inputs(self._loaded.model, reading)
        cut = f"The text was cut: {count(reading.unread, 'token')} beyond the limit of {self._loaded.name} went unread."
        foreign = in_another_script(ready.card, [text])
        said = remarks(ready.card, np.zeros(1, np.int64), foreign, "attribution")
        self._notes = [*ready.card.notes, *said, *([cut] if reading.unread else []), *notes]
        self._passes = self._tokens = self._out_of_memory = 0
        rows = _rows_at_once(request, self._loaded, len(self._side))
        threads = request.run.threads or cpu_threads()
        self._workers = SideBySide(threads if self._loaded.device == "cpu" else 1, rows)
        self._rows = rows // self._workers.number
        # What one worker does, and what no worker is asked for, runs in this thread.
        self._threads = StepThreads(self._loaded, request.run.threads, like="gradients")

    @property
    def unused(self) -> int:
        """A token that the text does not hold: what a model without a pad token may take for one."""
        held = set(self._side.ids.tolist())
        return next(number for number in range(len(held) + 1) if number not in held)

    def done(self, on_partial: OnPartial | None) -> Explanation:
        """The explanation by all methods, or by those that were finished when the user stopped it."""
        options = {"use_cache": False, **({"logits_to_keep": 1} if self._head == "causal" else {})}
        embedded = Embedded(self._loaded, tensors_of(self._inputs, self._loaded.device), options)
        second = self._texts[1] if len(self._texts) > 1 else None
        goal, targets = goal_of(self._head, Reader(self._request, self._loaded, self._side, second, embedded.output))
        self._refuse_moved(goal)
        setting = Setting(
            self._loaded, embedded, goal, self._inner, self._groups, self._workers, self._rows, self._pass
        )
        found: list[Attribution] = []
        with self._threads, self._workers, embedded.replaced(), self._only_needed(embedded, goal):
            for method in self._request.methods:
                try:
                    found.append(self._attribution(method, setting))
                except StoppedError:
                    if not found:
                        raise Interrupted("Interrupted before any method was finished. Run it again.") from None
                    left = [TITLES[one].lower() for one in self._request.methods[len(found) :]]
                    self._notes.insert(
                        0, f"Interrupted: {' and '.join(left)} {'is' if len(left) == 1 else 'are'} missing."
                    )
                    break
                if on_partial is not None and method != self._request.methods[-1]:
                    on_partial(self._result(goal, targets, found, second, embedded.is_plain))
        return self._result(goal, targets, found, second, embedded.is_plain)

    def _only_needed(self, embedded: Embedded, goal: Goal) -> AbstractContextManager[Any]:
        """Of a token that is predicted, its own logits alone."""
        if self._head not in ("causal", "masked"):
            return nullcontext()
        return only_logits_of(self._loaded.model, embedded, -1 if goal.place is None else goal.place[0])

    def _refuse_moved(self, goal: Goal) -> None:
        if self._request.baseline == "remove" and goal.place is not None:
            raise UserError(
                "`--baseline remove` would move the place that is explained.", hint="Type `--baseline mask`, or `pad`."
            )

    @property
    def _inner(self) -> Any:
        return np.flatnonzero((self._side.flags & SPECIAL) == 0)

    @property
    def _groups(self) -> Groups:
        """The words; a token of none, such as a lone space, is one by itself."""
        words, groups = self._side.words, list[tuple[int, int]]()
        for token in self._inner.tolist():
            if groups and groups[-1][1] == token and words[token] >= 0 and words[token] == words[token - 1]:
                groups[-1] = groups[-1][0], token + 1
            else:
                groups.append((token, token + 1))
        return groups

    def _attribution(self, method: Method, setting: Setting) -> Attribution:
        """What a method says; when memory runs out, with fewer rows at once."""
        baseline = baseline_for(method, self._request.baseline, self._loaded)
        while True:
            try:
                return attribution(method, replace(setting, rows=self._rows), baseline, self._request.steps)
            except (UserError, StoppedError):
                raise
            except Exception as error:
                if not is_out_of_memory(error) or self._rows == 1:
                    raise self._fails(method, error) from error
                self._out_of_memory += 1
                self._rows //= 2
                let_go(error)
                free_cache()

    def _fails(self, method: Method, error: Exception) -> UserError:
        said = f"{type(error).__name__}: {first_line(error, 160).rstrip('.')}"
        instead = (
            "Type `--long truncate --max-length 128`." if is_out_of_memory(error) else "Type `--method occlusion`."
        )
        hint = instead if method != "occlusion" else "Give another model."
        return UserError(f"{TITLES[method]} fails with {self._loaded.name}: {said}.", hint=hint)

    def _pass(self, what: str, done: int, total: int | None, rows: int) -> None:
        if self._stop():
            raise StoppedError
        if self._workers.number == 1:
            self._threads.step()
        self._passes += 1
        self._tokens += len(self._side) * rows
        where = f"{what}: {self._loaded.name} on {self._loaded.device}"
        self._on_progress(Progress("running", where, done, total, "steps"))

    def _result(
        self, goal: Goal, targets: tuple[Target, ...], found: list[Attribution], second: str | None, is_plain: bool
    ) -> Explanation:
        return Explanation(
            request=self._request,
            side=self._side,
            second=second,
            target=goal.target,
            targets=targets if goal.target in targets else (goal.target, *targets),
            found=tuple(found),
            run=self._report(),
            notes=(*filter(None, [goal.note]), *map(_wide_gap, filter(_is_wide, found)), *self._notes),
            recipe=self._recipe(goal, found, is_plain),
        )

    def _method_recipe(self, one: Attribution) -> MethodRecipe:
        loaded = self._loaded
        baseline = baseline_for(one.method, self._request.baseline, loaded)
        token = filling_token(baseline, loaded) if baseline in ("pad", "mask") else None
        # A classifier that looks for the last token before the padding reads one row at once without a pad token.
        alone = self._head == "classifier" and loaded.model.config.get_text_config().pad_token_id == self.unused
        rows = 1 if alone else self._rows
        return MethodRecipe(one.method, token, one.baseline, baseline == "remove", one.segments, rows)

    def _recipe(self, goal: Goal, found: list[Attribution], is_plain: bool) -> ExplainRecipe:
        return ExplainRecipe(
            place=place_of(self._ready.ref, self._loaded),
            dtype=self._loaded.dtype,
            texts=self._texts,
            auto_class=HEADS[self._head].auto_class,
            limit=self._limit,
            logit=goal.code,
            said=f"the logit of {goal.target.name}",
            methods=tuple(map(self._method_recipe, found)),
            words=tuple(self._groups),
            is_plain=is_plain,
        )

    def _report(self) -> RunReport:
        loaded = self._loaded
        return RunReport(
            model=loaded.name,
            device=loaded.device,
            dtype=loaded.dtype,
            threads=max(self._threads.number, self._workers.number),
            batch_tokens=self._workers.number * self._rows * len(self._side),
            batches=self._passes,
            tokens=self._tokens,
            pad_tokens=0,
            load_seconds=self._ready.load_seconds,
            seconds=time.perf_counter() - self._started,
            out_of_memory=self._out_of_memory,
            revision=self._ready.card.revision,
        )


def _texts(request: ExplainRequest, head: Head, text: str, loaded: LoadedModel) -> tuple[str, ...]:
    """What the tokenizer is given: a question stands before its text, a second text behind it."""
    if request.question is not None and head != "spans":
        raise UserError(
            f"{loaded.name} is {HEADS[head].purpose}, and takes no question.", hint="Leave `--question` out."
        )
    if request.question is not None:
        return request.question, text
    if head == "masked" and loaded.tokenizer.mask_token is not None:
        for usual in ("[MASK]", "<mask>"):  # as BERT, and as RoBERTa and most others write it
            text = text.replace(usual, loaded.tokenizer.mask_token)
    return (text,) if request.pair is None else (text, request.pair)


def _read(request: ExplainRequest, loaded: LoadedModel, texts: tuple[str, ...]) -> tuple[int, Reading]:
    """What the model reads at most, and what it reads."""
    text, *others = texts
    pair = others[0] if others else None
    taken = loaded.tokenizer.num_special_tokens_to_add(pair=pair is not None)
    limit = text_limit(loaded, request.run.max_length, taken)
    what = "The text" if pair is None else "The pair of texts" if request.question is None else "Question and text"
    cut = request.run.long == "truncate"
    return limit, read_texts(loaded.tokenizer, text, pair, limit, what=what, who=loaded.name, cut=cut)


def _inputs(model: Any, reading: Reading) -> Mapping[str, Any]:
    import inspect

    inputs = {"input_ids": reading.side.ids[None]}
    # A tokenizer may give types to a model that has no use for them.
    if reading.types is not None and "token_type_ids" in inspect.signature(model.forward).parameters:
        inputs["token_type_ids"] = reading.types[None]
    return inputs


def _rows_at_once(request: ExplainRequest, loaded: LoadedModel, tokens: int) -> int:
    """How many texts of this length a pass takes, so that what is kept for its gradients stays within bounds."""
    if request.run.batch_tokens is not None:
        return max(1, request.run.batch_tokens // tokens)
    config = loaded.model.config.get_text_config()
    layers, width = getattr(config, "num_hidden_layers", 12), getattr(config, "hidden_size", 768)
    heads = getattr(config, "num_attention_heads", 12)
    a_token = 4 * layers * (_NUMBERS_A_TOKEN * width + 2 * heads * tokens)  # attention may keep a row of each head
    if getattr(loaded.model, "get_output_embeddings", lambda: None)() is not None:
        a_token += 8 * getattr(config, "vocab_size", 30_000)
    return max(1, min(_MOST_TOKENS, _MEMORY // a_token) // tokens)


def _is_wide(found: Attribution) -> bool:
    return found.completeness_gap is not None and abs(found.completeness_gap) > GAP_WANTED


def _wide_gap(found: Attribution) -> str:
    gap, steps = with_sign(found.completeness_gap or 0, 1), count(found.steps, "step")
    return f"The completeness gap of {found.title.lower()} is {gap}: {steps} do not account for the whole difference."
