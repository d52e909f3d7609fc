"""Real text pairs for translation: the strings of Django's user interface, in English, German and French."""

from __future__ import annotations

import io
from functools import cache
from typing import Literal

from babel.messages.mofile import read_mo

from taught.kept import wheel


@cache
def pairs(language: Literal["de", "fr"]) -> tuple[tuple[str, str], ...]:
    """Each English string once, with its translation, in the order of the files; those with plural forms are left out.

    Example:
        >>> dict(pairs("de"))["Monday"]
        'Montag'
    """
    sha256 = "91ceed4e3a6db5aedced65e3c8f963118ea9ba753fc620831c77074e620e7d83"
    found: dict[str, str] = {}
    with wheel("django", "5.2", sha256) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(f"/locale/{language}/LC_MESSAGES/django.mo"):
                for message in read_mo(io.BytesIO(archive.read(name))):
                    if message.id and isinstance(message.id, str) and message.string:
                        found.setdefault(message.id, str(message.string))
    return tuple(found.items())
