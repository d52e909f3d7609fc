"""The result of `explain`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import UserError, did_you_mean, shown
from nbtransformers.plain_text import count, with_sign
from nbtransformers.request import ExplainRequest, Method
from nbtransformers.results.attention import SECOND, SPECIAL, Side
from nbtransformers.results.explainrecipe import ExplainRecipe
from nbtransformers.results.export import Writable
from nbtransformers.results.run import RunReport
from nbtransformers.results.table import Table

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Floats = NDArray[np.float32]

TITLES: dict[Method, str] = {
    "integrated_gradients": "Integrated gradients",
    "input_x_gradient": "Input × gradient",
    "occlusion": "Occlusion",
}
TargetKind = Literal["label", "span", "answer", "next", "mask"]
GAP_WANTED = 0.01


@dataclass(frozen=True, slots=True)
class Target:
    """A prediction that can be explained.

    Attributes:
        kind: a `label` of the text, the labels of a `span` of it, an `answer` within it, the `next` token, or the token
            at a `mask`.
        name: what is predicted, for a person.
        asked: what to give as `target` to have it explained.
        logit: what is explained: the model's number for it, before softmax or sigmoid; of a span the mean over its
            tokens, of an answer the sum of its start and its end.
        probability: the same after softmax or sigmoid; None for a number that is none, as of a regression.
    """

    kind: TargetKind
    name: str
    asked: str
    logit: float
    probability: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """What one method says of the tokens.

    Attributes:
        method: its name.
        values: float32 `[token]`: how much each token adds to the logit of the target; below 0 it speaks against it.
        baseline: what the tokens are compared with, in words; empty where they are compared with nothing.
        difference: the logit of the text minus that of the baseline; None where there is no baseline of the whole text.
        completeness_gap: (sum of the values - difference) / |difference|: 0 when they account for all of it. None where
            a method promises no such sum, or the difference is 0.
        segments: of integrated gradients, the way from the baseline (0) to the text (1) in parts: where each begins
            and ends, and at how many points of it gradients were taken.
    """

    method: Method
    values: Floats
    baseline: str
    difference: float | None = None
    completeness_gap: float | None = None
    segments: tuple[tuple[float, float, int], ...] = ()

    @property
    def steps(self) -> int:
        """Points on the way from the baseline to the text; 0 for methods that go no way."""
        return sum(points for _, _, points in self.segments)

    @property
    def title(self) -> str:
        """The method's name, for a person."""
        return TITLES[self.method]

    @property
    def told(self) -> str:
        """What there is to say of its completeness, in a few words."""
        if self.difference is None:
            return "no completeness gap: its values promise no sum"
        if self.completeness_gap is None:
            return "no completeness gap: text and baseline have the same logit"
        gap = self.completeness_gap
        told = "within 0.01%" if abs(gap) < 1e-4 else with_sign(gap, 2)
        return f"completeness gap {told} in {count(self.steps, 'step')}"


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """The tokens as words: those of a word together, each other token alone.

    Attributes:
        names: what each is called: its text, or what the tokenizer calls a special token.
        first: int64 `[word + 1]`: the token that each begins with; the last is the number of tokens.
        special: bool `[word]`: whether it is a special token.
    """

    names: tuple[str, ...]
    first: NDArray[np.int64]
    special: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.names)

    def sums(self, values: Floats) -> Floats:
        """Float32 `[word]`: the sum over the tokens of each word, of values `[token]`."""
        return np.add.reduceat(values.astype(np.float64), self.first[:-1]).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False, repr=False, weakref_slot=True)
