"""All that can be known of one model without loading it: its files' and its card's word, and the load gate's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from nbtransformers.catalog.hub_search import told_by_hub, with_told
from nbtransformers.catalog.local import bundled_entry, folder_entry
from nbtransformers.errors import UserError
from nbtransformers.loading.hub import UnfinishedError, hub_snapshot, weight_files
from nbtransformers.loading.runs import PREFIX, folder_name
from nbtransformers.loading.source import Source, source_of
from nbtransformers.request import ModelRef
from nbtransformers.results.models import PASSES, ModelEntry


def model_in_full(ref: ModelRef, on_load: Callable[[str], None] = lambda message: None) -> ModelEntry:
    """A model with its vocabulary, its context length and what the load gate says; its weights are not fetched.

    Args:
        ref: which model; none that is a variable.
        on_load: told in one line what takes time.

    Raises:
        UserError: when there is no such model.
    """
    if ref.kind == "bundled":
        entry = bundled_entry(ref.name)
    elif ref.kind == "folder":
        entry = _of_folder(Path(ref.name), ref)
    else:
        entry = _of_hub(ref, on_load)
    gate, passes_with = _gate_and_ways(ref, on_load)
    return replace(entry, gate=gate, passes_with=passes_with)


def gate_says(ref: ModelRef, on_load: Callable[[str], None] = lambda message: None) -> str:
    """What the load gate says of a model, in a line: `lets it pass`, or why not and what to type to have it.

    Of a Hub model that is not here what describes it is fetched, and not its weights.
    """
    from nbtransformers.loading.gate import passed

    if ref.kind == "bundled":
        return PASSES
    try:
        source = source_of(ref, on_load, weights=False)
    except UserError as error:
        return str(error)
    try:
        passed(source)
    except UnfinishedError as error:
        # What is asked before the weights is right, and they can be had.
        return PASSES if (source.folder / "config.json").is_file() else str(error)
    except UserError as error:
        return str(error)
    return PASSES


def _gate_and_ways(ref: ModelRef, on_load: Callable[[str], None]) -> tuple[str, tuple[str, ...]]:
    """What the gate says of a model, and the options with which it lets it pass: those that its word names, one by one.

    Where it refuses it with all of them, too, this last word is the gate's: to type what the first names were in vain.
    """
    first = said = gate_says(ref, on_load)
    allowed: tuple[str, ...] = ()
    while said != PASSES:
        named = [option for option in _ALLOWING if f"`--{option}`" in said and option not in allowed]
        if not named:  # no word lets it pass
            return said, ()
        allowed = (*allowed, *named)
        said = gate_says(replace(ref, **{option.replace("-", "_"): True for option in allowed}))
    return first, allowed


def _of_folder(folder: Path, ref: ModelRef) -> ModelEntry:
    name = folder_name(folder)
    entry = folder_entry(Source(ref, name, folder), "run" if name.startswith(PREFIX) else "folder", name)
    if entry is None:
        raise UserError(
            f"{name} is no model folder: it has no config.json that names a model_type.",
            hint="Give a folder that save_pretrained() wrote.",
        )
    return entry


def _of_hub(ref: ModelRef, on_load: Callable[[str], None]) -> ModelEntry:
    """What the files say that are here, and behind that what the Hub tells, where it can be asked."""
    told = told_by_hub(ref.name, ref.revision)
    try:
        on_load(f"Fetching what describes {ref}")
        found = hub_snapshot(ref.name, ref.revision, weights=False)
    except UserError:
        if told is None:
            raise
        return told  # gated, say: the gate has the reason
    source = Source(ref, ref.name, found.folder, found.commit, found.sizes)
    here = folder_entry(source, "cached", ref.name)
    if here is None:
        return told or ModelEntry(ref.name, "hub", revision=found.commit)
    nbytes = sum(found.sizes[path] for path in weight_files(found.sizes, pickles=True))
    place = "cached" if here.complete or here.kept_bytes else "hub"
    # What was fetched to look at it, a few hundred bytes, is no model on this disk.
    here = replace(here, place=place, disk_bytes=here.disk_bytes if place == "cached" else None)
    if told is None:
        return here
    size = 0 if here.complete else (nbytes or told.download_bytes)
    return replace(with_told(here, told), download_bytes=size)


_ALLOWING = ("allow-pickle", "trust-remote-code")
