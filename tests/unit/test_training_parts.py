"""The parts of a worker, each by itself."""

from __future__ import annotations

import contextlib
import errno
import itertools
import math
import os
import random
import shutil
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nbtransformers.errors import UserError
from nbtransformers.request import DataRef, FinetuneRequest, ModelRef
from nbtransformers.rundir.control import Controls, tell
from nbtransformers.rundir.events import read_events
from nbtransformers.rundir.folder import COMPLETE, RunFolder
from nbtransformers.training import checkpoints, devices
from nbtransformers.training.checkpoints import Marker
from nbtransformers.training.collating import SeededCollator
from nbtransformers.training.commands import Commands
from nbtransformers.training.divergence import DivergedError, Divergence
from nbtransformers.training.evaluating import Evaluation, refuse_unknown
from nbtransformers.training.failing import explained, is_disk_full
from nbtransformers.training.journal import Journal, plain
from nbtransformers.training.named import imported
from nbtransformers.training.rates import Rates
from nbtransformers.training.sampling import grouped_sampler, longest_first
from nbtransformers.training.settings import smaller, steps_of, training_arguments
from nbtransformers.training.tasks.task import Description, Report
from nbtransformers.training.trainer import RunTraining


def request(**settings: Any) -> FinetuneRequest:
    return FinetuneRequest(DataRef("file", "x.csv"), model=ModelRef("bundled", "minilm"), **settings)


# --- the order of rows ---

LENGTHS = st.lists(st.integers(1, 500), min_size=1, max_size=300)


@given(LENGTHS, st.integers(1, 40), st.integers(0, 2**32 - 1), st.integers(0, 30))
def test_an_order_has_every_row_once_and_follows_from_seed_and_epoch(
    lengths: list[int], batch: int, seed: int, epoch: int
) -> None:
    sampler = grouped_sampler(lengths, batch, seed)
    sampler.set_epoch(epoch)
    order = list(sampler)
    assert sorted(order) == list(range(len(lengths)))
    torch.rand(3)
    other = grouped_sampler(lengths, batch, seed)
    list(other)  # another epoch before
    other.set_epoch(epoch)
    assert list(other) == order == list(other)


def test_orders_of_other_epochs_and_seeds_are_others_and_torch_s_numbers_stay() -> None:
    lengths = random.Random(3).choices(range(1, 200), k=500)
    orders = set()
    before = torch.get_rng_state()
    for seed in range(4):
        sampler = grouped_sampler(lengths, 8, seed)
        for epoch in range(4):
            sampler.set_epoch(epoch)
            orders.add(tuple(sampler))
    assert len(orders) == 16  # (42, 1) is not (43, 0)
    assert torch.equal(torch.get_rng_state(), before)


def test_rows_of_a_batch_are_of_like_length() -> None:
    lengths = random.Random(5).choices(range(1, 400), k=2_000)
    order = list(grouped_sampler(lengths, 16, 1))
    padded = sum(16 * max(lengths[row] for row in order[at : at + 16]) for at in range(0, 2_000, 16))
    assert padded < 1.15 * sum(lengths)


def test_an_evaluation_begins_with_the_longest() -> None:
    assert longest_first([3, 9, 9, 1]) == [1, 2, 0, 3]


# --- batches ---


def drawing(rows: list[dict[str, Any]]) -> tuple[float, float, float]:
    return float(torch.rand(())), random.random(), float(np.random.rand())


def test_what_is_drawn_for_a_batch_follows_from_its_rows_and_the_epoch() -> None:
    rows = [{"input_ids": [1, 2, 3]}, {"input_ids": [4]}]
    collator = SeededCollator(drawing, 42)
    first = collator(rows)
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()  # pyright: ignore[reportIndexIssue]
    assert collator(rows) == first
    assert torch.equal(torch.get_rng_state(), states[0])
    assert random.getstate() == states[1]
    assert np.random.get_state()[1].tolist() == states[2]  # pyright: ignore[reportIndexIssue]
    assert collator(rows[::-1]) != first
    assert SeededCollator(drawing, 43)(rows) != first
    with collator.in_evaluation():
        evaluated = collator(rows)
    collator.epoch = 1
    assert collator(rows) != first
    with collator.in_evaluation():
        assert collator(rows) == evaluated != first


