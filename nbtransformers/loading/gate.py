"""The load gate: what a model folder must be before anything in it is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from nbtransformers.errors import UserError, shown

_AGAIN = "Save or download the model again."
_PICKLED_WEIGHTS = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.h5", "*.msgpack")
# Kernels that Transformers would fetch and run, and a weight file of another name than the one that was checked.
_DANGEROUS_KEYS = (
    *("attn_implementation", "experts_implementation", "use_kernels", "kernel_config"),
    "transformers_weights",
)


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
    return cast("dict[str, Any]", _without_dangers(config))


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
    config = _read_json(path)
    if not isinstance(config.get("model_type"), str):
        raise UserError(f"{path} names no model_type.", hint=_AGAIN)
    for field, right in (("id2label", _is_id2label), ("architectures", _is_architectures)):
        if config.get(field) is not None and not right(config[field]):
            raise UserError(f"{path} has a {field} that makes no sense: {shown(config[field])}.", hint=_AGAIN)
    return config


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise UserError(f"{path} cannot be read ({error}).", hint=_AGAIN) from error
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _is_id2label(value: object) -> bool:
    return isinstance(value, dict) and all(str(key).isdigit() for key in cast("dict[object, object]", value))


def _is_architectures(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in cast("list[object]", value))


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
    if (folder / "model.safetensors").exists():
        return
    if (folder / "model.safetensors.index.json").exists():
        _check_shards(folder, name)
        return
    found = sorted(path.name for pattern in _PICKLED_WEIGHTS for path in folder.glob(pattern))
    if found:
        raise UserError(
            f"{name} has no safetensors weights, only {found[0]}, and a pickle can run any code.",
            hint="Load it yourself, call model.save_pretrained(FOLDER), and give that folder.",
        )
    raise UserError(f"{name} has no weights: there is no model.safetensors.", hint="Save or download it again.")


def _check_shards(folder: Path, name: str) -> None:
    """Every shard of the index is a safetensors file of this very folder: the index could name any file."""
    index = _read_json(folder / "model.safetensors.index.json")
    weight_map = index.get("weight_map")
    shards = sorted(set(map(str, weight_map.values()))) if isinstance(weight_map, dict) else []
    for shard in shards:
        if Path(shard).name != shard or "\\" in shard or not shard.endswith(".safetensors"):
            raise UserError(
                f"The weights of {name} are in {shown(shard)}, which is no safetensors file of its folder.",
                hint="Load it yourself, call model.save_pretrained(FOLDER), and give that folder.",
            )
        if not (folder / shard).exists():
            raise UserError(f"{name} lacks a part of its weights: {shard}.", hint="Save or download it again.")
    if not shards:
        raise UserError(f"{name} has an index of weights that names none.", hint="Save or download it again.")


def _without_dangers(value: object) -> object:
    if isinstance(value, dict):
        entries = cast("dict[str, object]", value)
        return {key: _without_dangers(entry) for key, entry in entries.items() if not _is_dangerous(key)}
    if isinstance(value, list):
        return [_without_dangers(entry) for entry in cast("list[object]", value)]
    return value


def _is_dangerous(key: str) -> bool:
    return any(part in key for part in _DANGEROUS_KEYS)
