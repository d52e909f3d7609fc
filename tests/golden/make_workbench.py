"""Write workbench.json: a workbench on the wire, and how things stand on it.

Both ends of the wire are tested against that file. This script is a third reading of the rules, independent of both
ends: `header` is what can be filled in, for two small tasks and a command; `state` how things stand after two runs.
"""

import json
from pathlib import Path


def field(name, about, metavar, *, choices=(), several=False, default="", word=False, sources=(), picked=False):
    return {
        "name": name,
        "help": about,
        "metavar": metavar,
        "choices": list(choices),
        "several": several,
        "default": default,
        "from": "",
        "word": word,
        "sources": list(sources),
        "picked": picked,
    }


def task(name, summary, groups):
    return {
        "name": name,
        "section": "Tasks",
        "summary": summary,
        "sources": ["text", "value", "file", "cell"],
        "label": "Texts, one a line",
        "others": False,
        "groups": [{"title": title, "options": options} for title, options in groups.items()],
    }


TASKS = [
    task(
        "classify",
        "Label texts.",
        {
            "What to label": [
                field(
                    "column",
                    "the column of a table that holds the texts",
                    "NAME",
                    sources=["value", "file"],
                    picked=True,
                ),
                field("whole", "the cell is one text, not one a line", None, sources=["text"]),
                field("top-k", "how many labels a row shows (default: 1)", "K", default="1"),
                field(
                    "dtype", "the type of the weights", "TYPE", choices=["auto", "float32"], default="auto", picked=True
                ),
            ],
            "With which model": [
                field("model", "a bundled name, or a variable", "NAME", default="the bundled one", picked=True)
            ],
        },
    ),
    task(
        "tokenize",
        "Cut texts.",
        {
            "With which tokenizer": [
                field("model", "repeat it", "NAME", several=True, default="the bundled one", picked=True)
            ]
        },
    ),
    task(
        "runs pause",
        "Have a run pause.",
        {
            "Which one": [
                field("run", "the name of a run", "NAME", word=True, picked=True),
                field("runs-folder", "where the runs are", "FOLDER"),
            ]
        },
    ),
]

HISTORY = [
    {
        "number": 2,
        "task": "tokenize",
        "typed": "%tokenize texts --model no",
        "place": "cell",
        "since": 1_700_000_060.0,
        "seconds": 0.5,
        "message": "There is no model no.",
        "has_result": False,
        "has_code": False,
        "no_code": "",
        "stopped": False,
        "has_rest": False,
    },
    {
        "number": 1,
        "task": "classify",
        "typed": "%%classify\n<b>A joy</b> & more",
        "place": "workbench",
        "since": 1_700_000_000.0,
        "seconds": 1.25,
        "message": "",
        "has_result": True,
        "has_code": True,
        "no_code": "",
        "stopped": False,
        "has_rest": False,
    },
]

GOLDEN = {
    "header": {
        "version": 1,
        "kind": "workbench",
        "rows": 0,
        "inline": True,
        "title": "Workbench",
        "task": "classify",
        "is_asked": False,
        "tasks": TASKS,
        "cell": None,
        "facts": [],
        "notes": [],
        "sections": [],
    },
    "state": {"at_work": None, "shown": 1, "child": None, "said": "", "error": None, "history": HISTORY},
}

if __name__ == "__main__":
    text = json.dumps(GOLDEN, ensure_ascii=False, indent=1)
    Path(__file__).with_name("workbench.json").write_text(f"{text}\n", encoding="utf-8")
