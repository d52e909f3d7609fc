"""`%models`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nbtransformers.errors import UserError, nearest
from nbtransformers.magics import options, ran
from nbtransformers.magics.data import variable_name
from nbtransformers.magics.help import magic_help
from nbtransformers.magics.parse import parse_line, words_of
from nbtransformers.magics.showing import given
from nbtransformers.request.catalog import DatasetsRequest, ModelsRequest

GROUPS = {"Which are listed": options.LISTED, "Of one": options.OF_ONE_LISTED, "Result": options.OUTPUT}
OPTIONS = tuple(option for group in GROUPS.values() for option in group)

HELP = magic_help(
    "List the models that can be used: bundled, cached, in folders, of runs, and on the Hub; or its datasets.",
    [
        "%models [SEARCH] [options]",
        "%models show|download|use NAME [options]",
        "%models datasets [SEARCH] [options]",
        "%models preview DATASET [options]",
    ],
    GROUPS,
    [
        ("What is here, and what is most used on the Hub", "%models"),
        ("Small models for German texts", "%models --task classify --language de --max-size 350M"),
        ("All that is known of one, and what the load gate says", "%models show minilm"),
        ("Fetch one; an interrupted download is gone on with", "%models download owner/name"),
        ("Make one the default of this session, at the commit that it has now", "%models use owner/name --pin"),
        ("Datasets, and the first rows of one", "%models datasets reviews\n%models preview owner/name --split test"),
        ("Datasets of German texts with few rows", "%models datasets --language de --size 1K<n<10K"),
        ("The same in Python", "nbtransformers.models('classify')\nnbtransformers.download('owner/name')"),
    ],
)


def models(line: str, cell: str | None, namespace: dict[str, Any], shell: Any) -> Any:
    """Parse, ask, show; what was found is the value of the cell."""
    parsed = parse_line(line, OPTIONS, "%models", namespace)
    values = dict(parsed.values)
    out = variable_name(values.pop("out", None))
    words = words_of(parsed.expression)
    command, words = (words[0], words[1:]) if words and words[0] in COMMANDS else ("", words)
    known = options_of(command)
    if not command and any(key not in known for key in values):
        _refuse_mistyped_command(words)
    _refuse_other_options(command, values, known)
    value = COMMANDS.get(command, _listed)(words, values, namespace)
    return given(value, out, line, shell)


def _listed(words: list[str], values: Mapping[str, Any], namespace: Mapping[str, Any]) -> Any:
    from nbtransformers.doors.models import listed_models, show_as_panels

    show_as_panels()
    listed = listed_models(ModelsRequest(search=_search(words, values), **_without_search(values)))
    if not len(listed):
        _refuse_mistyped_command(words)
    return listed


def _datasets(words: list[str], values: Mapping[str, Any], namespace: Mapping[str, Any]) -> Any:
    from nbtransformers.doors.models import listed_datasets, show_as_panels

    show_as_panels()
    return listed_datasets(DatasetsRequest(search=_search(words, values), **_without_search(values)))


def _show(words: list[str], values: Mapping[str, Any], namespace: Mapping[str, Any]) -> Any:
    from nbtransformers.doors.models import model_in_full

    return model_in_full(_one("show", words), values.get("revision"), namespace)


def _download(words: list[str], values: Mapping[str, Any], namespace: Mapping[str, Any]) -> Any:
    from nbtransformers.doors.models import fetch_model

    fetched = fetch_model(_one("download", words), **values)
    ran.remember(fetched)
    return fetched


def _use(words: list[str], values: Mapping[str, Any], namespace: Mapping[str, Any]) -> str:
    from nbtransformers.doors.models import use_model

    used = use_model(_one("use", words), values.get("revision"), pin=values.get("pin", False))
    ran.remember(used)
    return str(used)


def _preview(words: list[str], values: Mapping[str, Any], namespace: Mapping[str, Any]) -> Any:
    from nbtransformers.doors.models import look_into

    seen = look_into(_one("preview", words), **values)
    ran.remember(seen)
    return seen


COMMANDS: Mapping[str, Callable[[list[str], Mapping[str, Any], Mapping[str, Any]], Any]] = {
    "show": _show,
    "download": _download,
    "use": _use,
    "datasets": _datasets,
    "preview": _preview,
}
"""What the first word can be; any other word is searched for."""

_OF_LISTING = tuple(option.key for option in options.LISTED)
_OF_MODELS_ALONE, _OF_DATASETS_ALONE = ("library", "max_size"), ("size",)
_OPTIONS_OF = {
    "show": ("revision",),
    "download": ("revision", "allow_pickle"),
    "use": ("revision", "pin"),
    "": tuple(key for key in _OF_LISTING if key not in _OF_DATASETS_ALONE),
    "datasets": tuple(key for key in _OF_LISTING if key not in _OF_MODELS_ALONE),
    "preview": ("split", "subset", "rows"),
}


def options_of(command: str) -> tuple[str, ...]:
    """The keys of the options that a command takes; those of the list for the empty one."""
    return _OPTIONS_OF[command]


def _refuse_mistyped_command(words: list[str]) -> None:
    """Of words that cannot be searched for, or were in vain, the first may have been meant as a command."""
    meant = nearest(words[0], COMMANDS) if len(words) > 1 else None
    if meant:
        raise UserError(f"`%models` has no command {words[0]}.", hint=f"Did you mean {meant}?")


def _refuse_other_options(command: str, values: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in values:
        if key not in known:
            listed = ", ".join(f"--{name.replace('_', '-')}" for name in known)
            raise UserError(
                f"`%models{' ' + command if command else ''}` has no option --{key.replace('_', '-')}.",
                hint=f"It has {listed}.",
            )


def _one(command: str, words: list[str]) -> str:
    if len(words) != 1:
        raise UserError(f"`%models {command}` takes one name.", hint=f"Type `%models {command} owner/name`.")
    return words[0]


def _search(words: list[str], values: Mapping[str, Any]) -> str | None:
    """The words on the line, or those of `--search`, which may also be the name of a command."""
    if words and values.get("search"):
        raise UserError(
            f"There is {' '.join(words)} to search for, and also `--search`.", hint="Leave one of them out."
        )
    return values.get("search") or " ".join(words) or None


def _without_search(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != "search"}
