"""An explanation in a terminal and as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nbtransformers.errors import UserError
from nbtransformers.plain_text import count, printable
from nbtransformers.results.explanation import Attribution, Explanation
from nbtransformers.results.figures import bars_height, canvas, titled
from nbtransformers.results.terminal import line_table, printed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Blue and vermilion of Okabe & Ito: told apart by every reader's eyes.
FOR, AGAINST = "#0072B2", "#D55E00"

_MOST_ROWS, _MOST_BARS = 60, 40
_HALF_BAR = 8  # characters


def terminal_text(result: Explanation) -> str:
    """The target, the notes, and a line for each word with what each method says of it."""
    words, several = result.words, len(result.found) > 1
    sums = [words.sums(one.values) for one in result.found]
    shown = heaviest(sums, _MOST_ROWS)
    heads = [one.title for one in result.found] + ([] if several else ["against · for"])
    rows = [
        [*(f"{values[word]:+.3f}" for values in sums), *([] if several else [_bar(sums[0], word)]), words.names[word]]
        for word in shown.tolist()
    ]
    left = len(words) - len(shown)
    return printed(
        f"{result.run.model} · {count(len(result), 'token')} · {result.summary}",
        *(f"{one.title}: {one.told}" for one in result.found),
        *(f"Note: {note}" for note in result.notes),
        line_table([*heads, "Word"], rows, heads),
        f"… {count(left, 'word')} that weigh less." if left else "",
    )


def _bar(values: NDArray[np.float32], word: int) -> str:
    """A bar from the middle: to the left what speaks against the target, to the right what speaks for it."""
    most = float(np.nanmax(np.abs(values), initial=0.0))
    value = float(values[word])
    length = round(_HALF_BAR * abs(value) / most) if most and np.isfinite(value) else 0
    left, right = ("░" * length, "") if value < 0 else ("", "█" * length)
    return f"{left:>{_HALF_BAR}}│{right:<{_HALF_BAR}}"


def heaviest(sums: Sequence[NDArray[np.float32]], most: int) -> NDArray[np.int64]:
    """The numbers of the words to show, in the order of the text: of very many those that weigh most by any method."""
    words = len(sums[0])
    if words <= most:
        return np.arange(words)
    scaled = [np.abs(values) / max(float(np.nanmax(np.abs(values), initial=0.0)), 1e-12) for values in sums]
    return np.sort(np.argsort(-np.nan_to_num(np.max(scaled, axis=0)), kind="stable")[:most])


def plotted(result: Explanation, found: Sequence[Attribution], ax: Axes | None) -> Axes:
    """Bars of some methods, as `Explanation.plot` has them."""
    if ax is not None and len(found) > 1:
        raise UserError(
            f"There are {count(len(found), 'method')}, and one `ax`.", hint=f'Type `plot("{found[0].method}", ax)`.'
        )
    words = result.words
    sums = [words.sums(one.values) for one in found]
    shown = heaviest(sums, _MOST_BARS)
    names = [printable(words.names[word]) for word in shown.tolist()]
    axes = [canvas(ax, bars_height(len(shown)))] if len(found) == 1 else _side_by_side(len(found), len(shown))
    for one, values, at in zip(found, sums, axes, strict=True):
        chosen = values[shown]
        at.barh(range(len(shown)), chosen, color=[FOR if value >= 0 else AGAINST for value in chosen], height=0.7)
        # By number, since a word may be there twice; and a $ in one is no formula.
        at.set_yticks(range(len(shown)), names, parse_math=False)
        at.axvline(0, color="0.5", linewidth=0.8)
        at.locator_params(axis="x", nbins=4)
        at.set_xlabel("← against · for →")
        titled(at, one.title if len(found) > 1 else f"{one.title}: {printable(result.target.name)}")
    axes[0].invert_yaxis()
    if len(found) > 1:
        axes[0].figure.suptitle(printable(result.target.name), fontsize=11, parse_math=False)
    return axes[0]


def _side_by_side(methods: int, bars: int) -> list[Axes]:
    from matplotlib import pyplot as plt

    size = (1.6 + 3.0 * methods, min(bars_height(bars), 12.0))
    _, axes = plt.subplots(1, methods, figsize=size, layout="constrained", sharey=True)
    return list(axes)
