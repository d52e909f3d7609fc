"""The end that some models are told to give a text that is cut off: in a batch, for each row at its own limit.

Transformers puts it where the longest row of a batch has its limit; a row alone has it at its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def at_own_limits(processors: list[Any], limits: Sequence[int], start: int) -> None:
    """Have a text end at the limit of its row, wherever it is to end at that of the batch.

    Args:
        processors: of logits, as `generate` has prepared them; they are changed.
        limits: new tokens at most, of each row.
        start: where new tokens begin.
    """
    from transformers import ForcedEOSTokenLogitsProcessor

    for place, processor in enumerate(processors):
        if isinstance(processor, ForcedEOSTokenLogitsProcessor):
            processors[place] = _ForcedEnd(processor.eos_token_id, limits, start)


class _ForcedEnd:
    """Leaves nothing but the end possible for the last token of each row.

    Args:
        ends: the tokens that end a text.
        limits: new tokens at most, of each row.
        start: where new tokens begin.
    """

    def __init__(self, ends: torch.Tensor, limits: Sequence[int], start: int) -> None:
        self._ends, self._limits, self._start = ends, limits, start

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        import torch

        written = input_ids.shape[1] - self._start
        last = torch.tensor([written == limit - 1 for limit in self._limits], device=scores.device)
        last = last.repeat_interleave(len(scores) // len(last))  # a row may have several beams
        forced = torch.full_like(scores, float("-inf"))
        forced[:, self._ends] = 0
        return torch.where(last[:, None], forced, scores)
