"""What the panel of training runs shows, as files: the table, and the curves as a figure or as a table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from nbtransformers.errors import UserError
from nbtransformers.panels.channel import Answer
from nbtransformers.panels.colours import HEX
from nbtransformers.panels.export import Fill, figure_file, one_of, table_file
from nbtransformers.results.runs import Runs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_KEEP = "nbt.runs().curves()"
_COLUMNS = 4  # of numbers


def write(runs: Runs, params: dict[str, Any]) -> Answer:
    """Write the table of all runs, or the curves of those that are looked at, into the kernel's folder.

    Args:
        runs: all of them.
        params: `what` is `table`, `csv`, `png` or `svg`; of the curves `names`, the `colours` and the `metric`, for a
            figure also what it goes `along`, its `smoothing`, whether `is_log`, and the `range` in sight or None.
    """
    what, metric = str(params.get("what")), str(params.get("metric"))
    if what == "table":
        table = runs.to_pandas()
        return one_of("csv", {"csv": table_file(len(table), len(table.columns), lambda: table, _KEEP)}, "runs")
    some = runs[[str(name) for name in params.get("names") or []]]
    if not len(some):
        raise UserError("No run is ticked.", hint="Tick those whose curves are to be written.")
    fills: dict[str, Fill] = {
        "csv": lambda file: _curves(some, metric)(file),
        **{kind: figure_file(kind, lambda axes: _draw(some, metric, axes, params)) for kind in ("png", "svg")},
    }
    return one_of(what, fills, f"runs {metric}")


def _curves(runs: Runs, metric: str) -> Fill:
    table = runs.curves(metric).set_index("run")
    return table_file(len(table), _COLUMNS, lambda: table, _KEEP)


def _draw(runs: Runs, metric: str, axes: Axes, params: dict[str, Any]) -> None:
    """As it is on the page: the same colours, the same stretch."""
    colours = [HEX.get(str(name), HEX["grey"]) for name in params.get("colours") or []]
    looked: dict[str, Any] = {
        "along": params.get("along") or "step",
        "smoothing": params.get("smoothing") or 0.0,
        "colours": colours if len(colours) == len(runs) else None,
        "within": _stretch(params.get("range")),
    }
    runs.plot(metric, axes, **looked)
    if params.get("is_log"):
        axes.set_yscale("log")


def _stretch(given: Any) -> tuple[float, float] | None:
    match given:
        case [int() | float() as begin, int() | float() as end] if -math.inf < begin < end < math.inf:
            return begin, end
        case _:
            return None
