"""`%finetune`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.inputs.refs import data_ref, is_hub_name
from nbtransformers.magics import options
from nbtransformers.magics.data import data_of, meant, variable_name
from nbtransformers.magics.help import magic_help
from nbtransformers.magics.options import Option
from nbtransformers.magics.parse import ParsedLine, is_option, parse_line, scan
from nbtransformers.magics.showing import Asked, run_asked
from nbtransformers.request import DataRef, Objects

GROUPS = {
    "What to learn from": options.FINETUNE_DATA,
    "What to start from": options.MODEL,
    "How": options.FINETUNE,
    "The run": options.RUN_OF_TRAINING,
}
OPTIONS = tuple(option for group in GROUPS.values() for option in group)

HELP = (
    magic_help(
        "Train a model further on examples, in a process of its own. The run is also in `_`.",
        ["%finetune EXPRESSION [options]"],
        GROUPS,
        [
            ("A classifier of a DataFrame; the cell returns at once", "%finetune df --text review --label stars"),
            (
                "Another model, and how",
                "%finetune df --text review --label stars --model owner/name --epochs 1 --lr 3e-5",
            ),
            ("What came of it", "%%classify --model run:minilm-1\nA joy from start to end."),
            ("A dataset of the Hub", "%finetune hub:owner/name --split train --text text --label label"),
            ("For Run All: wait for the end", "%finetune df --text review --label stars --wait"),
            ("The same in Python", "run = nbtransformers.finetune(df, text='review', label='stars')"),
        ],
    )
    + "\nAny other field of TrainingArguments by its own name: `--max-grad-norm 0.5`, `--label-smoothing-factor 0.1`.\n"
    "`%runs` shows every run, and `%runs NAME` one of them, also after the kernel was restarted.\n"
)


def finetune(line: str, cell: str | None, namespace: dict[str, Any], shell: Any) -> Any:
    """Parse, begin, show; the run is the value of the cell."""
    from nbtransformers.doors.finetune import wait_well
    from nbtransformers.panels.display import mark_shown
    from nbtransformers.panels.host import in_notebook
    from nbtransformers.panels.view import passing_view

    quiet = line.rstrip().endswith(";")
    parsed = parse_line(line, (*OPTIONS, *others(line)), "%finetune", namespace)
    wait = parsed.values.get("wait", False)
    asked = ask(parsed, cell, namespace, shell)
    run = run_asked(asked, passing_view(asked.doing))
    if asked.out is not None:
        shell.user_ns[asked.out] = run
    if wait and in_notebook() and not quiet:
        run.panel()
        mark_shown(run, shell)  # as the value of the cell it would be shown again
        wait_well(run)
    elif wait:
        with passing_view(f"Training {run.name}") as view:
            wait_well(run, view.progress)
    return None if quiet else run


def ask(parsed: ParsedLine, cell: str | None, namespace: dict[str, Any], shell: Any) -> Asked:
    """What a line asks for: to begin a run."""
    from nbtransformers import settings
    from nbtransformers.doors.finetune import begin, finetune_request

    values = dict(parsed.values)
    values.pop("wait", None)
    out, name = variable_name(values.pop("out", None)), values.pop("name", None)
    folder = settings.runs_folder(values.pop("folder", None), "finetune")
    data, objects = _data(parsed, values, namespace)
    for several in ("label", "report_to", "lora_modules"):
        if several in values:
            values[several] = tuple(part.strip() for part in values[several].split(",") if part.strip())
    request, objects = finetune_request(data, objects, namespace=namespace, **values)

    def run(request: Any, objects: Objects, view: Any) -> Any:
        return begin(request, objects, name, folder, view)

    return Asked(run, request, objects, doing="Preparing a run", out=out, shown_as="training")


def _data(parsed: ParsedLine, values: dict[str, Any], namespace: dict[str, Any]) -> tuple[DataRef, Objects]:
    """The examples, and those to evaluate on, which it puts into `values` as a reference."""
    given = values.pop("data", None)
    if given is not None:
        if parsed.expression:
            raise UserError(
                f"There is `--data`, and also {parsed.expression} on the line.", hint="Leave one of the two out."
            )
        parsed = replace(parsed, expression=given)
    elif not parsed.expression:
        raise UserError("There is nothing to learn from.", hint="Type `%finetune VARIABLE`, or `%finetune FILE`.")
    shared = {key: values[key] for key in ("encoding", "subset") if key in values}
    data, objects = data_of(parsed, None, values, namespace, "finetune", has_cell=False)
    test = values.get("test")
    if test is None:
        return data, objects
    value = test if is_hub_name(test) else meant(test, namespace)
    values["test"], found = data_ref(value, **shared, name=test)
    return data, {**objects, **found}


def others(line: str) -> Iterator[Option]:
    """The fields of `TrainingArguments`, as options, where the line has an option that is none of ours."""
    known = {f"--{option.name}" for option in OPTIONS} | {f"--{option.key}" for option in OPTIONS}
    found = scan(line.strip().removesuffix(";"))
    names = [word.partition("=")[0] for word in (*found.words, found.last) if is_option(word)]
    unknown = [name for name in names if name.startswith("--") and name not in known]
    if not unknown:
        return
    from nbtransformers.training.arguments import Field, from_text, known_fields, refuse_other

    for name in unknown:
        refuse_other(name[2:].replace("-", "_"))

    def option(field: Field) -> Option:
        metavar = None if field.is_flag else "VALUE"
        return Option(field.name.replace("_", "-"), "", metavar, lambda name, text: from_text(field, name, text))

    yield from map(option, known_fields().values())
