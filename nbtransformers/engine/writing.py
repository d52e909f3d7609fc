"""The worker of every task that writes: prompts to texts, window by window, as far as it may go."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.batching import Account
from nbtransformers.engine.decoding import Continuation, Decoding
from nbtransformers.engine.failures import first_line
from nbtransformers.engine.generation import Generator, Rows
from nbtransformers.engine.generation_config import generation_config, is_beam_search, is_sampling
from nbtransformers.engine.pieces import Pieces
from nbtransformers.engine.plan import Plan
from nbtransformers.engine.prompts import Encoded, room_in_words
from nbtransformers.engine.remarks import in_another_script, stopped
from nbtransformers.engine.resuming import reference
from nbtransformers.engine.rowtask import COUNTS, DoneWindow, Gathered, Hooks, RowTask
from nbtransformers.engine.tokens import spelling_of
from nbtransformers.errors import UserError
from nbtransformers.inputs.rows import RowWindow
from nbtransformers.loading.card import Card, refuse_other_head
from nbtransformers.loading.models import Head
from nbtransformers.plain_text import count
from nbtransformers.progress import under_way
from nbtransformers.request import DecodingOptions, Objects
from nbtransformers.results.generation import ALTERNATIVES, ENDINGS, STOPPED, TOKEN, Generation
from nbtransformers.results.ragged import Ragged
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.rows import NOT_DONE
from nbtransformers.results.texts import Texts
from nbtransformers.results.tokens import Spelling

Packed = tuple[Ragged, Texts, Texts, NDArray[np.uint8]]
"""Of some rows the tokens, their pieces, the texts, and why these ended."""


class WritingTask(RowTask[Generation]):
    """A task whose results are texts that a model writes. It sets `decoding` and `most` once the model is ready.

    Attributes:
        decoding: how tokens are chosen.
    """

    window_rows = 256  # a row takes long, and a window that is done is kept whatever comes
    part_rows = 16  # of a file: a minute or so of a CPU's work, and enough to fill a batch
    glimpse_seconds = 0.1  # as text comes it should flow
    gives = "text"
    decoding: Decoding

    @abstractmethod
    def encode(self, texts: Sequence[str], rows: Sequence[int]) -> Encoded:
        """What the model reads of some texts, whose row numbers are given."""

    def needed_head(self, card: Card) -> Head:
        """One that writes, of either kind.

        Raises:
            UserError: when the model has none.
        """
        if "seq2seq" in card.heads:
            return "seq2seq"
        refuse_other_head(card, "causal")
        return "causal"

    def refuse_unable(self) -> None:
        """Let the task go on only with a model that can write.

        Raises:
            UserError: when it cannot.
        """
        model = self.ready.loaded.model
        if not (hasattr(model, "can_generate") and model.can_generate()):
            raise UserError(
                f"{self.ready.loaded.name} is a {type(model).__name__}, which cannot write.",
                hint="Give a model for causal or for sequence-to-sequence language modelling.",
            )

    def empty(self, rows: int) -> NDArray[Any]:
        """Object `[row]`, all None."""
        return np.full(rows, None, dtype=object)

    def worker(self, hooks: Hooks) -> Writer:
        """A writer."""
        return Writer(self, hooks)

    def kept(self, before: Any, row: int) -> Any:
        """The text of a row; None where it was stopped on the way."""
        return None if before.endings[row] == STOPPED else _continuation(before, row)

    def counted(self, before: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """As of any rows; what went unread of a text is not kept."""
        return before.read, np.zeros_like(before.read), before.doubtful

    def packed(self, values: NDArray[Any]) -> Packed:
        """The tokens, pieces, texts and endings of a window."""
        rows: list[Continuation | None] = values.tolist()
        written = [row for row in rows if row is not None]
        return (
            Ragged.packed([None if row is None else records_of(row) for row in rows], TOKEN),
            Texts(piece for row in written for piece in row.pieces),
            Texts(None if row is None else row.text for row in rows),
            np.array([0 if row is None else ENDINGS.index(row.ending or "") for row in rows], np.uint8),
        )

    def joined(self, parts: Sequence[Packed]) -> Packed:
        """Those of all windows."""
        found, pieces, texts, endings = zip(*parts, strict=True) if parts else ((), (), (), ())
        return (
            Ragged.joined(found, TOKEN),
            Texts.joined(pieces),
            Texts.joined(texts),
            np.concatenate([np.empty(0, np.uint8), *endings]),
        )

    def ended_early(self, failure: str | None, gathered: Gathered) -> str:
        """Also that what came of a text that was being written is kept."""
        begun = int(np.count_nonzero(gathered.values[3] == STOPPED))
        return stopped(failure or "Stopped", gathered.reasons, gathered.read_to_end, begun)

    def notes(self, gathered: Gathered) -> list[str]:
        """Also which texts ended before their time."""
        endings = gathered.values[3]
        notes = super().notes(gathered)
        full = int(np.count_nonzero(endings == ENDINGS.index("end of context")))
        if full:
            were = "was" if full == 1 else "were"
            notes.append(f"{count(full, 'text')} {were} cut short: {room_in_words(self.ready.loaded)}.")
        return notes

    def result(self, gathered: Gathered) -> Generation:
        """The texts."""
        found, pieces, texts, endings = gathered.values
        return Generation(
            request=self.request,
            prompts=gathered.texts,
            texts=texts,
            index=gathered.index,
            found=found,
            pieces=pieces,
            spelling=self.spelling(found),
            endings=endings,
            reasons=_without_stopped(gathered.reasons, endings),
            read=gathered.tokens,
            doubtful=gathered.doubtful,
            run=gathered.report,
            read_to_end=gathered.read_to_end,
            notes=gathered.notes,
            method=self.method(),
            recipe=gathered.recipe,
        )

    def spelling(self, found: Ragged) -> Spelling:
        """How the tokens that were written, and their alternatives, are spelled."""
        notes = self.ready.loaded.notes
        if "pieces" not in notes:
            notes["pieces"] = Pieces(self.ready.loaded.tokenizer)
        occurring = np.unique(np.concatenate([found.flat["id"], found.flat["top_ids"].ravel()]))
        return spelling_of(notes["pieces"], occurring[occurring >= 0].astype(np.int64))

    def method(self) -> str:
        """How tokens are chosen, in words."""
        return method_of(self.ready.loaded.model, self.decoding)


# What a result's references name, for as long as somebody else keeps it: a text may be gone on with later.
_objects: WeakKeyDictionary[Generation, dict[str, Callable[[], Any]]] = WeakKeyDictionary()


def with_objects(result: Generation, objects: Objects) -> Generation:
    """The same result, of which `objects_of` knows what its references name."""
    if isinstance(result, Generation):  # and not a file
        _objects[result] = {name: found for name, value in objects.items() if (found := reference(value)) is not None}
    return result


def objects_of(result: Generation) -> dict[str, Any]:
    """What is left of the objects that a result was made with."""
    found = {name: kept() for name, kept in _objects.get(result, {}).items()}
    return {name: value for name, value in found.items() if value is not None}


def as_read(before: Generation) -> Generation:
    """A result whose texts are what was read, as the rows to go on with are looked up."""
    return replace(before, texts=before.prompts)


def decoding_of(options: DecodingOptions) -> Decoding:
    """The options of a request, as the engine takes them."""
    return Decoding(options.given, options.seed, options.stop_strings or ())


def method_of(model: Any, decoding: Decoding) -> str:
    """How tokens are chosen, in words; what no option said comes from the model's own settings."""
    config = generation_config(model, decoding.options, 1)
    given = decoding.options
    if is_beam_search(config):
        own = "" if "num_beams" in given else ", as the model's own settings say"
        return f"beam search with {config.num_beams} beams{own}"
    if not is_sampling(config):
        return "the likeliest token each time"
    parts = [
        f"{name}={getattr(config, name)}"
        for name in ("temperature", "top_k", "top_p", "min_p", "typical_p")
        if getattr(config, name, None) not in (None, 1.0, 0)
    ]
    own = "" if "do_sample" in given else ", as the model's own settings say"
    return f"drawn ({', '.join([*parts, f'seed={decoding.seed}'])}){own}"


