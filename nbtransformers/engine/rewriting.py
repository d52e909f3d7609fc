"""The worker of tasks that make a new text of every text: in parts where it is long, put together again."""

from __future__ import annotations

import unicodedata
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.alone import alone_with
from nbtransformers.engine.decoding import Continuation, Decoding, Ending, Prompt
from nbtransformers.engine.encoding import text_limit, too_long_error
from nbtransformers.engine.generation import Rows
from nbtransformers.engine.parts import BOUNDARIES, By, Part, between, cut, stretches
from nbtransformers.engine.prompts import Encoded, decoder_limit
from nbtransformers.engine.recipe import place_of
from nbtransformers.engine.rowtask import DoneWindow, Gathered, Hooks
from nbtransformers.engine.wording import Wording
from nbtransformers.engine.writing import Packed, UnderWay, Writer, WritingTask, decoding_of
from nbtransformers.engine.writingrecipe import writing_of
from nbtransformers.inputs.rows import RowWindow
from nbtransformers.progress import OnProgress
from nbtransformers.request import Objects, SummarizeRequest, TranslateRequest
from nbtransformers.results.generation import ENDINGS, Generation
from nbtransformers.results.reasons import Reasons
from nbtransformers.results.recipe import Reading
from nbtransformers.results.rewritings import Rewriting
from nbtransformers.results.writingrecipe import RewriteRecipe

_PART = 2**32  # the number of a prompt is that of its row, and so many more for each prompt that the row had before


@dataclass(frozen=True, slots=True, eq=False)
class Rewritten(Continuation):
    """What was written for a row.

    Attributes:
        parts: in how many parts the row was read.
    """

    parts: int = 1


