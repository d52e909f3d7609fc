"""A chart as SVG, for where no script runs: its frame and its lines."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from nbtransformers.panels.training.curves import thinned
from nbtransformers.results.smoothing import Numbers

WIDTH, LEFT, RIGHT = 300, 42, 8  # of the picture, and beside the lines
_HEIGHT, _TOP, _BOTTOM = 150, 22, 18
_POINTS = 300  # of a curve
_MOST_DOTS = 100  # evaluations that get one each

Points = tuple[Numbers, Numbers]
"""Where on the way, and what was there: `[point]` each."""


def picture(title: str, label: str, *parts: str) -> str:
    """A chart as SVG, of what is drawn in it."""
    return (
        f'<svg viewBox="0 0 {WIDTH} {_HEIGHT}" width="{WIDTH}" style="max-width:100%" role="img" '
        f'aria-label="{escape(label)}" font-size="10" fill="currentColor">'
        f'<text x="{LEFT}" y="13" font-size="12">{escape(title[:40])}</text>{"".join(parts)}</svg>'
    )


class Frame:
    """Where steps and values are in a picture."""

    def __init__(self, across: tuple[float, float], down: tuple[float, float]) -> None:
        self._across, self._told = across, down
        low, high = down
        room = 0.05 * (high - low or abs(high) or 1.0)
        self._down = low - room, high + room

    def x(self, steps: Numbers) -> Numbers:
        begin, end = self._across
        return LEFT + (steps - begin) / (end - begin) * (WIDTH - LEFT - RIGHT)

    def y(self, values: Numbers) -> Numbers:
        low, high = self._down
        return _HEIGHT - _BOTTOM - (values - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    def axes(self, ends: tuple[str, str]) -> str:
        """The axes, with the least and the greatest value, and what stands at both ends below."""
        bottom = _HEIGHT - _BOTTOM
        labels = [
            *(
                (LEFT - 4, float(self.y(np.array(value))) + 3, "end", f"{value:.3g}")
                for value in dict.fromkeys(self._told)
            ),
            (LEFT, bottom + 12, "start", ends[0]),
            (WIDTH - RIGHT, bottom + 12, "end", ends[1]),
        ]
        texts = (
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" opacity="0.7">{escape(text)}</text>'
            for x, y, anchor, text in labels
        )
        line = f'<path d="M{LEFT} {_TOP}V{bottom}H{WIDTH - RIGHT}" fill="none" stroke="currentColor" opacity="0.3"/>'
        return line + "".join(texts)

    def line(self, points: Points, colour: str, opacity: float) -> str:
        """A curve, with gaps where a value was not finite."""
        at = thinned(points[1], 2 * (_POINTS // 2))
        x, y = self.x(points[0][at]), self.y(points[1][at])
        path = "".join(_commands(x, y))
        return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.2" opacity="{opacity}"/>'

    def mark(self, at: float, label: str, colour: str) -> str:
        """A line across, and what it is."""
        x = float(self.x(np.array(at)))
        side, near = ("end", x - 4) if x > WIDTH / 2 else ("start", x + 4)
        return (
            f'<path d="M{x:.1f} {_TOP}V{_HEIGHT - _BOTTOM}" stroke="{colour}"/>'
            f'<text x="{near:.1f}" y="{_TOP + 8}" text-anchor="{side}" fill="{colour}">{escape(label)}</text>'
        )

    def dotted(self, points: Points, colour: str) -> str:
        dots = ""
        if len(points[0]) <= _MOST_DOTS:
            places = zip(self.x(points[0]).tolist(), self.y(points[1]).tolist(), strict=True)
            dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in places)
        return self.line(points, colour, 1) + dots


def _commands(x: Numbers, y: Numbers) -> Sequence[str]:
    found: list[str] = []
    is_drawing = False
    for across, down in zip(x.tolist(), y.tolist(), strict=True):
        if down != down:
            is_drawing = False
            continue
        found.append(f"{'L' if is_drawing else 'M'}{across:.1f} {down:.1f}")
        is_drawing = True
    return found
