"""Texts to go on with: `text`; or `text` and `label`, a prompt and what follows; or `messages`, a chat as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from nbtransformers.errors import UserError
from nbtransformers.loading.heads import Head
from nbtransformers.request import TrainingTask
from nbtransformers.training.tasks.task import Description, OnRows
from nbtransformers.training.tasks.texts import mapped, padding_right
from nbtransformers.training.tasks.tokenwise import NOTHING, Writing

if TYPE_CHECKING:
    from datasets import Dataset


class Causal(Writing):
    """Learns to go on with a text: every token from those before it.

    Of a prompt and what follows only the latter is learnt, and of a conversation only what the assistant says.
    """

    name: ClassVar[TrainingTask] = "causal"
    head: ClassVar[Head] = "causal"
    next_token: ClassVar[bool] = True

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
        """Texts to tokens; `labels` are those of them that are learnt."""

        def encoded(some: Mapping[str, list[Any]]) -> dict[str, Any]:
            if "messages" in some:
                parts = [_conversation(tokenizer, json.loads(messages)) for messages in some["messages"]]
            elif "label" in some:
                parts = [_prompted(tokenizer, *both) for both in zip(some["text"], some["label"], strict=True)]
            else:
                parts = [_whole(tokenizer, text) for text in some["text"]]
            parts = [_cut(*part, max_length) for part in parts]
            return {
                "input_ids": [ids for ids, _ in parts],
                "attention_mask": [[1] * len(ids) for ids, _ in parts],
                "labels": [labels for _, labels in parts],
            }

        return mapped(rows, encoded, on_rows)

    def collator(self, tokenizer: Any, model: Any) -> Any:
        """Pads tokens and labels."""
        from transformers import DataCollatorForTokenClassification

        return DataCollatorForTokenClassification(padding_right(tokenizer, model), label_pad_token_id=NOTHING)


Learnt = tuple[list[int], list[int]]
"""The tokens of a row, and its labels."""


def _cut(ids: list[int], labels: list[int], limit: int) -> Learnt:
    """As many tokens as are read: the first ones, or the last where nothing is to be learnt of the first."""
    if not limit or len(ids) <= limit:
        return ids, labels
    if any(label != NOTHING for label in labels[1:limit]):
        return ids[:limit], labels[:limit]
    return ids[-limit:], labels[-limit:]


def _whole(tokenizer: Any, text: str) -> Learnt:
    ids = _ended(tokenizer, _ids(tokenizer, text))
    return ids, list(ids)


def _prompted(tokenizer: Any, prompt: str, follows: str) -> Learnt:
    before = _ids(tokenizer, prompt)
    if before and before[-1] == tokenizer.eos_token_id:  # some tokenizers end every text
        before.pop()
    space = "" if not prompt or prompt[-1].isspace() or follows[:1].isspace() else " "
    after = _ended(tokenizer, tokenizer(space + follows, add_special_tokens=False, verbose=False)["input_ids"])
    return before + after, [NOTHING] * len(before) + after


def _ids(tokenizer: Any, text: str) -> list[int]:
    return list(tokenizer(text, verbose=False)["input_ids"])


def _ended(tokenizer: Any, ids: list[int]) -> list[int]:
    """With the token that ends a text, so that a model learns when it is through."""
    end = tokenizer.eos_token_id
    return ids if end is None or ids[-1:] == [end] else [*ids, end]


def _conversation(tokenizer: Any, messages: list[dict[str, Any]]) -> Learnt:
    ids = _templated(tokenizer, messages)
    if re.search(r"\{%-?\s*generation", tokenizer.chat_template):
        given = tokenizer.apply_chat_template(messages, return_dict=True, return_assistant_tokens_mask=True)
        spoken = [bool(one) for one in given["assistant_masks"]]
    else:
        spoken = _spoken(tokenizer, messages, ids)
    if not any(spoken):  # a template in which the turns cannot be told apart
        return ids, list(ids)
    return ids, [token if learnt else NOTHING for token, learnt in zip(ids, spoken, strict=True)]


def _spoken(tokenizer: Any, messages: list[dict[str, Any]], ids: list[int]) -> list[bool]:
    """Which tokens the assistant says: what a turn of its adds behind what asks it to speak."""
    spoken = [False] * len(ids)
    for number, message in enumerate(messages):
        if message["role"] != "assistant" or not number:
            continue
        before = _templated(tokenizer, messages[:number], add_generation_prompt=True)
        after = _templated(tokenizer, messages[: number + 1])
        if ids[: len(after)] == after and after[: len(before)] == before:
            spoken[len(before) : len(after)] = [True] * (len(after) - len(before))
    return spoken


def _templated(tokenizer: Any, messages: list[dict[str, Any]], **options: Any) -> list[int]:
    return list(tokenizer.apply_chat_template(messages, return_dict=False, **options))


def refuse_no_template(tokenizer: Any) -> None:
    """Refuse a tokenizer that cannot put a conversation into one text.

    Raises:
        UserError: when it has no chat template.
    """
    if tokenizer.chat_template is None:
        raise UserError(
            "The tokenizer has no chat template, and the examples are conversations.",
            hint="Give a model that was trained to chat, or set `tokenizer.chat_template`.",
        )
