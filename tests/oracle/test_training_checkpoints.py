"""What a worker that was killed, a disk that is full or one that loses what it had leaves of a run to go on from."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from training_runs import ForkedWorker, events, new_run, tiny_bert, told, until, weights
from training_runs import one_thread as one_thread  # the fixture

from nbtransformers.rundir.control import tell
from nbtransformers.rundir.folder import COMPLETE, RunFolder
from nbtransformers.rundir.state import state_of

LONG = 400.0  # epochs: such a run does not end by itself


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("models") / "bert")


def paused(run: RunFolder) -> tuple[ForkedWorker, int]:
    """A worker that waits, with a checkpoint of its last step, which is not that of its last change any more."""
    worker = ForkedWorker(run)
    until(lambda: len(events(run, "step")) >= 3)
    tell(run.control, "pause")
    until(lambda: state_of(run) == "paused")
    follow(run, "save")
    follow(run, "lr", factor=0.5)
    return worker, events(run, "step")[-1]["step"]


def follow(run: RunFolder, command: Any, **values: Any) -> None:
    number = tell(run.control, command, **values)
    until(lambda: any(event["id"] == number for event in events(run, "control")))


# --- a step that is saved twice ---


def test_a_worker_that_is_killed_while_it_saves_a_step_again_leaves_its_first_checkpoint(
    tmp_path: Path, encoder: Path
) -> None:
    settings: dict[str, Any] = {"warmup": 0.0, "arguments": {"save_steps": 1000, "eval_steps": 1000}}
    run = new_run(tmp_path / "run", encoder, epochs=LONG, **settings)
    worker, step = paused(run)
    assert run.complete_checkpoints() == [step]
    tell(run.control, "save")
    end = time.monotonic() + 60
    while (run.checkpoint(step) / COMPLETE).exists():
        assert time.monotonic() < end
    worker.kill()
    worker.wait()
    assert not run.complete_checkpoints()  # it was killed in the middle of it
    again = ForkedWorker(run, run.control.stat().st_size)
    until(lambda: len(events(run, "attempt")) == 2 and events(run, "step")[-1]["step"] > step + 2)
    assert events(run, "attempt")[-1]["resumed_from"] == step
    tell(run.control, "stop")
    assert again.wait() == 0
    rates = {event["step"]: event["lr"] for event in events(run, "step")}
    assert rates[step + 1] == pytest.approx(rates[step] / 2, rel=0.01)  # also of the change that came after it
    assert all(folder.name.startswith("checkpoint-") for folder in run.checkpoints.iterdir())


def test_a_disk_that_is_full_when_a_step_is_saved_again_keeps_its_first_checkpoint(
    tmp_path: Path, encoder: Path
) -> None:
    run = new_run(tmp_path / "run", encoder, epochs=LONG, arguments={"save_steps": 1000, "eval_steps": 1000})
    worker, step = paused(run)
    before = weights(run.checkpoint(step))
    worker.limit_files(2**20)
    tell(run.control, "save")
    assert worker.wait() == 1
    assert events(run, "state")[-1]["message"] == (
        f"The disk is full, and the run run cannot be written on. Its last checkpoint, of step {step}, is whole."
    )
    assert run.complete_checkpoints() == [step]
    assert weights(run.checkpoint(step)) == before
    assert [folder.name for folder in run.checkpoints.iterdir()] == [f"checkpoint-{step}"]


# --- checkpoints that cannot be read any more ---


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = tmp_path_factory.mktemp("runs")
    return new_run(folder / "run", tiny_bert(folder / "bert"), arguments={"save_steps": 3, "eval_steps": 6})


@pytest.fixture(scope="module")
def whole(prepared: RunFolder) -> RunFolder:
    """The run that was never interrupted."""
    run = copied(prepared, prepared.path.with_name("whole"))
    assert ForkedWorker(run).wait() == 0
    return run


@pytest.fixture(scope="module")
def killed(prepared: RunFolder) -> RunFolder:
    """The run, killed when it has the checkpoints of the steps 9 and 12, and the best."""
    run = copied(prepared, prepared.path.with_name("killed"))
    worker = ForkedWorker(run)
    until(lambda: any(event["step"] == 12 for event in events(run, "checkpoint")))
    worker.kill()
    worker.wait()
    assert run.complete_checkpoints()[-2:] == [9, 12]
    return run


def copied(run: RunFolder, place: Path) -> RunFolder:
    shutil.copytree(run.path, place)
    return RunFolder(place)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def spoilt(path: Path) -> None:
    """Another content of the same length, as of a page that the disk has never got."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 512] = b"\xff" * 512
    path.write_bytes(content)


