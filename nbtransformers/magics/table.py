"""Every magic that runs a task: one row each, and loading, help, `%nbt` and completion follow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
    models,
    positions,
    runs,
    similar,
    summarize,
    tokenize,
    translate,
    workbench,
)
from nbtransformers.magics.options import Option
from nbtransformers.magics.parse import ParsedLine, parse_line
from nbtransformers.magics.showing import Asked, run_and_show

Run = Callable[[str, "str | None", dict[str, Any], Any], Any]
Ask = Callable[[ParsedLine, "str | None", dict[str, Any], Any], Asked]
Groups = Mapping[str, tuple[Option, ...]]


def _no_others(line: str) -> Iterable[Option]:
    return ()


@dataclass(frozen=True, slots=True)
class Magic:
    """A magic of a task.

    Attributes:
        name: what is typed after `%`, and the public function's name.
        run: line, cell (None for a line magic), namespace and shell to the value of the cell.
        groups: a heading to the options below it.
        help: what `%NAME?` shows; its first sentence says what the magic does.
        forms: as IPython writes them.
        ask: what is parsed, cell, namespace and shell to what they ask for; None where nothing is run.
        others: a line to options that it takes besides, of which there are too many to list.
    """

    name: str
    run: Run
    groups: Groups
    help: str
    forms: Literal["line", "cell", "line_cell"] = "line_cell"
    ask: Ask | None = None
    others: Callable[[str], Iterable[Option]] = _no_others

    @property
    def options(self) -> tuple[Option, ...]:
        """The options that it takes."""
        return tuple(option for group in self.groups.values() for option in group)

    @property
    def summary(self) -> str:
        """What it does, in one sentence."""
        return self.help.partition(". ")[0].partition("\n")[0].removesuffix(".") + "."

    def parse(self, line: str, cell: str | None, namespace: Mapping[str, Any]) -> ParsedLine:
        """What its line says.

        Raises:
            UserError: for an unknown option, a missing or impossible value.
        """
        typed = f"%{self.name}" if cell is None else f"%%{self.name}"
        return parse_line(line, (*self.options, *self.others(line)), typed, namespace)


def _task(
    name: str, ask: Ask, groups: Groups, help_text: str, forms: Literal["line", "line_cell"] = "line_cell"
) -> Magic:
    """The magic of a task that runs a request and shows its result."""

    def run(line: str, cell: str | None, namespace: dict[str, Any], shell: Any) -> Any:
        return run_and_show(ask(magic.parse(line, cell, namespace), cell, namespace, shell), line, cell, shell)

    magic = Magic(name, run, groups, help_text, forms, ask)
    return magic


MAGICS = (
    _task("answer", answer.answer, answer.GROUPS, answer.HELP),
    _task("attention", attention.attention, attention.GROUPS, attention.HELP),
    _task("classify", classify.classify, classify.GROUPS, classify.HELP),
    _task("embed", embed.embed, embed.GROUPS, embed.HELP),
    _task("entities", entities.entities, entities.GROUPS, entities.HELP),
    _task("explain", explain.explain, explain.GROUPS, explain.HELP),
    _task("fill", fill.fill, fill.GROUPS, fill.HELP),
    Magic(
        "finetune",
        finetune.finetune,
        finetune.GROUPS,
        finetune.HELP,
        forms="line",
        ask=finetune.ask,
        others=finetune.others,
    ),
    _task("generate", generate.generate, generate.GROUPS, generate.HELP),
    Magic("models", models.models, models.GROUPS, models.HELP, forms="line"),
    _task("positions", positions.positions, positions.GROUPS, positions.HELP, forms="line"),
    Magic("runs", runs.runs, runs.GROUPS, runs.HELP, forms="line"),
    _task("similar", similar.similar, similar.GROUPS, similar.HELP),
    _task("summarize", summarize.summarize, summarize.GROUPS, summarize.HELP),
    _task("tokenize", tokenize.tokenize, tokenize.GROUPS, tokenize.HELP),
    _task("translate", translate.translate, translate.GROUPS, translate.HELP),
    Magic("workbench", workbench.workbench, {}, workbench.HELP, forms="line"),
)
BY_NAME = {magic.name: magic for magic in MAGICS}