class RewritingTask(WritingTask):
    """A task that makes a new text of every text.

    Attributes:
        wording: how the model is told what to do.
        by: where a text is cut in any case.
        limit: tokens that the model reads at once; 0 when there is no limit.
        no_shorter: rows whose parts were to be rewritten again, and do not become fewer by it.
    """

    by: By = "whole"
    no_shorter = 0
    _in_parts: bool | None = None  # whether a text was read in several parts, or in none; None before any was cut

    def __init__(self, request: SummarizeRequest | TranslateRequest, objects: Objects, on_progress: OnProgress) -> None:
        super().__init__(request, objects, on_progress)
        self.refuse_unable()
        loaded = self.ready.loaded
        with alone_with(loaded, on_progress):
            self.wording = self.words()
            taken = len(self.encoded([""])[0])
        self._taken = taken
        self.limit = text_limit(loaded, request.run.max_length, taken)
        self._writes = decoder_limit(loaded)
        given = decoding_of(request.decoding)
        self.decoding = Decoding({**self._declared(given.options), **given.options}, given.seed, given.stop_strings)

    @abstractmethod
    def words(self) -> Wording:
        """How the model is told what to do.

        Raises:
            UserError: when it cannot be told.
        """

    @abstractmethod
    def expected(self, tokens: int) -> int:
        """How many new tokens a part of so many tokens may take, where nobody says."""

    def _declared(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What the model declares of the task, as far as it goes with what the user says."""
        declared = dict(self.wording.settings)
        if given.get("do_sample"):
            for option in ("num_beams", "length_penalty", "early_stopping"):
                declared.pop(option, None)
        return declared

    def encoded(self, texts: Sequence[str]) -> list[list[int]]:
        """What the model reads of some texts, or parts."""
        return self.wording.encode(self.ready.loaded.tokenizer, texts)

    def most(self, tokens: int) -> int:
        """New tokens at most for a part of so many tokens, what tells the model what to do among them."""
        return self.request.decoding.most(self.expected(tokens - self._taken))

    def fits(self, tokens: int) -> bool:
        """Whether the model can read so many tokens, and a causal one also write behind them."""
        if not self.limit:
            return True
        written = 0 if self.ready.loaded.model.config.is_encoder_decoder else self.most(tokens)
        return tokens + written <= self.limit

    def prompt(self, number: int, ids: NDArray[np.int64]) -> Prompt:
        """What one part begins with."""
        most = self.most(len(ids))
        if self._writes and most > self._writes:
            return Prompt(number, ids, self._writes, limit="end of context")
        return Prompt(number, ids, most)

    def encode(self, texts: Sequence[str], rows: Sequence[int]) -> Encoded:
        """The prompts of some texts that are read whole."""
        return [
            self.prompt(row, np.asarray(ids, np.int64)) for row, ids in zip(rows, self.encoded(texts), strict=True)
        ], {}

    def cut(self, texts: Sequence[str], rows: Sequence[int]) -> list[list[Part]]:
        """Each text in parts that fit.

        Raises:
            UserError: under `--long error`, when one is too long; `rows` are the numbers of their rows.
        """
        parts = cut(texts, self.encoded, self.fits, self.by)
        self._in_parts = bool(self._in_parts) or any(len(found) != 1 for found in parts)
        if self.request.run.long == "error":
            tokens = [_tokens(found) for found in parts]
            too_long = [place for place, number in enumerate(tokens) if not self.fits(number)]
            if too_long:
                name = self.ready.loaded.name
                raise too_long_error([rows[place] for place in too_long], tokens[too_long[0]], name, self.limit)
        return parts

    def read(self, parts: list[Part]) -> list[Part]:
        """The parts that are read: all, or under `--long truncate` the first ones that fit together."""
        if self.request.run.long != "truncate":
            return parts
        totals = np.cumsum([len(part.ids) for part in parts]).tolist()
        return [part for part, total in zip(parts, totals, strict=True) if part is parts[0] or self.fits(total)]

    def goes_again(self, parts: int) -> bool:
        """Whether what was written for so many parts of a text is itself rewritten."""
        return False

    def worker(self, hooks: Hooks) -> Writer:
        """A writer of parts."""
        return _PartsWriter(self, hooks)

    def kept(self, before: Rewriting, row: int) -> Rewritten | None:
        """The text of a row, and in how many parts it was read; None where it was stopped on the way."""
        value = super().kept(before, row)
        return None if value is None else _rewritten(value, int(before.parts[row]))

    def packed(self, values: NDArray[Any]) -> Any:
        """The tokens, pieces, texts, endings and parts of a window."""
        parts = [0 if value is None else value.parts for value in values]
        return (*super().packed(values), np.array(parts, np.int32))

    def joined(self, parts: Sequence[Any]) -> Any:
        """Those of all windows."""
        packed: list[Packed] = [window[:4] for window in parts]
        return (*super().joined(packed), np.concatenate([np.empty(0, np.int32), *(window[4] for window in parts)]))

    def notes(self, gathered: Gathered) -> list[str]:
        """Also what was read in parts, and what was cut off."""
        *_, endings, parts = gathered.values
        notes = super().notes(gathered)
        rows = np.flatnonzero(parts > 1)
        forced = [sum(1 for _ in stretches(gathered.texts[row] or "", self.by)) for row in rows.tolist()]
        several = parts[rows][parts[rows] > forced]
        if len(several):
            notes.append(self.of_parts(several))
        full = int(np.count_nonzero(endings == ENDINGS.index("length")))
        if full:
            ended = "1 text ends" if full == 1 else f"{full:,} texts end"
            notes.append(f"{ended} early, with as many tokens as there may be: `--max-new-tokens` allows more.")
        return [*notes, *([self.wording.note] if self.wording.note else [])]

    def of_parts(self, several: NDArray[np.int32]) -> str:
        """What is said of the texts that are longer than the model reads at once: int32 `[text]`, the parts of each."""
        were = "1 text was" if len(several) == 1 else f"{len(several):,} texts were"
        low, high = int(several.min()), int(several.max())
        return f"{were} read in {low if low == high else f'{low} to {high}'} parts"

    def rewriting(self, gathered: Gathered) -> dict[str, Any]:
        """The fields that every such result has."""
        *packed, parts = gathered.values
        plain = super().result(replace(gathered, values=tuple(packed)))
        return {each.name: getattr(plain, each.name) for each in fields(Generation)} | {"parts": parts}

    def reading(
        self, objects: Objects, rows: Any = None, reasons: Reasons | None = None, before: Any = None
    ) -> Reading:
        """As of any rows; those that an earlier run has read may have been in parts."""
        self._in_parts = self._in_parts if before is None else True
        return super().reading(objects, rows, reasons, before)

    def recipe(self, reading: Reading) -> RewriteRecipe:
        """What a plain program must know to make the same new texts."""
        loaded, wording, asked = self.ready.loaded, self.wording, self.request.decoding
        is_fixed = asked.max_new_tokens is not None or self.expected(0) == self.expected(1)
        return RewriteRecipe(
            reading=reading,
            place=place_of(self.ready.ref, loaded),
            dtype=loaded.dtype,
            writing=writing_of(loaded, self.decoding),
            prefix=wording.prefix,
            chat=wording.chat,
            source_code=wording.source_code,
            most=asked.most(self.expected(0)) if is_fixed else None,
            least=asked.min_new_tokens or 0,
            taken=self._taken,
            limit=self.limit,
            by=self.by,
            boundaries=BOUNDARIES,
            again=self.goes_again(2),
            in_parts=self._in_parts is not False,
        )

    def method(self) -> str:
        """Also how the model is told what to do."""
        return super().method() + (f"; {self.wording.said}" if self.wording.said else "")


def _tokens(parts: Sequence[Part]) -> int:
    return sum(len(part.ids) for part in parts)


def _rewritten(row: Continuation, parts: int) -> Rewritten:
    return Rewritten(**{each.name: getattr(row, each.name) for each in fields(Continuation)}, parts=parts)


class _PartsWriter(Writer):
    """Writes for the parts of the rows of one window after another."""

    def begin(self, window: RowWindow, known: DoneWindow | None) -> UnderWay:
        """A window that is about to be written."""
        assert isinstance(self._task, RewritingTask)
        return _PartsUnderWay(window, self._task, known)


@dataclass(slots=True)
class _Round:
    """A text that is written anew part by part: the row's own, or what was written for the parts of that."""

    text: str
    parts: list[Part]
    numbers: list[int] = field(default_factory=list[int])


class _PartsUnderWay(UnderWay):
    """One window while it is written: the rounds of every row that waits."""

    _task: RewritingTask

    def __init__(self, window: RowWindow, task: RewritingTask, known: DoneWindow | None) -> None:
        super().__init__(window, task, known)
        self._rounds: dict[int, list[_Round]] = {}
        self._whole: set[int] = set()  # the rows of which nothing more is to come
        self._ended = False

    def encode(self) -> None:
        """Cut the rows that wait."""
        start, rows = self._window.start, self.rows.tolist()
        texts = [self._window.texts[row] or "" for row in rows]
        for row, text, parts in zip(rows, texts, self._task.cut(texts, [start + row for row in rows]), strict=True):
            if not parts:
                self.unwritable[row] = f"the model reads too few tokens at once ({self._task.limit:,})"
                continue
            kept = self._task.read(parts)
            self._counts[:2, row] = _tokens(kept), _tokens(parts) - _tokens(kept)
            self._begin(row, _Round(text[: kept[-1].stop] if kept is not parts else text, kept))

    def _begin(self, row: int, round_: _Round) -> None:
        rounds = self._rounds.setdefault(row, [])
        before = sum(len(each.numbers) for each in rounds)
        round_.numbers = [self._window.start + row + _PART * (before + place) for place in range(len(round_.parts))]
        rounds.append(round_)
        self.prompts += [
            self._task.prompt(number, part.ids) for number, part in zip(round_.numbers, round_.parts, strict=True)
        ]

    def take(self, rows: Rows) -> int:
        """Keep what a batch gave; how many rows are finished with it."""
        self.finished.update(rows)
        before = len(self._whole)
        for row in {self._row(number) for number in rows}:
            rounds = self._rounds[row]
            more = len(rounds) == 1 and self._task.goes_again(len(rounds[0].parts))
            if not more and all(number in self.finished for number in rounds[-1].numbers):
                self._whole.add(row)
        return len(self._whole) - before

    def fail(self, failures: Mapping[int, str]) -> None:
        """Keep why the model failed on some parts: their rows have no text."""
        self.failed |= {self._row(number): why for number, why in failures.items()}

    def go_on(self) -> None:
        """Once every part is written: the rows whose new texts are rewritten again."""
        self.prompts = []
        ready = {row: self._joined(rounds[-1], self.finished) for row, rounds in self._rounds.items()}
        again = {
            row: joined.text
            for row, joined in ready.items()
            if joined is not None and joined.ending is not None and self._goes_again(row)
        }
        cut_again = cut(list(again.values()), self._task.encoded, self._task.fits, "whole")
        for (row, text), parts in zip(again.items(), cut_again, strict=True):
            if parts and len(parts) < len(self._rounds[row][-1].parts):
                self._begin(row, _Round(text, parts))
            else:  # it is as short as it gets
                self._whole.add(row)
                self._task.no_shorter += 1

    def _goes_again(self, row: int) -> bool:
        unfinished = row not in self._whole and row not in self.failed
        return unfinished and self._task.goes_again(len(self._rounds[row][-1].parts))

    def written(self, rows: Rows) -> dict[int, Continuation]:
        """What each row of the window has, by what its parts got."""
        found: dict[int, Continuation] = {}
        for row, rounds in self._rounds.items():
            # Of the last round of which there is something.
            joined = next((text for each in reversed(rounds) if (text := self._joined(each, rows)) is not None), None)
            if joined is None or row in self.failed:
                continue
            whole = joined.ending not in (None, "stopped") and row in self._whole
            ending = joined.ending if whole else "stopped" if self._ended else None
            found[row] = replace(_rewritten(joined, len(rounds[0].parts)), ending=ending)
        return found

    def as_it_stands(self, under_way: Rows | None = None) -> DoneWindow:
        """What is known by now; at the end, a row that is not whole was stopped."""
        self._ended = under_way is None
        return super().as_it_stands(under_way)

    def _row(self, number: int) -> int:
        return number % _PART - self._window.start

    def _joined(self, round_: _Round, rows: Rows) -> Continuation | None:
        """The first parts of a text, as far as they are written, in one; its ending is None while some are not."""
        texts: list[Continuation] = []
        for number in round_.numbers:
            if number not in rows:
                break
            texts.append(rows[number])
        if not texts:
            return None
        gaps = between(round_.text, round_.parts)
        whole = len(texts) == len(round_.parts)
        return Continuation(
            ids=np.concatenate([text.ids for text in texts]),
            pieces=_pieces(texts, gaps[1:-1]),
            probabilities=np.concatenate([text.probabilities for text in texts]),
            top_ids=np.concatenate([text.top_ids for text in texts]),
            top_probabilities=np.concatenate([text.top_probabilities for text in texts]),
            ending=_ending(texts) if whole else None,
        )


def _pieces(texts: Sequence[Continuation], gaps: Sequence[str]) -> list[str]:
    """The pieces of the first parts, with what stands between all of the parts."""
    found: list[str] = []
    for place, text in enumerate(texts):
        own = list(text.pieces)
        if place + 1 < len(texts) and own:
            # A special token at the end stands for itself, and so the gap goes with the last token that has a text.
            at = max((number for number, piece in enumerate(own) if piece), default=len(own) - 1)
            own[at] += gaps[place] or _space_after(own[at])
        found += own
    return found


def _space_after(piece: str) -> str:
    """What stands between two parts that stood close together, as in Chinese, in the language that is written."""
    return "" if unicodedata.east_asian_width(piece[-1:] or "。") in "WF" else " "


def _ending(texts: Sequence[Continuation]) -> Ending | None:
    """Why a text ended that was written in parts: as the first part that did not end by itself."""
    for text in texts:
        if text.ending not in ("end of text", "stop string"):
            return text.ending
    return texts[-1].ending
