"""Defaults of the options: set for this session, by environment variables, in a pyproject.toml, or built in.

Only the doors (the public functions and the magics) ask here, for what the user left open; a request says all that
the engine needs to know, wherever it came from.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, cast

from nbtransformers.errors import UserError, did_you_mean, kind_of, nearest, shown
from nbtransformers.magics.options import SET_FOR, SETTABLE, Option, converted
from nbtransformers.plain_text import printable
from nbtransformers.request import ClassifyRequest, DataRef, EntitiesRequest, RunOptions, TokenizeRequest
from nbtransformers.rundir.listing import RUNS

_TABLE = "tool.nbtransformers"
_PREFIX = "NBTRANSFORMERS_"

# What holds where nothing is set, for a person; the request's own defaults are what counts.
_BUILT_IN = {
    "model": "the bundled one",
    "device": "auto",
    "dtype": "auto",
    "batch-tokens": "found by a short probe",
    "threads": "found by the same probe",
    "max-length": "the model's limit",
    "long": "truncate; window for %%entities",
    "threshold": "0.5",
    "top-k": "the best, or those assigned",
    "batch-size": "32",
    "aggregation": "first",
    "memory-budget": "what the memory holds",
    "folder": str(RUNS),
}

_NO_TEXT = DataRef("lines", "")
_CHECKS: dict[str, Callable[..., object]] = {
    **dict.fromkeys((field.name for field in fields(RunOptions)), RunOptions),
    "threshold": partial(ClassifyRequest, _NO_TEXT),
    "top_k": partial(ClassifyRequest, _NO_TEXT),
    "batch_size": partial(TokenizeRequest, _NO_TEXT),
    "aggregation": partial(EntitiesRequest, _NO_TEXT),
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a default is set.

    Attributes:
        place: for a person.
        typed: a value to what is typed there to have it.
        folder: what a relative path is relative to; None is the working directory.
    """

    place: str
    typed: Callable[[str], str]
    folder: Path | None = None

    def told(self, error: UserError, *, where: bool = True) -> UserError:
        """The same error with what to type in this place, and naming it."""

        def mended(match: re.Match[str]) -> str:
            return f"`{match[1] if match[2] is None else self.typed(match[2])}`"

        message, hint = (_OPTION.sub(mended, text) if text else None for text in (error.message, error.hint))
        return UserError(f"In {self.place}: {message}" if where else str(message), hint=hint)


_OPTION = re.compile(r"`--([a-z-]+)(?:[ =]([^`]+))?`")


@dataclass(frozen=True, slots=True)
class Default:
    """What one setting is.

    Attributes:
        name: such as `device`, or `classify.device` for one task.
        value: its value; None where nothing is set, and when it is wrong.
        source: where it is set; None for what is built in.
        error: why it is wrong.
    """

    name: str
    value: Any
    source: Source | None
    error: UserError | None = None

    @property
    def place(self) -> str:
        """Where it is set, for a person."""
        return self.source.place if self.source else "built in"

    @property
    def text(self) -> str:
        """Its value, for a person."""
        return _BUILT_IN[self.name.rpartition(".")[2]] if self.value is None else str(self.value)


@dataclass(frozen=True, slots=True)
class Filled:
    """Arguments, the open ones filled in from the settings.

    Attributes:
        values: argument to value; those that nothing sets are not in it.
        sources: argument to the place that it was filled in from.
    """

    values: dict[str, Any]
    sources: dict[str, Source]

    def place(self, argument: str) -> str:
        """Where an argument was filled in from, for a person; empty when it was given."""
        return self.sources[argument].place if argument in self.sources else ""

    @contextmanager
    def naming(self, argument: str) -> Generator[None]:
        """Errors in here name the place that the argument was filled in from."""
        try:
            yield
        except UserError as error:
            if argument not in self.sources:
                raise
            raise self.sources[argument].told(error) from error.__cause__


# --- ask ---


def filled(task: str, given: Mapping[str, Any]) -> Filled:
    """The arguments of a public function; one that is None, or missing, is what the settings say.

    Raises:
        UserError: when a setting that is needed is wrong, or a pyproject.toml cannot be read; it names the place.

    Example:
        >>> set_default("device", "cpu")
        >>> filled("classify", {"labels": "a,b", "device": None}).values
        {'labels': 'a,b', 'device': 'cpu'}
    """
    values = {key: value for key, value in given.items() if value is not None}
    sources: dict[str, Source] = {}
    _warn_once(misspelt())
    for option in _task_options()[task]:
        if option.key not in values:
            found = _find(option.name, task)
            if found.error is not None:
                raise found.error
            if found.source is not None:
                values[option.key], sources[option.key] = found.value, found.source
    return Filled(values, sources)


