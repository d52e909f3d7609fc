"""The weights of a model folder: which files, how many parameters, in which type. None of them is read."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbtransformers.errors import UserError, shown
from nbtransformers.loading.descriptions import read_json, shown_error
from nbtransformers.loading.source import Source

_SAFE, _SAFE_INDEX = "model.safetensors", "model.safetensors.index.json"
_PICKLE, _PICKLE_INDEX = "pytorch_model.bin", "pytorch_model.bin.index.json"
_PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_OF_OTHERS = (".gguf", ".h5", ".msgpack", ".onnx", ".tflite")
# What a Trainer writes beside the weights; pickles too, and never loaded.
_NO_WEIGHTS = ("training_args", "optimizer", "scheduler", "rng_state", "scaler")
# safetensors' names of types, torch's, and the bytes of one number.
_TYPES = {
    "F64": ("float64", 8),
    "F32": ("float32", 4),
    "F16": ("float16", 2),
    "BF16": ("bfloat16", 2),
    "F8_E4M3": ("float8_e4m3fn", 1),
    "F8_E5M2": ("float8_e5m2", 1),
}
BYTES = dict(_TYPES.values())
"""The bytes of a number of each type, by torch's name."""
Tensor = tuple[str, Sequence[int], int]
_SAVE_ANEW = "Load it yourself, call model.save_pretrained(FOLDER), and give that folder."


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of a model, as its files declare them.

    Attributes:
        files: the files.
        pickled: whether they are pickles, which do not tell what they hold.
        nbytes: their bytes on disk, without the headers of safetensors.
        counts: type to number of parameters; empty of pickles. Types that are no floating point are in safetensors'
            own words.
    """

    files: tuple[Path, ...]
    pickled: bool
    nbytes: int
    counts: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def parameters(self) -> int | None:
        """How many; None of pickles."""
        return None if self.pickled else sum(self.counts.values())

    @property
    def dtype(self) -> str | None:
        """The type of most of them, as torch writes it; None when unknown."""
        return max(self.counts, key=lambda name: self.counts[name]) if self.counts else None

    def nbytes_in(self, dtype: str) -> int:
        """Their bytes in memory, loaded as `dtype`; `auto` is as they are stored.

        Of pickles it is what they take on disk: their type is not known before they are read.
        """
        if dtype not in BYTES:
            return self.nbytes
        change = sum(number * (BYTES[dtype] - BYTES[name]) for name, number in self.counts.items() if name in BYTES)
        return self.nbytes + change


def weights_of(source: Source) -> Weights:
    """The weights of a folder, once they have passed: safetensors, or pickles where these are allowed.

    Raises:
        UserError: when there are none, they are pickles that are not allowed, of another library, or damaged.
    """
    folder = source.folder
    if (folder / _SAFE).is_file():
        return _safetensors(source, [folder / _SAFE])
    if (folder / _SAFE_INDEX).exists():
        return _safetensors(source, _shards(source, _SAFE_INDEX, ".safetensors"))
    if _SAFE in source.sizes or _SAFE_INDEX in source.sizes:
        source.refuse_unfinished(_SAFE if _SAFE in source.sizes else _SAFE_INDEX)
    return _pickles(source)


def declared(files: Iterable[Path], tensors: Iterable[Tensor]) -> Weights:
    """The weights that the headers of safetensors files declare.

    Args:
        files: the files, where they are here.
        tensors: of each tensor its type in safetensors' own words, its shape, and its bytes.

    Example:
        >>> declared([], [("F32", (2, 3), 24)]).counts
        {'float32': 6}
    """
    counts: Counter[str] = Counter()
    total = 0
    for dtype, shape, nbytes in tensors:
        counts[_TYPES.get(dtype, (dtype, 0))[0]] += math.prod(shape)
        total += nbytes
    return Weights(tuple(files), False, total, dict(counts))


def _safetensors(source: Source, files: list[Path]) -> Weights:
    return declared(files, (tensor for file in files for tensor in _tensors(source, file)))


def _tensors(source: Source, path: Path) -> Iterator[Tensor]:
    """What the header of a file declares; the library checks it against the file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy"):
            header = _header(path)
    except MemoryError as error:  # the file is mapped into it
        raise UserError(f"{source.name} does not fit into memory.", hint="Give a smaller model.") from error
    except (SafetensorError, OSError, ValueError, RecursionError) as error:
        raise UserError(
            f"The weights of {source.name} are damaged: {path.name} ({shown_error(error)}).", hint=source.again
        ) from error
    for entry in header:
        start, stop = entry["data_offsets"]
        yield entry["dtype"], entry["shape"], stop - start


