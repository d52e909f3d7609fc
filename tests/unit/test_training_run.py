"""A training run as its handle, `%runs` and a terminal see it: over run directories that are written by hand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from helpers import Terminal
from matplotlib import pyplot as plt
from rundirs import REQUEST, Written

import nbtransformers as nbt
from nbtransformers import cli
from nbtransformers.doors.finetune import wait_well
from nbtransformers.doors.runs import Run
from nbtransformers.errors import UserError
from nbtransformers.request import DataRef, ModelRef
from nbtransformers.results.trainingrun import TrainingRun
from nbtransformers.rundir.control import Controls
from nbtransformers.rundir.heartbeat import of_process
from nbtransformers.rundir.listing import RUNS


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory; what is given is its folder of runs."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path / "nbtransformers-runs"
    plt.close("all")


def finished(path: Path, **fields: Any) -> Written:
    """A run that is done, of 100 steps and two evaluations, whose first was the better one."""
    made = Written(path, alive=False, request=replace(REQUEST, **fields))
    made.begin()
    for half, (accuracy, best) in enumerate([(0.9, True), (0.8, False)], 1):
        made.step(range(50 * half - 49, 50 * half + 1))
        made.evaluate(50 * half, accuracy=accuracy)
        if best:
            made.write("best", step=50 * half, metric="accuracy", value=accuracy)
        made.save(50 * half)
    made.end("done")
    return made


def running(path: Path) -> Written:
    """A run whose worker is at its 10th step."""
    made = Written(path)
    made.begin()
    made.step(range(1, 11))
    return made


# --- the handle ---


def test_a_handle_reads_what_the_directory_says(project: Path) -> None:
    finished(project / "minilm-1")
    run = nbt.attach("minilm-1")
    assert (run.name, run.folder, run.state) == ("minilm-1", project / "minilm-1", "done")
    assert run.request == REQUEST
    assert run.best == {"step": 50, "metric": "accuracy", "value": 0.9}
    assert run.metrics == {"loss": pytest.approx(1 / 51), "accuracy": 0.9}
    assert run.plan["steps"] == 100
    assert run.step == 100
    assert [event["type"] for event in run.events[:3]] == ["attempt", "stage", "plan"]
    assert run.wait() == "done"
    steps, evals = run.steps(), run.evals()
    assert steps.index.tolist() == list(range(1, 101))
    assert list(steps.columns) == ["epoch", "elapsed_s", "loss", "lr", "grad_norm", "tokens", "tokens_per_s"]
    assert evals.loc[100, "accuracy"] == 0.8
    pd.testing.assert_frame_equal(run.to_pandas(), steps)


def test_a_handle_sees_what_comes(project: Path) -> None:
    made = running(project / "a-1")
    run = nbt.attach("a-1")
    assert run.state == "running"
    assert run.metrics == {}
    assert run.best is None
    made.step([11])
    made.evaluate(11, accuracy=0.5)
    assert run.step == 11
    assert run.metrics["accuracy"] == 0.5
    made.end("paused")
    assert run.state == "paused"
    made.files.heartbeat.unlink()
    assert run.state == "dead"


def test_to_wait_ends_with_the_run_or_with_the_time(project: Path) -> None:
    made = running(project / "a-1")
    run = nbt.attach("a-1")
    started = time.monotonic()
    assert run.wait(0.3) == "running"
    assert 0.3 <= time.monotonic() - started < 30  # and not until the run has ended
    threading.Timer(0.3, lambda: made.end("stopped")).start()
    assert run.wait() == "stopped"


def test_what_a_run_is_told_stands_in_its_file_of_control(project: Path) -> None:
    made = running(project / "a-1")
    run = nbt.attach("a-1")
    run.pause()
    run.save_now()
    run.set_lr(1e-5)
    run.set_lr(factor=0.5)
    made.end("paused")
    run.resume()
    run.stop()
    told = Controls(made.files.control).new()
    assert [message["command"] for message in told] == ["pause", "save", "lr", "lr", "resume", "stop"]
    assert told[2]["value"] == 1e-5
    assert told[3]["factor"] == 0.5


ENDED_REFUSALS = [
    (lambda run: run.pause(), "The run a-1 is done: there is nothing to pause. `%runs` lists all."),
    (lambda run: run.stop(), "The run a-1 is done: there is nothing to stop. `%runs` lists all."),
    (lambda run: run.save_now(), "The run a-1 is done: there is nothing to save. `%runs` lists all."),
    (lambda run: run.set_lr(1e-5), "The run a-1 is done: there is nothing to change. `%runs` lists all."),
    (lambda run: run.resume(), "The run a-1 is done. Use its model: `--model run:a-1`."),
    (lambda run: run.set_lr(), "A learning rate is given, or a factor. Type `run.set_lr(1e-5)`."),
    (lambda run: run.set_lr(1, factor=2), "A learning rate is given, or a factor. Type `run.set_lr(1e-5)`."),
    (lambda run: run.set_lr(-1), "The learning rate is -1. Type a number above 0, such as `1e-5`."),
    (lambda run: run.set_lr(True), "The learning rate is True. Type a number above 0, such as `1e-5`."),
    (
        lambda run: run.plot_finder(),
        "The run a-1 has no search for a learning rate. `%finetune` makes one with `--find-lr`.",
    ),
    (lambda run: run.plot("acuracy"), "The run a-1 has no curve 'acuracy'. Did you mean accuracy?"),
    (lambda run: run.model, "The model of the run a-1 is gone. Look into {}."),
]


@pytest.mark.parametrize(("ask", "message"), ENDED_REFUSALS, ids=[m for _, m in ENDED_REFUSALS])
def test_a_run_that_is_done_refuses(project: Path, ask: Any, message: str) -> None:
    finished(project / "a-1")
    with pytest.raises(UserError) as caught:
        ask(nbt.attach("a-1"))
    assert str(caught.value) == message.replace("{}", str(project / "a-1"))


def test_a_run_at_work_is_neither_resumed_nor_deleted(project: Path) -> None:
    running(project / "a-1")
    run = nbt.attach("a-1")
    with pytest.raises(UserError, match=r"The run a-1 is running\. `%runs a-1` shows how far it is\."):
        run.resume()
    with pytest.raises(UserError, match=r"The run a-1 is running\. Stop it first: `%runs stop a-1`\."):
        run.delete()
    assert run.folder.exists()


def test_why_a_run_failed_is_told(project: Path) -> None:
    made = running(project / "a-1")
    made.end("failed", message="The disk is full.", hint="Make room.")
    run = nbt.attach("a-1")
    assert run.message == "The disk is full. Make room."
    assert "The disk is full. Make room." in str(run)
    of_process(os.getppid()).write(made.files.heartbeat)  # a new worker, which has told nothing yet
    assert run.state == "starting"
    assert run.message == ""


def test_who_waits_for_a_run_that_fails_is_told_why(project: Path) -> None:
    made = running(project / "a-1")
    run = nbt.attach("a-1")
    made.files.heartbeat.unlink()
    with pytest.raises(UserError) as caught:
        wait_well(run)
    assert str(caught.value) == "The worker of the run a-1 is gone. Type `%runs resume a-1`."
    made.end("failed", message="The disk is full.", hint="Make room.")
    with pytest.raises(UserError) as caught:
        wait_well(run)
    assert str(caught.value) == "The disk is full. Make room."
    made.end("failed")
    with pytest.raises(UserError) as caught:
        wait_well(run)
    assert str(caught.value) == f"The run a-1 has failed. Look into {run.files.log}."


def test_a_run_has_a_name_or_a_path(project: Path) -> None:
    with pytest.raises(UserError, match=r"A run is given by its name or its path, and this is an int\. Type"):
        nbt.attach(3)  # pyright: ignore[reportArgumentType]


def test_a_run_is_found_by_the_path_of_its_directory(
    terminal: Terminal, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, elsewhere = project / "a-1", project.parent / "else where" / "a-1"
    finished(here)
    finished(elsewhere, epochs=7.0)
    assert nbt.attach("a-1").folder == nbt.attach(here).folder == here
    for path in (elsewhere, str(elsewhere), "else where/a-1", "./else where/x/../a-1/", Path("else where/a-1")):
        run = nbt.attach(path)
        assert (run.folder, run.name, run.request.epochs) == (elsewhere, "a-1", 7.0)
    assert terminal.run("%runs 'else where/a-1'").folder == elsewhere
    monkeypatch.chdir(elsewhere.parent)
    assert nbt.attach("a-1").folder == elsewhere  # by that name there is none in the usual folder
    assert nbt.attach(Path("a-1")).folder == elsewhere
    monkeypatch.setenv("HOME", str(elsewhere.parent))
    assert nbt.attach("~/a-1").folder == elsewhere


def test_a_path_that_is_no_run_is_told(project: Path) -> None:
    finished(project / "a-1")
    for path, said in (
        (project, f"{RUNS} is not the directory of a run. It has runs in it: give one of them, such as {RUNS}/a-1."),
        ("../b-1", f"{project.parent.parent / 'b-1'} is not the directory of a run. Type `%runs` for all."),
    ):
        with pytest.raises(UserError) as caught:
            nbt.attach(path)
        assert str(caught.value) == said
    with pytest.raises(UserError, match=r"The path './a-1' says where the run is, and so does the folder\. Leave the"):
        nbt.attach("./a-1", folder=RUNS)


def test_a_run_that_cannot_be_deleted_stays(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finished(project / "a-1")

    def refused(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(UserError) as caught:
        nbt.attach("a-1").delete()
    assert str(caught.value) == "The run a-1 cannot be deleted: Permission denied. Close what has it open."
    assert nbt.attach("a-1").state == "done"


def test_a_handle_alone_resumes_only_what_is_paused(project: Path) -> None:
    finished(project / "a-1")
    with pytest.raises(UserError, match=r"The run a-1 is done, not paused\. There is nothing to resume\."):
        TrainingRun(nbt.attach("a-1").files).resume()


def test_a_run_as_text_steers_no_terminal(project: Path) -> None:
    request = replace(REQUEST, data=DataRef("variable", "evil\x1b[31m"), model=ModelRef("hub", "own\u202eer/x"))
    made = Written(project / "a-1", request=request)
    made.begin()
    made.end("failed", message="bad\x1b]0;title\x07")
    for text in (str(nbt.attach("a-1")), str(nbt.runs())):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "\x07" not in text


def test_curves_are_drawn(project: Path) -> None:
    finished(project / "a-1")
    axes = nbt.attach("a-1").plot()
    assert [line.get_label() for line in axes.lines] == ["training", "evaluation"]
    assert len(axes.lines[0].get_xdata()) == 100
    assert [line.get_label() for line in nbt.attach("a-1").plot("accuracy").lines] == ["evaluation"]


def test_a_search_for_a_learning_rate_is_drawn(project: Path) -> None:
    made = finished(project / "a-1")
    made.write("finder", points=[[1e-6, 2.0], [1e-4, 1.0], [1e-2, None]], chosen=1e-5)
    axes = nbt.attach("a-1").plot_finder()
    assert axes.get_xscale() == "log"
    assert [line.get_label() for line in axes.lines][1:] == ["loss", "chosen: 1e-05"]  # smoothed, over what was told
    assert list(axes.lines[0].get_xdata()) == [1e-6, 1e-4, 1e-2]


# --- all runs ---


def test_runs_are_listed_the_newest_first(project: Path) -> None:
    assert str(nbt.runs()) == "There are no runs in nbtransformers-runs; `%finetune` begins one."
    assert len(nbt.runs().to_pandas()) == 0
    for age, made in enumerate([finished(project / "a-1"), running(project / "b-1")]):
        os.utime(made.files.request, (1000 + age, 1000 + age))
    found = nbt.runs()
    assert [run.name for run in found] == ["b-1", "a-1"]
    assert all(isinstance(run, Run) for run in found)
    assert found["a-1"].state == found[1].state == "done"
    assert [run.name for run in found[:1]] == ["b-1"]
    table = found.to_pandas()
    assert table.loc["a-1", ["state", "metric", "value", "step", "steps"]].tolist() == [
        "done",
        "accuracy",
        0.9,
        100,
        100,
    ]
    assert table.loc["b-1", "state"] == "running"
    assert str(table["begun"].dt.tz) == "UTC"
    shown = str(found)
    assert shown.startswith("2 runs in nbtransformers-runs")
    assert "accuracy 0.9" in shown
    assert "<table" in found._repr_html_()
    with pytest.raises(UserError, match=r"There is no run 'a-2' in nbtransformers-runs\. Did you mean a-1\?"):
        _ = found["a-2"]


def test_names_in_the_page_are_escaped(project: Path) -> None:
    finished(project / "a-1", data=DataRef("variable", "<script>alert(1)</script>"))
    html = nbt.runs()._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_two_runs_are_compared_by_what_differs(project: Path) -> None:
    finished(project / "a-1")
    finished(project / "a-2", lr=1e-3, arguments={"max_grad_norm": 0.5})
    different = nbt.runs().diff("a-1", "a-2")
    assert different.index.tolist() == ["lr", "max_grad_norm"]
    assert different["a-1"].tolist() == [5e-5, None]  # the rate that is usual
    assert different["a-2"].tolist() == [1e-3, 0.5]
    axes = nbt.runs().plot("accuracy")
    assert len(axes.lines) == 2
    with pytest.raises(UserError, match="No run has a curve 'bleu'"):
        nbt.runs().plot("bleu")


def test_the_learning_rate_is_told_where_nobody_gave_one(project: Path) -> None:
    for method in ("full", "lora", "head"):
        finished(project / method, method=method)
    runs = nbt.runs()
    assert runs.diff("full", "lora", "head").loc["lr"].tolist() == [5e-5, 2e-4, 1e-3]
    assert "lr 0.0002" in str(runs["lora"])
    found = Written(project / "found", request=replace(REQUEST, find_lr=True))
    found.begin()
    assert "lr" not in nbt.attach("found").settings()  # it is still looked for
    found.write("finder", points=[[1e-5, 0.7], [1e-4, 0.6]], chosen=3e-5)
    assert nbt.attach("found").settings()["lr"] == 3e-5
    found.write("finder", points=[[1e-5, 0.7], [1e-4, 0.6]], chosen=None)
    assert nbt.attach("found").settings()["lr"] == 5e-5


def test_curves_go_along_steps_epochs_and_the_time_of_work(project: Path) -> None:
    made = Written(project / "a-1", alive=False)
    made.begin()
    made.step(range(1, 51))
    made.write("state", state="paused")
    made.later(1_000)
    made.write("state", state="running")
    made.step(range(51, 101))
    made.evaluate(100, accuracy=0.5)
    made.later(5_000)  # it was killed, and lay still
    made.begin(2, resumed_from=100)
    made.step(range(101, 111), attempt=2)
    made.end("done", attempt=2)
    finished(project / "b-1")
    elapsed = nbt.attach("a-1").steps().elapsed_s
    assert elapsed.is_monotonic_increasing
    assert elapsed.max() < 100
    assert elapsed.loc[51] - elapsed.loc[50] == pytest.approx(1.0)  # the pause is left out
    assert elapsed.loc[101] - elapsed.loc[100] < 4
    points = nbt.runs().curves("accuracy")
    assert points.columns.tolist() == ["run", "part", "step", "epoch", "elapsed_s", "accuracy"]
    assert set(points.part) == {"evaluation"} and set(points.run) == {"a-1", "b-1"}
    losses = nbt.runs().curves()
    for along, column in (("step", "step"), ("epoch", "epoch"), ("time", "elapsed_s")):
        axes = nbt.attach("a-1").plot(along=along, smoothing=0.6)
        assert (
            axes.lines[0].get_xdata().tolist()
            == losses[losses.part.eq("training") & losses.run.eq("a-1")][column].tolist()
        )
        assert axes.get_xlabel() == {"time": "seconds at work"}.get(along, along)
    assert len(axes.lines) == 3 and len({line.get_color() for line in axes.lines}) == 2
    two = nbt.runs().plot(smoothing=0.6, colours=["#111111", "#222222"])
    assert [line.get_color() for line in two.lines] == ["#111111"] * 3 + ["#222222"] * 3
    assert sorted(text.get_text() for text in two.get_legend().get_texts()) == ["a-1", "b-1"]
    for wrong, said in (
        ({"along": "epochs"}, "A curve does not go along 'epochs'. Did you mean epoch?"),
        ({"smoothing": 1}, "The smoothing is 1. Give a number from 0 to below 1."),
    ):
        with pytest.raises(UserError) as caught:
            nbt.runs().plot(**wrong)
        assert str(caught.value) == said


def test_a_damaged_run_does_not_hide_the_others(project: Path) -> None:
    finished(project / "a-1")
    (project / "odd-1").mkdir()
    (project / "odd-1" / "request.json").write_text("{")
    assert [run.name for run in nbt.runs()] == ["a-1"]
    with pytest.raises(UserError, match=r"What the run odd-1 was asked for cannot be read \(JSONDecodeError\)"):
        _ = nbt.attach("odd-1").request


# --- %runs ---


def test_the_magic_shows_all_one_and_what_differs(terminal: Terminal, project: Path) -> None:
    finished(project / "a-1")
    finished(project / "a-2", lr=1e-3)
    assert "2 runs in nbtransformers-runs" in terminal.printed("%runs")
    assert "Run a-1" in terminal.printed("%runs a-1")
    assert terminal.run("%runs a-1 --out kept").name == "a-1"
    assert terminal.shell.user_ns["kept"].state == "done"
    assert terminal.run("%runs --diff a-1 a-2").index.tolist() == ["lr"]
    assert terminal.run("%runs a-1;") is None
    assert len(terminal.run(f"%runs --folder {project.parent / 'other'}")) == 0


def test_the_magic_tells_a_run_what_to_do(terminal: Terminal, project: Path) -> None:
    made = running(project / "a-1")
    assert terminal.printed("%runs pause a-1") == "a-1 pauses after the step that it is at.\n"
    assert terminal.printed("%runs save a-1") == "a-1 makes a checkpoint after the step that it is at.\n"
    assert terminal.printed("%runs stop a-1").startswith("a-1 stops after the step")
    assert [message["command"] for message in Controls(made.files.control).new()] == ["pause", "save", "stop"]


def test_a_run_is_deleted_when_it_is_said_twice(terminal: Terminal, project: Path) -> None:
    finished(project / "a-1")
    assert terminal.refusal("%runs delete a-1") == (
        f"This deletes {project / 'a-1'}, with its data, its checkpoints and its model. Type `%runs delete a-1 --yes`."
    )
    assert terminal.printed("%runs delete a-1 --yes") == "a-1 is deleted.\n"
    assert list(project.iterdir()) == []


def test_the_folder_of_runs_can_be_set(terminal: Terminal, project: Path) -> None:
    finished(project.parent / "elsewhere" / "a-1")
    assert len(terminal.run("%runs")) == 0
    try:
        terminal.run("%nbt set folder elsewhere")
        assert [run.name for run in terminal.run("%runs")] == ["a-1"]
        assert nbt.attach("a-1").folder == project.parent / "elsewhere" / "a-1"
    finally:
        terminal.run("%nbt unset folder")


def test_a_run_keeps_its_place_when_the_working_directory_changes(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished(project / "a-1")
    run = nbt.attach("a-1")
    monkeypatch.chdir("/")
    assert run.state == "done"


# --- --model run:NAME ---

NOT_YET = [
    ("running", "The run a-1 is running, and has no model yet. Wait for it: `%runs a-1` shows how far it is."),
    ("paused", "The run a-1 is paused, and has no model yet. Let it go on: `%runs resume a-1`."),
    ("failed", "The run a-1 is failed, and has no model yet. `%runs a-1` says why; `%runs resume a-1` goes on."),
    ("stopped", "The run a-1 is stopped, and has no model yet. Let it go on: `%runs resume a-1`."),
]


@pytest.mark.parametrize(("state", "message"), NOT_YET)
def test_a_run_that_has_no_model_yet_says_so(terminal: Terminal, project: Path, state: str, message: str) -> None:
    made = running(project / "a-1")
    made.end(state)
    assert terminal.refusal("%%classify --model run:a-1\na joy") == message
    terminal.shell.push({"mine": nbt.attach("a-1")})
    assert terminal.refusal("%%classify --model mine\na joy") == message
    with pytest.raises(UserError, match="has no model yet"):
        nbt.classify(["a joy"], model=nbt.attach("a-1"))


def test_the_model_of_a_run_is_taken_by_its_name(terminal: Terminal, project: Path, models: Path) -> None:
    made = finished(project / "a-1")
    shutil.copytree(models / "tiny", made.files.model)
    made.files.data.mkdir()
    (made.files.data / "description.json").write_text('{"training_task": "classification", "rows": {}}')
    found = terminal.run("%%classify --model run:a-1\na joy")
    assert found.run.model == "run:a-1"
    run = nbt.attach("a-1")
    expected = nbt.classify(["a joy"], model=str(models / "tiny")).scores
    for model in (run, run.model, (run.model, run.tokenizer), "run:a-1", f"run:{run.folder}", run.folder / "model"):
        assert nbt.classify(["a joy"], model=model).scores == pytest.approx(expected)
    assert nbt.tokenize(["a joy"], model="run:a-1").tokens == nbt.tokenize(["a joy"], model=run).tokens
    assert terminal.refusal("%%classify --model run:a-2\na joy").endswith("Did you mean a-1?")


def test_a_variable_that_holds_a_run_is_not_asked_for_its_model(terminal: Terminal, project: Path) -> None:
    running(project / "a-1")
    terminal.shell.push({"mine": nbt.attach("a-1")})
    assert "There is no model 'minilmm'. Did you mean minilm?" in terminal.refusal("%%classify --model minilmm\na joy")


# --- Tab ---


def completions(terminal: Terminal, line: str) -> list[str]:
    _, found = terminal.shell.complete("", line, len(line))
    return found


def test_tab_knows_the_runs(terminal: Terminal, project: Path) -> None:
    finished(project / "a-1")
    running(project / "b-1")
    assert {"a-1", "b-1", "pause", "delete"} <= set(completions(terminal, "%runs "))
    assert completions(terminal, "%runs a") == ["a-1"]
    assert completions(terminal, "%runs stop b") == ["b-1"]
    assert completions(terminal, "%classify texts --model run:") == ["run:b-1", "run:a-1"]
    assert "--folder" in completions(terminal, "%runs --fo")
    assert completions(terminal, "%nbt set folder ") == ["--reset"]


# --- the terminal ---


def test_a_terminal_does_the_same(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = running(project / "a-1")
    assert cli.main(["runs"]) == 0
    assert "a-1" in capsys.readouterr().out
    assert cli.main(["runs", "a-1"]) == 0
    assert "Run a-1" in capsys.readouterr().out
    assert cli.main(["runs", "stop", "a-1"]) == 0
    assert capsys.readouterr().out == "a-1 stops after the step that it is at; its best model is kept.\n"
    assert [message["command"] for message in Controls(made.files.control).new()] == ["stop"]
    assert cli.main(["runs", "stop", "a-2"]) == 1
    assert capsys.readouterr().err == (
        "nbtransformers: There is no run a-2 in nbtransformers-runs. Did you mean a-1?\n"
    )
    assert cli.main(["runs", "delete", "a-1"]) == 1
    assert capsys.readouterr().err.endswith("Type `nbtransformers runs delete a-1 --yes`.\n")
    assert cli.main(["runs", "--folder", "none"]) == 0
    assert "There are no runs in none" in capsys.readouterr().out


def test_a_terminal_lists_runs_without_torch(project: Path) -> None:
    finished(project / "a-1")
    code = "import sys; sys.modules['torch'] = None; from nbtransformers.cli import main; sys.exit(main(['runs']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "a-1" in done.stdout, done.stderr
