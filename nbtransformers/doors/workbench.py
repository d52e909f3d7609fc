"""`nbtransformers.workbench`: the panel from which every task can be run, and what it has the magics do."""

from __future__ import annotations

import re
from typing import Any

from nbtransformers.coding import code
from nbtransformers.doors.door import door
from nbtransformers.errors import UserError
from nbtransformers.magics import cells, forms, ran
from nbtransformers.magics.complete import Suggestion, complete, in_quotes, unquoted
from nbtransformers.magics.forms import Form, task_named
from nbtransformers.magics.showing import run_asked
from nbtransformers.panels.background import Background
from nbtransformers.panels.host import shell
from nbtransformers.panels.kinds import RESULTS
from nbtransformers.panels.view import View
from nbtransformers.panels.workbench.bench import Row, Sent, Work, Workbench

FIRST_TASK = "classify"


@door
def workbench(task: str | None = None) -> Workbench:
    """One panel from which every task can be run: choose a task, a model, an input and options, and run it.

    What it does is what a magic does, and it says which: "Insert as cell" puts that below. It runs in the background,
    one task at a time, so that the kernel stays free and Stop works. Closing it, or running its cell again, stops it.

    Args:
        task: the task that is chosen at first, such as `"generate"`; None is `classify`.

    Returns:
        A `Workbench`, which a notebook shows as its panel; `to_pandas()` is the history of what was run.

    Raises:
        UserError: when there is no such task, or this is no notebook.

    Example:
        >>> import nbtransformers as nbt
        >>> nbt.workbench()
        >>> nbt.workbench("finetune")
    """
    from nbtransformers.panels.display import install

    running = shell()
    if running is None:
        raise UserError("The workbench is a panel of a notebook, and this is none.", hint="Type it in a notebook.")
    magic = task_named(FIRST_TASK if task is None else task)
    install(running)
    return Workbench(Bench(running), magic.name)


class Bench:
    """What a workbench can have done: it fills in forms, and the magics do the rest.

    Args:
        shell: where names are looked up, and results kept.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    def tasks(self) -> list[dict[str, Any]]:
        """What can be filled in, for every task."""
        return [forms.fields_of(magic) for magic in forms.TASKS.values()]

    def typed(self, form: Sent) -> str:
        """The magic that does what a form says."""
        return forms.typed(Form.of(form))

    def begin(self, form: Sent) -> Work:
        """What a form says, as its magic understands it.

        Raises:
            UserError: what the magic would say.
        """
        filled = Form.of(form)
        magic = task_named(filled.task)
        line, cell = forms.line_and_cell(filled)
        namespace = dict(self._shell.user_ns)
        parsed = magic.parse(line, cell, namespace)
        assert magic.ask is not None
        asked = magic.ask(parsed, cell, namespace, self._shell)
        entry = ran.begin(magic.name, line, cell, "workbench")

        def run(view: View) -> Any:
            result = run_asked(asked, view)
            if asked.out is not None:
                self._shell.user_ns[asked.out] = result
            return result

        return Work(asked.doing, asked.shown_as or asked.request.task, run, entry.number, entry.end)

    def suggestions(self, form: Sent, field: str, begun: str) -> list[tuple[str, str]]:
        """What goes on from what is typed into a field, as Tab completes it behind the magic."""
        filled = Form.of(form)
        if field == "text":
            return self._inputs(filled, begun)
        said = {name: value for name, value in filled.options.items() if name != field}
        as_line = Form(filled.task, "none" if filled.source == "text" else filled.source, filled.text, said)
        line, _ = forms.line_and_cell(as_line)
        quote = '"' if re.search(r"\s", begun) else ""
        found, _ = self._completed(f"{filled.task} {line} --{field} ", f"{quote}{begun}")
        return [(unquoted(one.text), one.kind) for one in found]

    def _inputs(self, form: Form, begun: str) -> list[tuple[str, str]]:
        """Variables and expressions, files, or cells, for what is to be read."""
        if form.source == "cell":
            inputs = cells.typed_inputs(self._shell, self._shell.user_ns).get("In") or []
            return [(str(number), inputs[number].partition("\n")[0]) for number in range(len(inputs) - 1, 0, -1)]
        found, before = self._completed(f"{form.task} ", begun)
        files = [(before + unquoted(one.text), one.kind) for one in found if one.kind == "path"]
        values = [(before + one.text, one.kind) for one in found if one.kind not in ("path", "option")]
        return files if form.source == "file" else values

    def _completed(self, line: str, begun: str) -> tuple[tuple[Suggestion, ...], str]:
        """What Tab offers behind a line for what is begun there, and what of that stays in front of it."""
        typed = f"%{line}{begun}"
        done = complete([typed], 0, len(typed), self._shell)
        return ((), begun) if done is None else (done.suggestions, begun.removesuffix(done.typed))

    def field_of(self, form: Sent, message: str) -> str:
        """The field that a mistake is in: the option that it names first, else the one whose value it quotes."""
        filled = Form.of(form)
        names = [option.name for option in task_named(filled.task).options]
        for name in re.findall(r"--([a-z][a-z-]*)", message):
            if name in names:
                return name
        given = {name: value for name, value in filled.options.items() if isinstance(value, str)}
        for name, value in {**given, "text": "" if filled.source == "text" else filled.text}.items():
            if len(value) > 1 and (value in message or in_quotes(value) in message):
                return name
        return ""

    def history(self) -> list[Row]:
        """What was run in this session, the newest first."""
        return [
            Row(
                number=entry.number,
                task=entry.task,
                typed=_typed(entry),
                place=entry.place,
                since=entry.since,
                seconds=entry.seconds,
                message=entry.message,
                has_result=_result(entry) is not None,
            )
            for entry in ran.ran()
        ]

    def result(self, number: int) -> Any:
        """What a run gave.

        Raises:
            UserError: when that is gone.
        """
        result = _result(_entry(number))
        if result is None:
            raise UserError("The result of this run is not kept any more.", hint="Run it again.")
        return result

    def form(self, number: int) -> dict[str, Any]:
        """The form that says what a run said, and the whole of its magic."""
        entry = _entry(number)
        return {**forms.form_of(entry.task, entry.line, entry.cell).sent(), "typed": _typed(entry)}

    def code(self, number: int) -> str:
        """The plain program for what a run gave."""
        return code(self.result(number))

    def listen(self, listener: object) -> None:
        """Call an object, for as long as it lives, when the history has changed."""
        ran.listen(listener)


def _entry(number: int) -> ran.Ran:
    for entry in ran.ran():
        if entry.number == number:
            return entry
    raise UserError("This run is not in the history any more.", hint="Run it again.")


def _typed(entry: ran.Ran) -> str:
    name = " ".join(filter(None, [entry.task, entry.line.strip()]))
    return f"%{name}" if entry.cell is None else f"%%{name}\n{entry.cell}"


def _result(entry: ran.Ran) -> Any:
    """What a run gave, while it is there; of one in the background, once it is done."""
    value = entry.value
    if isinstance(value, Background):
        value = value.kept
    return value if isinstance(value, RESULTS) else None
