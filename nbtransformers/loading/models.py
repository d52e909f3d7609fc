"""ModelRef to a model that is ready to run: through the gate, once, on its device."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from logging import CRITICAL
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtransformers.errors import UserError, kind_of, shown
from nbtransformers.loading.descriptions import shown_error
from nbtransformers.loading.dtypes import gpu_dtype
from nbtransformers.loading.gate import Passed, passed
from nbtransformers.loading.heads import HEADS, Head
from nbtransformers.loading.memory import nbytes_loaded, refuse_too_large, says_out_of_memory
from nbtransformers.loading.quantizing import INT8, quantise, quiet_torchao, refuse_lacking_library
from nbtransformers.loading.registry import REGISTRY, LoadedModel
from nbtransformers.loading.remote_code import RemoteCode
from nbtransformers.loading.room import make_room, source_to_load
from nbtransformers.loading.source import TOKENIZER_FILES, Source, version_of
from nbtransformers.request import ModelRef, Objects

if TYPE_CHECKING:
    import torch


def load(
    ref: ModelRef,
    objects: Objects,
    head: Head,
    *,
    device: str = "cpu",
    dtype: str = "float32",
    tokenizer: str | None = None,
    memory_budget: int | None = None,
    on_load: Callable[[str], None] = lambda message: None,
) -> tuple[LoadedModel, bool]:
    """The model of a reference, and whether it was loaded for this call.

    Args:
        ref: which model.
        objects: holds the model (and the tokenizer) when the reference is to a variable.
        head: what the task needs of it; `encoder` is the bare model.
        device: where it goes, such as `cpu` or `cuda:0`; a user's own model stays where it is.
        dtype: the type of its weights; `auto` is for a GPU, and chooses one; `int8` quantises them.
        tokenizer: the entry of `objects` to use instead of the model's own.
        memory_budget: bytes that all models on the device may take together; None is what the memory holds.
        on_load: told in one line what takes time.

    Raises:
        UserError: when the gate refuses it, it has no such head, or it cannot be loaded.
    """
    if ref.kind == "variable":
        if dtype == INT8:
            raise UserError(
                f"`--dtype int8` is for models that are loaded here, and {ref.name} is yours.",
                hint="Leave `--dtype` out, or quantise it yourself with torchao.",
            )
        return _users_own(ref, objects, tokenizer), False
    if dtype == INT8:
        refuse_lacking_library()
    source = source_to_load(ref, on_load)
    found = passed(source)
    want = _Wanted(source, found, head, device, dtype, memory_budget, on_load)
    # What was allowed makes no other model of it, but code of its own does.
    key = (replace(ref, allow_pickle=False, trust_remote_code=bool(found.code), allow_large=False), head, device, dtype)
    loaded, fresh = REGISTRY.get(key, version_of(source.folder), lambda: _load_folder(want))
    if tokenizer is not None:  # the same model and lock; what was learned with other tokens is not kept
        loaded = replace(loaded, tokenizer=objects[tokenizer], notes={})
    return loaded, fresh


@dataclass(frozen=True, slots=True)
class _Wanted:
    source: Source
    found: Passed
    head: Head
    device: str
    dtype: str
    memory_budget: int | None
    on_load: Callable[[str], None]


def _load_folder(want: _Wanted) -> LoadedModel:
    source, found = want.source, want.found
    name, folder = source.name, source.folder
    quantized = "quantization_config" in found.config  # its weights stay as they are stored
    files = sorted({*found.code.files, *found.tokenizer_code.files})
    want.on_load(f"Loading {source}" + (f", and running its {', '.join(files)}" if files else ""))
    started = time.perf_counter()
    with plain_errors(name, folder), quiet_transformers():
        config = config_of(source, found)
        # AutoTokenizer knows some Hub models by name, and picks another class for them.
        config.name_or_path = source.ref.name
        loader = class_with_head(config, source, found, want.head)
        dtype = _dtype(loader, config, want, quantized)
        taken = nbytes_loaded(found.weights, dtype, quantized=quantized)
        left = make_room(name, taken, want.device, want.memory_budget)
        refuse_too_large(source, found.weights, dtype, want.device, quantized=quantized)
        model = _model(loader, config, want, dtype).to(want.device).eval()
        tokenizer = tokenizer_of(source, config, found)
        refuse_odd_limits(source, model, tokenizer)
    return LoadedModel(
        name=name,
        model=model,
        tokenizer=tokenizer,
        folder=folder,
        device=str(model.device),
        dtype=INT8 if dtype == INT8 else _type_name(model.dtype),
        load_seconds=time.perf_counter() - started,
        pickled=found.weights.pickled,
        made_room=left,
    )


def config_of(source: Source, found: Passed) -> Any:
    """The configuration of a model, as the gate has left it."""
    from transformers import CONFIG_MAPPING

    if found.code:
        return _own_class(source, found.code, "AutoConfig").from_dict(found.config)
    return CONFIG_MAPPING[found.config["model_type"]].from_dict(found.config)


def class_with_head(config: Any, source: Source, found: Passed, wanted: Head) -> Any:
    """The class whose `from_pretrained` gives the model the head which is wanted.

    Raises:
        UserError: when there is none for this type of model.
    """
    import transformers

    head = HEADS[wanted]
    if found.code:
        # Not by the Auto class: it would take the class that it took for the last model with this configuration file.
        return _own_class(source, found.code, head.auto_class)
    kind = getattr(transformers, head.auto_class)
    if type(config) not in kind._model_mapping:
        raise UserError(
            f"{source.name} is of type {config.model_type}, and Transformers has no {head.auto_class} for that.",
            hint=head.hint,
        )
    return kind


def _keeps_float32(loader: Any, config: Any) -> bool:
    """Whether some of its layers are too wide for float16, as T5's are: Transformers then keeps these in float32."""
    classes = loader._model_mapping[type(config)] if hasattr(loader, "_model_mapping") else loader
    return any(
        getattr(kind, "_keep_in_fp32_modules", None) for kind in (classes if isinstance(classes, tuple) else (classes,))
    )


