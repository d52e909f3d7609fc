"""Tiny models with random weights, one an architecture: for parity with plain Transformers, never for a claim."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer, PreTrainedTokenizerFast

from nbtransformers.loading.bundled import bundled_folder

PAD, UNKNOWN, CLS, SEP = 0, 100, 101, 102
VOCABULARY = 30_522
_SIZES = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 160,
    "pad_token_id": PAD,
    "initializer_range": 0.4,
}
_SPECIAL = {"bos_token_id": CLS, "eos_token_id": SEP, "cls_token_id": CLS, "sep_token_id": SEP}

ARCHITECTURES: dict[str, dict[str, Any]] = {
    "bert": _SIZES,
    "roberta": {**_SIZES, **_SPECIAL, "type_vocab_size": 2},
    "distilbert": {
        **{"vocab_size": VOCABULARY, "dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64},
        **{"max_position_embeddings": 160, "pad_token_id": PAD, "initializer_range": 0.4},
    },
    "albert": {**_SIZES, "embedding_size": 16, **_SPECIAL},
    "electra": {**_SIZES, "embedding_size": 16},
    "deberta-v2": {
        **_SIZES,
        **{"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_biased_input": False},
        **{"pooler_hidden_size": 32, "type_vocab_size": 0},
    },
    "mpnet": {**_SIZES, **_SPECIAL},
    "modernbert": {
        **_SIZES,
        **_SPECIAL,
        **{"initializer_cutoff_factor": 2.0, "local_attention": 16, "global_attn_every_n_layers": 2},
        **{"reference_compile": False},
    },
    "xlnet": {
        **{"vocab_size": VOCABULARY, "d_model": 32, "n_layer": 2, "n_head": 4, "d_inner": 64},
        **{"initializer_range": 0.4, "pad_token_id": PAD},
    },
    "gpt2": {
        **{"vocab_size": VOCABULARY, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 160},
        **{"initializer_range": 0.4, "bos_token_id": CLS, "eos_token_id": SEP, "pad_token_id": None},
    },
    "llama": {**_SIZES, **_SPECIAL, "num_key_value_heads": 2, "pad_token_id": None},
    # Transformers gives it its own byte-level tokenizer, which makes more tokens of these word pieces.
    "qwen2": {**_SIZES, **_SPECIAL, "num_key_value_heads": 2, "max_position_embeddings": 512},
    "t5": {
        **{"vocab_size": VOCABULARY, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4},
        **{"pad_token_id": PAD, "eos_token_id": SEP, "decoder_start_token_id": PAD, "initializer_factor": 1.5},
    },
    "bart": {
        **{"vocab_size": VOCABULARY, "d_model": 32, "encoder_layers": 2, "decoder_layers": 2},
        **{"encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64},
        **{"max_position_embeddings": 160, "pad_token_id": PAD, "init_std": 0.4, "decoder_start_token_id": SEP},
        **{"bos_token_id": CLS, "eos_token_id": SEP, "forced_eos_token_id": SEP},
    },
}


def save_tiny(
    architecture: str, folder: Path, labels: int = 3, kind: Any = AutoModelForSequenceClassification, **overrides: Any
) -> Path:
    """A tiny model of an architecture and an Auto class, saved with a tokenizer; the same weights every time."""
    torch.manual_seed(20)
    settings = {**ARCHITECTURES[architecture], "num_labels": labels, **overrides}
    config = AutoConfig.for_model(architecture, **settings)
    model = kind.from_config(config).eval()
    for name, parameter in model.named_parameters():
        # Biases begin at zero, where a mistake in them would not show.
        if name.endswith("bias"):
            torch.nn.init.normal_(parameter, std=0.2)
    model.save_pretrained(folder)
    tiny_tokenizer(architecture).save_pretrained(folder)
    return folder


def tiny_tokenizer(architecture: str) -> PreTrainedTokenizerFast:
    """The bundled encoder's word pieces, with the habits that go with an architecture."""
    words = AutoTokenizer.from_pretrained(bundled_folder("minilm"))
    names = ["input_ids", "attention_mask"]
    if architecture in {"bert", "albert", "electra", "xlnet"}:
        names.append("token_type_ids")
    decoder = architecture in {"gpt2", "llama", "qwen2"}
    return PreTrainedTokenizerFast(
        tokenizer_object=words.backend_tokenizer,
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        eos_token="[SEP]",
        pad_token=None if architecture in {"gpt2", "llama"} else "[PAD]",
        padding_side="left" if architecture == "xlnet" or decoder else "right",
        model_max_length=10**30,
        model_input_names=names,
    )
