"""What the panel of training runs can be asked, and what it can have done."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nbtransformers.errors import UserError, shown
from nbtransformers.panels.channel import Answer, Method
from nbtransformers.panels.packing import sendable
from nbtransformers.panels.runs.files import write
from nbtransformers.panels.runs.offers import offered
from nbtransformers.panels.runs.wire import Had, curve, said
from nbtransformers.results.runs import Runs
from nbtransformers.results.trainingrun import TrainingRun

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel

_COMMANDS: dict[str, Callable[[TrainingRun], None]] = {
    "pause": lambda run: run.pause(),
    "resume": lambda run: run.resume(),
    "stop": lambda run: run.stop(),
    "save": lambda run: run.save_now(),
    "delete": lambda run: run.delete(),
}
_AGAIN = "Run the cell again."
_LONGEST = 200  # characters of a setting


def actions(runs: Runs, panel: Panel) -> dict[str, Method]:
    """The questions about runs.

    `runs` is all of them as they are now; `curve` what is new of a metric of one; `diff` in what some differ; `control`
    tells one something, begins it again, or deletes it; `open` shows its panel below the cell; `model` is what to type
    for the model of one, and `use` makes it a default of the session; `export` writes what is shown into a file.
    """

    def whole(params: dict[str, Any]) -> Answer:
        panel.follower.start()
        return panel.follower.whole(), []

    def one(params: dict[str, Any]) -> TrainingRun:
        return panel.follower.runs[str(params.get("name"))]

    def curve_of(params: dict[str, Any]) -> Answer:
        had = Had(*(_number(params.get(name)) for name in ("points", "evals", "rewritten")))
        facts, payload = curve(one(params), str(params.get("metric")), had)
        return facts, [payload]

    def diff(params: dict[str, Any]) -> Answer:
        found = panel.follower.runs.differences(*map(str, params.get("names") or []))
        settings = [
            [sendable(name), [sendable(one) for one in said(values, _LONGEST)]] for name, values in found.items()
        ]
        return {"settings": settings}, []

    def control(params: dict[str, Any]) -> Answer:
        command = str(params.get("command"))
        if command not in _COMMANDS:
            raise UserError(f"A run cannot be told to {shown(command)}.", hint=_AGAIN)
        _COMMANDS[command](one(params))
        panel.follower.tell()
        return {}, []

    def open_one(params: dict[str, Any]) -> Answer:
        return {"panel_id": panel.follower.show(one(params))}, []

    def model(params: dict[str, Any]) -> Answer:
        run, use = one(params), offered()
        return {"line": sendable(use.line(run)), "settings": use.settings(run)}, []

    def use(params: dict[str, Any]) -> Answer:
        offered().set(one(params))
        return {}, []

    def export(params: dict[str, Any]) -> Answer:
        return write(panel.follower.runs, params)

    told: dict[str, Method] = {"control": control, "open": open_one, "model": model, "use": use, "export": export}
    return {"runs": whole, "curve": curve_of, "diff": diff, **told}


def _number(given: Any) -> int:
    """How much a page says that it has; of what is no number, nothing of it is so any more."""
    return given if isinstance(given, int) else -1
