"""`%%generate` and `%generate`."""

from __future__ import annotations

from typing import Any

from nbtransformers.magics import options
from nbtransformers.magics.data import prompts_of, variable_name
from nbtransformers.magics.help import magic_help
from nbtransformers.magics.parse import ParsedLine
from nbtransformers.magics.showing import Asked

GROUPS = {
    "What to read": options.PROMPTS,
    "How to hand it over": options.GENERATE,
    "How tokens are chosen": options.DECODING,
    "With which model": options.MODEL,
    "How to run": options.RUN_WRITING,
    "Result": (*options.BACKGROUND, *options.OUTPUT_OR_FILE),
}

HELP = magic_help(
    "Write on for prompts, each token with its probability. The result is also in `_`.",
    ["%%generate [options]     (one prompt below; with `--lines` one a line)", "%generate EXPRESSION [options]"],
    GROUPS,
    [
        ("A chat model answers, as the bundled one is", '%%generate --chat --system "Be brief."\nWhy is the sky blue?'),
        ("The model goes on with the text", "%%generate --max-new-tokens 20\nThe capital of France is"),
        ("Drawn, and drawn the same again", "%%generate --temperature 0.8 --top-p 0.95 --seed 1\nOnce upon a time"),
        ("One prompt a line, or a row of a table", "%generate df --column question --chat --out answers"),
        ("In the background, stopped by its button", "%%generate --background --out writing\nOnce upon a time"),
        ("Another token in one place", 'nbtransformers.continue_from(_, 0, 3, " Lyon")'),
        ("The same in Python", "nbtransformers.generate(df, column='question', chat=True).to_pandas()"),
    ],
)


def generate(parsed: ParsedLine, cell: str | None, namespace: dict[str, Any], shell: Any) -> Asked:
    """What a line, and the cell below it, ask for."""
    from nbtransformers.doors.generate import generate_request, run_generate

    values = options.with_sampling(parsed.values)
    out, background = variable_name(values.pop("out", None)), values.pop("background", False)
    data, objects = prompts_of(parsed, cell, values, namespace, "generate")
    asked = generate_request(data, objects, namespace=namespace, **values)
    return Asked(run_generate, *asked, doing="Generating", out=out, background=background)
