"""`%nbt unload`, and what is loaded."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.magics.suggestions import Suggestion
from nbtransformers.plain_text import printable


def unload(words: list[str], shell: Any) -> str:
    """Free the memory of one model or tokenizer, or of all."""
    from nbtransformers.unloading import unload

    if len(words) > 1:
        raise UserError("`%nbt unload` takes one name, or none for all.", hint="Type `%nbt unload`.")
    return str(unload(words[0] if words else None, shell))


def complete_unload(words: list[str], begun: str, shell: Any) -> Iterator[Suggestion]:
    """The names of what is loaded."""
    from nbtransformers.loading.registry import REGISTRY

    if not words:
        for loaded in REGISTRY.in_memory():
            yield Suggestion(loaded.name, "model")


def loaded_lines() -> list[str]:
    """What is loaded, a line each."""
    from nbtransformers.loading.registry import REGISTRY

    rows = [
        (
            printable(loaded.name),
            loaded.model_class,
            f"{loaded.device} {loaded.dtype}".strip(),
            f"{loaded.nbytes / 1e6:,.0f} MB" if loaded.nbytes else "",
            "in use" if loaded.in_use else _ago(time.time() - loaded.last_used),
        )
        for loaded in REGISTRY.in_memory()
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _ago(seconds: float) -> str:
    if seconds < 60:
        return "used just now"
    return f"used {seconds / 60:.0f} min ago" if seconds < 5400 else f"used {seconds / 3600:.0f} h ago"
