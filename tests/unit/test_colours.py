"""Snapshot and live panel give a label the same colour."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nbtransformers.panels.colours import HEX, label_colours

CASES = json.loads((Path(__file__).parent.parent / "golden" / "colours.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: ",".join(case["labels"]))
def test_golden_colours(case: dict[str, list[str]]) -> None:
    assert label_colours(case["labels"]) == case["colours"]


def test_every_colour_stands_out_on_white_and_on_black() -> None:
    for value in HEX.values():
        channels = [int(value[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        assert 1.05 / (luminance + 0.05) >= 2.9, value
        assert (luminance + 0.05) / 0.05 >= 3, value
