"""Tiny models with random weights, one for each way in which attention is computed: for parity, never for a claim."""

from __future__ import annotations

import copy
from typing import Any

import torch
from tiny import ARCHITECTURES, PAD
from transformers import AutoConfig, AutoModel

from nbtransformers.loading.registry import LoadedModel

VOCABULARY = 200
_SIZES = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 128,
    "initializer_range": 0.2,
    **{"pad_token_id": PAD, "bos_token_id": 1, "eos_token_id": 2},
}
_GROUPED = {**_SIZES, "num_key_value_heads": 2, "head_dim": 8}
_SEQ2SEQ = {
    **{"vocab_size": VOCABULARY, "d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "init_std": 0.2},
    **{"encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64},
    **{"max_position_embeddings": 128, "pad_token_id": PAD, "bos_token_id": 1, "eos_token_id": 2},
    **{"decoder_start_token_id": 2, "forced_eos_token_id": 2},
}
_T5 = {
    **{"vocab_size": VOCABULARY, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4},
    **{"pad_token_id": PAD, "eos_token_id": 2, "decoder_start_token_id": PAD, "initializer_factor": 1.0},
}


def _from_tiny(*names: str) -> dict[str, dict[str, Any]]:
    # Scores of a usual size: the rounding of a pass, which grows with them, is not what is tested.
    return {name: {**ARCHITECTURES[name], "vocab_size": VOCABULARY, "initializer_range": 0.2} for name in names}


SETTINGS: dict[str, dict[str, Any]] = {
    **_from_tiny("bert", "roberta", "distilbert", "albert", "electra", "modernbert", "mpnet", "deberta-v2", "xlnet"),
    "deberta": {**_SIZES, "relative_attention": True, "pos_att_type": ["c2p", "p2c"], "type_vocab_size": 0},
    "roformer": {**_SIZES, "embedding_size": 32},
    "megatron-bert": _SIZES,
    "rembert": {**_SIZES, "input_embedding_size": 16, "output_embedding_size": 16},
    "xlm": {"vocab_size": VOCABULARY, "emb_dim": 32, "n_layers": 2, "n_heads": 4, "max_position_embeddings": 128},
    "big_bird": {**_SIZES, "attention_type": "original_full"},
    "squeezebert": {
        **{**_SIZES, "embedding_size": 32, "q_groups": 2, "k_groups": 2, "v_groups": 2, "post_attention_groups": 1},
        **{"intermediate_groups": 2, "output_groups": 2},
    },
    "convbert": {**_SIZES, "embedding_size": 32},
    "longformer": {**_SIZES, "attention_window": 8, "sep_token_id": 2},
    **_from_tiny("gpt2"),
    "openai-gpt": {"vocab_size": VOCABULARY, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 128},
    "gpt_neo": {
        **{"vocab_size": VOCABULARY, "hidden_size": 32, "num_layers": 2, "num_heads": 4, "intermediate_size": 64},
        **{"attention_types": [[["global", "local"], 1]], "window_size": 5, "max_position_embeddings": 128},
        **{"initializer_range": 0.2},
    },
    "gptj": {"vocab_size": VOCABULARY, "n_embd": 32, "n_layer": 2, "n_head": 4, "rotary_dim": 4, "n_positions": 128},
    "gpt_neox": _SIZES,
    "bloom": {"vocab_size": VOCABULARY, "hidden_size": 32, "n_layer": 2, "n_head": 4, "initializer_range": 0.2},
    "falcon": {**_SIZES, "alibi": True, "multi_query": False, "new_decoder_architecture": False},
    "mpt": {"vocab_size": VOCABULARY, "d_model": 32, "n_layers": 2, "n_heads": 4, "max_seq_len": 128},
    "xglm": {"vocab_size": VOCABULARY, "d_model": 32, "num_layers": 2, "attention_heads": 4, "ffn_dim": 64},
    "opt": {**_SIZES, "ffn_dim": 64, "word_embed_proj_dim": 32},
    "phi": _SIZES,
    "phi3": {**_GROUPED, "pad_token_id": PAD, "max_position_embeddings": 128},
    "llama": _GROUPED,
    "mistral": {**_GROUPED, "sliding_window": 5},
    "qwen2": _GROUPED,
    "qwen3": _GROUPED,
    "gemma2": {**_GROUPED, "sliding_window": 5, "query_pre_attn_scalar": 8, "attn_logit_softcapping": 2.0},
    "gemma3_text": {**_GROUPED, "sliding_window": 5, "query_pre_attn_scalar": 8, "num_hidden_layers": 2},
    "gpt_oss": {**_GROUPED, "sliding_window": 5, "num_local_experts": 2, "num_experts_per_tok": 1},
    "olmo2": _GROUPED,
    "bitnet": _GROUPED,
    "afmoe": {
        **{**_GROUPED, "sliding_window": 5, "num_experts": 2, "num_local_experts": 2, "num_experts_per_tok": 1},
        **{"moe_intermediate_size": 16},
    },
    "granite": {**_GROUPED, "attention_multiplier": 0.3},
    "granite_swa": {**_GROUPED, "sliding_window": 5, "attention_multiplier": 0.3},
    "diffllama": {**_GROUPED, "num_key_value_heads": 4},
    "cohere": _GROUPED,
    "starcoder2": {**_GROUPED, "sliding_window": 5},
    "stablelm": {**_GROUPED, "partial_rotary_factor": 0.5},
    "t5": _T5,
    "mt5": _T5,
    "umt5": _T5,
    "bart": _SEQ2SEQ,
    "mbart": _SEQ2SEQ,
    "marian": _SEQ2SEQ,
    "pegasus": _SEQ2SEQ,
    "m2m_100": _SEQ2SEQ,
    "blenderbot": _SEQ2SEQ,
    "mvp": _SEQ2SEQ,
    "bigbird_pegasus": {**_SEQ2SEQ, "attention_type": "original_full"},
    "led": {**_SEQ2SEQ, "attention_window": 8, "max_encoder_position_embeddings": 128},
}
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "falcon grouped": ("falcon", {"alibi": False, "new_decoder_architecture": True, "num_kv_heads": 2}),
    "falcon one key head": ("falcon", {"alibi": False, "multi_query": True}),
    "gpt2 upcast": ("gpt2", {"reorder_and_upcast_attn": True, "scale_attn_by_inverse_layer_idx": True}),
}


def tiny(name: str, implementation: str | None = None) -> LoadedModel:
    """A tiny model; by default with the attention implementation that it is loaded with, the same weights always."""
    kind, changes = VARIANTS.get(name, (name, {}))
    config = AutoConfig.for_model(kind, **{**copy.deepcopy(SETTINGS[kind]), **changes})
    torch.manual_seed(20)
    options = {} if implementation is None else {"attn_implementation": implementation}
    model = AutoModel.from_config(config, **options).eval()
    for label, parameter in model.named_parameters():
        # Some begin at zero, where a mistake in them would not show.
        if label.endswith(("bias", "sinks")) or "relative" in label:
            torch.nn.init.normal_(parameter, std=0.2)
    return LoadedModel(name, model, None, None, "cpu", "float32")


def padded(side: str | None, model: Any, pair: bool = False) -> dict[str, torch.Tensor]:
    """Two rows of unlike length, as a batch that is padded on a side; None for two of the same length."""
    torch.manual_seed(3)
    inputs = _batch(19, 6, side)
    if pair:
        inputs["token_type_ids"] = (torch.arange(19) > 8).long().expand(2, 19).contiguous()
    if model.config.is_encoder_decoder:
        inputs |= {f"decoder_{name}": value for name, value in _batch(11, 3, side and "right").items()}
    return inputs


def _batch(length: int, padding: int, side: str | None) -> dict[str, torch.Tensor]:
    ids, mask = torch.randint(5, VOCABULARY, (2, length)), torch.ones(2, length, dtype=torch.long)
    where = {"left": slice(0, padding), "right": slice(length - padding, length), None: slice(0, 0)}[side]
    ids[1, where], mask[1, where] = PAD, 0
    return {"input_ids": ids, "attention_mask": mask}
