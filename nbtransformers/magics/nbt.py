"""`%nbt`: what there is, what is loaded, what is set, and what this machine has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nbtransformers.errors import UserError, did_you_mean
from nbtransformers.magics import nbt_code, nbt_memory, nbt_settings
from nbtransformers.magics.parse import scan, words_of
from nbtransformers.magics.suggestions import Completed, Suggestion, matching
from nbtransformers.magics.table import MAGICS


@dataclass(frozen=True, slots=True)
class Command:
    """A sub-command of `%nbt`.

    Attributes:
        usage: what is typed behind its name.
        help: one line.
        run: the words behind its name and the shell to what it says.
        complete: the words before the cursor, the one at the cursor and the shell to what can stand there.
    """

    usage: str
    help: str
    run: Callable[[list[str], Any], str]
    complete: Callable[[list[str], str, Any], Iterable[Suggestion]] = lambda words, begun, shell: ()


def _doctor(words: list[str], shell: Any) -> str:
    from nbtransformers.doctor import examine

    return str(examine())


COMMANDS = {
    "code": Command(
        "[NAME|run:NAME]",
        "the plain program of the last task or model, of a result, or of a training run",
        nbt_code.code,
        nbt_code.complete_code,
    ),
    "set": Command(
        "[NAME [VALUE]]",
        "defaults of the options: all, one, or set one for this session",
        nbt_settings.set_,
        nbt_settings.complete_set,
    ),
    "unset": Command("NAME", "take a default of this session back", nbt_settings.unset, nbt_settings.complete_unset),
    "unload": Command(
        "[NAME]",
        "free the memory of a loaded model, or of all",
        nbt_memory.unload,
        nbt_memory.complete_unload,
    ),
    "doctor": Command("", "versions, device, memory, host; what is missing and how to get it", _doctor),
}

_USAGES = {
    "%nbt": "what there is, and what is loaded",
    **{f"%nbt {name} {command.usage}".rstrip(): command.help for name, command in COMMANDS.items()},
}


def _aligned(rows: Mapping[str, str]) -> list[str]:
    width = max(map(len, rows))
    return [f"{left:<{width}}  {right}" for left, right in rows.items()]


HELP = (
    "What nbtransformers has, what is loaded, and which defaults are set.\n\nUsage:\n"
    + "\n".join(f"    {line}" for line in _aligned(_USAGES))
    + '\n\nDefaults also come from `[tool.nbtransformers]` in the nearest pyproject.toml (`device = "cpu"`) and from\n'
    "environment variables (`NBTRANSFORMERS_DEVICE=cpu`). This session comes first, then the environment, then the\n"
    "pyproject.toml. A name such as `classify.device` is for one task only.\n"
)


def nbt(line: str, shell: Any) -> str:
    """Run one sub-command; what it says."""
    words = words_of(line)
    if not words:
        return overview()
    name, *rest = words
    if name not in COMMANDS:
        raise UserError(f"%nbt has no command {name}.", hint=did_you_mean(name, COMMANDS, what="It has"))
    command = COMMANDS[name]
    if rest and not command.usage:
        raise UserError(f"`%nbt {name}` takes nothing more.", hint=f"Type `%nbt {name}`.")
    return command.run(rest, shell)


def complete_command(before: str, shell: Any) -> Completed:
    """What can stand at the cursor of a line that `%nbt` begins."""
    at = scan(before)
    if not at.words:
        return matching(at.last, [Suggestion(name, "command") for name in COMMANDS])
    name, *rest = at.words
    command = COMMANDS.get(name)
    return matching(at.last, command.complete(rest, at.last, shell) if command else ())


def overview() -> str:
    """What there is and what is loaded."""
    import nbtransformers
    from nbtransformers.loading.bundled import BUNDLED

    magics = {f"{'%%' if 'cell' in magic.forms else '%'}{magic.name}": magic.summary for magic in MAGICS}
    parts = {
        f"nbtransformers {nbtransformers.__version__}": _aligned({**magics, **_USAGES}),
        "Bundled models:": _aligned({model.name: model.description for model in BUNDLED.values()}),
        "Loaded:": nbt_memory.loaded_lines() or ["nothing"],
    }
    listed = "\n\n".join("\n".join([heading, *(f"  {line}" for line in lines)]) for heading, lines in parts.items())
    return f"{listed}\n\n%classify? shows the options of a magic."
