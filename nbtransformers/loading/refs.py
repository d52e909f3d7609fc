"""What the user calls a model, to a reference: a bundled name, a folder, a Hub id or a variable."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from nbtransformers.errors import UserError, kind_of, nearest, shown
from nbtransformers.loading.bundled import BUNDLED, bundled_name
from nbtransformers.loading.hub_cache import cached_names, is_offline
from nbtransformers.loading.runs import PREFIX, model_of_run, named_run
from nbtransformers.request import ModelRef, Objects
from nbtransformers.results.trainingrun import TrainingRun
from nbtransformers.rundir.listing import RUNS

_REVISION = re.compile(r"(?!.*\.\.)\w[\w./+-]*")
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_PAGE = re.compile(  # of the Hub or a mirror of it
    r"https?://[\w.-]*(?:huggingface|\bhf)\b[\w.-]*/(?P<name>[\w.-]+/[\w.-]+)(?:/(?:tree|commit)/(?P<revision>[\w.-]+))?",
    re.IGNORECASE,
)
_WHAT_TO_GIVE = "Give a name, a folder, a Hub id, a Transformers model with tokenizer=…, or a pipeline."


def model_ref(
    model: object,
    revision: str | None = None,
    namespace: Mapping[str, Any] | None = None,
    *,
    runs: Path = RUNS,
    **allowed: bool,
) -> tuple[ModelRef, Objects]:
    """The reference for what was given as `model`, and the objects that it names.

    A text is looked up as a training run (`run:NAME`), a bundled name, a variable of the namespace that holds a model
    or a run, a folder, and a Hub id (also as `name@revision`), in this order. Anything else must be a run, a model, a
    pipeline or a (model, tokenizer) pair.

    Args:
        model: what was given.
        revision: a Hub model's branch, tag or commit.
        namespace: where the names of variables are looked up.
        runs: where training runs are looked up.
        allowed: what the load gate lets pass: `allow_pickle`, `trust_remote_code`, `allow_large`.

    Raises:
        UserError: when it is none of these; the hint has the nearest name.

    Example:
        >>> ref, _ = model_ref("minilm")
        >>> ref.kind, ref.name
        ('bundled', 'minilm')
    """
    _check_given(revision, allowed)
    if isinstance(model, TrainingRun):
        ref, objects = model_of_run(model.files), {}
    elif isinstance(model, str) and model.strip().startswith(PREFIX):
        ref, objects = named_run(model.strip(), runs), {}
    elif isinstance(model, str | Path):
        ref, objects = _named(str(model).strip(), revision, namespace or {})
    elif is_model(model):
        ref, objects = ModelRef("variable", "model"), {"model": model}
    else:
        raise UserError(
            f"The model is {shown(model, 40)}, {kind_of(model)}.",
            hint=_WHAT_TO_GIVE,
        )
    if revision is not None and ref.kind != "hub":
        raise UserError(f"`--revision` is for Hub models, and {ref.name} is none.", hint="Leave `--revision` out.")
    return replace(ref, **allowed) if ref.kind in ("folder", "hub") else ref, objects


def _check_given(revision: object, allowed: Mapping[str, object]) -> None:
    if revision is not None and (not isinstance(revision, str) or not _REVISION.fullmatch(revision)):
        raise UserError(
            f"The revision is {shown(revision)}.", hint="Give a branch, a tag or a commit: `--revision main`."
        )
    for name, value in allowed.items():
        if not isinstance(value, bool):  # such as "no", which is true
            raise UserError(f"`--{name.replace('_', '-')}` is {shown(value)}.", hint="Type True or False.")


def is_model(value: object) -> bool:
    """Whether a live object is a Transformers model, a pipeline, or a (model, tokenizer) pair."""
    if isinstance(value, tuple):
        return len(cast("tuple[object, ...]", value)) == 2 and is_model(cast("tuple[object, ...]", value)[0])
    if isinstance(value, type | TrainingRun):  # a run loads its model when it is asked for it
        return False
    # A pipeline holds a model and a tokenizer; `model` alone is also a part of many a model.
    model = value.model if hasattr(value, "model") and hasattr(value, "tokenizer") else value  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]
    return all(hasattr(model, name) for name in ("config", "forward", "parameters"))


def _named(name: str, revision: str | None, namespace: Mapping[str, Any]) -> tuple[ModelRef, Objects]:
    if (bundled := bundled_name(name)) is not None:
        return ModelRef("bundled", bundled), {}
    if name in namespace:
        value = namespace[name]
        if isinstance(value, TrainingRun):
            return model_of_run(value.files), {}
        if is_model(value):
            return ModelRef("variable", name), {name: value}
        if isinstance(value, str | Path) and str(value) != name:
            return _named(str(value).strip(), revision, {})
    folder = Path(name).expanduser()
    # Whatever is in it: what is not there would be fetched from a stranger who took the name on the Hub.
    if name and _is_folder(folder):
        return ModelRef("folder", str(folder.resolve())), {}
    if name in namespace and not isinstance(namespace[name], str | Path):
        raise UserError(f"{name} is {kind_of(namespace[name])}, not a model.", hint=_WHAT_TO_GIVE)
    if _ADDRESS.match(name):
        raise UserError(f"{name} is an address, not a model.", hint=_of_address(name))
    plain, at, pinned = name.partition("@")
    if _looks_like_path(plain):
        raise UserError(f"There is no folder {name}.", hint=_nearest_folder(folder))
    return _hub_ref(plain, _pinned(plain, pinned, revision) if at else revision, namespace), {}


def _pinned(name: str, pinned: str, revision: str | None) -> str:
    """The revision of `name@revision`."""
    if bundled_name(name) is not None:
        raise UserError(f"A revision is for Hub models, and {name} is none.", hint=f"Type `--model {name}`.")
    if revision is not None:
        raise UserError(
            f"{name} is given two revisions: {pinned} and {revision}.", hint=f"Type `--model {name}@{revision}` alone."
        )
    _check_given(pinned, {})
    return pinned


def _of_address(address: str) -> str:
    """What to type in place of a page of the Hub."""
    page = _PAGE.match(address)
    if page is None or page["name"].startswith(("datasets/", "spaces/")):
        return "Give a folder, or a Hub id such as owner/name."
    return f"Type `{page['name']}{'@' + page['revision'] if page['revision'] else ''}`."


def _hub_ref(name: str, revision: str | None, namespace: Mapping[str, Any]) -> ModelRef:
    cached = cached_names()
    if name in cached:
        return ModelRef("hub", name, revision)
    models = [key for key, value in namespace.items() if not key.startswith("_") and is_model(value)]
    near = nearest(name, [*BUNDLED, *models, *cached])
    # Online, "bert-base-chinese" may well be meant as it stands; only a near miss of a short name is taken for a slip.
    if not _HUB_ID.fullmatch(name) or is_offline() or (near is not None and "/" not in name):
        raise UserError(f"There is no model {shown(name)}.", hint=_which_models(near, models, cached))
    return ModelRef("hub", name, revision)


def _which_models(near: str | None, models: list[str], cached: list[str]) -> str:
    if near is not None:
        return f"Did you mean {near}?"
    known = ", ".join([*BUNDLED, *models, *cached][:8])
    offline = " (offline: only what is in the cache)" if is_offline() else ""
    return f"Type one of {known}, a folder, or a Hub id such as owner/name{offline}."


def _looks_like_path(name: str) -> bool:
    return name.startswith((".", "~", os.sep)) or "\\" in name or name.count("/") > 1


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # such as a name that is too long, when a text was given in place of a model
        return False


def _nearest_folder(folder: Path) -> str:
    parent = folder.parent
    if not _is_folder(parent):
        return "Check the path."
    near = nearest(folder.name, [child.name for child in parent.iterdir() if child.is_dir()])
    return f"Did you mean {parent / near}?" if near else "Check the path."
