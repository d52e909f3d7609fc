"""The load gate: what a model folder must be before anything in it is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from nbtransformers.errors import UserError, shown
from nbtransformers.loading.descriptions import read_json
from nbtransformers.loading.remote_code import RemoteCode, code_named, refuse_code
from nbtransformers.loading.source import Source
from nbtransformers.loading.weights import Weights, weights_of

# Kernels that Transformers would fetch and run, and a weight file of another name than the one that was checked.
_DANGEROUS_KEYS = (
    *("attn_implementation", "experts_implementation", "use_kernels", "kernel_config"),
    "transformers_weights",
)
_DEEPEST = 50
_MOST_LAYERS = 10_000
# Transformers would load these besides what was checked, or in its place.
_NOT_BESIDE = {
    "adapter_config.json": "a LoRA adapter beside its weights",
    "shard-*-model-*-of-*.safetensors": "a distributed checkpoint",
}


@dataclass(frozen=True, slots=True)
class Passed:
    """A model that may be loaded.

    Attributes:
        config: the entries of its `config.json`, without those that could have Transformers fetch code.
        weights: what its weight files declare.
        code: the classes of its own that are to be used; empty when the library's are.
        tokenizer_code: likewise for its tokenizer.
        notes: what a result must say about it.
    """

    config: dict[str, Any]
    weights: Weights
    code: RemoteCode
    tokenizer_code: RemoteCode
    notes: tuple[str, ...]


def passed(source: Source) -> Passed:
    """What a folder holds, once it has passed the gate.

    The gate wants safetensors (or pickles, where these are allowed) and no code of the model's own (unless that is
    trusted). Entries that name an attention or expert kernel are taken out whatever is allowed, at any depth: a
    `config.json` could otherwise have Transformers fetch and run one.

    Raises:
        UserError: when the folder is refused; the hint says what to do instead.
    """
    config = _read_config(source)
    code = _model_code(config, source)
    tokenizer_code = tokenizer_code_of(source)
    _refuse_besides(source)
    weights = weights_of(source)
    safe = _safe_config(config, source)
    if code:
        safe["auto_map"] = dict(code.classes)
    unused = code_named(config.get("auto_map"), source) if not code else RemoteCode()
    return Passed(safe, weights, code, tokenizer_code, _notes(source, weights, code, tokenizer_code, unused))


def config_without_weights(source: Source) -> dict[str, Any]:
    """The entries of a `config.json`, without those that could have Transformers fetch or run code.

    It is for a look at a model that may not have been fetched, and allows nothing to be loaded.

    Raises:
        UserError: when there is none, or it makes no sense.
    """
    return _safe_config(_read_config(source), source)


def tokenizer_code_of(source: Source) -> RemoteCode:
    """The class of its own that a model's tokenizer wants to be of, once it is allowed to run.

    Raises:
        UserError: when it is not.
    """
    path = source.folder / "tokenizer_config.json"
    entries = read_json(path, source.again) if path.exists() else {}
    named = code_named(entries.get("auto_map"), source)
    code = RemoteCode({}, named.elsewhere, named.files) if "AutoTokenizer" not in named.classes else named
    if code:
        refuse_code(code, source, f"The tokenizer of {source.name}")
    return code


def _read_config(source: Source) -> dict[str, Any]:
    path = source.folder / "config.json"

    if not path.exists():
        raise _no_model(source)
    config = read_json(path, source.again)
    if not isinstance(config.get("model_type"), str):
        raise UserError(f"{path} names no model_type.", hint=source.again)
    for field, right in (("id2label", _is_id2label), ("architectures", _is_architectures)):
        if config.get(field) is not None and not right(config[field]):
            raise UserError(f"{path} has a {field} that makes no sense: {shown(config[field])}.", hint=source.again)
    for field, value in config.items():
        # A model of that many layers would be built for hours before its weights were found to be others.
        if "layers" in field and isinstance(value, int) and value > _MOST_LAYERS:
            raise UserError(f"{path} has a {field} that makes no sense: {shown(value)}.", hint=source.again)
    return config


def _no_model(source: Source) -> UserError:
    name, folder = source.name, source.folder
    if (folder / "adapter_config.json").exists():
        return UserError(
            f"{name} is a LoRA adapter, not a whole model.",
            hint="Load it with peft, call merge_and_unload(), and pass that model: model=merged, tokenizer=….",
        )
    source.refuse_unfinished("config.json")
    inside = next((path.parent for path in sorted(folder.glob("*/config.json")) if _is_numbered(path.parent)), None)
    hint = f"Did you mean {inside}?" if inside else "Give a folder that save_pretrained() wrote."
    return UserError(f"{name} is no model folder: it has no config.json.", hint=hint)


def _is_numbered(folder: Path) -> bool:
    """Whether it is a checkpoint of a training, which stands in the folder of the run."""
    return folder.name.startswith("checkpoint-")


def _is_id2label(value: object) -> bool:
    return isinstance(value, dict) and all(str(key).isdecimal() for key in cast("dict[object, object]", value))


def _is_architectures(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in cast("list[object]", value))


def _model_code(config: dict[str, Any], source: Source) -> RemoteCode:
    """The model's own classes where the library has none of that type; the library's are taken where it has."""
    from transformers import CONFIG_MAPPING

    kind = config["model_type"]
    if kind in CONFIG_MAPPING:  # or a class that the user has registered
        return RemoteCode()
    code = code_named(config.get("auto_map"), source)
    if not code:
        raise UserError(
            f"{source.name} is of type {shown(kind)}, which this Transformers does not know.",
            hint="Type `pip install -U transformers`.",
        )
    refuse_code(code, source, source.name)
    if "AutoConfig" not in code.classes:
        raise UserError(
            f"{source.name} is of type {shown(kind)}, and its code has no AutoConfig for it.", hint=source.again
        )
    return code


def _refuse_besides(source: Source) -> None:
    for pattern, what in _NOT_BESIDE.items():
        found = next(source.folder.glob(pattern), None)
        if found is not None:
            raise UserError(
                f"{source.name} holds {what}: {found.name}.",
                hint="Load it yourself, call model.save_pretrained(FOLDER), and give that folder.",
            )


def _safe_config(config: dict[str, Any], source: Source) -> dict[str, Any]:
    safe = cast("dict[str, Any]", _without_dangers(config, source))
    safe.pop("auto_map", None)
    return safe


def _without_dangers(value: object, source: Source, depth: int = 0) -> object:
    if depth > _DEEPEST:
        raise UserError(f"{source.folder / 'config.json'} is nested too deep to be true.", hint=source.again)
    if isinstance(value, dict):
        entries = cast("dict[str, object]", value)
        return {
            key: _without_dangers(entry, source, depth + 1) for key, entry in entries.items() if not _is_dangerous(key)
        }
    if isinstance(value, list):
        return [_without_dangers(entry, source, depth + 1) for entry in cast("list[object]", value)]
    return value


def _is_dangerous(key: str) -> bool:
    return any(part in key for part in _DANGEROUS_KEYS)


def _notes(
    source: Source, weights: Weights, code: RemoteCode, tokenizer_code: RemoteCode, unused: RemoteCode
) -> tuple[str, ...]:
    notes: list[str] = []
    ran = sorted({*code.files, *tokenizer_code.files})
    if ran:
        place = str(source) if source.commit else str(source.folder)
        notes.append(f"Ran code that comes with the model: {', '.join(ran)} ({place}).")
    if unused:
        notes.append(f"Did not run the code of {source.name} ({', '.join(unused.files)}): Transformers has its type.")
    if weights.pickled:
        notes.append(f"The weights of {source.name} are pickled; only tensors were read.")
    return tuple(notes)
