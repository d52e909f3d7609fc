"""`%%answer` and `%answer`."""

from __future__ import annotations

from typing import Any

from nbtransformers.magics import options
from nbtransformers.magics.data import variable_name
from nbtransformers.magics.help import magic_help
from nbtransformers.magics.pairs import pairs_of
from nbtransformers.magics.parse import ParsedLine
from nbtransformers.magics.showing import Asked

GROUPS = {
    "What to read": options.PAIRS,
    "Which answers": options.ANSWER,
    "With which model": options.MODEL,
    "How to run": options.RUN_WHOLE,
    "Result": options.OUTPUT_OR_FILE,
}

HELP = magic_help(
    "Answer questions from texts. The result is also in `_`.",
    [
        "%%answer [options]     (below: `question: …`, one line or several, then the context; then the next)",
        "%%answer --context VARIABLE_OR_FILE [options]     (one question a line below)",
        "%answer TABLE [options]     (with a column of questions and one of contexts)",
    ],
    GROUPS,
    [
        (
            "A question and the text that holds its answer",
            "%%answer --model deepset/roberta-base-squad2\nquestion: Where did Ada live?\nShe lived in London.",
        ),
        ("Several questions of one text", "%%answer --context report --top-k 3\nWho wrote it?\nWhen?"),
        ("Columns of a table", "%answer df --question title --context body --no-answer"),
        ("Written by a chat model, and looked up in the text", "%answer df --generate --model owner/name"),
        ("The same in Python", "nbtransformers.answer(questions, contexts, model='owner/name').to_pandas()"),
    ],
)


def answer(parsed: ParsedLine, cell: str | None, namespace: dict[str, Any], shell: Any) -> Asked:
    """What a line, and the cell below it, ask for."""
    from nbtransformers.doors.answer import answer_request, run_answer

    values = dict(parsed.values)
    out = variable_name(values.pop("out", None))
    sources = pairs_of(parsed, cell, values, namespace)
    asked = answer_request(*sources, namespace=namespace, **values)
    return Asked(run_answer, *asked, doing="Answering", out=out)
