"""One result of every kind of panel, made in a moment, with texts of many scripts: for tests that look at them all."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import helpers
import numpy as np
import pandas as pd
from answered import answers, span
from entitied import entities
from filled import filling
from generated import generation
from rundirs import REPORT, REQUEST, Written
from vectors import embeddings, similarity, topical

import nbtransformers as nbt
from nbtransformers.panels.workbench.bench import Workbench
from nbtransformers.request import ClassifyRequest, DataRef, SummarizeRequest, TranslateRequest
from nbtransformers.results.answers import Answers
from nbtransformers.results.attention import Attention
from nbtransformers.results.classification import Classification
from nbtransformers.results.datasets import DatasetEntry, DatasetPreview, Datasets
from nbtransformers.results.embeddings import Embeddings
from nbtransformers.results.entities import Entities
from nbtransformers.results.explanation import Explanation
from nbtransformers.results.filling import Filling
from nbtransformers.results.generation import Generation
from nbtransformers.results.models import Models
from nbtransformers.results.positions import Positions
from nbtransformers.results.rewritings import Rewriting, Summaries, Translations
from nbtransformers.results.runs import Runs
from nbtransformers.results.similarity import Similarity
from nbtransformers.results.stored import Stored
from nbtransformers.results.tokenization import Tokenization
from nbtransformers.results.trainingrun import TrainingRun
from nbtransformers.rundir.atomic import write_json

ARABIC = "كان الفيلم طويلاً ومملاً، لكنّ الموسيقى رائعة"
TEXTS = (
    "A warm, funny and quietly devastating film that earns every one of its tears.",
    "这部电影很好看，值得再看一遍。",
    ARABIC,
    "The whole family loved it 👩‍👩‍👧‍👦🎬 🇩🇪",
    "",
    "<b>Neither</b> good nor bad: it is exactly what the poster promises, no more and no less. " * 6,
    "I want my two hours back.",
)
NOTES = ("1 text was cut at 512 tokens.", "2 texts hold characters that the model does not know.", "One more note.")


def example(name: str) -> Any:
    """The result of a class of this name.

    Raises:
        KeyError: when there is none: a new kind of panel needs one here, so that it is looked at too.
    """
    return next(make for kind, make in EXAMPLES.items() if kind.__name__ == name)()


def _answers() -> Answers:
    context = "艾达住在伦敦。 Ada Lovelace lived in London 🎡, said Charles."
    asked = [ARABIC, "Who lived in London?", "谁？", "When?"]
    found = [
        [span(context, "Ada Lovelace", 0.9), span(context, "Charles", 0.06), span(context, "London", 0.02)],
        [span(context, "Ada", 0.8), span(context, "Ada Lovelace", 0.15)],
        [span(context, "艾达", 0.6)],
        [(0, 0, 0.7)],
    ]
    return answers(asked, context, found, notes=NOTES)


def _classification() -> Classification:
    scores = np.random.default_rng(0).dirichlet([0.6] * 3, len(TEXTS)).tolist()
    return helpers.classification(
        [*TEXTS, None], [*scores, None], labels=("negative", "中性的", "إيجابي"), notes=NOTES, index=None
    )


def _entities() -> Entities:
    texts = ["Ada Lovelace met 李娜 in London 🎡.", ARABIC, None, "Nothing here.", "李娜 在北京"]
    found = [[(0, 12, "PER", 0.99), (17, 19, "PER", 0.7), (23, 29, "LOC", 0.9)], [], [], [], [(0, 2, "PER", 0.8)]]
    return entities(texts, found)


def _filling() -> Filling:
    prompts = ["Paris is the [MASK] of [MASK] 🎡.", "这部电影很[MASK]。", "No mask here.", f"[MASK] {ARABIC}"]
    words = [[("capital", 0.9), ("heart", 0.05)], [("France", 0.7), ("法国", 0.2)]]
    return filling(prompts, [words, [[("好", 0.8), ("##坏", 0.1)]], None, [[("نعم", 0.5), ("لا", 0.4)]]])


def _generation() -> Generation:
    written = [
        [("Paris", 0.9), (" is", 0.99), (" 巴", 0.2), ("黎", 0.7), (" 🎡", 0.05), ("", 0.4)],
        [("نعم", 0.3), (" لا", 0.6), ("", 0.9)],
        [],
    ]
    return generation(["What is the capital of France?", ARABIC, None], written)


def _rewriting(kind: type[Rewriting], request: type[Any]) -> Rewriting:
    made = _generation()
    given = {field.name: getattr(made, field.name) for field in fields(made)}
    asked = request(DataRef("variable", "data"))
    return kind(**{**given, "request": asked}, parts=np.array([1, 1, 0], np.int32))


def _stored() -> Stored:
    result = _classification()
    return Stored(
        request=ClassifyRequest(DataRef("variable", "data")),
        path=Path("/data/نتائج 结果.parquet"),
        rows=200_000,
        total=200_000,
        nbytes=12_300_000,
        head=result.to_pandas(),
        run=helpers.RUN,
        notes=NOTES[:1],
        done=True,
    )


def _tokenization() -> Tokenization:
    tokenizer = helpers.tokenizer()
    return nbt.tokenize([*TEXTS, None], model=[tokenizer, helpers.tokenizer(model_max_length=12)])


def _run(folder: Path, name: str, *, alive: bool, **request: Any) -> Written:
    made = Written(folder / name, alive=alive, request=replace(REQUEST, data=DataRef("variable", "评论"), **request))
    made.begin()
    made.step(range(1, 51))
    report: dict[str, Any] = dict(REPORT)
    first, *others = report["mistakes"]
    made.evaluate(50, report={**report, "mistakes": [first, *others, {**first, "text": TEXTS[5]}]}, accuracy=0.8)
    made.write("best", step=50, metric="accuracy", value=0.8)
    made.save(50)
    made.files.data.mkdir()
    write_json(made.files.data / "description.json", {"training_task": "classification"})
    return made


def _training() -> TrainingRun:
    made = _run(Path(tempfile.mkdtemp()), "going", alive=True)
    made.files.log.write_text("\n".join(f"step {step}: a line of the log, 日志, سطر" for step in range(60)))
    return made.run


def _runs() -> Runs:
    folder = Path(tempfile.mkdtemp())
    for name, rate in (("a-done", 2e-5), ("b-<b>done", 5e-5)):
        made = _run(folder, name, alive=False, lr=rate)
        made.step(range(51, 101))
        made.end("done")
        helpers.bert_config().save_pretrained(made.files.model)
    failed = _run(folder, "c-failed", alive=False)
    failed.end("failed", message=f"The loss is not a number: {ARABIC}", hint="Type `--lr 2e-5`.")
    _run(folder, "d-going", alive=True)
    return Runs.of(folder, TrainingRun)


def _models() -> Models:
    from nbtransformers.doors.models import listed_models
    from nbtransformers.request.catalog import ModelsRequest

    return listed_models(ModelsRequest(local_only=True))


def _datasets() -> Datasets:
    from nbtransformers.request.catalog import DatasetsRequest

    tasks, languages = ("text-classification", "summarization"), ("zh", "ar", "en", "de")
    entries = (
        DatasetEntry("acme/reviews", "cached", tasks[:1], ("en",), "mit", "1K<n<10K", disk_bytes=999_000),
        DatasetEntry("acme/影评", "hub", tasks, languages, "cc-by-4.0", "n<1K", downloads=1_234_567, gated=True),
        DatasetEntry(f"acme/{'long-' * 12}name", "hub"),
    )
    return Datasets(DatasetsRequest(search="acme"), entries, "/next", NOTES[:1])


def _dataset() -> DatasetPreview:
    rows = [[text, number % 2, {"where": [number], "說": ARABIC}] for number, text in enumerate(TEXTS)]
    columns = {"text": "string", "label": "class: neg, 正面", "مصدر": "{where: list of int64, 說: string}"}
    return DatasetPreview(
        "acme/影评",
        "中文",
        {"train": 8_530, "validation": None, "test": 1_066},
        "train",
        columns,
        pd.DataFrame([*rows, [None, None, None]], columns=list(columns), dtype=object),
        subsets=("中文", "en"),
        classes={"label": ("neg", "正面")},
        texts=("text",),
        notes=NOTES[:1],
    )


def _explanation() -> Explanation:
    return nbt.explain(f"A joy from start to end 🎬, 这部电影很好看 {ARABIC}", method=["input_x_gradient", "occlusion"])


EXAMPLES: dict[type, Callable[[], Any]] = {
    Answers: _answers,
    Attention: lambda: nbt.attention("The cat sat on the mat 这部电影 🎬 because it was unbelievably tired."),
    Classification: _classification,
    DatasetPreview: _dataset,
    Datasets: _datasets,
    Embeddings: lambda: embeddings([*topical(40), None]),
    Entities: _entities,
    Explanation: _explanation,
    Filling: _filling,
    Generation: _generation,
    Models: _models,
    Positions: lambda: nbt.positions(length=64, dim=32),
    Runs: _runs,
    Similarity: lambda: similarity(embeddings(topical(12))),
    Stored: _stored,
    Summaries: lambda: _rewriting(Summaries, SummarizeRequest),
    Tokenization: _tokenization,
    TrainingRun: _training,
    Translations: lambda: _rewriting(Translations, TranslateRequest),
    Workbench: nbt.workbench,
}
"""By its class. What is asked of a kernel is answered by these too."""