class Explanation(Writable):
    """How much each token of a text speaks for, or against, one prediction.

    Attributes:
        request: what was asked for.
        side: the tokens that the model read.
        second: the second text of a pair, of question answering the one that the question is asked of; None for none.
        target: what is explained.
        targets: what else could be, the likeliest first; the target itself is among them.
        found: what each method says, in the order of the request.
        run: how it went.
        notes: what a careful reader should know, one sentence each.
        recipe: what a plain program must know; None where there is none.

    Example:
        >>> result = nbt.explain("A joy from start to end.")
        >>> result.tokens[2], result.attributions[2]
    """

    request: ExplainRequest
    side: Side
    second: str | None
    target: Target
    targets: tuple[Target, ...]
    found: tuple[Attribution, ...]
    run: RunReport
    notes: tuple[str, ...] = ()
    recipe: ExplainRecipe | None = None

    def __len__(self) -> int:
        return len(self.side)

    @property
    def tokens(self) -> list[str]:
        """The tokens, as the tokenizer writes them."""
        return list(self.side.pieces)

    @property
    def attributions(self) -> Floats:
        """Float32 `[token]`: those of the first method."""
        return self.found[0].values

    @property
    def completeness_gap(self) -> float | None:
        """That of the first method, as a share of the difference; None where it has none."""
        return self.found[0].completeness_gap

    @property
    def methods(self) -> tuple[Method, ...]:
        """The methods that were done."""
        return tuple(one.method for one in self.found)

    def __getitem__(self, method: str) -> Attribution:
        """What a method says.

        Raises:
            UserError: when it was not asked.

        Example:
            >>> result["occlusion"].values
        """
        for one in self.found:
            if one.method == method:
                return one
        raise UserError(
            f"{shown(method)} is not in this explanation.", hint=did_you_mean(str(method), self.methods, what="It has")
        )

    # --- words ---

    @property
    def words(self) -> Words:
        """The tokens as words."""
        side = self.side
        follows = (side.words[1:] == side.words[:-1]) & (side.words[1:] >= 0)
        starts = np.flatnonzero(np.concatenate([[True], ~follows]))
        first = np.append(starts, len(side)).astype(np.int64)
        names = tuple(
            self._name(start, stop) for start, stop in zip(first[:-1].tolist(), first[1:].tolist(), strict=True)
        )
        return Words(names, first, (side.flags[starts] & SPECIAL) > 0)

    def _name(self, start: int, stop: int) -> str:
        """The text of some tokens of one word; a piece's own name where it has no text."""
        text = self.text_of(start)
        begin, end = int(self.side.offsets[start, 0]), int(self.side.offsets[stop - 1, 1])
        return text[begin:end].strip() or self.side.pieces[start]

    def text_of(self, token: int) -> str:
        """The text that a token is of."""
        return (self.second if self.side.flags[token] & SECOND else self.side.text) or ""

    # --- as a table ---

    def to_pandas(self, rows: Sequence[int] | NDArray[np.int64] | None = None, *, by: str = "token") -> pd.DataFrame:
        """One row a token, or a word.

        Args:
            rows: the numbers of the rows, in that order; None takes all.
            by: `token`, or `word`, whose attribution is the sum over its tokens.

        Returns:
            Columns `token` (or `word`), of tokens also `text`, `start` and `stop` (code points within their text) and
            `word` (its number; -1 for a special token), `special`, and one for each method.

        Raises:
            UserError: when `by` is neither.

        Example:
            >>> result.to_pandas(by="word").sort_values("integrated_gradients")
        """
        import pandas as pd

        if by not in ("token", "word"):
            raise UserError(f"There are no rows by {shown(by)}.", hint='Type `by="token"` or `by="word"`.')
        frame = pd.DataFrame(self._token_columns() if by == "token" else self._word_columns())
        return frame if rows is None else frame.iloc[np.asarray(rows, dtype=np.int64)]

    def _token_columns(self) -> dict[str, Any]:
        side = self.side
        spans = zip(range(len(side)), side.offsets.tolist(), strict=True)
        return {
            "token": list(side.pieces),
            "text": [self.text_of(token)[start:stop] for token, (start, stop) in spans],
            "start": side.offsets[:, 0],
            "stop": side.offsets[:, 1],
            "word": side.words,
            "special": (side.flags & SPECIAL) > 0,
            **{one.method: one.values for one in self.found},
        }

    def _word_columns(self) -> dict[str, Any]:
        words = self.words
        sums = {one.method: words.sums(one.values) for one in self.found}
        return {"word": list(words.names), "special": words.special, **sums}

    def table(self, rows: NDArray[np.int64] | None, most: int) -> Table:
        """What `to_pandas` gives."""
        frame = self.to_pandas(rows)
        stretches = (frame.iloc[start : start + most] for start in range(0, len(frame), most))
        return Table(frame.iloc[:0], stretches, frame.index)

    # --- for a person ---

    @property
    def summary(self) -> str:
        """What is explained, in one line."""
        sure = "" if self.target.probability is None else f", probability {self.target.probability:.1%}"
        return f"{self.target.name} (logit {self.target.logit:.2f}{sure})"

    def facts(self) -> list[tuple[str, str]]:
        """The run, and what was compared with what, as name and value."""
        methods = [(one.title, " · ".join(filter(None, [one.told, one.baseline]))) for one in self.found]
        return [*self.run.facts(), ("Explained", f"the logit of {self.target.name}"), *methods]

    def __repr__(self) -> str:
        from nbtransformers.results.explanationshown import terminal_text

        return terminal_text(self)

    def plot(self, method: str | None = None, ax: Axes | None = None) -> Axes:
        """The attribution of each word as a bar, in the order of the text; of very many words the weightiest.

        Args:
            method: which one; None draws each, side by side on a figure of its own.
            ax: where to draw one method; None makes a figure.

        Returns:
            The axes, of several the first; `.figure` is the whole.

        Raises:
            UserError: when the method was not asked, or several are to be drawn on one `ax`.

        Example:
            >>> result.plot().figure.savefig("why.pdf")
        """
        from nbtransformers.results.explanationshown import plotted

        return plotted(self, self.found if method is None else (self[method],), ax)
