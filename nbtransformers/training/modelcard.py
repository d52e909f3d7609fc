"""The model card of a trained model: `README.md`, as the Hub reads it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from typing import Any

from nbtransformers.plain_text import count, printable
from nbtransformers.request import ADAPTER_METHODS, FinetuneRequest, TrainingTask
from nbtransformers.rundir.folder import RunFolder
from nbtransformers.rundir.history import History
from nbtransformers.training.journal import versions
from nbtransformers.training.tasks import task_named
from nbtransformers.training.tasks.task import Description
from nbtransformers.training.tasks.written import said_of

_PIPELINES: dict[TrainingTask, str] = {
    "classification": "text-classification",
    "multi-label": "text-classification",
    "regression": "text-classification",
    "tokens": "token-classification",
    "seq2seq": "text2text-generation",
    "causal": "text-generation",
    "masked": "fill-mask",
}
_MARKS = re.compile(r"([\\`*_{}\[\]()#+!|~$-])")
_MOST_LABELS = 100


def model_card(
    folder: RunFolder,
    request: FinetuneRequest,
    description: Description,
    history: History,
    lr: float | None = None,
    *,
    adapter: bool = False,
) -> str:
    """The model card of a run: data, settings, metrics of each evaluation, versions.

    Args:
        folder: the run.
        request: what was asked for.
        description: its data.
        history: what has happened, read to here.
        lr: the learning rate at its highest, where that is another than was asked for.
        adapter: whether it is the card of the adapter, not of the plain model.
    """
    from huggingface_hub import ModelCardData

    base = request.model.name if request.model is not None and request.model.kind == "hub" else None
    data = ModelCardData(
        base_model=base,
        library_name="peft" if adapter else "transformers",
        pipeline_tag=_PIPELINES[description.training_task],
        tags=["nbtransformers", description.training_task, *([] if request.method == "full" else [request.method])],
        datasets=[request.data.value] if request.data.kind == "hub" else None,
    )
    parts = [
        f"---\n{data.to_yaml()}\n---",
        f"# {_text(folder.name)}",
        _what(request, description, adapter=adapter),
        "## Data",
        _table(_data(request, description)),
        *([_labels(description)] if description.labels else []),
        "## Training",
        _table(_settings(request, lr)),
        "## Evaluation",
        _evaluations(history),
        *([said_of(description.rows["test"])] if task_named(description.training_task).writes else []),
        "## Versions",
        _table(versions()),
    ]
    return "\n\n".join(parts) + "\n"


def _what(request: FinetuneRequest, description: Description, *, adapter: bool) -> str:
    kind = "An adapter for" if adapter else "A model for"
    return (
        f"{kind} {_text(description.training_task)}, trained from {_text(_model_name(request))} "
        f"(method: {_text(request.method)}) with nbtransformers.{_of_quantized(request, adapter=adapter)}"
    )


def _of_quantized(request: FinetuneRequest, *, adapter: bool) -> str:
    if request.method != "qlora":
        return ""
    held = " Meanwhile the layers beside the adapter were held in 4 bits (nf4, double quantisation, by bitsandbytes)."
    if adapter:
        return held
    return (
        f"{held} Their weights here are those 4 bits, dequantised to float32, with the adapter added: "
        "it computes as it was evaluated."
    )


def _model_name(request: FinetuneRequest) -> str:
    """What a reader elsewhere can make of the model: no folder of this machine."""
    model = request.model
    if model is None:
        return "a model"
    return {"folder": "a model in a folder", "variable": "a model in memory"}.get(model.kind, str(model))


def _data(request: FinetuneRequest, description: Description) -> dict[str, Any]:
    data = request.data
    shown = {"file": "a file", "variable": f"the variable {data.value}"}.get(data.kind, data.value)
    return {
        "Data": shown,
        "Rows to learn from": f"{description.rows['train']:,}",
        "Rows to evaluate on": f"{description.rows['test']:,}",
        "Chosen as": description.split,
        "Columns": ", ".join(f"{name}: {column}" for name, column in description.columns.items()),
        "SHA-256": description.fingerprint,
        "Notes": " ".join(description.notes),
    }


def _labels(description: Description) -> str:
    shown = [_text(label) for label in description.labels[:_MOST_LABELS]]
    more = len(description.labels) - len(shown)
    return f"Labels: {', '.join(shown)}" + (f" and {more:,} more" if more else "") + "."


def _settings(request: FinetuneRequest, lr: float | None) -> dict[str, Any]:
    names = ("epochs", "batch_size", "grad_accum", "warmup", "schedule", "weight_decay", "max_length", "seed", "bf16")
    adapter = ("lora_rank", "lora_alpha", "lora_dropout", "lora_modules") if request.method in ADAPTER_METHODS else ()
    rest = ("early_stopping", "metric", "collator", "gpus", *adapter)
    found = {"method": request.method, "lr": request.peak_lr if lr is None else lr}
    found |= {name: getattr(request, name) for name in (*names, *rest)}
    return {name: value for name, value in {**found, **request.arguments}.items() if value not in (None, ())}


def _evaluations(history: History) -> str:
    evals, best = history.of("eval"), history.last("best")
    if not evals:
        return "It was not evaluated."
    names = list(dict.fromkeys(name for event in evals for name in event["metrics"]))
    head = ["step", "epoch", *names]
    rows = [
        [f"{event['step']:,}", _number(event["epoch"]), *(_number(event["metrics"].get(name)) for name in names)]
        for event in evals
    ]
    lines = [_line(head), _line(["---:"] * len(head), plain=True), *(_line(row) for row in rows)]
    if best is not None:
        lines += ["", f"The model is that of step {best['step']:,}, the best by {_text(str(best['metric']))}."]
    return "\n".join([f"{count(len(evals), 'evaluation')}:", "", *lines])


def _table(values: Mapping[str, Any]) -> str:
    rows = [_line([name, str(value)]) for name, value in values.items() if value != ""]
    return "\n".join(["| | |", "|---|---|", *rows])


def _line(cells: Iterable[str], *, plain: bool = False) -> str:
    return f"| {' | '.join(cell if plain else _text(cell) for cell in cells)} |"


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else "–"


def _text(text: str) -> str:
    """Text that Markdown shows as it is: no mark of its own, in one line."""
    return _MARKS.sub(r"\\\1", html.escape(printable(text), quote=False))