DAMAGES: dict[str, Any] = {
    "model.safetensors cut": lambda folder: cut(folder / "model.safetensors"),
    "trainer_state.json empty": lambda folder: (folder / "trainer_state.json").write_bytes(b""),
    "optimizer.pt spoilt": lambda folder: spoilt(folder / "optimizer.pt"),
    "rng_state.pth gone": lambda folder: (folder / "rng_state.pth").unlink(),
    "COMPLETE empty": lambda folder: (folder / COMPLETE).write_bytes(b""),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_run_whose_last_checkpoint_is_damaged_goes_on_from_the_one_before(
    killed: RunFolder, whole: RunFolder, tmp_path: Path, damage: str
) -> None:
    run = copied(killed, tmp_path / "run")
    DAMAGES[damage](run.checkpoint(12))
    assert ForkedWorker(run).wait() == 0
    assert state_of(run) == "done"
    assert events(run, "attempt")[-1]["resumed_from"] == 9
    file = damage.partition(" ")[0]
    noted = [event["text"] for event in events(run, "note")]
    assert f"The checkpoint of step 12 is damaged ({file}), and passed over." in noted
    assert weights(run.model) == weights(whole.model)
    assert told(run) == told(whole)
    names = {folder.name for folder in run.checkpoints.iterdir()}
    assert names == {folder.name for folder in whole.checkpoints.iterdir()}


def test_a_run_that_has_no_checkpoint_to_read_says_so_and_keeps_them(
    killed: RunFolder, whole: RunFolder, tmp_path: Path
) -> None:
    run = copied(killed, tmp_path / "run")
    for step in run.complete_checkpoints():
        cut(run.checkpoint(step) / "model.safetensors")
    assert ForkedWorker(run).wait() == 1
    assert state_of(run) == "failed"
    said = events(run, "state")[-1]
    assert said["message"] == (
        "The last checkpoint of the run run, of step 12, is damaged: model.safetensors. No other can be read either."
    )
    assert said["hint"] == f"Put a copy in the place of {run.checkpoint(12)}, or begin another run: `%finetune`."
    assert run.complete_checkpoints() == killed.complete_checkpoints()
    for step in run.complete_checkpoints():
        shutil.copy(killed.checkpoint(step) / "model.safetensors", run.checkpoint(step))
    assert ForkedWorker(run).wait() == 0
    assert events(run, "attempt")[-1]["resumed_from"] == 12
    assert weights(run.model) == weights(whole.model)
    assert told(run) == told(whole)


def test_a_best_checkpoint_that_is_damaged_leaves_the_model_of_the_last_step(tmp_path: Path, encoder: Path) -> None:
    # The rate is so low that nothing changes: no evaluation is better than the first.
    run = new_run(tmp_path / "run", encoder, lr=1e-30, epochs=LONG, arguments={"save_steps": 2, "eval_steps": 2})
    worker = ForkedWorker(run)
    until(lambda: any(event["step"] == 4 for event in events(run, "checkpoint")))
    cut(run.checkpoint(2) / "model.safetensors")
    tell(run.control, "stop")
    assert worker.wait() == 0
    assert state_of(run) == "stopped"
    assert events(run, "note")[-1]["text"] == (
        "The best checkpoint, of step 2, is damaged (model.safetensors): the model is that of the last step."
    )
    assert weights(run.model) == weights(run.checkpoint(run.complete_checkpoints()[-1]))


# --- what is left ---


def test_what_a_worker_that_was_killed_has_left_goes_when_the_run_goes_on(
    killed: RunFolder, whole: RunFolder, tmp_path: Path
) -> None:
    run = copied(killed, tmp_path / "run")
    for step in (4, 5):  # whole, and not taken away yet
        shutil.copytree(run.checkpoint(9), run.checkpoint(step))
    left = [run.path / ".heartbeat.json.4194305", run.evaluations / ".step-6.json.4194305", run.path / ".room"]
    for path in left:
        path.write_text("{")
    worker = ForkedWorker(run)
    until(lambda: any(event["stage"] == "training" for event in events(run, "stage") if event["attempt"] == 2))
    assert not run.checkpoint(4).exists()
    assert worker.wait() == 0
    assert told(run) == told(whole)
    assert {path.relative_to(run.path) for path in run.path.rglob("*")} == {
        path.relative_to(whole.path) for path in whole.path.rglob("*")
    }
