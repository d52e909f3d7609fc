"""One batch through `model.generate`, watched: every token with its probability and what might have stood there.

Probabilities are the model's own: the softmax of its logits at temperature 1, before penalties, forced tokens,
temperature, top-k or top-p change them. Of each step only the chosen token and the likeliest few are kept.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from nbtransformers.engine.detokenizing import Detokenizer
from nbtransformers.engine.forcedend import at_own_limits
from nbtransformers.engine.generation_config import (
    end_tokens,
    generation_config,
    is_beam_search,
    is_sampling,
    start_token,
)
from nbtransformers.interrupt import Stop
from nbtransformers.results.generation import ALTERNATIVES, Ending

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """What one row begins with.

    Attributes:
        row: its number among all rows; its random numbers depend on it, and on no other row.
        ids: int64 `[token]`, what the model reads: the beginning of the text, or what an encoder is given.
        most: new tokens at most.
        limit: why there may be no more.
        begun: int64 `[token]`, of an encoder-decoder: tokens that stand already at the beginning of the new text.
        context: tokens that the new text goes on with, where it is a part of the same text.
    """

    row: int
    ids: NDArray[np.int64]
    most: int
    limit: Literal["length", "end of context"] = "length"
    begun: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    context: Sequence[int] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Continuation:
    """The new tokens of one row; the end of the text is one of them.

    Attributes:
        ids: int32 `[token]`.
        pieces: the text that each adds; joined they are the text.
        probabilities: float32 `[token]`, of each, by the model alone.
        top_ids: int32 `[token, alternative]`, the tokens that were likeliest in its place, the likeliest first.
        top_probabilities: float32 `[token, alternative]`, theirs.
        ending: why there are no more; None while there may be.
    """

    ids: NDArray[np.int32]
    pieces: list[str]
    probabilities: NDArray[np.float32]
    top_ids: NDArray[np.int32]
    top_probabilities: NDArray[np.float32]
    ending: Ending | None

    @property
    def text(self) -> str:
        """The new text, special tokens left out."""
        return "".join(self.pieces)


OnStep = Callable[[Callable[[], list[Continuation]]], None]


@dataclass(frozen=True, slots=True)
class Decoding:
    """How tokens are chosen.

    Attributes:
        options: fields of `GenerationConfig`; what is not among them is as the model's own settings say.
        seed: row `i` is drawn as plain Transformers would draw it alone after `torch.manual_seed(seed + i)`.
        stop_strings: a row ends with the token that completes one of them.
    """

    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    seed: int = 0
    stop_strings: tuple[str, ...] = ()


def decode(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[Prompt],
    decoding: Decoding,
    stop: Stop = lambda: False,
    on_step: OnStep = lambda rows: None,
) -> list[Continuation]:
    """The new tokens of one batch.

    Args:
        model: one that can generate, on its device; nobody else uses it meanwhile.
        tokenizer: its tokenizer.
        prompts: the rows; those of an encoder-decoder have equally many tokens that stand already.
        decoding: how tokens are chosen.
        stop: asked at every step; then what came so far is kept.
        on_step: told at every step how the rows can be had as they stand; a beam search has none before its end.

    Example:
        >>> decode(model, tokenizer, [Prompt(0, np.array(tokenizer("The capital").input_ids), most=5)], Decoding())
    """
    import torch

    config = generation_config(model, decoding.options, max(prompt.most for prompt in prompts))
    watch = _BeamWatch if is_beam_search(config) else _StepWatch
    watcher = watch(_Batch(model, tokenizer, prompts, config, decoding), stop, on_step)
    with torch.inference_mode():
        sequences = model.generate(
            **_inputs(model, prompts, config), generation_config=config, custom_generate=watcher.run
        )
        return watcher.rows(sequences)


def _inputs(model: Any, prompts: Sequence[Prompt], config: Any) -> dict[str, Any]:
    import torch

    width = max(len(prompt.ids) for prompt in prompts)
    ids = np.full((len(prompts), width), config.pad_token_id, np.int64)
    mask = np.zeros_like(ids)
    left = not model.config.is_encoder_decoder  # new tokens follow the last one of every row
    for row, prompt in enumerate(prompts):
        place = slice(width - len(prompt.ids), width) if left else slice(0, len(prompt.ids))
        ids[row, place], mask[row, place] = prompt.ids, 1
    inputs = {"input_ids": ids, "attention_mask": mask}
    if len(prompts[0].begun):
        start = [start_token(config)]
        inputs["decoder_input_ids"] = np.stack([np.concatenate([start, prompt.begun]) for prompt in prompts])
    return {name: torch.from_numpy(value).to(model.device) for name, value in inputs.items()}


# --- watching ---


class _Batch:
    """What both ways to watch have in common: the rows, and when one is at its end."""

    def __init__(self, model: Any, tokenizer: Any, prompts: Sequence[Prompt], config: Any, decoding: Decoding) -> None:
        self.model, self.tokenizer, self.prompts = model, tokenizer, prompts
        self.config, self.decoding = config, decoding
        self.ends = frozenset(end_tokens(config))
        # Where the new tokens begin in what `generate` hands about.
        self.start = 1 + len(prompts[0].begun)
        if not model.config.is_encoder_decoder:
            self.start = max(len(prompt.ids) for prompt in prompts)

    def free_of_others(self, processors: list[Any]) -> None:
        """Have no row depend on how long the others may become."""
        at_own_limits(processors, [prompt.most for prompt in self.prompts], self.start)


class _Step:
    __slots__ = ("ids", "probabilities", "top")

    def __init__(self, ids: NDArray[np.int64], probabilities: NDArray[np.float32], top: NDArray[np.int32]) -> None:
        self.ids, self.probabilities, self.top = ids, probabilities, top


class _StepWatch:
    """Sees every step of a batch that is decoded greedily or drawn: what the model says, then what was chosen."""

    def __init__(self, batch: _Batch, stop: Stop, on_step: OnStep) -> None:
        self._batch, self._stop, self._on_step = batch, stop, on_step
        self._texts = [_Text(batch.tokenizer, prompt) for prompt in batch.prompts]
        self._endings: list[Ending | None] = [None] * len(batch.prompts)
        self._lengths = np.zeros(len(batch.prompts), dtype=np.int64)
        self._steps: list[_Step] = []
        self._said: Any = None

    def run(self, model: Any, input_ids: Any, **prepared: Any) -> Any:
        """In the place of the last step of `generate`: all is prepared, and the loop itself is Transformers' own."""
        self._batch.free_of_others(prepared["logits_processor"])
        prepared["logits_processor"].insert(0, self._hear)
        if is_sampling(prepared["generation_config"]):
            draw = _Draw(self._batch.prompts, self._batch.decoding.seed, input_ids.device)
            prepared["logits_processor"].append(draw)
        prepared["stopping_criteria"].append(self._see)
        return type(model)._sample(model, input_ids, **prepared)

    def _hear(self, input_ids: Any, logits: torch.Tensor) -> torch.Tensor:
        """What the model says, float32 `[row, token]`, before anything changes it."""
        self._said = logits.log_softmax(-1)
        return logits

    def _see(self, input_ids: torch.Tensor, _: Any) -> torch.Tensor:
        """Which token each row got; bool `[row]`, whether it has its last one."""
        import torch

        chosen = input_ids[:, -1:]
        best = self._said.topk(min(ALTERNATIVES, self._said.shape[-1]))
        probabilities = torch.cat([self._said.gather(1, chosen), best.values], 1).exp()
        self._said = None
        # All in one copy from the device; a float holds every number up to 2**24, and so every token's.
        found = torch.cat([chosen.float(), probabilities, best.indices.float()], 1).cpu().numpy()
        alternatives = best.indices.shape[1]
        ids, top = found[:, 0].astype(np.int64), found[:, -alternatives:].astype(np.int32)
        self._add(_Step(ids, found[:, 1 : 2 + alternatives].copy(), top))
        self._on_step(self._as_they_stand)
        return torch.tensor([ending is not None for ending in self._endings], device=input_ids.device)

    def _add(self, step: _Step) -> None:
        self._steps.append(step)
        stopping = self._stop()
        for row, ending in enumerate(self._endings):
            if ending is None:
                self._lengths[row] += 1
                self._endings[row] = self._ending(row, int(step.ids[row]), stopping)

    def _ending(self, row: int, token: int, stopping: bool) -> Ending | None:
        batch, prompt = self._batch, self._batch.prompts[row]
        if token in batch.ends:
            return "end of text"
        if batch.decoding.stop_strings and self._texts[row].completes(token, batch.decoding.stop_strings):
            return "stop string"
        if self._lengths[row] >= prompt.most:
            return prompt.limit
        return "stopped" if stopping else None

    def rows(self, _: Any) -> list[Continuation]:
        """What each row got."""
        return self._as_they_stand()

    def _as_they_stand(self) -> list[Continuation]:
        ids = np.stack([step.ids for step in self._steps]).astype(np.int32)
        probabilities = np.stack([step.probabilities for step in self._steps])
        top = np.stack([step.top for step in self._steps])
        found: list[Continuation] = []
        for row, (text, ending) in enumerate(zip(self._texts, self._endings, strict=True)):
            own = slice(0, int(self._lengths[row]))
            pieces = text.pieces(ids[own, row].tolist(), whole=ending is not None)
            likely = probabilities[own, row]
            found.append(Continuation(ids[own, row], pieces, likely[:, 0], top[own, row], likely[:, 1:], ending))
        return found


