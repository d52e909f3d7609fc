"""The plain program of a training run trains the same model, step by step, where this package cannot be imported."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from oracle.bare import Bare
from oracle.test_code import checked
from oracle.tiny import save_tiny
from test_training_tasks_worker import DATA, TEMPLATE, TEXTS
from training_runs import ForkedWorker, events, new_run, tiny_bert, told, until, weights, work
from training_runs import one_thread as one_thread  # the fixture
from transformers import AutoTokenizer

import nbtransformers as nbt
from nbtransformers.errors import UserError
from nbtransformers.loading.heads import HEADS
from nbtransformers.magics import last, nbt_code
from nbtransformers.results.trainingrun import TrainingRun
from nbtransformers.rundir.control import tell
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.training.tasks import task_named

_SAID = "{% generation %}{{ message['content'] }} . {% endgeneration %}"
MARKED = (
    "{% for message in messages %}{{ message['role'] }} : "
    "{% if message['role'] == 'assistant' %}" + _SAID + "{% else %}{{ message['content'] }} . {% endif %}"
    "{% endfor %}{% if add_generation_prompt %}assistant : {% endif %}"
)
TAGGED = [["@ann", "sees", "U.N.", "film"]] * 16
TAGS = ["B-PER", "O", "B-ORG", "I-ORG"]
SUMMARISES = {
    **{"min_length": 56, "max_length": 142, "num_beams": 4, "no_repeat_ngram_size": 3, "length_penalty": 2.0},
    **{"decoder_start_token_id": 102, "eos_token_id": 102, "pad_token_id": 0, "forced_eos_token_id": 102},
}
MANY = [f"a {'good ' * (number % 5)}film number {number}" for number in range(40)]

# What the tasks themselves do not ask for: the architecture, the data, the settings, and how the model is changed.
MORE: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "tokens of several words": ("bert", {"tokens": TAGGED, "ner_tags": [TAGS] * 16}, {}),
    "tokens without entities": (
        "distilbert",
        {"tokens": [text.split() for text in TEXTS], "ner_tags": [["DET", "ADJ", "NOUN", "X", "NUM"]] * 16},
        {},
    ),
    "classification by an encoder-decoder": ("bart", DATA["classification"][1], {"metric": "accuracy"}),
    "multi-label by bfloat16, stopped early": (
        "bert",
        DATA["multi-label"][1],
        {"bf16": True, "early_stopping": 1, "epochs": 6.0, "lr": 1e-9},
    ),
    "regression in parts": (
        "bert",
        DATA["regression"][1],
        {"grad_accum": 2, "batch_size": 3, "metric": "mae", "epochs": 2.0},
    ),
    "regression with one test row": ("bert", DATA["regression"][1], {"test_share": 0.05}),
    "causal in parts": ("llama", {"text": MANY}, {"grad_accum": 3, "batch_size": 2, "epochs": 2.0, "max_length": 6}),
    "masked in parts, by LoRA": (
        "bert",
        {"text": MANY},
        {"grad_accum": 2, "method": "lora", "schedule": "cosine", "epochs": 2.0},
    ),
    "masked with a new head, by a bare encoder that does not say what it is": (
        "bert",
        {"text": MANY},
        {"training_task": "masked"},
    ),
    "classification by its head": ("roberta", DATA["classification"][1], {"method": "head", "epochs": 2.0}),
    "classification by its head and a pooler": ("bert", {"text": MANY, "label": ["a", "b"] * 20}, {"method": "head"}),
    "multi-label by its head in parts": (
        "distilbert",
        DATA["multi-label"][1],
        {"method": "head", "grad_accum": 2, "batch_size": 3, "epochs": 2.0},
    ),
    "regression by its head": ("electra", DATA["regression"][1], {"method": "head", "epochs": 2.0}),
    "tokens by the head": ("bert", DATA["tokens"][1], {"method": "head"}),
    "seq2seq by LoRA": ("bart", DATA["seq2seq"][1], {"method": "lora"}),
    "seq2seq of pairs": (
        "bart",
        {**DATA["seq2seq"][1], "question": ["which film ?", "what is it ?"] * (len(TEXTS) // 2)},
        {"text": "text", "pair": "question", "label": ("target",), "training_task": "seq2seq"},
    ),
    "seq2seq by a model that says how long a text is, evaluated in parts": (
        "bart",
        DATA["seq2seq"][1],
        {"arguments": {"per_device_eval_batch_size": 3}, "test_share": 0.4},
    ),
    "causal of marked chats": ("gpt2", DATA["causal of chats"][1], {"max_length": 9}),
}
CASES = {**DATA, **MORE}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bare]:
    interpreter = Bare(tmp_path_factory.mktemp("bare") / "log")
    yield interpreter
    interpreter.close()


def _run(kind: str, folder: Path) -> RunFolder:
    architecture, data, asked = CASES[kind]
    name = kind.split()[0].replace("pairs", "classification")
    given = "AutoModel" if "bare" in kind else HEADS[task_named(name).head].auto_class  # pyright: ignore[reportArgumentType]
    loader = getattr(transformers, given)
    model = save_tiny(architecture, folder / "start", 2, kind=loader, initializer_range=0.02)
    if "bare" in kind:
        settings = json.loads((model / "config.json").read_text())
        (model / "config.json").write_text(json.dumps({**settings, "architectures": None}))
    if "says how long" in kind:  # as models that were taught to summarise do, for texts longer than these
        transformers.GenerationConfig(**SUMMARISES).save_pretrained(model)
    tokenizer = AutoTokenizer.from_pretrained(model)
    tokenizer.mask_token, tokenizer.chat_template = "[MASK]", MARKED if "marked" in kind else TEMPLATE
    tokenizer.save_pretrained(model)
    settings = {"text": None, "label": (), "epochs": 1.0, "batch_size": 4, "arguments": {}, **asked}
    run = new_run(folder / "run", model, data, **settings)  # pyright: ignore[reportArgumentType]
    assert work(run) == 0
    return run


def _computing(kind: Any, config: Any) -> Any:
    raise NotImplementedError("Cannot copy out of meta tensor; no data!")  # which is torch's own word for it


def _same(run: RunFolder, table: list[dict[str, Any]], *, rounding: float = 0.0, has_evaluations: bool = True) -> None:
    """Every step, bit for bit unless there may be rounding, and every evaluation."""
    steps = [event for event in told(run) if event["type"] == "step"]
    logged = [row for row in table if "loss" in row]
    for mine, theirs in (("loss", "loss"), ("learning_rate", "lr"), ("grad_norm", "grad_norm")):
        assert [row[mine] for row in logged] == pytest.approx([step[theirs] for step in steps], rel=rounding, abs=0), (
            mine
        )
    evaluations = [event["metrics"] for event in told(run) if event["type"] == "eval"]
    evaluated = [row for row in table if "eval_loss" in row]
    assert bool(evaluations) is has_evaluations and len(evaluated) == len(evaluations)
    for row, metrics in zip(evaluated, evaluations, strict=True):
        assert {name: row.get(f"eval_{name}") for name in metrics} == pytest.approx(
            metrics, rel=max(1e-5, rounding), nan_ok=True
        )


@pytest.mark.parametrize("kind", CASES)
def test_every_step_is_that_of_the_run(kind: str, bare: Bare, tmp_path: Path) -> None:
    run = _run(kind, tmp_path)
    rounding = 1e-4 if "its head" in kind else 0.0  # the run encodes texts in other batches
    _same(run, bare.table(checked(nbt.code(TrainingRun(run))), tmp_path), rounding=rounding)


@pytest.mark.parametrize("method", ["full", "lora"])
def test_the_model_is_that_of_the_run(method: str, bare: Bare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = tiny_bert(tmp_path / "bert", labels=5)  # its head is for others, and made anew
    folder = new_run(tmp_path / "run", encoder, arguments={"max_grad_norm": 0.5}, schedule="cosine", method=method)
    assert work(folder) == 0
    drawn = random.getstate(), torch.get_rng_state()
    program = nbt.code(TrainingRun(folder))
    assert random.getstate() == drawn[0] and torch.equal(torch.get_rng_state(), drawn[1])
    with monkeypatch.context() as without_outline:  # as of a class that computes with its weights while it is made
        without_outline.setattr("nbtransformers.training.loading._without_weights", _computing)
        assert nbt.code(TrainingRun(folder)) == program
    last.remember(TrainingRun(folder))
    assert nbt_code.code([], None) == program.rstrip("\n")
    _same(folder, bare.table(checked(program), tmp_path))
    if method == "full":
        assert weights(tmp_path / "trained" / "model") == weights(folder.model)
    else:
        assert (tmp_path / "trained" / "model" / "adapter_model.safetensors").exists()


OWN = """
from transformers import AutoTokenizer, DataCollatorWithPadding