def _without_stopped(reasons: Reasons, endings: NDArray[np.uint8]) -> Reasons:
    """The reasons why rows have no text: those that were stopped on the way have the beginning of one."""
    stopped = {*np.flatnonzero(endings == STOPPED).tolist()}
    kept = {row: why for row, why in reasons.items() if row not in stopped} if stopped else {}
    return Reasons(len(endings), kept) if stopped else reasons


def records_of(row: Continuation) -> NDArray[Any]:
    """The tokens of a row, as a result holds them."""
    tokens = np.zeros(len(row.ids), dtype=TOKEN)
    tokens["id"], tokens["probability"] = row.ids, row.probabilities
    tokens["top_ids"], tokens["top_probabilities"] = -1, np.nan
    width = min(ALTERNATIVES, row.top_ids.shape[1])
    tokens["top_ids"][:, :width], tokens["top_probabilities"][:, :width] = row.top_ids, row.top_probabilities
    return tokens


def _continuation(result: Generation, row: int) -> Continuation:
    tokens = result.found[row]
    first, last = result.found.rows[row : row + 2].tolist()
    return Continuation(
        ids=tokens["id"].copy(),
        pieces=[piece or "" for piece in result.pieces[first:last]],
        probabilities=tokens["probability"].copy(),
        top_ids=tokens["top_ids"].copy(),
        top_probabilities=tokens["top_probabilities"].copy(),
        ending=ENDINGS[result.endings[row]] or None,  # pyright: ignore[reportArgumentType]
    )


