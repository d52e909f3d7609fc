"""What the details of a run tell: what was asked for, and where it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbtransformers.plain_text import count, size
from nbtransformers.results.trainingrun import TrainingRun
from nbtransformers.rundir.atomic import read_json

_CHANGING = ("State", "Progress", "Metrics", "Took")  # the panel tells of these elsewhere
_OF_CARD = ("Lengths", "Parameters", "Memory", "Look out")
_PACKAGES = ("torch", "transformers", "accelerate", "datasets", "peft", "nbtransformers")


def facts_of(run: TrainingRun, *, with_card: bool = True) -> list[tuple[str, str]]:
    """What does not change while a run goes on, as name and value.

    Args:
        run: the run.
        with_card: whether what its card has is among them.
    """
    apart = _CHANGING if with_card else (*_CHANGING, *_OF_CARD)
    written: Mapping[str, Any] = read_json(run.files.environment) or {}
    facts = [
        *(fact for fact in run.facts() if fact[0] not in apart),
        ("Split", str(run.description.get("split") or "")),
        ("Machine", _machine(written)),
        ("Software", _software(written)),
    ]
    return [(name, value) for name, value in facts if value]


def _machine(written: Mapping[str, Any]) -> str:
    """What it can do; not its name, since notebooks are passed on."""
    machine: Mapping[str, Any] = written.get("machine") or {}
    parts = [
        count(machine["cores"], "core") if machine.get("cores") else "",
        f"{size(machine['memory'])} of memory" if machine.get("memory") else "",
        *map(str, written.get("gpus") or []),
    ]
    return " · ".join(filter(None, parts))


def _software(written: Mapping[str, Any]) -> str:
    versions: Mapping[str, Any] = {"Python": written.get("python"), **(written.get("packages") or {})}
    return ", ".join(f"{name} {versions[name]}" for name in ("Python", *_PACKAGES) if versions.get(name))
