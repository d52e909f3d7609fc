"""Tab on the line of a magic: options, values, models, variables, columns, files.

What can be typed follows from the options of the magic, so a new magic or option needs nothing here. An entry in
IPython's `custom_matchers` hands it over; while it applies, it keeps all others silent.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.inputs.suffixes import suffix_of
from nbtransformers.magics import cells, looking
from nbtransformers.magics.options import Option
from nbtransformers.magics.parse import is_option, scan
from nbtransformers.magics.table import MAGICS, Magic
from nbtransformers.request import METHODS, TRAINING_METHODS
from nbtransformers.rundir.listing import run_folders

_MOST = 200  # what nobody would read to the end; a folder may hold a million files


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What can stand there, and of which kind it is: the word that front ends show beside it."""

    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Completed:
    """The end of what is typed that is to be replaced, and by what."""

    typed: str
    suggestions: tuple[Suggestion, ...] = ()


@dataclass(frozen=True, slots=True)
class Typed:
    """A magic's line around the cursor.

    Attributes:
        magic: which magic.
        cell: whether it is the line of a cell magic.
        words: the words before the one at the cursor.
        last: that word, up to the cursor.
        quote: the quotation mark that is open in it.
        behind: what stands behind the cursor.
        namespace: name to value.
        hidden: what the shell itself put into the namespace.
    """

    magic: Magic
    cell: bool
    words: tuple[str, ...]
    last: str
    quote: str
    behind: str
    namespace: Mapping[str, Any]
    hidden: Mapping[str, Any]

    @property
    def expression(self) -> str:
        """The expression of the whole line, but for the word at the cursor."""
        behind = scan(self.quote + self.behind)
        words = (*behind.words, behind.last)
        if not self.behind[:1].isspace():
            words = words[1:]  # the rest of the word at the cursor
        expressions = [given(part, self.magic.options).expression for part in (self.words, words)]
        return " ".join(filter(None, expressions))


def complete(lines: Sequence[str], row: int, column: int, shell: Any) -> Completed | None:
    """What can stand at the cursor; None where it is not in a magic of ours."""
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    cell = re.match(r"%%(\w+)(\s|$)", lines[first])
    if cell and cell[1] in _BY_NAME and "cell" in _BY_NAME[cell[1]].forms:
        if row > first:
            return Completed("")  # texts, and no Python
        return _on_line(cell[1], True, lines[row][cell.end(1) : column], lines[row][column:], shell)
    begun = _continued(lines, row, column)
    line = _LINE.match(begun)
    if line is None:
        return None
    found = _on_line(line[1], False, begun[line.end(1) :], lines[row][column:], shell)
    if found is not None and not lines[row][:column].endswith(found.typed):
        return Completed("")  # a word that began above the line cannot be replaced
    return found


# At the beginning of a line, behind an assignment, or to be timed.
_LINE = re.compile(r"""\s*(?:[^'"#%=]*=\s*|%time(?:it)?\s+)?%(\w+)(?=\s)""")


def _continued(lines: Sequence[str], row: int, column: int) -> str:
    """The line up to the cursor, with those before it that a backslash continues."""
    begun = lines[row][:column]
    while row > 0 and lines[row - 1].endswith("\\"):
        row -= 1
        begun = f"{lines[row][:-1]} {begun}"
    return begun


def _on_line(name: str, cell: bool, before: str, behind: str, shell: Any) -> Completed | None:
    if not before[:1].isspace():
        return None  # the name is still being typed, and IPython knows it
    if name == "nbt":
        from nbtransformers.magics.nbt import complete_command

        return complete_command(before, shell)
    if name not in _BY_NAME:
        return None
    at = scan(before)
    typed = Typed(
        _BY_NAME[name], cell, at.words, at.last, at.quote, behind, shell.user_ns, getattr(shell, "user_ns_hidden", {})
    )
    return _at(typed)


_BY_NAME = {magic.name: magic for magic in MAGICS}


@dataclass(frozen=True, slots=True)
class Given:
    """What some words of a line say; `waiting` is the option whose value comes next."""

    expression: str
    values: dict[str, str]
    waiting: Option | None


