"""Code that comes with a model: which files it is in, and whether they may run.

A configuration names classes of its own under `auto_map`, as `file.Class` or `owner/name--file.Class`. They run with
`--trust-remote-code` only, and only from the very folder that the weights are from, so that one revision pins both.
Code of another repository has no revision that was asked for, and is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from nbtransformers.errors import UserError, shown
from nbtransformers.loading.descriptions import shown_error
from nbtransformers.loading.source import Source

_REFERENCE = re.compile(r"\w[\w/-]*\.\w+")


@dataclass(frozen=True, slots=True)
class RemoteCode:
    """The classes that a configuration names, and the files that they are in.

    Attributes:
        classes: what each is for (`AutoModel`, `AutoTokenizer`, …) to `file.Class`, in the model's own folder.
        elsewhere: the references to other repositories, as they are written.
        files: the files that would run, those that they import included.
    """

    classes: Mapping[str, str] = field(default_factory=dict[str, str])
    elsewhere: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.classes or self.elsewhere)


def code_named(auto_map: object, source: Source) -> RemoteCode:
    """What an `auto_map` names.

    Raises:
        UserError: when it is written wrongly, or leaves the folder.
    """
    classes: dict[str, str] = {}
    elsewhere: list[str] = []
    for purpose, reference in _references(auto_map):
        owner, _, local = reference.rpartition("--")
        if not _REFERENCE.fullmatch(local):
            raise UserError(f"The auto_map of {source.name} makes no sense: {shown(reference)}.", hint=source.again)
        # save_pretrained() writes a Hub model's own name in front of its classes.
        if owner and not (source.ref.kind == "hub" and owner == source.ref.name):
            elsewhere.append(reference)
        else:
            classes[purpose] = local
    return RemoteCode(classes, tuple(elsewhere), _files(classes.values(), elsewhere, source.folder))


def refuse_code(code: RemoteCode, source: Source, whose: str) -> None:
    """Let code run only when it was allowed to, and is all there.

    Args:
        code: what a configuration names.
        source: the model.
        whose: how the error calls it: the name of the model, or `The tokenizer of` it.

    Raises:
        UserError: when it must not run; the hint says what to type to let it.
    """
    if code.elsewhere:
        raise UserError(
            f"{whose} wants to run code of another repository ({', '.join(code.elsewhere)}), at no pinned revision.",
            hint='Load it yourself with trust_remote_code=True and code_revision="COMMIT", and pass it: model=….',
        )
    if not source.ref.trust_remote_code:
        files = ", ".join(code.files) + (f" @ {source.commit[:7]}" if source.commit else "")
        raise UserError(
            f"{whose} wants to run code of its own: {files}.",
            hint=f"Read it in {source.folder}, and type `--trust-remote-code` to run it.",
        )
    for file in code.files:
        if not (source.folder / file).is_file():
            source.refuse_unfinished(file)
            raise UserError(f"{whose} lacks the code that it wants to run: {file}.", hint=source.again)


def _references(auto_map: object) -> list[tuple[str, str]]:
    """Purpose and reference; a tokenizer's is a pair (slow, fast), of which the fast one is taken."""
    if isinstance(auto_map, list):  # an old way to write a tokenizer's
        auto_map = {"AutoTokenizer": auto_map}
    if not isinstance(auto_map, dict):
        return []
    found: list[tuple[str, str]] = []
    for purpose, value in cast("dict[str, object]", auto_map).items():
        choices = list(reversed(cast("list[object]", value))) if isinstance(value, list) else [value]
        taken = next((choice for choice in choices if choice), None)
        if taken is not None:
            found.append((purpose, str(taken)))
    return found


def _files(classes: Any, elsewhere: list[str], folder: Path) -> tuple[str, ...]:
    from transformers.dynamic_module_utils import get_relative_import_files

    files = {f"{reference.split('.')[0]}.py" for reference in classes}
    for file in sorted(files):
        try:
            imported = get_relative_import_files(folder / file) if (folder / file).is_file() else []
            files |= {Path(path).relative_to(folder).as_posix() for path in imported}
        except (OSError, ValueError) as error:  # it imports what is not there, or is outside
            raise UserError(f"The code {file} cannot be read ({shown_error(error)}).", hint="Get it again.") from error
    return (*sorted(files), *(f"{reference.rpartition('.')[0]}.py" for reference in elsewhere))
