"""Which prediction of a model is explained: what there is to choose from, what was asked for, and its logit."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.heads import TrainedHead
from nbtransformers.errors import UserError, did_you_mean, shown
from nbtransformers.loading.heads import Head
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.plain_text import count
from nbtransformers.request import ClassifyRequest, ExplainRequest
from nbtransformers.results.attention import CONTINUES, SECOND, SPECIAL, Side
from nbtransformers.results.explanation import Target

_MOST = 10  # predictions to choose from, of those that are not labels of the text
_LONGEST_ANSWER = 30  # tokens


@dataclass(frozen=True, slots=True)
class Goal:
    """A prediction, and how its logit is read off what a model gives.

    Attributes:
        target: the prediction.
        logit: a model's output to a tensor `[row]`.
        code: the same as an expression of `outputs`, for a program.
        place: the tokens that it stands at, first and last + 1; None where it is no place in the text.
        note: what a careful reader should know of it; empty for nothing.
    """

    target: Target
    logit: Callable[[Any], Any]
    code: str
    place: tuple[int, int] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """What targets are looked for in.

    Attributes:
        request: what was asked for.
        loaded: the model.
        side: the tokens that it reads.
        second: the second text.
        output: what it makes of them.
    """

    request: ExplainRequest
    loaded: LoadedModel
    side: Side
    second: str | None
    output: Any

    @property
    def name(self) -> str:
        """What the user calls the model."""
        return self.loaded.name

    def text(self, start: int, stop: int) -> str:
        """The text of some tokens, all of one of the texts."""
        text = (self.second if self.side.flags[start] & SECOND else self.side.text) or ""
        return text[int(self.side.offsets[start, 0]) : int(self.side.offsets[stop - 1, 1])].strip()


def goal_of(head: Head, read: Reader) -> tuple[Goal, tuple[Target, ...]]:
    """What is to be explained, and what else could be.

    Raises:
        UserError: when the model has no such prediction.
    """
    return _GOALS[head](read)


# --- a label of the text ---


def _label(read: Reader) -> tuple[Goal, tuple[Target, ...]]:
    head = TrainedHead(ClassifyRequest(read.request.data), read.loaded)
    logits = _array(read.output.logits)[0]
    likely = _probabilities(logits, head.problem)
    targets = [
        Target("label", name, name, float(logit), None if likely is None else float(likely[number]))
        for number, (name, logit) in enumerate(zip(head.labels, logits, strict=True))
    ]
    number = int(logits.argmax()) if read.request.target is None else _label_number(head.labels, read)
    goal = Goal(targets[number], lambda output: output.logits[:, number], f"outputs.logits[:, {number}]")
    order = np.argsort(-logits, kind="stable").tolist()
    return goal, tuple(targets[one] for one in order)


def _probabilities(logits: NDArray[np.float32], problem: str) -> NDArray[np.float64] | None:
    from scipy.special import expit, softmax

    if problem == "regression":
        return None
    return (softmax if problem == "single_label" else expit)(logits.astype(np.float64))


def _label_number(labels: Sequence[str], read: Reader) -> int:
    wanted = (read.request.target or "").strip()
    for names in (labels, [label.casefold() for label in labels]):
        key = wanted if names is labels else wanted.casefold()
        if key in names:
            return names.index(key)
    if re.fullmatch(r"\d+", wanted) and int(wanted) < len(labels):
        return int(wanted)
    raise UserError(
        f"{read.name} has no label {shown(wanted)}.", hint=did_you_mean(wanted, labels, what="Its labels are")
    )


# --- a span of a token classifier ---


def _span(read: Reader) -> tuple[Goal, tuple[Target, ...]]:
    logits = _array(read.output.logits)[0]
    labels = [str(read.loaded.model.config.id2label.get(number, number)) for number in range(logits.shape[1])]
    spans = _tagged(read.side, [labels[number] for number in logits.argmax(1)])
    goals = [_span_goal(read, logits, labels, span, None) for span in spans]
    goals.sort(key=lambda goal: -(goal.target.probability or 0.0))
    goal = goals[0] if read.request.target is None else _wanted_span(read, logits, labels, goals)
    return goal, tuple(one.target for one in goals[:_MOST])


def _tagged(side: Side, labels: Sequence[str]) -> list[tuple[int, int]]:
    """The spans that are predicted: words of one type, one behind the other; where there is none, every word."""
    spans: list[tuple[int, int]] = []
    words = _words(side)
    last = ""
    for start, stop in words:
        prefix, _, kind = labels[start].rpartition("-")
        if labels[start] == "O":
            last = ""
        elif kind == last and prefix not in ("B", "S", "U"):
            spans[-1] = spans[-1][0], stop
        else:
            spans.append((start, stop))
            last = kind
    return spans or words


def _words(side: Side) -> list[tuple[int, int]]:
    """Where the tokens of each word begin and end; special tokens are of none."""
    inner = np.flatnonzero((side.flags & SPECIAL) == 0)
    begins = [int(token) for token in inner if not side.flags[token] & CONTINUES]
    stops = [
        next((at for at in range(start + 1, len(side)) if not side.flags[at] & CONTINUES), len(side))
        for start in begins
    ]
    return list(zip(begins, stops, strict=True))


def _span_goal(
    read: Reader, logits: NDArray[np.float32], labels: Sequence[str], span: tuple[int, int], label: int | None
) -> Goal:
    start, stop = span
    numbers = logits[start:stop].argmax(1).tolist() if label is None else [label] * (stop - start)
    at = list(range(start, stop))
    likely = _probabilities(logits[start:stop], "single_label")
    assert likely is not None
    offsets = read.side.offsets
    kinds = list(dict.fromkeys(labels[number] for number in numbers))
    asked = f"@{int(offsets[start, 0])}-{int(offsets[stop - 1, 1])}" + ("" if label is None else f"={labels[label]}")
    target = Target(
        kind="span",
        name=f"{read.text(start, stop)} · {', '.join(kinds)}",
        asked=asked,
        logit=float(logits[at, numbers].mean()),
        probability=float(likely[range(len(at)), numbers].mean()),
    )
    return Goal(
        target,
        lambda output: output.logits[:, at, numbers].mean(1),
        f"outputs.logits[:, {at}, {numbers}].mean(dim=1)",
        span,
    )


def _wanted_span(read: Reader, logits: NDArray[np.float32], labels: Sequence[str], goals: Sequence[Goal]) -> Goal:
    wanted = (read.request.target or "").strip()
    of_label = [goal for goal in goals if wanted in goal.target.name.rpartition(" · ")[2].split(", ")]
    if wanted in labels and of_label:
        return of_label[0]
    text, equals, name = wanted.rpartition("=")
    label = labels.index(name) if equals and name in labels else None
    if equals and label is None and _place(read, wanted) is None:
        raise UserError(
            f"{read.name} has no label {shown(name)}.", hint=did_you_mean(name, labels, what="Its labels are")
        )
    span = _place(read, wanted if label is None else text)
    if span is None:
        raise _not_in_text(wanted)
    return _span_goal(read, logits, labels, span, label)


def _place(read: Reader, wanted: str) -> tuple[int, int] | None:
    """The tokens of a piece of the text: the first place where it stands, or `@start-stop` in code points.

    Of a pair it is looked for in the second text, where question answering has its answers.
    """
    text = read.second if read.second is not None else read.side.text or ""
    numbered = re.fullmatch(r"@(\d+)-(\d+)", wanted)
    if numbered:
        start, stop = int(numbered[1]), int(numbered[2])
    else:
        spelt = re.escape(wanted)
        # Not in a folded text, whose places are others: ß becomes two letters.
        there = re.search(spelt, text) or re.search(spelt, text, re.IGNORECASE)
        if there is None:
            return None
        start, stop = there.span()
    own = ((read.side.flags & SECOND) > 0) == (read.second is not None)
    offsets = read.side.offsets
    inside = np.flatnonzero(own & (read.side.flags & SPECIAL == 0) & (offsets[:, 0] < stop) & (offsets[:, 1] > start))
    return (int(inside[0]), int(inside[-1]) + 1) if len(inside) else None


def _not_in_text(wanted: str) -> UserError:
    return UserError(f"{shown(wanted)} is not in what the model reads of the text.", hint="Give a piece of the text.")


# --- an answer within the text ---


def _answer(read: Reader) -> tuple[Goal, tuple[Target, ...]]:
    from scipy.special import softmax

    start, end = (_array(logits)[0].astype(np.float64) for logits in (read.output.start_logits, read.output.end_logits))
    if read.second is None:
        raise UserError("There is no question to answer.", hint='Type `--question "Who wrote it?"`.')
    likely = softmax(start), softmax(end)

    def goal(span: tuple[int, int]) -> Goal:
        first, last = span[0], span[1] - 1
        offsets = read.side.offsets
        target = Target(
            kind="answer",
            name=read.text(*span),
            asked=f"@{int(offsets[first, 0])}-{int(offsets[last, 1])}",
            logit=float(start[first] + end[last]),
            probability=float(likely[0][first] * likely[1][last]),
        )
        return Goal(
            target,
            lambda output: output.start_logits[:, first] + output.end_logits[:, last],
            f"outputs.start_logits[:, {first}] + outputs.end_logits[:, {last}]",
            span,
        )

    spans = _best_spans(read.side, start, end)
    if not spans:
        raise UserError(
            "No token of the text is left to answer with.", hint="Give a longer text, or a shorter question."
        )
    if read.request.target is None:
        wanted = spans[0]
    else:
        found = _place(read, read.request.target.strip())
        if found is None:
            raise _not_in_text(read.request.target)
        wanted = found
    return goal(wanted), tuple(goal(span).target for span in spans)


def _best_spans(side: Side, start: NDArray[np.float64], end: NDArray[np.float64]) -> list[tuple[int, int]]:
    """The likeliest spans of the second text, no two of which overlap."""
    inner = np.flatnonzero(((side.flags & SECOND) > 0) & (side.flags & SPECIAL == 0))
    scores = np.full((len(inner), _LONGEST_ANSWER), -np.inf)
    for length in range(min(_LONGEST_ANSWER, len(inner))):
        scores[: len(inner) - length, length] = start[inner[: len(inner) - length]] + end[inner[length:]]
    found: list[tuple[int, int]] = []
    for best in np.argsort(-scores, axis=None, kind="stable").tolist():
        first, length = divmod(best, _LONGEST_ANSWER)
        if len(found) == 5 or not np.isfinite(scores[first, length]):
            break
        span = int(inner[first]), int(inner[first + length]) + 1
        if all(span[1] <= other[0] or span[0] >= other[1] for other in found):
            found.append(span)
    return found


# --- a token: the next one, or one behind a mask ---


def _next(read: Reader) -> tuple[Goal, tuple[Target, ...]]:
    return _token("next", read, -1)


def _mask(read: Reader) -> tuple[Goal, tuple[Target, ...]]:
    mask = read.loaded.tokenizer.mask_token_id
    at = [] if mask is None else np.flatnonzero(read.side.ids == mask).tolist()
    if not at:
        token = read.loaded.tokenizer.mask_token
        if mask is None:
            raise UserError(
                f"The tokenizer of {read.loaded.name} has no mask, whose word could be explained.",
                hint="Give a classifier or a causal LM.",
            )
        raise UserError(f"The text has no mask {token} whose word could be explained.", hint="Put one where a word is.")
    goal, targets = _token("mask", read, at[0])
    if len(at) > 1:
        note = f"The text has {len(at)} masks: the first is explained, while the others stay."
        goal = Goal(goal.target, goal.logit, goal.code, goal.place, " ".join(filter(None, [note, goal.note])))
    return goal, targets


def _token(kind: Any, read: Reader, at: int) -> tuple[Goal, tuple[Target, ...]]:
    from scipy.special import softmax

    logits = _array(read.output.logits[:, at])[0]
    likely = softmax(logits.astype(np.float64))

    def target(number: int) -> Target:
        name = read.loaded.tokenizer.decode([number]) or read.loaded.tokenizer.convert_ids_to_tokens(number)
        return Target(kind, str(name), f"#{number}", float(logits[number]), float(likely[number]))

    best = np.argsort(-logits, kind="stable")[:_MOST].tolist()
    number, note = (best[0], "") if read.request.target is None else _token_number(read, len(logits), kind)
    goal = Goal(
        target(number),
        lambda output: output.logits[:, 0 if output.logits.shape[1] == 1 else at, number],  # some give it alone
        f"outputs.logits[:, {at}, {number}]",
        None if at < 0 else (at, at + 1),
        note,
    )
    return goal, tuple(map(target, best))


def _token_number(read: Reader, vocabulary: int, kind: str) -> tuple[int, str]:
    """The token that is asked for, as the text would go on with it, and what there is to say of it."""
    wanted = read.request.target or ""
    numbered = re.fullmatch(r"#(\d+)", wanted.strip())
    if numbered:
        if int(numbered[1]) >= vocabulary:
            raise UserError(
                f"{read.name} has no token {numbered[1]}.", hint=f"Its tokens are numbered from 0 to {vocabulary - 1}."
            )
        return int(numbered[1]), ""
    tokenizer = read.loaded.tokenizer
    # Many vocabularies have a word with the space before it.
    spelt = [tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"] for text in (f" {wanted}", wanted)]
    ids = min(filter(None, spelt), key=len, default=[])
    if not ids or ids[0] == tokenizer.unk_token_id:
        raise UserError(f"{read.name} has no token for the target {shown(wanted)}.", hint="Give another word.")
    if len(ids) == 1:
        return int(ids[0]), ""
    first = shown(str(tokenizer.decode(ids[:1])))
    return int(ids[0]), f"The target {shown(wanted)} is {count(len(ids), 'token')}: the first, {first}, is explained."


def _array(tensor: Any) -> NDArray[np.float32]:
    return tensor.detach().float().cpu().numpy()


_GOALS: dict[Head, Callable[[Reader], tuple[Goal, tuple[Target, ...]]]] = {
    "classifier": _label,
    "tokens": _span,
    "spans": _answer,
    "causal": _next,
    "masked": _mask,
}
