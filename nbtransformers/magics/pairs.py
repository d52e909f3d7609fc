"""Questions and contexts, as a cell or a line gives them."""

from __future__ import annotations

import re
from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.inputs.refs import data_ref, is_hub_name
from nbtransformers.inputs.tables import column_names
from nbtransformers.magics.data import meant
from nbtransformers.magics.parse import ParsedLine
from nbtransformers.request import DataRef, Objects

_FILES = ("encoding", "split", "subset")
_ASKED = re.compile(r"\s*question\s*[:：]\s*", re.IGNORECASE)
_GIVEN = re.compile(r"\s*context\s*[:：]\s*", re.IGNORECASE)
_EXAMPLE = "Write `question: …` on a line of its own, and the context below it."

Sources = tuple[DataRef, DataRef, Objects]
"""Questions, contexts, and the objects that they name."""


def pairs_of(parsed: ParsedLine, cell: str | None, values: dict[str, Any], namespace: dict[str, Any]) -> Sources:
    """The references to questions and contexts, and the objects that they name; takes their options out of `values`.

    Raises:
        UserError: when there is nothing to read, or two things.
    """
    files = {option: values.pop(option) for option in _FILES if option in values}
    question, context = values.pop("question", None), values.pop("context", None)
    if cell is None:
        return _of_line(parsed.expression, question, context, files, namespace)
    if parsed.expression:
        raise UserError(
            f"There are questions in the cell, and also {parsed.expression} on the line.",
            hint=f"Type `--context {parsed.expression}`, or leave it out.",
        )
    if question is not None:
        raise UserError("`--question` is the column of a table, and a cell is none.", hint="Leave `--question` out.")
    if context is None:
        for option in files:
            raise UserError(f"`--{option}` is for files, and a cell is none.", hint=f"Leave `--{option}` out.")
        return _of_cell(cell)
    contexts, objects = _named(context, files, namespace)
    return DataRef("lines", cell), contexts, objects


def _of_line(
    expression: str, question: str | None, context: Any, files: dict[str, Any], namespace: dict[str, Any]
) -> Sources:
    from nbtransformers.doors.answer import columns_of, has_columns

    if not expression:
        raise UserError(
            "There is nothing to answer.",
            hint="Type `%answer TABLE`, `%answer FILE`, or %%answer with a question and its context in the cell.",
        )
    value = expression if is_hub_name(expression) else meant(expression, namespace, "answer")
    known = column_names(value) if has_columns(value) else []
    apart = context is not None and context not in known and (not isinstance(context, str) or context in namespace)
    if has_columns(value) and not apart:
        return columns_of(value, question, context, files, expression)
    if context is None:
        raise UserError(
            f"There are questions in {expression}, and no contexts to find the answers in.",
            hint="Add `--context VARIABLE`, or give a table with a column of each.",
        )
    contexts, objects = _named(context, files, namespace)
    options = {} if question is None else {"column": question}
    questions, found = data_ref(value, **options, name=expression)
    return questions, contexts, {**found, **objects}


def _named(context: Any, files: dict[str, Any], namespace: dict[str, Any]) -> tuple[DataRef, Objects]:
    """The contexts in a variable, a file, or a dataset of the Hub; or those that a `{variable}` holds."""
    if not isinstance(context, str):
        return data_ref(context, name="contexts")
    if is_hub_name(context):
        return data_ref(context, **files)
    return data_ref(meant(context, namespace, "answer"), **files, name=context)


def _of_cell(cell: str) -> Sources:
    """Blocks: lines that begin with `question:`, and what stands below them up to the next such line is their context.

    One block is written into the request; several are objects beside it, a pair of lists.
    """
    blocks = _blocks(cell)
    if len(blocks) == 1:
        questions, context = blocks[0]
        return DataRef("lines", "\n".join(questions)), DataRef("whole", context), {}
    pairs = [(question, context) for questions, context in blocks for question in questions]
    objects = {"the questions": [pair[0] for pair in pairs], "the contexts": [pair[1] for pair in pairs]}
    return DataRef("variable", "the questions"), DataRef("variable", "the contexts"), objects


def _blocks(cell: str) -> list[tuple[list[str], str]]:
    blocks: list[tuple[list[str], list[str]]] = []
    for line in cell.splitlines():
        asked = _ASKED.match(line)
        if asked is None:
            if not blocks and line.strip():
                raise UserError("The cell does not begin with a question.", hint=_EXAMPLE)
            if blocks:
                blocks[-1][1].append(line)
            continue
        question = line[asked.end() :].strip()
        if not question:
            raise UserError("A question in the cell is empty.", hint=_EXAMPLE)
        if not blocks or any(map(str.strip, blocks[-1][1])):
            blocks.append(([], []))
        blocks[-1][0].append(question)
    if not blocks:
        raise UserError("The cell holds no question.", hint=_EXAMPLE)
    return [(questions, _context(lines)) for questions, lines in blocks]


def _context(lines: list[str]) -> str:
    text = "\n".join(lines).strip("\n")
    given = _GIVEN.match(text)
    text = text[given.end() :] if given else text
    if not text.strip():
        raise UserError("A question in the cell has no context below it.", hint=_EXAMPLE)
    return text
