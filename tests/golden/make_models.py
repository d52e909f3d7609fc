"""Write models.json: a list of models on the wire, one of them in full, the memory that it takes, and a download.

Both ends of the wire are tested against that file. This script is a third reading of the rules, independent of both
ends: `entries` are what is known of the models, each with what is not missing; `header` is what the panel has; `detail`
the answer about the second of them; `memory` what the third takes, in bytes by part, and `fit` the answer about that;
`live` what is told once the third has come, with the list as it is then.
"""

import json
from pathlib import Path

MIB = 2**20
TASKS = [
    *("text-classification", "token-classification", "question-answering", "zero-shot-classification", "fill-mask"),
    *("feature-extraction", "sentence-similarity", "text-generation", "summarization", "translation", "text-ranking"),
    "table-question-answering",
]
COMMIT = "89abcdef0123456789abcdef0123456789abcdef"
MARKUP = "<img src=x onerror=alert(1)>"

ENTRIES = [
    {
        "name": "minilm",
        "place": "bundled",
        "task": "sentence-similarity",
        "architecture": "BertModel",
        "parameters": 22_713_216,
        "vocabulary": 30_522,
        "context_length": 512,
        "languages": ["en"],
        "licence": "apache-2.0",
        "disk_bytes": 90_900_000,
        "complete": True,
        "needs": [],
        "description": "An encoder of sentences.",
    },
    {
        "name": "acme/情感",
        "place": "hub",
        "task": "text-classification",
        "model_type": "bert",
        "parameters": 1_500_000_000,
        "languages": ["zh", "ar", "en", "de", "fr"],
        "licence": MARKUP,
        "training_data": ["acme/reviews"],
        "last_modified": "2026-09-08T00:00:00+00:00",
        "downloads": 1_234_567,
        "download_bytes": 3_000_000_000,
        "revision": COMMIT,
        "gated": True,
        "description": f"{MARKUP} 😀",
        "gate": "acme/情感 is gated: the Hub gives it to people who accepted its terms.",
    },
    {
        "name": "acme/half",
        "place": "cached",
        "architecture": "BertForMaskedLM",
        "disk_bytes": 121_000_000,
        "complete": False,
        "download_bytes": 250_000_000,
        "kept_bytes": 120_000_000,
    },
]

ROWS = [
    {
        "model": "minilm",
        "place": "bundled",
        "task": "sentence-similarity",
        "parameters": "22.7M",
        "context": "512",
        "languages": "en",
        "licence": "apache-2.0",
        "size": "90.9 MB",
        "downloads": "–",
        "changed": "–",
        "architecture": "BertModel",
        "nbytes": 90_900_000,
    },
    {
        "model": "acme/情感",
        "place": "hub, gated",
        "task": "text-classification",
        "parameters": "1.5B",
        "context": "–",
        "languages": "zh, ar, en +2",
        "licence": MARKUP,
        "size": "3.0 GB",
        "downloads": "1,234,567",
        "changed": "2026-09-08",
        "architecture": "bert",
        "nbytes": 3_000_000_000,
    },
    {
        "model": "acme/half",
        "place": "cached, part",
        "task": "–",
        "parameters": "–",
        "context": "–",
        "languages": "–",
        "licence": "–",
        "size": "120.0 of 250.0 MB",
        "downloads": "–",
        "changed": "–",
        "architecture": "BertForMaskedLM",
        "nbytes": 250_000_000,
    },
]

LISTED = {
    "number": 0,
    "asked": {
        "task": None,
        "search": "a",
        "local_only": False,
        "language": None,
        "library": None,
        "licence": None,
        "max_size": "2B",
        "sort": "downloads",
        "limit": 30,
    },
    "summary": "3 models: 1 bundled · 1 cached · 1 on the Hub, and the Hub has more",
    "more": True,
    "notes": ["Something that one should know."],
    "near": ["acme/half"],
    "rows": ROWS,
}

HEADER = {
    "version": 1,
    "kind": "models",
    "rows": 3,
    "inline": True,
    "title": "Models",
    "subtitle": LISTED["summary"],
    "tasks": TASKS,
    "sorts": ["downloads", "date", "likes", "trending"],
    "listed": LISTED,
    "cell": None,
    "facts": [],
    "notes": [],
    "sections": [],
}

DETAIL = {
    "name": "acme/情感",
    "description": f"{MARKUP} 😀",
    "revision": COMMIT,
    "facts": [
        ["Place", "on the Hub"],
        ["Task", "text-classification"],
        ["Architecture", "bert"],
        ["Parameters", "1.5B"],
        ["Languages", "zh, ar, en, de, fr"],
        ["Licence", MARKUP],
        ["Trained on", "acme/reviews"],
        ["Changed", "2026-09-08"],
        ["Downloads", "1,234,567 in 30 days"],
        ["To fetch", "3.0 GB"],
        ["Revision", "89abcde"],
        ["Gated", "the Hub gives it to people who accepted its terms"],
    ],
    "is_whole": True,
    "gate": "acme/情感 is gated: the Hub gives it to people who accepted its terms.",
    "passes": False,
    "passes_with": [],
    "kept": "",
    "to_fetch": "3.0 GB",
    "is_here": False,
    "languages": ["zh", "ar", "en", "de", "fr"],
    "cell": {
        "magic": "%%classify",
        "model": "'acme/情感'",
        "pinned": f"'acme/情感@{COMMIT}'",
        "target": None,
        "text": "A joy from start to end.",
    },
}

# Bytes by part. Inference is held against what is free without the libraries, which this process has already.
MEMORY = {
    "inference": {"libraries": 440 * MIB, "weights": 100 * MIB, "activations": 28 * MIB},
    "full": {
        "libraries": 620 * MIB,
        "weights": 100 * MIB,
        "gradients": 100 * MIB,
        "optimizer": 200 * MIB,
        "activations": 4 * MIB,
    },
}
FREE = 512 * MIB
FIT = {
    "title": "Memory for 2 texts of 64 tokens at once on cpu, where 512 MiB are free",
    "heads": ["", "needs", "libraries", "weights", "gradients", "optimizer", "activations", "fits"],
    "rows": [
        {
            "cells": ["inference", "568 MiB", "440 MiB", "100 MiB", "–", "–", "28 MiB", "yes"],
            "fits": True,
            "share": 0.25,
        },
        {
            "cells": ["fine-tuning, full", "1.0 GiB", "620 MiB", "100 MiB", "100 MiB", "200 MiB", "4 MiB", "no"],
            "fits": False,
            "share": 2.0,
        },
    ],
    "batch_size": 2,
    "length": 64,
    "advice": "An encoder; try `--model minilm`.",
    "notes": ["It is a guess."],
}

DONE = {
    **LISTED,
    "rows": [*ROWS[:2], {**ROWS[2], "place": "cached", "size": "1.5 MB", "nbytes": 1_500_000}],
}
LIVE = {
    "type": "models",
    "downloads": {"acme/half": {"state": "done", "progress": None, "said": "Downloaded."}},
    "listed": DONE,
}

GOLDEN = {
    "entries": ENTRIES,
    "header": HEADER,
    "detail": DETAIL,
    "memory": MEMORY,
    "free": FREE,
    "fit": FIT,
    "live": LIVE,
}

if __name__ == "__main__":
    text = json.dumps(GOLDEN, ensure_ascii=False, indent=1)
    Path(__file__).with_name("models.json").write_text(f"{text}\n", encoding="utf-8")
