"""A user's options over a model's own settings for writing, and what these say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def generation_config(model: Any, options: Mapping[str, Any], most: int) -> Any:
    """The options over the model's own settings, complete."""
    from transformers import GenerationConfig

    own = model.generation_config
    fixed = {"max_new_tokens": most, "num_return_sequences": 1, "return_dict_in_generate": False, "max_length": None}
    config = GenerationConfig(**{**chosen(model, options), **fixed})
    for name, value in own.to_dict().items():
        if value is not None and name not in fixed and getattr(config, name, None) is None:
            setattr(config, name, value)
    if config.min_new_tokens is not None:
        config.min_new_tokens = min(config.min_new_tokens, most)  # a context may leave less room than was asked for
    if config.min_length and model.config.is_encoder_decoder:
        config.min_length = min(config.min_length, most + 1)  # with the token that a text starts with
    if config.pad_token_id is None:
        config.pad_token_id = model.config.get_text_config().pad_token_id
    if config.pad_token_id is None:
        config.pad_token_id = next(iter(end_tokens(config)), 0)
    return config


def chosen(model: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """A user's options, made to fit each other and the model's own settings.

    To ask for sampling takes back the model's own wish for beams, and the other way round.
    """
    own, given = model.generation_config, dict(options)
    if given.get("do_sample"):
        given.setdefault("num_beams", 1)
    elif (given.get("num_beams") or 1) > 1 or ((own.num_beams or 1) > 1 and own.do_sample):
        given["do_sample"] = False
    return given


def is_sampling(config: Any) -> bool:
    """Whether tokens are drawn."""
    return bool(config.do_sample)


def is_beam_search(config: Any) -> bool:
    """Whether several texts are followed at once."""
    return (config.num_beams or 1) > 1


def end_tokens(config: Any) -> list[int]:
    """The tokens that end a text."""
    ends = config.eos_token_id
    return [] if ends is None else list(ends) if isinstance(ends, list | tuple) else [int(ends)]


def start_token(config: Any) -> int:
    """What the new text of an encoder-decoder begins with."""
    start = config.decoder_start_token_id
    return int(config.bos_token_id if start is None else start)