class _Text:
    """The text of one row, read token by token as far as it is asked for."""

    def __init__(self, tokenizer: Any, prompt: Prompt) -> None:
        self._detokenizer = Detokenizer(tokenizer, [*prompt.context, *prompt.begun.tolist()])
        self._pieces: list[str] = []
        self._whole = False

    def completes(self, token: int, stop_strings: Sequence[str]) -> bool:
        """Whether a stop string ends with the text of the next token."""
        piece = self._detokenizer.add(token)
        self._pieces.append(piece)
        longest = max(map(len, stop_strings))
        tail = ""
        for part in reversed(self._pieces):
            if len(tail) >= longest + len(piece):
                break
            tail = part + tail
        return any(wanted in tail for wanted in stop_strings)

    def pieces(self, ids: list[int], whole: bool) -> list[str]:
        """What each token adds; `whole` when none will follow."""
        self._pieces += map(self._detokenizer.add, ids[len(self._pieces) :])
        if whole and not self._whole and self._pieces:
            self._pieces[-1] += self._detokenizer.rest()
            self._whole = True
        return self._pieces[: len(ids)]


class _Draw:
    """Draws the token of every row by random numbers of its own, so that no row depends on what else is in its batch.

    What it gives leaves only the drawn token possible.
    """

    def __init__(self, prompts: Sequence[Prompt], seed: int, device: Any) -> None:
        import torch

        self._generators = [torch.Generator(device).manual_seed(seed + prompt.row) for prompt in prompts]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        import torch

        probabilities = scores.softmax(-1)
        drawn = [
            torch.multinomial(probabilities[row : row + 1], num_samples=1, generator=generator)
            for row, generator in enumerate(self._generators)
        ]
        return torch.full_like(scores, float("-inf")).scatter_(1, torch.cat(drawn), 0.0)


