"""A colour for each label, by the same rule as the live panel (`js/src/colour.ts`).

`tests/golden/colours.json` holds both to it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

# After Okabe & Ito, for all kinds of colour vision; of middling lightness, since a snapshot stands on light and dark.
HEX = {
    "blue": "#2b83c6",
    "orange": "#d9681d",
    "green": "#159c6e",
    "pink": "#c76aa1",
    "amber": "#b98a10",
    "brick": "#c0423a",
    "sky": "#3a9fc9",
    "olive": "#84902c",
    "indigo": "#7d74cf",
    "teal": "#12908f",
    "grey": "#868c96",
}
_PALETTE = ("blue", "orange", "green", "pink", "amber", "brick", "sky", "olive", "indigo", "teal")

# Names that speak of good and bad have the colours that readers expect of them.
_MEANINGS = tuple(
    (re.compile(pattern), colour)
    for pattern, colour in (
        (r"(very|strongly|extremely)[ _-]?neg(ative)?", "brick"),
        (r"(very|strongly|extremely)[ _-]?pos(itive)?", "teal"),
        (r"neg(ative)?|contradiction|refutes?", "orange"),
        (r"pos(itive)?|entailment|supports?", "green"),
        (r"neu(tral)?|mixed|none|other|unknown|not[ _-]enough[ _-]info", "grey"),
        (r"1 stars?", "brick"),
        (r"2 stars", "orange"),
        (r"3 stars", "grey"),
        (r"4 stars", "green"),
        (r"5 stars", "teal"),
    )
)


def label_colours(labels: Sequence[str]) -> list[str]:
    """The name of a colour for every label: by its meaning, else the next one that is free.

    Example:
        >>> label_colours(["negative", "positive", "sport"])
        ['orange', 'green', 'blue']
    """
    meant = [_meaning(label) for label in labels]
    free = [name for name in _PALETTE if name not in meant] or list(_PALETTE)
    number = 0
    names: list[str] = []
    for name in meant:
        names.append(name or free[number % len(free)])
        number += name is None
    return names


def _meaning(label: str) -> str | None:
    name = label.strip().lower()
    return next((colour for pattern, colour in _MEANINGS if pattern.fullmatch(name)), None)
