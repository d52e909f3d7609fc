"""A request as JSON, for a file or another process."""

from __future__ import annotations

import json
from dataclasses import asdict, is_dataclass
from types import NoneType
from typing import Any, ClassVar, Self, cast, get_args, get_origin, get_type_hints

from nbtransformers.errors import UserError, shown


class Written:
    """A request that can be written down and read back.

    Attributes:
        task: its name, as the magic and the public function have it.
    """

    __slots__ = ()

    task: ClassVar[str]

    def to_json(self) -> str:
        """The request as one JSON object."""
        text = json.dumps({"task": self.task, **asdict(cast("Any", self))}, ensure_ascii=False)
        # A lone surrogate is no UTF-8, and its backslash escape is also JSON's.
        return text.encode("utf-8", "backslashreplace").decode("utf-8")

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The request that `to_json` wrote; validated again, since files are edited by hand.

        Raises:
            UserError: when a field is none of this request's, or cannot be what it is.
        """
        fields: dict[str, Any] = json.loads(text)
        fields.pop("task", None)
        hints = get_type_hints(cls)
        for name in fields:
            if name not in hints:
                raise UserError(
                    f"The request has a field {shown(name)}, which is none of {cls.task}.",
                    hint="If a newer nbtransformers wrote it, type `pip install --upgrade nbtransformers`.",
                )
        return cls(**{name: _revived(hints.get(name, Any), value) for name, value in fields.items()})


def _revived(hint: Any, value: Any) -> Any:
    """What JSON made a list or an object of, as its field has it."""
    if value is None or hint is Any:
        return value
    kinds = [kind for kind in get_args(hint) if kind is not NoneType]
    if get_origin(hint) is tuple:
        return tuple(_revived(kinds[0], part) for part in value)
    if is_dataclass(hint):
        return cast("Any", hint)(**value)
    if NoneType in get_args(hint) and len(kinds) == 1:
        return _revived(kinds[0], value)
    return value
