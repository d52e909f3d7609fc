"""What the figures of all results have in common: their size, their title, and their bars."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from nbtransformers.plain_text import printable
from nbtransformers.results.fonts import drawable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE = "#0072B2"
SPREAD_HEIGHT = 2.6  # inches of a histogram

_WIDTH, _MOST_HEIGHT = 6.4, 12.0


def bars_height(bars: int) -> float:
    """Inches that so many bars take, with their axis and their title."""
    return 0.9 + 0.32 * bars


def canvas(ax: Axes | None, height: float, width: float = _WIDTH) -> Axes:
    """The axes to draw on: those given, or new ones of so many inches; very many bars have to be narrow."""
    if ax is None:
        from matplotlib import pyplot as plt

        _, ax = plt.subplots(figsize=(width, min(height, _MOST_HEIGHT)), layout="constrained")
    return ax


def titled(ax: Axes, title: str, *, boxed: bool = False) -> Axes:
    """The axes with their title; unless `boxed`, with a line only where there is a scale."""
    (title,), family = drawable([title])
    ax.set_title(title, loc="left", fontsize=10, parse_math=False, fontfamily=family)
    if not boxed:
        ax.spines[["top", "right"]].set_visible(False)
    return ax


def count_bars(ax: Axes, totals: Mapping[str, int], what: str) -> None:
    """How many there are of each name."""
    _bars(ax, totals, list(totals.values()), [f"{total:,}" for total in totals.values()], what)


def score_bars(ax: Axes, names: Iterable[str], scores: Sequence[float], what: str) -> None:
    """Scores from 0 to 1 by name."""
    _bars(ax, names, scores, [f"{score:.3f}" for score in scores], what)


def _bars(ax: Axes, names: Iterable[str], values: Sequence[float], labels: list[str], what: str) -> None:
    # By number, since two names may print alike; and a $ in a name is no formula.
    bars = ax.barh(range(len(values)), values, color=BLUE, height=0.62)
    ax.set_yticks(range(len(values)), list(map(printable, names)), parse_math=False)
    ax.bar_label(bars, labels=labels, padding=4)
    ax.invert_yaxis()
    ax.margins(x=0.12)
    ax.set_xlabel(what)


def legend(ax: Axes) -> None:
    """The names of what is drawn; a $ in one is no formula."""
    texts = ax.legend(frameon=False).get_texts()
    names, family = drawable([text.get_text() for text in texts])
    for text, name in zip(texts, names, strict=True):
        text.set(text=name, parse_math=False, fontfamily=family)
