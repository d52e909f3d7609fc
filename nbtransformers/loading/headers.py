"""What the weights of a model are, by the headers of their files alone: of a Hub model, by range requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.loading.hub import weight_files
from nbtransformers.loading.hub_api import why_unreachable
from nbtransformers.loading.hub_cache import is_offline
from nbtransformers.loading.source import Source
from nbtransformers.loading.weights import Tensor, Weights, declared, weights_of

_MANY = 8  # headers that are asked for at a time


def weights_declared(source: Source) -> tuple[Weights | None, str]:
    """The weights of a model that may not have been fetched, and why they are not known.

    Of safetensors that are on the Hub only the header is read, by requests for the first bytes of each file. Pickles do
    not tell what is in them before they are read, but their size; Transformers fetches them whole.

    Returns:
        The weights, and an empty text; or None, and a sentence.
    """
    allowing = replace(source, ref=replace(source.ref, allow_pickle=True))
    missing = missing_weights(source)
    if not missing:
        try:
            return weights_of(allowing), ""
        except UserError as error:
            return None, error.message
    if all(name.endswith(".safetensors") for name in missing):
        if is_offline():
            return None, f"The weights of {source.name} are not here, and offline mode is on."
        try:
            return declared([], _tensors(source, missing)), ""
        except Exception as error:  # the network's many ways to fail, and a file that is none
            return None, f"The headers of the weights of {source.name} cannot be read: {why_unreachable(error)}."
    return Weights((), True, sum(source.sizes[name] for name in missing)), ""


def missing_weights(source: Source) -> list[str]:
    """The files of the weights of a Hub model that were not fetched."""
    if source.ref.kind != "hub":
        return []
    files = weight_files(source.sizes, pickles=True)
    return [name for name in files if "/" not in name and not (source.folder / name).exists()]


def _tensors(source: Source, files: list[str]) -> Iterator[Tensor]:
    from concurrent.futures import ThreadPoolExecutor

    from huggingface_hub import HfApi

    api = HfApi()

    def header(file: str) -> Any:
        return api.parse_safetensors_file_metadata(source.ref.name, file, revision=source.commit)

    with ThreadPoolExecutor(_MANY) as pool:
        for found in pool.map(header, files):
            for tensor in found.tensors.values():
                start, stop = tensor.data_offsets
                yield tensor.dtype, tensor.shape, stop - start