def runs_folder(given: object = None, task: str = "runs") -> Path:
    """The folder of the project's training runs: what was given, else what is set.

    Raises:
        UserError: when what was given is no folder's name.
    """
    if given is not None and not isinstance(given, str | Path):
        raise UserError(f"`--folder` is {shown(given)}, {kind_of(given)}.", hint="Type `--folder runs`.")
    return Path(filled(task, {"folder": given}).values.get("folder", RUNS)).expanduser().absolute()


def default(name: str) -> Default:
    """What a setting is.

    Raises:
        UserError: when there is no such setting.
    """
    name = _known(name)
    task, _, option = name.rpartition(".")
    return _find(option, task or None)


def defaults() -> list[Default]:
    """Every setting, and those of one task that are set."""
    found = [default(option.name) for option in _options(None)]
    set_somewhere = {name for values, _ in _layers() for name in values}
    return found + [default(name) for name in names() if "." in name and name in set_somewhere]


def names() -> list[str]:
    """The names of all settings."""
    shared = [option.name for option in _options(None)]
    of_tasks = [f"{task}.{option.name}" for task in _task_options() for option in _options(task)]
    return [*shared, *of_tasks]


def tasks() -> list[str]:
    """The names of the tasks that settings can be for."""
    return list(_task_options())


def of_session() -> list[str]:
    """The names of the settings that are set for this session."""
    return list(_session)


def option_of(name: str) -> Option:
    """The option that a setting is the default of.

    Raises:
        UserError: when there is no such setting.
    """
    task, _, option = _known(name).rpartition(".")
    return next(found for found in _options(task or None) if found.name == option)


def misspelt() -> list[str]:
    """What is set in the environment or the pyproject.toml, and is no setting: one sentence each.

    Raises:
        UserError: when the pyproject.toml cannot be read.
    """
    told: list[str] = []
    known = {_variable(name): name for name in names()}
    for variable in sorted(name for name in os.environ if name.startswith(_PREFIX) and name not in known):
        near = nearest(variable, known)
        told.append(f"{variable} is no setting.{f' Did you mean {near}?' if near else ''}")
    path, table = _nearest_table()
    for name, _ in _entries(table):
        if name not in known.values():
            told.append(f"[{_TABLE}] in {path} has no setting {name}. {did_you_mean(name, known.values())}")
    return told


_warned: set[str] = set()


def _warn_once(told: list[str]) -> None:
    """A warning, and no error: a task can do without, and the file may be written for another version."""
    import warnings

    for text in told:
        if text not in _warned:
            _warned.add(text)
            warnings.warn_explicit(printable(text), UserWarning, "nbtransformers", 0)


# --- set ---

_session: dict[str, Any] = {}


def set_default(name: str, value: object) -> str:
    """Set a default for this session; None takes it back.

    Returns:
        What could not be checked of it, in a sentence; empty where nothing is left open.

    Raises:
        UserError: when there is no such setting, or it cannot have this value.
    """
    name = _known(name)
    if value is None:
        _session.pop(name, None)
        return ""
    is_model = option_of(name).name == "model"
    if not isinstance(value, str | Path if is_model else str | int | float | Path) or isinstance(value, bool):
        raise UserError(
            f"The default {name} is {kind_of(value)}.", hint=f"Type a name: `--{option_of(name).name} own`."
        )
    _value(name, value)
    unchecked = _check_model(name, str(value)) if is_model else ""
    _session[name] = value
    return unchecked


def _check_model(name: str, model: str) -> str:
    """Whether there is such a model, told now and not by a cell that inherits it; or why that cannot be told."""
    from nbtransformers.loading.hub_known import refuse_unknown
    from nbtransformers.loading.refs import model_ref
    from nbtransformers.loading.tokenizers import tokenizer_ref
    from nbtransformers.panels.host import shell

    look_up = tokenizer_ref if name.startswith("tokenize.") else model_ref
    ref, _ = look_up(model, None, shell().user_ns if shell() is not None else None, runs=runs_folder())
    return refuse_unknown(ref)


def forget_session() -> None:
    """Take back every default that was set for this session."""
    _session.clear()


# --- one setting ---


def _find(option: str, task: str | None) -> Default:
    """The first layer that has it; within a layer, what is set for the task comes before what is set for all."""
    wanted = [f"{task}.{option}", option] if task else [option]
    for values, source in _layers():
        for name in wanted:
            if name in values:
                return _as_default(wanted[0], name, values[name], source(name))
    return Default(wanted[0], None, None)


