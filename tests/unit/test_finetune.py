"""What `finetune` and `%finetune` make of what they are given, and that nothing is left of a run that cannot begin."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import weakref
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import helpers
import pandas as pd
import pytest
from filelock import FileLock
from helpers import Terminal
from rundirs import Written

import nbtransformers as nbt
from nbtransformers.doors.finetune import finetune_request, wait_well
from nbtransformers.errors import Interrupted, UserError
from nbtransformers.inputs.refs import data_ref
from nbtransformers.loading.registry import REGISTRY, LoadedModel
from nbtransformers.magics import options
from nbtransformers.progress import Progress
from nbtransformers.request import DataRef, FinetuneRequest, ModelRef
from nbtransformers.request.finetune import USUAL_LR
from nbtransformers.rundir import heartbeat, state
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.training import arguments, launch, packages
from nbtransformers.training.source import keep_source, starting_model

FRAME = pd.DataFrame({"review": ["a joy", "too long", "good", "bad"] * 5, "stars": ["up", "down"] * 10})
SETUP = """
import pandas as pd
df = pd.DataFrame({"review": ["a joy", "too long", "good", "bad"] * 5, "stars": ["up", "down"] * 10})
held_out = df.head(4)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory; what is given is its folder of runs."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "nbtransformers-runs"


@pytest.fixture
def started(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[str]]]:
    """The commands of the workers that are started; this process stands for each, and does nothing."""
    commands: list[list[str]] = []

    def start(command: list[str], log: Path) -> int:
        commands.append(command)
        return os.getpid()

    monkeypatch.setattr(launch, "start_detached", start)
    yield commands


def asked(**given: Any) -> FinetuneRequest:
    """The request of a call on a frame."""
    return finetune_request(*data_ref(FRAME), **given)[0]


# --- from arguments to a request ---


def test_a_request_says_what_was_given_and_the_rest_is_as_usual() -> None:
    request = asked(text="review", label="stars", epochs=1, lr=3e-5, task="classification", report_to="tensorboard")
    assert request == FinetuneRequest(
        DataRef("variable", "data"),
        text="review",
        label=("stars",),
        model=ModelRef("bundled", "minilm"),
        epochs=1,
        lr=3e-5,
        training_task="classification",
        report_to=("tensorboard",),
    )
    assert asked(label=["a", "b"]).label == ("a", "b")


def test_a_request_is_written_and_read_back() -> None:
    request = asked(text="review", label=["a", "b"], max_grad_norm=0.5, lr_scheduler_kwargs={"num_cycles": 2})
    request = replace(request, test=DataRef("file", "test.csv", encoding="utf-8"))
    assert FinetuneRequest.from_json(request.to_json()) == request


def test_fields_of_training_arguments_go_by_their_own_names() -> None:
    given = {"max_grad_norm": 1, "optim": "adamw_torch", "dataloader_num_workers": 3, "gradient_checkpointing": True}
    assert asked(**given).arguments == given


