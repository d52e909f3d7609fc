"""Write runs.json: a list of training runs on the wire, what is told when one goes on, a curve, and what differs.

Both ends of the wire are tested against that file. This script is a third reading of the rules, independent of both
ends: `runs` are the runs, the oldest first, with what was asked for beside the usual and their own lines; `header` is
what the panel has, the newest first; `later` what comes then, and `live` the message that tells of it; `curve` the
answer about the loss of the first run after that, `grown` what of it is new since `later`, and `diff` the answer about
all. How long a run that goes on has taken is of the moment: readers of this file set `seconds` aside, and the folder.
"""

import json
from pathlib import Path

from make_training import BEGIN, PLAN, evaluated, event, step

PLANNED = event("plan", 2, **PLAN)
FIRST = [*BEGIN, PLANNED, event("state", 3, state="running"), *map(step, range(1, 5)), evaluated(4, 0.5)]
SECOND = [
    *BEGIN,
    PLANNED,
    event("state", 3, state="running"),
    *map(step, range(1, 9)),
    evaluated(8, 0.75),
    event("best", 20, step=8, metric="accuracy", value=0.75),
    event("state", 21, state="done"),
]
LATER = [step(5), evaluated(5, 0.625)]
CURVES = ["loss", "lr", "grad_norm", "tokens_per_s"]


def row(events, state, settings):
    last = {one["type"]: one for one in events}
    metrics = last["eval"]["metrics"]
    return {
        "state": state,
        "task": None,
        "data": "reviews",
        "model": "minilm",
        "method": "full",
        "settings": settings,
        "metrics": {name: value for name, value in metrics.items() if value is not None},
        "best": last["best"]["metric"] if "best" in last else None,
        "step": last["step"]["step"],
        "steps": PLAN["steps"],
        "evals": sum(one["type"] == "eval" for one in events),
        "rewritten": 0,
        "seconds": 0,
        "message": "",
        "curves": [*CURVES, "accuracy"],  # of a metric that never was a number there is none
        "queued": [],
        "has_model": False,
    }


def curve(steps, evals):
    """What is new of the loss of the first run; the first worker begins at 0, and its first step comes at 11."""
    told = [one for one in [*FIRST, *LATER] if one["type"] == "step" and one["step"] in steps]
    evaluated = [one for one in [*FIRST, *LATER] if one["type"] == "eval" and one["step"] in evals]
    return {
        "facts": {"from": told[0]["step"] - 1, "points": 5, "evals_from": 2 - len(evals), "evals": 2, "rewritten": 0},
        "arrays": {
            **columns(told, [one["loss"] for one in told]),
            **{
                f"eval_{name}": values
                for name, values in columns(evaluated, [one["metrics"]["loss"] for one in evaluated]).items()
            },
        },
    }


def columns(events, values):
    return {
        "step": [one["step"] for one in events],
        "epoch": [one["epoch"] for one in events],
        "elapsed_s": [one["time"] - BEGIN[0]["time"] for one in events],
        "value": values,
    }


def main():
    usual, other = "method full, epochs 3, lr 5e-05, batch_size 16", "method full, epochs 3, lr 0.0002, batch_size 16"
    first, second = row(FIRST, "running", usual), row(SECOND, "done", other)
    header = {
        "version": 1,
        "kind": "runs",
        "rows": 2,
        "inline": True,
        "title": "Training runs",
        "subtitle": "2 runs in nbtransformers-runs",
        "seq": 0,
        "order": ["a-2", "a-1"],
        "runs": {"a-1": first, "a-2": second},
        "facts": [],
        "notes": [],
        "sections": [],
    }
    after = row([*FIRST, *LATER], "running", usual)
    golden = {
        "runs": [
            {"name": "a-1", "alive": True, "asked": {}, "events": FIRST},
            {"name": "a-2", "alive": False, "asked": {"lr": 2e-4}, "events": SECOND},
        ],
        "header": header,
        "later": LATER,
        "live": {"type": "runs", "seq": 1, "order": ["a-2", "a-1"], "runs": {"a-1": after}},
        "curve": curve(range(1, 6), [4, 5]),
        "grown": curve(range(5, 6), [5]),
        "diff": {"settings": [["lr", ["0.0002", "5e-05"]]]},
    }
    text = json.dumps(golden, ensure_ascii=False, indent=1) + "\n"
    Path(__file__).with_name("runs.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
