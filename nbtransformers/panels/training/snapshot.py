"""A training run as static HTML: its state, its curves, what the last evaluation gave, and what was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from nbtransformers.panels.snapshot import CELL, QUIET, framed, note_line
from nbtransformers.panels.training.chart import charts
from nbtransformers.panels.training.facts import facts_of
from nbtransformers.panels.training.wire import Header, look, report_of, subtitle, told_of
from nbtransformers.plain_text import seconds
from nbtransformers.results.trainingrun import TrainingRun
from nbtransformers.rundir.state import ENDED

MOST_LABELS = 12  # of a confusion matrix that can still be read as a table
MOST_MISTAKES = 10
_TEXT_CHARACTERS = 400
_BLUE = "43,131,198"
_NUMBER = f"{CELL};text-align:right !important;white-space:nowrap !important"


def training_snapshot(panel_id: str, run: TrainingRun) -> str:
    """A run as HTML, as it is now."""
    looked = look(run)
    run.history.read()
    told = told_of(run, looked)
    report = _last_report(run)
    parts = [
        _title(run, told),
        _failure(told),
        _since(told),
        *map(note_line, told["warnings"]),
        *map(_note, told["notes"]),
        charts(run),
        _metrics(run),
        _confusion(report),
        _mistakes(report),
        _facts(run),
    ]
    return framed(panel_id, "".join(parts))


def summary(told: Header) -> str:
    """How far a run is, in a line."""
    progress = told["progress"]
    parts = [told["state"]]
    if told["stage"] and told["state"] in ("starting", "running") and told["stage"]["stage"] != "training":
        parts.append(str(told["stage"]["stage"]))
    if progress["steps"]:
        parts.append(f"step {progress['step']:,} of {progress['steps']:,}")
    if progress["epoch"] is not None:
        parts.append(f"epoch {progress['epoch']:.2f}")
    if progress["elapsed_s"] is not None:
        parts.append(seconds(progress["elapsed_s"]))
    if progress["eta_s"]:
        parts.append(f"about {seconds(progress['eta_s'])} left")
    return " · ".join(parts)


def _title(run: TrainingRun, told: Header) -> str:
    return (
        f'<p><strong dir="auto">{escape(run.name)}</strong> <span style="{QUIET}">{escape(subtitle(run))}</span><br>'
        f"{escape(summary(told))}</p>"
    )


def _failure(told: Header) -> str:
    if not told["message"]:
        return ""
    hint = f" {escape(told['hint'])}" if told["hint"] else ""
    return f'<p dir="auto"><strong>✗</strong> {escape(told["message"])}{hint}</p>'


def _since(told: Header) -> str:
    """How to see a run that goes on."""
    return "" if told["state"] in ENDED else _note(f"This is how it was; %runs {told['name']} shows how it is.")


def _note(note: str) -> str:
    """What is good to know."""
    return f'<p style="{QUIET}">{escape(note)}</p>'


def _metrics(run: TrainingRun) -> str:
    """The metrics of the last evaluation, and of the best where that is another."""
    evals, best = run.history.of("eval"), run.history.last("best")
    if not evals:
        return ""
    last = evals[-1]
    shown = [last, *(one for one in evals if best and one["step"] == best["step"] != last["step"])]
    heads = "".join(f'<th style="{_NUMBER}">step {one["step"]:,}{_best(one, best)}</th>' for one in shown)
    lines = "".join(
        f'<tr><td style="{CELL}" dir="auto">{escape(str(name))}</td>'
        + "".join(f'<td style="{_NUMBER}">{_number((one.get("metrics") or {}).get(name))}</td>' for one in shown)
        + "</tr>"
        for name in last.get("metrics") or {}
    )
    return _table(f'<th style="{CELL}">evaluation</th>{heads}', lines)


def _best(one: Mapping[str, Any], best: Mapping[str, Any] | None) -> str:
    return " (best)" if best and best["step"] == one["step"] else ""


def _last_report(run: TrainingRun) -> Mapping[str, Any]:
    last = run.history.last("eval")
    return (report_of(run, last["step"]) if last else None) or {}


def _confusion(report: Mapping[str, Any]) -> str:
    """How often each label was taken for which, the oftener the bluer."""
    labels: Sequence[str] = report.get("labels") or []
    counts: Sequence[Sequence[int]] = report.get("confusion") or []
    if not counts or len(labels) > MOST_LABELS:
        return ""
    most = max(1, *(max(row, default=0) for row in counts))
    heads = "".join(
        f'<th style="{CELL};font-weight:400" dir="auto">{escape(_short(label, 40))}</th>' for label in labels
    )
    lines = "".join(
        f'<tr style="background:none"><th style="{CELL};font-weight:400" dir="auto">{escape(_short(label, 40))}</th>'
        + "".join(
            f'<td style="{_NUMBER};background-color:rgba({_BLUE},{0.8 * value / most:.2f})">{value:,}</td>'
            for value in row
        )
        + "</tr>"
        for label, row in zip(labels, counts, strict=False)
    )
    return _table(f'<th style="{CELL};{QUIET}">true \\ predicted</th>{heads}', lines)


def _mistakes(report: Mapping[str, Any]) -> str:
    found: Sequence[Mapping[str, Any]] = report.get("mistakes") or []
    if not found:
        return ""
    lines = "".join(_mistake(one) for one in found[:MOST_MISTAKES])
    styles = {"expected": CELL, "predicted": CELL, "loss": _NUMBER, "worst mistakes": f"{CELL};width:60%"}
    heads = "".join(f'<th style="{style}">{name}</th>' for name, style in styles.items())
    return _table(heads, lines, "width:100%;")


def _mistake(one: Mapping[str, Any]) -> str:
    told = (one.get("expected"), one.get("predicted"))
    labels = "".join(f'<td style="{CELL}" dir="auto">{escape(_short(_said(value), 60))}</td>' for value in told)
    text = f'<div dir="auto">{escape(_short(str(one["text"])))}</div>' if one.get("text") else ""
    return f'<tr>{labels}<td style="{_NUMBER}">{_number(one.get("loss"))}</td><td style="{CELL}">{text}</td></tr>'


def _facts(run: TrainingRun) -> str:
    lines = "".join(
        f'<tr><td style="{CELL};{QUIET}">{escape(name)}</td><td style="{CELL}" dir="auto">{escape(value)}</td></tr>'
        for name, value in facts_of(run)
    )
    return f'<table style="margin:4px 0 8px 0"><tbody>{lines}</tbody></table>'


def _table(heads: str, lines: str, style: str = "") -> str:
    return f'<table style="{style}margin:4px 0 8px 0"><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>'


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else "–"


def _said(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, Iterable) and not isinstance(value, str) else str(value)


def _short(text: str, most: int = _TEXT_CHARACTERS) -> str:
    return text if len(text) <= most else text[:most] + "…"