def _dtype(loader: Any, config: Any, want: _Wanted, quantized: bool) -> str:
    if want.dtype != "auto" or quantized:
        return want.dtype
    return gpu_dtype(want.found.weights.dtype, want.device, too_wide_for_half=_keeps_float32(loader, config))


def _model(loader: Any, config: Any, want: _Wanted, dtype: str) -> Any:
    name, found, head = want.source.name, want.found, HEADS[want.head]
    model, info = loader.from_pretrained(
        want.source.folder,
        config=config,
        dtype="float32" if dtype == INT8 else dtype,
        use_safetensors=not found.weights.pickled,
        weights_only=True,  # of a pickle: tensors, and nothing that could run
        trust_remote_code=False,  # the class is chosen already; it would only add code for generating
        local_files_only=True,
        output_loading_info=True,
    )
    # A body's pooler is for a head that this model need not have.
    missing = sorted(key for key in info["missing_keys"] if want.head != "encoder" or "pooler" not in key)
    if missing:
        raise UserError(f"{name} has no trained {head.part}: {missing[0]} is not in its weights.", hint=head.hint)
    if dtype == INT8:
        quantise(model, name)
    return model


def tokenizer_of(source: Source, config: Any, found: Passed) -> Any:
    """The tokenizer that comes with a model.

    Raises:
        UserError: when there is none.
    """
    from transformers import AutoTokenizer

    folder = source.folder
    if found.tokenizer_code:
        return own_tokenizer(source, found.tokenizer_code)
    # Without any file Transformers makes up a tokenizer that knows no word, and every text would score alike.
    if "tokenizer.json" in source.sizes and not (folder / "tokenizer.json").exists():
        source.refuse_unfinished("tokenizer.json")
    if not any(any(folder.glob(pattern)) for pattern in TOKENIZER_FILES):
        raise UserError(
            f"{source.name} has no tokenizer: there is no tokenizer.json or vocabulary.",
            hint=f"Call tokenizer.save_pretrained({str(folder)!r}) with its own tokenizer.",
        )
    return AutoTokenizer.from_pretrained(folder, config=config, trust_remote_code=False, local_files_only=True)


def refuse_odd_limits(source: Source, model: Any, tokenizer: Any) -> None:
    """Refuse limits of length that are no numbers.

    Raises:
        UserError: when one is not.
    """
    positions = getattr(model.config, "max_position_embeddings", None)
    for file, field, value in (
        ("config.json", "max_position_embeddings", positions),
        ("tokenizer_config.json", "model_max_length", tokenizer.model_max_length),
    ):
        if value is not None and not isinstance(value, int | float):
            raise UserError(
                f"{source.folder / file} has a {field} that makes no sense: {shown(value)}.", hint=source.again
            )


def own_tokenizer(source: Source, code: RemoteCode) -> Any:
    """A tokenizer of a class that comes with it; that code has been allowed to run."""
    kind = _own_class(source, code, "AutoTokenizer")
    return kind.from_pretrained(source.folder, trust_remote_code=True, local_files_only=True)


def _own_class(source: Source, code: RemoteCode, purpose: str) -> Any:
    """Run the code of a model for the class that it has in the place of one of the library's."""
    from transformers.dynamic_module_utils import get_class_from_dynamic_module

    if purpose not in code.classes:
        raise UserError(
            f"The code of {source.name} has no {purpose}, only {', '.join(sorted(code.classes))}.",
            hint="Give a model that has one.",
        )
    return get_class_from_dynamic_module(code.classes[purpose], source.folder, local_files_only=True)


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
    import pickle

    from safetensors import SafetensorError

    try:
        yield
    except UserError:
        raise
    except SafetensorError as error:
        raise UserError(
            f"The weights of {name} are damaged ({shown_error(error)}).",
            hint=f"Save or download them again into {folder}.",
        ) from error
    except pickle.UnpicklingError as error:
        for file in sorted(folder.glob("*.bin")):
            if not _is_pickled(file):
                raise UserError(
                    f"The weights of {name} are damaged: {file.name} is no file of PyTorch.",
                    hint=f"Save or download them again into {folder}.",
                ) from error
        raise UserError(
            f"The pickled weights of {name} hold more than tensors, which could run any code, and are not loaded.",
            hint="Get safetensors of it, or load it yourself if you trust whoever made it, and pass it: model=….",
        ) from error
    except Exception as error:  # whatever is wrong in the files: Transformers' own words, and their cause
        if isinstance(error, MemoryError) or says_out_of_memory(error):
            raise UserError(
                f"{name} does not fit into memory.", hint="Type `--dtype bfloat16`, or give a smaller model."
            ) from error
        raise UserError(
            f"Transformers cannot load {name} ({type(error).__name__}: {shown_error(error)}).",
            hint=f"Check the files in {folder}.",
        ) from error


def _is_pickled(file: Path) -> bool:
    """Whether a file begins as `torch.save` writes it: as an archive, or formerly as a bare pickle."""
    with file.open("rb") as opened:
        return opened.read(4).startswith((b"PK\x03\x04", b"\x80"))


@contextmanager
def quiet_transformers() -> Generator[None]:
    """No load report and no progress bar in the user's cell; what was set is set again."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(CRITICAL)  # what is an error is told by the exception
    logging.disable_progress_bar()
    try:
        with quiet_torchao(), warnings.catch_warnings():
            # `%%translate` says it in a note.
            warnings.filterwarnings("ignore", message="Recommended: pip install sacremoses")
            yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
