"""What the panel of an explanation can have done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nbtransformers.panels.channel import Method
from nbtransformers.panels.explanation.again import again_actions
from nbtransformers.panels.export import export
from nbtransformers.results.explanation import Explanation

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel


def actions(result: Explanation, panel: Panel) -> dict[str, Method]:
    """`export` (its tokens into a file), and what `again_actions` has."""
    rows = np.arange(len(result), dtype=np.int64)
    return {"export": export(result, panel, "explanation", lambda params: rows), **again_actions(result, panel)}
