"""A request's data where a task is about one text."""

from __future__ import annotations

from nbtransformers.errors import UserError
from nbtransformers.inputs.rows import read
from nbtransformers.request import DataRef, Objects


def one_text(data: DataRef, objects: Objects, *, looked_at: str, to: str) -> tuple[str, tuple[str, ...]]:
    """The one text of some data, and what was guessed while reading it.

    Args:
        data: where it is.
        objects: what `data` names.
        looked_at: how one text is treated, as a sentence begins: `One text is explained at a time`.
        to: what is done with it, as a verb: `explain`.

    Raises:
        UserError: when there is none, or more than one.
    """
    rows = read(data, objects)
    window = next(rows.windows(2), None)
    if window is None or not window.texts:
        raise UserError("There is no text.", hint="Give one.")
    if len(window.texts) > 1:
        number = "more than one" if rows.total is None else f"{rows.total:,}"
        hint = "Give one of them, such as `texts[0]`."
        if data.kind == "file":
            hint = f"Of a whole file give `Path({data.value!r}).read_text()`."
        raise UserError(f"{looked_at}, and there are {number}.", hint=hint)
    if window.reasons:
        raise UserError(f"There is no text to {to}: it is {window.reasons[0]}.", hint="Give a text.")
    return window.texts[0] or "", rows.notes
