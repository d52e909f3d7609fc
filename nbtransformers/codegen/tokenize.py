"""TokenizeRequest -> program."""

from __future__ import annotations

from nbtransformers.codegen.around import SPECIAL
from nbtransformers.codegen.layout import Part, call, program
from nbtransformers.codegen.literals import INDENT, LINE, brief, inline, width
from nbtransformers.codegen.models import named, options
from nbtransformers.codegen.texts import Source, source
from nbtransformers.request import TokenizeRequest
from nbtransformers.results.recipe import TokenizeRecipe, TokenizerRecipe

_BATCH_SIZE = 32  # as in the result


def tokenize_program(request: TokenizeRequest, recipe: TokenizeRecipe) -> str:
    """The program for a request, given how its tokens come about."""
    texts = source(recipe.reading)
    if recipe.reading.none_readable:
        return program("Cut texts into tokens, with Transformers alone.", [texts.part, _without_tokens(recipe)])
    parts = [
        texts.part,
        _tokenizers(recipe),
        _tokens_of(request, recipe, texts),
        _tables(recipe),
        _summary(texts),
        _batches(request, recipe, texts),
    ]
    return program("Cut texts into tokens, with Transformers alone.", parts)


def _without_tokens(recipe: TokenizeRecipe) -> Part:
    """The end of a program for texts none of which can be read: a tokenizer given no text fails."""
    columns = [*(["tokenizer"] if len(recipe.tokenizers) > 1 else []), *_columns(recipe)]
    return Part(
        [
            "# 2. No row holds a text: there is nothing to cut, and no tokenizer is needed.",
            f"table = pd.DataFrame(columns=[{', '.join(map(inline, columns))}])",
            "print(table)",
        ],
        ("import pandas as pd",),
    )


def _columns(recipe: TokenizeRecipe) -> list[str]:
    places = ["start", "stop", "text"] if _all_fast(recipe) else []
    return ["row", "position", "token", "id", *places, "special"]


def _all_fast(recipe: TokenizeRecipe) -> bool:
    return all(one.is_fast for one in recipe.tokenizers)


def _tokenizers(recipe: TokenizeRecipe) -> Part:
    several = len(recipe.tokenizers) > 1
    lines = ["# 2. The tokenizers, by name." if several else "# 2. The tokenizer, by its name.", "tokenizers = {}"]
    imports: list[str] = []
    for one in recipe.tokenizers:
        ref = one.place.model
        label_lines, label = brief("label", one.name)
        if ref.kind == "variable":
            variable = ref.name if ref.name.isidentifier() else "tokenizer"
            lines += [f"# This one is your own: have it in `{variable}` before this runs.", *label_lines]
            if not one.has_pad_token:
                lines.append("# It gets a token for padding below: a copy, so that yours stays as it is.")
                variable = f"copy.deepcopy({variable})"
                imports.append("import copy")
            lines.append(f"tokenizers[{label}] = {variable}")
            continue
        where = named(one.place)
        imports += ["from transformers import AutoTokenizer", *where.imports]
        before, shared = options(ref)
        lines += [*where.lines, *before, *label_lines]
        lines += call(f"tokenizers[{label}] = AutoTokenizer.from_pretrained(", ["name", *shared])
    return Part(lines, tuple(imports))


