"""The options of a magic as a form, and a form as the magic that says the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from nbtransformers import settings
from nbtransformers.errors import UserError, did_you_mean, shown
from nbtransformers.inputs.suffixes import is_file
from nbtransformers.magics.formtasks import FormTask, Source, has_commands, options_of, task_named, task_of_line
from nbtransformers.magics.options import SET_FOR, SETTABLE, Option
from nbtransformers.magics.optionvalues import is_completed
from nbtransformers.magics.parse import is_option, scan, words_of
from nbtransformers.magics.suggestions import in_quotes
from nbtransformers.magics.typed import option_named

Value = str | bool | list[str]
"""What is filled in for an option."""

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
    options: Mapping[str, Value] = field(default_factory=dict[str, Value])
    others: str = ""

    @classmethod
    def of(cls, sent: Mapping[str, Any]) -> Form:
        """A form as a page sends it.

        Raises:
            UserError: when it is none.
        """
        task = task_named(str(sent.get("task")))
        options = cast("dict[str, Any]", sent.get("options") or {})
        known = {option.name for option in task.fields}
        for name in options:
            if name not in known:
                raise UserError(f"%{task.name} has no option --{name}.", hint=did_you_mean(name, known))
        source = sent.get("source")
        return cls(
            task.name,
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


# --- what can be filled in ---


def fields_of(task: FormTask) -> dict[str, Any]:
    """All that a form of a task has, as a page draws it: a field an option, in the groups of the magic's help."""
    return {
        "name": task.name,
        "section": task.section,
        "summary": task.summary,
        "sources": list(task.sources),
        "label": task.label,
        "others": task.takes_others,
        "groups": [
            {"title": title, "options": [_field(option, task) for option in options]}
            for title, options in task.groups.items()
        ],
    }


def _field(option: Option, task: FormTask) -> dict[str, Any]:
    default, place = ("", "") if option in task.words else _default(option, task.magic)
    return {
        "name": option.name,
        "help": option.help,
        "metavar": option.metavar,
        "choices": list(option.choices),
        "several": option.repeats,
        "default": default,
        "from": place,
        "word": option in task.words,
        "sources": list(_SOURCES.get(option.name, ()) if not task.is_command else ()),
        "picked": option.metavar is not None and (option in task.words or is_completed(option)),
    }


NONE_BUNDLED = ("answer", "entities", "fill", "summarize", "translate")
"""The tasks that none of the bundled models does."""

_TABLES: tuple[Source, ...] = ("value", "file")
# What says how an input is read is for inputs of that kind; of any other the magic refuses it.
_SOURCES: Mapping[str, tuple[Source, ...]] = {
    **dict.fromkeys(("whole", "lines"), ("text",)),
    **dict.fromkeys(("column", "encoding", "split", "subset"), _TABLES),
}


def _default(option: Option, task: str) -> tuple[str, str]:
    """What holds where nothing is filled in, and where that is set; empty where it is built in."""
    built_in = _DEFAULT.search(option.help)
    if option.name == "model" and task in NONE_BUNDLED and settings.default(f"{task}.model").source is None:
        return "none is bundled: give one", ""
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
    return as_cell(task_named(form.task).magic, *line_and_cell(form))


def as_cell(magic: str, line: str, cell: str | None) -> str:
    """A magic as it stands in a cell: a cell magic where there is something below its line."""
    first = " ".join(filter(None, [magic, line]))
    return f"%{first}" if cell is None else f"%%{first}\n{cell}"


def line_and_cell(form: Form) -> tuple[str, str | None]:
    """What stands behind the name of the magic, and below it; None for a line magic.

    Raises:
        UserError: when an expression takes more than one line, or a field is empty before one that is not.
    """
    task = task_named(form.task)
    words = [*filter(None, [task.before]), *_words(form, task), *_expression(form), *_options(form, task)]
    if form.others.strip():
        words.append(_one_line(form.others))
    return " ".join(words), None if form.source != "text" or _is_instead(form) else _below(form.text)


_MISSING: Mapping[Source, str] = {"text": "text", "value": "variable", "file": "file", "cell": "cell"}
_INSTEAD_OF_TEXT = "cell"  # the option of `%tokenize` that names a cell by its tag


