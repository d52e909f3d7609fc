"""`%%tokenize` and `%tokenize`."""

from __future__ import annotations

from typing import Any

from nbtransformers.errors import UserError
from nbtransformers.magics import cells, options
from nbtransformers.magics.data import data_of, variable_name
from nbtransformers.magics.help import magic_help
from nbtransformers.magics.parse import ParsedLine
from nbtransformers.magics.showing import Asked
from nbtransformers.request import DataRef, Objects

GROUPS = {
    "What to tokenize": (*options.INPUT, *options.CELL),
    "With which tokenizer": options.TOKENIZERS,
    "How": options.TOKENIZE,
    "Result": options.OUTPUT,
}

HELP = magic_help(
    "Cut texts into tokens, with one tokenizer or with several side by side. The result is also in `_`.",
    ["%%tokenize [options]     (one text a line below)", "%tokenize EXPRESSION [options]"],
    GROUPS,
    [
        ("The tokens of a text", "%%tokenize\nUnbelievable!"),
        ("Two tokenizers side by side", "%tokenize texts --model minilm --model owner/name"),
        ("A whole cell as one text", "%%tokenize --whole\ndef f(x):\n    return x"),
        ("The text of another cell, by its number or its tag", "%tokenize In[3]\n%tokenize --cell introduction"),
        ("The same in Python", "nbtransformers.tokenize(texts, model=['minilm', 'owner/name']).compare()"),
    ],
)


def tokenize(parsed: ParsedLine, cell: str | None, namespace: dict[str, Any], shell: Any) -> Asked:
    """What a line, and the cell below it, ask for."""
    from nbtransformers.doors.tokenize import run_tokenize, tokenize_request

    values = dict(parsed.values)
    out = variable_name(values.pop("out", None))
    data, objects = _data(parsed, cell, values, namespace, shell)
    special_tokens = not values.pop("no_special_tokens", False)
    asked = tokenize_request(data, objects, namespace=namespace, special_tokens=special_tokens, **values)
    return Asked(run_tokenize, *asked, doing="Tokenizing", out=out)


def _data(
    parsed: ParsedLine, cell: str | None, values: dict[str, Any], namespace: dict[str, Any], shell: Any
) -> tuple[DataRef, Objects]:
    tag = values.pop("cell", None)
    if tag is None:
        return data_of(parsed, cell, values, cells.typed_inputs(shell, namespace), "tokenize")
    if cell is not None or parsed.expression:
        raise UserError(
            f"`--cell {tag}` names the text, and there is another one.", hint=f"Type `%tokenize --cell {tag}` alone."
        )
    name = f"cell {tag}"
    return DataRef("variable", name), {name: cells.with_tag(tag, shell)}