# --- steps ---


@given(st.integers(1, 64), st.integers(1, 4), st.integers(1, 400), st.floats(0.1, 5))
def test_a_smaller_part_changes_no_step(batch: int, parts: int, rows: int, epochs: float) -> None:
    asked = request(batch_size=batch, grad_accum=parts, epochs=epochs)
    whole = steps_of(asked, rows)
    micro: int | None = whole.micro_batch
    while (micro := smaller(micro)) is not None:
        steps = steps_of(asked, rows, micro)
        assert steps.micro_batch * steps.accumulation == batch * parts
        assert (steps.per_epoch, steps.total) == (whole.per_epoch, whole.total)
    assert whole.per_epoch == math.ceil(rows / (batch * parts)) or batch > rows


def test_steps_that_are_asked_for_are_those() -> None:
    steps = steps_of(request(batch_size=8, arguments={"max_steps": 7}), 100)
    assert (steps.per_epoch, steps.total) == (13, 7)
    assert steps_of(request(batch_size=8, arguments={"dataloader_drop_last": True}), 100).per_epoch == 12


def test_trainer_is_told_what_was_asked_for_and_keeps_the_directory_s_own_way(tmp_path: Path) -> None:
    asked = request(
        epochs=2.0, lr=3e-4, warmup=0.2, weight_decay=0.1, seed=7, schedule="cosine", batch_size=6, metric="loss",
        arguments={"max_grad_norm": 0.5, "save_steps": 3, "label_smoothing_factor": 0.1},
    )  # fmt: skip
    made = training_arguments(asked, RunFolder(tmp_path), steps_of(asked, 60), "f1", "cpu")
    assert (made.num_train_epochs, made.learning_rate, made.weight_decay, made.seed) == (2.0, 3e-4, 0.1, 7)
    assert made.get_warmup_steps(20) == 4
    assert (made.lr_scheduler_type.value, made.max_grad_norm, made.label_smoothing_factor) == ("cosine", 0.5, 0.1)
    assert (made.metric_for_best_model, made.greater_is_better, made.report_to) == ("loss", False, [])
    assert (made.eval_steps, made.save_total_limit, made.logging_nan_inf_filter) == (10, None, False)


def test_more_of_an_own_metric_is_better_unless_the_user_says_no(tmp_path: Path) -> None:
    for arguments, greater in (({}, True), ({"greater_is_better": False}, False), ({"greater_is_better": True}, True)):
        asked = request(metric="own:cost", arguments=arguments)
        made = training_arguments(asked, RunFolder(tmp_path), steps_of(asked, 60), "f1", "cpu")
        assert (made.metric_for_best_model, made.greater_is_better) == ("cost", greater)


def test_a_setting_that_transformers_refuses_is_told(tmp_path: Path) -> None:
    asked = request(arguments={"fp16": True}, bf16=True)
    with pytest.raises(
        UserError, match=r"Transformers takes these settings for none: .+fp16.+ setting that it names\."
    ):
        training_arguments(asked, RunFolder(tmp_path), steps_of(asked, 60), "f1", "cpu")


