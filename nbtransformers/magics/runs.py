"""`%runs`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nbtransformers.errors import UserError
from nbtransformers.magics import options, ran
from nbtransformers.magics.data import variable_name
from nbtransformers.magics.help import magic_help
from nbtransformers.magics.parse import parse_line, words_of
from nbtransformers.magics.showing import given
from nbtransformers.rundir.listing import typed_name

if TYPE_CHECKING:
    from nbtransformers.doors.runs import Run
    from nbtransformers.results.runs import Runs

GROUPS = {"What": options.RUNS}
OPTIONS = options.RUNS

HELP = magic_help(
    "Show the training runs of this project, or one of them; pause, resume, stop or delete one. The value is in `_`.",
    ["%runs [options]", "%runs NAME", "%runs pause|resume|stop|save|delete NAME", "%runs --diff NAME NAME"],
    GROUPS,
    [
        ("Every run, the newest first; tick some to compare them", "%runs"),
        ("One of them, live, whoever began it", "%runs minilm-1"),
        ("In what two of them differ", "%runs --diff minilm-1 minilm-2"),
        ("Go on with one whose worker is gone", "%runs resume minilm-1"),
        ("The same in Python", "nbtransformers.runs().to_pandas()\nnbtransformers.attach('minilm-1').stop()"),
    ],
)

COMMANDS: dict[str, tuple[Callable[[Run], None], str]] = {
    "pause": (lambda run: run.pause(), "{} pauses after the step that it is at."),
    "resume": (lambda run: run.resume(), "{} goes on."),
    "stop": (lambda run: run.stop(), "{} stops after the step that it is at; its best model is kept."),
    "save": (lambda run: run.save_now(), "{} makes a checkpoint after the step that it is at."),
    "delete": (lambda run: run.delete(), "{} is deleted."),
}
"""What a run is told by its name, and what is said then; the same words in a terminal."""


def runs(line: str, cell: str | None, namespace: dict[str, Any], shell: Any) -> Any:
    """Parse, ask, show; the runs, or the run, are the value of the cell."""
    from nbtransformers.results.trainingrun import TrainingRun

    parsed = parse_line(line, OPTIONS, "%runs", namespace)
    values = parsed.values
    folder, out = values.get("folder"), variable_name(values.get("out"))
    words = words_of(parsed.expression)
    if values.get("diff"):
        from nbtransformers.doors.runs import runs as listed

        value = listed(folder).diff(*_two(words))
    else:
        value = asked_for(words, folder, yes=values.get("yes", False))
    if isinstance(value, TrainingRun):
        ran.remember(value)
    return given(value, out, line, shell)


def asked_for(words: list[str], folder: str | None, *, yes: bool) -> Runs | Run | str:
    """All runs, one of them, or what is said of one that was told something; for a terminal, too."""
    from nbtransformers.doors.runs import attach
    from nbtransformers.doors.runs import runs as listed

    if not words:
        return listed(folder)
    if len(words) == 1 and words[0] not in COMMANDS:
        return attach(words[0], folder)
    command, name = _command(words)
    run = attach(name, folder)
    if command == "delete" and not yes:
        raise UserError(
            f"This deletes {run.folder}, with its data, its checkpoints and its model.",
            hint=f"Type `%runs delete {typed_name(run.files)} --yes`.",
        )
    follow, said = COMMANDS[command]
    follow(run)
    return said.format(name)


def _two(words: list[str]) -> tuple[str, str]:
    if len(words) != 2:
        raise UserError("`--diff` takes the names of two runs.", hint="Type `%runs --diff minilm-1 minilm-2`.")
    return words[0], words[1]


def _command(words: list[str]) -> tuple[str, str]:
    if words[1:] == [] and words[0] in COMMANDS:
        raise UserError(f"`%runs {words[0]}` names no run.", hint=f"Type `%runs {words[0]} NAME`; `%runs` lists all.")
    if len(words) != 2 or words[0] not in COMMANDS:
        raise UserError(
            f"`%runs {' '.join(words)}` is not known.",
            hint=f"Type `%runs`, `%runs NAME`, or one of {', '.join(COMMANDS)} with the name of a run.",
        )
    return words[0], words[1]