def _tokens_of(request: TokenizeRequest, recipe: TokenizeRecipe, texts: Source) -> Part:
    fast = _all_fast(recipe)
    given = [texts.readable, *_without_special(request), *(["return_offsets_mapping=True"] if fast else [])]
    if fast:
        inner = [
            '        spans = encoded["offset_mapping"][i]',
            "        for position, (piece, number, (start, stop)) in enumerate(zip(pieces, ids, spans)):",
            "            where = (start, stop, text[start:stop])",
            "            records.append((row, position, piece, number, *where, number in special))",
        ]
    else:
        inner = [
            "        for position, (piece, number) in enumerate(zip(pieces, ids)):",
            "            records.append((row, position, piece, number, number in special))",
        ]
    said = "and where each stands in its text." if fast else "though a slow one does not say where they stand."
    return Part(
        [
            f"# 3. Tokens: as the vocabulary writes them, as numbers, {said}",
            "def tokens_of(tokenizer):",
            '    """The tokens of all texts, one a row."""',
            *(INDENT + line for line in call("encoded = tokenizer(", given)),
            *(INDENT + line for line in SPECIAL),
            "    records = []",
            f"    for i, (row, text) in enumerate({texts.labelled}):",
            '        ids = encoded["input_ids"][i]',
            "        pieces = tokenizer.convert_ids_to_tokens(ids)",
            *inner,
            f"    columns = [{', '.join(map(inline, _columns(recipe)))}]",
            "    return pd.DataFrame(records, columns=columns)",
        ],
        ("import pandas as pd",),
        is_function=True,
    )


def _without_special(request: TokenizeRequest) -> list[str]:
    return [] if request.special_tokens else ["add_special_tokens=False"]


def _tables(recipe: TokenizeRecipe) -> Part:
    lines = ["tables = {name: tokens_of(tokenizer) for name, tokenizer in tokenizers.items()}"]
    if len(recipe.tokenizers) > 1:
        lines += [
            'table = pd.concat(tables, names=["tokenizer"]).reset_index(level="tokenizer")',
            "table = table.reset_index(drop=True)",
        ]
    else:
        lines.append("(table,) = tables.values()")
    return Part([*lines, "print(table)"])


def _summary(texts: Source) -> Part:
    return Part(
        [
            "# 4. Fertility: tokens a word. Words are what stands between Unicode's word boundaries",
            "# (UAX #29) and holds a letter or a digit, so that they are the same for every tokenizer.",
            f'parts = [part for text in {texts.readable} for part in regex.split(r"(?V1w)\\b", text)]',
            "words = sum(any(map(str.isalnum, part)) for part in parts)",
            "summary = pd.DataFrame(",
            "    {",
            '        "vocabulary": {name: len(tokenizer) for name, tokenizer in tokenizers.items()},',
            '        "tokens": {name: len(tokens) for name, tokens in tables.items()},',
            '        "words": words,',
            '        "special": {name: tokens["special"].sum() for name, tokens in tables.items()},',
            "    }",
            ")",
            'summary["fertility"] = (summary["tokens"] - summary["special"]) / summary["words"]',
            "print(summary)",
        ],
        ("import regex",),
    )


def _batches(request: TokenizeRequest, recipe: TokenizeRecipe, texts: Source) -> Part:
    first = f"{texts.readable}[:{request.batch_size or _BATCH_SIZE}]"
    lines = [
        "# 5. The first texts as a batch: cut at the model's limit, padded to the longest.",
        "# The attention mask is 1 where there is text, and 0 where there is padding.",
        *_limits(recipe.tokenizers),
        "batches = {}",
        "for name, one in tokenizers.items():",
    ]
    if not all(one.has_pad_token for one in recipe.tokenizers):
        lines += [
            "    if one.pad_token is None:",
            '        one.add_special_tokens({"pad_token": "[PAD]"})',
        ]
    return Part(
        [
            *lines,
            "    batch = one(",
            f"        {first},",
            *(f"        {argument}," for argument in _without_special(request)),
            "        truncation=limits[name] is not None,",
            "        max_length=limits[name],",
            "        padding=True,",
            '        return_tensors="pt",',
            "    )",
            "    batches[name] = batch",
            '    print(name, batch["input_ids"], batch["attention_mask"], sep="\\n")',
            '    waste = 1 - batch["attention_mask"].float().mean().item()',
            '    print(f"{waste:.1%} of the batch is padding")',
        ]
    )


def _limits(tokenizers: tuple[TokenizerRecipe, ...]) -> list[str]:
    entries = [f"{inline(one.name)}: {one.limit or None}" for one in tokenizers]
    line = f"limits = {{{', '.join(entries)}}}"
    if len(entries) == 1 and width(line) <= LINE:
        return [line]
    return ["limits = {", *(f"{INDENT}{entry}," for entry in entries), "}"]
