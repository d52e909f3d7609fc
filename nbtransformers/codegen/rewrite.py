"""SummarizeRequest and TranslateRequest -> program."""

from __future__ import annotations

from nbtransformers.codegen.cutting import cutting_parts, parts_expression
from nbtransformers.codegen.layout import Part, program
from nbtransformers.codegen.literals import INDENT, assigned, inline
from nbtransformers.codegen.models import model_part
from nbtransformers.codegen.texts import Source, source
from nbtransformers.codegen.writing import DECODED, auto_class, rows_of, seed_of, table_part, write_part
from nbtransformers.request import SummarizeRequest, TranslateRequest
from nbtransformers.results.writingrecipe import RewriteRecipe

_PART = 2**32  # of a row, the random numbers of each part begin with another seed


def rewrite_program(request: SummarizeRequest | TranslateRequest, recipe: RewriteRecipe) -> str:
    """The program for a request, given how its model is told what to do; it leaves the new texts in `table`."""
    texts = source(recipe.reading)
    doing, written = "Translate", "translation"
    if isinstance(request, SummarizeRequest):
        doing, written = "Summarise", "summary"
    title = f"{doing} texts, with Transformers and PyTorch alone."
    end = table_part(texts, "text", written, parts=True)
    if recipe.reading.none_readable:
        said = "# 2. No row holds a text: there is nothing to read, and no model is needed."
        return program(title, [texts.part, Part([said, "found = {}"]), end])
    parts = [
        texts.part,
        model_part(recipe, auto_class(recipe.writing), request),
        _told(recipe),
        _encode(recipe),
        DECODED,
        write_part(recipe.writing, goes_on=False),
        *(_in_parts(request, recipe, texts) if recipe.in_parts else [_whole(recipe, texts)]),
        end,
    ]
    return program(title, parts)


def _told(recipe: RewriteRecipe) -> Part:
    lines = ["# 3. How the model is told what to do, and how it writes."]
    if recipe.prefix:
        lines += assigned("prefix", recipe.prefix)
    if recipe.source_code is not None:
        lines += [f"tokenizer.src_lang = {inline(recipe.source_code)}  # the language of the texts"]
    return Part(lines)


def _encode(recipe: RewriteRecipe) -> Part:
    given = "prefix + text" if recipe.prefix else "text"
    lines = [f'return tokenizer({given})["input_ids"]']
    if recipe.chat:
        lines = [
            f'messages = [{{"role": "user", "content": {given}}}]',
            'given = {"add_generation_prompt": True, "return_dict": True}',
            'return tokenizer.apply_chat_template(messages, **given)["input_ids"]',
        ]
    said = '"""What the model reads of a text, or of a part."""'
    return Part(["def encode(text):", *(INDENT + line for line in [said, *lines])], is_function=True)


def most_expression(recipe: RewriteRecipe, tokens: str) -> str:
    """How many new tokens there may be at most, for a part of so many tokens."""
    if recipe.most is not None:
        return str(recipe.most)
    own = f"{tokens} - {recipe.taken}" if recipe.taken else tokens
    most = f"2 * ({own}) + 32" if recipe.taken else f"2 * {own} + 32"
    return f"max({recipe.least}, {most})" if recipe.least else most


def _whole(recipe: RewriteRecipe, texts: Source) -> Part:
    """One text after another, each of which the model can read at once."""
    return Part(
        [
            "# 4. One text after another, so that nothing is padded.",
            "found = {}",
            f"for row, text in {rows_of(texts)}:",
            "    ids = encode(text.strip())",
            f"    most = {most_expression(recipe, 'len(ids)')}",
            f"    text, new, chances, ending = write(ids, most{seed_of(recipe.writing, 'row')})",
            "    found[row] = (text, 1, len(new), chances.mean(), ending)",
        ]
    )


def _in_parts(request: SummarizeRequest | TranslateRequest, recipe: RewriteRecipe, texts: Source) -> list[Part]:
    """One text after another, in parts where it is too long or is to be."""
    drawn = recipe.writing.seed is not None
    seed = seed_of(recipe.writing, f"row + {_PART} * number")
    again = (
        [
            "    # What was written for several parts is rewritten itself, unless it is as short as it gets.",
            "    fewer = parts_of(written, 0, len(written)) if len(parts) > 1 else []",
            "    if 0 < len(fewer) < len(parts):",
            f"        written, *rest = rewritten(written, fewer{', row, len(parts)' if drawn else ''})",
        ]
        if recipe.again
        else []
    )
    rewritten = Part(
        [
            f"def rewritten(text, parts{', row, done' if drawn else ''}):",
            '    """The new text of all parts, with what stands between them; tokens, mean and ending."""',
            "    result, chances, endings, tokens, last = [], [], [], 0, 0",
            "    for number, (start, stop, ids) in enumerate(parts):"
            if drawn
            else "    for start, stop, ids in parts:",
            f"        most = {most_expression(recipe, 'len(ids)')}",
            *(["        number += done"] if drawn else []),
            f"        new_text, new, own, ending = write(ids, most{seed})",
            "        if result:",
            "            between = text[last:start]",
            '            wide = unicodedata.east_asian_width(result[-1][-1:] or "。") in "WF"',
            '            result.append(between or ("" if wide else " "))',
            "        result.append(new_text)",
            "        tokens, last = tokens + len(new), stop",
            "        chances.append(own)",
            "        endings.append(ending)",
            '    early = [ending for ending in endings if ending not in ("end of text", "stop string")]',
            "    ending = (early or endings[-1:])[0]",
            '    return "".join(result), tokens, np.concatenate(chances).mean(), ending',
        ],
        ("import numpy as np", "import unicodedata"),
        is_function=True,
    )
    rows = Part(
        [
            "# 4. One text after another, in parts where it is to be or is too long.",
            "found = {}",
            f"for row, text in {rows_of(texts)}:",
            *parts_expression(request.run.long, recipe),
            "    if not parts:",
            "        continue  # not even a character of it fits",
            f"    written, *rest = rewritten(text, parts{', row, 0' if drawn else ''})",
            *again,
            "    found[row] = (written, len(parts), *rest)",
        ],
        (
            *(["from itertools import pairwise"] if recipe.by != "whole" else []),
            *(["from itertools import accumulate"] if request.run.long == "truncate" else []),
        ),
    )
    return [*cutting_parts(recipe, most_expression(recipe, "tokens")), rewritten, rows]