REFUSED = [
    ({"epoch": 1}, "finetune() has no argument epoch. Did you mean epochs?"),
    ({"max_grad_nrom": 1}, "finetune() has no argument max_grad_nrom. Did you mean max_grad_norm?"),
    ({"arguments": {"optim": "adafactor"}}, "finetune() has no argument arguments."),
    ({"gpus": 2, "device": "cpu"}, '`gpus=2` and `device="cpu"` are both given. Leave one of the two out.'),
    ({"gpus": 3}, "`batch_size=16` has no equal parts for 3 GPUs. Type `batch_size=15`."),
    ({"gpus": 2, "method": "head"}, '`method="head"` is for one GPU. Leave `gpus` out.'),
    ({"gpus": 2, "find_lr": True}, "`find_lr` is for one GPU. Leave `gpus` out."),
    ({"learning_rate": 1}, "`learning_rate` is called otherwise here. Type `lr`."),
    ({"output_dir": "x"}, "`output_dir` is decided by the run itself. Leave `output_dir` out."),
    (
        {"dataloader_persistent_workers": True},
        "`dataloader_persistent_workers` is decided by the run itself. Leave `dataloader_persistent_workers` out.",
    ),
    (
        {"greater_is_better": False, "metric": "f1"},
        "`greater_is_better` is for a metric of your own. Leave `greater_is_better` out, "
        'or type `metric="module:function"`.',
    ),
    ({"hub_token": "x"}, "A token would be written into the run directory. Type `hf auth login`."),
    ({"max_grad_norm": "1"}, "`max_grad_norm` is '1', a str. It takes float."),
    ({"dataloader_num_workers": True}, "`dataloader_num_workers` is True, a bool. It takes int."),
    ({"max_steps": 0}, "`max_steps` is 0. Type a number above 0: `max_steps=100`."),
    ({"text": 3}, "data has no column '3'. It has"),
    ({"text": "stars"}, "'stars' of data is named twice. Name one column of texts, another of labels."),
    ({"optim": "adafacto"}, "`optim` cannot be 'adafacto'. Did you mean adafactor?"),
    ({"debug": [object]}, "`debug` is [<class 'object'>]. Give what can be written to a file."),
    ({"schedule": "cosin"}, "There is no schedule 'cosin'. Did you mean cosine?"),
    ({"method": "lorra"}, "There is no method 'lorra'. Did you mean lora?"),
    ({"lora_rank": 4}, '`lora_rank` is for an adapter, and the method is full. Type `method="lora"`.'),
    ({"method": "lora", "lora_rank": 0}, "`lora_rank` is 0. "),
    ({"method": "lora", "lora_alpha": -1.0}, "`lora_alpha` is -1.0. Type a number above 0: `lora_alpha=16`."),
    ({"method": "lora", "lora_dropout": 1}, "`lora_dropout` is 1. Type a share below 1: `lora_dropout=0.1`."),
    ({"method": "lora", "lora_modules": "qeury"}, "The model has no layer qeury for an adapter. Did you mean query?"),
    ({"task": "classify"}, "There is no task 'classify'. Did you mean classification?"),
    ({"batch_size": 0}, "`batch_size` is 0. Type a whole number of 1 or more: `batch_size=1`."),
    ({"epochs": 0}, "`epochs` is 0. Type a number above 0: `epochs=3`."),
    ({"lr": -1}, "`lr` is -1. Type a number above 0: `lr=2e-5`."),
    ({"warmup": 1.5}, "`warmup` is 1.5. Type a share below 1: `warmup=0.1`."),
    ({"test_share": 0}, "`test_share` is 0. Type a share below 1: `test_share=0.1`."),
    ({"weight_decay": -1}, "`weight_decay` is -1. Type `weight_decay=0.01`."),
    ({"seed": -1}, "`seed` is -1. Type a whole number such as `seed=42`."),
    ({"early_stopping": 0}, "`early_stopping` is 0. Type a whole number of 1 or more: `early_stopping=1`."),
    ({"model": "minilmm"}, "There is no model 'minilmm'. Did you mean minilm?"),
    ({"tokenizer": "x"}, "`tokenizer` is for a model of your own, in a variable. Leave `tokenizer` out."),
    ({"folder": 3}, '`folder` is 3, an int. Type `folder="runs"`.'),
    ({"name": 3}, 'The name of a run is text, and this is an int. Type `name="first"`.'),
    ({"name": "a/b"}, "A run cannot be called 'a/b'. Use letters, digits, `-`, `_` and `.`."),
    ({"device": "cuda:99"}, "There is no CUDA device"),
    ({"report_to": "tensorbord"}, "Reports cannot go to 'tensorbord'. Did you mean tensorboard?"),
    ({"report_to": ["codecarbon"]}, "Reports to codecarbon need its package. Type `pip install codecarbon`."),
    ({"metric": "acuracy"}, "There is no metric 'acuracy'. Did you mean accuracy?"),
    ({"metric": "f2"}, "There is no metric 'f2'. There are accuracy, f1, precision, recall, loss."),
    ({"metric": "no_module:f1"}, '`metric="no_module:f1"` cannot be imported (ModuleNotFoundError'),
    ({"collator": "math:floorr"}, "math has no function 'floorr'. Did you mean floor?"),
    ({"label": "star"}, ""),
]


