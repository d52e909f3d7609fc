"""TokenizeRequest in, Tokenization out."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.failures import first_line
from nbtransformers.engine.reading import reading_of, with_reasons
from nbtransformers.engine.recipe import tokenize_recipe
from nbtransformers.engine.remarks import stopped
from nbtransformers.engine.resuming import RestOfRows, remember, rows_in_memory
from nbtransformers.engine.tokens import TextTokenizer, Tokenized
from nbtransformers.engine.words import words_of
from nbtransformers.errors import UserError
from nbtransformers.inputs.rows import Rows, RowWindow, read
from nbtransformers.interrupt import Stop, deferred_interrupts
from nbtransformers.loading.bundled import BUNDLED_ENCODER
from nbtransformers.loading.named import naming_default
from nbtransformers.loading.tokenizers import LoadedTokenizer, load_tokenizer
from nbtransformers.plain_text import count
from nbtransformers.progress import Glimpses, OnPartial, OnProgress, Pace, Progress, silent, under_way
from nbtransformers.request import ModelRef, Objects, TokenizeRequest
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.recipe import TokenizeRecipe
from nbtransformers.results.rows import NOT_DONE
from nbtransformers.results.run import pinned
from nbtransformers.results.texts import Texts
from nbtransformers.results.tokenization import Tokenization, TokenizeRun
from nbtransformers.results.tokens import NO_OFFSETS, SPECIAL, UNKNOWN, TokenArrays, Tokens

Number = TypeVar("Number", bound=np.generic)

_log = logging.getLogger(__name__)

WINDOW_ROWS = 20_000
_CHUNK_ROWS, _CHUNK_CHARACTERS = 2_000, 200_000  # what is tokenized at once: a fraction of a second
_MANY_UNKNOWN = 0.05  # of the tokens that are no special ones


def tokenize(
    request: TokenizeRequest, objects: Objects, on_progress: OnProgress = silent, on_partial: OnPartial | None = None
) -> Tokenization:
    """Cut every text of a request into tokens, with each of its tokenizers.

    An interrupt ends the work and keeps what is finished: the other rows have a reason and no tokens. So does
    whatever fails once some rows are finished; before, it is raised.

    Args:
        request: what to do.
        objects: what the request's `variable` references name.
        on_progress: told what is going on, at most ten times a second.
        on_partial: shown the result as it stands, a few times a second and for a small share of the time.

    Raises:
        UserError: when the texts cannot be read or a tokenizer cannot be used.

    Example:
        >>> tokenize(TokenizeRequest(DataRef("lines", "Good film.")), {}).tokens[0]
        ['[CLS]', 'good', 'film', '.', '[SEP]']
    """
    return _run(request, objects, _rows(request, objects), None, on_progress, on_partial)


def resume(
    before: Tokenization, objects: Objects, on_progress: OnProgress = silent, on_partial: OnPartial | None = None
) -> Tokenization:
    """Finish what an interrupt left of a result: what `tokenize` would have given, without doing anything twice.

    Args:
        before: the unfinished result.
        objects: what its request's `variable` references name.
        on_progress: as for `tokenize`.
        on_partial: as for `tokenize`.

    Raises:
        UserError: also when the input is not what it was.
    """
    return _run(before.request, objects, RestOfRows.of(before, objects, _rows), before, on_progress, on_partial)


def _rows(request: TokenizeRequest, objects: Objects) -> Rows:
    return read(request.data, objects)


def _run(
    request: TokenizeRequest,
    objects: Objects,
    rows: Rows,
    before: Tokenization | None,
    on_progress: OnProgress,
    on_partial: OnPartial | None,
) -> Tokenization:
    loaded = [_load(ref, objects, on_progress) for ref in _models(request)]
    tokenizers = _tokenizers(request, loaded)
    with deferred_interrupts() as stop:
        work = _Work(request, rows, tokenizers, loaded, stop)
        if before is not None:
            work.take(before)
        work.run(Pace(on_progress), Glimpses(on_partial))
        result = work.result()
    if before is not None and before.recipe is not None:
        reading = with_reasons(before.recipe.reading, result.reasons)
    else:
        reading = reading_of(request.data, objects, rows, result.reasons)
    result = replace(result, recipe=tokenize_recipe(reading, _models(request), loaded, result.tokenizers))
    remember(result, objects)
    return result


def recipe(request: TokenizeRequest, objects: Objects, on_progress: OnProgress = silent) -> TokenizeRecipe:
    """What a plain program must know to do the same; the tokenizers are loaded for it, and no text is cut.

    Raises:
        UserError: when a tokenizer cannot be used.
    """
    loaded = [_load(ref, objects, on_progress) for ref in _models(request)]
    made = [tokenizer.result(_none(0)) for tokenizer in _tokenizers(request, loaded)]
    return tokenize_recipe(reading_of(request.data, objects), _models(request), loaded, made)


def _models(request: TokenizeRequest) -> tuple[ModelRef, ...]:
    return request.models or (ModelRef("bundled", BUNDLED_ENCODER),)


def _tokenizers(request: TokenizeRequest, loaded: Sequence[LoadedTokenizer]) -> list[TextTokenizer]:
    return [TextTokenizer(name, one, request) for name, one in zip(_names(loaded), loaded, strict=True)]


def _load(ref: ModelRef, objects: Objects, on_progress: OnProgress) -> LoadedTokenizer:
    def on_load(message: str) -> None:
        on_progress(Progress("loading", message))

    on_load("Starting")
    with naming_default(ref):
        return load_tokenizer(ref, objects, on_load)


def _names(loaded: Sequence[LoadedTokenizer]) -> list[str]:
    """A name for each: two folders may be called alike."""
    names: list[str] = []
    for one in loaded:
        name, number = one.name, 2
        while name in names:
            name, number = f"{one.name} ({number})", number + 1
        names.append(name)
    return names


@dataclass(slots=True)
class _Done:
    """What is known of the rows so far: one entry a chunk or a window, joined in the end."""

    texts: list[Texts] = field(default_factory=list[Texts])
    reasons: list[Reasons] = field(default_factory=list[Reasons])
    tokens: list[list[Tokenized]] = field(default_factory=list[list[Tokenized]])
    words: list[NDArray[np.int32]] = field(default_factory=list[NDArray[np.int32]])
    characters: list[NDArray[np.int32]] = field(default_factory=list[NDArray[np.int32]])
    rows: int = 0


class _Work:
    """Rows through the tokenizers, chunk by chunk."""

    def __init__(
        self,
        request: TokenizeRequest,
        rows: Rows,
        tokenizers: list[TextTokenizer],
        loaded: Sequence[LoadedTokenizer],
        stop: Stop,
    ) -> None:
        self._request, self._rows, self._tokenizers = request, rows, tokenizers
        self._load_seconds, self._stop = sum(one.load_seconds for one in loaded), stop
        self._models = tuple(pinned(one.name, one.revision) for one in loaded)
        self._started = time.perf_counter()
        self._stopped = False
        self._failure: str | None = None
        self._read_to_end = False
        self._made = 0  # tokens
        self._done = _Done(tokens=[[] for _ in tokenizers])

    def take(self, before: Tokenization) -> None:
        """Take over the rows that an earlier run finished: all before the first that it did not."""
        left = np.flatnonzero(np.logical_not(before.done))
        rows = int(left[0]) if len(left) else len(before)
        done = self._done
        for mine, tokenizer, own in zip(done.tokens, self._tokenizers, before.tokenizers, strict=True):
            mine.append(tokenizer.again(own, rows))
            self._made += len(mine[0].flat)
        done.texts.append(Texts(before.texts[:rows]))
        done.reasons.append(before.reasons.part(0, rows))
        done.words.append(before.words[:rows])
        done.characters.append(before.characters[:rows])
        done.rows = rows

    def run(self, on_progress: OnProgress, glimpses: Glimpses) -> None:
        """Every row. After an interrupt, rows in memory are still listed; a file is not read on."""
        try:
            self._go_on(on_progress, glimpses)
        except KeyboardInterrupt:  # a second one, at any moment
            self._stopped = True
            self._go_on(silent, glimpses)
        except Exception as error:  # the input fails on the way: what is finished is kept
            self._fail(error)
        self._read_to_end |= self._done.rows == self._rows.total

    def _go_on(self, on_progress: OnProgress, glimpses: Glimpses) -> None:
        held = rows_in_memory(self._rows)
        for window in self._rows.windows(WINDOW_ROWS, self._done.rows):
            if self._stopping() and window.start >= held:
                return
            for chunk in _chunks(window):
                self._add(chunk)
                self._report(on_progress)
                glimpses(self.result)
        self._read_to_end = True

    def _fail(self, error: Exception) -> None:
        if not self._made:
            raise error
        if not isinstance(error, UserError):
            _log.error("Stopped at row %s", self._done.rows, exc_info=error)
        self._failure = f"Stopped at row {self._done.rows:,}: {error}"
        self._stopped = True

    def _stopping(self) -> bool:
        self._stopped |= self._stop()
        return self._stopped

    def _add(self, chunk: RowWindow) -> None:
        if self._stopping():
            reasons = {row: chunk.reasons.get(row, NOT_DONE) for row in range(len(chunk.texts))}
            self._keep(chunk.texts, _nothing(len(chunk.texts), len(self._tokenizers)), reasons)
            return
        reasons = dict(chunk.reasons)
        self._keep(chunk.texts, self._tokenized(chunk.texts, reasons), reasons)

    def _tokenized(self, texts: list[str | None], reasons: dict[int, str]) -> _Made:
        """The tokens of some rows; one that a tokenizer fails on is left out, and has that for its reason."""
        rows = [row for row in range(len(texts)) if row not in reasons]
        try:
            return self._of_rows(texts, rows)
        except Exception as error:
            for row in rows:
                try:
                    self._of_rows(texts, [row])
                except Exception as failure:
                    reasons[row] = f"the tokenizer failed: {type(failure).__name__}: {first_line(failure)}"
            left = [row for row in rows if row not in reasons]
            if not left and not self._made:
                raise _tokenizer_fails(error) from error
            return self._of_rows(texts, left)

    def _of_rows(self, texts: list[str | None], rows: list[int]) -> _Made:
        given = [texts[row] or "" for row in rows]
        words = words_of(given)
        tokens = [tokenizer.tokenize(given, words) if given else _none(0) for tokenizer in self._tokenizers]
        size = len(texts)
        return (
            [Tokenized(own.flat, _spread(own.counts, rows, size), _spread(own.cut, rows, size)) for own in tokens],
            _spread(words.counts, rows, size),
            _spread(words.lengths.astype(np.int32), rows, size),
        )

    def _keep(self, texts: list[str | None], made: _Made, reasons: dict[int, str]) -> None:
        tokens, words, characters = made
        done = self._done
        for mine, own in zip(done.tokens, tokens, strict=True):
            mine.append(own)
            self._made += len(own.flat)
        done.texts.append(Texts(texts))
        done.reasons.append(Reasons(len(texts), reasons))
        done.words.append(words)
        done.characters.append(characters)
        done.rows += len(texts)

    def _report(self, on_progress: OnProgress) -> None:
        seconds, done, total = time.perf_counter() - self._started, self._done.rows, self._rows.total
        on_progress(under_way("Tokenizing", done, total, self._made, seconds))

    def result(self) -> Tokenization:
        """All rows so far."""
        done = self._done
        joined = [Tokenized.joined(parts) for parts in done.tokens]
        tokens = tuple(one.result(own) for one, own in zip(self._tokenizers, joined, strict=True))
        reasons = Reasons.joined(done.reasons)
        return Tokenization(
            request=self._request,
            texts=Texts.joined(done.texts),
            index=self._rows.index,
            reasons=reasons,
            tokenizers=tokens,
            words=np.concatenate([np.empty(0, dtype=np.int32), *done.words]),
            characters=np.concatenate([np.empty(0, dtype=np.int32), *done.characters]),
            run=TokenizeRun(self._load_seconds, time.perf_counter() - self._started, self._made, self._models),
            read_to_end=self._read_to_end,
            notes=(*self._stop_note(reasons), *_notes(tokens), *self._rows.notes),
        )

    def _stop_note(self, reasons: Reasons) -> list[str]:
        if self._read_to_end and reasons.done.all():
            return []
        if not self._stopped:  # a glimpse of work under way
            return []
        return [stopped(self._failure or "Interrupted", reasons, self._read_to_end)]


_Made = tuple[list[Tokenized], NDArray[np.int32], NDArray[np.int32]]
"""The tokens of some rows by each tokenizer, and their words and characters `[row]`."""


def _chunks(window: RowWindow) -> Iterator[RowWindow]:
    """A window in parts that take a moment each."""
    start, characters = 0, 0
    for row, text in enumerate(window.texts):
        characters += len(text or "")
        if row + 1 == len(window.texts) or row + 1 - start >= _CHUNK_ROWS or characters >= _CHUNK_CHARACTERS:
            inside = range(start, row + 1)
            reasons = {at - start: window.reasons[at] for at in inside if at in window.reasons}
            yield RowWindow(window.start + start, window.texts[start : row + 1], reasons)
            start, characters = row + 1, 0


def _spread(values: NDArray[Number], rows: list[int], size: int) -> NDArray[Number]:
    """Values of some rows as values of all, 0 for the others."""
    if len(rows) == size:
        return values
    spread = np.zeros(size, dtype=values.dtype)
    spread[rows] = values
    return spread


def _nothing(rows: int, tokenizers: int) -> _Made:
    zeros = np.zeros(rows, dtype=np.int32)
    return [_none(rows) for _ in range(tokenizers)], zeros, zeros


def _none(rows: int) -> Tokenized:
    return Tokenized(TokenArrays.joined([]), np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=np.int32))


def _tokenizer_fails(error: Exception) -> UserError:
    return UserError(
        f"The tokenizer fails on these texts: {type(error).__name__}: {first_line(error).rstrip('.')}.",
        hint="Call it on one of them in plain Transformers to see where.",
    )


def _notes(tokenizers: Sequence[Tokens]) -> Iterator[str]:
    """What a careful reader should be told."""
    for tokens in tokenizers:
        cut = int((tokens.cut > 0).sum())
        if cut:
            verb = "is" if cut == 1 else "are"
            yield (
                f"{count(cut, 'text')} {verb} longer than {tokens.limit:,} tokens: {tokens.name} would not read "
                f"{count(int(tokens.cut.sum()), 'token')}."
            )
        unknown, plain = tokens.number_with(UNKNOWN), len(tokens.flat) - tokens.number_with(SPECIAL)
        if unknown > _MANY_UNKNOWN * plain:
            yield f"{tokens.name} does not know {unknown:,} of {count(plain, 'token')}."
        lost = 0 if tokens.fast else _lost(tokens)
        if lost:
            yield f"Where {count(lost, 'token')} of {tokens.name} stand is not known: it is a slow tokenizer."


def _lost(tokens: Tokens) -> int:
    """Tokens that are somewhere in their text, nobody knows where; a space before a first word is nowhere."""
    without = tokens.flat.ids[(tokens.flat.flags & NO_OFFSETS) > 0]
    places, numbers = np.unique(tokens.spelling.places(without), return_counts=True)
    inked = [bool(bytes.fromhex(tokens.spelling.bytes[place] or "21").strip()) for place in places.tolist()]
    return int(numbers[inked].sum())
