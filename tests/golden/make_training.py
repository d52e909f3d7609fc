"""Write training.json: runs on the wire, what is told of them while they go on, and answers of their panel.

Both ends of the wire are tested against that file. This script is a third reading of the rules, on purpose
independent of both ends: it needs only numpy. Run it after a change of the wire, and look at what changed.

Of each case: `events`, the run's own lines (one of type `steps` stands for many of type `step`, a list for each of
their values); `header` and `payload_base64`, the run as the panel has it after the first `read` of them; `live`, the
message that tells of the others, its buffers beside it (step, then value, of each series that it names); `answers` of
questions that are asked at the end; `control` what its worker was told. `folder`, `facts`, times and memory are the
machine's own: readers of this file set them aside. NaN stands for what was not finite.

Changed since the first version: `warnings` stand apart from `notes`, and `finder` is new; an entry of `queued` is
`{id, command}`, not an id alone; `rewritten` in the header (how often steps were done again and left out) is for
Python's own use; `subtitle` is filled. The question for the whole is called `run`; its answer is a header, with its
`sections`, and the payload.
"""

import base64
from itertools import pairwise

import numpy as np
from wire import keep, packed

MOST = 2_000  # points of a series that travel with the header
DONE = 2_400  # steps of a run of which not all do
SERIES = ["loss", "lr", "grad_norm", "tokens_per_s"]
MARKUP = "<img src=x onerror=alert(1)> 内存 نفدت 👩\u200d👧"
PLAN = {
    "steps": 8,
    "epochs": 2.0,
    "steps_per_epoch": 4,
    "batch_size": 16,
    "micro_batch": 8,
    "accumulation": 2,
    "trainable": 1_234,
    "parameters": 56_789,
    "task": "classification",
    "labels": ["<b>neg</b>", "正面"],
    "train_rows": 64,
    "test_rows": 16,
}
BEGUN = 1_700_000_000.0


def event(kind, second, attempt=1, **values):
    return {"type": kind, "time": BEGUN + second, "attempt": attempt, **values}


def step(number, attempt=1, loss=None, **values):
    told = {
        "step": number,
        "epoch": number / 4,
        "loss": 2.0 / number if loss is None else loss,
        "lr": 2e-5 * (1 - number / 8),
        "grad_norm": 1.0 + number / 10,
        "tokens": 500 + number,
        "tokens_per_s": 1000.0 + number,
        **values,
    }
    return event("step", 10.0 + number, attempt, **told)


def evaluated(number, accuracy, attempt=1):
    metrics = {"loss": 0.5, "accuracy": accuracy, MARKUP: None}
    report = f"evaluations/step-{number}.json"
    told = {"step": number, "epoch": number / 4, "metrics": metrics, "seconds": 1.5, "report": report}
    return event("eval", 10.5 + number, attempt, **told)


# --- the rules ---


def folded(events):
    """Steps that an attempt does again count once."""
    found = []
    for one in events:
        if one["type"] == "attempt":
            back = one["resumed_from"] or 0
            found = [e for e in found if e["type"] not in ("step", "eval", "checkpoint", "best") or e["step"] <= back]
        found.append(one)
    return found


def series_of(events, name):
    steps = [one for one in events if one["type"] == "step" and name in one]
    values = [np.nan if one[name] is None else one[name] for one in steps]
    return np.array([one["step"] for one in steps], np.uint32), np.array(values, np.float32)


