"""Prompts to what a model reads: through its chat template or as they stand, within what it can read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from nbtransformers.engine.decoding import Prompt
from nbtransformers.engine.encoding import model_limit
from nbtransformers.engine.failures import first_line
from nbtransformers.errors import UserError
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.request import GenerateRequest, conversation_fault

_CONTEXT = 8  # tokens of the prompt that tell how the text goes on: with a space, or in the middle of a word

Encoded = tuple[list[Prompt], dict[int, str]]
"""The prompts that can be read; and the place of each other among the texts, to the reason why it cannot."""


class _NoConversationError(ValueError):
    """Why a text is no conversation."""


class PromptEncoder:
    """Encodes the prompts of one request for one model.

    Args:
        request: whether, and how, the prompts are messages.
        loaded: the model.
        most: new tokens of a row at most.

    Raises:
        UserError: when the model has no chat template, and needs one.
    """

    def __init__(self, request: GenerateRequest, loaded: LoadedModel, most: int) -> None:
        self._request, self._loaded, self._most = request, loaded, most
        self._tokenizer = loaded.tokenizer
        self.has_template = bool(getattr(self._tokenizer, "chat_template", None))
        if request.chats and not self.has_template:
            raise UserError(f"{loaded.name} has no chat template.", hint=_without_chat(request))
        self._reads = model_limit(loaded)
        self._writes = decoder_limit(loaded)

    def encode(self, texts: Sequence[str], rows: Sequence[int]) -> Encoded:
        """The prompts of some texts, whose row numbers they bear."""
        prompts: list[Prompt] = []
        reasons: dict[int, str] = {}
        for place, (text, row) in enumerate(zip(texts, rows, strict=True)):
            try:
                ids = self.ids(text)
            except _NoConversationError as error:
                reasons[place] = str(error)
                continue
            except Exception as error:  # a template is a program of its own
                reasons[place] = f"the prompt cannot be encoded: {type(error).__name__}: {first_line(error)}"
                continue
            found = self.prompt(row, ids)
            if isinstance(found, str):
                reasons[place] = found
            else:
                prompts.append(found)
        return prompts, reasons

    def prompt(self, row: int, ids: Sequence[int], begun: Sequence[int] = ()) -> Prompt | str:
        """A prompt of these tokens, with some of the new text already there; or the reason why there is no room.

        Args:
            row: its number.
            ids: what the model reads.
            begun: tokens of the new text that stand already; they count among the new ones.
        """
        written = self._loaded.model.config.is_encoder_decoder
        before = [*ids] if written else [*ids, *begun]
        if self._reads and (len(ids) > self._reads if written else len(before) >= self._reads):
            return _no_room(len(before), self._reads)
        room = self._writes - len(begun) if written else self._reads - len(before)
        limited = bool(self._writes if written else self._reads) and room < self._most - len(begun)
        return Prompt(
            row=row,
            ids=np.array(before, np.int64),
            most=max(1, room if limited else self._most - len(begun)),
            limit="end of context" if limited else "length",
            begun=np.array(begun if written else [], np.int64),
            context=before[-_CONTEXT:] if begun and not written else self.context(ids),
        )

    def context(self, ids: Sequence[int]) -> Sequence[int]:
        """The tokens of a prompt that the new text goes on with; none where it is a text of its own."""
        return () if self._loaded.model.config.is_encoder_decoder or self._request.chats else ids[-_CONTEXT:]

    def ids(self, text: str) -> list[int]:
        """What the model reads of a prompt."""
        if not self._request.chats:
            return list(self._tokenizer(text, verbose=False)["input_ids"])
        messages = _conversation(text) if self._request.messages else [{"role": "user", "content": text}]
        if self._request.system is not None:
            messages = [{"role": "system", "content": self._request.system}, *messages]
        answered = messages[-1]["role"] == "assistant"  # its last message is a beginning, then
        encoded = self._tokenizer.apply_chat_template(
            messages,
            add_generation_prompt=not answered,
            continue_final_message=answered,
            return_dict=True,
            tokenizer_kwargs={"verbose": False},  # what is too long is told by its row
        )
        return list(encoded["input_ids"])


def decoder_limit(loaded: LoadedModel) -> int:
    """How many tokens an encoder-decoder can write; 0 when there is no limit, or for a decoder alone."""
    config = loaded.model.config
    positions = getattr(config, "max_position_embeddings", None)
    return int(positions) - 1 if config.is_encoder_decoder and positions else 0


def room_in_words(loaded: LoadedModel) -> str:
    """How many tokens a model has room for when it writes."""
    written = decoder_limit(loaded)
    if written:
        return f"{loaded.name} can write {written:,} tokens at most"
    return f"{loaded.name} can hold {model_limit(loaded):,} tokens, those of the prompt among them"


def _conversation(text: str) -> list[dict[str, Any]]:
    messages: Any = None
    with suppress(ValueError, RecursionError):
        messages = json.loads(text)
    fault = conversation_fault(messages)
    if fault is not None:
        raise _NoConversationError(fault)
    return messages


def _no_room(tokens: int, limit: int) -> str:
    if tokens == limit:
        return f"the prompt fills all {limit:,} tokens that the model reads"
    return f"the prompt has {tokens:,} tokens, and the model reads {limit:,}"


def _without_chat(request: GenerateRequest) -> str:
    if request.messages:
        return "Give prompts that are texts, or a chat model: `--model smollm2`."
    return (
        f"Leave `--{'system' if request.system is not None else 'chat'}` out, or give a chat model: `--model smollm2`."
    )
