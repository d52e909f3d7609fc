"""`%%translate` and `%translate`."""

from __future__ import annotations

from typing import Any

from nbtransformers.magics import options
from nbtransformers.magics.data import data_of, variable_name
from nbtransformers.magics.help import magic_help
from nbtransformers.magics.parse import ParsedLine
from nbtransformers.magics.showing import Asked

GROUPS = {
    "What to read": options.INPUT,
    "Into which language": options.TRANSLATE,
    "How tokens are chosen": options.DECODING_TEXTS,
    "With which model": options.MODEL,
    "How to run": options.RUN_REWRITING,
    "Result": (*options.BACKGROUND, *options.OUTPUT_OR_FILE),
}

HELP = magic_help(
    "Translate texts, long ones in parts. The result is also in `_`.",
    [
        "%%translate [options]     (one text a line below; `--whole` makes it one text)",
        "%translate EXPRESSION [options]",
        "%translate FILE [options]",
    ],
    GROUPS,
    [
        ("A model of one pair of languages", "%%translate --model Helsinki-NLP/opus-mt-en-de\nGood morning!"),
        ("One of many languages", "%translate df --column title --model facebook/nllb-200-distilled-600M -t German"),
        ("What it knows", "%translate df --column title --model facebook/nllb-200-distilled-600M -t ?"),
        ("By instruction, with a chat model", "%translate titles --model owner/name --target French"),
        ("Sentence by sentence", "%translate book.txt --model Helsinki-NLP/opus-mt-en-de --parts sentences"),
        ("The same in Python", "nbtransformers.translate(titles, model='owner/name', target='German').to_pandas()"),
    ],
)


def translate(parsed: ParsedLine, cell: str | None, namespace: dict[str, Any], shell: Any) -> Asked:
    """What a line, and the cell below it, ask for."""
    from nbtransformers.doors.translate import run_translate, translate_request

    values = options.with_sampling(parsed.values)
    out, background = variable_name(values.pop("out", None)), values.pop("background", False)
    data, objects = data_of(parsed, cell, values, namespace, "translate")
    asked = translate_request(data, objects, namespace=namespace, **values)
    return Asked(run_translate, *asked, doing="Translating", out=out, background=background)
