"""Explore text with Transformers in a notebook: `%load_ext nbtransformers`, then `%%classify`.

Importing this package is cheap: whatever is heavy is imported by the function that needs it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbtransformers.coding import code
    from nbtransformers.doors.answer import answer
    from nbtransformers.doors.attention import attention, load_attention
    from nbtransformers.doors.card import card
    from nbtransformers.doors.classify import classify
    from nbtransformers.doors.embed import embed
    from nbtransformers.doors.entities import entities
    from nbtransformers.doors.explain import explain
    from nbtransformers.doors.fill import fill
    from nbtransformers.doors.finetune import finetune
    from nbtransformers.doors.generate import continue_from, generate
    from nbtransformers.doors.models import datasets, download, models, preview
    from nbtransformers.doors.positions import positions
    from nbtransformers.doors.resume import resume
    from nbtransformers.doors.runs import attach, runs
    from nbtransformers.doors.screen import panel, selected, show
    from nbtransformers.doors.similar import similar
    from nbtransformers.doors.summarize import summarize
    from nbtransformers.doors.tokenize import tokenize
    from nbtransformers.doors.translate import translate
    from nbtransformers.doors.workbench import workbench
    from nbtransformers.errors import UserError
    from nbtransformers.session import defaults, loaded, set_default, unload

__version__ = "0.1.0"

_PUBLIC = {
    "answer": ("nbtransformers.doors.answer", "answer"),
    "attach": ("nbtransformers.doors.runs", "attach"),
    "attention": ("nbtransformers.doors.attention", "attention"),
    "card": ("nbtransformers.doors.card", "card"),
    "classify": ("nbtransformers.doors.classify", "classify"),
    "code": ("nbtransformers.coding", "code"),
    "continue_from": ("nbtransformers.doors.generate", "continue_from"),
    "datasets": ("nbtransformers.doors.models", "datasets"),
    "defaults": ("nbtransformers.session", "defaults"),
    "download": ("nbtransformers.doors.models", "download"),
    "embed": ("nbtransformers.doors.embed", "embed"),
    "entities": ("nbtransformers.doors.entities", "entities"),
    "explain": ("nbtransformers.doors.explain", "explain"),
    "fill": ("nbtransformers.doors.fill", "fill"),
    "finetune": ("nbtransformers.doors.finetune", "finetune"),
    "generate": ("nbtransformers.doors.generate", "generate"),
    "load_attention": ("nbtransformers.doors.attention", "load_attention"),
    "loaded": ("nbtransformers.session", "loaded"),
    "models": ("nbtransformers.doors.models", "models"),
    "positions": ("nbtransformers.doors.positions", "positions"),
    "preview": ("nbtransformers.doors.models", "preview"),
    "resume": ("nbtransformers.doors.resume", "resume"),
    "runs": ("nbtransformers.doors.runs", "runs"),
    "set_default": ("nbtransformers.session", "set_default"),
    "panel": ("nbtransformers.doors.screen", "panel"),
    "selected": ("nbtransformers.doors.screen", "selected"),
    "show": ("nbtransformers.doors.screen", "show"),
    "similar": ("nbtransformers.doors.similar", "similar"),
    "summarize": ("nbtransformers.doors.summarize", "summarize"),
    "tokenize": ("nbtransformers.doors.tokenize", "tokenize"),
    "translate": ("nbtransformers.doors.translate", "translate"),
    "unload": ("nbtransformers.session", "unload"),
    "workbench": ("nbtransformers.doors.workbench", "workbench"),
    "UserError": ("nbtransformers.errors", "UserError"),
}

__all__ = [
    "UserError",
    "answer",
    "attach",
    "attention",
    "card",
    "classify",
    "code",
    "continue_from",
    "datasets",
    "defaults",
    "download",
    "embed",
    "entities",
    "explain",
    "fill",
    "finetune",
    "generate",
    "load_attention",
    "load_ipython_extension",
    "loaded",
    "models",
    "panel",
    "positions",
    "preview",
    "resume",
    "runs",
    "selected",
    "set_default",
    "show",
    "similar",
    "summarize",
    "tokenize",
    "translate",
    "unload",
    "unload_ipython_extension",
    "workbench",
]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        module, attribute = _PUBLIC[name]
        return getattr(import_module(module), attribute)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext nbtransformers`."""
    from nbtransformers.magics.extension import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext nbtransformers`."""
    from nbtransformers.magics.extension import unload

    unload(shell)
