"""Write datasets.json: a list of datasets on the wire, one of them in full, and its first rows.

Both ends of the wire are tested against that file. This script is a third reading of the rules, independent of both
ends: `entries` are what is known of the datasets, each with what is not missing; `header` is what the panel of the list
has; `detail` the answer about the second of them; `preview` what is read of it, and `look` the answer about that;
`one` is the header of the panel of that dataset alone, and `cell` its longest cell, whole.
"""

import json
from pathlib import Path

TASKS = [
    *("text-classification", "token-classification", "question-answering", "zero-shot-classification", "fill-mask"),
    *("feature-extraction", "sentence-similarity", "text-generation", "summarization", "translation", "text-ranking"),
    "table-question-answering",
]
SIZES = [
    *(["n<1K", "< 1K"], ["1K<n<10K", "1K – 10K"], ["10K<n<100K", "10K – 100K"], ["100K<n<1M", "100K – 1M"]),
    *(["1M<n<10M", "1M – 10M"], ["10M<n<100M", "10M – 100M"], ["100M<n<1B", "100M – 1B"], ["1B<n<10B", "1B – 10B"]),
    *(["10B<n<100B", "10B – 100B"], ["100B<n<1T", "100B – 1T"], ["n>1T", "> 1T"]),
]
COMMIT = "89abcdef0123456789abcdef0123456789abcdef"
MARKUP = "<img src=x onerror=alert(1)>"

ENTRIES = [
    {
        "name": "acme/reviews",
        "place": "cached",
        "tasks": ["text-classification"],
        "languages": ["en"],
        "licence": "mit",
        "rows_category": "1K<n<10K",
        "disk_bytes": 999,
        "revision": COMMIT,
    },
    {
        "name": "acme/hostile",
        "place": "hub",
        "tasks": ["text-classification", "fill-mask"],
        "languages": ["zh", "ar", "en", "de"],
        "licence": MARKUP,
        "rows_category": "n<1K",
        "subsets": ["中文", "en"],
        "last_modified": "2026-09-08T00:00:00+00:00",
        "downloads": 1_234_567,
        "likes": 8,
        "download_bytes": 3_000_000,
        "revision": COMMIT,
        "gated": True,
        "description": f"{MARKUP} 😀",
    },
    {"name": "acme/bare", "place": "hub"},
]

ROWS = [
    {
        "dataset": "acme/reviews",
        "place": "cached",
        "task": "text-classification",
        "rows": "1K – 10K",
        "languages": "en",
        "licence": "mit",
        "size": "999 bytes",
        "downloads": "–",
        "changed": "–",
    },
    {
        "dataset": "acme/hostile",
        "place": "hub, gated",
        "task": "text-classification, fill-mask",
        "rows": "< 1K",
        "languages": "zh, ar, en +1",
        "licence": MARKUP,
        "size": "3.0 MB",
        "downloads": "1,234,567",
        "changed": "2026-09-08",
    },
    {
        "dataset": "acme/bare",
        "place": "hub",
        "task": "–",
        "rows": "–",
        "languages": "–",
        "licence": "–",
        "size": "–",
        "downloads": "–",
        "changed": "–",
    },
]

LISTED = {
    "number": 0,
    "asked": {
        "search": "a",
        "task": None,
        "local_only": False,
        "language": None,
        "licence": None,
        "size": "n<1K",
        "sort": "downloads",
        "limit": 30,
    },
    "summary": "3 datasets, and the Hub has more",
    "more": True,
    "notes": ["Something that one should know."],
    "near": [],
    "rows": ROWS,
}

FRAME = {"version": 1, "inline": True, "cell": None, "facts": [], "notes": [], "sections": []}
HEADER = {
    **FRAME,
    "kind": "datasets",
    "rows": 3,
    "title": "Datasets",
    "subtitle": LISTED["summary"],
    "tasks": TASKS,
    "sizes": SIZES,
    "sorts": ["downloads", "date", "likes", "trending"],
    "listed": LISTED,
}

DETAIL = {
    "name": "acme/hostile",
    "description": f"{MARKUP} 😀",
    "facts": [
        ["Place", "on the Hub"],
        ["Task", "text-classification, fill-mask"],
        ["Rows", "< 1K"],
        ["Languages", "zh, ar, en, de"],
        ["Licence", MARKUP],
        ["Subsets", "2 subsets"],
        ["Changed", "2026-09-08"],
        ["Downloads", "1,234,567 in 30 days"],
        ["To fetch", "3.0 MB"],
        ["Revision", "89abcde"],
        ["Gated", "the Hub gives it to people who accepted its terms"],
    ],
}

LONG = "word " * 100
PREVIEW = {
    "name": "acme/hostile",
    "subset": "中文",
    "splits": {"train": 8530, "test": None},
    "split": "train",
    "columns": {MARKUP: "string", "label": "class: neg, pos", "مصدر": "{text: list of string, at: int32}"},
    "rows": [
        [f"{MARKUP} 😀", 1, {"text": ["نعم"], "at": 3}],
        [LONG, 0, None],
        [None, 7, {}],
    ],
    "subsets": ["中文", "en"],
    "classes": {"label": ["neg", "pos"]},
    "texts": [MARKUP],
    "notes": ["It is small."],
}


def cell(text: str, left: int = 0) -> dict[str, object]:
    return {"text": text, "left": left}


NESTED = '{"text": ["نعم"], "at": 3}'
LOOK = {
    "name": "acme/hostile",
    "subset": "中文",
    "subsets": ["中文", "en"],
    "split": "train",
    "splits": [["train", 8530], ["test", None]],
    "columns": [[MARKUP, "string"], ["label", "class: neg, pos"], ["مصدر", "{text: list of string, at: int32}"]],
    "rows": [
        [cell(f"{MARKUP} 😀"), cell("1 (pos)"), cell(NESTED)],
        [cell(LONG[:300], 200), cell("0 (neg)"), cell("–")],
        [cell("–"), cell("7"), cell("{}")],
    ],
    "notes": ["It is small."],
    # A column of that name is typed nowhere: what is inserted as a cell is run.
    "uses": [],
}

PLAIN = {
    **PREVIEW,
    "columns": {"text": "string", "label": "class: neg, pos", "source": "string"},
    "classes": {"label": ["neg", "pos"]},
    "texts": ["text", "source"],
    "rows": [["a joy from start to end", 1, "a"], ["dull", 0, "b"]],
}
USES = [
    ["Classify", "%classify hub:acme/hostile --subset 中文 --split train --column text"],
    ["Fine-tune", "%finetune hub:acme/hostile --subset 中文 --text text --label label"],
    ["Embed", "%embed hub:acme/hostile --subset 中文 --split train --column text"],
]

ONE = {**FRAME, "kind": "dataset", "rows": 3, "title": "acme/hostile", "subtitle": "", "look": LOOK}

GOLDEN = {
    "entries": ENTRIES,
    "header": HEADER,
    "detail": DETAIL,
    "preview": PREVIEW,
    "look": LOOK,
    "plain": PLAIN,
    "uses": USES,
    "one": ONE,
    "cell": cell(LONG),
}

if __name__ == "__main__":
    text = json.dumps(GOLDEN, ensure_ascii=False, indent=1)
    Path(__file__).with_name("datasets.json").write_text(f"{text}\n", encoding="utf-8")
