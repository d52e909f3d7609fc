"""Datasets for the stand-in of the Hub: with splits and subsets, nested, gated, by a script, and with hostile names."""

from __future__ import annotations

import io
import json
from typing import Any

import datasets
import yaml
from hubrepos import Repository

from nbtransformers.inputs.dataset_objects import without_bars

HOSTILE = "<img src=x onerror=alert(1)>"
LONG = "A long sentence that goes on. " * 40
ARABIC = "كان الفيلم طويلاً ومملاً، لكنّ الموسيقى رائعة"
TEXTS = ("A joy from start to end.", "这部电影很好看，值得再看一遍。", ARABIC, "Loved it 👩‍👩‍👧‍👦🎬", LONG, None)
CLASSES = datasets.ClassLabel(names=["negative", "positive"])


def hub_datasets() -> dict[str, Repository]:
    """By id, the most downloaded first."""
    return {
        "acme/reviews": _reviews(),
        "acme/questions": _questions(),
        "acme/languages": _languages(),
        "acme/hostile": _hostile(),
        "acme/closed": Repository(
            {"README.md": _readme({"license": "mit"}), "train.csv": b"text\nsecret\n"}, downloads=400, gated="manual"
        ),
        "acme/scripted": Repository({"scripted.py": b"x = 1", "README.md": _readme({})}, downloads=300),
        "acme/plain": Repository({"train.csv": b"text,stars\na joy,5\ntoo long,1\n"}, downloads=200),
    }


def parquet(rows: dict[str, list[Any]], features: dict[str, Any]) -> bytes:
    """Rows as a Parquet file that carries their types."""
    written = io.BytesIO()
    with without_bars():
        datasets.Dataset.from_dict(rows, datasets.Features(features)).to_parquet(written)
    return written.getvalue()


def _readme(card: dict[str, Any]) -> bytes:
    return f"---\n{yaml.safe_dump(card, allow_unicode=True)}---\n# Data\n".encode()


def _reviews() -> Repository:
    features = {"text": datasets.Value("string"), "label": CLASSES}
    rows = {"text": [*TEXTS, *(f"Review {number}." for number in range(30))], "label": [1, 1, 0, 1, 0, 0, *[1] * 30]}
    few = {name: values[:3] for name, values in rows.items()}
    sizes = [("train", 36), ("test", 3)]
    card = {
        "license": "mit",
        "language": ["en", "zh", "ar"],
        "task_categories": ["text-classification"],
        "size_categories": ["n<1K"],
        "dataset_info": {
            "features": datasets.Features(features)._to_yaml_list(),
            "splits": [{"name": name, "num_bytes": 100 * rows, "num_examples": rows} for name, rows in sizes],
            "download_size": 5_000,
            "dataset_size": 9_000,
        },
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": name, "path": f"data/{name}-*"} for name, _ in sizes],
            }
        ],
    }
    files = {"data/train-0.parquet": parquet(rows, features), "data/test-0.parquet": parquet(few, features)}
    return Repository({"README.md": _readme(card), **files}, downloads=900, modified="2026-03-04T00:00:00.000Z")


def _questions() -> Repository:
    answers = {"text": datasets.List(datasets.Value("string")), "answer_start": datasets.List(datasets.Value("int32"))}
    features = {
        "id": datasets.Value("string"),
        "question": datasets.Value("string"),
        "context": datasets.Value("string"),
        "answers": answers,
    }
    rows = {
        "id": ["1", "2"],
        "question": ["Where did Ada live?", "谁？"],
        "context": ["Ada Lovelace lived in London.", LONG],
        "answers": [{"text": ["London"], "answer_start": [22]}, {"text": [], "answer_start": []}],
    }
    card = {"license": "cc-by-4.0", "language": "en", "task_categories": ["question-answering"]}
    return Repository({"README.md": _readme(card), "train.parquet": parquet(rows, features)}, downloads=800)


def _languages() -> Repository:
    names = ("en", "de", "中文")
    card = {
        "language": ["en", "de", "zh"],
        "size_categories": ["1K<n<10K"],
        "configs": [{"config_name": name, "data_files": f"{name}.jsonl"} for name in names],
    }
    files = {f"{name}.jsonl": json.dumps({"text": f"This is {name}.", "n": 1}).encode() for name in names}
    return Repository({"README.md": _readme(card), **files}, downloads=700, likes=9)


def _hostile() -> Repository:
    rows = {HOSTILE: [HOSTILE, "<script>alert(1)</script>"], "{__import__('os')}": ["{1 + 1}", "$HOME"]}
    card = {"license": HOSTILE, "language": "en", "task_categories": [HOSTILE]}
    features = dict.fromkeys(rows, datasets.Value("string"))
    return Repository({"README.md": _readme(card), "train.parquet": parquet(rows, features)}, downloads=500)
