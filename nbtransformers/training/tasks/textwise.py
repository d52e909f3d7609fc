"""What tasks with one label, number or set of labels for a whole text do alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from nbtransformers.loading.heads import Head
from nbtransformers.training.tasks.task import Description, OnRows
from nbtransformers.training.tasks.texts import first_output, mapped, padding_right, tokens_of

if TYPE_CHECKING:
    from datasets import Dataset


class Textwise:
    """Learns what stands in the column `label` of a text, or of a pair of texts."""

    head: ClassVar[Head] = "classifier"
    writes: ClassVar[bool] = False

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
        """Texts to tokens; `labels` is what stands in `label`."""

        def encoded(some: Mapping[str, list[Any]]) -> dict[str, Any]:
            return {**tokens_of(tokenizer, some, max_length), "labels": some["label"]}

        return mapped(rows, encoded, on_rows)

    def collator(self, tokenizer: Any, model: Any) -> Any:
        """Pads what the tokenizer gave."""
        from transformers import DataCollatorWithPadding

        return DataCollatorWithPadding(padding_right(tokenizer, model))

    def kept(self, logits: Any, labels: Any) -> Any:
        """The logits `[row, label]`; of a number `[row, 1]`."""
        return first_output(logits)