@pytest.mark.parametrize(
    ("told", "wanted", "seen", "picked"),
    [
        (None, "auto", "0", "auto"),
        (None, "cuda:2", "2", "cuda"),
        ("3,5", "auto", "3", "auto"),
        ("3,5", "cuda:1", "5", "cuda"),
        ("3,5", "cuda:2", "3,5", "cuda:2"),  # which is refused
        ("", "auto", "", "auto"),
        ("", "cuda:1", "", "cuda:1"),
        ("-1", "cuda", "-1", "cuda"),
        ("0,-1,1", "cuda:2", "0,-1,1", "cuda:2"),
        ("3,5", "cpu", "3,5", "cpu"),
    ],
)
def test_a_gpu_that_is_hidden_stays_hidden(
    told: str | None, wanted: str, seen: str, picked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(devices, "pick_device", lambda device: asked.append(device) or device)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", told or "")
    if told is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert devices.use_one_device(wanted) == picked.partition(":")[0]
    assert (os.environ["CUDA_VISIBLE_DEVICES"], asked) == (seen, [picked])


@pytest.mark.parametrize(
    ("cores", "may", "processes", "used"),
    [(8, 8, 1, 7), (8, 2, 1, 2), (2, 2, 1, 1), (1, 1, 1, 1), (8, 8, 2, 3), (4, 4, 8, 1)],
)
def test_a_core_is_left_to_the_notebook(
    cores: int, may: int, processes: int, used: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "cpu_cores", lambda: cores)
    monkeypatch.setattr(devices, "cpu_threads", lambda: may)
    told: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", told.append)
    devices.leave_a_core(processes)
    assert told == [used]


# --- divergence ---

GOES_WELL: dict[str, list[float]] = {
    "falls": [0.7 * 0.99**step for step in range(400)],
    "noise": [0.7 + 0.6 * random.Random(step).random() for step in range(400)],
    "a few wild steps": [0.7] * 100 + [30.0] * 9 + [0.7] * 100,
    "begins very low": [0.001] * 10 + [0.2] * 300,
}


@pytest.mark.parametrize("losses", GOES_WELL.values(), ids=GOES_WELL)
def test_a_run_that_goes_well_is_left_alone(losses: list[float]) -> None:
    watch = Divergence(len(losses), 1e-4)
    for step, loss in enumerate(losses, 1):
        watch.watch(step, loss, 1.0)


def test_a_loss_far_above_its_start_for_many_steps_is_divergence() -> None:
    watch = Divergence(1_000, 1e-2, before=[0.7] * 20)  # as of a run that was resumed
    with pytest.raises(DivergedError, match=r"began at 0\.7 and has been above 5 for 50 steps") as told:
        for step in range(21, 200):
            watch.watch(step, 5.0)
    assert told.value.hint == "Type a smaller learning rate: `--lr 5e-05`."


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_is_divergence_at_once(loss: float) -> None:
    with pytest.raises(DivergedError, match="The loss is no number any more from step 3 on"):
        Divergence(100, 2e-5).watch(3, loss)


def test_a_gradient_that_is_no_number_is_divergence_and_one_that_is_clipped_is_not() -> None:
    Divergence(100, 2e-5).watch(3, 0.5, math.inf)
    with pytest.raises(DivergedError, match=r"The gradient is no number any more at step 3.+`--lr 2e-06`"):
        Divergence(100, 2e-5).watch(3, 0.5, math.nan)


# --- changes of the learning rate ---


@given(st.lists(st.tuples(st.integers(0, 12), st.sampled_from([0.5, 2.0, 0.3])), max_size=6), st.integers(0, 12))
def test_changes_that_are_made_again_give_the_same_rates(changes: list[tuple[int, float]], resumed_from: int) -> None:
    told: list[dict[str, Any]] = []
    journal: Any = SimpleNamespace(write=lambda kind, **values: told.append(values))

    def trained(rates: Rates, first: int, state: Any, asked: list[tuple[int, float]]) -> tuple[list[float], Any]:
        """The rate of each step, and what a checkpoint of `resumed_from` has, before the commands of that step."""
        weight = torch.nn.Parameter(torch.zeros(1))
        optimizer = torch.optim.SGD([weight], lr=1e-2)
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / 20)
        if state is not None:
            optimizer.load_state_dict(state[0])
            scheduler.load_state_dict(state[1])
        rates.replay(first - 1, optimizer, scheduler)
        used: list[float] = []
        kept: Any = None
        for step in range(first, 13):
            used.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
            if step == resumed_from:
                kept = optimizer.state_dict(), scheduler.state_dict(), rates.applied
            rates.replay(step, optimizer, scheduler)
            for at, factor in asked:
                if at == step:
                    rates.change({"factor": factor}, step, optimizer, scheduler)
        return used, kept

    whole, kept = trained(Rates([], 0, journal), 1, None, changes)
    events = list(told)
    again, _ = trained(Rates(events, kept[2] if kept else 0, journal), resumed_from + 1 if kept else 1, kept, [])
    assert again == whole[-len(again) :] if again else True
    assert told == events


# --- checkpoints ---


