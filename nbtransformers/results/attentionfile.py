"""Attention in a file of NumPy's, `.npz`: a zip of arrays, none of which is a pickle.

`header` is JSON in UTF-8, as uint8: `format` and `version`, the `request`, how the `run` went, the `notes`, `part` and
`signed`, of each side its `text` and `pieces`, of each part how many `layers` it has, and the `recipe` of its program.
Of each side S, `queries` and of an encoder-decoder `encoded`: `S/ids`, `S/offsets`, `S/words`, `S/flags`, as `Side` has
them. Of each layer n of a part P: `P/n/q`, `k`, `v`, `scaling` and what else `KeptLayer` has, float32, from which its
weights are computed; or, where those are not to be had, `P/n/weights` float32 `[head, query, key]`.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import UserError
from nbtransformers.plain_text import size
from nbtransformers.request import AttentionRequest
from nbtransformers.results import attentionrecipefile
from nbtransformers.results.arraymaps import ArrayMaps
from nbtransformers.results.attentionkeys import HasLayers, KeptLayer, KeyMaps
from nbtransformers.results.attentionmaps import Floats, Maps, Part
from nbtransformers.results.export import Written, whole_path, write_file
from nbtransformers.results.run import RunReport

if TYPE_CHECKING:
    from nbtransformers.results.attention import Attention, Side

LARGEST = 2**30  # bytes of weights that are written

_FORMAT, _VERSION = "nbtransformers attention", 1
_PARTS: tuple[Part, ...] = ("self", "cross", "encoder")
_SIDE = {"ids": "<i8", "offsets": "<i8", "words": "<i8", "flags": "|u1"}
_EQUAL = 1e-5  # between the weights that a layer's numbers give and its own
_TRIED = 3  # queries of which they are compared

Arrays = dict[str, NDArray[Any]]


def save(attention: Attention, path: str | os.PathLike[str], *, overwrite: bool = False) -> Written:
    """Write an attention into a file.

    Raises:
        UserError: when there is such a file, it cannot be written, or would be too large.
    """
    _refuse_large(attention.maps)
    return write_file(path, lambda file: _fill(attention, file), taken="replace" if overwrite else "refuse")


def _fill(attention: Attention, file: BinaryIO) -> tuple[int, tuple[str, ...]]:
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in _members(attention):
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
    return len(attention.queries), ()


def _members(attention: Attention) -> Iterator[tuple[str, NDArray[Any]]]:
    """The arrays of a file, one layer in memory at a time."""
    yield "header", np.frombuffer(json.dumps(_header(attention)).encode("utf-8"), np.uint8)
    for name, side in _sides(attention).items():
        for field, kind in _SIDE.items():
            yield f"{name}/{field}", getattr(side, field).astype(kind)
    maps = attention.maps
    for part in maps.parts:
        for layer in range(maps.extent(part).layers):
            for field, array in _layer(maps, part, layer):
                yield f"{part}/{layer}/{field}", array


def _header(attention: Attention) -> dict[str, Any]:
    maps = attention.maps
    return {
        "format": _FORMAT,
        "version": _VERSION,
        "request": json.loads(attention.request.to_json()),
        "run": asdict(attention.run),
        "notes": list(attention.notes),
        "part": attention.part,
        "signed": attention.signed,
        "sides": {name: {"text": side.text, "pieces": side.pieces} for name, side in _sides(attention).items()},
        "layers": {part: maps.extent(part).layers for part in maps.parts},
        "recipe": attentionrecipefile.told(attention.recipe),
    }


def _sides(attention: Attention) -> dict[str, Side]:
    return {"queries": attention.queries} | ({} if attention.encoded is None else {"encoded": attention.encoded})


def _layer(maps: Maps, part: Part, layer: int) -> Iterator[tuple[str, NDArray[Any]]]:
    kept = _kept(maps, part, layer)
    if kept is None:
        heads = range(maps.extent(part).heads)
        yield "weights", np.stack([maps.weights(part, layer, head, slice(None)) for head in heads]).astype("<f4")
        return
    for field in fields(kept):
        array = getattr(kept, field.name)
        if array is not None:
            yield field.name, array


def _kept(maps: Maps, part: Part, layer: int) -> KeptLayer | None:
    """What the weights of a layer are computed from, if they do come out of it: some models do more."""
    kept = maps.kept_layer(part, layer) if isinstance(maps, HasLayers) else None
    if kept is None:
        return None
    rows = np.unique(np.linspace(0, maps.extent(part).queries - 1, _TRIED).astype(np.int64))
    same = all(
        np.allclose(kept.weights(head, rows), maps.weights(part, layer, head, rows), atol=_EQUAL, equal_nan=True)
        for head in range(len(kept.q))
    )
    return kept if same else None


def _refuse_large(maps: Maps) -> None:
    if sum(4 * int(np.prod(maps.extent(part))) for part in maps.parts) <= LARGEST:
        return  # even if all of it has to be written as weights
    nbytes = 0
    for part in maps.parts:
        extent = maps.extent(part)
        only = sum(_has_only_weights(maps, part, layer) for layer in range(extent.layers))
        nbytes += only * 4 * extent.heads * extent.queries * extent.keys
    if nbytes > LARGEST:
        raise UserError(
            f"The weights of all heads are {size(nbytes)}, and they come of nothing smaller that could be kept.",
            hint='Keep those of a head: `numpy.save("head.npy", attention[layer, head])`.',
        )


def _has_only_weights(maps: Maps, part: Part, layer: int) -> bool:
    return not isinstance(maps, HasLayers) or maps.kept_layer(part, layer) is None


# --- read ---


def load(path: str | os.PathLike[str]) -> Attention:
    """Read an attention from a file that `save` has written; the model is not needed.

    Raises:
        UserError: when there is no such file, or it is none of these.
    """
    place = whole_path(path)
    if not place.is_file():
        raise UserError(f"There is no file {place}.", hint='Save one: `attention.save("attention.npz")`.')
    try:
        with zipfile.ZipFile(place) as archive:
            return _read(archive, place)
    except UserError:
        raise
    except (
        OSError,
        EOFError,
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        AttributeError,
        zipfile.BadZipFile,
    ) as error:
        raise UserError(
            f"{place.name} holds no attention, or is damaged ({type(error).__name__}).",
            hint='Give a file that `attention.save("attention.npz")` has written.',
        ) from error


def _read(archive: zipfile.ZipFile, place: Path) -> Attention:
    from nbtransformers.results.attention import Attention

    header: dict[str, Any] = json.loads(_array(archive, "header").tobytes())
    if header["format"] != _FORMAT:
        raise ValueError(header["format"])
    if header["version"] > _VERSION:
        raise UserError(
            f"{place.name} was written by a newer nbtransformers.", hint="Type `pip install --upgrade nbtransformers`."
        )
    sides = {name: _side(archive, name, told) for name, told in header["sides"].items()}
    maps = _maps(archive, header["layers"], set(archive.namelist()))
    found = Attention(
        request=AttentionRequest.from_json(json.dumps(header["request"])),
        queries=sides["queries"],
        encoded=sides.get("encoded"),
        maps=maps,
        run=RunReport(**header["run"]),
        notes=tuple(map(str, header["notes"])),
        part=header["part"],
        signed=bool(header["signed"]),
        recipe=attentionrecipefile.read(header.get("recipe")),  # earlier versions wrote none
    )
    for part in maps.parts:
        _check(found.of_part(part))
    return found


def _check(attention: Attention) -> None:
    """That the weights are those of the tokens."""
    shape = attention.shape
    if shape[2:] != (len(attention.query_side), len(attention.key_side)) or shape.layers < 1:
        raise ValueError(f"{shape} of {len(attention.query_side)} × {len(attention.key_side)} tokens")
    for layer in range(shape.layers):
        if attention[layer, 0, [0]].shape != (1, shape.keys):
            raise ValueError(f"layer {layer}")


def _side(archive: zipfile.ZipFile, name: str, told: dict[str, Any]) -> Side:
    from nbtransformers.results.attention import Side

    arrays = {field: _array(archive, f"{name}/{field}").astype(kind) for field, kind in _SIDE.items()}
    pieces = tuple(map(str, told["pieces"]))
    if {len(array) for array in arrays.values()} != {len(pieces)} or arrays["offsets"].shape[1:] != (2,):
        raise ValueError(name)
    return Side(text=told["text"], pieces=pieces, **cast("Any", arrays))


def _maps(archive: zipfile.ZipFile, layers: dict[str, int], names: set[str]) -> Maps:
    """Of all layers what they are computed from; or of all the weights, where of one there is nothing else."""
    found: dict[Part, list[KeptLayer | Floats]] = {}
    for part in _PARTS:
        if part in layers:
            found[part] = [_read_layer(archive, part, layer, names) for layer in range(int(layers[part]))]
    if all(isinstance(layer, KeptLayer) for some in found.values() for layer in some):
        return KeyMaps(cast("dict[Part, list[KeptLayer]]", found))
    arrays: dict[Part, Floats] = {}
    for part, some in found.items():
        arrays[part] = np.stack([_weights(layer) for layer in some])
    return ArrayMaps(arrays)


def _weights(layer: KeptLayer | Floats) -> Floats:
    if not isinstance(layer, KeptLayer):
        return layer
    rows = np.arange(layer.q.shape[1])
    return np.stack([layer.weights(head, rows) for head in range(len(layer.q))])


def _read_layer(archive: zipfile.ZipFile, part: Part, layer: int, names: set[str]) -> KeptLayer | Floats:
    place = f"{part}/{layer}"
    if f"{place}/weights.npy" in names:
        return _array(archive, f"{place}/weights").astype(np.float32, copy=False)
    there = [field.name for field in fields(KeptLayer) if f"{place}/{field.name}.npy" in names]
    return KeptLayer(**{name: _array(archive, f"{place}/{name}") for name in there})


def _array(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    with archive.open(f"{name}.npy") as member:
        return np.lib.format.read_array(cast("Any", member), allow_pickle=False)