def given(words: Iterable[str], options: Sequence[Option]) -> Given:
    """The expression and the options among words that need not make sense yet."""
    expression: list[str] = []
    values: dict[str, str] = {}
    waiting: Option | None = None
    for word in words:
        if waiting is not None and not word.startswith("--"):
            values[waiting.name] = unquoted(word)
            waiting = None
        elif is_option(word):
            name, equals, value = word.partition("=")
            option = _option(name, options)
            waiting = option if option is not None and option.metavar and not equals else None
            values[option.name if option else name] = unquoted(value)
        elif word:
            expression.append(word)
    return Given(" ".join(expression), values, waiting)


def _option(name: str, options: Sequence[Option]) -> Option | None:
    return next((o for o in options if name in (f"--{o.name}", f"--{o.key}", f"-{o.short}")), None)


def _at(typed: Typed) -> Completed:
    """Option, value or expression: what the word at the cursor is."""
    before, last = given(typed.words, typed.magic.options), typed.last
    if last.startswith("--"):
        name, equals, value = last.partition("=")
        option = _option(name, typed.magic.options)
        if not equals:
            return matching(last, _options(typed.magic, before))
        return matching(value, _values(option, typed, value), typed.behind) if option else Completed(value)
    if before.waiting is not None:
        return matching(last, _values(before.waiting, typed, last), typed.behind)
    if last.startswith("-") or (typed.cell and not last):  # a cell's texts are below its line
        return matching(last, _options(typed.magic, before))
    if typed.magic.name == "runs":
        return matching(last, _commands_and_runs(before.expression))
    if typed.magic.name == "models":
        return matching(last, _commands_and_models(before.expression, typed))
    return Completed(last) if typed.cell else _expression(typed)


def _options(magic: Magic, before: Given) -> Iterator[Suggestion]:
    for option in magic.options:
        if option.name not in before.values or option.repeats:
            yield Suggestion(f"--{option.name}", "option")
    if magic.name == "finetune" and "transformers.training_args" in sys.modules:  # Tab imports nothing that takes long
        from nbtransformers.training.arguments import known_fields

        with suppress(UserError):  # that training lacks a package is said when it is run
            for name in known_fields():
                yield Suggestion(f"--{name.replace('_', '-')}", "option")


# --- values ---


def _values(option: Option, typed: Typed, begun: str) -> Iterable[Suggestion]:
    if begun.strip("\"'").startswith("{"):
        names = looking.variables(typed.namespace, typed.hidden)
        return [Suggestion(f"{{{name}}}", "variable") for name in names]
    if option.name in _SOURCES:
        return _SOURCES[option.name](typed, begun)
    return [Suggestion(choice, "value") for choice in option.choices]


def _models(typed: Typed, begun: str) -> Iterator[Suggestion]:
    # Where a magic has no --tokenizer, it is the tokenizer of a model that is wanted, and it may be given itself.
    alone = _option("--tokenizer", typed.magic.options) is None
    yield from model_names(typed.namespace, begun, tokenizers=alone)


def model_names(namespace: Mapping[str, Any], begun: str, *, tokenizers: bool = False) -> Iterator[Suggestion]:
    """Variables, bundled models, the models of the local Hub cache, and folders once a path is begun."""
    from nbtransformers.loading.bundled import BUNDLED
    from nbtransformers.loading.hub_cache import cached_names

    for name in sorted(looking.names_in(namespace, looking.is_model)):
        yield Suggestion(name, "variable")
    if tokenizers:
        for name in sorted(looking.names_in(namespace, looking.is_tokenizer)):
            yield Suggestion(name, "variable")
    for name in (*BUNDLED, *cached_names(), *(f"run:{name}" for name in run_names())):
        yield Suggestion(name, "model")
    begun = begun.lstrip("\"'")
    for path in _paths(begun, lambda path: False):
        if _looks_like_path(begun) or Path(path.text, "config.json").exists():
            yield path


def _tokenizers(typed: Typed, begun: str) -> Iterator[Suggestion]:
    for name in sorted(looking.names_in(typed.namespace, looking.is_tokenizer)):
        yield Suggestion(name, "variable")


def _columns(typed: Typed, begun: str) -> Iterator[Suggestion]:
    from nbtransformers.inputs.headers import columns_of_file

    table = looking.columns(looking.found(typed.expression, typed.namespace))
    for name in table or columns_of_file(unquoted(typed.expression)):
        yield Suggestion(name, "column")


