"""`nbtransformers.workbench`: the panel from which every task can be run, and what it has the magics do."""

from __future__ import annotations

import re
from typing import Any, cast

from nbtransformers.coding import code, no_program
from nbtransformers.doors.door import door
from nbtransformers.doors.resume import has_rest, resume
from nbtransformers.errors import UserError
from nbtransformers.magics import cells, drafts, forms, ran
from nbtransformers.magics.complete import complete
from nbtransformers.magics.forms import Form
from nbtransformers.magics.formtasks import TASKS, task_named
from nbtransformers.magics.suggestions import Suggestion, in_quotes, unquoted
from nbtransformers.panels.background import Background
from nbtransformers.panels.host import cell_id, in_marimo, shell
from nbtransformers.panels.kinds import RESULTS, Result
from nbtransformers.panels.view import View, progress_within
from nbtransformers.panels.workbench.bench import Row, Sent, Work, Workbench

FIRST_TASK = "classify"
INPUT = "input"  # the field of what is read; no option is called so


@door
def workbench(task: str | None = None) -> Workbench:
    """One panel from which every magic can be run: choose a task, a model, an input and options, and run it.

    What it does is what a magic does, and it says which: "Insert as cell" puts that below. It runs in the background,
    one task at a time, so that the kernel stays free and Stop works. Closing it, or running its cell again, stops it;
    what is filled in is there again once the page is loaded anew, or the cell has run again.

    Args:
        task: the task that is chosen at first, such as `"generate"` or `"runs"`; None is the one of before, or
            `classify`.

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
        if in_marimo():
            raise UserError(
                "The workbench types magics, and marimo has none.", hint="Call a function: `nbt.classify(texts)`."
            )
        raise UserError("The workbench is a panel of a notebook, and this is none.", hint="Type it in a notebook.")
    chosen = task_named(FIRST_TASK if task is None else task).name
    install(running)
    bench = Bench(running)
    filled = bench.kept()
    if task is not None and filled is not None:
        bench.keep({**filled, "task": chosen})
    return Workbench(bench, chosen, is_asked=task is not None)


class Bench:
    """What a workbench can have done: it fills in forms, and the magics do the rest.

    Args:
        shell: where names are looked up, and results kept.
    """

    def __init__(self, shell: Any) -> None:
        self._shell, self._cell = shell, cell_id()

    def tasks(self) -> list[dict[str, Any]]:
        """What can be filled in, for every task."""
        return [forms.fields_of(task) for task in TASKS.values()]

    def keep(self, filled: Sent) -> None:
        """Keep what is filled in, for all tasks."""
        drafts.keep(self._cell, filled)

    def kept(self) -> Sent | None:
        """What was filled in last on the workbench of this cell."""
        return drafts.kept(self._cell)

    def typed(self, form: Sent) -> str:
        """The magic that does what a form says."""
        return forms.typed(Form.of(form))

    def understood(self, form: Sent) -> Work:
        """What a form says, as its magic understands it.

        Raises:
            UserError: what the magic would say.
        """
        filled = Form.of(form)
        task = task_named(filled.task)
        forms.refuse_empty(filled)
        line, cell = forms.line_and_cell(filled)
        doing = task.understand(line, cell, dict(self._shell.user_ns), self._shell)
        entry = ran.new(task.magic, line, cell, "workbench")

        def run(view: View) -> Any:
            return entry.doing(lambda: doing.run(view))

        return Work(doing.what, doing.kind, run, entry.number, entry.begin, entry.end)

    def rest_of(self, number: int) -> Work:
        """What a stop has left of a run of the history; nothing of it has begun yet.

        Raises:
            UserError: when what came is gone.
        """
        before = _entry(number)
        result, out = self.result(number), forms.form_of(before.task, before.line, before.cell).options.get("out")
        entry = ran.new(before.task, before.line, before.cell, "workbench")

        def rest(view: View) -> Any:
            with progress_within(view):
                whole = resume(result)
            ran.remember(whole)
            if out:
                self._shell.user_ns[out] = whole
            return whole

        return Work("Resuming", "", lambda view: entry.doing(lambda: rest(view)), entry.number, entry.begin, entry.end)

    def suggestions(self, form: Sent, field: str, begun: str) -> list[tuple[str, str]]:
        """What goes on from what is typed into a field, as Tab completes it behind the magic."""
        filled = Form.of(form)
        if field == INPUT:
            return self._inputs(filled, begun)
        task = task_named(filled.task)
        words = [word.name for word in task.words]
        # Of what is typed by its place only that comes before which stands in front of it.
        behind = words[words.index(field) :] if field in words else [field]
        said = {name: value for name, value in filled.options.items() if name not in behind}
        source = "none" if filled.source == "text" else filled.source
        line, _ = forms.line_and_cell(Form(filled.task, source, filled.text, said))
        named = "" if field in words else f"--{field} "
        quote = '"' if re.search(r"\s", begun) else ""
        found, _ = self._completed(f"{task.magic} {line}{' ' * bool(line)}{named}", f"{quote}{begun}")
        return [(unquoted(one.text), one.kind) for one in found if one.kind not in ("command", "option")]

    def _inputs(self, form: Form, begun: str) -> list[tuple[str, str]]:
        """Variables and expressions, files, or cells, for what is to be read."""
        if form.source == "cell":
            inputs = cells.typed_inputs(self._shell, self._shell.user_ns).get("In") or []
            return [(str(number), inputs[number].partition("\n")[0]) for number in range(len(inputs) - 1, 0, -1)]
        found, before = self._completed(f"{task_named(form.task).magic} ", begun)
        files = [(before + unquoted(one.text), one.kind) for one in found if one.kind == "path"]
        values = [(before + one.text, one.kind) for one in found if one.kind not in ("path", "option")]
        return files if form.source == "file" else values

    def _completed(self, line: str, begun: str) -> tuple[tuple[Suggestion, ...], str]:
        """What Tab offers behind a line for what is begun there, and what of that stays in front of it."""
        typed = f"%{line}{begun}"
        done = complete([typed], 0, len(typed), self._shell)
        return ((), begun) if done is None else (done.suggestions, begun.removesuffix(done.typed))

    def field_of(self, form: Sent, error: UserError) -> str:
        """The field that a mistake is in: what its message speaks of, else an option that its hint names.

        Where nothing is given to be read, it is that.
        """
        filled = Form.of(form)
        names = [option.name for option in task_named(filled.task).fields]
        given = {name: value for name, value in filled.options.items() if isinstance(value, str)}
        given |= {INPUT: "" if filled.source == "text" else filled.text}
        quoted = (name for name, value in given.items() if _speaks_of(error.message, value))
        missing = filter(None, [forms.missing_in(error.message)])
        found = (*missing, *_options_in(error.message, names), *quoted, *_options_in(error.hint or "", names))
        return next(iter(found), INPUT if filled.source != "none" and not filled.text.strip() else "")

    def history(self) -> list[Row]:
        """What was run in this session, the newest first."""
        return [_row(entry) for entry in ran.ran()]

    def result(self, number: int) -> Any:
        """What a run gave; a text is what it said.

        Raises:
            UserError: when that is gone.
        """
        entry = _entry(number)
        result = entry.said or _result(entry)
        if result is None:
            raise UserError("The result of this run is not kept any more.", hint="Run it again.")
        return result

    def form(self, number: int) -> dict[str, Any]:
        """The form that says what a run said, and the whole of its magic."""
        entry = _entry(number)
        return {**forms.form_of(entry.task, entry.line, entry.cell).sent(), "typed": _typed(entry)}

    def code(self, number: int) -> str:
        """The plain program for what a run gave.

        Raises:
            UserError: when there is none.
        """
        program = _entry(number).program
        if program is None:
            raise UserError("There is no program for this run.", hint="Choose one that has a button for it.")
        return code(cast("Result", program))  # it has what the program is written from

    def listen(self, listener: object) -> None:
        """Call an object, for as long as it lives, when the history has changed."""
        ran.listen(listener)


def _options_in(text: str, names: list[str]) -> list[str]:
    """The options that a text names, in its order."""
    return [name for name in re.findall(r"--([a-z][a-z-]*)", text) if name in names]


def _speaks_of(text: str, value: str) -> bool:
    """Whether a text quotes what is filled in; of a single letter it must be what it begins with."""
    if len(value) < 2:
        return bool(value) and text.startswith(f"{value} ")
    return any(re.search(rf"(?<!\w){re.escape(one)}(?!\w)", text) for one in (value, in_quotes(value)))


def _row(entry: ran.Ran) -> Row:
    why = "" if entry.program is None else no_program(entry.program)
    return Row(
        number=entry.number,
        task=entry.task,
        typed=_typed(entry),
        place=entry.place,
        since=entry.since,
        seconds=entry.seconds,
        message=entry.message,
        has_result=bool(entry.said) or _result(entry) is not None,
        has_code=entry.program is not None and not why,
        no_code=why,
        stopped=entry.stopped,
        has_rest=has_rest(_result(entry)),
    )


def _entry(number: int) -> ran.Ran:
    for entry in ran.ran():
        if entry.number == number:
            return entry
    raise UserError("This run is not in the history any more.", hint="Run it again.")


def _typed(entry: ran.Ran) -> str:
    return forms.as_cell(entry.task, entry.line.strip(), entry.cell)


def _result(entry: ran.Ran) -> Any:
    """What a run gave, while it is there; of one in the background, once it is done."""
    value = entry.value
    if isinstance(value, Background):
        value = value.kept
    return value if isinstance(value, RESULTS) else None
