"""What each token adds to a logit: integrated gradients, input × gradient, and occlusion.

All three look at the model as a function of its token embeddings, and ask for gradients of these alone: the model's own
parameters get none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.embedded import Embedded
from nbtransformers.engine.sidebyside import SideBySide
from nbtransformers.engine.targets import Goal
from nbtransformers.errors import UserError
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.request import Baseline, Method
from nbtransformers.results.explanation import GAP_WANTED, TITLES, Attribution

FIRST_STEPS, MOST_STEPS = 32, 2_048
_POINTS = 8  # of a segment, once the way is halved
_PASSES = 4  # of each worker before captum takes up their gradients, which wait in memory
_TITLE = TITLES["integrated_gradients"]
_ROUNDING = 2e-5  # of a logit: a smaller difference between two sums is none

Groups = Sequence[tuple[int, int]]
"""Where the tokens of each word begin and end."""


class StoppedError(Exception):
    """The user has asked to stop."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What is explained, and how.

    Attributes:
        loaded: the model.
        embedded: it, as a function of the embeddings of the text.
        goal: the prediction.
        inner: int64, the places of the tokens that are no special ones.
        groups: the words, which occlusion takes away one by one.
        workers: what passes run on.
        rows: how many texts a worker's model reads at once, at most.
        on_pass: told before each pass the method, how many steps are begun of how many, and the rows of the pass.
    """

    loaded: LoadedModel
    embedded: Embedded
    goal: Goal
    inner: NDArray[np.int64]
    groups: Groups
    workers: SideBySide
    rows: int
    on_pass: Callable[[str, int, int | None, int], None]

    def logits(self, embeddings: Any) -> Any:
        """The logit of the target for embeddings `[row, token, dimension]`: a tensor `[row]`.

        Raises:
            UserError: when one of them is not finite.
        """
        return self.finite(self.goal.logit(self.embedded(embeddings)).float(), "logit")

    def value(self, embeddings: Any) -> float:
        """The same for one text, as a number."""
        import torch

        with torch.no_grad():
            return float(self.logits(embeddings)[0])

    def gradients(self, embeddings: Any) -> tuple[Any, Any]:
        """The same, and its gradient at each embedding: tensors `[row]` and `[row, token, dimension]`."""
        import torch

        with torch.enable_grad():
            embeddings = embeddings.detach().requires_grad_()
            logits = self.logits(embeddings)
            (gradients,) = torch.autograd.grad(logits.sum(), embeddings)
        return logits.detach(), self.finite(gradients, "gradient")

    def finite(self, numbers: Any, what: str) -> Any:
        """The same numbers, if all are: with one NaN there is no telling how much is accounted for, however long."""
        if not numbers.isfinite().all():
            raise UserError(
                f"A {what} of {self.loaded.name} is no finite number, so nothing can be said of what adds to it.",
                hint="Look for NaN in its weights; of a model in 16 bits, type `--dtype float32`.",
            )
        return numbers

    def in_passes(
        self, what: str, number: int, begun: int, total: int | None, run: Callable[[slice], Any]
    ) -> Iterator[tuple[slice, Any]]:
        """Rows through the model, in as many passes as it takes: which of them, and what comes of these.

        Args:
            what: the method.
            number: how many rows.
            begun: how many steps are begun by now.
            total: of how many; None where that is not known.
            run: does some of the rows; without gradients, unless it asks for them.
        """
        import torch

        def before(rows: slice) -> None:
            self.on_pass(what, begun + rows.start, total, rows.stop - rows.start)

        def without_gradients(rows: slice) -> Any:
            with torch.no_grad():  # which is said to each thread
                return run(rows)

        size = max(1, min(self.rows, -(-number // self.workers.number)))
        passes = [slice(first, min(first + size, number)) for first in range(0, number, size)]
        return self.workers.each(without_gradients, passes, before)


# --- baselines ---

_CHOICE: dict[Method, tuple[Baseline, ...]] = {
    "integrated_gradients": ("pad", "mask", "zero"),
    "occlusion": ("mask", "pad", "zero"),
}


def baseline_for(method: Method, wanted: Baseline | None, loaded: LoadedModel) -> Baseline | None:
    """What a method compares tokens with; None for one that compares them with nothing.

    Raises:
        UserError: when the model has no such token.
    """
    if method not in _CHOICE:
        return None
    if wanted is None:
        return next(one for one in _CHOICE[method] if one == "zero" or filling_token(one, loaded) is not None)
    if wanted in ("pad", "mask") and filling_token(wanted, loaded) is None:
        raise UserError(f"{loaded.name} has no {wanted} token to compare with.", hint="Type `--baseline zero`.")
    return wanted


def filling_token(baseline: Baseline, loaded: LoadedModel) -> int | None:
    """The token that fills; None where there is none.

    A decoder without a pad token is padded with its end of text, as usual. Zeros would not do for it: where it divides
    each vector by its length, they are a point at which the logit jumps.
    """
    tokenizer = loaded.tokenizer
    padding = tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    number = tokenizer.mask_token_id if baseline == "mask" else padding
    known = loaded.model.get_input_embeddings().num_embeddings
    return None if number is None or number >= known else int(number)


def _words(method: Method, baseline: Baseline | None, loaded: LoadedModel) -> str:
    """What the tokens are compared with, in words."""
    if baseline is None:
        return ""
    token = filling_token(baseline, loaded)
    thing = {"zero": "zeros", "remove": "nothing"}.get(baseline) or loaded.tokenizer.convert_ids_to_tokens(token)
    if method == "occlusion":
        return f"word by word, with {thing} in its place"
    return f"compared with {thing} in the place of every token but the special ones"


def _filled(setting: Setting, baseline: Baseline) -> Any:
    """The embeddings of the baseline, `[1, token, dimension]`: special tokens keep their own."""
    import torch

    embeddings = setting.embedded.own.clone()
    token = None if baseline == "zero" else filling_token(baseline, setting.loaded)
    filling = 0.0 if token is None else setting.embedded.of_token(token)
    embeddings[0, torch.from_numpy(setting.inner).to(embeddings.device)] = filling
    return embeddings


# --- the methods ---


def attribution(method: Method, setting: Setting, baseline: Baseline | None, steps: int | None) -> Attribution:
    """What a method says of the tokens.

    Args:
        method: which one.
        setting: what is explained.
        baseline: what tokens are compared with.
        steps: of integrated gradients; None takes more and more until the completeness gap is small.

    Raises:
        UserError: when captum is needed and not installed.
        StoppedError: when the user has asked to stop, and nothing of this method is finished.
    """
    said = _words(method, baseline, setting.loaded)
    if method == "input_x_gradient":
        return Attribution(method, _input_x_gradient(setting), said)
    assert baseline is not None
    if method == "occlusion":
        values = _removal(setting) if baseline == "remove" else _occlusion(setting, _filled(setting, baseline))
        return Attribution(method, values, said)
    return _integrated_gradients(setting, _filled(setting, baseline), steps, said)


def refuse_lacking_captum() -> None:
    """Say what to install for integrated gradients, before a model is loaded for it."""
    from importlib.util import find_spec

    if find_spec("captum") is None:
        raise UserError(
            "Integrated gradients need captum, which is not installed.",
            hint='Type `pip install "nbtransformers[explain]"`, or take `--method occlusion`.',
        )


def _integrated_gradients(setting: Setting, baseline: Any, steps: int | None, said: str) -> Attribution:
    way = _Way(setting, baseline)
    found: Attribution | None = None
    try:
        way.divide([(0.0, 1.0)], steps or FIRST_STEPS)
        found = way.found(said)
        while steps is None and not way.is_accounted_for and way.points < MOST_STEPS:
            way.refine()
            found = way.found(said)
    except StoppedError:
        if found is None:
            raise
    return found  # when stopped: as far as it came, with the gap that is left


@dataclass(frozen=True, slots=True)
class _Segment:
    """A part of the way: its end, its points, float64 `[token]` attributions, and what these do not account for."""

    stop: float
    points: int
    values: NDArray[np.float64]
    left: float


class _Way:
    """The straight way from a baseline to the text, in segments, each with gradients at points of its own.

    A segment's attributions sum to the difference of the logits at its two ends, but for the error of their few points.
    So it is known where the model is rough, and the points are put there: of a decoder, steps all of one length would
    have to be thousands.
    """

    def __init__(self, setting: Setting, baseline: Any) -> None:
        self._setting, self._baseline = setting, baseline
        self._whole = setting.embedded.own - baseline
        self._logits: dict[float, float] = {}
        self._segments: dict[float, _Segment] = {}
        self.points = 0

    @property
    def difference(self) -> float:
        """The logit of the text minus that of the baseline."""
        return self._logits[1.0] - self._logits[0.0]

    @property
    def _allowed(self) -> float:
        return max(GAP_WANTED * abs(self.difference), _ROUNDING * abs(self._logits[1.0]))

    @property
    def is_accounted_for(self) -> bool:
        """Whether the segments leave little enough, even if one does not make up for another."""
        return sum(abs(segment.left) for segment in self._segments.values()) <= self._allowed

    def found(self, said: str) -> Attribution:
        """The attributions by now."""
        values = np.sum([segment.values for segment in self._segments.values()], axis=0)
        left = float(values.sum()) - self.difference
        return Attribution(
            method="integrated_gradients",
            values=values.astype(np.float32),
            baseline=said,
            difference=self.difference,
            completeness_gap=left / abs(self.difference) if self.difference else None,
            segments=tuple((start, one.stop, one.points) for start, one in sorted(self._segments.items())),
        )

    def refine(self) -> None:
        """Halve the segments that leave more than their share."""
        share = self._allowed / 2
        rough = [
            (start, one.stop)
            for start, one in self._segments.items()
            if abs(one.left) > max(share / len(self._segments), share * (one.stop - start))
        ]
        halves = [(start, stop, (start + stop) / 2) for start, stop in rough]
        self.divide([part for start, stop, middle in halves for part in ((start, middle), (middle, stop))], _POINTS)

    def divide(self, parts: Sequence[tuple[float, float]], points: int) -> None:
        """Find the attributions of some parts of the way; a part of the way that is stopped leaves all as it was."""
        self._know({end for part in parts for end in part})
        at_once = max(1, self._setting.rows // points)
        found: dict[float, _Segment] = {}
        for first in range(0, len(parts), at_once):
            chosen = parts[first : first + at_once]
            for (start, stop), values in zip(chosen, self._integrated(chosen, points), strict=True):
                left = float(values.sum()) - (self._logits[stop] - self._logits[start])
                found[start] = _Segment(stop, points, values, left)
        self._segments |= found

    def _know(self, places: set[float]) -> None:
        """The logits at some places."""
        new = sorted(places - self._logits.keys())

        def logits(rows: slice) -> list[float]:
            return self._setting.logits(self._at(new[rows])).tolist()

        for rows, found in self._setting.in_passes(_TITLE, len(new), self.points, None, logits):
            self._logits |= zip(new[rows], found, strict=True)

    def _at(self, places: Sequence[float]) -> Any:
        import torch

        shares = torch.tensor(places, dtype=self._whole.dtype, device=self._whole.device)[:, None, None]
        return self._baseline + shares * self._whole

    def _integrated(self, parts: Sequence[tuple[float, float]], points: int) -> NDArray[np.float64]:
        """Float64 `[part, token]`: the mean gradient on each part of the way, times that part."""
        from captum.attr import IntegratedGradients

        starts, stops = zip(*parts, strict=True)
        values = IntegratedGradients(self._straight).attribute(
            self._at(stops),
            self._at(starts),
            n_steps=points,
            method="gausslegendre",
            internal_batch_size=max(_PASSES * self._setting.workers.number * self._setting.rows, len(parts)),
        )
        return values.cpu().double().sum(-1).numpy()  # MPS knows no doubles

    def _straight(self, embeddings: Any) -> Any:
        """The logits `[row]`, as a straight function of the embeddings that has the model's gradients at them.

        So captum finds gradients there, which several passes have made side by side.
        """
        import torch

        def gradients(rows: slice) -> tuple[Any, Any]:
            return self._setting.gradients(embeddings[rows])

        passes = self._setting.in_passes(_TITLE, len(embeddings), self.points, None, gradients)
        logits, slopes = map(torch.cat, zip(*(found for _, found in passes), strict=True))
        self.points += len(embeddings)
        return logits + ((embeddings - embeddings.detach()) * slopes).sum((1, 2))


def _input_x_gradient(setting: Setting) -> NDArray[np.float32]:
    """Float32 `[token]`: each embedding times the gradient at it."""
    setting.on_pass("Input × gradient", 0, 1, 1)
    own = setting.embedded.own
    return _by_token(own * setting.gradients(own)[1])


def _by_token(values: Any) -> NDArray[np.float32]:
    """The sum over the dimensions of `[1, token, dimension]`."""
    return values.cpu().double().sum(-1)[0].float().numpy()


def _occlusion(setting: Setting, baseline: Any) -> NDArray[np.float32]:
    """Float32 `[token]`: by how much the logit falls when a word is replaced; its tokens share it evenly."""
    own, groups = setting.embedded.own, setting.groups
    whole = setting.value(own)
    values = np.zeros(own.shape[1], np.float32)

    def without(chosen: slice) -> list[float]:
        rows = own.repeat(chosen.stop - chosen.start, 1, 1)
        for row, (start, stop) in zip(rows, groups[chosen], strict=True):
            row[start:stop] = baseline[0, start:stop]
        return setting.logits(rows).tolist()

    for chosen, logits in setting.in_passes("Occlusion", len(groups), 0, len(groups), without):
        _share(values, groups[chosen], [whole - logit for logit in logits])
    return values


def _removal(setting: Setting) -> NDArray[np.float32]:
    """As `_occlusion`, with nothing in the place of a word: what follows moves up."""
    own = setting.embedded.own
    whole, tokens = setting.value(own), own.shape[1]
    values = np.zeros(tokens, np.float32)
    by_length: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for start, stop in setting.groups:
        by_length[stop - start].append((start, stop))
    done = 0
    for groups in by_length.values():  # rows of one length need no padding

        def without(chosen: slice, groups: Groups = groups) -> list[float]:
            import torch

            kept = [[at for at in range(tokens) if not start <= at < stop] for start, stop in groups[chosen]]
            output = setting.embedded.only(torch.tensor(kept, device=own.device))
            return setting.finite(setting.goal.logit(output).float(), "logit").tolist()

        for chosen, logits in setting.in_passes("Occlusion", len(groups), done, len(setting.groups), without):
            _share(values, groups[chosen], [whole - logit for logit in logits])
        done += len(groups)
    return values


def _share(values: NDArray[np.float32], groups: Groups, falls: Sequence[float]) -> None:
    for (start, stop), fall in zip(groups, falls, strict=True):
        values[start:stop] = fall / (stop - start)
