"""A training run in words: what was asked for, what was known before it began, and how far it came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtransformers.plain_text import count, seconds, size
from nbtransformers.request import FinetuneRequest
from nbtransformers.results.terminal import printed
from nbtransformers.rundir.listing import shown_folder

if TYPE_CHECKING:
    from nbtransformers.results.trainingrun import TrainingRun

_MOST_METRICS = 4
_FOR = {"train": "learn from", "test": "evaluate on"}
_FIRST = ("method", "epochs", "lr", "batch_size")
_SETTINGS = (
    *("method", "epochs", "lr", "batch_size", "grad_accum", "warmup", "schedule", "weight_decay", "max_length", "seed"),
    *("test_share", "bf16", "early_stopping", "metric", "collator", "find_lr", "report_to", "device", "gpus"),
    *("lora_rank", "lora_alpha", "lora_dropout", "lora_modules"),
)


# --- what was asked for ---


def data_name(request: FinetuneRequest) -> str:
    """What the user called the data."""
    data = request.data
    return Path(data.value).name if data.kind == "file" else f"hub:{data.value}" if data.kind == "hub" else data.value


def model_name(request: FinetuneRequest) -> str:
    """What the user called the model that a run starts from."""
    model = request.model
    return "–" if model is None else Path(model.name).name if model.kind == "folder" else str(model)


def settings(request: FinetuneRequest, lr: float | None) -> dict[str, Any]:
    """How a run learns, by the names of the options, those that are not as usual also beyond the first few.

    Args:
        request: what was asked for.
        lr: the learning rate at its highest; None where it is not known yet.
    """
    usual = FinetuneRequest(request.data)
    rest = [name for name in _SETTINGS if name not in _FIRST and getattr(request, name) != getattr(usual, name)]
    found = {name: getattr(request, name) for name in (*_FIRST, *rest)}
    return {name: value for name, value in {**found, "lr": lr, **request.arguments}.items() if value is not None}


def shown_settings(settings: Mapping[str, Any]) -> str:
    """The same in one line."""
    return ", ".join(f"{name} {_shown(value)}" for name, value in settings.items())


def _shown(value: object) -> str:
    if isinstance(value, tuple | list):
        return " ".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType]
    return f"{value:g}" if isinstance(value, float) else str(value)


# --- what became of it ---


def facts(run: TrainingRun) -> list[tuple[str, str]]:
    """What a run is and how far it came, as name and value."""
    told = run.description
    rows: Mapping[str, int] = told.get("rows") or {}
    found = {
        "State": run.state,
        "Task": str(told.get("training_task") or run.request.training_task or "–"),
        "Data": " · ".join([run.data_name, *(f"{count(n, 'row')} to {_FOR[part]}" for part, n in rows.items())]),
        "Model": run.model_name,
        "Settings": run.shown_settings,
        **_facts_of_card(run.card),
        "Progress": _progress(run),
        "Metrics": shown_metrics(run.metrics),
        "Took": seconds(run.duration),
        "Directory": shown_folder(run.folder),
    }
    return [(name, value) for name, value in found.items() if value]


def as_text(run: TrainingRun) -> str:
    """State, data, settings and metrics, for a plain terminal."""
    known = facts(run)
    width = max(len(name) for name, _ in known)
    notes: Iterable[str] = run.description.get("notes") or []
    return printed(f"Run {run.name}", *(f"  {name:<{width}}  {value}" for name, value in known), *notes, run.message)


def shown_metrics(metrics: Mapping[str, Any], most: int = _MOST_METRICS) -> str:
    """Metrics in one line."""
    numbers = {name: value for name, value in metrics.items() if isinstance(value, int | float)}
    return ", ".join(f"{name} {value:.4g}" for name, value in list(numbers.items())[:most])


def _progress(run: TrainingRun) -> str:
    plan = run.plan
    return f"step {run.step:,} of {plan['steps']:,}" if plan else ""


def _facts_of_card(card: Mapping[str, Any]) -> dict[str, str]:
    """What was known before a run began."""
    found: dict[str, str] = {}
    if lengths := card.get("lengths"):
        cut = lengths["cut_rows"]
        said = f"{lengths['median']:,.0f} tokens in the median, {lengths['longest']:,} at most"
        found["Lengths"] = said + (f"; {cut:.1%} of the rows are cut" if cut else "")
    if parameters := card.get("parameters"):
        found["Parameters"] = f"{parameters['trained']:,} of {parameters['all']:,} are trained"
    if memory := card.get("memory"):
        found["Memory"] = f"about {size(memory['needed'])}; {size(memory['free'])} were free"
    if advice := card.get("advice"):
        found["Look out"] = " ".join(advice)
    return found