def thinned(steps, values):
    """The least and the greatest of each bucket, in the order of their steps; all where there are few."""
    if len(steps) <= MOST:
        return steps, values
    cuts = np.linspace(0, len(steps), MOST // 2 + 1).round().astype(int)
    kept = []
    for start, stop in pairwise(cuts):
        bucket = values[start:stop]
        if np.isnan(bucket).all():
            kept.append(start)
        else:
            kept += sorted({start + int(np.nanargmin(bucket)), start + int(np.nanargmax(bucket))})
    return steps[kept], values[kept]


def eval_of(one):
    return {name: one[name] for name in ("step", "epoch", "metrics", "seconds")}


def header_of(events, state, seq, **own):
    rewritten = sum(len(folded(events[: at + 1])) <= len(folded(events[:at])) for at in range(len(events)))
    events = folded(events)
    by_type = {}
    for one in events:
        by_type.setdefault(one["type"], []).append(one)
    last = {name: found[-1] for name, found in by_type.items()}
    columns, series = [], []
    for name in SERIES:
        steps, values = series_of(events, name)
        if len(steps):
            few_steps, few = thinned(steps, values)
            columns += [(f"{name}_step", few_steps), (f"{name}_value", few)]
            end = None if np.isnan(values[-1]) else float(values[-1])
            series.append({"name": name, "points": len(steps), "last": end})
    sections, payload = packed(columns)
    plan = {name: last["plan"][name] for name in PLAN} if "plan" in last else None
    if plan and "micro_batch" in last:
        plan |= {name: last["micro_batch"][name] for name in ("micro_batch", "accumulation")}
    best, told = last.get("best"), last.get("state", {})
    header = {
        "version": 1,
        "kind": "training",
        "title": "a-run",
        "subtitle": "minilm · full",
        "rows": 0,
        "inline": True,
        "seq": seq,
        "rewritten": rewritten,
        "name": "a-run",
        "folder": "",
        "state": state,
        "stage": None,
        "plan": plan,
        "card": None,
        "progress": {
            "step": last["step"]["step"] if "step" in last else 0,
            "steps": plan and plan["steps"],
            "epoch": last["step"]["epoch"] if "step" in last else None,
            "eta_s": None,
            "elapsed_s": None,
            "tokens_per_s": last["step"]["tokens_per_s"] if "step" in last else None,
            "memory": None,
            "gpu_memory": None,
        },
        "series": series,
        "evals": [eval_of(one) for one in by_type.get("eval", [])],
        "evals_total": len(by_type.get("eval", [])),
        "checkpoints": [],
        "best": best and {name: best[name] for name in ("step", "metric", "value")},
        "finder": {name: last["finder"][name] for name in ("points", "chosen")} if "finder" in last else None,
        "lr_changes": [{"step": one["step"], "factor": one["factor"]} for one in by_type.get("lr", [])],
        "message": told.get("message"),
        "hint": told.get("hint"),
        "notes": [one["text"] for one in by_type.get("note", []) if not one.get("warning")],
        "warnings": [one["text"] for one in by_type.get("note", []) if one.get("warning")],
        "queued": [],
        "attempts": len(by_type.get("attempt", [])),
        "facts": [],
        "sections": sections,
        **own,
    }
    return header, payload


# --- what is told while it goes on ---


def live(before, after, seq):
    """What is new: keys of the header that changed, points and evaluations that came."""
    old, new = before[0], after[0]
    apart = {"series", "sections", "evals", "evals_total", "seq", "facts", "rewritten"}
    changed = {name: new[name] for name in new if name not in apart and new[name] != old[name]}
    return {"type": "run", "seq": seq, "header": changed}


def live_case(first, rest, before, after, seq):
    events = first + rest
    message, series, buffers = live(before, after, seq), [], []
    for name in SERIES:
        steps, values = series_of(folded(events), name)
        had = len(series_of(folded(first), name)[0])
        if len(steps) > had:
            end = None if np.isnan(values[-1]) else float(values[-1])
            series.append({"name": name, "from": had, "points_total": len(steps), "last": end})
            buffers += [steps[had:], values[had:]]
    message["series"] = series
    if after[0]["evals_total"] > before[0]["evals_total"]:
        had = before[0]["evals_total"]
        message["evals"] = {"from": had, "total": after[0]["evals_total"], "new": after[0]["evals"][had:]}
    return {"message": message, "buffers_base64": [base64.b64encode(one.tobytes()).decode() for one in buffers]}


# --- answers ---


def listed(values):
    return [None if np.isnan(value) else round(float(value), 6) for value in np.ravel(values)[:120]]


def smoothed(values, smoothing):
    """What is exponentially averaged, without the pull to zero at the beginning; what is not finite is passed over."""
    average, weight, found = 0.0, 0.0, []
    for value in values.astype(float):
        if np.isfinite(value):
            average = smoothing * average + (1 - smoothing) * value
            weight = smoothing * weight + (1 - smoothing)
        found.append(average / weight if weight else np.nan)
    return np.array(found)


def curve(events, name, from_step, to_step, pixels, smoothing):
    steps, values = series_of(folded(events), name)
    smooth = smoothed(values, smoothing)
    inside = np.flatnonzero((steps >= from_step) & (steps <= to_step))
    buckets = min(pixels, len(inside))
    cuts = np.linspace(0, len(inside), buckets + 1).round().astype(int)
    rows = []
    for start, stop in pairwise(cuts):
        at = inside[start:stop]
        bucket = values[at][np.isfinite(values[at])].astype(float)
        told = [bucket.min(), bucket.max(), bucket.mean()] if len(bucket) else [np.nan] * 3
        rows.append([steps[at[(len(at) - 1) // 2]], *told, smooth[at[-1]]])
    made = np.array(rows, float).reshape(-1, 5)
    columns = [("step", made[:, 0].astype(np.uint32))]
    columns += [(column, made[:, 1 + at].astype(np.float32)) for at, column in enumerate(("min", "max", "mean"))]
    if smoothing:
        columns.append(("smooth", made[:, 4].astype(np.float32)))
    sections, payload = packed(columns)
    params = {"name": name, "from_step": from_step, "to_step": to_step, "pixels": pixels, "smoothing": smoothing}
    return {
        "method": "curve",
        "params": params,
        "result": {"name": name, "points": len(inside), "exact": buckets == len(inside), "sections": sections},
        "payload_base64": payload,
        "told": {column: listed(made[:, at]) for at, column in enumerate(("step", "min", "max", "mean", "smooth"))},
    }


# --- cases ---


def case(events, state, *, read=None, rest_state=None, own=None, rest_own=None, answers=(), control=()):
    first, rest = (events, []) if read is None else (events[:read], events[read:])
    before = header_of(first, state, 0, **(own or {}))
    header, payload = before
    told = {"events": events, "read": len(first), "header": header, "payload_base64": payload, "answers": list(answers)}
    told["control"] = list(control)
    if rest:
        after = header_of(events, rest_state or state, 1, **{**(own or {}), **(rest_own or {})})
        told["live"] = live_case(first, rest, before, after, 1)
    return told


BEGIN = [event("attempt", 0, pid=1, resumed_from=None, versions={}), event("stage", 1, stage="loading")]


def running():
    events = [
        *BEGIN,
        event("plan", 2, **PLAN),
        event("state", 3, state="running"),
        event("finder", 3, points=[[1e-6, 2.0], [1e-4, 1.5], [1e-2, None]], chosen=1e-4),
        event("stage", 3, stage="training"),
        *map(step, range(1, 5)),
        evaluated(4, 0.5),
        event("best", 15, step=4, metric="accuracy", value=0.5),
        event("note", 15, text=MARKUP),
        # What comes while somebody looks.
        step(5),
        event("lr", 15.5, step=5, factor=0.5, id="aaaaaaaaaaaa"),
        event("control", 15.5, id="aaaaaaaaaaaa", command="lr", step=5),
        event("micro_batch", 15.6, step=5, micro_batch=4, accumulation=4),
        event("note", 15.6, text="Memory ran out. " + MARKUP, warning=True),
        step(6, loss=None) | {"loss": None},
        evaluated(6, 0.75),
        event("best", 17, step=6, metric="accuracy", value=0.75),
        event("state", 18, state="paused"),
    ]
    answers = [curve(events, "loss", 0, 8, 100, 0.5), curve(events, "lr", 2, 5, 2, 0)]
    control = [
        {"id": "aaaaaaaaaaaa", "command": "lr", "factor": 0.5},
        {"id": "bbbbbbbbbbbb", "command": "save"},
    ]
    told = [{"id": one["id"], "command": one["command"]} for one in control]
    training = {"stage": {"stage": "training", "done": None, "total": None}, "queued": told}
    later = {"queued": told[1:]}
    asked = {"answers": answers, "control": control}
    return case(events, "running", read=13, rest_state="paused", own=training, rest_own=later, **asked)


def resumed():
    """A worker died at step 5 and the next one went on from step 2."""
    again = [step(number, 2, loss=1.5) for number in (3, 4)]
    attempt = event("attempt", 30, 2, pid=2, resumed_from=2, versions={})
    events = [*BEGIN, event("plan", 2, **PLAN), *map(step, range(1, 6)), evaluated(4, 0.9), attempt]
    state = event("state", 31, 2, state="running")
    stage = {"stage": {"stage": "training", "done": None, "total": None}}
    return case([*events, state, event("stage", 31, 2, stage="training"), *again], "running", own=stage)


def failed():
    wrong = event("state", 20, state="failed", message=MARKUP, hint="Type `--batch-size 8`. " + MARKUP)
    return case([*BEGIN, event("plan", 2, **PLAN), step(1, loss=1.0) | {"loss": None}, wrong], "failed")


def done():
    """So many steps that not all travel."""
    steps = []
    for number in range(1, DONE + 1):
        loss = None if 100 <= number < 120 else round(2 + np.sin(number * 1.7) / (1 + number % 13), 4)
        values = {"lr": 1e-4, "grad_norm": 1 + number * 7 % 100 / 8, "tokens_per_s": 1000 + number * 13 % 500}
        steps.append(step(number, epoch=number / 800, **values) | {"loss": loss})
    plan = event("plan", 2, **{**PLAN, "steps": DONE, "steps_per_epoch": 800, "epochs": 3.0})
    end = evaluated(DONE, 0.75), event("best", DONE + 11, step=DONE, metric="accuracy", value=0.75)
    events = [*BEGIN, plan, *steps, *end, event("state", DONE + 12, state="done")]
    answers = [
        curve(events, "loss", 0, DONE, 300, 0.9),
        curve(events, "loss", 90, 130, 300, 0),
        curve(events, "grad_norm", 1_000, 1_500, 7, 0.99),
    ]
    told = case(events, "done", answers=answers)
    columns = {name: [one[name] for one in steps] for name in steps[0] if name not in ("type", "attempt")}
    told["events"] = [*BEGIN, plan, {"type": "steps", "attempt": 1, **columns}, *end, events[-1]]
    return told


def main():
    cases = {
        "starting": case([], "starting"),
        "running": running(),
        "resumed": resumed(),
        "failed": failed(),
        "done": done(),
    }
    keep("training.json", cases)


if __name__ == "__main__":
    main()
