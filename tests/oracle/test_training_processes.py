"""A run whose batches several processes share: `--gpus`, with processes on the CPU in the place of GPUs."""

from __future__ import annotations

import itertools
import math
import signal
import subprocess
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from safetensors.torch import load_file
from test_training_methods import run_of as run_of_task
from training_runs import events, new_run, reviews, start_worker, tiny_bert, told, until, weights, work
from training_runs import one_thread as one_thread  # the fixture

from nbtransformers.errors import UserError
from nbtransformers.request import DataRef, FinetuneRequest, TrainingMethod
from nbtransformers.rundir import heartbeat
from nbtransformers.rundir.atomic import read_json, write_json
from nbtransformers.rundir.control import tell
from nbtransformers.rundir.events import fold, read_events
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.rundir.state import state_of
from nbtransformers.training import processes
from nbtransformers.training.devices import refuse_too_few
from nbtransformers.training.settings import steps_of

LONG = 400.0  # epochs: such a run does not end by itself


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("models") / "bert")


@pytest.fixture(scope="module")
def certain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model without dropout: what is drawn for it does not depend on how many compute."""
    folder = tmp_path_factory.mktemp("models") / "certain"
    return tiny_bert(folder, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)


def run_of(folder: Path, model: Path, **settings: Any) -> RunFolder:
    return new_run(folder, model, **{"gpus": 2, **settings})


def steps(run: RunFolder) -> list[int]:
    return [event["step"] for event in events(run, "step")]


def processes_of(worker: Any) -> list[psutil.Process]:
    """Those that train, by their rank."""
    found = psutil.Process(worker.pid).children()
    return sorted(found, key=lambda process: process.cmdline()[process.cmdline().index("--rank") + 1])


@pytest.mark.slow
def test_two_processes_learn_as_one_does(tmp_path: Path, certain: Path) -> None:
    settings: dict[str, Any] = {"data": reviews().iloc[:55], "grad_accum": 2, "arguments": {"eval_steps": 4}}
    one, two = (run_of(tmp_path / str(gpus), certain, gpus=gpus, **settings) for gpus in (1, 2))
    assert work(one) == 0
    assert start_worker(two).wait() == 0, two.log.read_text()
    plans = [events(run, "plan")[0] for run in (one, two)]
    assert [plan["processes"] for plan in plans] == [1, 2]
    assert [plan["micro_batch"] for plan in plans] == [4, 2]
    assert plans[0]["test_rows"] % 2  # the last batch of an evaluation has no equal parts
    same = ("steps", "steps_per_epoch", "batch_size", "accumulation", "trainable", "parameters")
    assert [plans[0][name] for name in same] == [plans[1][name] for name in same]
    assert len(told(one)) == len(told(two))
    for alone, shared in zip(told(one), told(two), strict=True):
        metrics = [event.pop("metrics", {}) for event in (alone, shared)]
        assert metrics[0] == pytest.approx(metrics[1], rel=1e-3)
        numbers = [
            {name: value for name, value in event.items() if isinstance(value, float)} for event in (alone, shared)
        ]
        assert numbers[0] == pytest.approx(numbers[1], rel=1e-3)
        assert alone.keys() == shared.keys()
        assert all(alone.get(name) == shared.get(name) for name in ("type", "step", "tokens"))
    begun, ended = load_file(one.model / "model.safetensors"), load_file(two.model / "model.safetensors")
    for name, weight in begun.items():
        torch.testing.assert_close(weight, ended[name], rtol=1e-3, atol=1e-5)
    assert state_of(two) == "done"


@pytest.mark.slow
def test_a_run_pauses_goes_on_saves_changes_its_rate_and_stops(tmp_path: Path, encoder: Path) -> None:
    run = run_of(tmp_path / "run", encoder, epochs=LONG, warmup=0.0, arguments={"eval_steps": 1000})
    worker = start_worker(run)
    until(lambda: len(steps(run)) >= 3)
    train = processes_of(worker)
    tell(run.control, "pause")
    until(lambda: state_of(run) == "paused")
    count = len(steps(run))
    beat = heartbeat.read(run.heartbeat)
    until(lambda: heartbeat.read(run.heartbeat) != beat)
    assert len(steps(run)) == count
    beat = heartbeat.read(run.heartbeat)
    assert beat is not None and beat.memory is not None and beat.pid == worker.pid
    assert beat.memory > sum(process.memory_info().rss for process in train)
    halved = tell(run.control, "lr", factor=0.5)  # followed in the pause, too
    saved = tell(run.control, "save")
    until(lambda: {saved, halved} <= {event["id"] for event in events(run, "control")})
    (checkpoint,) = run.complete_checkpoints()[-1:]
    assert checkpoint == steps(run)[-1]
    kept = {path.name for path in run.checkpoint(checkpoint).iterdir()}
    assert {"rng_state_0.pth", "rng_state_1.pth"} <= kept  # each goes on with its own random numbers
    tell(run.control, "resume")
    until(lambda: state_of(run) == "running" and len(steps(run)) > count + 2)
    tell(run.control, "stop")
    assert worker.wait() == 0, run.log.read_text()
    assert state_of(run) == "stopped"
    assert run.complete_checkpoints()[-1] == steps(run)[-1]
    assert weights(run.model) == weights(run.checkpoint(steps(run)[-1]))
    (plan,) = events(run, "plan")
    for event in events(run, "step"):
        factor = math.prod(change["factor"] for change in events(run, "lr") if change["step"] < event["step"])
        assert event["lr"] == pytest.approx(1e-3 * (1 - (event["step"] - 1) / plan["steps"]) * factor, rel=1e-9)
    assert steps(run) == list(range(1, 1 + len(steps(run))))  # the other process tells nothing
    assert not any(process.is_running() for process in train)


@pytest.mark.slow
def test_a_run_whose_worker_was_killed_leaves_no_process_and_goes_on_bit_for_bit(tmp_path: Path, encoder: Path) -> None:
    whole, broken = (
        run_of(tmp_path / name, encoder, epochs=4.0) for name in ("whole", "broken")
    )  # 48 steps, with dropout
    assert start_worker(whole).wait() == 0, whole.log.read_text()
    worker = start_worker(broken)
    until(lambda: len(steps(broken)) >= 7)
    train = processes_of(worker)
    assert len(train) == 2
    worker.kill()
    worker.wait()
    psutil.wait_procs(train, timeout=10)
    assert not any(process.is_running() for process in train)
    assert state_of(broken) == "dead"
    assert start_worker(broken).wait() == 0, broken.log.read_text()
    assert events(broken, "attempt")[-1]["resumed_from"] == 5
    assert state_of(broken) == "done"
    assert weights(whole.model) == weights(broken.model)
    assert told(whole) == told(broken)


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
def test_a_process_that_ends_ends_the_run_with_its_cause(tmp_path: Path, encoder: Path, rank: int) -> None:
    run = run_of(tmp_path / "run", encoder, epochs=LONG)
    worker = start_worker(run)
    until(lambda: len(steps(run)) >= 3)
    train = processes_of(worker)
    train[rank].send_signal(signal.SIGKILL)
    assert worker.wait(60) == 1
    assert state_of(run) == "failed"
    (failed,) = (event for event in events(run, "state") if event["state"] == "failed")
    assert failed["message"] == f"Process {rank + 1} of the 2 that train has ended (SIGKILL)."
    assert "%runs resume run" in failed["hint"]
    assert len(events(run, "attempt")) == 1
    assert [event for event in fold(read_events(run.events)) if event["type"] == "step"] == events(run, "step")
    psutil.wait_procs(train, timeout=10)
    assert not any(process.is_running() for process in train)


@pytest.mark.slow
def test_a_run_that_is_told_to_stop_before_its_first_step_stops(tmp_path: Path, encoder: Path) -> None:
    run = run_of(tmp_path / "run", encoder)
    tell(run.control, "stop")
    assert start_worker(run).wait(60) == 0, run.log.read_text()
    assert [event["state"] for event in events(run, "state")] == ["stopped"]
    assert not events(run, "plan")


@pytest.mark.slow
def test_a_signal_to_end_stops_the_run_well(tmp_path: Path, encoder: Path) -> None:
    run = run_of(tmp_path / "run", encoder, epochs=LONG)
    worker = start_worker(run)
    until(lambda: len(steps(run)) >= 3)
    for process in (*processes_of(worker), psutil.Process(worker.pid)):  # as a terminal, or a system that shuts down
        process.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0, run.log.read_text()
    assert state_of(run) == "stopped"
    assert run.complete_checkpoints()[-1] == steps(run)[-1]
    assert (run.model / "model.safetensors").exists()


@pytest.mark.slow
def test_what_one_process_says_is_told_and_not_that_the_others_lost_it(tmp_path: Path, encoder: Path) -> None:
    run = run_of(tmp_path / "run", encoder, lr=1e30)  # diverges, which the first process sees
    assert start_worker(run).wait(120) == 1
    failed = events(run, "state")[-1]
    assert failed["state"] == "failed"
    assert "loss" in failed["message"]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "method"), [("tokens", "lora"), ("seq2seq", "full")])
def test_other_tasks_and_methods_are_learnt_so_too(tmp_path: Path, kind: str, method: TrainingMethod) -> None:
    run = run_of_task(tmp_path, kind, method)
    asked = FinetuneRequest.from_json(run.request.read_text(encoding="utf-8"))
    run.request.write_text(replace(asked, gpus=2).to_json(), encoding="utf-8")
    assert start_worker(run).wait() == 0, run.log.read_text()
    assert state_of(run) == "done"
    assert math.isfinite(events(run, "eval")[-1]["metrics"]["loss"])


def test_memory_that_runs_out_in_a_process_is_told(tmp_path: Path, encoder: Path) -> None:
    said = tmp_path / "said.json"
    processes._say(torch.OutOfMemoryError("CUDA out of memory."), RunFolder(tmp_path / "run"), said)
    told_of = read_json(said)
    assert told_of["message"] == "Memory ran out in one of the processes that train."
    assert told_of["hint"].startswith("Begin another run with a smaller `--batch-size`")
    assert not told_of["lost"]


@pytest.mark.parametrize(
    ("first", "said", "cause"),
    [
        ([0, 1], {0: (True, 1.0)}, "Process 2 of the 3 that train has ended (status 1)."),  # as a group breaks
        ([1], {1: (False, 1.0)}, "of 1"),  # of the others one is ended for it, without a word
        ([1], {0: (False, 1.0), 2: (True, 0.5)}, "Process 2 of the 3 that train has ended (status 1)."),
        ([0, 1, 2], {0: (True, 1.0), 1: (False, 3.0), 2: (False, 2.0)}, "of 2"),
        ([0, 1, 2], {0: (True, 1.0), 1: (True, 3.0), 2: (True, 2.0)}, "of 0"),
    ],
)
def test_what_went_wrong_first_is_told(
    tmp_path: Path, first: list[int], said: dict[int, tuple[bool, float]], cause: str
) -> None:
    run = RunFolder(tmp_path / "run")
    started = [subprocess.Popen(["false"]) for _ in range(3)]
    for process in started:
        process.wait()
    for rank, (lost, at) in said.items():
        write_json(processes._said_by(rank, tmp_path), {"message": f"of {rank}", "hint": "", "lost": lost, "time": at})
    watched = processes.Processes(run, 3, 0, threading.Event())
    assert watched._cause(started, dict.fromkeys(first, 1), tmp_path).message == cause


def test_steps_are_as_large_as_those_of_one_process() -> None:
    for gpus, accumulation, rows in itertools.product((1, 2, 4), (1, 3), (7, 16, 100)):
        request = FinetuneRequest(DataRef("variable", "data"), batch_size=8, grad_accum=accumulation, gpus=gpus)
        steps, alone = steps_of(request, rows), steps_of(replace(request, gpus=None), rows)
        assert steps.micro_batch * gpus == alone.micro_batch == 8
        assert (steps.accumulation, steps.per_epoch, steps.total) == (alone.accumulation, alone.per_epoch, alone.total)


def test_more_gpus_than_there_are_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for there, hint in ((0, "Leave `--gpus` out."), (1, "Leave `--gpus` out."), (2, "Type `--gpus 2`.")):
        monkeypatch.setattr(torch.cuda, "device_count", lambda there=there: there)
        with pytest.raises(UserError) as told_of:
            refuse_too_few("auto", 4)
        assert str(told_of.value) == f"`--gpus 4` asks for more GPUs than there are: {there}. {hint}"
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    refuse_too_few("cuda", 4)
    with pytest.raises(UserError, match=r"^`--gpus 4` and `--device cpu` are both given\. Leave one of the two out"):
        refuse_too_few("cpu", 4)


@pytest.mark.parametrize(
    "given, message",
    [
        ({"batch_size": 16, "gpus": 3}, "`--batch-size 16` has no equal parts for 3 GPUs. Type `--batch-size 15`."),
        ({"batch_size": 1, "gpus": 2}, "`--batch-size 1` has no equal parts for 2 GPUs. Type `--batch-size 2`."),
        ({"method": "head", "gpus": 2}, "`--method head` is for one GPU. Leave `--gpus` out."),
        ({"find_lr": True, "gpus": 2}, "`--find-lr` is for one GPU. Leave `--gpus` out."),
        ({"gpus": 0}, "`--gpus` is 0. "),
    ],
)
def test_what_cannot_be_shared_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as told_of:
        FinetuneRequest(DataRef("variable", "data"), **given)
    assert str(told_of.value).startswith(message)
