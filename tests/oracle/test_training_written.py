"""What a run writes in an evaluation, against plain Transformers' `generate`, rouge-score and sacrebleu by hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sacrebleu
import torch
from hypothesis import given
from hypothesis import strategies as st
from rouge_score import rouge_scorer, tokenizers
from tiny import save_tiny
from training_runs import events, new_run, one_thread, told, weights, work
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from nbtransformers.errors import UserError
from nbtransformers.rundir.control import tell
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.training import packages
from nbtransformers.training.movie_snippets import movie_snippets
from nbtransformers.training.tasks import TASKS, written
from nbtransformers.training.tasks.seq2seq import Seq2Seq
from nbtransformers.training.trainer import RunTraining

__all__ = ["one_thread"]

NEAR = ["a joy from start to end", "never again", "it's so-so: a film_noir, 90 minutes"]
FAR = ["a joy to the end", "once again, please", "A FILM NOIR of 90 minutes"]


def by_hand(texts: list[str], references: list[str]) -> dict[str, float]:
    """ROUGE, BLEU and chrF, by the libraries as they come."""
    names = ["rouge1", "rouge2", "rougeL"]
    scorer = rouge_scorer.RougeScorer(names)
    scores = [scorer.score(reference, text) for text, reference in zip(texts, references, strict=True)]
    return {
        **{name: sum(score[name].fmeasure for score in scores) / len(scores) for name in names},
        "bleu": sacrebleu.corpus_bleu(texts, [references]).score,
        "chrf": sacrebleu.corpus_chrf(texts, [references]).score,
    }


def test_texts_are_measured_as_the_libraries_do() -> None:
    measured = written.nearness(FAR, NEAR)
    assert measured == pytest.approx(by_hand(FAR, NEAR))
    assert tuple(measured) == written.METRICS
    assert 0 < measured["rouge2"] < measured["rouge1"] < 1 < measured["bleu"] < measured["chrf"] < 100


@given(st.text(st.characters(codec="ascii")))
def test_of_english_words_are_those_of_rouge_score(text: str) -> None:
    assert written._Words().tokenize(text) == tokenizers.DefaultTokenizer(False).tokenize(text)


@pytest.mark.parametrize(
    ("text", "words", "tokenizer"),
    [
        ("Schöne Grüße, naïf!", ["schöne", "grüße", "naïf"], "13a"),
        ("Хороший фильм.", ["хороший", "фильм"], "13a"),
        ("一部好电影 2024。", ["一", "部", "好", "电", "影", "2024"], "zh"),
        ("これはいい映画です", list("これはいい映画です"), "char"),
        ("หนังดี", ["ห", "นั", "ง", "ดี"], "char"),
        ("좋은 영화", ["좋은", "영화"], "13a"),
        ("فيلم جيد", ["فيلم", "جيد"], "13a"),
        ("🎬 …", [], "13a"),
    ],
)
def test_words_of_every_script_count(text: str, words: list[str], tokenizer: str) -> None:
    assert written._Words().tokenize(text) == words
    assert written.bleu_tokenizer([text]) == tokenizer
    measured = written.nearness([text], [text])
    assert measured["rouge1"] == (1 if words else 0)
    assert measured["bleu"] == pytest.approx(sacrebleu.corpus_bleu([text], [[text]], tokenize=tokenizer).score)


def test_some_rows_are_chosen_evenly_and_told_of() -> None:
    assert written.chosen_rows(3) == [0, 1, 2]
    assert written.chosen_rows(0) == []
    assert written.chosen_rows(1_000) == list(range(0, 1_000, 10))
    assert "written for every test row, the likeliest token at each place and at most 128" in written.said_of(100)
    assert "written for 100 of the 1,000 test rows, " in written.said_of(1_000)


def rewritings(rows: int) -> pd.DataFrame:
    """Movie snippets, and how they begin."""
    texts = [" ".join(snippet.text.split()[:12]) for snippet in movie_snippets()[:rows]]
    return pd.DataFrame({"text": texts, "summary": [" ".join(text.split()[:5]) for text in texts]})


def writer(folder: Path, architecture: str = "t5") -> Path:
    """A tiny encoder-decoder with dropout, which by its own settings draws, and follows several texts at once."""
    model = save_tiny(architecture, folder, kind=AutoModelForSeq2SeqLM, dropout_rate=0.1, dropout=0.1)
    path = model / "generation_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "do_sample": True, "num_beams": 2, "max_length": 4}))
    return model


def rewriting_run(folder: Path, model: Path, rows: int = 40, **settings: Any) -> RunFolder:
    """The directory of a run that learns to write beginnings."""
    asked = {"text": "text", "label": ("summary",), "epochs": 2.0, **settings}
    return new_run(folder, model, rewritings(rows), **asked)


@pytest.mark.parametrize("architecture", ["t5", "bart"])
def test_a_run_writes_as_plain_transformers_do(architecture: str, tmp_path: Path) -> None:
    model = writer(tmp_path / "start", architecture)
    run = rewriting_run(tmp_path / "run", model, metric="rougeL", early_stopping=9, lr=3e-3, epochs=4.0)
    assert work(run) == 0
    best = events(run, "best")[-1]
    assert best["metric"] == "rougeL"
    evals = {event["step"]: event["metrics"] for event in events(run, "eval")}
    assert best["value"] == max(metrics["rougeL"] for metrics in evals.values())

    plain = AutoModelForSeq2SeqLM.from_pretrained(run.model).eval()
    tokenizer = AutoTokenizer.from_pretrained(run.model)
    rows = pd.DataFrame(stored(run, "test"))
    longest = max(len(tokenizer(text_target=text)["input_ids"]) for text in rows.label)
    texts = []
    for text in rows.text:
        ids = plain.generate(
            **tokenizer(text, return_tensors="pt"),
            **{"do_sample": False, "num_beams": 1, "max_new_tokens": longest, "max_length": None},
        )
        texts.append(tokenizer.decode(ids[0], skip_special_tokens=True).strip())
    assert len(set(texts)) > 1, "texts that are all alike show nothing"
    measured = evals[best["step"]]
    assert {name: measured[name] for name in written.METRICS} == pytest.approx(by_hand(texts, list(rows.label)))
    assert {"loss", "perplexity", "token_accuracy"} <= measured.keys()

    report = json.loads(run.evaluation(best["step"]).read_text(encoding="utf-8"))
    assert {mistake["row"] for mistake in report["mistakes"]} == {
        row for row, text in enumerate(texts) if text != rows.label[row]
    }
    for mistake in report["mistakes"]:
        assert mistake["predicted"] == texts[mistake["row"]]
        assert mistake["expected"] == rows.label[mistake["row"]]
    losses = [mistake["loss"] for mistake in report["mistakes"]]
    assert losses == sorted(losses, reverse=True)


def stored(run: RunFolder, part: Any) -> Any:
    from nbtransformers.training.data import stored_rows

    return stored_rows(run, part)[:]


def test_of_many_test_rows_some_are_written_which_is_told(tmp_path: Path) -> None:
    run = rewriting_run(
        tmp_path / "run", writer(tmp_path / "start"), 250, test_share=0.8, arguments={"max_steps": 2}, batch_size=32
    )
    assert work(run) == 0
    assert [note["text"] for note in events(run, "note")] == [written.said_of(200)]
    assert written.said_of(200) in (run.model / "README.md").read_text(encoding="utf-8")
    report = json.loads(run.evaluation(2).read_text(encoding="utf-8"))
    assert {mistake["row"] for mistake in report["mistakes"]} <= set(range(0, 200, 2))
    assert len(report["mistakes"]) == 100


def test_training_goes_on_as_if_nothing_were_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = writer(tmp_path / "start")
    settings: dict[str, Any] = {"arguments": {"eval_steps": 3, "max_steps": 9}}
    runs = [rewriting_run(tmp_path / name, model, **settings) for name in ("written", "not")]
    for run, writes in zip(runs, (True, False), strict=True):
        monkeypatch.setattr(Seq2Seq, "writes", writes)
        assert work(run) == 0
        assert all(("rougeL" in event["metrics"]) == writes for event in events(run, "eval"))
    assert weights(runs[0].checkpoint(9)) == weights(runs[1].checkpoint(9))
    random = [torch.load(run.checkpoint(9) / "rng_state.pth", weights_only=False)["cpu"] for run in runs]
    assert torch.equal(*random)


def test_a_run_that_is_stopped_while_it_writes_ends_as_one_that_was_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = writer(tmp_path / "start")
    settings: dict[str, Any] = {"arguments": {"eval_steps": 4, "max_steps": 8}}
    whole = rewriting_run(tmp_path / "whole", model, **settings)
    assert work(whole) == 0
    run = rewriting_run(tmp_path / "run", model, **settings)
    tells = RunTraining._tell_of_writing

    def stops(trainer: Any, done: int, total: int) -> None:
        if done:
            tell(run.control, "stop")
        tells(trainer, done, total)

    with monkeypatch.context() as patch:
        patch.setattr(RunTraining, "_tell_of_writing", stops)
        assert work(run) == 0
    assert events(run, "state")[-1]["state"] == "stopped"
    assert not events(run, "eval")
    run.control.unlink()
    assert work(run) == 0
    assert events(run, "state")[-1]["state"] == "done"
    assert weights(run.model) == weights(whole.model)
    assert [event for event in told(run) if event["type"] != "checkpoint"] == [
        event for event in told(whole) if event["type"] != "checkpoint"
    ]


def test_the_metrics_of_every_task_are_described() -> None:
    text = Path(__file__).parents[2].joinpath("docs", "run-directory.md").read_text(encoding="utf-8")
    section = text.split("## Metrics")[1].split("## State")[0]
    rows = [re.findall(r"`(\S+?)`", line) for line in section.splitlines() if line.startswith("| `")]
    assert {task: tuple(names) for task, *names in rows} == {name: task.metric_names for name, task in TASKS.items()}


def test_what_measures_it_is_there_before_a_run_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    packages.refuse_lacking_packages("seq2seq")
    monkeypatch.setitem(packages._NEEDED_TO_MEASURE, "seq2seq", {"no_such_module": "no-such-package"})
    packages.refuse_lacking_packages("tokens")
    with pytest.raises(UserError, match=r'Training needs no-such-package\. Type `pip install "nbtransformers\[train'):
        packages.refuse_lacking_packages("seq2seq")
