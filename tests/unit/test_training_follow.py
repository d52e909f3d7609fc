"""The panel of a training run in a real kernel: what is sent while the run goes on, and how long anybody follows it."""

from __future__ import annotations

import json
import queue
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers import Notebook
from rundirs import REPORT, Written

SHOW = """
from pathlib import Path
from nbtransformers.panels.view import show_result
from nbtransformers.results.trainingrun import TrainingRun
from nbtransformers.rundir.folder import RunFolder
run = TrainingRun(RunFolder(Path({path!r})))
show_result(run)
"""
THREADS = "import threading\nprint([one.name for one in threading.enumerate() if 'following' in one.name])"


def comm_of(messages: list[dict[str, Any]]) -> str:
    """The panel that a cell shows."""
    view = "application/vnd.jupyter.widget-view+json"
    (model,) = [message["data"][view]["model_id"] for message in messages if view in (message.get("data") or {})]
    return model


def heard(notebook: Notebook, until: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
    """What comes from the kernel outside of cells, until it is enough."""
    found: list[dict[str, Any]] = []
    deadline = time.monotonic() + 60
    while not until(found):
        assert time.monotonic() < deadline, found
        try:
            message = notebook.client.get_iopub_msg(timeout=0.1)
        except queue.Empty:
            continue
        found.append({"msg_type": message["msg_type"], "buffers": message["buffers"], **message["content"]})
    return found


def news(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was told of a run."""
    contents = [one["data"].get("content") or {} for one in messages if one["msg_type"] == "comm_msg"]
    return [one for one in contents if one.get("type") == "run"]


def snapshots(messages: list[dict[str, Any]]) -> list[str]:
    """What a saved notebook would show, each time that it was drawn anew: one is drawn now and then, too."""
    return [one["data"]["text/html"] for one in messages if one["msg_type"] == "update_display_data"]


def ask(notebook: Notebook, comm: str, method: str, **params: Any) -> dict[str, Any]:
    """What a panel's question is answered with."""
    client = notebook.client
    question = {"type": "request", "id": "1", "method": method, "params": params}
    content = {"comm_id": comm, "data": {"method": "custom", "content": question}}
    client.shell_channel.send(client.session.msg("comm_msg", content))

    def replies(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        contents = [one["data"].get("content") or {} for one in messages if one["msg_type"] == "comm_msg"]
        return [one for one in contents if one.get("type") == "reply"]

    (reply,) = replies(heard(notebook, lambda messages: bool(replies(messages))))
    return reply


def threads(notebook: Notebook) -> list[str]:
    printed = [one["text"] for one in notebook.run(THREADS) if one["msg_type"] == "stream"]
    return json.loads(printed[0].replace("'", '"'))


def until_none_follows(notebook: Notebook) -> None:
    deadline = time.monotonic() + 10
    while threads(notebook):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def made(tmp_path: Path) -> Written:
    written = Written(tmp_path / "a-run")
    written.begin()
    written.step(range(1, 11))
    return written


def show(notebook: Notebook, made: Written) -> str:
    return comm_of(notebook.run("%load_ext nbtransformers\n" + SHOW.format(path=str(made.files.path))))


def test_a_run_is_followed_to_its_end(notebook: Notebook, made: Written) -> None:
    comm = show(notebook, made)
    assert threads(notebook) == ["nbtransformers: following a-run"]
    began, steps = time.monotonic(), 10
    while time.monotonic() - began < 2:  # some hundred steps a second
        made.step([steps + 1])
        steps += 1
        time.sleep(0.002)
    came = heard(notebook, lambda found: any(points(one) == steps for one in news(found)))
    told, lasted = news(came), time.monotonic() - began
    assert len(told) <= 10 * lasted + 2
    ends = [10, *(points(one) for one in told if one["series"])]
    assert [one["series"][0]["from"] for one in told if one["series"]] == ends[:-1]
    made.evaluate(steps, accuracy=0.75, report=REPORT)
    made.end("done")
    last = heard(notebook, lambda found: any(f"done · step {steps}" in html for html in snapshots(found)))
    assert news(last)[-1]["header"]["state"] == "done"
    drawn = [one["data"] for one in last if one["msg_type"] == "update_display_data"][-1]
    assert "0.75" in drawn["text/html"]
    assert "done" in drawn["text/plain"]
    until_none_follows(notebook)
    answer = ask(notebook, comm, "run")  # by a page that was reloaded
    assert answer["ok"] and answer["result"]["state"] == "done"
    assert answer["result"]["series"][0]["points"] == steps
    assert ask(notebook, comm, "control", command="pause")["error"].startswith("The run has ended")
    until_none_follows(notebook)


def points(message: dict[str, Any]) -> int:
    return message["series"][0]["points_total"] if message.get("series") else 0


def test_closing_the_panel_ends_it(notebook: Notebook, made: Written) -> None:
    notebook.run("from nbtransformers.panels import widget\nkept, widget.TAKEN_UP_S = widget.TAKEN_UP_S, 0")
    show(notebook, made)
    notebook.run("from nbtransformers.panels import lifetime\nfor one in lifetime.panels(): one.close()")
    until_none_follows(notebook)
    notebook.run("widget.TAKEN_UP_S = kept")
    made.step([11])
    code = "import gc, weakref\nseen = weakref.ref(run)\ndel run\nOut.clear()\ngc.collect()\nprint(seen() is None)"
    assert [one["text"] for one in notebook.run(code) if one["msg_type"] == "stream"] == ["True\n"]


def test_what_is_told_comes_out_while_a_cell_is_busy(notebook: Notebook, made: Written) -> None:
    show(notebook, made)
    client = notebook.client
    client.execute("import time\ntime.sleep(2)\nprint('slept')")
    time.sleep(0.5)
    made.step([11])
    came = heard(notebook, lambda found: any(one.get("text") == "slept\n" for one in found))
    printed = next(at for at, one in enumerate(came) if one.get("text") == "slept\n")
    assert any(points(one) == 11 for one in news(came[:printed]))
    notebook.run("for one in lifetime.panels(): one.close()")
    until_none_follows(notebook)
