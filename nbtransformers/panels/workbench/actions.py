"""What the panel of a workbench can ask, and what it can have done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbtransformers.errors import UserError
from nbtransformers.panels.channel import Answer, Method
from nbtransformers.panels.packing import sendable
from nbtransformers.panels.workbench.bench import Workbench

if TYPE_CHECKING:
    from nbtransformers.panels.widget import Panel


def actions(bench: Workbench, panel: Panel) -> dict[str, Method]:
    """The questions of a workbench.

    `state` is how things stand; `suggest` what goes on from what is typed; `typed` the magic that says what a form
    says; `run` runs a form and `stop` ends it: how things stand then is told to every page. `keep` keeps what is filled
    in for all tasks, and `kept` is that. Of a run of the history `show` shows its result, `resume` does what a stop has
    left of it, `form` is its form, and `code` its program. A mistake in a form is no error of the question: it is
    answered with its field.
    """
    desk = bench.desk

    def form_of(params: dict[str, Any]) -> dict[str, Any]:
        return params.get("form") or {}

    def number(params: dict[str, Any]) -> int:
        return int(params.get("number") or 0)

    def suggest(params: dict[str, Any]) -> Answer:
        found = desk.suggestions(form_of(params), str(params.get("field")), str(params.get("begun") or ""))
        return {"suggestions": [[sendable(text), sendable(about)] for text, about in found]}, []

    def typed(params: dict[str, Any]) -> Answer:
        try:
            return {"typed": sendable(desk.typed(form_of(params)))}, []
        except UserError as error:
            return {"typed": "", "error": panel.follower.mistake(form_of(params), error)}, []

    def run(params: dict[str, Any]) -> Answer:
        try:
            panel.follower.run(form_of(params))
        except UserError as error:
            return {"error": panel.follower.mistake(form_of(params), error)}, []
        return {}, []

    def stop(params: dict[str, Any]) -> Answer:
        panel.follower.stop()
        return {}, []

    def show(params: dict[str, Any]) -> Answer:
        panel.follower.show(number(params))
        return {}, []

    def resume(params: dict[str, Any]) -> Answer:
        panel.follower.resume(number(params))
        return {}, []

    def keep(params: dict[str, Any]) -> Answer:
        desk.keep(params.get("filled") or {})
        return {}, []

    return {
        "state": lambda params: (panel.follower.state(), []),
        "suggest": suggest,
        "typed": typed,
        "run": run,
        "stop": stop,
        "show": show,
        "resume": resume,
        "keep": keep,
        "kept": lambda params: ({"filled": desk.kept()}, []),
        "form": lambda params: (desk.form(number(params)), []),
        "code": lambda params: ({"code": sendable(desk.code(number(params)))}, []),
    }
