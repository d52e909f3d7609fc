"""How much memory training takes, as near as that can be told before it begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nbtransformers.request import FinetuneRequest

_FLOAT, _ADAMW = 4, 8  # bytes of a parameter, and of what AdamW keeps of one
# Numbers that a layer keeps of a token for the way back: of its width and of its inner width, as counted in BERT and
# Llama; attention keeps its weights, masks of dropout and all, where there is no kernel that makes them again.
_WIDTHS, _INNER, _MAPS = 11.0, 2.5, 3.0
_OF_BF16 = 0.6
_LOGITS = 3.0  # the scores of every word, their logarithms, and their gradients
_RUN_ONLY = 3.0  # widths of a token at once, where nothing is kept


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes that training takes at its highest.

    Attributes:
        weights: the model's.
        gradients: of what is trained.
        optimizer: what AdamW keeps.
        activations: what a batch of the longest rows leaves for the way back.
    """

    weights: int
    gradients: int
    optimizer: int
    activations: int

    @property
    def needed(self) -> int:
        """All together."""
        return self.weights + self.gradients + self.optimizer + self.activations


def memory_of(
    config: Any,
    parameters: tuple[int, int],
    rows: int,
    tokens: int,
    request: FinetuneRequest,
    device: str,
    spared: int = 0,
) -> Memory | None:
    """The memory of a model in training; None for one whose configuration does not tell its sizes.

    Args:
        config: the model's.
        parameters: how many are trained, and how many there are.
        rows: examples that are computed at once.
        tokens: of the longest.
        request: what was asked for.
        device: `cpu`, `cuda` or `mps`.
        spared: the bytes by which its weights are smaller than in float32.
    """
    trained, every = parameters
    numbers = _kept(config, tokens, request, device)
    if numbers is None:
        return None
    return Memory(_FLOAT * every - spared, _FLOAT * trained, _ADAMW * trained, int(_FLOAT * rows * tokens * numbers))


def _kept(config: Any, tokens: int, request: FinetuneRequest, device: str) -> float | None:
    """Numbers that are kept of a token."""
    width, layers = _first(config, "hidden_size", "d_model", "dim"), _layers(config)
    heads = _first(config, "num_attention_heads", "encoder_attention_heads", "num_heads") or 1
    if not width or not layers:
        return None
    inner = _first(config, "intermediate_size", "d_ff", "encoder_ffn_dim", "hidden_dim", "n_inner") or 4 * width
    if request.method == "head":
        return _RUN_ONLY * (width + inner)
    maps = 0.0 if device == "cuda" else _MAPS * heads * tokens
    kept = layers * (_WIDTHS * width + _INNER * inner + maps)
    kept *= _OF_BF16 if request.bf16 else 1.0  # an adapter keeps about what it spares
    words = config.vocab_size if (request.training_task in ("causal", "masked", "seq2seq")) else 0
    return kept + _LOGITS * words


def _layers(config: Any) -> int:
    layers = _first(config, "num_hidden_layers", "num_layers", "n_layers") or 0
    both = _first(config, "decoder_layers", "num_decoder_layers") if config.is_encoder_decoder else 0
    return layers + (both or 0)


def _first(config: Any, *names: str) -> int | None:
    return next((value for name in names if isinstance(value := getattr(config, name, None), int)), None)
