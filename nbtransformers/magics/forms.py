"""The options of a magic as a form, and a form as the magic that says the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from nbtransformers import settings
from nbtransformers.errors import UserError, did_you_mean, shown
from nbtransformers.inputs.suffixes import is_file
from nbtransformers.magics.complete import in_quotes
from nbtransformers.magics.options import SET_FOR, SETTABLE, Option
from nbtransformers.magics.parse import is_option, scan, words_of
from nbtransformers.magics.table import MAGICS, Magic

Source = Literal["text", "value", "file", "cell", "none"]
"""What is read: what is typed, a variable or an expression, a file, another cell of the notebook, or nothing."""

TASKS = {magic.name: magic for magic in MAGICS if magic.ask is not None}
"""The magics that have a form, by name: those that run something."""

_WHOLE = {"attention", "explain"}  # a cell is always one text to these
_DEFAULT = re.compile(r"\(default: (.*)\)$")


@dataclass(frozen=True, slots=True)
class Form:
    """What is filled in for a task.

    Attributes:
        task: which one.
        source: which kind of thing is read.
        text: what is typed; an expression; the name of a file; the number of a cell.
        options: name to what is typed for it, as it is typed to a magic but for its quotes; True for a flag, a list for
            an option that may be there several times.
        others: further options of a magic that has too many to list, as they are typed.
    """

    task: str
    source: Source = "text"
    text: str = ""
    options: Mapping[str, str | bool | list[str]] = field(default_factory=dict[str, "str | bool | list[str]"])
    others: str = ""

    @classmethod
    def of(cls, sent: Mapping[str, Any]) -> Form:
        """A form as a page sends it.

        Raises:
            UserError: when it is none.
        """
        magic = task_named(str(sent.get("task")))
        options = cast("dict[str, Any]", sent.get("options") or {})
        known = {option.name for option in magic.options}
        for name in options:
            if name not in known:
                raise UserError(f"%{magic.name} has no option --{name}.", hint=did_you_mean(name, known))
        source = sent.get("source")
        return cls(
            magic.name,
            source if source in ("text", "value", "file", "cell") else "none",
            str(sent.get("text") or ""),
            {name: options[name] for name in options if options[name] not in ("", None, False, [])},
            str(sent.get("others") or ""),
        )

    def sent(self) -> dict[str, Any]:
        """The form as a page takes it."""
        return {
            "task": self.task,
            "source": self.source,
            "text": self.text,
            "options": dict(self.options),
            "others": self.others,
        }


def task_named(name: str) -> Magic:
    """The magic of a task.

    Raises:
        UserError: when there is no such task.
    """
    if name not in TASKS:
        raise UserError(f"There is no task {shown(name)}.", hint=did_you_mean(name, TASKS))
    return TASKS[name]


# --- what can be filled in ---


def fields_of(magic: Magic) -> dict[str, Any]:
    """All that a form of a task has, as a page draws it: a field an option, in the groups of the magic's help."""
    return {
        "name": magic.name,
        "summary": magic.summary,
        "sources": sources_of(magic),
        "label": _label(magic),
        "others": magic.name == "finetune",
        "groups": [
            {"title": title, "options": [_field(option, magic.name) for option in options]}
            for title, options in magic.groups.items()
        ],
    }


def _label(magic: Magic) -> str:
    """What is to be typed into the text of a task."""
    if magic.name == "answer":
        return "question: …, and its context on the lines below"
    is_whole = magic.name in _WHOLE or any(option.name == "lines" for option in magic.options)
    return "Text" if is_whole else "Texts, one a line"


def sources_of(magic: Magic) -> list[Source]:
    """What a task can read."""
    if magic.name == "positions":
        return ["none"]
    return ["value", "file", "cell"] if magic.forms == "line" else ["text", "value", "file", "cell"]


def _field(option: Option, task: str) -> dict[str, Any]:
    default, place = _default(option, task)
    return {
        "name": option.name,
        "help": option.help,
        "metavar": option.metavar,
        "choices": list(option.choices),
        "several": option.repeats,
        "default": default,
        "from": place,
    }


def _default(option: Option, task: str) -> tuple[str, str]:
    """What holds where nothing is filled in, and where that is set; empty where it is built in."""
    built_in = _DEFAULT.search(option.help)
    if option.name in SETTABLE and SET_FOR.get(option.name, task) == task:
        found = settings.default(f"{task}.{option.name}")
        if found.source is not None:
            return found.text, found.place
        if built_in is None:
            return found.text, ""
    return (built_in[1], "") if built_in else ("", "")


# --- a form to a magic ---


def typed(form: Form) -> str:
    """The cell that does what a form says."""
    line, cell = line_and_cell(form)
    name = form.task if not line else f"{form.task} {line}"
    return f"%{name}" if cell is None else f"%%{name}\n{cell}"


