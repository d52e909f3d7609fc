"""What is left of a training run where no script runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from payloads import MARKUP
from rundirs import REPORT, REQUEST, Written, million
from test_vector_snapshot import Reader

from nbtransformers.panels.training.chart import MOST_CHARTS
from nbtransformers.panels.training.snapshot import MOST_LABELS, MOST_MISTAKES, training_snapshot
from nbtransformers.request import DataRef, FinetuneRequest
from nbtransformers.rundir.atomic import write_json

ELEMENTS = {
    *("style", "div", "p", "br", "strong", "span", "table", "thead", "tbody", "tr", "td", "th"),
    *("svg", "path", "circle", "text"),
}


DESCRIPTION = {
    "training_task": "classification",
    "rows": {"train": 800, "test": 200},
    "split": "20% of the rows, drawn with seed 42",
    "notes": ["The task is classification: label holds 2 different labels."],
}
ENVIRONMENT = {
    "python": "3.11.7",
    "packages": {"torch": "2.13.0", "numpy": "2.4.6"},
    "machine": {"name": "desk", "cores": 2, "memory": 2**34},
    "gpus": ["NVIDIA H100"],
}


def done(path: Path) -> Written:
    """A run that went through."""
    made = Written(path / "minilm-1")
    made.begin()
    made.step(range(1, 51))
    made.evaluate(50, accuracy=0.78, report=REPORT)
    made.step(range(51, 101))
    made.evaluate(100, accuracy=0.75, report=REPORT)
    made.write("best", step=50, metric="accuracy", value=0.78)
    made.end("done")
    made.files.data.mkdir()
    write_json(made.files.data / "description.json", DESCRIPTION)
    write_json(made.files.environment, ENVIRONMENT)
    return made


def test_it_tells_what_the_run_came_to(tmp_path: Path) -> None:
    html = training_snapshot("p", done(tmp_path).run)
    seen = Reader(html)
    assert seen.elements <= ELEMENTS
    for said in (
        *("minilm-1", "done · step 100 of 100 · epoch 2.00", "reviews", "step 50 (best)", "step 100"),
        *("0.78", "0.75", "negative", "positive", "Great, another sequel.", "不算太差。", "loss", "learning rate"),
        *("800 rows to learn from", "drawn with seed 42", "2 cores · 16.0 GiB of memory · NVIDIA H100"),
        *("Python 3.11.7, torch 2.13.0", "The task is classification"),
    ):
        assert said in seen.text, said
    assert "⚠" not in seen.text
    assert "desk" not in html
    assert html.count("<svg") == 3  # loss, accuracy, learning rate


def test_a_run_that_goes_on_says_how_to_see_it_and_its_first_step_is_a_dot(tmp_path: Path) -> None:
    made = Written(tmp_path / "a-run")
    made.begin()
    made.step(range(1, 2))
    html = training_snapshot("p", made.run)
    assert "%runs a-run shows how it is." in Reader(html).text
    assert html.count("<circle") == 2  # the loss and the learning rate
    made.end("done")
    assert "%runs" not in training_snapshot("p", made.run)


def test_what_is_wrong_is_told_apart_from_what_is_good_to_know(tmp_path: Path) -> None:
    made = done(tmp_path)
    write_json(made.files.card, {"advice": ["3 test rows can also be learnt from: the metrics will flatter."]})
    made.write("note", text="3 test rows can also be learnt from: the metrics will flatter.")
    made.write("note", text="Memory ran out: 8 of 16.", warning=True)
    made.write("note", text="The model is that of step 50.")
    said = Reader(training_snapshot("p", made.run)).text
    assert "⚠ 3 test rows" in said and "⚠ Memory ran out" in said and said.count("⚠") == 2
    assert "The model is that of step 50." in said


def test_a_search_for_a_learning_rate_is_a_chart_of_its_own(tmp_path: Path) -> None:
    made = Written(tmp_path / "a-run")
    made.begin()
    points = [[10.0**-power, loss] for power, loss in ((6, 2.0), (5, 1.9), (4, 1.0), (3, 1.2), (2, 900.0), (1, None))]
    made.write("finder", points=points, chosen=1e-4)
    html = training_snapshot("p", made.run)
    assert html.count("<svg") == 1 and "nan" not in html
    seen = Reader(html)
    for said in ("loss by learning rate", "chosen: 0.0001", "1e-06", "0.1", "3.2"):  # 900 is not in sight
        assert said in seen.text, said
    blind = Written(tmp_path / "blind")
    blind.begin()
    blind.write("finder", points=[[1e-7, None], [1e-6, None]], chosen=None)
    assert "<svg" not in training_snapshot("p", blind.run)


def test_before_the_first_step_it_says_what_is_under_way(tmp_path: Path) -> None:
    made = Written(tmp_path / "a-run")
    made.write("attempt", pid=1, resumed_from=None)
    seen = Reader(training_snapshot("p", made.run))
    assert "starting" in seen.text and "svg" not in seen.elements
    made = Written(tmp_path / "another")
    made.begin()
    made.write("stage", stage="tokenizing", done=3, total=9)
    assert "running · tokenizing · step 0 of 100" in Reader(training_snapshot("p", made.run)).text


def test_a_failure_tells_its_cause_and_the_way_out(tmp_path: Path) -> None:
    made = Written(tmp_path / "a-run")
    made.begin()
    made.end("failed", message="The disk is full.", hint="Make room, then resume.")
    seen = Reader(training_snapshot("p", made.run))
    assert "✗ The disk is full. Make room, then resume." in seen.text
    dead = Written(tmp_path / "dead", alive=False)
    dead.begin()
    assert "✗ Its worker is gone" in Reader(training_snapshot("p", dead.run)).text


@pytest.mark.parametrize("text", MARKUP)
def test_markup_stays_text(text: str, tmp_path: Path) -> None:
    report = {
        "labels": [text, "b"],
        "confusion": [[1, 0], [0, 1]],
        "mistakes": [{"text": text, "expected": text, "predicted": [text, "b"], "loss": 1.0}],
    }
    request = FinetuneRequest(DataRef("variable", text), model=REQUEST.model, arguments={"output_dir": text})
    made = Written(tmp_path / "a-run", request=request)
    made.begin(labels=[text])
    made.step(range(1, 5))
    metrics: dict[str, Any] = {text: 0.5}
    made.evaluate(4, report=report, **metrics)
    made.write("note", text=text)
    made.write("best", step=4, metric=text, value=0.5)
    made.end("failed", message=text, hint=text)
    seen = Reader(training_snapshot("p", made.run))
    assert seen.elements <= ELEMENTS
    assert not {name for name in seen.attributes if name.startswith("on")}


def test_what_is_not_finite_is_a_gap(tmp_path: Path) -> None:
    made = Written(tmp_path / "a-run")
    made.begin()
    for step in range(1, 9):
        made.write("step", step=step, epoch=0.1, loss=None if step in (3, 4) else 1 / step, lr=1e-5)
    made.evaluate(8, accuracy=None)
    html = training_snapshot("p", made.run)
    line = html.split('aria-label="loss', 1)[1].split('stroke="#', 1)[0].rsplit('d="', 1)[1]
    assert line.count("M") == 2 and "nan" not in html and "–" in Reader(html).text


@pytest.mark.parametrize("labels", [2, MOST_LABELS, MOST_LABELS + 1])
def test_a_confusion_matrix_is_shown_where_it_can_be_read(labels: int, tmp_path: Path) -> None:
    made = Written(tmp_path / "a-run")
    made.begin()
    mistakes = [{"text": "x" * 10_000, "expected": "a", "predicted": "b", "loss": 2}] * 100
    names = [f"label {number}" for number in range(labels)]
    report: dict[str, Any] = {"labels": names, "confusion": [[0] * labels] * labels, "mistakes": mistakes}
    made.evaluate(1, report=report)
    html = training_snapshot("p", made.run)
    assert ("true \\ predicted" in html) == (labels <= MOST_LABELS)
    assert html.count("xxx…") == MOST_MISTAKES and len(html) < 40_000


def test_a_long_run_with_many_metrics_stays_small(tmp_path: Path) -> None:
    made = million(tmp_path / "long", 20_000)
    for step in range(1, 300):
        metrics: dict[str, Any] = {f"metric {number}": number / step for number in range(20)}
        made.evaluate(step, **metrics)
    html = training_snapshot("p", made.run)
    assert html.count("<svg") == MOST_CHARTS and len(html) < 60_000
