"""What the value of an option can be: models, variables, columns, languages, files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from nbtransformers.inputs.suffixes import suffix_of
from nbtransformers.magics import cells, looking
from nbtransformers.magics.options import Option
from nbtransformers.magics.suggestions import Suggestion, unquoted
from nbtransformers.magics.typed import Typed, given, option_named
from nbtransformers.request import METHODS, TRAINING_METHODS
from nbtransformers.rundir.listing import run_folders


def values(option: Option, typed: Typed, begun: str) -> Iterable[Suggestion]:
    """What the value of an option can be that begins so."""
    if begun.strip("\"'").startswith("{"):
        names = looking.variables(typed.namespace, typed.hidden)
        return [Suggestion(f"{{{name}}}", "variable") for name in names]
    if option.name in _SOURCES:
        return _SOURCES[option.name](typed, begun)
    return [Suggestion(choice, "value") for choice in option.choices]


def _models(typed: Typed, begun: str) -> Iterator[Suggestion]:
    # Where a magic has no --tokenizer, it is the tokenizer of a model that is wanted, and it may be given itself.
    alone = option_named("--tokenizer", typed.magic.options) is None
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
    for path in paths(begun, lambda path: False):
        if looks_like_path(begun) or Path(path.text, "config.json").exists():
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
    yield from variables(typed, begun)


def _splits(typed: Typed, begun: str) -> Iterator[Suggestion]:
    known = looking.splits(looking.found(typed.expression, typed.namespace))
    if not known and typed.expression.startswith("hub:"):
        known = ["train", "validation", "test"]
    for name in known:
        yield Suggestion(name, "split")


def variables(typed: Typed, begun: str) -> Iterator[Suggestion]:
    """The variables of the user's."""
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

    option = option_named("--task", typed.magic.options)
    for name in (option.choices if option else ()) or TEXT_TASKS:
        yield Suggestion(name, "value")


def _folders(typed: Typed, begun: str) -> Iterator[Suggestion]:
    yield from paths(begun.lstrip("\"'"), lambda path: False)


def _examples(typed: Typed, begun: str) -> Iterator[Suggestion]:
    """A variable or a file that holds examples."""
    yield from variables(typed, begun)
    yield from paths(begun.lstrip("\"'"), is_data)


def run_names() -> list[str]:
    """The training runs of the project, the newest first."""
    from nbtransformers import settings

    return [run.name for run in run_folders(settings.runs_folder())]


def commands_and_runs(before: str) -> Iterator[Suggestion]:
    """What goes on behind `%runs`: a command, or the name of a run."""
    from nbtransformers.magics.runs import COMMANDS

    for command in COMMANDS if not before else ():
        yield Suggestion(command, "command")
    for name in run_names():
        yield Suggestion(name, "run")


def commands_and_models(before: str, typed: Typed) -> Iterator[Suggestion]:
    """What goes on behind `%models`: a command, or the name that it takes."""
    from nbtransformers.magics.models import COMMANDS

    if not before:
        for command in COMMANDS:
            yield Suggestion(command, "command")
    elif before == "preview":
        for found in datasets():
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
    "out": variables,
    "encoding": _encodings,
    "cell": _tags,
    "source": _languages,
    "target": _targets,
    "method": _methods,
}


def is_completed(option: Option) -> bool:
    """Whether something may be known that the value of an option can be."""
    return option.name in _SOURCES or bool(option.choices)


def datasets() -> Iterator[Suggestion]:
    """The datasets of the local Hub cache."""
    from nbtransformers.loading.hub_cache import cached_names

    for name in cached_names("datasets"):
        yield Suggestion(f"hub:{name}", "dataset")


def is_data(path: Path) -> bool:
    """Whether a file may hold examples, by its name."""
    return suffix_of(path.name) is not None


def looks_like_path(text: str) -> bool:
    """Whether what is typed can be nothing but a path."""
    return text.startswith(("./", "../", "~/", "/", ".\\", "..\\")) or "/" in text


def paths(begun: str, wanted: Callable[[Path], bool]) -> Iterator[Suggestion]:
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
