"""What the panel of generated texts can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nbtransformers.panels.channel import Answer, Method
from nbtransformers.panels.export import file_name
from nbtransformers.panels.generation.branches import branch_actions
from nbtransformers.panels.generation.prompts import Prompts
from nbtransformers.panels.generation.query import Finder
from nbtransformers.panels.generation.wire import page
from nbtransformers.panels.packing import sendable
from nbtransformers.panels.rowmethods import row_actions, row_methods
from nbtransformers.results.generation import Generation

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel


def methods(result: Generation) -> dict[str, Method]:
    """The questions about a result: those of any rows, `row` (one with all its tokens), and `alternatives`."""
    rows = Prompts(result)

    def row(params: dict[str, Any]) -> Answer:
        sections, payload = page(rows, np.array([int(params["position"])]), None, None)
        return {"sections": sections}, [payload]

    def alternatives(params: dict[str, Any]) -> Answer:
        return _alternatives(result, int(params["position"]), int(params["token"])), []

    return {**row_methods(rows, Finder(rows), page), "row": row, "alternatives": alternatives}


def actions(result: Generation, panel: Panel) -> dict[str, Method]:
    """What a panel can have done: `export` writes rows into a file, `branch` goes on from another token, `back`."""
    finder, name = Finder(Prompts(result)), file_name(result.run.model) or "texts"
    return {**row_actions(result, panel, finder, name), **branch_actions(result, panel)}


def _alternatives(result: Generation, row: int, position: int) -> Any:
    """The likeliest tokens in the place of one, and the one itself where it is none of them."""
    token = result.token(row, position)
    chosen = int(token["id"])
    found = [(each.id, each.token, each.probability) for each in result.alternatives(row, position)]
    if chosen not in {number for number, _, _ in found}:
        found.append((chosen, result.spelled(chosen), float(token["probability"])))
    return [
        {"id": number, "text": sendable(text), "probability": probability, "chosen": number == chosen}
        for number, text, probability in found
    ]
