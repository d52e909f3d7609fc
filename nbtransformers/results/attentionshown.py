"""Attention for people: a head as a heat map, all heads as small ones, and what stands out in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nbtransformers.plain_text import count, printable
from nbtransformers.results.attentionmaps import Part
from nbtransformers.results.attentionoverview import overview
from nbtransformers.results.figures import canvas, titled
from nbtransformers.results.fonts import drawable
from nbtransformers.results.terminal import line_table, printed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nbtransformers.results.attention import Attention

_CELLS = 400  # of a side of a heat map, at most
_LABELLED = 64  # tokens that can be labelled
_INCHES, _LEAST, _LONG, _ROOM = 0.19, 1.4, 4.8, 1.9  # of a token, of the map's side, of a long text's, beside it
_STEPS = (1, 2, 5)  # that the numbers along a long text rise by, times a power of ten
_MOST_NUMBERS = 8
_SAMPLE, _SIDE = 64, 24  # queries that a small map is made from, and cells of its side
_FEW = 32  # queries that tell which heads stand out: a notebook's panel writes this text too
_TOKEN = 18  # characters of a token
_PARTS: dict[Part, str] = {"self": "", "cross": ", decoder to encoder", "encoder": ", encoder"}
_STRONG = 5  # heads of a list


def heat_map(attention: Attention, layer: int, head: Any, ax: Axes | None) -> Axes:
    """One head: queries down, keys across; a long text as the largest weight of each cell."""
    shape = attention.shape
    ax = canvas(ax, _inches(shape.queries), width=_inches(shape.keys))
    tile = attention.tile(layer, head, rows=(0, shape.queries, _CELLS), columns=(0, shape.keys, _CELLS))
    image = ax.imshow(tile.values, aspect="auto", interpolation="nearest", **_scale(attention, tile.values))
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.8)
    what = "difference of weights" if attention.signed else "attention weight"
    bar.set_label(what if tile.exact else f"{what}, the largest of each cell")
    for axis, tokens, starts in (
        (ax.yaxis, attention.labels, tile.row_starts),
        (ax.xaxis, attention.key_labels, tile.column_starts),
    ):
        places, labels = _ticks(tokens, len(starts) - 1)
        labels, family = drawable(labels)
        turn = 90 if axis is ax.xaxis and len(tokens) <= _LABELLED else 0
        axis.set_ticks(places, labels, fontsize=8, rotation=turn, parse_math=False, fontfamily=family)
    ax.set_xlabel("key (attended to)")
    ax.set_ylabel("query (attends)")
    which = "mean over heads" if head == "mean" else f"head {attention.head(head)}"
    part = _PARTS[attention.part]
    return titled(ax, f"{attention.run.model} · layer {attention.layer(layer)}, {which}{part}", boxed=True)


def grid(attention: Attention) -> Figure:
    """All heads, one row a layer, each on a scale of its own."""
    from matplotlib import pyplot as plt

    shape = attention.shape
    seen = overview(attention, _SIDE, most=_SAMPLE * shape.keys * shape.layers * shape.heads)
    width, height = min(12.0, 0.7 + 0.62 * shape.heads), min(20.0, 0.8 + 0.62 * shape.layers)
    figure, axes = plt.subplots(
        shape.layers, shape.heads, figsize=(max(4.0, width), height), squeeze=False, layout="constrained"
    )
    for (layer, head), ax in np.ndenumerate(axes):
        values = seen.pictures[layer, head]
        ax.imshow(values, aspect="auto", interpolation="nearest", **_scale(attention, values))
        ax.set_xticks([])
        ax.set_yticks([])
        if head == 0:
            ax.set_ylabel(str(layer), rotation=0, ha="right", va="center", fontsize=8)
        if layer == 0:
            ax.set_title(str(head), fontsize=8)
    figure.supylabel("layer", fontsize=9)
    title = f"{attention.run.model} · {count(shape.queries, 'token')} · heads{_PARTS[attention.part]}"
    figure.suptitle(title + (f" · from {count(seen.sampled, 'query', 'queries')}" if seen.sampled else ""), fontsize=10)
    figure.texts[-1].set_parse_math(False)
    return figure


def _scale(attention: Attention, values: Any) -> dict[str, Any]:
    """How values are coloured; those that are not known are grey."""
    from matplotlib import colormaps

    most = float(np.nanmax(np.abs(values), initial=0)) or 1.0
    if not attention.signed:
        return {"cmap": "viridis", "vmin": 0, "vmax": most}
    return {"cmap": colormaps["RdBu_r"].with_extremes(bad="#d0d0d0"), "vmin": -most, "vmax": most}


def _inches(tokens: int) -> float:
    return _ROOM + (_LONG if tokens > _LABELLED else max(_LEAST, _INCHES * tokens))


def _ticks(tokens: list[str], cells: int) -> tuple[list[float], list[str]]:
    """Where labels stand, and what they say: the tokens, or of a long text the numbers of a few."""
    total = len(tokens)
    if total <= _LABELLED:
        return [float(number) for number in range(total)], [_token(token) for token in tokens]
    steps = (step * 10**power for power in range(12) for step in _STEPS)
    step = next(step for step in steps if total / step <= _MOST_NUMBERS)
    numbers = range(0, total, step)
    return [(number + 0.5) * cells / total - 0.5 for number in numbers], [f"{number:,}" for number in numbers]


def _token(token: str) -> str:
    shown = printable(token).strip() or "␣"
    return shown if len(shown) <= _TOKEN else shown[: _TOKEN - 1] + "…"


# --- in a terminal ---


def as_text(attention: Attention) -> str:
    """What was read, the heads that stand out, and the notes."""
    shape = attention.shape
    named = _PARTS[attention.part].removeprefix(", ")
    parts = [
        f"{count(shape.layers, 'layer')} × {count(shape.heads, 'head')}",
        count(shape.queries, "token") if attention.part != "cross" else f"{shape.queries:,} → {shape.keys:,} tokens",
        *([named] if named else []),
        *(["difference"] if attention.signed else []),
    ]
    return printed(
        f"{printable(attention.run.pinned_model)}: {' · '.join(parts)}",
        " ".join(map(_token, attention.labels[:_LABELLED])) + (" …" if shape.queries > _LABELLED else ""),
        _table(attention),
        *(f"Note: {note}" for note in attention.notes),
    )


def _table(attention: Attention) -> Any:
    """Of each measure the head that it is greatest of."""
    seen = overview(attention, 1, most=_FEW * int(np.prod(attention.shape[:2])) * attention.shape.keys)
    rows: list[tuple[str, str, str]] = []
    for name, values in zip(_MEASURED, seen.measures, strict=True):
        strength = np.nan_to_num(np.abs(values))
        if strength.any():
            layer, head = np.unravel_index(int(strength.argmax()), values.shape)
            rows.append((name, f"{values[layer, head]:.3f}", f"attention[{layer}, {head}]"))
    return line_table(("greatest", "", "head"), rows, right=[""]) if rows else ""


_MEASURED = (
    "entropy (nats)",
    "distance (tokens)",
    "on special tokens",
    "on the previous token",
    "on the next token",
    "on the first token",
    "induction",
)
