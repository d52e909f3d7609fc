"""The panel of all training runs: held to the golden file, what it is told as they go on, and what it can ask."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import helpers
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from payloads import MARKUP
from rundirs import REQUEST, Written, million
from test_vector_snapshot import Reader
from test_vector_wire import sections

import nbtransformers as nbt
from nbtransformers import settings
from nbtransformers.doors.runmodel import RunModel
from nbtransformers.errors import UserError
from nbtransformers.panels.colours import HEX
from nbtransformers.panels.runs import offers
from nbtransformers.panels.runs.actions import actions
from nbtransformers.panels.runs.follow import Follower
from nbtransformers.panels.runs.snapshot import MOST_RUNS, runs_snapshot
from nbtransformers.panels.runs.wire import MOST_POINTS, Had, curve, runs_header
from nbtransformers.panels.widget import Panel, RunsPanel, panel_class
from nbtransformers.request import DataRef
from nbtransformers.results.runs import Runs
from nbtransformers.results.trainingrun import TrainingRun
from nbtransformers.rundir.atomic import write_json
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
    for case, had in (("curve", {}), ("grown", {"points": 4, "evals": 1, "rewritten": 0})):
        answer, (payload,) = ask(panel, "curve", name=made[0].files.name, metric="loss", **had)
        told = {name: values.tolist() for name, values in sections(answer.pop("sections"), payload).items()}
        assert answer == GOLDEN[case]["facts"]
        assert told.keys() == GOLDEN[case]["arrays"].keys()
        for name, values in GOLDEN[case]["arrays"].items():
            assert told[name] == pytest.approx(values), (case, name)
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


def test_what_is_selected_stays_the_same_runs_when_others_come_and_go(tmp_path: Path) -> None:
    for name in ("a-1", "a-2"):
        made = Written(tmp_path / name, alive=False)
        made.begin()
        made.end("done")
    panel = shown(tmp_path)
    panel.selection = [(panel.header or {})["order"].index("a-1")]
    Written(tmp_path / "a-3", alive=False).begin()
    panel.follower.tell()
    assert panel.rows == 3
    assert panel.selection == [panel.heard[-1]["order"].index("a-1")]
    assert list(panel.result.to_pandas().iloc[panel.selection].index) == ["a-1"]
    ask(panel, "control", name="a-3", command="delete")
    assert panel.selection == [panel.heard[-1]["order"].index("a-1")]
    ask(panel, "control", name="a-1", command="delete")
    assert panel.selection == []
    panel.rows, panel.selection = 3, [2]  # of the page, in the moment in which a run has gone
    Written(tmp_path / "a-4", alive=False).begin()
    panel.follower.tell()
    assert panel.selection == []
    panel.close()


def test_a_button_tells_the_worker(tmp_path: Path) -> None:
    made = Written(tmp_path / "a-1")
    made.begin()
    panel = shown(tmp_path)
    for command in ("save", "pause", "stop"):
        ask(panel, "control", name="a-1", command=command)
    told = Controls(made.files.control).new()
    assert [one["command"] for one in told] == ["save", "pause", "stop"]
    assert panel.heard[-1]["runs"]["a-1"]["queued"] == ["save", "pause", "stop"]
    made.write("control", id=told[1]["id"], command="pause", step=0)
    panel.follower.tell()
    assert panel.heard[-1]["runs"]["a-1"]["queued"] == ["save", "stop"]
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


def test_a_long_curve_is_thinned_and_of_one_that_is_known_only_what_is_new_is_told(tmp_path: Path) -> None:
    made = million(tmp_path / "long", 50_000)
    run = made.run
    facts, payload = curve(run, "loss")
    found = sections(facts["sections"], payload)
    assert (facts["from"], facts["points"]) == (0, 50_000)
    assert len(found["step"]) <= MOST_POINTS and found["step"][-1] > 49_900
    assert found["value"].max() == pytest.approx(run.steps()["loss"].max(), rel=1e-6)
    facts, payload = curve(run, "nothing")
    assert (facts["points"], sections(facts["sections"], payload)) == (0, {})
    made.step(range(50_001, 50_011))
    facts, payload = curve(run, "loss", Had(50_000, 0, 0))
    assert (facts["from"], facts["points"]) == (50_000, 50_010)
    assert sections(facts["sections"], payload)["step"].tolist() == list(range(50_001, 50_011))
    assert len(payload) < 500
    made.begin(2, resumed_from=30_000)  # the steps behind it are done again
    assert curve(run, "loss", Had(50_010, 0, 0))[0]["from"] == 0
    (grown,) = (curve(run, "loss", Had(30_000, 0, 1))[0],)
    assert (grown["from"], grown["points"], grown["rewritten"]) == (30_000, 30_000, 1)


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


# --- files, and the model ---


def test_what_is_shown_is_written_into_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path / "runs", GOLDEN)
    monkeypatch.chdir(tmp_path)
    panel = shown(tmp_path / "runs")
    look = {"names": ["a-1", "a-2"], "colours": ["green", "pink"], "metric": "loss", "along": "time", "smoothing": 0.6}
    asked = [("table", "runs.csv"), ("csv", "runs-loss.csv"), ("svg", "runs-loss.svg"), ("png", "runs-loss.png")]
    for what, name in asked:
        told, _ = ask(panel, "export", what=what, **look, is_log=True, range=[2.0, 9.0])
        assert (told["name"], told["folder"]) == (name, str(tmp_path))
    table = pd.read_csv("runs.csv", index_col="name")
    assert table.loc["a-2", ["state", "value"]].tolist() == ["done", 0.75]
    points = pd.read_csv("runs-loss.csv")
    assert points.groupby(["run", "part"]).size().to_dict() == {
        ("a-1", "evaluation"): 1,
        ("a-1", "training"): 4,
        ("a-2", "evaluation"): 1,
        ("a-2", "training"): 8,
    }
    figure = Path("runs-loss.svg").read_text(encoding="utf-8")
    assert HEX["green"] in figure and HEX["pink"] in figure and HEX["blue"] not in figure
    assert Path("runs-loss.png").read_bytes()[:4] == b"\x89PNG"
    with pytest.raises(UserError, match="No run is ticked"):
        ask(panel, "export", what="csv", metric="loss", names=[])
    assert not plt.get_fignums()  # none that a notebook would show by itself


def test_a_model_is_put_into_use_once_that_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in (tmp_path / "nbtransformers-runs", tmp_path / "apart"):
        made = Written(folder / "a-1", alive=False)
        made.begin()
        made.end("done")
        made.files.data.mkdir()
        write_json(made.files.data / "description.json", {"training_task": "classification"})
        helpers.bert_config().save_pretrained(made.files.model)
        panel = shown(folder)
        offers.offer(RunModel())
        assert panel.header is not None and panel.header["runs"]["a-1"]["has_model"]
        named = "run:a-1" if folder.name != "apart" else str(made.files.model)
        told, _ = ask(panel, "model", name="a-1")
        assert told == {"line": f"%%classify --model {named}", "settings": ["classify.model"]}
        assert settings.of_session() == []
        ask(panel, "use", name="a-1")
        assert settings.default("classify.model").value == named
        assert settings.default("model").value is None  # no other task has it
        settings.forget_session()
    monkeypatch.setattr(offers, "_offered", [])
    with pytest.raises(UserError, match="No model can be put into use from here"):
        ask(panel, "model", name="a-1")


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