class _BeamWatch:
    """Ends a beam search where a row is to end; what its best text is, is only known afterwards."""

    def __init__(self, batch: _Batch, stop: Stop, on_step: OnStep) -> None:
        self._batch, self._stop, self._on_step = batch, stop, on_step
        self._stopped = False

    def run(self, model: Any, input_ids: Any, **prepared: Any) -> Any:
        """In the place of the last step of `generate`, as above."""
        self._batch.free_of_others(prepared["logits_processor"])
        prepared["stopping_criteria"].append(self._see)
        return type(model)._beam_search(model, input_ids, **prepared)

    def _see(self, input_ids: torch.Tensor, _: Any) -> torch.Tensor:
        """Which candidates have their last token: bool `[row * candidate]`."""
        import torch

        batch = self._batch
        self._stopped |= self._stop()
        self._on_step(list)
        length = input_ids.shape[1] - batch.start
        each = input_ids.shape[0] // len(batch.prompts)
        ended = np.repeat([self._stopped or length >= prompt.most for prompt in batch.prompts], each)
        if batch.decoding.stop_strings:
            ended |= [self._holds_stop_string(ids) for ids in input_ids[:, batch.start :].tolist()]
        return torch.from_numpy(ended).to(input_ids.device)

    def _holds_stop_string(self, ids: list[int]) -> bool:
        text = self._batch.tokenizer.decode(ids, skip_special_tokens=True)
        return any(wanted in text for wanted in self._batch.decoding.stop_strings)

    def rows(self, sequences: Any) -> list[Continuation]:
        """What each row got, its probabilities by one more look of the model at the text that won."""
        found: list[Continuation] = []
        for prompt, sequence in zip(self._batch.prompts, sequences.tolist(), strict=True):
            text = _Text(self._batch.tokenizer, prompt)
            ids, ending = self._new(sequence[self._batch.start :], prompt, text)
            likely, top = forced(self._batch.model, prompt, ids, self._batch.config)
            pieces = text.pieces(ids, whole=True)
            found.append(Continuation(np.array(ids, np.int32), pieces, likely[:, 0], top, likely[:, 1:], ending))
        return found

    def _new(self, new: list[int], prompt: Prompt, text: _Text) -> tuple[list[int], Ending]:
        """The tokens of one row without what fills it up, and why there are no more."""
        stop_strings = self._batch.decoding.stop_strings
        for place, token in enumerate(new[: prompt.most], start=1):
            if token in self._batch.ends:
                return new[:place], "end of text"
            if stop_strings and text.completes(token, stop_strings):
                return new[:place], "stop string"
        return new[: prompt.most], prompt.limit if len(new) >= prompt.most else "stopped"


