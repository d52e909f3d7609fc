"""The panel of all training runs: held to the golden file, what it is told as they go on, and what it can ask."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from payloads import MARKUP
from rundirs import REQUEST, Written, million
from test_vector_snapshot import Reader
from test_vector_wire import sections

import nbtransformers as nbt
from nbtransformers.errors import UserError
from nbtransformers.panels.runs.actions import actions
from nbtransformers.panels.runs.follow import Follower
from nbtransformers.panels.runs.snapshot import MOST_RUNS, runs_snapshot
from nbtransformers.panels.runs.wire import MOST_POINTS, curve, runs_header
from nbtransformers.panels.widget import Panel, RunsPanel, panel_class
from nbtransformers.request import DataRef
from nbtransformers.results.runs import Runs
from nbtransformers.results.trainingrun import TrainingRun
from nbtransformers.rundir.control import Controls

GOLDEN = json.loads(Path(__file__).parent.parent.joinpath("golden", "runs.json").read_text(encoding="utf-8"))
APART = {"subtitle"}  # the machine's own


class Heard(Panel):
    """A panel that keeps what it is told."""

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.heard: list[dict[str, Any]] = []

    def send(self, content: Any, buffers: Any = None) -> None:
        self.heard.append(content)


def listed(folder: Path) -> Runs:
    return Runs.of(folder, TrainingRun)


def shown(folder: Path) -> Heard:
    """A panel in which the runs of a folder were shown."""
    panel, runs = Heard(), listed(folder)
    panel.header, panel.payload = runs_header(runs)
    panel.follower = Follower(runs, panel)
    return panel


def ask(panel: Heard, method: str, **params: Any) -> Any:
    return actions(panel.follower.runs, panel)[method](params)  # pyright: ignore[reportArgumentType]


def written(folder: Path, case: dict[str, Any]) -> list[Written]:
    """The runs of the golden file, the last of them the newest."""
    made: list[Written] = []
    for number, one in enumerate(case["runs"]):
        run = Written(folder / one["name"], alive=one["alive"], request=replace(REQUEST, **one["asked"]))
        run.add(*({**e, "pid": os.getpid()} if e["type"] == "attempt" else e for e in one["events"]))
        os.utime(run.files.request, (1_000 + number, 1_000 + number))
        made.append(run)
    return made


def test_the_wire_is_that_of_the_golden_file(tmp_path: Path) -> None:
    made = written(tmp_path, GOLDEN)
    panel = shown(tmp_path)
    header, expected = panel.header or {}, GOLDEN["header"]
    assert header.keys() == expected.keys()
    for key in expected.keys() - APART:
        assert without_time(header[key]) == without_time(expected[key]), key
    made[0].add(*GOLDEN["later"])
    panel.follower.tell()
    (message,) = panel.heard
    assert without_time(message) == without_time(GOLDEN["live"])
    answer, (payload,) = ask(panel, "curve", name=made[0].files.name, metric="loss")
    told = {name: values.tolist() for name, values in sections(answer["sections"], payload).items()}
    assert told.keys() == GOLDEN["curve"].keys()
    for name, values in GOLDEN["curve"].items():
        assert told[name] == pytest.approx(values), name
    differ, _ = ask(panel, "diff", names=GOLDEN["header"]["order"])
    assert differ == GOLDEN["diff"]


def without_time(value: Any) -> Any:
    """How long a run that goes on has taken is of the moment."""
    if isinstance(value, dict):
        return {name: without_time(part) for name, part in value.items() if name != "seconds"}
    return value


def test_only_what_changed_is_told(tmp_path: Path) -> None:
    for name in ("a-1", "a-2"):
        made = Written(tmp_path / name, alive=False)
        made.begin()
        made.step(range(1, 4))
        made.end("done")
    panel = shown(tmp_path)
    panel.follower.tell()
    assert panel.heard == []
    late = Written(tmp_path / "a-3", alive=False)
    late.begin()
    panel.follower.tell()
    (message,) = panel.heard
    assert (message["seq"], message["order"][0], list(message["runs"])) == (1, "a-3", ["a-3"])
    assert message["runs"]["a-3"]["state"] == "dead"
    ask(panel, "control", name="a-3", command="delete")
    assert not late.files.path.exists()
    assert panel.heard[-1]["runs"] == {} and "a-3" not in panel.heard[-1]["order"]
    header, _ = ask(panel, "runs")
    assert header["seq"] == 2 and set(header["runs"]) == {"a-1", "a-2"}
    panel.close()


def test_a_button_tells_the_worker(tmp_path: Path) -> None:
    made = Written(tmp_path / "a-1")
    made.begin()
    panel = shown(tmp_path)
    for command in ("pause", "stop"):
        ask(panel, "control", name="a-1", command=command)
    assert [one["command"] for one in Controls(made.files.control).new()] == ["pause", "stop"]
    for params, said in (
        ({"name": "a-1", "command": "delete"}, "The run a-1 is running."),
        ({"name": "a-1", "command": "dance"}, "A run cannot be told to 'dance'."),
        ({"name": "b", "command": "stop"}, "There is no run 'b' in"),
    ):
        with pytest.raises(UserError) as caught:
            ask(panel, "control", **params)
        assert str(caught.value).startswith(said)


def test_a_slice_stays_a_slice(tmp_path: Path) -> None:
    for number in range(3):
        Written(tmp_path / f"a-{number}", alive=False).begin()
    some = listed(tmp_path)[:2]
    Written(tmp_path / "late", alive=False).begin()
    assert [run.name for run in some.now()] == [run.name for run in some]
    some[0].delete()
    assert len(some.now()) == 1
    known = listed(tmp_path)
    assert known.now()["late"] is known["late"]


def test_a_long_curve_is_thinned(tmp_path: Path) -> None:
    run = million(tmp_path / "long", 20_000).run
    facts, payload = curve(run, "loss")
    found = sections(facts["sections"], payload)
    assert len(found["step"]) <= MOST_POINTS and found["step"][-1] > 19_900
    assert found["value"].max() == pytest.approx(run.steps()["loss"].max(), rel=1e-6)
    facts, payload = curve(run, "nothing")
    assert {name: len(values) for name, values in sections(facts["sections"], payload).items()} == {
        "eval_step": 0,
        "eval_value": 0,
    }


def test_the_follower_ends_with_its_panel(tmp_path: Path) -> None:
    panel = shown(tmp_path)
    follower = panel.follower
    follower.start()
    panel.close()
    until = time.monotonic() + 10
    while time.monotonic() < until and follower._thread is not None:
        time.sleep(0.05)
    assert follower._thread is None


def test_it_has_a_bundle_of_its_own_and_is_no_result_to_resume(tmp_path: Path) -> None:
    assert panel_class("runs") is RunsPanel
    with pytest.raises(UserError, match="There is nothing to resume in"):
        nbt.resume(listed(tmp_path))  # pyright: ignore[reportArgumentType]


# --- where no script runs ---


def test_the_snapshot_has_the_table_the_curves_and_what_differs(tmp_path: Path) -> None:
    written(tmp_path, GOLDEN)
    html = runs_snapshot("p", listed(tmp_path))
    seen = Reader(html)
    for said in ("running at 4 of 8", "done", "accuracy 0.75", "different", "lr", "0.0002", "minilm"):
        assert said in seen.text, said
    assert html.count("<svg") == 1 and "nan" not in html
    assert "There are no runs" in Reader(runs_snapshot("p", listed(tmp_path / "none"))).text


@pytest.mark.parametrize("text", MARKUP)
def test_markup_stays_text(text: str, tmp_path: Path) -> None:
    for number in range(2):
        request = replace(REQUEST, data=DataRef("variable", text), arguments={"output_dir": f"{text}{number}"})
        made = Written(tmp_path / f"a-{number}", request=request)
        made.begin()
        made.step(range(1, 5))
        metrics: dict[str, Any] = {text: 0.5}
        made.evaluate(4, **metrics)
        made.end("failed", message=text)
    seen = Reader(runs_snapshot("p", listed(tmp_path)))
    allowed = {
        "style",
        "div",
        "p",
        "strong",
        "span",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "svg",
        "path",
        "text",
    }
    assert seen.elements <= allowed
    assert not {name for name in seen.attributes if name.startswith("on")}


def test_very_many_runs_stay_small(tmp_path: Path) -> None:
    for number in range(MOST_RUNS + 5):
        Written(tmp_path / f"a-{number}", alive=False).begin()
    html = runs_snapshot("p", listed(tmp_path))
    assert "and 5 more" in Reader(html).text and len(html) < 80_000