class Writer:
    """Writes for one window of rows after another; once it is to stop it writes no more.

    Args:
        task: what it reads, and how tokens are chosen.
        hooks: what it tells and asks while it works.
    """

    def __init__(self, task: WritingTask, hooks: Hooks) -> None:
        self._task, self._hooks, self._loaded = task, hooks, task.ready.loaded
        self._started = time.perf_counter()
        self._done = 0
        self._ended = False
        self._state: UnderWay | None = None
        self._generator = Generator(
            self._loaded,
            task.decoding,
            task.request.run.batch_tokens,
            threads=task.request.run.threads,
            stop=lambda: self.stopping,
            on_step=self._step,
            on_batch=self._batch_done,
        )

    @property
    def account(self) -> Account:
        """What the batches cost so far."""
        return self._generator.account

    @property
    def plan(self) -> Plan:
        """How batches are cut."""
        return self._generator.plan

    @property
    def seconds(self) -> float:
        """Since the writer was made."""
        return time.perf_counter() - self._started

    @property
    def padded(self) -> bool:
        """Whether rows of several lengths share a batch."""
        return self._generator.padded

    @property
    def stopping(self) -> bool:
        """Whether the user has asked to stop."""
        self._ended |= self._hooks.stop()
        return self._ended

    def end(self) -> None:
        """Write no more, as after an interrupt."""
        self._ended = True

    def do(self, window: RowWindow, known: DoneWindow | None = None) -> DoneWindow:
        """Write for the rows of a window. A row without a text has a reason.

        Args:
            window: the rows.
            known: the same rows as an earlier run left them: those that it finished stay as they are.
        """
        state = self._state = self.begin(window, known)
        self._done += len(window.texts) - len(state.rows)
        self._report()
        try:
            if len(state.rows) and not self.stopping:
                state.encode()
                self._done += len(state.unwritable)
                while state.prompts and not self.stopping:
                    self._generator.run(state.prompts)
                    state.go_on()
        except KeyboardInterrupt:
            self._ended = True
        except UserError:
            raise
        except Exception as error:
            raise _model_fails(self._loaded.name, error) from error
        finally:
            state.fail(self.account.failures)
            self.account.failures.clear()
            self._state = None
        return state.as_it_stands()

    def begin(self, window: RowWindow, known: DoneWindow | None) -> UnderWay:
        """A window that is about to be written."""
        return UnderWay(window, self._task, known)

    def _step(self, rows: Any) -> None:
        state = self._state
        if state is not None:
            self._report()
            self._hooks.on_rows(lambda: state.as_it_stands(rows()))

    def _batch_done(self, rows: Rows) -> None:
        if self._state is not None:
            self._done += self._state.take(rows)
        self._report()

    def _report(self) -> None:
        where, written = f"{self._loaded.name} on {self._loaded.device}", self._generator.new_tokens
        self._hooks.on_progress(under_way(where, self._done, self._hooks.total, written, self.seconds))


