"""ModelRef to a model that is ready to run: through the gate, once, on its device."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Hashable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nbtransformers.errors import UserError, kind_of, shown
from nbtransformers.loading.bundled import BUNDLED, bundled_folder
from nbtransformers.loading.gate import checked_config
from nbtransformers.loading.hub import hub_folder
from nbtransformers.loading.registry import REGISTRY, LoadedModel
from nbtransformers.request import ModelRef, Objects

if TYPE_CHECKING:
    import torch

Head = Literal["classifier", "encoder"]

TOKENIZER_FILES = ("tokenizer*", "vocab*", "merges.txt", "*.model", "*.vocab", "*.tiktoken", "tekken.json")


@dataclass(frozen=True, slots=True)
class Card:
    """What a model says of itself, before it is loaded.

    Attributes:
        name: what the user calls it.
        architecture: the class it was saved as, such as `BertForSequenceClassification`; empty when unknown.
        is_classifier: whether it has a head for sequence classification.
        labels: the label names of its configuration, in order.
        languages: ISO 639-1 codes; empty when unknown.
    """

    name: str
    architecture: str
    is_classifier: bool
    labels: tuple[str, ...]
    languages: tuple[str, ...] = ()


def card(ref: ModelRef, objects: Objects, on_load: Callable[[str], None] = lambda message: None) -> Card:
    """The card of a model; a Hub model is fetched for it.

    Raises:
        UserError: when the gate refuses the model.
    """
    if ref.kind == "variable":
        model = model_and_tokenizer(objects[ref.name])[0]
        labels = _label_names(getattr(model.config, "id2label", None))
        return Card(ref.name, type(model).__name__, _has_classifier(model), labels)
    entries = checked_config(folder_of(ref, on_load), short_name(ref))
    languages = BUNDLED[ref.name].languages if ref.kind == "bundled" else ()
    architecture = next(iter(entries.get("architectures") or [""]))
    classifier = "SequenceClassification" in architecture
    return Card(short_name(ref), architecture, classifier, _label_names(entries.get("id2label")), languages)


def _label_names(id2label: dict[Any, str] | None) -> tuple[str, ...]:
    return tuple(str(name) for _, name in sorted((id2label or {}).items(), key=lambda item: int(item[0])))


def short_name(ref: ModelRef) -> str:
    """What a model is called in a result: of a folder its own name."""
    return Path(ref.name).name if ref.kind == "folder" else str(ref)


def load(
    ref: ModelRef,
    objects: Objects,
    head: Head,
    *,
    device: str = "cpu",
    dtype: str = "float32",
    tokenizer: str | None = None,
    on_load: Callable[[str], None] = lambda message: None,
) -> tuple[LoadedModel, bool]:
    """The model of a reference, and whether it was loaded for this call.

    Args:
        ref: which model.
        objects: holds the model (and the tokenizer) when the reference is to a variable.
        head: `classifier` wants a sequence-classification head, `encoder` the bare model.
        device: where it goes, such as `cpu` or `cuda:0`; a user's own model stays where it is.
        dtype: the type of its weights, or `auto` for the type they are stored in.
        tokenizer: the entry of `objects` to use instead of the model's own.
        on_load: told in one line what takes time.

    Raises:
        UserError: when the gate refuses it, it has no such head, or it cannot be loaded.
    """
    if ref.kind == "variable":
        return _users_own(ref, objects, tokenizer), False
    folder = folder_of(ref, on_load)
    key = (ref, head, device, dtype)
    version = version_of(folder)
    loaded, fresh = REGISTRY.get(key, version, lambda: _load_folder(ref, folder, head, device, dtype, on_load))
    if tokenizer is not None:  # the same model and lock; what was learned with other tokens is not kept
        loaded = replace(loaded, tokenizer=objects[tokenizer], notes={})
    return loaded, fresh


def folder_of(ref: ModelRef, on_load: Callable[[str], None]) -> Path:
    """Where the files of a bundled model, a folder or a Hub model are; the latter is fetched."""
    if ref.kind == "bundled":
        return bundled_folder(ref.name)
    if ref.kind == "folder":
        return Path(ref.name)
    on_load(f"Fetching {ref}")
    return hub_folder(ref.name, ref.revision)


def version_of(folder: Path) -> Hashable:
    """Something that changes when a file of the model does."""
    # A folder that is trained into again is another model, under the same name.
    patterns = ("config.json", "*.safetensors", *TOKENIZER_FILES)
    files = sorted({file for pattern in patterns for file in folder.glob(pattern)})
    return tuple((file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files if file.exists())


def _load_folder(
    ref: ModelRef, folder: Path, head: Head, device: str, dtype: str, on_load: Callable[[str], None]
) -> LoadedModel:
    name = short_name(ref)
    on_load(f"Loading {name}")
    started = time.perf_counter()
    entries = checked_config(folder, name)
    with plain_errors(name, folder), quiet_transformers():
        config = _config(entries)
        # AutoTokenizer knows some Hub models by name, and picks another class for them.
        config.name_or_path = ref.name
        model = _model(config, folder, head, name, dtype).to(device).eval()
        tokenizer = _tokenizer(folder, config, name)
    return LoadedModel(
        name=name,
        model=model,
        tokenizer=tokenizer,
        folder=folder,
        device=str(model.device),
        dtype=_type_name(model.dtype),
        load_seconds=time.perf_counter() - started,
    )


def _config(entries: dict[str, Any]) -> Any:
    from transformers import CONFIG_MAPPING

    return CONFIG_MAPPING[entries["model_type"]].from_dict(entries)


def _model(config: Any, folder: Path, head: Head, name: str, dtype: str) -> Any:
    import transformers

    kind = transformers.AutoModelForSequenceClassification if head == "classifier" else transformers.AutoModel
    model, info = kind.from_pretrained(
        folder,
        config=config,
        dtype=dtype,
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
        output_loading_info=True,
    )
    missing = sorted(info["missing_keys"])
    if head == "classifier" and missing:
        raise UserError(
            f"{name} has no trained classification head: {missing[0]} is not in its weights.",
            hint="Give a classifier, or `--labels a,b,c` for zero-shot with this encoder.",
        )
    return model


def _tokenizer(folder: Path, config: Any, name: str) -> Any:
    from transformers import AutoTokenizer

    # Without any file Transformers makes up a tokenizer that knows no word, and every text would score alike.
    if not any(any(folder.glob(pattern)) for pattern in TOKENIZER_FILES):
        raise UserError(
            f"{name} has no tokenizer: there is no tokenizer.json or vocabulary.",
            hint=f"Call tokenizer.save_pretrained({str(folder)!r}) with its own tokenizer.",
        )
    return AutoTokenizer.from_pretrained(folder, config=config, trust_remote_code=False, local_files_only=True)


# --- the user's own model ---


def _users_own(ref: ModelRef, objects: Objects, tokenizer: str | None) -> LoadedModel:
    model, own_tokenizer = model_and_tokenizer(objects[ref.name])
    found = objects[tokenizer] if tokenizer else own_tokenizer
    if found is None:
        found = tokenizer_by_name(ref, model)
    if not hasattr(found, "convert_ids_to_tokens"):
        raise UserError(
            f"The tokenizer of {ref.name} is {shown(found, 40)}, {kind_of(found)}.",
            hint="Give its own: `--tokenizer tokenizer`.",
        )
    lock, notes = REGISTRY.lock_and_notes(model)
    weight = next(model.parameters())
    return LoadedModel(
        name=ref.name,
        model=model,
        tokenizer=found,
        folder=None,
        device=str(weight.device),
        dtype=_type_name(weight.dtype),
        lock=lock,
        notes=notes,
    )


def model_and_tokenizer(value: Any) -> tuple[Any, Any]:
    """Model and tokenizer (or None) of a model, a pipeline or a pair."""
    if isinstance(value, tuple):
        return value  # pyright: ignore[reportUnknownVariableType, reportReturnType]
    # Only a pipeline has both a model and a tokenizer; `model` alone is also a part of many models.
    if hasattr(value, "tokenizer") and hasattr(value, "model"):
        return value.model, value.tokenizer
    return value, None


def _has_classifier(model: Any) -> bool:
    # A class of the user's own need not be called so: these are the names that Transformers gives such heads.
    return "SequenceClassification" in type(model).__name__ or hasattr(model, "classifier") or hasattr(model, "score")


def tokenizer_by_name(ref: ModelRef, model: Any) -> Any:
    """The tokenizer from where a user's model was loaded from.

    Raises:
        UserError: when there is none.
    """
    from transformers import AutoTokenizer

    name = getattr(model, "name_or_path", "") or getattr(model.config, "_name_or_path", "")
    try:
        if not name:
            raise OSError
        return AutoTokenizer.from_pretrained(name, trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError) as error:
        raise UserError(
            f"The model {ref.name} comes without a tokenizer.",
            hint="Give its own: `--tokenizer tokenizer`.",
        ) from error


# --- around Transformers ---


def _type_name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


@contextmanager
def plain_errors(name: str, folder: Path) -> Generator[None]:
    """Whatever is wrong with a model's files, told in one line."""
    from safetensors import SafetensorError

    try:
        yield
    except SafetensorError as error:
        raise UserError(
            f"The weights of {name} are damaged ({error}).", hint=f"Save or download them again into {folder}."
        ) from error
    except MemoryError as error:
        raise UserError(
            f"{name} does not fit into memory.", hint="Type `--dtype bfloat16`, or give a smaller model."
        ) from error
    except UserError:
        raise
    except Exception as error:  # whatever is wrong in the files: Transformers' own words, and their cause
        first = str(error).strip().splitlines() or [""]
        raise UserError(
            f"Transformers cannot load {name} ({type(error).__name__}: {shown(first[0], 160).strip(chr(39))}).",
            hint=f"Check the files in {folder}.",
        ) from error


@contextmanager
def quiet_transformers() -> Generator[None]:
    """No load report and no progress bar in the user's cell; what was set is set again."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
