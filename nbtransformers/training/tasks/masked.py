"""Texts with words to fill in: a column `text`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from nbtransformers.errors import UserError
from nbtransformers.loading.heads import Head
from nbtransformers.request import TrainingTask
from nbtransformers.training.tasks.task import Description, OnRows
from nbtransformers.training.tasks.texts import mapped, padding_right, tokens_of
from nbtransformers.training.tasks.tokenwise import NOTHING, Writing

if TYPE_CHECKING:
    from datasets import Dataset


class Masked(Writing):
    """Learns what stands behind masks: other ones each time, but in an evaluation always the same."""

    name: ClassVar[TrainingTask] = "masked"
    head: ClassVar[Head] = "masked"

    def encode(
        self,
        rows: Dataset,
        tokenizer: Any,
        description: Description,
        max_length: int,
        *,
        evaluation: bool = False,
        on_rows: OnRows | None = None,
    ) -> Dataset:
        """Texts to tokens; for an evaluation with masks, and `labels` for what is behind them."""
        if not evaluation:
            return mapped(rows, lambda some: tokens_of(tokenizer, some, max_length), on_rows)
        masks = _Masks(tokenizer, description.seed)

        def encoded(some: Mapping[str, list[Any]]) -> dict[str, Any]:
            tokens = tokens_of(tokenizer, some, max_length)
            inputs, labels = masks.of(tokens["input_ids"])
            return {**tokens, "input_ids": inputs, "labels": labels}

        return mapped(rows, encoded, on_rows)

    def collator(self, tokenizer: Any, model: Any) -> Any:
        """Pads, and masks what has no masks yet."""
        return _Collator(padding_right(tokenizer, model))


class _Masks:
    """Draws masks: 15% of the tokens of a row, and one at least, for a loss of nothing is no number.

    Args:
        tokenizer: the model's.
        seed: of the draw; None draws from torch's common random numbers.

    Raises:
        UserError: when the tokenizer has no mask token.
    """

    def __init__(self, tokenizer: Any, seed: int | None = None) -> None:
        import torch
        from transformers import DataCollatorForLanguageModeling

        if tokenizer.mask_token is None:
            raise UserError("The tokenizer has no mask token.", hint="Give a model that was trained with one.")
        self._tokenizer = tokenizer
        self._masking = DataCollatorForLanguageModeling(tokenizer)
        self._drawing = None if seed is None else torch.Generator().manual_seed(seed)
        self._masking.generator = self._drawing

    def of(self, rows: Sequence[list[int]]) -> tuple[list[list[int]], list[list[int]]]:
        """The tokens of some rows with masks, and the labels."""
        import torch

        size = max(map(len, rows))
        special = [self._special(row) + [1] * (size - len(row)) for row in rows]
        ids = torch.tensor([row + [0] * (size - len(row)) for row in rows])
        masked, labels = self._masking.torch_mask_tokens(ids.clone(), torch.tensor(special))
        self._mask_one(ids, masked, labels, 1 - torch.tensor(special))
        cut = [len(row) for row in rows]
        both = ([row[:length] for row, length in zip(each.tolist(), cut, strict=True)] for each in (masked, labels))
        inputs, wanted = both
        return inputs, wanted

    def _special(self, row: list[int]) -> list[int]:
        return self._tokenizer.get_special_tokens_mask(row, already_has_special_tokens=True)

    def _mask_one(self, ids: Any, masked: Any, labels: Any, ordinary: Any) -> None:
        import torch

        bare = ((labels == NOTHING).all(dim=1) & ordinary.any(dim=1)).nonzero().flatten()
        if len(bare):
            places = torch.multinomial(ordinary[bare].float(), 1, generator=self._drawing).flatten()
            labels[bare, places] = ids[bare, places]
            masked[bare, places] = self._tokenizer.mask_token_id


class _Collator:
    def __init__(self, tokenizer: Any) -> None:
        from transformers import DataCollatorForTokenClassification

        self._masks = _Masks(tokenizer)
        self._padding = DataCollatorForTokenClassification(tokenizer, label_pad_token_id=NOTHING)

    def __call__(self, rows: Sequence[dict[str, Any]]) -> Any:
        if "labels" not in rows[0]:
            inputs, labels = self._masks.of([list(row["input_ids"]) for row in rows])
            rows = [
                {**row, "input_ids": ids, "labels": wanted}
                for row, ids, wanted in zip(rows, inputs, labels, strict=True)
            ]
        return self._padding(rows)
