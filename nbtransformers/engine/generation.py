"""Many prompts through a model that writes: sorted by length, in batches that fit, put back in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from nbtransformers.engine.batching import Account
from nbtransformers.engine.decoding import Continuation, Decoding, Prompt, decode
from nbtransformers.engine.failures import why_failed
from nbtransformers.engine.generation_config import generation_config
from nbtransformers.engine.linear import in_their_place, packed_linears
from nbtransformers.engine.out_of_memory import free_cache, is_out_of_memory, let_go
from nbtransformers.engine.plan import Plan
from nbtransformers.engine.threads import StepThreads
from nbtransformers.interrupt import Stop
from nbtransformers.loading.models import quiet_transformers
from nbtransformers.loading.registry import LoadedModel

_BUDGET_ON_CPU, _BUDGET = 4096, 32768  # tokens of a batch: prompts, and what they may become
_ROUNDING, _HALF_ROUNDING = 1e-3, 0.3  # what another batch may change in the logarithm of a probability
_GIVE_UP_AFTER = 8  # single rows that fail before any succeeds: then it is the model, not a row
_MAY_BE_PADDED = "generation may be padded"

Rows = dict[int, Continuation]
"""The number of a row to what it got."""


class Generator:
    """Writes on for the prompts of one window after another.

    A batch is padded on the left (for an encoder on the right) and masked: greedily, each row gets the tokens that it
    gets alone, but for rounding. A model that padding disturbs all the same gets batches of one length.

    Args:
        loaded: the model. The caller holds its lock; what is learned about it is kept in its notes.
        decoding: how tokens are chosen.
        batch_tokens: tokens of a batch, prompts and what they may become; None is what does well here.
        threads: CPU threads; None finds out by timing the first steps.
        stop: asked at every step whether to end; the batch under way is kept as far as it came.
        on_step: told at every step how the rows of the batch under way can be had as they stand.
        on_batch: told the rows of each batch that is finished.

    Attributes:
        batch_tokens: as given, or less once memory ran out.
        account: what the batches cost; its tokens are those of the prompts, and its failures are by row.
        new_tokens: tokens that were written.
        padded: whether rows of several lengths may share a batch.

    Example:
        >>> Generator(loaded, Decoding()).run([Prompt(0, ids, most=20)])[0].text
    """

    def __init__(
        self,
        loaded: LoadedModel,
        decoding: Decoding,
        batch_tokens: int | None = None,
        threads: int | None = None,
        *,
        stop: Stop = lambda: False,
        on_step: Callable[[Callable[[], Rows]], None] = lambda rows: None,
        on_batch: Callable[[Rows], None] = lambda rows: None,
    ) -> None:
        self._loaded, self._decoding = loaded, decoding
        self._stop, self._on_step, self._on_batch = stop, on_step, on_batch
        self._beams = generation_config(loaded.model, decoding.options, 1).num_beams or 1
        self._last_error: Exception | None = None
        self._alone: set[int] = set()  # rows that share no batch, since one of them fails
        self.batch_tokens = batch_tokens or (_BUDGET_ON_CPU if loaded.device == "cpu" else _BUDGET)
        self._threads = StepThreads(loaded, threads)
        self.account = Account()
        self.new_tokens = 0
        self.padded = True

    @property
    def plan(self) -> Plan:
        """How batches are cut and run."""
        return Plan(self.batch_tokens, self._threads.number)

    def run(self, prompts: Sequence[Prompt]) -> Rows:
        """What each row got.

        When memory runs out the batches are halved. A row that the model fails on is left out, with its reason in
        `account.failures`; when it fails on all of them, its error is raised.
        """
        found: Rows = {}
        packed = packed_linears(self._loaded, sum(map(_size, prompts)))
        with quiet_transformers(), in_their_place(packed):
            self.padded = self._may_be_padded(prompts)
            waiting = sorted(prompts, key=self._order)
            while waiting and not self._stop():
                batch = self._next(waiting)
                rows = self._tried(batch)
                if rows is None:
                    continue  # in smaller batches
                del waiting[: len(batch)]
                found.update(rows)
        self.account.interrupted |= self._stop()
        error = self._last_error
        if error is not None and not self.account.batches and not is_out_of_memory(error):
            raise error
        return found

    def _order(self, prompt: Prompt) -> tuple[int, int]:
        return len(prompt.begun), -_size(prompt)

    def _next(self, waiting: Sequence[Prompt]) -> list[Prompt]:
        """The first rows that fit into one batch."""
        first = waiting[0]
        rows = max(1, self.batch_tokens // (_size(first) * self._beams))
        batch = [first]
        for prompt in waiting[1 : 1 if first.row in self._alone else rows]:
            alike = len(prompt.begun) == len(first.begun) and (self.padded or len(prompt.ids) == len(first.ids))
            if not alike or prompt.row in self._alone:
                break
            batch.append(prompt)
        return batch

    def _tried(self, batch: list[Prompt]) -> Rows | None:
        """What the rows of a batch got; None when it is to be cut anew."""
        try:
            rows = self._decoded(batch)
        except Exception as error:
            let_go(error)
            failure = error
        else:
            self._count(batch, rows)
            self._on_batch(rows)
            return rows
        return self._failed(batch, failure)

    def _decoded(self, batch: list[Prompt]) -> Rows:
        numbers = [prompt.row for prompt in batch]

        def on_step(continuations: Callable[[], list[Continuation]]) -> None:
            self._threads.step()
            self._on_step(lambda: dict(zip(numbers, continuations(), strict=False)))  # a beam search has none yet

        model, tokenizer = self._loaded.model, self._loaded.tokenizer
        with self._threads:
            continuations = decode(model, tokenizer, batch, self._decoding, self._stop, on_step)
        return dict(zip(numbers, continuations, strict=True))

    def _count(self, batch: list[Prompt], rows: Rows) -> None:
        lengths = [len(prompt.ids) for prompt in batch]
        self.account.batches += 1
        self.account.tokens += sum(lengths)
        self.account.pad_tokens += max(lengths) * len(lengths) - sum(lengths)
        self.new_tokens += sum(len(row.ids) for row in rows.values())

    def _failed(self, batch: list[Prompt], error: Exception) -> Rows | None:
        account, out_of_memory = self.account, is_out_of_memory(error)
        if len(batch) > 1:
            if out_of_memory:
                self.batch_tokens = max(1, _size(batch[0]) * self._beams * len(batch) // 2)
                account.out_of_memory += 1
                free_cache()
            else:
                self._alone.update(prompt.row for prompt in batch)
            return None
        if not out_of_memory and not account.batches and len(account.failures) >= _GIVE_UP_AFTER:
            raise error
        self._last_error = error
        account.failures[batch[0].row] = why_failed(error, _size(batch[0]))
        return {}

    def _may_be_padded(self, prompts: Sequence[Prompt]) -> bool:
        """Whether a padded row gets the probabilities that it gets alone, tried on two real rows."""
        notes = self._loaded.notes
        if _MAY_BE_PADDED not in notes:
            tried = self._padding_is_harmless(prompts)
            if tried is None:  # it is tried with the next rows
                return True
            notes[_MAY_BE_PADDED] = tried
        return notes[_MAY_BE_PADDED]

    def _padding_is_harmless(self, prompts: Sequence[Prompt]) -> bool | None:
        short = min(prompts, key=lambda prompt: len(prompt.ids), default=None)
        longer = [prompt for prompt in prompts if short is not None and len(prompt.ids) > len(short.ids)]
        if short is None or not longer:
            return None
        # About twice as long: enough padding to show, and little work.
        other = min(longer, key=lambda prompt: abs(len(prompt.ids) - 2 * len(short.ids)))
        try:
            alone, together = self._said([short]), self._said([short, other])
        except Exception:  # one of the two is a prompt that the model cannot take: it is found out which
            return None
        tolerance = _ROUNDING if self._loaded.dtype == "float32" else _HALF_ROUNDING
        return bool(np.abs(alone - together).max() <= tolerance)

    def _said(self, batch: list[Prompt]) -> np.ndarray:
        """The logarithms of the highest probabilities for the first new token of the first row."""
        once = [Prompt(prompt.row, prompt.ids, 1) for prompt in batch]
        greedily = Decoding({"do_sample": False, "num_beams": 1})
        with self._threads:
            rows = decode(self._loaded.model, self._loaded.tokenizer, once, greedily)
        return np.log(np.maximum(rows[0].top_probabilities[0], 1e-30))


def _size(prompt: Prompt) -> int:
    return len(prompt.ids) + len(prompt.begun) + prompt.most
