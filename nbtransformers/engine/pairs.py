"""Questions with their contexts to model inputs: the context may be cut into windows, the question never is.

Questions and contexts are tokenized apart and put together as the tokenizer puts a pair, so that a context that many
questions are asked of is read once, and every token of it is known by its number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.encoding import Items, text_limit, too_long_error, unknown_token
from nbtransformers.errors import UserError
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.plain_text import count
from nbtransformers.request import RunOptions
from nbtransformers.results.recipe import Around

_AT_ONCE = 200  # texts tokenized at a time: a tokenizer answers in Python objects, ten times the size of arrays
_LEAST_ROOM = 16  # tokens of the context that a window should hold


@dataclass(frozen=True, slots=True, kw_only=True)
class PairItems(Items):
    """Windows of pairs.

    Attributes:
        contexts: the context of each text.
        offsets: of each text int32 `[token, 2]`, where the tokens of its context stand in it.
        first: int64 `[item]`, which token of the context is the first in the window.
        place: int64 `[item]`, where in the window that token is.
        held: int64 `[item]`, how many tokens of the context the window holds.
        none: int64 `[item]`, where the CLS token is; -1 for a model that has none.
    """

    contexts: list[str]
    context_offsets: list[NDArray[np.int32]]
    first: NDArray[np.int64]
    place: NDArray[np.int64]
    held: NDArray[np.int64]
    none: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Tokens:
    """The tokens of one text, without special ones: int64 `[token]`, and int32 `[token, 2]` where they stand in it."""

    ids: NDArray[np.int64]
    offsets: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class _Frame:
    """What a tokenizer puts around a question and a context.

    Attributes:
        before: the ids before the question.
        between: the ids between the two.
        behind: the ids behind the context.
        types: the token types: of `before`, the question, `between`, the context and `behind`; None for a model that
            takes none.
    """

    before: NDArray[np.int64]
    between: NDArray[np.int64]
    behind: NDArray[np.int64]
    types: tuple[NDArray[np.int64], int, NDArray[np.int64], int, NDArray[np.int64]] | None

    @property
    def size(self) -> int:
        return len(self.before) + len(self.between) + len(self.behind)

    def ids(self, question: NDArray[np.int64], context: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.concatenate([self.before, question, self.between, context, self.behind])

    def type_ids(self, question: int, context: int) -> NDArray[np.int64]:
        assert self.types is not None
        before, first, between, second, behind = self.types
        return np.concatenate([before, np.full(question, first), between, np.full(context, second), behind])


class PairEncoder:
    """Encodes pairs for one model.

    Args:
        loaded: the model.
        options: the limit, and the rule for contexts that are longer.
        longest: tokens of an answer at most; windows overlap by as many, so that every answer is whole in one.

    Raises:
        UserError: when the limit is more than the model can read, or the tokenizer does not tell where tokens stand.
    """

    def __init__(self, loaded: LoadedModel, options: RunOptions, longest: int) -> None:
        tokenizer = loaded.tokenizer
        if not tokenizer.is_fast:
            raise UserError(
                f"{loaded.name} has a slow tokenizer, which does not tell where its tokens stand in the text.",
                hint="Give a model with a fast one.",
            )
        self._tokenizer, self._name = tokenizer, loaded.name
        self._long, self._longest = options.long, longest
        self._frame = _frame_of(tokenizer)
        self.limit = text_limit(loaded, options.max_length, self._frame.size)

    @property
    def has_none(self) -> bool:
        """Whether there is a token that stands for no answer."""
        return self._place_of_none(0, 0) >= 0

    def recipe(self) -> dict[str, Any]:
        """What a plain program must know of the windows, by the names of `AnswerRecipe`."""
        frame, found = self._frame, self._tokenizer.cls_token_id
        before, between, behind = (tuple(part.tolist()) for part in (frame.before, frame.between, frame.behind))
        types = None
        if frame.types is not None:
            first, question, middle, context, last = frame.types
            types = (*first.tolist(), question, *middle.tolist(), context, *last.tolist())
        none: tuple[Literal["before", "behind"], int] | None = None
        if found in before:
            none = "before", before.index(found)
        elif found in behind:
            none = "behind", behind.index(found)
        return {
            "around": Around(before, behind),
            "between": between,
            "types": types if types and any(types) else None,
            "none": none,
            "limit": self.limit,
            "least": min(_LEAST_ROOM, self.limit // 4),
        }

    def refusals(self, questions: Sequence[str]) -> dict[int, str]:
        """Which questions leave no room for a context, and why."""
        if not self.limit:
            return {}
        found: dict[int, str] = {}
        sizes = {question: len(tokens.ids) for question, tokens in self._tokens(questions).items()}
        for number, question in enumerate(questions):
            if self._room(sizes[question]) < min(_LEAST_ROOM, self.limit // 4):
                tokens = count(sizes[question], "token")
                found[number] = (
                    f"the question leaves no room for the context: it has {tokens}, and {self._name} reads "
                    f"{self.limit:,} in all"
                )
        return found

    def encode(self, questions: Sequence[str], contexts: Sequence[str], rows: Sequence[int]) -> PairItems:
        """The windows of some pairs.

        Args:
            questions: the questions; all leave room.
            contexts: their contexts.
            rows: the numbers of the pairs' rows.

        Raises:
            UserError: under `--long error`, when a context is too long.
        """
        asked, given = self._tokens(questions), self._tokens(contexts)
        pairs = [(asked[question], given[context]) for question, context in zip(questions, contexts, strict=True)]
        sizes = [(len(question.ids), len(context.ids)) for question, context in pairs]
        full = np.array([sum(size) for size in sizes], dtype=np.int64) + self._frame.size
        windows = [list(self._windows(*size)) for size in sizes]
        if self._long == "error":
            self._refuse_long(windows, full, rows)
        read = [cuts if self._long == "window" else cuts[:1] for cuts in windows]
        unread = np.array([cuts[-1][1] - some[-1][1] for cuts, some in zip(windows, read, strict=True)], dtype=np.int64)
        owner = np.repeat(np.arange(len(read)), [len(cuts) for cuts in read])
        first, stop = np.array([cut for cuts in read for cut in cuts], dtype=np.int64).reshape(-1, 2).T
        parts = [
            (pairs[pair][0].ids, pairs[pair][1].ids[start:end])
            for pair, start, end in zip(owner.tolist(), first.tolist(), stop.tolist(), strict=True)
        ]
        frame = self._frame
        return PairItems(
            ids=[frame.ids(*part) for part in parts],
            type_ids=None if frame.types is None else [frame.type_ids(len(q), len(c)) for q, c in parts],
            owner=owner,
            weight=np.ones(len(owner)),
            tokens=full - unread,
            unread=unread,
            unknown=self._unknown(pairs),
            contexts=list(contexts),
            context_offsets=[context.offsets for _, context in pairs],
            first=first,
            place=np.array([len(frame.before) + len(q) + len(frame.between) for q, _ in parts], dtype=np.int64),
            held=stop - first,
            none=np.array([self._place_of_none(len(q), len(c)) for q, c in parts], dtype=np.int64),
        )

    def _tokens(self, texts: Sequence[str]) -> dict[str, _Tokens]:
        """The tokens of each text; one that is there several times is read once."""
        unique = list(dict.fromkeys(map(str, texts)))
        found: dict[str, _Tokens] = {}
        for at in range(0, len(unique), _AT_ONCE):
            some = unique[at : at + _AT_ONCE]
            encoded = self._tokenizer(
                some, add_special_tokens=False, return_offsets_mapping=True, return_attention_mask=False, verbose=False
            )
            for text, ids, offsets in zip(some, encoded["input_ids"], encoded["offset_mapping"], strict=True):
                places = np.array(offsets, dtype=np.int32).reshape(-1, 2)
                found[text] = _Tokens(np.array(ids, dtype=np.int64), places)
        return found

    def _room(self, question: int) -> int:
        return self.limit - self._frame.size - question

    def _windows(self, question: int, context: int) -> Iterator[tuple[int, int]]:
        """The first token of the context and the one behind the last of each window."""
        room = self._room(question) if self.limit else context
        if context <= room:
            yield 0, context
            return
        # By a quarter for the sake of what stands around an answer, by more where answers may be longer than that.
        step = room - max(room // 4, min(self._longest, 3 * room // 4))
        for start in range(0, context, step):
            yield start, min(context, start + room)
            if start + room >= context:
                return

    def _place_of_none(self, question: int, context: int) -> int:
        found = self._tokenizer.cls_token_id
        frame = self._frame
        if found in frame.before:
            return int(np.flatnonzero(frame.before == found)[0])
        if found in frame.behind:  # as XLNet has it
            return frame.size - len(frame.behind) + question + context + int(np.flatnonzero(frame.behind == found)[0])
        return -1

    def _unknown(self, pairs: Sequence[tuple[_Tokens, _Tokens]]) -> NDArray[np.int64]:
        unknown = unknown_token(self._tokenizer)
        if unknown is None:
            return np.zeros(len(pairs), dtype=np.int64)
        return np.array([sum(int((part.ids == unknown).sum()) for part in pair) for pair in pairs], dtype=np.int64)

    def _refuse_long(
        self, windows: Sequence[list[tuple[int, int]]], tokens: NDArray[np.int64], rows: Sequence[int]
    ) -> None:
        long = [number for number, cuts in enumerate(windows) if len(cuts) > 1]
        if long:
            raise too_long_error([rows[number] for number in long], int(tokens[long[0]]), self._name, self.limit)


def _frame_of(tokenizer: Any) -> _Frame:
    """What the tokenizer puts around a pair, seen at one."""
    encoded = tokenizer("a", "a", verbose=False)
    sequence = encoded.sequence_ids(0)
    ids = np.array(encoded["input_ids"], dtype=np.int64)
    question, context = (np.flatnonzero([number == side for number in sequence]) for side in (0, 1))
    parts = slice(0, question[0]), slice(question[-1] + 1, context[0]), slice(context[-1] + 1, len(ids))
    types = encoded.get("token_type_ids")
    if types is None:
        return _Frame(*(ids[part] for part in parts), types=None)
    kinds = np.array(types, dtype=np.int64)
    before, between, behind = (kinds[part] for part in parts)
    return _Frame(
        *(ids[part] for part in parts),
        types=(before, int(kinds[question[0]]), between, int(kinds[context[0]]), behind),
    )
