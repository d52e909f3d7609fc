"""A text to another, such as a summary or a translation: columns `text`, and `label`, what is to be written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from nbtransformers.loading.heads import Head
from nbtransformers.request import TrainingTask
from nbtransformers.training.tasks.task import Description, Evaluated, OnRows, Report
from nbtransformers.training.tasks.texts import cut, mapped, mistakes, padding_right, tokens_of
from nbtransformers.training.tasks.tokenwise import NOTHING, Writing
from nbtransformers.training.tasks.written import METRICS, nearness

if TYPE_CHECKING:
    from datasets import Dataset


class Seq2Seq(Writing):
    """Learns to write one text for another."""

    name: ClassVar[TrainingTask] = "seq2seq"
    head: ClassVar[Head] = "seq2seq"
    metric_names: ClassVar[tuple[str, ...]] = (*Writing.metric_names, *METRICS)
    writes: ClassVar[bool] = True

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
        """Texts to tokens; `labels` are the tokens of what is to be written."""

        def encoded(some: Mapping[str, list[Any]]) -> dict[str, Any]:
            limit: dict[str, Any] = {"truncation": True, "max_length": max_length} if max_length else {}
            written = tokenizer(text_target=some["label"], verbose=False, **limit)
            return {**tokens_of(tokenizer, some, max_length), "labels": written["input_ids"]}

        return mapped(rows, encoded, on_rows)

    def collator(self, tokenizer: Any, model: Any) -> Any:
        """Pads texts and labels, and makes what the decoder reads of the latter."""
        from transformers import DataCollatorForSeq2Seq

        return DataCollatorForSeq2Seq(padding_right(tokenizer, model), model, label_pad_token_id=NOTHING)

    def metrics(self, evaluated: Evaluated) -> dict[str, float]:
        """`perplexity` and `token_accuracy`, and how near the texts that it wrote come: ROUGE, BLEU and chrF."""
        found = super().metrics(evaluated)
        if evaluated.written:
            references = [str(evaluated.rows[row]["label"]) for row in evaluated.written]
            found |= nearness(list(evaluated.written.values()), references)
        return found

    def report(self, evaluated: Evaluated) -> Report:
        """Of the rows for which it wrote, those with the greatest losses whose text is another."""
        if not evaluated.written:
            return super().report(evaluated)
        expected = {row: str(evaluated.rows[row]["label"]) for row in evaluated.written}
        wrong = [row for row, text in evaluated.written.items() if text != expected[row].strip()]

        def told(row: int) -> dict[str, Any]:
            return {"expected": cut(expected[row]), "predicted": cut(evaluated.written[row])}

        return Report(mistakes=mistakes(evaluated, evaluated.predictions[1], told, wrong))