def _header(path: Path) -> list[dict[str, Any]]:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        entries: dict[str, Any] = json.loads(file.read(length))
    return [entry for name, entry in entries.items() if name != "__metadata__"]


def _shards(source: Source, index: str, suffix: str) -> list[Path]:
    """Every shard of the index is a file of this very folder, and of this format: the index could name any file."""
    name, folder = source.name, source.folder
    found = read_json(folder / index, source.again).get("weight_map")
    shards = sorted(set(map(str, found.values()))) if isinstance(found, dict) else []
    for shard in shards:
        if Path(shard).name != shard or "\\" in shard or not shard.endswith(suffix):
            raise UserError(
                f"The weights of {name} are in {shown(shard)}, which is no {suffix} file of its folder.",
                hint=_SAVE_ANEW,
            )
        if not (folder / shard).is_file():
            source.refuse_unfinished(shard)
            raise UserError(f"{name} lacks a part of its weights: {shard}.", hint=source.again)
    if not shards:
        raise UserError(f"{name} has an index of weights that names none.", hint=source.again)
    return [folder / shard for shard in shards]


def _pickles(source: Source) -> Weights:
    name, folder = source.name, source.folder
    there = {path.name for path in folder.iterdir()} | {file for file in source.sizes if "/" not in file}
    found = sorted(file for file in there if file.endswith(_PICKLED) and not file.startswith(_NO_WEIGHTS))
    found += [_PICKLE_INDEX] if _PICKLE_INDEX in there else []
    if not found:
        raise _no_weights(source, sorted(file for file in there if file.endswith(_OF_OTHERS)))
    readable = {_PICKLE, _PICKLE_INDEX} & there
    if not readable:
        raise UserError(
            f"{name} has no weights that Transformers reads, only {found[0]}.",
            hint=f"If they are a pickled state dict, rename the file to {_PICKLE}, and type `--allow-pickle`.",
        )
    if not source.ref.allow_pickle:
        raise UserError(
            f"{name} has no safetensors weights, only {found[0]}, and a pickle can hold code.",
            hint="Type `--allow-pickle` to read nothing but tensors from it.",
        )
    there = [file for file in (_PICKLE, _PICKLE_INDEX) if (folder / file).is_file()]
    if not there:
        source.refuse_unfinished(min(readable))
        raise UserError(f"{name} lacks a part of its weights: {min(readable)}.", hint=source.again)
    files = [folder / _PICKLE] if _PICKLE in there else _shards(source, _PICKLE_INDEX, ".bin")
    return Weights(tuple(files), True, sum(file.stat().st_size for file in files))


def _no_weights(source: Source, others: list[str]) -> UserError:
    if not others:
        source.refuse_unfinished(_SAFE)
        return UserError(f"{source.name} has no weights: there is no {_SAFE}.", hint=source.again)
    load = f'gguf_file="{others[0]}"' if others[0].endswith(".gguf") else "the library that made them"
    return UserError(
        f"{source.name} has no safetensors weights, only {others[0]}.",
        hint=f"Load it yourself with {load}, call model.save_pretrained(FOLDER), and give that folder.",
    )