def _contexts(typed: Typed, begun: str) -> Iterator[Suggestion]:
    """A column of the table on the line, or the variable that holds them."""
    yield from _columns(typed, begun)
    yield from _variables(typed, begun)


def _splits(typed: Typed, begun: str) -> Iterator[Suggestion]:
    known = looking.splits(looking.found(typed.expression, typed.namespace))
    if not known and typed.expression.startswith("hub:"):
        known = ["train", "validation", "test"]
    for name in known:
        yield Suggestion(name, "split")


def _variables(typed: Typed, begun: str) -> Iterator[Suggestion]:
    for name in looking.variables(typed.namespace, typed.hidden):
        yield Suggestion(name, "variable")


def _encodings(typed: Typed, begun: str) -> Iterator[Suggestion]:
    for name in ("utf-8", "utf-16", "latin-1", "cp1252", "cp1251", "gb18030", "big5", "shift_jis", "euc_kr"):
        yield Suggestion(name, "value")


def _tags(typed: Typed, begun: str) -> Iterator[Suggestion]:
    for name in cells.tags(typed.namespace):
        yield Suggestion(name, "tag")


def _languages(typed: Typed, begun: str) -> Iterator[Suggestion]:
    """The codes of the model, when it is in memory and they are known; then the English names of all languages."""
    from nbtransformers.loading.languages import english_names, typed_code
    from nbtransformers.loading.registry import REGISTRY

    model = given(typed.words, typed.magic.options).values.get("model", "")
    for loaded in REGISTRY.loaded():
        if loaded.name in (model, Path(model).name):
            for code in loaded.notes.get("languages", ()):
                yield Suggestion(typed_code(code), "language")
    for name in english_names():
        yield Suggestion(name, "language")


def _targets(typed: Typed, begun: str) -> Iterator[Suggestion]:
    """The language to translate into, or the label to explain; other targets are texts."""
    if typed.magic.name == "translate":
        yield from _languages(typed, begun)
    if typed.magic.name == "explain":
        yield from _labels(typed)


def _labels(typed: Typed) -> Iterator[Suggestion]:
    """The labels of the model, when it is in memory."""
    from nbtransformers.loading.bundled import BUNDLED_SENTIMENT
    from nbtransformers.loading.registry import REGISTRY

    model = given(typed.words, typed.magic.options).values.get("model", BUNDLED_SENTIMENT)
    for loaded in REGISTRY.loaded():
        if loaded.name in (model, Path(model).name) and getattr(loaded.model.config, "id2label", None):
            for label in loaded.model.config.id2label.values():
                yield Suggestion(f'"{label}"' if " " in str(label) else str(label), "label")


def _methods(typed: Typed, begun: str) -> Iterator[Suggestion]:
    """Ways to train, or to explain; behind a comma one more of the latter."""
    if typed.magic.name == "finetune":
        yield from (Suggestion(name, "value") for name in TRAINING_METHODS)
        return
    before, comma, _ = begun.rpartition(",")
    for name in METHODS:
        if name not in before.split(","):
            yield Suggestion(f"{before}{comma}{name}", "value")


def _tasks(typed: Typed, begun: str) -> Iterator[Suggestion]:
    """What is learnt, or the Hub's words for tasks."""
    from nbtransformers.request.catalog import TEXT_TASKS

    option = _option("--task", typed.magic.options)
    for name in (option.choices if option else ()) or TEXT_TASKS:
        yield Suggestion(name, "value")


def _folders(typed: Typed, begun: str) -> Iterator[Suggestion]:
    yield from _paths(begun.lstrip("\"'"), lambda path: False)


def _examples(typed: Typed, begun: str) -> Iterator[Suggestion]:
    """A variable or a file that holds examples."""
    yield from _variables(typed, begun)
    yield from _paths(begun.lstrip("\"'"), _is_data)


def run_names() -> list[str]:
    """The training runs of the project, the newest first."""
    from nbtransformers import settings

    return [run.name for run in run_folders(settings.runs_folder())]


