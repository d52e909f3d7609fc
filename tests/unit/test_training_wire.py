"""A training run as bytes: held to the golden file, what is told of it as it goes on, and what its panel asks."""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from payloads import MARKUP, TERMINAL
from test_vector_wire import asked, sections
from trained import REPORT, Written, expanded, million

from nbtransformers.errors import UserError
from nbtransformers.panels.training import follow
from nbtransformers.panels.training.curves import cuts, smoothed, summed_up, thinned
from nbtransformers.panels.training.follow import Follower
from nbtransformers.panels.training.log import MOST, piece, readable
from nbtransformers.panels.training.methods import actions, methods
from nbtransformers.panels.training.wire import GONE, MOST_EVALS, MOST_POINTS, training_header
from nbtransformers.panels.widget import Panel, panel_class
from nbtransformers.rundir import heartbeat
from nbtransformers.rundir.control import Controls

GOLDEN = json.loads(Path(__file__).parent.parent.joinpath("golden", "training.json").read_text(encoding="utf-8"))
# What is of the machine and the moment.
APART = {"folder", "facts", "progress"}


class Heard(Panel):
    """A panel that keeps what it is told."""

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.heard: list[tuple[dict[str, Any], list[bytes]]] = []

    def send(self, content: Any, buffers: Any = None) -> None:
        self.heard.append((content, buffers or []))


def written(path: Path, case: dict[str, Any]) -> tuple[Written, list[dict[str, Any]]]:
    """The run directory of a golden case up to where it was read first, and the events that come then."""
    made = Written(path / "a-run")
    events = [{**one, "pid": os.getpid()} if one["type"] == "attempt" else one for one in expanded(case["events"])]
    read = len(events) if case["read"] == len(case["events"]) or "live" not in case else case["read"]
    made.add(*events[:read])
    for one in case["control"]:
        line = json.dumps({**one, "time": time.time()}) + "\n"
        with made.files.control.open("a", encoding="utf-8") as file:
            file.write(line)
    return made, events[read:]


def shown(run: Any) -> Heard:
    """A panel in which a run was shown."""
    panel = Heard()
    panel.header, panel.payload = training_header(run)
    return panel


def same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    for key in expected.keys() - APART:
        assert found[key] == expected[key], key
    for key in ("step", "steps", "epoch", "tokens_per_s"):
        if "progress" in expected:
            assert found["progress"][key] == expected["progress"][key], key


def same_arrays(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert list(found) == list(expected)
    for key, values in expected.items():
        assert found[key].dtype == values.dtype, key
        np.testing.assert_allclose(found[key], values, rtol=1e-6, atol=1e-9, err_msg=key)


@pytest.mark.parametrize("name", GOLDEN)
def test_the_wire_is_that_of_the_golden_file(name: str, tmp_path: Path) -> None:
    case = GOLDEN[name]
    made, _ = written(tmp_path, case)
    header, payload = training_header(made.run)
    expected = {**case["header"], "series": rounded(case["header"]["series"])}
    same({**header, "series": rounded(header["series"])}, expected)
    assert header.keys() == case["header"].keys()
    stored = base64.b64decode(case["payload_base64"])
    same_arrays(sections(header["sections"], payload), sections(case["header"]["sections"], stored))
    json.dumps(header, allow_nan=False)


def rounded(series: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**one, "last": one["last"] and float(np.float32(one["last"]))} for one in series]


def test_what_comes_is_told_as_in_the_golden_file(tmp_path: Path) -> None:
    case = GOLDEN["running"]
    made, rest = written(tmp_path, case)
    run = made.run
    panel = shown(run)
    follower = Follower(run, panel)
    made.add(*rest)
    follower.tell()
    ((message, buffers),) = panel.heard
    expected = case["live"]["message"]
    assert message.keys() == expected.keys()
    assert message["header"].keys() == expected["header"].keys()
    same(message["header"], expected["header"])
    assert rounded(message["series"]) == rounded(expected["series"])
    for key in ("type", "seq", "evals"):
        assert message[key] == expected[key]
    assert buffers == [base64.b64decode(one) for one in case["live"]["buffers_base64"]]


ANSWERS = [(name, number) for name, case in GOLDEN.items() for number in range(len(case["answers"]))]


@pytest.mark.parametrize(("name", "number"), ANSWERS)
def test_a_curve_is_that_of_the_golden_file(name: str, number: int, tmp_path: Path) -> None:
    made, rest = written(tmp_path, GOLDEN[name])
    made.add(*rest)
    answer, run = GOLDEN[name]["answers"][number], made.run
    run.history.read()
    facts, (payload,) = methods(run)[answer["method"]](answer["params"])
    for key in ("name", "points", "exact"):
        assert facts[key] == answer["result"][key]
    stored = base64.b64decode(answer["payload_base64"])
    same_arrays(sections(facts["sections"], payload), sections(answer["result"]["sections"], stored))
