"""What a form of the workbench can be filled in for: every magic, and each command of one that has several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from nbtransformers.errors import UserError, did_you_mean, shown
from nbtransformers.magics import models, nbt, options
from nbtransformers.magics.formwork import Understand, of_command, of_task
from nbtransformers.magics.options import Option
from nbtransformers.magics.table import BY_NAME, MAGICS, Groups, Magic

Source = Literal["text", "value", "file", "cell", "none"]
"""What is read: what is typed, a variable or an expression, a file, another cell of the notebook, or nothing."""

WITHOUT_FORM: Mapping[str, str] = {
    "workbench": "it is where the forms are",
    "nbt code": "each run of the history has a button for it",
}
"""The magics and commands that have no form, and why."""

_WHOLE = {"attention", "explain"}  # a cell is always one text to these


@dataclass(frozen=True, slots=True)
class FormTask:
    """A magic, or one of its commands, as something to fill in.

    Attributes:
        name: what is typed, without `%`: `classify`, `models show`, `runs NAME`.
        magic: the name of its magic.
        section: the heading that it stands under.
        summary: what it does, in one sentence.
        groups: a heading to the options below it, those that are typed by their place among them.
        understand: what a line, and what stands below it, ask for.
        is_command: whether it looks something up, or does something, rather than running a task.
        before: what is typed before all else.
        words: the options that are typed by their place, without a name.
        needs_words: whether they must be there.
        rest: the option that other words of a line are.
        sources: what it can read.
    """

    name: str
    magic: str
    section: str
    summary: str
    groups: Groups
    understand: Understand
    is_command: bool = False
    before: str = ""
    words: tuple[Option, ...] = ()
    needs_words: bool = True
    rest: str | None = None
    sources: tuple[Source, ...] = ("none",)

    @property
    def fields(self) -> tuple[Option, ...]:
        """All that can be filled in."""
        return tuple(option for group in self.groups.values() for option in group)

    @property
    def options(self) -> tuple[Option, ...]:
        """What of that is typed with its name."""
        return tuple(option for option in self.fields if option not in self.words)

    @property
    def label(self) -> str:
        """What is to be typed into its text."""
        if self.magic == "answer":
            return "question: …, and its context on the lines below"
        is_whole = self.magic in _WHOLE or any(option.name == "lines" for option in self.options)
        return "Text" if is_whole else "Texts, one a line"

    @property
    def takes_others(self) -> bool:
        """Whether it takes options that are too many to list."""
        return self.magic == "finetune"


def task_of(magic: Magic) -> FormTask:
    """The form of a magic that runs a task."""
    read: tuple[Source, ...] = ("value", "file", "cell") if magic.forms == "line" else ("text", "value", "file", "cell")
    return FormTask(
        name=magic.name,
        magic=magic.name,
        section="Training" if magic.name == "finetune" else "Tasks",
        summary=magic.summary,
        groups=magic.groups,
        understand=of_task(magic),
        sources=("none",) if magic.name == "positions" else read,
    )


def task_named(name: str) -> FormTask:
    """What has a form, by its name.

    Raises:
        UserError: when nothing of that name has one.
    """
    if name not in TASKS:
        raise UserError(f"There is no task {shown(name)}.", hint=did_you_mean(name, TASKS))
    return TASKS[name]


def options_of(magic: str) -> tuple[Option, ...]:
    """All options of a magic."""
    return BY_NAME[magic].options if magic in BY_NAME else ()


def has_commands(magic: str) -> bool:
    """Whether a magic takes words, the first of which may be a command."""
    return any(task.magic == magic and task.is_command for task in TASKS.values())


def task_of_line(magic: str, words: list[str], flags: Iterable[str]) -> tuple[FormTask, list[str]]:
    """Which form a line is of, by its words and its options, and the words that stand for fields of it.

    Raises:
        UserError: when it has no form.
    """
    forms = [task for task in TASKS.values() if task.magic == magic]
    by_flag = next((task for task in forms if task.before.startswith("--") and task.before[2:] in flags), None)
    by_command = next((task for task in forms if task.before and words[:1] == [task.before]), None)
    if by_flag is not None:
        return by_flag, words
    if by_command is not None and len(words) - 1 <= len(by_command.words):
        return by_command, words[1:]
    for task in forms if by_command is None else ():
        if not task.before and (not task.is_command or task.rest or len(task.words) == len(words)):
            return task, words
    raise UserError(f"`%{' '.join([magic, *words])}` has no form.", hint="Type it in a cell.")


# --- the commands ---

_MODEL = Option("model", "a bundled name, a folder, or a Hub id", "NAME")
_DATASET = Option("dataset", "its id on the Hub", "NAME")
_MODELS: Mapping[str, tuple[str, tuple[Option, ...]]] = {
    "": ("List the models that can be used: bundled, cached, in folders, of runs, and on the Hub.", ()),
    "show": ("All that is known of one model, and what the load gate says.", (_MODEL,)),
    "download": ("Fetch a model ahead of its first use.", (_MODEL,)),
    "use": ("Make a model the default of this session.", (_MODEL,)),
    "datasets": ("List the datasets in the local cache and on the Hub.", ()),
    "preview": ("Look into a dataset: its splits, columns and first rows.", (_DATASET,)),
}


def _models() -> Iterable[FormTask]:
    magic = BY_NAME["models"]
    for command, (summary, words) in _MODELS.items():
        own = tuple(option for option in magic.options if option.key in models.options_of(command))
        groups = {
            "Which one" if words else "Which are listed": (*words, *own),
            **({"Result": options.OUTPUT} if command != "use" else {}),  # which gives none
        }
        rest = None if words else "search"
        yield _command(magic, command, "Models and datasets", summary, groups, words, rest=rest)


_RUN, _OTHER_RUN = (Option(name, "the name of a run", "NAME") for name in ("run", "other-run"))
_RUNS = {
    "pause": "Have a run pause after the step that it is at.",
    "resume": "Have a run go on.",
    "stop": "Have a run stop after the step that it is at; its best model is kept.",
    "save": "Have a run make a checkpoint.",
    "delete": "Delete a run with its data, its checkpoints and its model.",
}


def _runs() -> Iterable[FormTask]:
    magic = BY_NAME["runs"]
    by_name = {option.name: option for option in magic.options}
    given = {"Where": options.RUNS_FOLDER, "Result": options.OUTPUT}

    def form(command: str, summary: str, groups: Groups, words: tuple[Option, ...] = (), name: str = "") -> FormTask:
        return _command(magic, command, "Training", summary, groups, words, name=name)

    yield form("", "Every training run of this project, the newest first.", given)
    yield form("", "One training run, live, whoever began it.", {"Which one": (_RUN,), **given}, (_RUN,), "runs NAME")
    both = (_RUN, _OTHER_RUN)
    yield form("--diff", "In what two training runs differ.", {"Which two": both, **given}, both)
    for command, summary in _RUNS.items():
        sure = (by_name["yes"],) if command == "delete" else ()
        yield form(command, summary, {"Which one": (_RUN, *options.RUNS_FOLDER, *sure)}, (_RUN,))


_SETTING = Option("setting", "the name of an option, or TASK.OPTION for one task only", "NAME")
_NBT: Mapping[str, tuple[Option, ...]] = {
    "set": (_SETTING, Option("value", "what holds from now on; where it is empty, what holds is told", "VALUE")),
    "unset": (_SETTING,),
    "unload": (Option("model", "the name of what is loaded; where it is empty, all", "NAME"),),
}


def _nbt() -> Iterable[FormTask]:
    helps = {"": "what there is, and what is loaded", **{name: one.help for name, one in nbt.COMMANDS.items()}}
    for command, summary in helps.items():
        name = " ".join(filter(None, ["nbt", command]))
        if name in WITHOUT_FORM:
            continue
        words = _NBT.get(command, ())
        yield FormTask(
            name=name,
            magic="nbt",
            section="This session",
            summary=f"{summary[0].upper()}{summary[1:]}.",
            groups={"What": words} if words else {},
            understand=of_command(name, lambda line, namespace, shell: nbt.nbt(line, shell)),
            is_command=True,
            before=command,
            words=words,
            needs_words=command == "unset",  # the others do something without
        )


def _command(
    magic: Magic,
    command: str,
    section: str,
    summary: str,
    groups: Groups,
    words: tuple[Option, ...],
    *,
    name: str = "",
    rest: str | None = None,
) -> FormTask:
    name = name or " ".join(filter(None, [magic.name, command]))
    return FormTask(
        name=name,
        magic=magic.name,
        section=section,
        summary=summary,
        groups=groups,
        understand=of_command(name, lambda line, namespace, shell: magic.run(line, None, namespace, shell)),
        is_command=True,
        before=command,
        words=words,
        rest=rest,
    )


_BY_TASK = sorted(
    (task_of(magic) for magic in MAGICS if magic.ask is not None), key=lambda task: task.section != "Tasks"
)
TASKS: Mapping[str, FormTask] = {task.name: task for task in (*_BY_TASK, *_runs(), *_models(), *_nbt())}
"""What has a form, by name, in the order of its sections."""
