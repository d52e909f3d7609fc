"""Training runs as static HTML: a table of them, the loss of the newest on one another, and in what those differ."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from nbtransformers.panels.colours import HEX
from nbtransformers.panels.runs.wire import rows_of, said
from nbtransformers.panels.snapshot import CELL, QUIET, framed
from nbtransformers.panels.training.picture import WIDTH, Frame, Points, picture
from nbtransformers.plain_text import seconds
from nbtransformers.results.runs import Runs
from nbtransformers.results.trainingrun import TrainingRun
from nbtransformers.rundir.listing import shown_folder

MOST_RUNS = 50
MOST_CURVES = 4
MOST_DIFFERENCES = 20
_LONGEST = 80  # characters of a setting
_COLOURS = ("blue", "orange", "green", "pink")
_HEADS = ("run", "state", "data", "model", "settings", "metrics", "took")


def runs_snapshot(panel_id: str, runs: Runs) -> str:
    """Runs as HTML, as they are now."""
    rows = rows_of(runs)
    title = f'<p><strong>Training runs</strong> <span style="{QUIET}">{escape(shown_folder(runs.folder))}</span></p>'
    newest = [run for run in runs if len(run.history.steps)][:MOST_CURVES]
    parts = [title, _table(rows), _losses(newest), _differences(runs, newest)]
    return framed(panel_id, "".join(parts))


def _table(rows: dict[str, dict[str, Any]]) -> str:
    if not rows:
        return "<p>There are no runs; <code>%finetune</code> begins one.</p>"
    lines = [(name, *_cells(row)) for name, row in list(rows.items())[:MOST_RUNS]]
    more = f"<p>and {len(rows) - MOST_RUNS:,} more</p>" if len(rows) > MOST_RUNS else ""
    return _written(_HEADS, lines) + more


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    metrics = ", ".join(f"{name} {value:.4g}" for name, value in list(row["metrics"].items())[:4] if value is not None)
    state = (
        row["state"]
        if row["state"] == "done" or not row["steps"]
        else f"{row['state']} at {row['step']:,} of {row['steps']:,}"
    )
    told = ": ".join(filter(None, [state, row["message"][:_LONGEST]]))
    return told, row["data"], row["model"], row["settings"], metrics or "–", seconds(row["seconds"])


def _losses(runs: list[TrainingRun]) -> str:
    """The training loss of each, by step."""
    curves: list[Points] = [(run.history.steps["step"].astype(float), run.history.steps["loss"]) for run in runs]
    values = np.concatenate([values for _, values in curves]) if curves else np.empty(0)
    finite = values[np.isfinite(values)]
    if not len(finite):
        return ""
    end = max(1.0, *(float(steps[-1]) for steps, _ in curves))
    frame = Frame((0.0, end), (float(finite.min()), float(finite.max())))
    hues = [HEX[name] for name in _COLOURS]
    lines = [frame.line(points, hue, 0.9) for points, hue in zip(curves, hues, strict=False)]
    names = [
        f'<text x="{WIDTH - 8}" y="{26 + 12 * at}" text-anchor="end" fill="{hue}">{escape(run.name[:30])}</text>'
        for at, (run, hue) in enumerate(zip(runs, hues, strict=False))
    ]
    return f"<div>{picture('loss', 'loss by step', frame.axes(('0', f'{end:,.0f}')), *lines, *names)}</div>"


def _differences(runs: Runs, some: list[TrainingRun]) -> str:
    if len(some) < 2:
        return ""
    found = list(runs.differences(*(run.name for run in some)).items())
    lines = [(name, *said(values, _LONGEST)) for name, values in found[:MOST_DIFFERENCES]]
    return _written(("different", *(run.name for run in some)), lines) if lines else ""


def _written(heads: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    cell = '<td style="{}" dir="auto">{}</td>'
    head = "".join(f'<th style="{CELL}" dir="auto">{escape(name)}</th>' for name in heads)
    rows = "".join("<tr>" + "".join(cell.format(CELL, escape(text)) for text in line) + "</tr>" for line in lines)
    style = "margin:4px 0 8px 0;overflow-wrap:break-word"  # else short words were broken for room
    return f'<table style="{style}"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
