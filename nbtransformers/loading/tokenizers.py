"""ModelRef to a tokenizer alone: no weights are read, and a folder need not have any."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nbtransformers.errors import UserError, kind_of, shown
from nbtransformers.loading.bundled import bundled_name
from nbtransformers.loading.descriptions import read_json
from nbtransformers.loading.gate import tokenizer_code_of
from nbtransformers.loading.models import (
    model_and_tokenizer,
    own_tokenizer,
    plain_errors,
    quiet_transformers,
    tokenizer_by_name,
)
from nbtransformers.loading.refs import is_model, model_ref
from nbtransformers.loading.registry import REGISTRY
from nbtransformers.loading.remote_code import RemoteCode
from nbtransformers.loading.source import TOKENIZER_FILES, Source, source_of, version_of
from nbtransformers.request import ModelRef, Objects
from nbtransformers.results.trainingrun import TrainingRun
from nbtransformers.rundir.listing import RUNS

_NO_LIMIT = 1_000_000  # tokenizers without a limit say 10**30
# Their table of positions is longer than what they read: it is numbered from the pad token's place on.
_OFFSET_POSITIONS = (
    "roberta",
    "xlm-roberta",
    "xlm-roberta-xl",
    "camembert",
    "roberta-prelayernorm",
    "xmod",
    "bertweet",
)


@dataclass(frozen=True, slots=True, eq=False)
class LoadedTokenizer:
    """A tokenizer that is ready to use.

    Attributes:
        name: what the user calls it.
        tokenizer: it, as Transformers has it.
        limit: how many tokens its model can read, special tokens included; 0 when no limit is known.
        load_seconds: how long loading took.
        revision: of a Hub model, the commit that its files are from.
    """

    name: str
    tokenizer: Any
    limit: int
    load_seconds: float = 0.0
    revision: str | None = None


def tokenizer_ref(
    model: object,
    revision: str | None = None,
    namespace: Mapping[str, Any] | None = None,
    *,
    runs: Path = RUNS,
    **allowed: bool,
) -> tuple[ModelRef, Objects]:
    """The reference for what was given as the model whose tokenizer is meant, and the objects that it names.

    Besides what `model_ref` takes: a tokenizer (or a variable that holds one), and a folder with nothing but one.

    Args:
        model: what was given.
        revision: a Hub model's branch, tag or commit.
        namespace: where the names of variables are looked up.
        runs: where training runs are looked up.
        allowed: what the load gate lets pass: `trust_remote_code`.

    Raises:
        UserError: when it is none of these; the hint has the nearest name.

    Example:
        >>> tokenizer_ref("minilm")[0].kind
        'bundled'
    """
    known = namespace or {}
    name = str(model).strip() if isinstance(model, str | Path) else ""
    if name in known and is_tokenizer(known[name]):
        return _plain_ref(ModelRef("variable", name), revision), {name: known[name]}
    if is_tokenizer(model):
        own = _own_name(model)
        return _plain_ref(ModelRef("variable", own), revision), {own: model}
    if name and bundled_name(name) is None and name not in known and _has_only_tokenizer(Path(name).expanduser()):
        folder = str(Path(name).expanduser().resolve())
        return replace(_plain_ref(ModelRef("folder", folder), revision), **allowed), {}
    if not name and not isinstance(model, TrainingRun) and not is_model(model):
        raise UserError(
            f"The tokenizer is {shown(model, 40)}, {kind_of(model)}.",
            hint="Give a name, a folder, a Hub id, a tokenizer, a Transformers model, or a pipeline.",
        )
    return model_ref(model, revision, namespace, runs=runs, **allowed)


def is_tokenizer(value: object) -> bool:
    """Whether a live object is a tokenizer, of Transformers or of the tokenizers library."""
    return not isinstance(value, type) and (hasattr(value, "convert_ids_to_tokens") or _is_bare(value))


def _is_bare(value: object) -> bool:
    return type(value).__module__.split(".")[0] == "tokenizers" and hasattr(value, "encode_batch")


def _own_name(tokenizer: object) -> str:
    place = getattr(tokenizer, "name_or_path", "")
    return Path(place).name or type(tokenizer).__name__


def _plain_ref(ref: ModelRef, revision: str | None) -> ModelRef:
    if revision is not None:
        raise UserError(f"`--revision` is for Hub models, and {ref.name} is none.", hint="Leave `--revision` out.")
    return ref


def _has_only_tokenizer(folder: Path) -> bool:
    try:
        return not (folder / "config.json").exists() and _has_tokenizer(folder)
    except OSError:  # such as a name that is too long
        return False


def _has_tokenizer(folder: Path) -> bool:
    return any(any(folder.glob(pattern)) for pattern in TOKENIZER_FILES)


def load_tokenizer(
    ref: ModelRef, objects: Objects, on_load: Callable[[str], None] = lambda message: None
) -> LoadedTokenizer:
    """The tokenizer of a reference; one from a file stays in memory until the registry is cleared.

    Args:
        ref: which model, or which tokenizer.
        objects: holds it when the reference is to a variable.
        on_load: told in one line what takes time.

    Raises:
        UserError: when there is no tokenizer, it wants to run code of its own, or its files are damaged.
    """
    if ref.kind == "variable":
        return _users_own(ref, objects[ref.name])
    source = source_of(ref, on_load, weights=False)
    code = tokenizer_code_of(source)
    loaded, fresh = REGISTRY.tokenizer(ref, version_of(source.folder), lambda: _load_folder(source, code, on_load))
    return loaded if fresh else replace(loaded, load_seconds=0.0)


def _load_folder(source: Source, code: RemoteCode, on_load: Callable[[str], None]) -> LoadedTokenizer:
    name, folder = source.name, source.folder
    on_load(f"Loading the tokenizer of {source}" + (f", and running its {', '.join(code.files)}" if code else ""))
    started = time.perf_counter()
    path = folder / "config.json"
    entries = read_json(path, source.again) if path.exists() else {}
    if not code and not _has_tokenizer(folder):
        _refuse_no_tokenizer(name, folder, entries)
    _refuse_lacking_packages(name, folder)
    with plain_errors(name, folder), quiet_transformers():
        tokenizer = own_tokenizer(source, code) if code else _from_folder(source, entries)
    taken = time.perf_counter() - started
    return LoadedTokenizer(name, tokenizer, _limit(tokenizer, entries), taken, source.commit)


def _from_folder(source: Source, entries: dict[str, Any]) -> Any:
    from transformers import CONFIG_MAPPING, AutoTokenizer, PreTrainedTokenizerFast

    options: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}
    known = entries.get("model_type") in CONFIG_MAPPING
    if known:
        options["config"] = CONFIG_MAPPING[entries["model_type"]].from_dict(entries)
        # AutoTokenizer knows some Hub models by name, and picks another class for them.
        options["config"].name_or_path = source.ref.name
    elif (source.folder / "tokenizer.json").exists():
        # Nothing but the tokenizer, or a model that is too new: the file says all there is to know.
        return PreTrainedTokenizerFast.from_pretrained(source.folder, local_files_only=True)
    return AutoTokenizer.from_pretrained(source.folder, **options)


def _refuse_no_tokenizer(name: str, folder: Path, entries: dict[str, Any]) -> None:
    if not entries:
        raise UserError(
            f"{name} has no tokenizer: there is no tokenizer.json or vocabulary in {folder}.",
            hint="Give a folder that tokenizer.save_pretrained() wrote.",
        )
    raise UserError(
        f"{name} has no tokenizer: there is no tokenizer.json or vocabulary.",
        hint=f"Call tokenizer.save_pretrained({str(folder)!r}) with its own tokenizer.",
    )


def _refuse_lacking_packages(name: str, folder: Path) -> None:
    """A SentencePiece model alone has to be read by SentencePiece's own packages, which Transformers does not need."""
    if (folder / "tokenizer.json").exists() or not any(folder.glob("*.model")):
        return
    lacking = [package for package in ("sentencepiece", "protobuf") if not _is_installed(package)]
    if lacking:
        raise UserError(
            f"The tokenizer of {name} is a SentencePiece model, which needs {' and '.join(lacking)}.",
            hint=f"Type `pip install {' '.join(lacking)}`.",
        )