usual = DataCollatorWithPadding(AutoTokenizer.from_pretrained({model!r}))

def padded(rows):
    return usual(rows)

def surprise_loss(predictions, labels):
    return predictions[labels == 1].mean()

def shares(predictions, labels):
    return {{"shares": (predictions.argmax(axis=-1) == 1).mean(), "ones": labels.mean()}}
"""


@pytest.mark.parametrize("metric", ["surprise_loss", "shares"])
def test_what_is_the_user_s_own_is_imported(
    metric: str, bare: Bare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = tiny_bert(tmp_path / "bert")
    (tmp_path / f"of_{metric}.py").write_text(OWN.format(model=str(encoder)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    own = {"metric": f"of_{metric}:{metric}", "collator": f"of_{metric}:padded", "early_stopping": 2}
    run = new_run(tmp_path / "run", encoder, epochs=4.0, **own)
    assert work(run) == 0
    _same(run, bare.table(checked(nbt.code(TrainingRun(run))), tmp_path))
    assert weights(tmp_path / "trained" / "model") == weights(run.model)


LONG = 400.0  # epochs: such a run does not end by itself


@pytest.mark.parametrize("stage", ["training", "evaluating"])
def test_a_run_that_was_stopped_has_a_program_that_stops_there(stage: str, bare: Bare, tmp_path: Path) -> None:
    measured = {"save_steps": 50, "eval_steps": 5, "per_device_eval_batch_size": 1}
    encoder = tiny_bert(tmp_path / "bert")
    run = new_run(tmp_path / "run", encoder, epochs=LONG, lr=1e-2, test_share=0.8, arguments=measured)
    worker = ForkedWorker(run)
    until(lambda: len(events(run, "step")) >= 12 and events(run, "stage")[-1]["stage"] == stage)
    assert "steps, and is running as this is written;" in nbt.code(TrainingRun(run))
    tell(run.control, "stop")
    assert worker.wait() == 0 and TrainingRun(run).state == "stopped"
    program = checked(nbt.code(TrainingRun(run)))
    last_step = TrainingRun(run).step
    assert f"The run was stopped after step {last_step:,} of 1,200, and so is this program" in program
    evaluated = any(event["step"] == last_step for event in events(run, "eval"))
    assert ("that evaluation was broken off" in program) is (last_step % 5 == 0 and not evaluated)
    _same(run, bare.table(program, tmp_path))
    assert weights(tmp_path / "trained" / "model") == weights(run.model)


def test_a_learning_rate_that_was_changed_is_changed_in_the_program(bare: Bare, tmp_path: Path) -> None:
    encoder = tiny_bert(tmp_path / "bert")
    run = new_run(tmp_path / "run", encoder, epochs=LONG, arguments={"eval_steps": 40})
    worker = ForkedWorker(run)
    for count, change in ((5, {"factor": 0.5}), (9, {"value": 1e-5}), (9, {"factor": 3.0})):
        until(lambda count=count: len(events(run, "step")) >= count)
        asked = tell(run.control, "lr", **change)
        until(lambda asked=asked: any(event["id"] == asked for event in events(run, "lr")))
    tell(run.control, "stop")
    assert worker.wait() == 0
    program = checked(nbt.code(TrainingRun(run)))
    assert "NewRates()" in program and "StopThere()" in program
    _same(run, bare.table(program, tmp_path), has_evaluations=bool(events(run, "eval")))
    assert weights(tmp_path / "trained" / "model") == weights(run.model)


def test_a_run_that_is_not_through_has_a_program_that_says_so(tmp_path: Path) -> None:
    run = new_run(tmp_path / "run", tiny_bert(tmp_path / "bert"))
    through = "and is {} as this is written;\nthis program trains to the end."
    assert "The run has taken 0 of 24 steps, " + through.format("dead") in checked(nbt.code(TrainingRun(run)))
    tell(run.control, "stop")
    assert work(run) == 0
    program = nbt.code(TrainingRun(run))
    assert "The run has taken 0 of 24 steps, " + through.format("stopped") in program and "StopThere" not in program


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"method": "qlora"}, "the method qlora needs a GPU"),
        ({"gpus": 2}, "several processes have trained it"),
    ],
)
def test_a_run_without_a_program_says_why(settings: dict[str, Any], why: str, tmp_path: Path) -> None:
    folder = new_run(tmp_path / "run", tiny_bert(tmp_path / "bert"), **settings)
    with pytest.raises(UserError, match="There is no program for this run: " + why):
        nbt.code(TrainingRun(folder))
