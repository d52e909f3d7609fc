"""Fonts for labels in any script."""

from __future__ import annotations

import warnings

from matplotlib import rcParams
from matplotlib.figure import Figure

from nbtransformers.results.fonts import drawable


def test_latin_is_drawn_with_the_usual_font() -> None:
    assert drawable(["cat", "größer", "αβγ", "кот"]) == (["cat", "größer", "αβγ", "кот"], list(rcParams["font.family"]))


def test_what_is_drawn_brings_no_warning_whatever_the_script() -> None:
    given = ["猫坐在垫子上", "ねこ", "고양이", "قطة", "แมว", "बिल्ली", "\U0001f600", "\U0010fffd"]
    texts, family = drawable(given)
    assert all(len(text) == len(one) for text, one in zip(texts, given, strict=True))
    assert texts[-1] == "□"  # nobody's character
    figure = Figure()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for number, text in enumerate(texts):
            figure.text(0.1, number / 10, text, fontfamily=family)
        figure.canvas.draw()
