"""A text to another, such as a summary or a translation: columns `text`, and `label`, what is to be written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from nbtransformers.loading.heads import Head
from nbtransformers.request import TrainingTask
from nbtransformers.training.tasks.task import Description
from nbtransformers.training.tasks.texts import mapped, padding_right, tokens_of
from nbtransformers.training.tasks.tokenwise import NOTHING, Writing

if TYPE_CHECKING:
    from datasets import Dataset


class Seq2Seq(Writing):
    """Learns to write one text for another."""

    name: ClassVar[TrainingTask] = "seq2seq"
    head: ClassVar[Head] = "seq2seq"

    def encode(
        self, rows: Dataset, tokenizer: Any, description: Description, max_length: int, *, evaluation: bool = False
    ) -> Dataset:
        """Texts to tokens; `labels` are the tokens of what is to be written."""

        def encoded(some: Mapping[str, list[Any]]) -> dict[str, Any]:
            cut: dict[str, Any] = {"truncation": True, "max_length": max_length} if max_length else {}
            written = tokenizer(text_target=some["label"], verbose=False, **cut)
            return {**tokens_of(tokenizer, some, max_length), "labels": written["input_ids"]}

        return mapped(rows, encoded)

    def collator(self, tokenizer: Any, model: Any) -> Any:
        """Pads texts and labels, and makes what the decoder reads of the latter."""
        from transformers import DataCollatorForSeq2Seq

        return DataCollatorForSeq2Seq(padding_right(tokenizer, model), model, label_pad_token_id=NOTHING)