def _commands_and_runs(before: str) -> Iterator[Suggestion]:
    """What goes on behind `%runs`: a command, or the name of a run."""
    from nbtransformers.magics.runs import COMMANDS

    for command in COMMANDS if not before else ():
        yield Suggestion(command, "command")
    for name in run_names():
        yield Suggestion(name, "run")


def _commands_and_models(before: str, typed: Typed) -> Iterator[Suggestion]:
    """What goes on behind `%models`: a command, or the name that it takes."""
    from nbtransformers.magics.models import COMMANDS

    if not before:
        for command in COMMANDS:
            yield Suggestion(command, "command")
    elif before == "preview":
        for found in _datasets():
            yield Suggestion(found.text.removeprefix("hub:"), found.kind)
    elif before in ("show", "use", "download"):
        yield from model_names(typed.namespace, typed.last)


_SOURCES: dict[str, Callable[[Typed, str], Iterator[Suggestion]]] = {
    "model": _models,
    "tokenizer": _tokenizers,
    "task": _tasks,
    "column": _columns,
    "text": _columns,
    "label": _columns,
    "pair": _columns,
    "test": _examples,
    "data": _examples,
    "folder": _folders,
    "question": _columns,
    "context": _contexts,
    "split": _splits,
    "out": _variables,
    "encoding": _encodings,
    "cell": _tags,
    "source": _languages,
    "target": _targets,
    "method": _methods,
}


def is_completed(option: Option) -> bool:
    """Whether something may be known that the value of an option can be."""
    return option.name in _SOURCES or bool(option.choices)


# --- the expression ---

_CHAIN = re.compile(r"[^\W\d]\w*(?:\.\w+|\[[^\[\]]*\])*$")
_NAME_END = re.compile(r"\w*$")
_INPUT = re.compile(r"In\[(\d*)$")
_INSIDE_QUOTES = re.compile(r"""(?P<table>.+)\[(?P<typed>(?P<quote>["'])[^"']*)$""")


def _expression(typed: Typed) -> Completed:
    """A variable, a file, or what is in a table: `df["re`, `df.re`."""
    word = typed.last
    inside = _INSIDE_QUOTES.match(word) if typed.quote else None
    if inside:
        names = looking.keys(_chained(inside["table"], typed.namespace))
        as_python = [Suggestion(name.replace("\\", "\\\\"), "column") for name in names]
        return matching(inside["typed"], as_python, typed.behind)
    if typed.quote:
        alone = word.startswith(typed.quote)  # no text in brackets, but the name of a file
        return matching(word, _paths(word[1:], _is_data), typed.behind) if alone else Completed("")
    if word.startswith("hub:"):
        return matching(word, _datasets())
    input_cell = _INPUT.match(word)
    if input_cell:
        return _inputs(input_cell, typed)
    begun = _NAME_END.search(word)[0]  # pyright: ignore[reportOptionalSubscript]
    if word.removesuffix(begun).endswith(".") or _looks_like_path(word):
        return _attribute_or_file(word, begun, typed)
    files = _paths(word, _is_data) if begun == word else ()  # a file is the whole of an expression
    return matching(begun, [*_variables(typed, begun), *files])


def _datasets() -> Iterator[Suggestion]:
    from nbtransformers.loading.hub_cache import cached_datasets

    for name in cached_datasets():
        yield Suggestion(f"hub:{name}", "dataset")


def _inputs(begun: re.Match[str], typed: Typed) -> Completed:
    """The cells that were run, by their number, the latest first."""
    inputs: object = typed.namespace.get("In")
    numbers = range(len(inputs) - 1, 0, -1) if type(inputs) is list else ()  # pyright: ignore[reportUnknownArgumentType]
    end = "" if typed.behind.startswith("]") else "]"
    offered = [Suggestion(f"In[{number}{end}", "cell") for number in numbers if str(number).startswith(begun[1])]
    return Completed(typed.last, tuple(offered[:_MOST]))


def _attribute_or_file(word: str, begun: str, typed: Typed) -> Completed:
    """What goes on from `df.re`, or from `data/re`."""
    value = _chained(word.removesuffix(begun)[:-1], typed.namespace)
    done = matching(
        begun, [Suggestion(name, "attribute") for name in looking.attributes(value)] if value is not None else ()
    )
    return done if done.suggestions else matching(word, _paths(word, _is_data), typed.behind)


