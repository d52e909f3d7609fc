"""A colour for each label: the same in the snapshot as in the live panel (`js/src/colour.ts`)."""

from __future__ import annotations

from collections.abc import Sequence

# Okabe & Ito's colours for all kinds of colour vision (https://jfly.uni-koeln.de/color), without yellow and black,
# which one of the two themes would swallow.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C6BB1", "#7F7F7F")
NEGATIVE, NEUTRAL, POSITIVE = "#D55E00", "#8A8F98", "#009E73"

_MEANINGS = {
    "negative": NEGATIVE,
    "neg": NEGATIVE,
    "neutral": NEUTRAL,
    "positive": POSITIVE,
    "pos": POSITIVE,
}


def label_colours(labels: Sequence[str]) -> list[str]:
    """A colour a label: by its meaning when the labels are sentiments, else by its place."""
    meant = [_MEANINGS.get(label.lower()) for label in labels]
    if all(meant):
        return [colour or NEUTRAL for colour in meant]
    return [PALETTE[number % len(PALETTE)] for number in range(len(labels))]