def _model_fails(name: str, error: Exception) -> UserError:
    return UserError(
        f"{name} fails on these prompts: {type(error).__name__}: {first_line(error, 160).rstrip('.')}.",
        hint="Call its `generate` on one of them in plain Transformers to see where.",
    )


class UnderWay:
    """One window while it is written: which rows wait, and what came so far."""

    def __init__(self, window: RowWindow, task: WritingTask, known: DoneWindow | None) -> None:
        rows = len(window.texts)
        self._window, self._task = window, task
        self._values = task.empty(rows) if known is None else known.values
        self._counts = np.zeros((len(COUNTS), rows), np.int32) if known is None else known.counts
        self._counts[2] = in_another_script(task.ready.card, window.texts)
        waiting = np.array([value is None for value in self._values], bool)
        given = {} if known is None else known.reasons
        self._reasons = window.reasons | {row: why for row, why in given.items() if why != NOT_DONE}
        waiting[list(self._reasons)] = False
        self.rows = np.flatnonzero(waiting)
        self.prompts: list[Any] = []
        self.unwritable: dict[int, str] = {}
        self.finished: Rows = {}
        self.failed: dict[int, str] = {}

    def encode(self) -> None:
        """Encode the rows that wait."""
        start, rows = self._window.start, self.rows.tolist()
        texts = [self._window.texts[row] or "" for row in rows]
        self.prompts, reasons = self._task.encode(texts, [start + row for row in rows])
        self.unwritable = {rows[place]: why for place, why in reasons.items()}
        for prompt in self.prompts:
            self._counts[0, prompt.row - start] = len(prompt.ids)

    def take(self, rows: Rows) -> int:
        """Keep what a batch gave; how many rows are finished with it."""
        self.finished.update(rows)
        return len(rows)

    def fail(self, failures: Mapping[int, str]) -> None:
        """Keep why the model failed on some prompts."""
        self.failed |= {number - self._window.start: why for number, why in failures.items()}

    def go_on(self) -> None:
        """Once the prompts are written: those that follow from what was written, which are none here."""
        self.prompts = []

    def written(self, rows: Rows) -> dict[int, Continuation]:
        """What each row of the window has, by what its prompts got."""
        return {number - self._window.start: row for number, row in rows.items()}

    def as_it_stands(self, under_way: Rows | None = None) -> DoneWindow:
        """What is known by now; a row that has nothing for no other reason is not done."""
        values, counts = self._values.copy(), self._counts.copy()
        for row, continuation in self.written({**self.finished, **(under_way or {})}).items():
            values[row] = continuation
        reasons = {**self._reasons, **self.unwritable, **self.failed}
        for row in self.rows.tolist():
            if values[row] is not None and values[row].ending == "stopped":
                reasons[row] = NOT_DONE  # what came of it is kept, and it is written anew when the work goes on
            elif values[row] is None and reasons.setdefault(row, NOT_DONE) == NOT_DONE:
                counts[0, row] = 0  # nothing of it was read
        return DoneWindow(Texts(self._window.texts), values, Reasons(len(values), reasons), counts)