def _chained(word: str, namespace: Mapping[str, Any]) -> object:
    """The value of the chain of names that a word ends with: of `df` in `len(df`."""
    chain = _CHAIN.search(word)
    return looking.found(chain[0], namespace) if chain else None


def _is_data(path: Path) -> bool:
    return suffix_of(path.name) is not None


def _looks_like_path(text: str) -> bool:
    return text.startswith(("./", "../", "~/", "/", ".\\", "..\\")) or "/" in text


def _paths(begun: str, wanted: Callable[[Path], bool]) -> Iterator[Suggestion]:
    """Folders, and the files that are wanted, as they go on from what is typed."""
    folder, slash, name = begun.rpartition("/")
    try:
        entries = sorted(Path(f"{folder}{slash}" or ".").expanduser().iterdir())
    except (OSError, ValueError, RuntimeError):
        return
    for entry in entries:
        if entry.name.startswith(".") and not name.startswith("."):
            continue
        is_folder = _is_folder(entry)
        if is_folder or wanted(entry):
            yield Suggestion(f"{folder}{slash}{entry.name}{'/' if is_folder else ''}", "path")


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


# --- what is typed already ---


def matching(typed: str, suggestions: Iterable[Suggestion], behind: str = "") -> Completed:
    """Those suggestions that go on from what is typed, in quotes where they need them."""
    quote = typed[:1] if typed[:1] in ("'", '"') else ""
    begun = typed[len(quote) :].casefold()
    found: dict[str, Suggestion] = {}
    for suggestion in suggestions:
        if suggestion.text.casefold().startswith(begun) and suggestion.text.isprintable():
            text = _written(suggestion, quote, behind)
            found.setdefault(text, Suggestion(text, suggestion.kind))
        if len(found) == _MOST:
            break
    return Completed(typed, tuple(found.values()))


_NEEDS_QUOTES = re.compile(r"^-|[\s\"'()\[\]{};]")


def _written(suggestion: Suggestion, quote: str, behind: str) -> str:
    """A suggestion as it is to be typed; what the editor has closed already is not closed again."""
    text = suggestion.text
    braces = suggestion.kind == "variable" and text.startswith("{")
    if braces and behind.startswith("}"):
        return quote + text[:-1]
    plain = suggestion.kind == "option" or not _NEEDS_QUOTES.search(text)
    if not quote and (braces or plain):
        return text
    text = in_quotes(text, quote or '"')
    return text[:-1] if quote and behind.startswith(quote) else text


def in_quotes(text: str, quote: str = '"') -> str:
    """A value as the parser takes it back out of its quotes."""
    return quote + text.replace(quote, f"\\{quote}") + quote


def unquoted(text: str) -> str:
    """A value without its quotes, also when the last one has not been typed yet."""
    return text[1:].removesuffix(text[0]) if text[:1] in ("'", '"') else text


# --- IPython ---

_IDENTIFIER = "nbtransformers"


class _Nothing(list[Any]):
    """No completion, for whoever looks; but IPython lets a matcher silence the others only if its list has a length."""

    def __len__(self) -> int:
        return 1


def install(shell: Any) -> None:
    """Complete the lines of the magics in this shell."""
    from IPython.core.completer import SimpleCompletion, context_matcher

    def match(context: Any) -> Any:
        lines = context.full_text.split("\n")
        done = complete(lines, context.cursor_line, context.cursor_position, shell)
        if done is None or not context.text_until_cursor.endswith(done.typed):
            return {"completions": [], "suppress": False}
        completions = [SimpleCompletion(text=found.text, type=found.kind) for found in done.suggestions]
        return {
            "completions": completions or _Nothing(),
            "matched_fragment": done.typed,
            "suppress": True,
            "ordered": True,
        }

    uninstall(shell)
    made: Any = context_matcher(identifier=_IDENTIFIER, priority=100)
    shell.Completer.custom_matchers.append(made(match))


def uninstall(shell: Any) -> None:
    """Take the matcher out again."""
    matchers = shell.Completer.custom_matchers
    matchers[:] = [found for found in matchers if getattr(found, "matcher_identifier", "") != _IDENTIFIER]
