"""`%%summarize` and `%summarize`."""

from __future__ import annotations

from typing import Any

from nbtransformers.magics import options
from nbtransformers.magics.data import prompts_of, variable_name
from nbtransformers.magics.help import magic_help
from nbtransformers.magics.parse import ParsedLine
from nbtransformers.magics.showing import Asked

GROUPS = {
    "What to read": options.WHOLE_TEXTS,
    "How to summarise": options.SUMMARIZE,
    "How tokens are chosen": options.DECODING_TEXTS,
    "With which model": options.MODEL,
    "How to run": options.RUN_REWRITING,
    "Result": (*options.BACKGROUND, *options.OUTPUT_OR_FILE),
}

HELP = magic_help(
    "Summarise texts, long ones in parts. The result is also in `_`.",
    [
        "%%summarize [options]     (one text below; with `--lines` one a line)",
        "%summarize EXPRESSION [options]",
        "%summarize FILE [options]",
    ],
    GROUPS,
    [
        ("One text", "%%summarize --model facebook/bart-large-cnn\nA long text …"),
        ("By instruction, with a chat model", "%summarize df --column report --model smollm2"),
        ("Part by part", "%summarize book.txt --model facebook/bart-large-cnn --parts join"),
        ("The same in Python", "nbtransformers.summarize(df, column='report', model='owner/name').to_pandas()"),
    ],
)


def summarize(parsed: ParsedLine, cell: str | None, namespace: dict[str, Any], shell: Any) -> Asked:
    """What a line, and the cell below it, ask for."""
    from nbtransformers.doors.summarize import run_summarize, summarize_request

    values = options.with_sampling(parsed.values)
    out, background = variable_name(values.pop("out", None)), values.pop("background", False)
    data, objects = prompts_of(parsed, cell, values, namespace, "summarize")
    asked = summarize_request(data, objects, namespace=namespace, **values)
    return Asked(run_summarize, *asked, doing="Summarising", out=out, background=background)
