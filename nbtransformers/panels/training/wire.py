"""A training run as bytes: a small JSON header and one binary buffer, and what is told of it while it goes on.

The payload has of each series NAME of the header `NAME_step` uint32 and `NAME_value` float32 `[point]`: all points, or
of each stretch the least and the greatest where there are very many; NaN where a value was not finite.

While a run goes on, messages `{type: "run", seq, header, series, evals}` say what came since the one before: the keys
of `header` that changed; new points of a series, from its point number `from` on, as two buffers (step, value) a
series; new evaluations, from number `from` on. Each has the `seq` of the one before plus one; `{type: "run", seq,
restart: true}` says that what was told is not so any more. The question `run` is answered with the whole, as it is at
its `seq`. `tests/golden/training.json` holds both sides to it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nbtransformers.panels.packing import packed, sendable
from nbtransformers.panels.training.curves import cuts, thinned
from nbtransformers.panels.training.facts import facts_of
from nbtransformers.results.trainingrun import TrainingRun
from nbtransformers.rundir import heartbeat
from nbtransformers.rundir.atomic import read_json
from nbtransformers.rundir.control import Controls
from nbtransformers.rundir.events import Event
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.rundir.history import History
from nbtransformers.rundir.state import ENDED, State

VERSION = 1
MOST_POINTS = 2_000  # of a series
MOST_EVALS = 1_000
_MOST_NOTES = 50

_PLAN = (
    *("steps", "epochs", "steps_per_epoch", "batch_size", "micro_batch", "accumulation", "trainable", "parameters"),
    *("task", "labels", "train_rows", "test_rows"),
)
GONE = "Its worker is gone: it was killed, or the machine went down."

# What a header has beside what `told_of` tells.
_APART = (
    "version",
    "kind",
    "rows",
    "inline",
    "seq",
    "rewritten",
    "facts",
    "series",
    "evals",
    "evals_total",
    "sections",
)

Header = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Look:
    """What is in a run directory beside its events; looking costs a little.

    Attributes:
        living: the process that owns the run; None where there is none.
        memory: bytes that it has.
        gpu_memory: bytes that it has on the GPU.
        checkpoints: the steps of those that are whole.
        card: what was known before anything ran.
        notes: what is to be known of the data.
        told: the commands that may still be followed.
    """

    living: int | None
    memory: int | None
    gpu_memory: int | None
    checkpoints: list[int]
    card: dict[str, Any] | None
    notes: list[str]
    told: list[dict[str, Any]]


def look(run: TrainingRun) -> Look:
    """Look at what is beside the events. To be done before they are read, see `Told.now`."""
    files = run.files
    beat = heartbeat.read(files.heartbeat)
    living = beat if heartbeat.is_alive(beat) else None
    return Look(
        living=living and living.pid,
        memory=living and living.memory,
        gpu_memory=living and living.gpu_memory,
        checkpoints=files.complete_checkpoints(),
        card=read_json(files.card),
        notes=list(run.description.get("notes") or []),
        told=_told_to(files, beat),
    )


def state_of(run: TrainingRun, looked: Look) -> State:
    """The state of a run, by its events as far as they were read."""
    return run.history.told.now(looked.living)


def training_header(run: TrainingRun) -> tuple[Header, bytes]:
    """The header and the payload."""
    looked = look(run)
    run.history.read()
    history = run.history
    points = {name: len(history.steps) for name in history.series}
    return whole(run, told_of(run, looked), points, len(history.of("eval")), history.rewritten, 0)


def whole(
    run: TrainingRun, told: Header, points: Mapping[str, int], evals: int, rewritten: int, seq: int
) -> tuple[Header, bytes]:
    """The header and the payload as they were told up to a message.

    Args:
        run: the run.
        told: what `told_of` gave.
        points: how many points of each series were told.
        evals: how many evaluations were.
        rewritten: how often the history had been rewritten by then.
        seq: the number of that message.
    """
    arrays: dict[str, NDArray[Any]] = {}
    series: list[dict[str, Any]] = []
    for name, count in points.items():
        steps, values = (run.history.steps[column][:count] for column in ("step", name))
        at = thinned(values, MOST_POINTS)
        arrays |= {f"{name}_step": steps[at], f"{name}_value": values[at].astype(np.float32)}
        series.append({"name": name, "points": len(values), "last": last_of(values)})
    found = run.history.of("eval")[:evals]
    sections, payload = packed(arrays)
    header = {
        "version": VERSION,
        "kind": "training",
        "rows": 0,
        "inline": True,
        "seq": seq,
        "rewritten": rewritten,
        **told,
        "facts": [[name, sendable(value)] for name, value in facts_of(run, with_card=False)],
        "series": series,
        "evals": list(map(eval_of, _some(found))),
        "evals_total": len(found),
        "sections": sections,
    }
    return header, payload


def told_of(run: TrainingRun, looked: Look) -> Header:
    """The keys of the header that change while a run goes on, its curves and evaluations apart."""
    history = run.history
    state = state_of(run, looked)
    told, plan = history.told, _plan(history)
    best, steps = history.last("best"), history.steps
    gone, ended = state == "dead", state in ENDED
    # A new worker may live that has told nothing yet: what the last one told is not of it.
    is_heard = not ended and looked.living == told.pid
    keys: Header = {
        "title": sendable(run.name),
        "subtitle": sendable(subtitle(run)),
        "name": sendable(run.name),
        "folder": sendable(str(run.folder)),
        "state": state,
        "stage": _stage(history.last("stage")) if is_heard else None,
        "plan": plan,
        "card": looked.card,
        "progress": {
            "step": int(steps["step"][-1]) if len(steps) else 0,
            "steps": plan and plan["steps"],
            "epoch": last_of(steps["epoch"]),
            "eta_s": history.left_s() if state == "running" else None,
            "elapsed_s": history.worked_s(time.time() if is_heard and state != "paused" else None),
            "tokens_per_s": last_of(steps["tokens_per_s"]),
            "memory": looked.memory,
            "gpu_memory": looked.gpu_memory,
        },
        "checkpoints": looked.checkpoints,
        "best": best and {"step": best["step"], "metric": best.get("metric"), "value": best.get("value")},
        "finder": _finder(history.last("finder")),
        "lr_changes": [{"step": one.get("step"), "factor": one.get("factor")} for one in history.of("lr")],
        "message": GONE if gone else told.message if ended else None,
        "hint": _way_on(looked.checkpoints) if gone else told.hint if ended else None,
        "notes": _notes(history, looked),
        "warnings": warnings_of(history, looked.card),
        "queued": [] if ended else _queued(history, looked.told),
        "attempts": len(history.of("attempt")),
    }
    return clean(keys)


def told_in(header: Header) -> Header:
    """What `told_of` told in a header."""
    return {name: value for name, value in header.items() if name not in _APART}


def subtitle(run: TrainingRun) -> str:
    """What learns, and how."""
    return f"{run.model_name} · {run.request.method}"


def eval_of(event: Event) -> dict[str, Any]:
    """An evaluation as it travels."""
    return clean({name: event.get(name) for name in ("step", "epoch", "metrics", "seconds")})


def report_of(run: TrainingRun, step: int) -> dict[str, Any] | None:
    """What the evaluation after a step found out; None where there is no file that says it, or half of one."""
    try:
        return clean(read_json(run.files.evaluation(step)))
    except ValueError:  # half written when the machine went down
        return None


def queued_of(run: TrainingRun) -> list[dict[str, str]]:
    """What the worker of a run was told and has not followed yet: `id` and `command` each."""
    return _queued(run.history, _told_to(run.files, heartbeat.read(run.files.heartbeat)))


def last_of(values: NDArray[Any]) -> float | None:
    """The last number; None where there is none."""
    return clean(float(values[-1])) if len(values) else None


def clean(value: Any) -> Any:
    """A value of a file as JSON and UTF-8 have it: what is no number is None."""
    if isinstance(value, dict):
        return {sendable(str(name)): clean(part) for name, part in cast("dict[Any, Any]", value).items()}
    if isinstance(value, list):
        return list(map(clean, cast("list[Any]", value)))
    if isinstance(value, str):
        return sendable(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _plan(history: History) -> dict[str, Any] | None:
    """What was planned, with what memory made of it since."""
    plan, smaller = history.last("plan"), history.last("micro_batch")
    if plan is None:
        return None
    now = {name: plan.get(name) for name in _PLAN}
    if (processes := plan.get("processes", 1)) > 1:
        now["micro_batch"] *= processes  # a reader sees what is computed at once, wherever that is
    if smaller is not None and smaller["time"] >= plan["time"]:
        now |= {name: smaller.get(name) for name in ("micro_batch", "accumulation")}
    return now


def _stage(event: Event | None) -> dict[str, Any] | None:
    return event and {name: event.get(name) for name in ("stage", "done", "total")}


def _finder(event: Event | None) -> dict[str, Any] | None:
    """What a search for a learning rate found: `points` [[lr, loss], …] and the rate that was `chosen`."""
    return event and {name: event.get(name) for name in ("points", "chosen")}


def _notes(history: History, looked: Look) -> list[str]:
    """What is good to know; what is wrong apart."""
    wrong = warnings_of(history, looked.card)
    told = (str(one.get("text")) for one in history.of("note"))  # each worker may tell the same
    return [note for note in dict.fromkeys([*looked.notes, *told]) if note not in wrong][-_MOST_NOTES:]


def warnings_of(history: History, card: Mapping[str, Any] | None) -> list[str]:
    """What is wrong, or will be: the advice before it began, and what a worker warned of."""
    advice = map(str, (card or {}).get("advice") or [])
    told = (str(one.get("text")) for one in history.of("note") if one.get("warning"))
    return list(dict.fromkeys([*advice, *told]))[-_MOST_NOTES:]


def _is_told(message: Mapping[str, Any], started: float) -> bool:
    """Whether it was told to a worker of that beginning; a line by hand that does not say when is not waited for."""
    when = message.get("time")
    return isinstance(when, int | float) and when >= started and isinstance(message.get("id"), str)


def _told_to(files: RunFolder, beat: heartbeat.Heartbeat | None) -> list[dict[str, Any]]:
    """The commands that the worker of a heartbeat may still follow."""
    return [one for one in Controls(files.control).new() if beat is not None and _is_told(one, beat.started)]


def _queued(history: History, told: list[dict[str, Any]]) -> list[dict[str, str]]:
    """What the worker was told and has not followed yet."""
    followed = {one.get("id") for one in history.of("control")}
    return [{"id": one["id"], "command": one["command"]} for one in told if one["id"] not in followed]


def _way_on(checkpoints: list[int]) -> str:
    return f"Resume goes on from step {checkpoints[-1]:,}." if checkpoints else "Resume begins it again."


def _some(evals: list[Event]) -> list[Event]:
    if len(evals) <= MOST_EVALS:
        return evals
    return [evals[at] for at in cuts(len(evals) - 1, MOST_EVALS - 1).tolist()]