def forced(
    model: Any, prompt: Prompt, ids: Sequence[int], config: Any
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """What the model says of each token of a text that is there already, all at once.

    Returns:
        Float32 `[token, 1 + alternative]`, the probability of each token and those of the likeliest; and int32
        `[token, alternative]`, which these are.
    """
    import torch

    new = torch.tensor([list(ids)], device=model.device)
    with torch.inference_mode():
        said = _said(model, prompt, new, config)[0, -len(ids) :].float().log_softmax(-1)
        best = said.topk(min(ALTERNATIVES, said.shape[-1]))
        probabilities = torch.cat([said.gather(1, new[0, :, None]), best.values], 1).exp()
    return probabilities.cpu().numpy(), best.indices.to(torch.int32).cpu().numpy()


def _said(model: Any, prompt: Prompt, new: torch.Tensor, config: Any) -> torch.Tensor:
    import torch

    def row(*parts: Any) -> torch.Tensor:
        return torch.cat([torch.as_tensor(np.asarray(part, np.int64), device=model.device) for part in parts])[None]

    before = row(prompt.ids)
    if model.config.is_encoder_decoder:
        begun = row([start_token(config)], prompt.begun)
        return model(input_ids=before, decoder_input_ids=torch.cat([begun, new[:, :-1]], 1), use_cache=False).logits
    kept = {"logits_to_keep": new.shape[1]} if "logits_to_keep" in inspect.signature(model.forward).parameters else {}
    return model(input_ids=torch.cat([before, new[:, :-1]], 1), use_cache=False, **kept).logits
