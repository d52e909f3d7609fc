"""The JSON files that describe a model, read with care: anyone may have written them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from nbtransformers.errors import UserError, shown

_LARGEST_DESCRIPTION = 64 * 2**20


def read_json(path: Path, again: str) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        UserError: when it cannot be read, or is no JSON object; `again` is then the hint.
    """
    try:
        if path.stat().st_size > _LARGEST_DESCRIPTION:
            raise ValueError("it is too large for what it should be")
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise UserError(f"{path} cannot be read ({shown_error(error)}).", hint=again) from error
    if not isinstance(found, dict):
        kind = type(found).__name__
        raise UserError(f"{path} holds a {kind} where a JSON object should be.", hint=again)
    return cast("dict[str, Any]", found)


def shown_error(error: BaseException) -> str:
    """The first line of what a library said, without quotes."""
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return shown(first, 160).strip("'\"")