def _is_instead(form: Form) -> bool:
    """Whether an option names what is read."""
    return not form.text.strip() and _INSTEAD_OF_TEXT in form.options


def refuse_empty(form: Form) -> None:
    """Refuse a form that says nothing of what is to be read, or what a command is about.

    Raises:
        UserError: in the words of a form; the magic would speak of its line, or do something else.
    """
    if form.source != "none" and not form.text.strip() and not _is_instead(form):
        raise UserError(f"No {_MISSING[form.source]} is given.", hint="Type it here, or choose another kind of input.")
    task = task_named(form.task)
    for word in task.words if task.needs_words else ():
        if not form.options.get(word.name):
            raise _nothing_for(word, "Type or choose one.")


def _nothing_for(word: Option, hint: str) -> UserError:
    return UserError(f"Nothing is filled in for {word.name}.", hint=hint)


def missing_in(message: str) -> str:
    """The field for which nothing is filled in, where a message says so; else empty."""
    found = re.fullmatch(r"Nothing is filled in for ([a-z-]+)\.", message)
    return found[1] if found else ""


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


def _words(form: Form, task: FormTask) -> Iterator[str]:
    """What is typed by its place."""
    given = [str(form.options.get(word.name, "")) for word in task.words]
    while given and not given[-1]:
        given.pop()
    for word, text in zip(task.words, given, strict=False):
        if not text:
            raise _nothing_for(word, "Fill it in, or empty what stands behind it.")
        yield _name(text)


def _options(form: Form, task: FormTask) -> Iterator[str]:
    for option in task.options:
        value = form.options.get(option.name)
        if value is None or value is False:
            continue
        if option.metavar is None:
            yield f"--{option.name}"
        for one in (value if isinstance(value, list) else [value]) if option.metavar else ():
            yield f"--{option.name} {quoted(str(one))}"


def _name(text: str) -> str:
    """A word as a magic that takes words reads it back.

    Raises:
        UserError: when no quotes hold it.
    """
    if text.endswith("\\") or '\\"' in text or not text.isprintable():
        raise UserError(f"{shown(text)} cannot be typed as one word.", hint="Give it another name.")
    return text if _PLAIN.fullmatch(text.replace("\\", "/")) else in_quotes(text)


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


def form_of(magic: str, line: str, cell: str | None) -> Form:
    """The form that says what a magic said.

    Raises:
        UserError: when a quotation mark in the line is not closed, or it has no form.
    """
    expression, options, others = _parted(line, options_of(magic))
    task, words = task_of_line(magic, words_of(expression) if has_commands(magic) else [], options)
    if task.is_command:
        return _of_command(task, words, options, others)
    if cell is not None:
        return Form(task.name, "text", cell.strip("\n"), options, others)
    if "none" in task.sources:
        return Form(task.name, "none", "", options, others)
    number = re.fullmatch(r"In\[(\d+)\]", expression)
    if number:
        return Form(task.name, "cell", number[1], options, others)
    path = "".join(words_of(expression))
    return Form(task.name, *(("file", path) if is_file(path) else ("value", expression)), options, others)


def _of_command(task: FormTask, words: list[str], options: dict[str, Value], others: str) -> Form:
    if others:
        raise UserError(f"`{others}` has no field in a form.", hint="Type it in a cell.")
    if task.rest and words:
        options = {**options, task.rest: " ".join(words)}
    fields = {option.name for option in task.fields}
    named = {word.name: text for word, text in zip(task.words, words, strict=False)}
    return Form(task.name, "none", "", {name: value for name, value in {**options, **named}.items() if name in fields})


def _parted(line: str, known: Sequence[Option]) -> tuple[str, dict[str, Value], str]:
    """The expression of a line, the options that its magic lists, and the others as they are typed."""
    found = scan(line.strip().removesuffix(";"))
    expression: list[str] = []
    options: dict[str, Value] = {}
    others: list[str] = []
    words = iter([*found.words, *filter(None, [found.last])])
    into = expression
    for word in words:
        name, equals, value = word.partition("=")
        option = option_named(name, known)
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