def _as_default(asked: str, name: str, text: object, source: Source) -> Default:
    try:
        value = _value(name, text)
    except UserError as error:
        return Default(asked, None, source, source.told(error))
    if source.folder is not None and isinstance(value, str) and value.startswith(("./", "../")):
        value = str(source.folder / value)
    return Default(asked, value, source)


def _value(name: str, given: object) -> Any:
    """What is set, as the option takes it."""
    option = option_of(name)
    if isinstance(given, bool) or not isinstance(given, str | int | float | Path):
        raise UserError(f"`--{option.name}` is {shown(given)}, {kind_of(given)}.", hint="Give text or a number.")
    value = converted(option, str(given).strip())
    check = _CHECKS.get(option.key)
    if check is not None:
        check(**{option.key: value})
    return value


def _known(name: str) -> str:
    """A setting's name as it is listed, from how a user may write it."""
    plain = name.strip().removeprefix("--").replace("_", "-")
    known = names()
    if plain not in known:
        raise UserError(f"There is no setting {shown(name)}.", hint=did_you_mean(plain, known))
    return plain


# --- the layers, the first that has a value wins ---

Layer = tuple[Mapping[str, object], Callable[[str], Source]]


def _layers() -> Iterator[Layer]:
    yield _session, session_source
    yield _environment(), _of_variable
    yield _pyproject()


def session_source(name: str) -> Source:
    """This session as the place where a setting is set."""
    return Source("this session", lambda value: f"%nbt set {name} {value}")


def _environment() -> dict[str, object]:
    found = {name: os.environ.get(_variable(name), "").strip() for name in names()}
    return {name: value for name, value in found.items() if value}


def _variable(name: str) -> str:
    return _PREFIX + re.sub(r"[.-]", "_", name).upper()


def _of_variable(name: str) -> Source:
    variable = _variable(name)
    return Source(f"the environment variable {variable}", lambda value: f"{variable}={value}")


def _pyproject() -> Layer:
    try:
        path, table = _nearest_table()
    except UserError:  # `misspelt` tells
        path, table = Path(), {}
    known = names()
    values = {name: value for name, value in _entries(table) if name in known}

    def source(name: str) -> Source:
        key = name.rpartition(".")[2]
        return Source(str(path), lambda value: f"{key} = {_toml(value)}", path.parent)

    return values, source


def _entries(table: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """The names of settings and what they are set to; a table within is that of a task."""
    for key, value in table.items():
        if isinstance(value, dict):
            for inner, entry in cast("dict[str, object]", value).items():
                yield f"{key}.{inner}".replace("_", "-"), entry
        else:
            yield key.replace("_", "-"), value


def _toml(value: str) -> str:
    return value if re.fullmatch(r"[\d.]+", value) else f'"{value}"'


def _nearest_table() -> tuple[Path, Mapping[str, object]]:
    """The nearest pyproject.toml, upwards from the working directory, that has a table of ours."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        path = folder / "pyproject.toml"
        try:
            seen = path.stat()
        except OSError:
            continue
        table = _table_of(path, seen.st_mtime_ns, seen.st_size)
        if table is not None:
            return path, table
    return here / "pyproject.toml", {}


@lru_cache(maxsize=16)
def _table_of(path: Path, changed: int, size: int) -> Mapping[str, object] | None:
    """The table of ours in a file, or None; `changed` and `size` have it read again when it is another."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    if _TABLE not in text:
        return None
    try:
        table: object = tomllib.loads(text).get("tool", {}).get("nbtransformers")
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path} cannot be read ({error}).", hint="Correct it.") from error
    return cast("dict[str, object]", table) if isinstance(table, dict) else None


# --- the tasks and their options ---


def _options(task: str | None) -> list[Option]:
    """The options of a task, or of any, that have settings; in the order of `SETTABLE`."""
    tables = _task_options()
    options = tables[task] if task else [option for table in tables.values() for option in table]
    by_name = {option.name: option for option in options}
    return [by_name[name] for name in SETTABLE if name in by_name]


@lru_cache(maxsize=1)
def _task_options() -> dict[str, tuple[Option, ...]]:
    # Within the function: the table's magics write their help from the settings' names.
    from nbtransformers.magics.table import MAGICS

    return {
        magic.name: tuple(
            option
            for option in magic.options
            if option.name in SETTABLE and SET_FOR.get(option.name, magic.name) == magic.name
        )
        for magic in MAGICS
    }
