"""What a plain program must know of how a model writes."""

from __future__ import annotations

from nbtransformers.engine.decoding import Decoding
from nbtransformers.engine.encoding import model_limit
from nbtransformers.engine.generation_config import chosen, end_tokens, generation_config, is_beam_search, is_sampling
from nbtransformers.engine.prompts import decoder_limit
from nbtransformers.loading.registry import LoadedModel
from nbtransformers.results.writingrecipe import Writing


def writing_of(loaded: LoadedModel, decoding: Decoding) -> Writing:
    """How a model writes, for a program.

    Args:
        loaded: the model.
        decoding: how its tokens are chosen.
    """
    model = loaded.model
    config = generation_config(model, decoding.options, 1)
    options = chosen(model, decoding.options)
    if not is_sampling(config):
        options.setdefault("do_sample", False)
        if not is_beam_search(config):
            options.setdefault("num_beams", 1)
    seq2seq = bool(model.config.is_encoder_decoder)
    return Writing(
        is_seq2seq=seq2seq,
        options=(*options.items(), ("pad_token_id", config.pad_token_id)),
        ends=tuple(end_tokens(config)),
        stop_strings=tuple(decoding.stop_strings),
        seed=decoding.seed if is_sampling(config) else None,
        reads=model_limit(loaded),
        writes=decoder_limit(loaded),
    )