def line_and_cell(form: Form) -> tuple[str, str | None]:
    """What stands behind the name of the magic, and below it; None for a line magic.

    Raises:
        UserError: when an expression takes more than one line.
    """
    words = [*_expression(form), *_options(form)]
    if form.others.strip():
        words.append(_one_line(form.others))
    return " ".join(words), _below(form.text) if form.source == "text" else None


_LIKE_A_PROMPT = re.compile(r"[\s.>\[]|In \[")
_PROMPT = re.compile(r"^[^\S\n]*>>>.*$", re.MULTILINE)
_BLANK = re.compile(r"^[ \t\f]+$", re.MULTILINE)


def _below(text: str) -> str:
    """A text as it stands below a magic, so that IPython leaves it as it is.

    It takes what looks like a prompt off every line when the first one has it, and white space out of blank lines.

    Raises:
        UserError: when a line begins with `>>>`, which it takes out of any cell.
    """
    prompt = _PROMPT.search(text)
    if prompt:
        raise UserError(
            f"The line {shown(prompt[0].strip(), 30)} begins with >>>, which IPython takes out of a cell.",
            hint="Put the texts into a variable, and choose Variable.",
        )
    text = _BLANK.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = f"\n{text}" if _LIKE_A_PROMPT.match(text) else text
    return text if text.endswith("\n") else f"{text}\n"


def _expression(form: Form) -> Iterator[str]:
    text = form.text.strip().removesuffix(";").strip()
    if form.source in ("text", "none") or not text:
        return
    if form.source == "file":
        yield text if re.fullmatch(r"[\w./~:+@,-]+", text) and not text.startswith("-") else repr(text)
    elif form.source == "cell":
        yield f"In[{text}]" if text.isdecimal() else text
    else:
        text = _one_line(text)
        # What looks like an option within it would be taken for one.
        yield f"({text})" if any(map(is_option, (*scan(text).words[1:], scan(text).last))) else text


def _options(form: Form) -> Iterator[str]:
    magic = task_named(form.task)
    for option in magic.options:
        value = form.options.get(option.name)
        if value is None or value is False:
            continue
        if option.metavar is None:
            yield f"--{option.name}"
        for one in (value if isinstance(value, list) else [value]) if option.metavar else ():
            yield f"--{option.name} {quoted(str(one))}"


_PLAIN = re.compile(r"[^\s\"'()\[\]{};?\\-][^\s\"'()\[\]{};?\\]*")


def quoted(text: str) -> str:
    """A value as a magic reads it back: plain, in quotes, or as Python in braces, where no quotes hold it.

    What stands in braces itself is Python, in a form as behind a magic.
    """
    if text.startswith("{") and text.endswith("}") and text[1:-1].strip():
        return _one_line(text)
    if _PLAIN.fullmatch(text) and text.isprintable():
        return text
    if text and text.isprintable() and "\\" not in text:
        return in_quotes(text)
    return f"{{{text!r}}}"


def _one_line(text: str) -> str:
    if len(text.splitlines()) > 1:
        raise UserError(f"{shown(text)} takes more than one line.", hint="Write it on one.")
    return text.strip()


# --- a magic to a form ---


def form_of(task: str, line: str, cell: str | None) -> Form:
    """The form that says what a magic said.

    Raises:
        UserError: when a quotation mark in the line is not closed.
    """
    magic = task_named(task)
    expression, options, others = _parted(line, magic)
    if cell is not None:
        return Form(task, "text", cell.strip("\n"), options, others)
    if magic.name == "positions":
        return Form(task, "none", "", options, others)
    number = re.fullmatch(r"In\[(\d+)\]", expression)
    if number:
        return Form(task, "cell", number[1], options, others)
    path = "".join(words_of(expression))
    return Form(task, *(("file", path) if is_file(path) else ("value", expression)), options, others)


def _parted(line: str, magic: Magic) -> tuple[str, dict[str, str | bool | list[str]], str]:
    """The expression of a line, the options that its magic lists, and the others as they are typed."""
    found = scan(line.strip().removesuffix(";"))
    expression: list[str] = []
    options: dict[str, str | bool | list[str]] = {}
    others: list[str] = []
    words = iter([*found.words, *filter(None, [found.last])])
    into = expression
    for word in words:
        name, equals, value = word.partition("=")
        option = next((o for o in magic.options if name in (f"--{o.name}", f"--{o.key}", f"-{o.short}")), None)
        if not is_option(word):
            into.append(word)
        elif option is None:
            others.append(word)
            into = others  # the value that follows is its own
            continue
        elif option.metavar is None:
            options[option.name] = True
        else:
            given = "".join(words_of(value if equals else next(words, "")))
            before = options.get(option.name, [])
            options[option.name] = [*before, given] if option.repeats and isinstance(before, list) else given
        into = expression
    return " ".join(expression), options, " ".join(others)
