"""FillRequest -> program."""

from __future__ import annotations

from nbtransformers.codegen.around import around_lines, read_part, refused, room
from nbtransformers.codegen.layout import Part, call, program
from nbtransformers.codegen.literals import INDENT, assigned
from nbtransformers.codegen.models import model_part
from nbtransformers.codegen.texts import Source, source
from nbtransformers.request import FillRequest
from nbtransformers.results.recipe import FillRecipe

_TITLE = "Fill the masks of texts, with Transformers and PyTorch alone."


def fill_program(request: FillRequest, recipe: FillRecipe) -> str:
    """The program for a request, given what its model takes for a mask; it leaves the fillings in `table`."""
    texts = source(recipe.reading)
    if recipe.reading.none_readable:
        said = "# 2. No row holds a text: there is nothing to fill, and no model is needed."
        return program(_TITLE, [texts.part, Part([said, "records = []"]), _table()])
    parts = [
        texts.part,
        model_part(recipe, "AutoModelForMaskedLM", request),
        _setup(recipe),
        read_part(
            recipe.around,
            "The logits `[token, word]` of a text's tokens.",
            ["    return output.logits[0, len(before) : len(before) + len(ids)].float().cpu()"],
        ),
        _fillings(request, recipe),
        _FILLED,
        _texts(request, recipe, texts),
        _table(),
    ]
    return program(_TITLE, parts)


def _setup(recipe: FillRecipe) -> Part:
    targets: list[str] = []
    if recipe.targets is not None:
        numbers = call("targets = torch.tensor([", [str(number) for number in recipe.targets], "])")
        targets = ["# The only tokens to choose from.", *numbers]
    return Part(
        [
            "# 3. The masks, as this model or as others write them.",
            *assigned("pattern", recipe.masks),
            *around_lines(recipe.around),
            *targets,
        ],
        ("import torch",),
    )


def _fillings(request: FillRequest, recipe: FillRecipe) -> Part:
    lines = ["logits = read(ids)[place]"]
    if recipe.limit and request.run.long == "window":
        size = room(recipe.around, recipe.limit)
        lines = [
            "# As much of a long text as the model reads, around the mask.",
            f"start = min(max(0, place - {size // 2}), max(0, len(ids) - {size}))",
            f"logits = read(ids[start : start + {size}])[place - start]",
        ]
    best = [f"best = logits.softmax(dim=-1).topk({recipe.ranks})", "chosen = best.indices.tolist()"]
    if recipe.targets is not None:
        best = [
            f"best = logits.softmax(dim=-1)[targets].topk({recipe.ranks})",
            "chosen = targets[best.indices].tolist()",
        ]
    return Part(
        [
            "def fillings(ids, place):",
            '    """The likeliest tokens in the place of a mask, and their probabilities."""',
            *(INDENT + line for line in [*lines, *best]),
            "    pieces = tokenizer.convert_ids_to_tokens(chosen)",
            "    words = [tokenizer.decode([token]).strip() for token in chosen]",
            "    # A model may have more tokens than its tokenizer knows: of those there is the number only.",
            '    named = [word or piece or f"[{token}]" for word, piece, token in zip(words, pieces, chosen)]',
            "    return named, best.values.tolist()",
        ],
        is_function=True,
    )


_FILLED = Part(
    [
        "def filled(text, holes, words):",
        '    """A text with words in the places of its masks; ## goes on with the word before."""',
        '    result, at = "", 0',
        "    for (start, stop), word in zip(holes, words):",
        "        result += text[at:start]",
        '        if word.startswith("##") and len(word) > 2:',
        "            result, word = result.rstrip(), word[2:]",
        "        result, at = result + word, stop",
        "    return result + text[at:]",
    ],
    is_function=True,
)


def _texts(request: FillRequest, recipe: FillRecipe, texts: Source) -> Part:
    cut: list[str] = []
    said = "The model reads texts of any length."
    beyond = ""
    if recipe.limit and request.run.long == "truncate":
        said = f"The model reads {recipe.limit} tokens of a text, special ones too; the rest is cut off."
        beyond = f" or at[-1] >= {room(recipe.around, recipe.limit)}"
        cut = [f"    ids = ids[:{room(recipe.around, recipe.limit)}]"]
    elif recipe.limit and request.run.long == "window":
        said = f"The model reads {recipe.limit} tokens, special ones too: of a longer text what is around a mask."
    elif recipe.limit:
        said = f"The model reads {recipe.limit} tokens, special ones too, and no text may have more."
        cut = refused(recipe.around, recipe.limit)
    return Part(
        [
            "# 4. One text after another, so that nothing is padded.",
            f"# {said}",
            "records = []",
            f"for row, text in {texts.labelled}:",
            "    holes = [match.span() for match in re.finditer(pattern, text)]",
            "    masked = re.sub(pattern, lambda match: tokenizer.mask_token, text)",
            '    ids = tokenizer(masked, add_special_tokens=False)["input_ids"]',
            "    at = [place for place, token in enumerate(ids) if token == tokenizer.mask_token_id]",
            f"    if not at or len(at) != len(holes){beyond}:",
            "        continue  # it cannot be filled",
            *cut,
            "    found = [fillings(ids, place) for place in at]",
            "    best = [words[0] for words, _ in found]",
            "    for mask, (words, scores) in enumerate(found):",
            "        for rank, (word, score) in enumerate(zip(words, scores), start=1):",
            "            others = [*best[:mask], word, *best[mask + 1 :]]",
            "            records.append((row, mask, rank, word, score, filled(text, holes, others)))",
        ],
        ("import re",),
    )


def _table() -> Part:
    return Part(
        [
            "# 5. The fillings, one a row.",
            'columns = ["row", "mask", "rank", "token", "score", "text"]',
            "table = pd.DataFrame(records, columns=columns)",
            "print(table)",
        ],
        ("import pandas as pd",),
    )
