"""Weights as 8-bit integers, for the CPU: by torchao, which is imported when it is asked for."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from nbtransformers.errors import UserError

INT8 = "int8"

# They warn of GPU kernels that a CPU has no use for, and of each other's changes.
_TALKATIVE = ("torchao", "torch.utils._pytree", "bitsandbytes")


def refuse_lacking_library() -> None:
    """Say what `--dtype int8` needs before anything is fetched or loaded for it.

    Raises:
        UserError: when torchao is not installed.
    """
    from importlib.util import find_spec

    if find_spec("torchao") is None:
        raise UserError(
            "`--dtype int8` needs the package torchao.", hint='Type `pip install "nbtransformers[quantize]"`.'
        )


def quantise(model: Any, name: str) -> None:
    """The linear layers of a model's body as int8, in place; its head and its embeddings stay as they are.

    Weights are rounded once, a scale a row; activations as they come, a scale a token, so that the texts of a
    batch do not change each other's scores.

    Raises:
        UserError: when it has no such layers.
    """
    import torch

    with quiet_torchao():
        from torchao.quantization import Int8DynamicActivationInt8WeightConfig, quantize_
        from torchao.utils import should_reduce_range

        body = model.base_model
        kept = {id(body.get_input_embeddings()), id(model.get_output_embeddings())}
        fit = {id(layer) for layer in body.modules() if type(layer) is torch.nn.Linear} - kept
        if not fit:
            raise UserError(f"{name} has no linear layers that `--dtype int8` is for.", hint="Type `--dtype bfloat16`.")
        # Without this, sums of products overflow on CPUs that add them up in 16 bits.
        narrow = should_reduce_range(torch.device("cpu"))
        config = Int8DynamicActivationInt8WeightConfig(set_inductor_config=False, reduce_range=narrow)
        quantize_(body, config, filter_fn=lambda layer, _: id(layer) in fit)


@contextmanager
def quiet_torchao() -> Generator[None]:
    """No warnings while it is imported, or bitsandbytes, which Transformers and peft do wherever they are installed."""
    loggers = [logging.getLogger(name) for name in _TALKATIVE]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
