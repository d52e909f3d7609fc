"""Fonts for the labels of figures: one after the other until every character of a text can be drawn."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

# How fonts are called that hold more than Latin, Greek and Cyrillic, which matplotlib's own has.
_WIDE = re.compile(r"CJK|Hei|Song|Ming|PingFang|Hiragino|Gothic|WenQuan|Malgun|Unicode|Unifont|Segoe UI$|Arial$|Tahoma")
_NOTO = re.compile(r"^Noto ?Sans [A-Z]\w+$|^NotoSans\w+-Regular$")
_MOST = 40  # fonts that are looked into
_MISSING = "□"


def drawable(texts: Iterable[str]) -> tuple[list[str], list[str]]:
    """Texts as they can be drawn on this machine, and the fonts to do so, as a text's `fontfamily` takes them.

    A character that no font here has becomes a box: matplotlib would draw one too, and warn of each.

    Example:
        >>> drawable(["cat", "猫"])
        (['cat', '猫'], ['sans-serif', 'Noto Sans CJK JP'])
    """
    from matplotlib import rcParams

    given = list(texts)
    family = [*rcParams["font.family"]]
    missing = {ord(character) for text in given for character in text if not character.isascii()}
    missing -= _held_by(_default(tuple(family)))
    for name, path in _others() if missing else ():
        held = missing & _held_by(path)
        if held:
            family.append(name)
            missing -= held
        if not missing:
            break
    boxes = dict.fromkeys(missing, _MISSING)
    return [text.translate(boxes) for text in given], family


def _default(family: tuple[str, ...]) -> str:
    from matplotlib.font_manager import FontProperties, findfont

    return str(findfont(FontProperties(family=list(family))))


def _others() -> Iterator[tuple[str, str]]:
    """Fonts for other scripts by name and file: those that matplotlib knows, then those that came after it looked."""
    from matplotlib.font_manager import findSystemFonts, fontManager

    known = [(entry.name, entry.fname) for entry in fontManager.ttflist if _is_wide(entry.name) and _is_plain(entry)]
    yield from known[:_MOST]
    files = {entry.fname for entry in fontManager.ttflist}
    fresh = [path for path in sorted(findSystemFonts()) if path not in files and _is_wide(Path(path).stem)]
    for path in sorted(fresh, key=lambda path: ("Regular" not in path, "Sans" not in path, path))[:_MOST]:
        name = _added(path)
        if name is not None:
            yield name, path


def _is_wide(name: str) -> bool:
    return bool(_WIDE.search(name) or _NOTO.search(name))


def _is_plain(entry: Any) -> bool:
    return entry.style == "normal" and entry.weight in (400, "normal", "regular")


def _added(path: str) -> str | None:
    """The name of a font that matplotlib knows from now on; None when it cannot be read."""
    from matplotlib.font_manager import fontManager

    try:
        fontManager.addfont(path)
    except Exception:  # a font of a kind that matplotlib cannot read, such as one of coloured pictures
        return None
    return fontManager.ttflist[-1].name


@lru_cache(maxsize=64)
def _held_by(path: str) -> frozenset[int]:
    """The characters that a font has."""
    from matplotlib.font_manager import get_font

    try:
        return frozenset(get_font(path).get_charmap())
    except (OSError, RuntimeError):
        return frozenset()