def _is_installed(package: str) -> bool:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return bool(version(package))
    except PackageNotFoundError:
        return False


def _users_own(ref: ModelRef, value: Any) -> LoadedTokenizer:
    if _is_bare(value):
        from transformers import PreTrainedTokenizerFast

        return LoadedTokenizer(ref.name, PreTrainedTokenizerFast(tokenizer_object=value), 0)
    if is_tokenizer(value):
        return LoadedTokenizer(ref.name, value, _limit(value, {}))
    model, tokenizer = model_and_tokenizer(value)
    found = tokenizer_by_name(ref, model) if tokenizer is None else tokenizer
    if not is_tokenizer(found):
        raise UserError(
            f"The tokenizer of {ref.name} is {shown(found, 40)}, {kind_of(found)}.",
            hint="Give the tokenizer itself in its place.",
        )
    return LoadedTokenizer(ref.name, found, _limit(found, model.config.to_dict()))


def _limit(tokenizer: Any, entries: Mapping[str, Any]) -> int:
    """The tokens that its model can read; the model itself is not looked at."""
    known = [tokenizer.model_max_length, positions_of(entries)]
    return min((int(limit) for limit in known if limit and 0 < limit < _NO_LIMIT), default=0)


def positions_of(entries: Mapping[str, Any]) -> int | None:
    """The tokens that a model has positions for, by the entries of its configuration; None where it has no table.

    Example:
        >>> positions_of({"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1})
        512
    """
    positions, padding = entries.get("max_position_embeddings"), entries.get("pad_token_id")
    if not isinstance(positions, int) or isinstance(positions, bool):
        return None
    offset = (padding if isinstance(padding, int) else 0) + 1 if entries.get("model_type") in _OFFSET_POSITIONS else 0
    return positions - offset
