"""`%%summarize` and `%summarize`."""

from __future__ import annotations

from typing import Any

from nbtransformers.magics import options
from nbtransformers.magics.data import prompts_of, variable_name
from nbtransformers.magics.help import magic_help
from nbtransformers.magics.parse import parse_line
from nbtransformers.magics.showing import run_and_show, run_in_background

_GROUPS = {
    "What to read": options.WHOLE_TEXTS,
    "How to summarise": options.SUMMARIZE,
    "How tokens are chosen": options.DECODING_TEXTS,
    "With which model": options.MODEL,
    "How to run": options.RUN_REWRITING,
    "Result": (*options.BACKGROUND, *options.OUTPUT_OR_FILE),
}
OPTIONS = tuple(option for group in _GROUPS.values() for option in group)

HELP = magic_help(
    "Summarise texts, long ones in parts. The result is also in `_`.",
    [
        "%%summarize [options]     (one text below; with `--lines` one a line)",
        "%summarize EXPRESSION [options]",
        "%summarize FILE [options]",
    ],
    _GROUPS,
    [
        ("One text", "%%summarize --model facebook/bart-large-cnn\nA long text …"),
        ("By instruction, with a chat model", "%summarize df --column report --model smollm2"),
        ("Part by part", "%summarize book.txt --model facebook/bart-large-cnn --parts join"),
        ("The same in Python", "nbtransformers.summarize(df, column='report', model='owner/name').to_pandas()"),
    ],
)


def summarize(line: str, cell: str | None, namespace: dict[str, Any], shell: Any) -> Any:
    """Parse, run, show; the result is the value of the cell."""
    from nbtransformers.doors.summarize import run_summarize, summarize_request

    parsed = parse_line(line, OPTIONS, "%summarize" if cell is None else "%%summarize", namespace)
    values = options.with_sampling(parsed.values)
    out, background = variable_name(values.pop("out", None)), values.pop("background", False)
    data, objects = prompts_of(parsed, cell, values, namespace, "summarize")
    asked = summarize_request(data, objects, namespace=namespace, **values)
    if background:
        return run_in_background(run_summarize, asked, doing="Summarising", out=out, shell=shell)
    return run_and_show(run_summarize, asked, doing="Summarising", line=line, cell=cell, out=out, shell=shell)
