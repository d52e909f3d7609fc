"""A training run as bytes: held to the golden file, what is told of it as it goes on, and what its panel asks."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from payloads import TERMINAL
from rundirs import PLAN, REPORT, Written, expanded, million
from test_vector_wire import asked, sections

from nbtransformers.errors import UserError
from nbtransformers.panels.channel import Method
from nbtransformers.panels.training import follow
from nbtransformers.panels.training.curves import cuts, summed_up, thinned
from nbtransformers.panels.training.follow import Follower
from nbtransformers.panels.training.log import MOST, piece, readable
from nbtransformers.panels.training.methods import actions, methods
from nbtransformers.panels.training.wire import GONE, MOST_EVALS, MOST_POINTS, training_header
from nbtransformers.panels.widget import Panel, TrainingPanel, panel_class
from nbtransformers.results.smoothing import smoothed
from nbtransformers.rundir import heartbeat
from nbtransformers.rundir.atomic import write_json
from nbtransformers.rundir.control import Controls
from nbtransformers.rundir.events import EventWriter, fold, read_events

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
    panel.follower = Follower(run, panel)
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


# --- what is told while it goes on ---


class Page:
    """A run as a page knows it, by what it is told."""

    def __init__(self, header: dict[str, Any], payload: bytes) -> None:
        self.header: dict[str, Any] = {**header, "sections": [], "series": [], "evals": []}
        self.evals = list(header["evals"])
        found = sections(header["sections"], payload)
        self.points = {
            one["name"]: list(zip(found[f"{one['name']}_step"], found[f"{one['name']}_value"], strict=True))
            for one in header["series"]
        }

    def take(self, message: dict[str, Any], buffers: list[bytes]) -> bool:
        """Take in what came; false where it must ask for the whole."""
        if message["seq"] <= self.header["seq"]:
            return True
        if "restart" in message or message["seq"] > self.header["seq"] + 1:
            return False
        self.header |= {**message["header"], "seq": message["seq"]}
        for at, one in enumerate(message["series"]):
            known = self.points.setdefault(one["name"], [])
            assert len(known) == one["from"]
            steps, values = np.frombuffer(buffers[2 * at], np.uint32), np.frombuffer(buffers[2 * at + 1], np.float32)
            known += zip(steps, values, strict=True)
            assert len(known) == one["points_total"]
        if "evals" in message:
            assert len(self.evals) == message["evals"]["from"]
            self.evals += message["evals"]["new"]
            assert len(self.evals) == message["evals"]["total"]
        return True


HAPPENS = st.lists(
    st.one_of(
        st.tuples(st.just("step"), st.integers(1, 30)),
        st.tuples(st.just("killed"), st.integers(0, 40)),
        st.sampled_from([(name, 0) for name in ("eval", "note", "lost", "asked", "looked", "told", "torn")]),
    ),
    max_size=25,
)


@given(HAPPENS)
def test_whatever_happens_a_page_knows_what_the_directory_says(happens: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = Written(Path(folder) / "a-run")
        made.begin()
        run, attempt, step = made.run, 1, 0
        panel = shown(run)
        page, follower = Page(panel.header or {}, panel.payload), Follower(run, panel)
        for what, number in happens:
            if what == "step":
                made.step(range(step + 1, step + 1 + number), attempt)
                step += number
            elif what == "killed":
                attempt, step = attempt + 1, min(step, number)
                made.begin(attempt, step)
            elif what == "eval":
                made.evaluate(step, attempt, accuracy=0.5)
            elif what == "note":
                made.write("note", attempt, text="A note.")
            elif what == "torn":
                with made.files.events.open("ab") as file:
                    file.write(b'{"type": "step", "ti\n')
            elif what == "looked":
                assert run.state == "running"  # somebody else reads on
            elif what == "asked":
                page = Page(*follower.whole())
            elif what == "lost":
                follower.tell()
                panel.heard.clear()
            if what == "told":
                follower.tell()
                for message, buffers in panel.heard:
                    if not page.take(message, buffers):
                        page = Page(*follower.whole())
                panel.heard.clear()
        made.write("note", attempt, text="The end.")  # by whose number a page notices what was lost before
        follower.tell()
        for message, buffers in panel.heard:
            if not page.take(message, buffers):
                page = Page(*follower.whole())
        expected = Page(*training_header(made.run))
        assert page.points == expected.points and page.evals == expected.evals
        for key in expected.header.keys() - {"seq", "rewritten", "progress", "evals_total"}:
            assert page.header[key] == expected.header[key], key
        assert page.header["progress"]["step"] == expected.header["progress"]["step"] == step
        folded = fold(read_events(made.files.events))
        for kind in ("eval", "best", "note", "plan"):
            assert run.history.of(kind) == [one for one in folded if one["type"] == kind]
        steps = [one for one in folded if one["type"] == "step"]
        for name in ("step", "time", "epoch", "loss", "lr", "grad_norm", "tokens", "tokens_per_s"):
            assert run.history.steps[name].tolist() == [one[name] for one in steps]


def test_where_nothing_comes_nothing_is_read_and_nothing_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Written(tmp_path / "a-run")
    made.begin()
    made.step(range(1, 50))
    run = made.run
    panel = shown(run)
    follower = Follower(run, panel)
    follower.tell()
    panel.heard.clear()
    monkeypatch.setattr(follow, "LOOK_S", 3600)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", lambda *_, **__: pytest.fail("a file was opened"))
        for _ in range(100):
            follower.tell()
    assert panel.heard == []
    made.step([50])
    follower.tell()
    ((message, _),) = panel.heard
    assert [one["from"] for one in message["series"]] == [49] * 4
    assert message["header"].keys() == {"progress"}


def test_that_time_goes_on_is_told_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Written(tmp_path / "a-run")
    made.begin()
    panel = shown(made.run)
    follower = Follower(made.run, panel)
    monkeypatch.setattr(follow, "LOOK_S", 0)
    follower.tell()
    panel.heard.clear()
    for _ in range(5):
        follower.tell()
    assert panel.heard == []
    monkeypatch.setattr(follow, "BEAT_S", 0)
    follower.tell()
    ((message, _),) = panel.heard
    assert message["header"].keys() == {"progress"} and message["series"] == []


def test_so_much_at_once_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "MOST_NEW", 20)
    made = Written(tmp_path / "a-run")
    made.begin()
    run = made.run
    panel = shown(run)
    follower = Follower(run, panel)
    made.step(range(1, 42))
    follower.tell()
    assert panel.heard == [({"type": "run", "seq": 1, "restart": True}, [])]
    header, _ = follower.whole()
    assert header["seq"] == 1 and header["series"][0]["points"] == 41


class Drawn:
    """A view that counts its snapshots."""

    def __init__(self) -> None:
        self.times = 0

    def draw(self) -> None:
        self.times += 1


def test_the_snapshot_is_drawn_now_and_then_and_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "SNAPSHOT_S", 0.5)
    made = Written(tmp_path / "a-run")
    made.begin()
    run = made.run
    panel = shown(run)
    panel.view = view = Drawn()
    panel.follower.start()
    until = time.monotonic() + 1.8
    while time.monotonic() < until:
        made.step([1])
        time.sleep(0.02)
    assert 1 <= view.times <= 4
    made.end("done")
    before, deadline = view.times, time.monotonic() + 10
    while view.times == before:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert panel.heard[-1][0]["header"]["state"] == "done"
    time.sleep(0.5)
    assert view.times == before + 1  # nobody follows it any more
    panel.follower.start()  # as a page that is reloaded does
    time.sleep(0.5)
    assert view.times == before + 1


def test_another_worker_is_followed_again(tmp_path: Path) -> None:
    made = Written(tmp_path / "a-run")
    made.begin()
    made.end("stopped")
    panel = shown(made.run)
    panel.follower.start()
    time.sleep(0.3)
    made.begin(2)
    panel.follower.start()
    deadline = time.monotonic() + 10
    while not any(message.get("header", {}).get("state") == "running" for message, _ in panel.heard):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    panel.close()


def test_a_line_of_control_by_hand_hurts_nobody(tmp_path: Path) -> None:
    made = Written(tmp_path / "a-run")
    made.begin()
    now = time.time()
    lines = [{}, {"id": "a"}, {"id": None, "time": now}, {"id": "b", "time": "now"}, {"id": "c", "time": now}]
    with made.files.control.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps({"command": "stop", **line}) + "\n" for line in lines)
    header, _ = training_header(made.run)
    assert header["queued"] == [{"id": "c", "command": "stop"}]


def test_a_worker_that_ends_while_it_is_looked_at_has_not_died(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Written(tmp_path / "a-run")
    made.begin()
    run = made.run
    follower = Follower(run, shown(run))
    assert follower.tell() == "running"
    look = follow.look

    def late(run: Any) -> Any:
        if made.files.heartbeat.exists():
            made.save(20)
            made.end("done")
            made.files.heartbeat.unlink()
        return look(run)

    monkeypatch.setattr(follow, "look", late)
    monkeypatch.setattr(follow, "LOOK_S", 60.0)
    made.save(10)  # after which what is beside the events is looked at anew
    assert follower.tell() == "done"
    assert follower.whole()[0]["checkpoints"] == [10, 20]


def ended_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_a_worker_that_is_gone_is_dead_and_there_is_a_way_on(tmp_path: Path) -> None:
    made = Written(tmp_path / "a-run")
    made.begin()
    made.step(range(1, 20))
    made.save(10)
    run = made.run
    panel = shown(run)
    follower = Follower(run, panel)
    assert follower.tell() == "running"
    beat = heartbeat.read(made.files.heartbeat)
    assert beat is not None
    heartbeat.Heartbeat(ended_process(), beat.started, beat.host, beat.time).write(made.files.heartbeat)
    header, _ = training_header(made.run)
    assert (header["state"], header["message"], header["hint"]) == ("dead", GONE, "Resume goes on from step 10.")
    assert header["progress"]["eta_s"] is None and header["progress"]["memory"] is None and header["stage"] is None
    follower.start()  # which looks at once
    deadline = time.monotonic() + 10
    while not any(message["header"].get("state") == "dead" for message, _ in panel.heard):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_the_last_worker_told_is_not_of_the_next(tmp_path: Path) -> None:
    made = Written(tmp_path / "a-run")
    begun = time.time() - 1000
    for kind, values in (("attempt", {"pid": 1, "resumed_from": None}), ("stage", {"stage": "saving"})):
        made.add({"type": kind, "time": begun, "attempt": 1, **values})
    made.add({"type": "note", "time": begun + 10, "attempt": 1, "text": "The same."})
    made.add(
        {"type": "state", "time": begun + 10, "attempt": 1, "state": "failed", "message": "No disk.", "hint": "Room."}
    )
    header, _ = training_header(made.run)  # by its heartbeat another worker lives
    assert (header["state"], header["stage"], header["message"], header["hint"]) == ("starting", None, None, None)
    assert header["progress"]["elapsed_s"] == 10
    made.begin(2)
    made.write("note", 2, text="The same.")
    header, _ = training_header(made.run)
    assert header["state"] == "running" and header["stage"]["stage"] == "training"
    assert header["notes"] == ["The same."] and header["attempts"] == 2


def test_what_several_processes_compute_at_once_is_told_together(tmp_path: Path) -> None:
    made = Written(tmp_path / "a-run")
    made.begin(micro_batch=4, accumulation=2, processes=2)
    plan = training_header(made.run)[0]["plan"]
    assert (plan["batch_size"], plan["accumulation"], plan["micro_batch"]) == (16, 2, 8)


def test_times_are_those_of_the_work(tmp_path: Path) -> None:
    made = Written(tmp_path / "a-run")
    begun = time.time() - 100

    def told(kind: str, second: float, **values: Any) -> None:
        made.add({"type": kind, "time": begun + second, "attempt": 1, **values})

    told("attempt", 0, pid=os.getpid(), resumed_from=None)
    told("plan", 0, **{**PLAN, "steps": 30})
    told("state", 0, state="running")
    for step in range(1, 11):
        told("step", 10 + step, step=step, epoch=0, loss=1.0)
    told("state", 20, state="paused")
    told("state", 60, state="running")
    for step in range(11, 21):
        told("step", 50 + step, step=step, epoch=0, loss=1.0)
    header, _ = training_header(made.run)
    assert header["progress"]["eta_s"] == pytest.approx(10, rel=0.1)  # a second a step
    assert header["progress"]["elapsed_s"] == pytest.approx(60, abs=2)
    told("state", 71, state="paused")
    header, _ = training_header(made.run)
    assert header["progress"]["elapsed_s"] == pytest.approx(31, abs=0.1) and header["progress"]["eta_s"] is None


def test_very_many_evaluations_are_thinned(tmp_path: Path) -> None:
    made = Written(tmp_path / "a-run")
    made.begin()
    for step in range(1, 2 * MOST_EVALS + 1):
        made.evaluate(step)
    header, _ = training_header(made.run)
    found = [one["step"] for one in header["evals"]]
    assert header["evals_total"] == 2 * MOST_EVALS and len(found) == MOST_EVALS
    assert found[0] == 1 and found[-1] == 2 * MOST_EVALS and found == sorted(set(found))


# --- curves ---

CURVES = st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(float("nan"))), max_size=400).map(np.array)


@given(CURVES, st.integers(1, 50))
def test_a_thinned_curve_keeps_every_spike(values: Any, half: int) -> None:
    values = values.astype(float)
    at = thinned(values, 2 * half)
    assert len(at) <= 2 * half and sorted(set(at.tolist())) == at.tolist()
    if np.isfinite(values).any():
        assert np.nanmax(values[at]) == np.nanmax(values) and np.nanmin(values[at]) == np.nanmin(values)


@given(CURVES, st.floats(0, 0.9999))
def test_an_average_is_that_of_a_plain_loop(values: Any, smoothing: float) -> None:
    average, weight, expected = 0.0, 0.0, []
    for value in values.astype(float).tolist():
        if value == value:
            average, weight = smoothing * average + (1 - smoothing) * value, smoothing * weight + 1 - smoothing
        expected.append(average / weight if weight else float("nan"))
    scale = max(1.0, np.nanmax(np.abs(values), initial=0)) if len(values) else 1.0
    np.testing.assert_allclose(smoothed(values.astype(float), smoothing), expected, rtol=1e-7, atol=1e-9 * scale)


@given(CURVES, st.integers(1, 60))
def test_buckets_are_summed_up_as_by_a_plain_loop(values: Any, buckets: int) -> None:
    values = values.astype(float)
    bounds = cuts(len(values), min(buckets, len(values)))
    low, high, mean = summed_up(values, bounds)
    for at, (start, stop) in enumerate(pairwise(bounds)):
        bucket = values[start:stop][np.isfinite(values[start:stop])]
        expected = [bucket.min(), bucket.max(), bucket.mean()] if len(bucket) else [np.nan] * 3
        np.testing.assert_allclose([low[at], high[at], mean[at]], expected, rtol=1e-9, atol=1e-6)


def test_any_stretch_of_a_long_curve_is_as_many_points_as_pixels(tmp_path: Path) -> None:
    run = million(tmp_path / "long", 30_000).run
    header, payload = training_header(run)
    assert len(payload) < 70_000 and all(one["points"] == 30_000 for one in header["series"])
    assert all(part["shape"][0] <= MOST_POINTS for part in header["sections"])
    whole = run.steps()["loss"].to_numpy()
    answer = asked(methods(run), "curve", name="loss", from_step=0, to_step=30_000, pixels=500, smoothing=0.9)
    assert not answer["exact"] and len(answer["step"]) == 500
    assert answer["max"].max() == np.float32(whole.max()) and answer["min"].min() == np.float32(whole.min())
    answer = asked(methods(run), "curve", name="loss", from_step=701, to_step=800, pixels=500, smoothing=0)
    assert answer["exact"] and answer["step"].tolist() == list(range(701, 801))
    np.testing.assert_allclose(answer["mean"], whole[700:800], rtol=1e-6)
    answer = asked(methods(run), "curve", name="loss", from_step=40_000, to_step=50_000, pixels=500, smoothing=0.5)
    assert answer["points"] == 0 and len(answer["step"]) == 0


def plain_loop(values: list[float]) -> None:
    """An average as a loop makes it: how quick a machine is."""
    average, averages = 0.0, []
    for value in values:
        average = 0.9 * average + 0.1 * value
        averages.append(average)


@pytest.mark.slow
def test_a_million_steps_are_opened_and_looked_at_without_a_wait(tmp_path: Path) -> None:
    run = million(tmp_path / "long").run
    opened = quickest(lambda _: training_header(run), 1)
    params = {"name": "loss", "to_step": 1_000_000, "pixels": 1_200, "smoothing": 0.9}
    ask, values = methods(run)["curve"], run.steps()["loss"].tolist()
    looked_at = quickest(lambda number: ask({**params, "from_step": number}), 9)
    loop = quickest(lambda _: plain_loop(values), 3)
    assert opened < 100 * loop  # 18 of them
    assert looked_at < loop / 2  # a 40th


def quickest(work: Callable[[int], object], times: int) -> float:
    """The seconds of this process that something takes, at its quickest: on a busy machine a clock tells of others."""
    spent: list[float] = []
    for number in range(times):
        began = time.process_time()
        work(number)
        spent.append(time.process_time() - began)
    return min(spent)


def refuses(method: Method, params: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as caught:
        method(params)
    assert str(caught.value).startswith(said)


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("curve", {"name": "x", "from_step": 0, "to_step": 9, "pixels": 9}, "The run has no curve 'x'."),
    ("curve", {"name": "loss", "from_step": -1, "to_step": 9, "pixels": 9}, "-1 is no step."),
    ("curve", {"name": "loss", "from_step": 0, "to_step": "all", "pixels": 9}, "'all' is no step."),
    ("curve", {"name": "loss", "from_step": 0, "to_step": 9, "pixels": 1.5}, "1.5 is no number of pixels."),
    ("curve", {"name": "loss", "from_step": 0, "to_step": 9, "pixels": 9, "smoothing": 1}, "1 is no smoothing."),
    ("log", {"offset": "end"}, "'end' is no place in the log."),
    ("evaluation", {"step": "../../secret"}, "'../../secret' is no step."),
]


@pytest.mark.parametrize(("question", "params", "said"), WRONG)
def test_a_question_that_makes_no_sense_is_refused(
    question: str, params: dict[str, Any], said: str, tmp_path: Path
) -> None:
    made = Written(tmp_path / "a-run")
    made.begin()
    made.step([1])
    run = made.run
    run.history.read()
    refuses(methods(run)[question], params, said)


# --- the history ---


def test_half_a_character_passes_through_the_directory(tmp_path: Path) -> None:
    made = Written(tmp_path / "a-run")
    EventWriter(made.files.events, 1).write("note", text="half \ud83c")
    write_json(made.files.card, {"labels": ["half \ud83c"]})
    header, _ = training_header(made.run)
    assert header["notes"] == ["half \ufffd"] and header["card"] == {"labels": ["half \ufffd"]}


@pytest.mark.parametrize("steps", [3, 2_000])
def test_a_step_that_is_written_in_another_way_is_read_too(steps: int, tmp_path: Path) -> None:
    made = Written(tmp_path / "a-run")
    made.begin()
    lines = [json.dumps({"step": step, "loss": 1 / step, "type": "step", "more": [{}]}) for step in range(1, steps)]
    lines += [json.dumps({"type": "step", "time": 1.0, "step": steps, "loss": "high", "lr": True})]
    lines += ['{"type": "step", "step": "x"}', '{"type": "step", ]}', '{"type": "eval"}', "[]", "null", "\ufeff", "{}"]
    with made.files.events.open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    found = made.run.steps()["loss"].to_numpy()
    np.testing.assert_array_equal(found, [*(1 / step for step in range(1, steps)), np.nan])


# --- the log and the evaluations ---


def test_a_log_is_read_piece_by_piece(tmp_path: Path) -> None:
    path = tmp_path / "worker.log"
    assert piece(path, None) == ("", 0, 0)
    lines = [f"{number} 中文 👩\u200d👧 text" for number in range(9_000)]
    path.write_text("\n".join(lines), encoding="utf-8")
    text, offset, size = piece(path, None)
    assert offset == size == path.stat().st_size and lines[-1] == text.split("\n")[-1]
    assert text.split("\n")[0] in lines and len(text.encode()) <= MOST
    text, offset = "", 0
    while offset < size:
        more, offset, _ = piece(path, offset)
        text += more
    assert text == readable("\n".join(lines))
    with path.open("a", encoding="utf-8") as file:
        file.write("\nmore")
    assert piece(path, size)[0] == "\nmore"
    path.write_text("anew", encoding="utf-8")
    assert piece(path, size)[0] == "anew"  # it became shorter: another log


def test_a_log_is_what_a_terminal_would_show_and_steers_none() -> None:
    assert readable("\x1b[32mgood\x1b[0m\n 1%\r50%\r99%\r\nend") == "good\n99%\nend"
    for text in TERMINAL:
        assert not {"\x1b", "\x07", "\x9b", "\r", "\x00"} & set(readable(text))


def test_what_an_evaluation_found_out(tmp_path: Path) -> None:
    made = Written(tmp_path / "a-run")
    made.begin()
    strange = {**REPORT, "mistakes": [{"text": "half \ud83c", "loss": float("nan")}]}
    made.evaluate(5, report=REPORT)
    path = made.files.evaluation(6)
    path.write_text(json.dumps(strange), encoding="utf-8")
    made.files.evaluation(7).write_text('{"confusion": [[1', encoding="utf-8")
    ask = methods(made.run)["evaluation"]
    assert ask({"step": 5}) == (REPORT, [])
    found, _ = ask({"step": 6})
    assert found["mistakes"] == [{"text": "half \ufffd", "loss": None}]
    assert ask({"step": 7}) == ask({"step": 8}) == ({"missing": True}, [])


# --- what it is told ---


def test_a_command_is_queued_until_the_worker_follows_it(tmp_path: Path) -> None:
    made = Written(tmp_path / "a-run")
    made.begin()
    run = made.run
    panel = shown(run)
    control = actions(run, panel)["control"]
    (answer, _), controls = control({"command": "lr", "factor": 0.5}), Controls(made.files.control)
    (told,) = controls.new()
    assert (told["id"], told["command"], told["factor"]) == (answer["id"], "lr", 0.5)
    header, _ = training_header(run)
    assert header["queued"] == [{"id": answer["id"], "command": "lr"}]
    made.write("control", id=answer["id"], command="lr", step=1)
    header, _ = training_header(run)
    assert header["queued"] == []
    control({"command": "stop"})
    made.end("stopped")
    header, _ = training_header(run)
    assert (header["state"], header["queued"]) == ("stopped", [])


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("running", {"command": "explode"}, "A run cannot be told to 'explode'."),
    ("running", {"command": "lr", "factor": 0}, "0 is no factor of the learning rate."),
    ("running", {"command": "lr"}, "None is no factor of the learning rate."),
    ("done", {"command": "pause"}, "The run has ended: it is done."),
]


@pytest.mark.parametrize(("state", "params", "said"), REFUSED)
def test_a_command_that_makes_no_sense_is_refused(
    state: str, params: dict[str, Any], said: str, tmp_path: Path
) -> None:
    made = Written(tmp_path / "a-run")
    made.begin()
    made.end(state)
    run = made.run
    refuses(actions(run, shown(run))["control"], params, said)
    assert not made.files.control.exists()


def test_a_run_that_ended_is_resumed_by_whoever_can(tmp_path: Path) -> None:
    made = Written(tmp_path / "a-run", alive=False)
    made.begin()
    run = made.run
    assert run.state == "dead"
    with pytest.raises(UserError, match="is dead, not paused"):  # a handle alone cannot
        actions(run, shown(run))["control"]({"command": "resume"})


def test_the_panel_of_a_run_has_a_bundle_of_its_own() -> None:
    assert panel_class("training") is TrainingPanel