@pytest.mark.parametrize(("given", "message"), REFUSED, ids=[str(given) for given, _ in REFUSED])
def test_what_cannot_be_is_refused_in_one_line_and_leaves_nothing(
    started: list[list[str]], project: Path, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError) as caught:
        nbt.finetune(FRAME, **{"text": "review", "label": "stars", **given})
    assert str(caught.value).startswith(message)
    assert not started
    assert not project.exists() or list(project.iterdir()) == []


def test_text_on_a_line_becomes_the_value_of_a_field() -> None:
    known = arguments.known_fields()
    for name, text, value in (
        ("max_grad_norm", "0.5", 0.5),
        ("max_steps", "1,000", 1000),
        ("fp16", "true", True),
        ("dataloader_pin_memory", "no", False),
        ("optim", "adafactor", "adafactor"),
        ("lr_scheduler_kwargs", '{"num_cycles": 2}', {"num_cycles": 2}),
        ("debug", "underflow_overflow", ["underflow_overflow"]),
        ("eval_steps", "0.1", 0.1),
    ):
        assert arguments.from_text(known[name], name, text) == value
    with pytest.raises(UserError, match=r"`--max-steps` cannot be 'ten'\. Type `--max-steps 8`\."):
        arguments.from_text(known["max_steps"], "max-steps", "ten")


# --- a run that begins ---


def test_a_run_begins_with_everything_in_its_directory(started: list[list[str]], project: Path) -> None:
    run = nbt.finetune(FRAME, text="review", label="stars", model="minilm", epochs=1, name="first")
    assert (run.name, run.folder, run.state) == ("first", project / "first", "starting")
    assert {"data", "environment.json", "heartbeat.json", "request.json"} <= {p.name for p in run.folder.iterdir()}
    assert run.request.model == ModelRef("bundled", "minilm")
    assert run.description["rows"] == {"train": 16, "test": 4}
    told = json.loads(run.files.environment.read_text())
    assert told["packages"]["nbtransformers"] == nbt.__version__
    assert [command[1:] for command in started] == [
        ["-m", "nbtransformers.training.worker", str(run.folder), "--control-from", "0"]
    ]
    with pytest.raises(UserError) as caught:
        nbt.finetune(FRAME, text="review", label="stars", name="first")
    assert str(caught.value) == (
        'There is a run first already, in nbtransformers-runs. Type another name, such as `name="first-1"`.'
    )
    assert run.request.epochs == 1
    assert nbt.finetune(FRAME, text="review", label="stars").name == "minilm-1"
    assert nbt.finetune(FRAME, text="review", label="stars").name == "minilm-2"


def test_a_model_in_memory_is_kept_in_the_run(started: list[list[str]], project: Path) -> None:
    model, tokenizer = helpers.classifier(), helpers.tokenizer()
    run = nbt.finetune(FRAME, text="review", label="stars", model=model, tokenizer=tokenizer)
    assert run.name == "model-1"
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= {path.name for path in run.files.source.iterdir()}
    ref = starting_model(run.request, run.files)
    assert ref == ModelRef("folder", str(run.files.source))
    assert nbt.classify(["a joy"], model=ref.name).scores == pytest.approx(
        nbt.classify(["a joy"], model=model, tokenizer=tokenizer).scores
    )


