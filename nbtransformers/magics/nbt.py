"""`%nbt`: what there is, and what this machine has."""

from __future__ import annotations

from typing import Any

from nbtransformers.errors import UserError, did_you_mean

_COMMANDS = {
    "": "what there is",
    "doctor": "versions, device, memory, host; what is missing and how to get it",
}

HELP = (
    "What nbtransformers has, and whether this machine has what it needs.\n\nUsage:\n"
    + "\n".join(f"    {f'%nbt {name}'.rstrip():<16}{text}" for name, text in _COMMANDS.items())
    + "\n"
)


def nbt(line: str, shell: Any) -> None:
    """Run one sub-command."""
    command = line.strip()
    if command == "doctor":
        from nbtransformers.doctor import examine

        print(examine())
    elif command == "":
        print(_overview())
    else:
        known = [name for name in _COMMANDS if name]
        raise UserError(f"%nbt has no command {command}.", hint=did_you_mean(command, known, what="It has"))


def _overview() -> str:
    import nbtransformers
    from nbtransformers.loading.bundled import BUNDLED

    lines = [
        f"nbtransformers {nbtransformers.__version__}",
        "",
        "  %%classify     label the texts in a cell           %classify? for help",
        "  %classify X    label a list, a Series, a table",
        "  %nbt doctor    what this machine has and lacks",
        "",
        "Bundled models:",
        *(f"  {model.name:<26}{model.description}" for model in BUNDLED.values()),
    ]
    return "\n".join(lines)
