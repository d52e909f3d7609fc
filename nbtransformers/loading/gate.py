"""The load gate: what a model folder must be before anything in it is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from nbtransformers.errors import UserError, shown

_PICKLED_WEIGHTS = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.h5", "*.msgpack")
_KERNEL_KEYS = ("attn_implementation", "experts_implementation", "use_kernels", "kernel_config")


def checked_config(folder: Path, name: str) -> dict[str, Any]:
    """The folder's `config.json`, once the folder has passed the gate.

    The gate wants safetensors weights and no code of the model's own. Entries that name an attention
    or expert kernel are taken out, at any depth: a `config.json` could otherwise have Transformers
    fetch and run one.

    Raises:
        UserError: when the folder is refused; the hint says what to do instead.
    """
    config = _read_config(folder, name)
    _refuse_remote_code(config, name)
    _refuse_other_weights(folder, name)
    return cast("dict[str, Any]", _without_kernel_names(config))


def _read_config(folder: Path, name: str) -> dict[str, Any]:
    path = folder / "config.json"
    if not path.exists():
        if (folder / "adapter_config.json").exists():
            raise UserError(
                f"{name} is a LoRA adapter, not a whole model.",
                hint="Load it with peft, call merge_and_unload(), and pass that model: model=merged, tokenizer=….",
            )
        raise UserError(
            f"{name} is no model folder: it has no config.json.", hint="Give a folder that save_pretrained() wrote."
        )
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise UserError(f"{path} cannot be read ({error}).", hint="Save or download the model again.") from error
    if not isinstance(config, dict) or not isinstance(cast("dict[str, Any]", config).get("model_type"), str):
        raise UserError(f"{path} names no model_type.", hint="Save or download the model again.")
    return cast("dict[str, Any]", config)


def _refuse_remote_code(config: dict[str, Any], name: str) -> None:
    from transformers import CONFIG_MAPPING

    kind = config["model_type"]
    if kind in CONFIG_MAPPING:
        return
    if config.get("auto_map"):
        files = sorted({f"{str(value).split('--')[-1].split('.')[0]}.py" for value in config["auto_map"].values()})
        raise UserError(
            f"{name} wants to run code of its own ({', '.join(files)}), which nbtransformers does not do.",
            hint="Read that code, load the model yourself with trust_remote_code=True, and pass it: model=….",
        )
    raise UserError(
        f"{name} is of type {shown(kind)}, which this Transformers does not know.",
        hint="Type `pip install -U transformers`.",
    )


def _refuse_other_weights(folder: Path, name: str) -> None:
    if any(folder.glob("*.safetensors")):
        return
    found = sorted(path.name for pattern in _PICKLED_WEIGHTS for path in folder.glob(pattern))
    if found:
        raise UserError(
            f"{name} has no safetensors weights, only {found[0]}, and a pickle can run any code.",
            hint="Load it yourself, call model.save_pretrained(FOLDER), and give that folder.",
        )
    raise UserError(f"{name} has no weights: there is no *.safetensors file.", hint="Save or download it again.")


def _without_kernel_names(value: object) -> object:
    if isinstance(value, dict):
        entries = cast("dict[str, object]", value)
        return {key: _without_kernel_names(entry) for key, entry in entries.items() if not _names_kernel(key)}
    if isinstance(value, list):
        return [_without_kernel_names(entry) for entry in cast("list[object]", value)]
    return value


def _names_kernel(key: str) -> bool:
    return any(part in key for part in _KERNEL_KEYS)