def test_a_model_that_another_process_does_not_know_is_refused(project: Path) -> None:
    from transformers import BertForSequenceClassification

    class OwnModel(BertForSequenceClassification):
        pass

    own = OwnModel(helpers.bert_config())
    with pytest.raises(UserError, match="The class OwnModel is your own, and the process that trains does not know it"):
        nbt.finetune(FRAME, text="review", label="stars", model=(own, helpers.tokenizer()))
    adapted = helpers.classifier()
    adapted.peft_config = {}
    request = FinetuneRequest(DataRef("variable", "data"), model=ModelRef("variable", "m"))
    with pytest.raises(UserError, match="weights with an adapter on top"):
        keep_source(request, {"m": (adapted, helpers.tokenizer())}, RunFolder(project))
    assert list(project.iterdir()) == []


@pytest.fixture
def seen_of_a_gpu(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """As if there were one GPU with a model on it: what is asked of it, and whether the model is still in memory."""
    import torch

    def on_the_gpu() -> LoadedModel:
        model = helpers.classifier()
        model.own = [model]  # it holds itself, as models with hooks do
        return LoadedModel("other", model, helpers.tokenizer(), None, "cuda:0", "float32")

    held = weakref.ref(REGISTRY.get("other", 1, on_the_gpu)[0].model)
    seen: list[tuple[str, bool]] = []
    for name, gives in {
        "is_available": lambda: True,
        "is_initialized": lambda: True,
        "device_count": lambda: 1,
        "get_device_name": lambda _: "none",
        "empty_cache": lambda: seen.append(("emptied", held() is not None)),
        "mem_get_info": lambda _: (seen.append(("asked", held() is not None)), 2**40)[1:] * 2,
    }.items():
        monkeypatch.setattr(torch.cuda, name, gives)
    return seen


def test_a_gpu_is_left_to_the_run_before_its_memory_is_estimated(
    started: list[list[str]], project: Path, seen_of_a_gpu: list[tuple[str, bool]]
) -> None:
    nbt.finetune(FRAME, text="review", label="stars")
    assert seen_of_a_gpu == [("emptied", False), ("asked", False)]  # what it takes, only a torch with CUDA counts


def test_a_gpu_is_left_to_a_run_that_goes_on(
    started: list[list[str]], project: Path, seen_of_a_gpu: list[tuple[str, bool]]
) -> None:
    run = nbt.finetune(FRAME, text="review", label="stars", model=(helpers.classifier(), helpers.tokenizer()))
    run.files.heartbeat.unlink()
    seen_of_a_gpu.clear()
    REGISTRY.get("another", 1, lambda: LoadedModel("another", helpers.classifier(), None, None, "cuda:0", "float32"))
    run.resume()
    assert [what for what, _ in seen_of_a_gpu] == ["emptied"]
    assert "another" not in [loaded.name for loaded in REGISTRY.loaded()]


def test_a_run_on_the_cpu_leaves_the_gpu_as_it_is(
    started: list[list[str]], project: Path, seen_of_a_gpu: list[tuple[str, bool]]
) -> None:
    nbt.finetune(FRAME, text="review", label="stars", device="cpu")
    assert not seen_of_a_gpu
    REGISTRY.forget("other")


# --- a run that does not begin ---


def finds_no_room(project: Path, said: str) -> None:
    """A run that has no room says so, and leaves nothing."""
    with pytest.raises(UserError) as caught:
        nbt.finetune(FRAME, text="review", label="stars", name="first")
    assert str(caught.value) == f'{said} Make room, or give another folder: `folder="runs"`.'
    assert list(project.iterdir()) == []


def test_a_full_disk_leaves_nothing(started: list[list[str]], project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(launch, "keep_source", full)
    finds_no_room(project, "The run first cannot be written into nbtransformers-runs: No space left on device.")


def test_a_disk_without_room_for_a_checkpoint_is_told_before_anything_is_read(
    started: list[list[str]], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(project.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=100_000_000))
    finds_no_room(project, "A checkpoint and the model take 363.4 MB, and 100.0 MB are free in nbtransformers-runs.")


def test_an_interrupt_before_the_worker_leaves_nothing(
    started: list[list[str]], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(launch, "keep_source", interrupted)
    with pytest.raises(Interrupted, match="Interrupted before the run began; nothing is left of it"):
        nbt.finetune(FRAME, text="review", label="stars")
    assert list(project.iterdir()) == []
    assert not started


def test_a_run_that_is_being_prepared_is_known_by_its_kernel(
    started: list[list[str]], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    def look(*_: Any) -> None:
        seen.append(heartbeat.is_alive(heartbeat.read(project / "first" / "heartbeat.json")))

    monkeypatch.setattr(launch, "keep_source", look)
    run = nbt.finetune(FRAME, text="review", label="stars", name="first")
    assert (run.state, seen) == ("starting", [True])


def test_a_worker_that_cannot_be_started_leaves_nothing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> int:
        raise UserError("No process can be started: no memory.")

    monkeypatch.setattr(launch, "start_detached", refused)
    with pytest.raises(UserError, match="No process can be started"):
        nbt.finetune(FRAME, text="review", label="stars")
    assert list(project.iterdir()) == []


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), MemoryError()], ids=["disk", "memory"])
def test_a_worker_that_was_started_keeps_its_directory_or_is_ended(
    project: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as worker:
        of_process = heartbeat.of_process

        def of(pid: int) -> heartbeat.Heartbeat:
            if pid == worker.pid:
                raise error
            return of_process(pid)

        monkeypatch.setattr(launch, "start_detached", lambda *_: worker.pid)
        monkeypatch.setattr(heartbeat, "of_process", of)
        if isinstance(error, OSError):  # the worker gives signs of life itself
            assert nbt.finetune(FRAME, text="review", label="stars").files.request.exists()
            assert worker.poll() is None
            worker.kill()
        else:
            with pytest.raises(MemoryError):
                nbt.finetune(FRAME, text="review", label="stars")
            assert list(project.iterdir()) == []
            assert worker.poll() is not None


def test_packages_that_are_lacking_are_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "_NEEDED", {"no_such_module": "no-such-package"})
    for others in ({}, {"max_steps": 5}):  # fields of TrainingArguments cannot be known without them
        with pytest.raises(
            UserError, match=r'Training needs no-such-package\. Type `pip install "nbtransformers\[train\]"`'
        ):
            nbt.finetune(FRAME, text="review", label="stars", **others)
    assert list(project.iterdir()) == []


def test_an_adapter_needs_its_package(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(UserError, match=r'`method="lora"` needs peft\. Type `pip install "nbtransformers\[train\]"`'):
        nbt.finetune(FRAME, text="review", label="stars", method="lora")
    assert list(project.iterdir()) == []


# --- a run that goes on ---


def test_a_dead_run_goes_on_with_what_it_is_told_from_now_on(started: list[list[str]], project: Path) -> None:
    run = nbt.finetune(FRAME, text="review", label="stars")
    run.pause()
    heard = run.files.control.stat().st_size
    run.files.heartbeat.unlink()
    assert run.state == "dead"
    run.resume()
    assert run.state == "starting"
    assert started[1][-2:] == ["--control-from", str(heard)]
    beat = heartbeat.read(run.files.heartbeat)
    assert beat is not None
    assert beat.pid == os.getpid()


def test_a_run_whose_worker_seems_dead_and_holds_the_lock_is_left_alone(
    started: list[list[str]], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "_ENDING_S", 0.0)
    run = nbt.finetune(FRAME, text="review", label="stars", name="a-1")
    run.files.heartbeat.unlink()
    with FileLock(run.files.lock):
        for doing in (run.resume, run.delete):
            with pytest.raises(UserError) as caught:
                doing()
            assert str(caught.value) == "A worker is at work in the run a-1. Wait until it has ended."
    assert not run.files.heartbeat.exists()
    assert len(started) == 1
    run.delete()
    assert list(project.iterdir()) == []


def test_a_disk_that_is_still_full_is_told_when_a_run_is_to_go_on(
    started: list[list[str]], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = nbt.finetune(FRAME, text="review", label="stars", name="a-1")
    run.files.heartbeat.unlink()

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(heartbeat.Heartbeat, "write", full)
    with pytest.raises(UserError) as caught:
        run.resume()
    assert str(caught.value) == (
        "The run a-1 cannot go on: No space left on device. "
        "Make room, or mend what is named, and type `%runs resume a-1`."
    )
    assert (run.state, len(started)) == ("dead", 1)


def test_a_run_is_deleted_beside_what_is_left_of_another_of_its_name(started: list[list[str]], project: Path) -> None:
    left: set[Path] = set()
    for _ in range(2):
        run = nbt.finetune(FRAME, text="review", label="stars", name="a-1")
        run.files.heartbeat.unlink()
        with pytest.MonkeyPatch.context() as patch:  # a kernel that ends on the way
            patch.setattr(shutil, "rmtree", lambda _: None)
            run.delete()
        left |= set(project.iterdir())
        assert len(nbt.runs()) == 0
    assert len(left) == 2


def test_a_run_whose_data_have_changed_does_not_go_on(started: list[list[str]], project: Path) -> None:
    run = nbt.finetune(FRAME, text="review", label="stars")
    run.files.heartbeat.unlink()
    train = run.files.data / "train.arrow"
    changed = bytearray(train.read_bytes())
    changed[-20] ^= 1
    train.write_bytes(changed)
    with pytest.raises(UserError) as caught:
        run.resume()
    assert str(caught.value) == (
        "The data of the run minilm-1 are not those that it began with. Begin another run with them: `%finetune`."
    )
    assert run.state == "dead"
    assert len(started) == 1


@pytest.mark.parametrize("ends", ["done", "stopped"])
def test_an_interrupt_in_the_last_step_stops_nothing(project: Path, ends: str) -> None:
    made = Written(project / "a-1")
    made.begin()
    made.step([1])

    def on_progress(progress: Progress) -> None:
        if progress.message.endswith("stopping"):
            made.end(ends)
        else:
            signal.raise_signal(signal.SIGINT)

    told = nullcontext() if ends == "done" else pytest.raises(Interrupted, match="The run a-1 was stopped at step 1")
    with told:
        wait_well(nbt.attach("a-1"), on_progress)


def test_what_to_type_says_where_a_run_is(terminal: Terminal, project: Path) -> None:
    made = Written(project.parent / "other runs" / "a-1")
    made.begin()
    with pytest.raises(UserError) as caught:
        nbt.attach("a-1", folder=made.files.path.parent).delete()
    assert str(caught.value) == "The run a-1 is running. Stop it first: `%runs stop a-1 --folder 'other runs'`."
    assert terminal.printed("%runs stop a-1 --folder 'other runs'").startswith("a-1 stops after the step")


# --- %finetune ---


def test_the_usual_learning_rates_are_those_of_the_help() -> None:
    (said,) = (one.help for one in options.FINETUNE if one.name == "lr")
    told = [float(rate) for rate in re.findall(r"\de-\d", said)]
    assert told == [USUAL_LR["full"], USUAL_LR["lora"], USUAL_LR["head"]]
    assert USUAL_LR["qlora"] == USUAL_LR["lora"]


def test_a_line_says_the_same_as_a_call(terminal: Terminal, started: list[list[str]]) -> None:
    terminal.run(SETUP)
    run = terminal.run(
        "%finetune df --text review --label stars --model minilm --epochs 2 --lr 3e-5 --batch-size 8 --grad-accum 2 "
        "--warmup 0.05 --schedule cosine --weight-decay 0 --max-length 64 --seed 1 --early-stopping 2 --metric f1 "
        "--max-grad-norm 0.5 --gradient-checkpointing --test held_out --name mine --out kept"
    )
    assert terminal.shell.user_ns["kept"] is run
    assert run.name == "mine"
    assert run.request == FinetuneRequest(
        DataRef("variable", "df"),
        test=DataRef("variable", "held_out"),
        text="review",
        label=("stars",),
        model=ModelRef("bundled", "minilm"),
        epochs=2,
        lr=3e-5,
        batch_size=8,
        grad_accum=2,
        warmup=0.05,
        schedule="cosine",
        weight_decay=0,
        max_length=64,
        seed=1,
        early_stopping=2,
        metric="f1",
        arguments={"max_grad_norm": 0.5, "gradient_checkpointing": True},
    )
    assert run.description["rows"] == {"train": 20, "test": 4}


def test_less_of_an_own_metric_may_be_better(terminal: Terminal, started: list[list[str]]) -> None:
    terminal.run(SETUP)
    run = terminal.run("%finetune df --text review --label stars --metric math:dist --greater-is-better false")
    assert run.request.arguments == {"greater_is_better": False}


def test_data_are_a_variable_a_file_or_what_data_says(
    terminal: Terminal, started: list[list[str]], tmp_path: Path
) -> None:
    FRAME.to_csv(tmp_path / "reviews.csv", index=False)
    for typed, kind in (("reviews.csv", "file"), ("--data reviews.csv", "file"), ("frame[:10]", "variable")):
        terminal.shell.push({"frame": FRAME})
        run = terminal.run(f"%finetune {typed} --text review --label stars")
        assert run.request.data.kind == kind
    assert terminal.run("%finetune frame --text review --label stars;") is None


LINES = [
    ("%finetune", "There is nothing to learn from. Type `%finetune VARIABLE`, or `%finetune FILE`."),
    ("%finetune df --data df", "There is `--data`, and also df on the line. Leave one of the two out."),
    ("%finetune df --modle minilm", "%finetune has no option --modle. Did you mean --model?"),
    ("%finetune df --max-grad-nrom 1", "%finetune has no option --max-grad-nrom. Did you mean --max-grad-norm?"),
    ("%finetune df --learning-rate 1", "`--learning-rate` is called otherwise here. Type `--lr`."),
    ("%finetune df --max-steps ten", "`--max-steps` cannot be 'ten'. Type `--max-steps 8`."),
    ("%finetune df --optim adafacto", "`--optim` cannot be 'adafacto'. Did you mean adafactor?"),
    ("%finetune df --method lorra", "`--method` cannot be 'lorra'. Did you mean `--method lora`?"),
    ("%finetune df --epochs few", "`--epochs` is 'few', not a number. Type a number such as `--epochs 0.5`."),
    ("%finetune df --lr 0", "`--lr` is 0.0. Type a number above 0: `--lr 2e-5`."),
    ("%finetune dff --label stars", "There is no variable dff. Did you mean df?"),
    ("%runs --diff a", "`--diff` takes the names of two runs. Type `%runs --diff minilm-1 minilm-2`."),
    (
        "%runs stops a-1",
        "`%runs stops a-1` is not known. "
        "Type `%runs`, `%runs NAME`, or one of pause, resume, stop, save, delete with the name of a run.",
    ),
    ("%runs stop", "`%runs stop` names no run. Type `%runs stop NAME`; `%runs` lists all."),
    ("%runs none", "There is no run none in nbtransformers-runs. Start one with `%finetune`."),
]


@pytest.mark.parametrize(("line", "message"), LINES, ids=[line for line, _ in LINES])
def test_a_line_that_cannot_be_is_refused(
    terminal: Terminal, started: list[list[str]], line: str, message: str
) -> None:
    terminal.run(SETUP)
    assert terminal.refusal(line) == message
    assert not started


def test_tab_completes_options_and_columns(terminal: Terminal, project: Path) -> None:
    terminal.run(SETUP)

    def offered(line: str) -> list[str]:
        return terminal.shell.complete("", line, len(line))[1]

    assert offered("%finetune df --text r") == ["review"]
    assert offered("%finetune df --label ") == ["review", "stars"]
    assert offered("%finetune df --metho") == ["--method"]
    assert offered("%finetune df --label-smooth") == ["--label-smoothing-factor"]
    assert offered("%finetune df --method f") == ["full"]
    assert offered("%finetune df --task cl") == ["classification"]
    assert "held_out" in offered("%finetune df --test h")
