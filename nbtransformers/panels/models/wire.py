"""Models on the wire: the list as the header has it, and as it is when it was searched anew; one model; its memory.

While the panel lives, messages `{type: "models", downloads, listed}` say how far each download is, by the model's name,
and, where a model has come, the list with it; else `listed` is null. `tests/golden/models.json` holds both sides to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from nbtransformers.panels.host import cell_id
from nbtransformers.panels.models.offers import Cell
from nbtransformers.panels.models.words import ALLOWED, spoken
from nbtransformers.panels.packing import sendable
from nbtransformers.plain_text import file_size
from nbtransformers.request.catalog import SORTS, TEXT_TASKS
from nbtransformers.results.modelcard import ModelCard
from nbtransformers.results.models import PASSES, ModelEntry, Models

VERSION = 1


def models_header(models: Models) -> tuple[dict[str, Any], bytes]:
    """The header and the payload, which is empty."""
    header = {
        "version": VERSION,
        "kind": "models",
        "rows": len(models),
        "inline": True,
        "title": "Models",
        "subtitle": sendable(models.summary),
        "tasks": list(TEXT_TASKS),
        "sorts": list(SORTS),
        "listed": list_of(models, 0),
        "cell": cell_id(),
        "facts": [],
        "notes": [],
        "sections": [],
    }
    return header, b""


def list_of(models: Models, number: int) -> dict[str, Any]:
    """A list; `number` counts those of its panel, the first is 0."""
    rows = [_row(entry, cells) for entry, cells in zip(models.entries, models.cells(), strict=True)]
    return {
        "number": number,
        "asked": {name: _sent(value) for name, value in asdict(models.request).items()},
        "summary": sendable(models.summary),
        "more": models.more,
        "notes": list(map(sendable, models.notes)),
        "near": list(map(sendable, models.near)),
        "rows": rows,
    }


def _row(entry: ModelEntry, cells: tuple[str, ...]) -> dict[str, Any]:
    """What is read of a model, and the numbers that it is sorted by."""
    read = {name: sendable(text) for name, text in zip(Models.heads, cells, strict=True)}
    return {
        **read,
        "architecture": sendable(entry.architecture or entry.model_type or ""),
        "nbytes": entry.nbytes,
    }


def detail_of(entry: ModelEntry, cell: Cell | None) -> dict[str, Any]:
    """All that is known of a model.

    It is whole once the load gate was asked, which takes seconds. Of `passes_with`, the options with which the gate
    lets it pass, each has what stands beside its box.

    Args:
        entry: it.
        cell: a cell that uses it once.
    """
    return {
        "name": sendable(entry.name),
        "description": sendable(entry.description),
        "revision": entry.revision,
        "facts": [[name, sendable(text)] for name, text in entry.facts() if name != "Load gate"],
        "is_whole": entry.gate is not None,
        "gate": sendable(spoken(entry.gate or "")),
        "passes": entry.gate == PASSES,
        "passes_with": [[option, ALLOWED[option]] for option in entry.passes_with],
        "kept": entry.kept,
        "to_fetch": file_size(entry.bytes_to_come) if entry.bytes_to_come else "",
        "is_here": entry.is_here,
        "languages": list(map(sendable, entry.languages)),
        "cell": cell and {name: _sent(value) for name, value in asdict(cell).items()},
    }


def fit_of(card: ModelCard) -> dict[str, Any]:
    """The memory that a model takes, and whether there is room for it.

    Of each row `share` is how much of the free memory it wants: more than 1 does not fit.
    """
    fits = card.fits
    rows = [
        {"cells": list(map(sendable, cells)), "fits": fits[way], "share": card.wanted(way) / max(1, card.free)}
        for way, cells in zip(card.memory, card.cells(), strict=True)
    ]
    return {
        "title": sendable(card.title),
        "heads": list(card.heads),
        "rows": rows,
        "batch_size": card.batch_size,
        "length": card.length,
        "advice": sendable(card.advice),
        "notes": list(map(sendable, card.notes)),
    }


def news(downloads: Mapping[str, dict[str, Any]], listed: dict[str, Any] | None) -> dict[str, Any]:
    """How far downloads are, and the list where one has changed it."""
    return {"type": "models", "downloads": dict(downloads), "listed": listed}


def _sent(value: Any) -> Any:
    return sendable(value) if isinstance(value, str) else value
