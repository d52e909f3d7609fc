"""A real run, begun in a real kernel: what it does when the kernel is killed, and what it is told then."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import helpers
import psutil
import pytest
from helpers import Notebook, until
from workers import end_workers

import nbtransformers as nbt
from nbtransformers.errors import UserError
from nbtransformers.rundir import heartbeat

pytestmark = pytest.mark.slow

SETUP = """
%load_ext nbtransformers
%cd {folder}
import pandas as pd
df = pd.DataFrame({{"review": ["a joy", "too long", "good film", "bad and dull"] * 20, "stars": ["up", "down"] * 40}})
"""
OWN = """
def share_right(predictions, labels):
    return {"share_right": float((predictions.argmax(-1) == labels).mean())}
"""


@pytest.fixture
def own_kernel() -> Iterator[Notebook]:
    """A kernel that a test may kill."""
    with helpers.kernel() as running:
        yield running


def errors(messages: list[dict[str, object]]) -> list[object]:
    """What went wrong in a cell."""
    return [message for message in messages if message["msg_type"] == "error"]


@pytest.fixture(autouse=True)
def _no_worker_is_left(tmp_path: Path) -> Iterator[None]:
    """Whatever becomes of the test and of its kernel."""
    yield
    end_workers(tmp_path)


def test_a_run_outlives_its_kernel_and_hears_another_notebook(
    own_kernel: Notebook, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert not errors(own_kernel.run(SETUP.format(folder=tmp_path)))
    line = f"%finetune df --text review --label stars --model {models / 'encoder'} --epochs 100000 --batch-size 4"
    started = time.monotonic()
    assert not errors(own_kernel.run(f"{line} --eval-steps 100000 --device cpu --name mine"))
    run = nbt.attach("mine")
    assert run.state in ("starting", "running"), run.log
    until(lambda: run.step > 5)
    assert not errors(own_kernel.run("sum(range(1000))")), "the notebook is usable meanwhile"
    kernel_process = psutil.Process(own_kernel.manager.provisioner.process.pid)
    os.killpg(os.getpgid(kernel_process.pid), signal.SIGKILL)
    until(lambda: not kernel_process.is_running() or kernel_process.status() == psutil.STATUS_ZOMBIE)
    at = run.step
    until(lambda: run.step > at + 5)
    assert run.state == "running", f"killed after {time.monotonic() - started:.0f} s"

    with pytest.raises(UserError, match="The run mine is running, and has no model yet"):
        nbt.classify(["a joy"], model="run:mine")
    run.pause()
    until(lambda: run.state == "paused")
    at = run.step
    time.sleep(0.5)
    assert run.step == at
    run.set_lr(factor=0.5)
    run.resume()
    until(lambda: run.step > at + 5)
    assert run.state == "running"
    run.stop()
    assert run.wait(60) == "stopped"
    assert run.message == ""
    assert nbt.classify(["a joy"], model=run).labels == ("down", "up")

    stopped_at = run.step
    run.resume()
    until(lambda: run.step > stopped_at + 5)
    beat = heartbeat.read(run.files.heartbeat)
    assert beat is not None
    psutil.Process(beat.pid).kill()
    until(lambda: run.state == "dead", 10)
    run.resume()
    until(lambda: run.state == "running")
    run.stop()
    assert run.wait(60) == "stopped"
    assert [event["type"] for event in run.events].count("attempt") == 3
    steps = run.steps().index.tolist()
    assert steps == list(range(1, len(steps) + 1))
    run.delete()
    assert list((tmp_path / "nbtransformers-runs").iterdir()) == []


def test_a_cell_that_waits_gives_a_run_that_is_done(
    own_kernel: Notebook, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(OWN)
    own_kernel.run(SETUP.format(folder=tmp_path))
    own_kernel.run(
        "from transformers import AutoModel, AutoTokenizer\n"
        f"encoder = (AutoModel.from_pretrained('{models / 'encoder'}'), "
        f"AutoTokenizer.from_pretrained('{models / 'encoder'}'))"
    )
    line = "%finetune df --text review --label stars --model encoder --epochs 2 --metric own:share_right --device cpu"
    assert not errors(own_kernel.run(f"{line} --name mine --wait"))
    run = nbt.attach("mine")
    assert run.state == "done", run.log
    assert run.best is not None
    assert run.best["metric"] == "share_right"
    from transformers import AutoModelForSequenceClassification

    loaded = AutoModelForSequenceClassification.from_pretrained(run.folder / "model")
    assert loaded.config.id2label == {0: "down", 1: "up"}
    messages = own_kernel.run("%%classify --model run:mine\na joy")
    assert not errors(messages)
    messages = own_kernel.run(f"{line} --name mine")
    assert "There is a run mine already" in str(errors(messages))


def test_an_interrupt_stops_a_run_that_a_cell_waits_for(
    own_kernel: Notebook, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own_kernel.run(SETUP.format(folder=tmp_path))
    line = f"%finetune df --text review --label stars --model {models / 'encoder'} --epochs 100000 --eval-steps 100000"
    asked = own_kernel.client.execute(f"{line} --device cpu --name mine --wait")
    until((tmp_path / "nbtransformers-runs" / "mine" / "request.json").exists)
    run = nbt.attach("mine")
    until(lambda: run.step > 3)
    own_kernel.interrupt()
    assert run.wait(60) == "stopped"
    while True:
        message = own_kernel.client.get_shell_msg(timeout=60)
        if message["parent_header"].get("msg_id") == asked:
            break
    assert message["content"]["status"] == "error"
    assert message["content"]["ename"] == "Interrupted"
    assert "`%runs resume mine` goes on" in message["content"]["evalue"]
