"""Errors that are the user's to mend: one line that says what is wrong and what to type instead."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from nbtransformers.plain_text import printable


class UserError(Exception):
    """A mistake in what was asked for, told in one line, with no traceback in a notebook.

    Anything that nbtransformers raises on purpose is a `UserError`; any other exception that
    escapes is a defect of ours and keeps its full traceback.

    Args:
        message: what is wrong and where, one sentence.
        hint: what to type instead, one sentence.

    Example:
        >>> str(UserError("There is no option --modle.", hint="Did you mean --model?"))
        'There is no option --modle. Did you mean --model?'
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        self.message = _one_line(message)
        self.hint = _one_line(hint) if hint else None
        super().__init__(f"{self.message} {self.hint}" if self.hint else self.message)

    def _render_traceback_(self) -> list[str]:
        """IPython asks for this in place of a traceback, from a magic and from a plain call alike."""
        return [f"\x1b[31mnbtransformers:\x1b[0m {self}"]


class Interrupted(KeyboardInterrupt):
    """The user stopped the work before any of it was finished: told in one line in a notebook."""

    def _render_traceback_(self) -> list[str]:
        return [f"\x1b[31mnbtransformers:\x1b[0m {self}"]


def _one_line(text: str) -> str:
    # What is quoted may come from a file, such as the name of a column, and must not steer the terminal.
    return printable(" ".join(text.split()))


def shown(value: object, limit: int = 60) -> str:
    """A value as it is quoted in an error: its `repr`, on one line, with the middle left out when long."""
    text = _one_line(repr(value))
    if len(text) <= limit:
        return text
    half = (limit - 1) // 2
    return f"{text[:half]}…{text[-half:]}"


def kind_of(value: object) -> str:
    """The type of a value with its article, as a sentence has it.

    Example:
        >>> kind_of(3), kind_of({})
        ('an int', 'a dict')
    """
    name = type(value).__name__
    return f"an {name}" if name[0].lower() in "aeio" else f"a {name}"


_MEANT = {"gpu": "cuda", "fp16": "float16", "half": "float16", "bf16": "bfloat16", "fp32": "float32"}


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name closest to a mistyped one, or None when nothing is close.

    Compares without case first, since `Review` for `review` is the commonest slip.
    """
    names = list(known)
    if _MEANT.get(name.casefold()) in names:
        return _MEANT[name.casefold()]
    folded = {n.casefold(): n for n in reversed(names)}
    if name.casefold() in folded:
        return folded[name.casefold()]
    close = get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def did_you_mean(name: str, known: Iterable[str], *, what: str = "There is", prefix: str = "") -> str:
    """The hint for an unknown name: the nearest known one, else the list of them.

    Example:
        >>> did_you_mean("modle", ["model", "device"], prefix="--")
        'Did you mean --model?'
    """
    names = list(known)
    best = nearest(name, names)
    if best is not None:
        return f"Did you mean {prefix}{best}?"
    if not names:
        return f"{what} none."
    listed = ", ".join(prefix + n for n in names[:12])
    return f"{what} {listed}{', …' if len(names) > 12 else '.'}"