def made_checkpoint(run: RunFolder, step: int, marker: Marker | None = None) -> None:
    folder = run.checkpoint(step)
    (folder / "part").mkdir(parents=True)
    (folder / "part" / "weights").write_bytes(b"weights")
    if marker is not None:
        checkpoints.complete(folder, marker)


def test_checkpoints_are_whole_by_their_marker_and_old_ones_go(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    for step in (5, 10, 15, 20):
        made_checkpoint(run, step, Marker(lr_changes=step, finished=step == 20))
    made_checkpoint(run, 25)
    assert run.complete_checkpoints() == [5, 10, 15, 20]
    assert checkpoints.marker_of(run.checkpoint(20)) == Marker(lr_changes=20, finished=True)
    checkpoints.remove_torn(run)
    assert not run.checkpoint(25).exists()
    checkpoints.remove_old(run, best=5)
    assert run.complete_checkpoints() == [5, 15, 20]
    checkpoints.remove_old(run, best=None)
    assert run.complete_checkpoints() == [15, 20]


def test_the_marker_of_a_checkpoint_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunFolder(tmp_path)
    made_checkpoint(run, 5, Marker())

    def killed(folder: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("shutil.rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        checkpoints.remove(run.checkpoint(5))
    assert run.checkpoint(5).exists()
    assert not (run.checkpoint(5) / COMPLETE).exists()


def test_a_step_that_is_saved_again_has_a_whole_checkpoint_wherever_its_worker_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before the first, the second, … change of the disk, and again while that is mended."""
    changes = 0  # that are still made

    def dying(change: Any) -> Any:
        def made(*given: Any, **named: Any) -> Any:
            nonlocal changes
            if changes == 0:
                raise KeyboardInterrupt
            changes -= 1
            return change(*given, **named)

        return made

    for owner, name in ((Path, "rename"), (Path, "replace"), (Path, "unlink"), (Path, "mkdir"), (shutil, "rmtree")):
        monkeypatch.setattr(owner, name, dying(getattr(owner, name)))
    for first, again in itertools.product(range(12), range(6)):
        changes = -1
        run = RunFolder(tmp_path / f"{first}-{again}")
        made_checkpoint(run, 5, Marker())
        changes = first
        with contextlib.suppress(KeyboardInterrupt):
            checkpoints.make_way(run.checkpoint(5))
            made_checkpoint(run, 5, Marker(lr_changes=1))
        changes = again
        with contextlib.suppress(KeyboardInterrupt):
            checkpoints.remove_torn(run)
        changes = -1
        checkpoints.remove_torn(run)
        assert [folder.name for folder in run.checkpoints.iterdir()] == ["checkpoint-5"]
        assert run.complete_checkpoints() == [5]


# --- commands ---


def test_commands_are_kept_until_they_can_be_followed(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    journal = Journal(run.events, 1, None)
    ended = threading.Event()
    commands = Commands(Controls(run.control), journal, ended)
    ids = [tell(run.control, "pause"), tell(run.control, "resume"), tell(run.control, "save")]
    commands.step = 4
    assert commands.look()  # the pause is over already
    assert [event["id"] for event in read_events(run.events) if event["type"] == "control"] == ids[:2]
    assert [message["id"] for message in commands.saves] == ids[2:]
    assert not commands.stopping
    ended.set()
    assert not commands.look()
    assert commands.stopping
    tell(run.control, "pause")
    assert not commands.look()  # a run that is to end is not paused


# --- what is the user's own ---


def test_what_is_named_by_its_import_path_is_found_beside_the_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    Path("own_metrics.py").write_text("def cost(predictions, labels):\n    return 1.5\nlimit = 3\n")
    Path("own_broken.py").write_text("import nothing_of_that_name\n")
    assert imported("own_metrics:cost", "metric")(None, None) == 1.5
    with pytest.raises(UserError, match=r"own_metrics has no function 'cots'\. Did you mean cost\?"):
        imported("own_metrics:cots", "metric")
    with pytest.raises(
        UserError, match=r"`--collator own_broken:x` cannot be imported \(ModuleNotFoundError: .+\)\. Put"
    ):
        imported("own_broken:x", "collator")


DESCRIPTION = Description("classification", {"train": 4, "test": 3}, ("a", "b"))


def writes_nothing(rows: Sequence[int]) -> list[str]:
    raise AssertionError(f"the task has nothing written, and texts are asked for of {rows}")


def evaluation(metric: Any, tmp_path: Path) -> Evaluation:
    seen: list[Any] = []
    task: Any = SimpleNamespace(
        metrics=lambda evaluated: seen.append(evaluated) or {"first": float(evaluated.predictions[0, 0])},
        report=lambda evaluated: Report(confusion=[[1, 0], [0, 2]], labels=("a", "b")),
        writes=False,
    )
    rows: Any = SimpleNamespace(select=lambda numbers: list(numbers))
    made = Evaluation(RunFolder(tmp_path), task, DESCRIPTION, rows, None, ("own:cost", metric) if metric else None)
    made.order = [2, 0, 1]
    return made


PREDICTED = SimpleNamespace(predictions=np.array([[3.0], [1.0], [2.0]]), label_ids=np.array([1, 0, 0]))


def test_predictions_are_measured_in_the_order_of_the_rows(tmp_path: Path) -> None:
    own = evaluation(lambda predictions, labels: (predictions[:, 0] * labels).sum(), tmp_path)
    assert own.metrics(PREDICTED, 7, writes_nothing) == {"first": 1.0, "cost": 3.0}
    assert '"confusion"' in RunFolder(tmp_path).evaluation(7).read_text()
    assert evaluation(None, tmp_path / "none").metrics(PREDICTED, None, writes_nothing) == {"first": 1.0}
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "metric, told",
    [
        (
            lambda predictions, labels: 1 / 0,
            r"`--metric own:cost` failed \(ZeroDivisionError: division by zero\)\. It is",
        ),
        (lambda predictions, labels: "good", r"`--metric own:cost` gave a str\. Let it return a number"),
        (lambda predictions, labels: {"x": None}, r"`--metric own:cost` gave a NoneType\."),
    ],
)
def test_a_metric_that_gives_no_number_is_told(metric: Any, told: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=told):
        evaluation(metric, tmp_path).metrics(PREDICTED, None, writes_nothing)


def test_a_metric_that_is_not_there_is_told_with_the_nearest() -> None:
    refuse_unknown("f1", {"f1": 0.5})
    with pytest.raises(UserError, match=r"There is no metric 'acuracy'\. Did you mean accuracy\?"):
        refuse_unknown("acuracy", {"accuracy": 0.5, "loss": 1.0})


def test_the_rows_of_a_trial_are_not_those_of_the_evaluations_after_it() -> None:
    class Trying(RunTraining):
        def __init__(self) -> None:
            self.attempt: Any = SimpleNamespace(dry=False)

        def get_eval_dataloader(self, eval_dataset: Any = None) -> Any:
            self._eval_dataloaders = {"eval": eval_dataset}  # as with workers that stay
            return eval_dataset

        def evaluation_loop(self, dataloader: Any, *given: Any, **named: Any) -> Any:
            assert self.attempt.dry
            return SimpleNamespace(metrics={"eval_rows": len(dataloader), "eval_runtime": 1.0})

    trying = Trying()
    assert trying.try_metrics([1, 2])["rows"] == 2
    assert not hasattr(trying, "_eval_dataloaders")
    assert not trying.attempt.dry


# --- what is told ---


def test_numbers_are_told_as_json_has_them() -> None:
    told = {"a": np.float32(0.5), "b": [np.int64(2), math.nan], "c": torch.tensor(3.0), "d": (True, None, "x")}
    assert plain(told) == {"a": 0.5, "b": [2, None], "c": 3.0, "d": [True, None, "x"]}


def test_a_full_disk_is_known_by_whatever_says_so(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    wrapped = RuntimeError("something else")
    wrapped.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    for error in (
        OSError(errno.EDQUOT, "quota"),
        RuntimeError("I/O error: No space left on device (os error 28)"),
        wrapped,
    ):
        assert is_disk_full(error, run)
    assert not is_disk_full(OSError(errno.ENOENT, "gone"), run)
    assert not is_disk_full(RuntimeError("unexpected pos 3 vs 2"), run)  # there is room here: it is something else
    assert "It has no checkpoint yet." in explained(wrapped, run).message
