"""`--method qlora`: the layers of a model in 4 bits while an adapter beside them learns; by bitsandbytes."""

from __future__ import annotations

import importlib.util
from typing import Any, Literal

from nbtransformers.errors import UserError
from nbtransformers.loading.heads import Head
from nbtransformers.training.adapters import trained_modules

Compute = Literal["float32", "bfloat16"]
"""The types that layers in 4 bits compute in."""

_BYTES = (4 + 8 / 64 + 32 / (64 * 256)) / 8
"""Of a weight: 4 bits, and a byte for each block of 64 that is scaled alike; these are scaled in blocks of 256."""
_FLOAT = 4  # bytes of any other weight


def refuse_unable(device: str) -> None:
    """Refuse 4 bits where they cannot be.

    Args:
        device: `cpu`, `cuda` or `mps`.

    Raises:
        UserError: when bitsandbytes is not there, or does not work, or not on this device.
    """
    if importlib.util.find_spec("bitsandbytes") is None:
        raise UserError(
            "`--method qlora` needs bitsandbytes.",
            hint='Type `pip install "nbtransformers[train,qlora]"`, or `--method lora`.',
        )
    try:
        import bitsandbytes
    except (ImportError, OSError, RuntimeError) as error:  # it is built for other machines, or for another torch
        raise UserError(
            f"bitsandbytes cannot be used here ({type(error).__name__}: {error}).", hint="Type `--method lora`."
        ) from error
    if device not in getattr(bitsandbytes, "supported_torch_devices", {"cuda"}):
        raise UserError(
            f"bitsandbytes holds no weights in 4 bits on {device}.", hint="Type `--method lora`, or `--device cpu`."
        )


def to_load_in_4bit(outlined: Any, head: Head, compute: Compute, device: str) -> dict[str, Any]:
    """What `from_pretrained` is told: linear layers as nf4, with scales that are quantised too.

    Args:
        outlined: the model without weights.
        head: its head, which is trained as a whole, and stays as it is.
        compute: the type that the layers compute in.
        device: `cpu`, `cuda` or `mps`, where it is loaded.
    """
    import torch
    from transformers import BitsAndBytesConfig

    how = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=compute,
        llm_int8_skip_modules=_kept_whole(outlined, head),
    )
    return {
        "quantization_config": how,
        "device_map": {"": torch.cuda.current_device() if device == "cuda" else device},
    }


def spared_in_4bit(outlined: Any, head: Head) -> int:
    """The bytes by which a model is smaller than in float32 when its layers are in 4 bits.

    Args:
        outlined: the model without weights.
        head: its head.
    """
    import torch
    from transformers.pytorch_utils import Conv1D
    from transformers.quantizers.quantizers_utils import should_convert_module

    kept = _kept_whole(outlined, head)
    quantized = sum(
        module.weight.numel()
        for name, module in outlined.named_modules()
        if (type(module) is torch.nn.Linear or isinstance(module, Conv1D)) and should_convert_module(name, kept)
    )
    return int((_FLOAT - _BYTES) * quantized)


def without_repacking(model: Any) -> Any:
    """A quantised model whose weights stay as they are in an evaluation.

    Where a CPU computes in bfloat16, bitsandbytes packs the weights otherwise, and rounds their scales, as soon as
    they are not trained: the steps after an evaluation would be others than those of a run that was resumed there.
    """
    for layer in _quantized_layers(model):
        layer.support_avx512bf16_for_cpu = False
    return model


def is_quantized(model: Any) -> bool:
    """Whether a model has layers in 4 bits."""
    return bool(getattr(model, "is_loaded_in_4bit", False))


def merged_whole(model: Any) -> Any:
    """The plain model that an adapter beside layers in 4 bits computes as, in float32 on the CPU.

    Its weights are those that it was trained and evaluated with, 4 bits each, and not those that it was made of: peft
    by itself would round the sum of them and the adapter to 4 bits again.
    """
    from peft import get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict

    config = model.peft_config["default"]
    learnt = get_peft_model_state_dict(model, save_embedding_layers=False)
    whole: Any = get_peft_model(_dequantized(model.unload()), config)
    set_peft_model_state_dict(whole, learnt)
    return whole.merge_and_unload()


def _dequantized(model: Any) -> Any:
    import torch
    from bitsandbytes.functional import dequantize_4bit
    from torch.nn import Linear, Parameter
    from transformers.pytorch_utils import Conv1D

    for name, layer in [(name, layer) for name, layer in model.named_modules() if _is_quantized_layer(layer)]:
        weight = dequantize_4bit(layer.weight.data, layer.weight.quant_state).to("cpu", torch.float32)
        with torch.device("meta"):
            if layer.source_cls is Conv1D:  # whose weights were transposed for it
                plain, weight = Conv1D(layer.out_features, layer.in_features), weight.T.contiguous()
            else:
                plain = Linear(layer.in_features, layer.out_features, bias=layer.bias is not None)
        plain.weight = Parameter(weight)
        if layer.bias is not None:
            plain.bias = layer.bias
        model.set_submodule(name, plain)
    model.hf_quantizer.remove_quantization_config(model)
    return model.to("cpu", torch.float32)


def _kept_whole(model: Any, head: Head) -> list[str]:
    """The modules that stay as they are: what is trained as a whole, and what writes words."""
    output = model.get_output_embeddings()
    named = [name for name, module in model.named_modules() if module is output or name.endswith("pooler")]
    return [*trained_modules(model, head, ()), *named]


def _quantized_layers(model: Any) -> list[Any]:
    return [layer for layer in model.modules() if _is_quantized_layer(layer)]


def _is_quantized_layer(layer: Any) -> bool:
    from bitsandbytes.nn.modules import Linear4bit

    return isinstance(layer, Linear4bit)
