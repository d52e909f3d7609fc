"""Every magic that runs a task: one row each, and loading, help, `%nbt` and completion follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from nbtransformers.magics import (
    answer,
    attention,
    classify,
    embed,
    entities,
    explain,
    fill,
    finetune,
    generate,
    positions,
    runs,
    similar,
    summarize,
    tokenize,
    translate,
)
from nbtransformers.magics.options import Option

Run = Callable[[str, "str | None", dict[str, Any], Any], Any]


@dataclass(frozen=True, slots=True)
class Magic:
    """A magic of a task.

    Attributes:
        name: what is typed after `%`, and the public function's name.
        run: line, cell (None for a line magic), namespace and shell to the value of the cell.
        options: the options that it takes.
        help: what `%NAME?` shows; its first sentence says what the magic does.
        forms: as IPython writes them.
    """

    name: str
    run: Run
    options: tuple[Option, ...]
    help: str
    forms: Literal["line", "cell", "line_cell"] = "line_cell"

    @property
    def summary(self) -> str:
        """What it does, in one sentence."""
        return self.help.partition(". ")[0].partition("\n")[0].removesuffix(".") + "."


MAGICS = (
    Magic("answer", answer.answer, answer.OPTIONS, answer.HELP),
    Magic("attention", attention.attention, attention.OPTIONS, attention.HELP),
    Magic("classify", classify.classify, classify.OPTIONS, classify.HELP),
    Magic("embed", embed.embed, embed.OPTIONS, embed.HELP),
    Magic("entities", entities.entities, entities.OPTIONS, entities.HELP),
    Magic("explain", explain.explain, explain.OPTIONS, explain.HELP),
    Magic("fill", fill.fill, fill.OPTIONS, fill.HELP),
    Magic("finetune", finetune.finetune, finetune.OPTIONS, finetune.HELP, forms="line"),
    Magic("generate", generate.generate, generate.OPTIONS, generate.HELP),
    Magic("positions", positions.positions, positions.OPTIONS, positions.HELP, forms="line"),
    Magic("runs", runs.runs, runs.OPTIONS, runs.HELP, forms="line"),
    Magic("similar", similar.similar, similar.OPTIONS, similar.HELP),
    Magic("summarize", summarize.summarize, summarize.OPTIONS, summarize.HELP),
    Magic("tokenize", tokenize.tokenize, tokenize.OPTIONS, tokenize.HELP),
    Magic("translate", translate.translate, translate.OPTIONS, translate.HELP),
)
