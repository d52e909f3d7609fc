"""What is on this machine: models that are bundled, in the Hugging Face cache, in folders, of runs; cached datasets."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any

from nbtransformers.catalog.cachescan import CachedRepository, CacheScan
from nbtransformers.catalog.described import Fields, first_known, of_card, of_config, of_dataset, wants_own_code
from nbtransformers.errors import UserError
from nbtransformers.loading.bundled import BUNDLED, bundled_place
from nbtransformers.loading.hub import UnfinishedError, known_sizes, weight_bytes
from nbtransformers.loading.hub_cache import repository
from nbtransformers.loading.runs import PREFIX, model_of_run
from nbtransformers.loading.source import Source
from nbtransformers.loading.weights import weights_of
from nbtransformers.request import ModelRef
from nbtransformers.results.datasets import DatasetEntry
from nbtransformers.results.models import ModelEntry, Place
from nbtransformers.rundir.listing import run_folders

_MOST_FOLDERS = 500  # that are looked into
_LARGEST = 2**22  # bytes of a description that is worth a look in a list


def local_models(runs: Path, here: Path | None = None) -> Iterator[ModelEntry]:
    """Every model on this machine: the bundled ones, then those of the cache, of folders, and of runs.

    None of their weights is read, and nothing is fetched, merged or converted.

    Args:
        runs: where training runs are.
        here: the folder in which, and in whose folders, models are looked for; None is the working directory.
    """
    yield from map(bundled_entry, BUNDLED)
    yield from cached_models()
    yield from _in_folders(here or Path.cwd(), runs)
    yield from _of_runs(runs)


def bundled_entry(name: str) -> ModelEntry:
    """A bundled model, whether it was made ready or not."""
    model, place = BUNDLED[name], bundled_place(name)
    described = of_config(_read(place / "config.json")) if place else {}
    return ModelEntry(
        name,
        "bundled",
        task=model.task,
        architecture=model.architecture,
        model_type=described.get("model_type"),
        library="transformers",
        parameters=model.parameters,
        vocabulary=model.vocabulary,
        context_length=model.context_length,
        languages=model.languages,
        licence=model.licence.lower(),
        download_bytes=0,
        disk_bytes=_nbytes(place) if place else None,
        gated=False,
        complete=True,
        needs=(),
        description=model.description,
    )


def cached_models() -> Iterator[ModelEntry]:
    """The models of the Hugging Face cache: of each the revision that `main` is here, else the newest.

    One that was only looked at, so that nothing of its weights has come, is none of them.
    """
    return _MODELS.all()


def _cached_model(there: CachedRepository) -> ModelEntry | None:
    ref, sizes = ModelRef("hub", there.name, there.commit), known_sizes(there.name, there.commit)
    entry = folder_entry(Source(ref, there.name, there.snapshot, there.commit, sizes), "cached", there.name)
    is_begun = entry is not None and (entry.complete is not False or entry.kept_bytes != 0)
    return entry if is_begun else None


_MODELS = CacheScan("models", _cached_model, lambda entry: not entry.is_part)


def cached_datasets() -> Iterator[DatasetEntry]:
    """The datasets of the Hugging Face cache, by the card of the revision that `main` is here, else of the newest.

    One that was only looked at, so that nothing but what describes it has come, is none of them.
    """
    return _DATASETS.all()


def _cached_dataset(there: CachedRepository) -> DatasetEntry | None:
    files = [file for file in (there.path / "snapshots").rglob("*") if file.is_file()]
    if not any(_is_of_data(file.name) for file in files):
        return None
    once = {(seen.st_dev, seen.st_ino): seen.st_size for seen in (file.stat() for file in files)}
    fields, nbytes = of_dataset(card_of(there.snapshot)), sum(once.values())  # of commits that share a file
    return DatasetEntry(there.name, "cached", **fields, disk_bytes=nbytes, revision=there.commit)


_DATASETS = CacheScan("datasets", _cached_dataset, lambda entry: True)


def _is_of_data(file: str) -> bool:
    """Whether a file of a dataset holds rows, by its name; else it says what the dataset is."""
    return not file.endswith((".md", ".py", ".yaml")) and file not in (".gitattributes", "dataset_infos.json")


def folder_entry(source: Source, place: Place, name: str) -> ModelEntry | None:
    """What the files in a folder say; None where there is no model in it."""
    folder = source.folder
    config = _read(folder / "config.json")
    if not isinstance(config.get("model_type"), str):
        return None
    fields = first_known(
        of_card(card_of(folder)),
        of_config(config, _read(folder / "tokenizer_config.json")),
    )
    weights, complete, needs = _weights(source, config)
    hub = source.ref.kind == "hub"
    is_part = hub and complete is False
    here, whole = weight_bytes(source.ref.name, folder, source.sizes) if is_part else (0, 0)
    return ModelEntry(
        name,
        place,
        **fields,
        **weights,
        last_modified=None if hub else _moment((folder / "config.json").stat().st_mtime),
        download_bytes=0 if complete else whole or None,
        kept_bytes=here if whole else None,
        disk_bytes=_nbytes(folder) + (_half_files(source.ref.name) if is_part else 0),
        revision=source.commit,
        gated=None if hub else False,
        complete=complete,
        needs=needs,
    )


def card_of(folder: Path) -> dict[str, Any]:
    """The metadata of the card in a folder; empty where there is none that can be read."""
    import yaml
    from huggingface_hub.repocard import REGEX_YAML_BLOCK

    path = folder / "README.md"
    # As huggingface_hub's `metadata_load`, ten times as fast: a card with its hundred languages takes 3 ms there.
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with suppress(Exception):  # it is anyone's text, and YAML has many ways to be none
        if path.is_file() and path.stat().st_size < _LARGEST:
            block = REGEX_YAML_BLOCK.search(path.read_text(encoding="utf-8-sig"))
            found = yaml.load(block[2], loader) if block else {}
            return found if isinstance(found, dict) else {}
    return {}


def _weights(source: Source, config: Mapping[str, Any]) -> tuple[Fields, bool | None, tuple[str, ...]]:
    """Parameters, whether all files are there, and what the load gate would have to be told."""
    needs = ("trust-remote-code",) if wants_own_code(config) else ()
    try:
        weights = weights_of(replace(source, ref=replace(source.ref, allow_pickle=True)))
    except UnfinishedError:
        return {}, False, needs
    except UserError:  # of another library, say
        return {}, None, needs
    pickles = ("allow-pickle",) if weights.pickled else ()
    return {"parameters": weights.parameters}, True, (*pickles, *needs)


def _in_folders(here: Path, runs: Path) -> Iterator[ModelEntry]:
    """The models in a folder and in the folders of that; those of runs are listed as such."""
    for folder in islice(_folders(here, runs.absolute()), _MOST_FOLDERS):
        name = folder.relative_to(here).as_posix()
        with suppress(OSError):
            entry = folder_entry(Source(ModelRef("folder", str(folder)), name, folder), "folder", name)
            if entry is not None:
                yield entry


def _folders(here: Path, runs: Path) -> Iterator[Path]:
    """The folders in a folder, then those in them, as they are wanted."""
    outer = _inside(here)
    found = chain(outer, (inner for folder in outer for inner in _inside(folder)))
    return (folder for folder in found if not folder.is_relative_to(runs))


def _inside(folder: Path) -> list[Path]:
    with suppress(OSError):
        return sorted(path for path in folder.iterdir() if path.name[:1] not in (".", "_") and path.is_dir())
    return []


def _of_runs(runs: Path) -> Iterator[ModelEntry]:
    for files in run_folders(runs):
        with suppress(UserError, OSError):  # it has no model yet
            ref = model_of_run(files)
            name = f"{PREFIX}{files.name}"
            entry = folder_entry(Source(ref, name, Path(ref.name)), "run", name)
            if entry is not None:
                yield entry


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LARGEST:
            return {}
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _nbytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _half_files(name: str) -> int:
    """Bytes of the files of a Hub model whose download is not finished."""
    return sum(file.stat().st_size for file in (repository(name) / "blobs").glob("*.incomplete"))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
