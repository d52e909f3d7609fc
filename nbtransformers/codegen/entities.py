"""EntitiesRequest -> program."""

from __future__ import annotations

from nbtransformers.codegen.around import SPECIAL, around_lines, read_part, refused, room
from nbtransformers.codegen.layout import Part, numbered, program
from nbtransformers.codegen.literals import INDENT, inline, listed
from nbtransformers.codegen.models import model_part
from nbtransformers.codegen.texts import Source, source
from nbtransformers.errors import UserError
from nbtransformers.request import Aggregation, EntitiesRequest
from nbtransformers.results.recipe import EntitiesRecipe

_TITLE = "Find the entities in texts, with Transformers and PyTorch alone."


def entities_program(request: EntitiesRequest, recipe: EntitiesRecipe) -> str:
    """The program for a request, given what its model's labels mean; it leaves the entities in `table`."""
    if not recipe.is_fast:
        raise UserError(
            "There is no program for a slow tokenizer, which does not tell where its tokens stand.",
            hint="Take the result itself: `result.to_pandas()`.",
        )
    texts = source(recipe.reading)
    if recipe.reading.none_readable:
        said = "# 2. No row holds a text: there is nothing to read, and no model is needed."
        return program(_TITLE, [texts.part, _table([said, "records = []"])])
    parts = [
        texts.part,
        model_part(recipe, "AutoModelForTokenClassification", request),
        _labels(request, recipe),
        read_part(
            recipe.around,
            "The probabilities `[token, label]` of the tokens of a text.",
            [
                "    scores = output.logits[0].float().softmax(dim=-1).cpu().numpy()",
                "    return scores[len(before) : len(before) + len(ids)]",
            ],
        ),
        *([_windows(recipe)] if _is_windowed(request, recipe) else []),
        _words(recipe),
        _entities(request),
        _texts(request, recipe, texts),
        _table([]),
    ]
    return program(_TITLE, parts)


def _is_windowed(request: EntitiesRequest, recipe: EntitiesRecipe) -> bool:
    return bool(recipe.limit) and request.run.long == "window"


def _labels(request: EntitiesRequest, recipe: EntitiesRecipe) -> Part:
    kept = [] if request.labels is None else ["# Those that are kept.", *listed("kept", request.labels)]
    return Part(
        [
            "# 3. What each label of a token means: a type of entity, or None for what is outside of any.",
            *listed("types", recipe.types),
            *kept,
            "# The labels that begin an entity whatever stands before, and those that end one.",
            *numbered("begins", recipe.begins),
            *numbered("ends", recipe.ends),
            *around_lines(recipe.around),
            *SPECIAL,
        ]
    )


def _windows(recipe: EntitiesRecipe) -> Part:
    whole, overlap = room(recipe.around, recipe.limit), recipe.overlap
    return Part(
        [
            "def windows(number):",
            f'    """Windows of at most {whole} tokens over so many: start, stop, and the tokens taken from each.',
            "",
            "    They are of one length, and overlap. A token is taken from the one with more around it.",
            '    """',
            f"    if number <= {whole}:",
            "        return [(0, number, 0, number)]",
            f"    many = -(-(number - {overlap}) // {whole - overlap})",
            f"    length = -(-(number + (many - 1) * {overlap}) // many)",
            "    starts = np.linspace(0, number - length, many).round().astype(int).tolist()",
            "    edges = [0, *((a + length + b) // 2 for a, b in pairwise(starts)), number]",
            "    return [(start, start + length, *own) for start, own in zip(starts, pairwise(edges))]",
        ],
        ("import numpy as np", "from itertools import pairwise"),
        is_function=True,
    )


def _words(recipe: EntitiesRecipe) -> Part:
    if recipe.prefix:
        said = f"a piece that begins with {recipe.prefix} goes on with one"
        prefix = inline(recipe.prefix)
        setup = ["pieces = tokenizer.convert_ids_to_tokens(ids)"]
        same = [
            f"same = pieces[token].startswith({prefix}) and pieces[token] != {prefix}",
            "same = same and ids[token] != tokenizer.unk_token_id",
        ]
        last, imports = "stop", ()
    else:
        said = "they end at the word boundaries of Unicode (UAX #29)"
        setup = [r'bounds = [match.start() for match in regex.finditer(r"(?V1w)\b", text)]', "last = None"]
        same = [
            "word = bisect_right(bounds, stop - len(text[start:stop].lstrip()))",
            "same = word == last",
        ]
        last, imports = "stop, word", ("import regex", "from bisect import bisect_right")
    names = "last_stop" if last == "stop" else "last_stop, last"
    return Part(
        [
            "def words_of(text, ids, places):",
            f'    """The tokens of each word: {said}."""',
            *(INDENT + line for line in setup),
            "    words, goes_on, last_stop = [], False, 0",
            "    for token, (start, stop) in enumerate(places):",
            "        if ids[token] in special or not text[start:stop].strip():",
            "            goes_on = False  # the token is of no word",
            "            continue",
            *(INDENT * 2 + line for line in same),
            "        if goes_on and (same or start < last_stop):  # no two words share a character",
            "            words[-1].append(token)",
            "        else:",
            "            words.append([token])",
            f"        goes_on, {names} = True, {last}",
            "    return words",
        ],
        imports,
        is_function=True,
    )


_AGGREGATED: dict[Aggregation, tuple[str, str]] = {
    "first": ("of its first token", "scores[word[0]]"),
    "average": ("the mean over its tokens", "scores[word].mean(axis=0)"),
    "max": ("of the surest", "scores[word[scores[word].max(axis=1).argmax()]]"),
}


def _entities(request: EntitiesRequest) -> Part:
    said, row = _AGGREGATED[request.aggregation]
    return Part(
        [
            "def entities_of(words, scores):",
            '    """Type, words and scores of each entity."""',
            "    found, before = [], None",
            "    for word in words:",
            f"        of_labels = {row}  # {said}",
            "        label = int(of_labels.argmax())",
            "        goes_on = before is not None and types[before] == types[label]",
            "        if types[label] is not None:",
            "            if not goes_on or label in begins or before in ends:",
            "                found.append((types[label], [], []))",
            "            found[-1][1].append(word)",
            "            found[-1][2].append(float(of_labels[label]))",
            "        before = label",
            "    return found",
        ],
        is_function=True,
    )


def _texts(request: EntitiesRequest, recipe: EntitiesRecipe, texts: Source) -> Part:
    scores, said = ["    scores = read(ids)"], "The model reads texts of any length."
    cut: list[str] = []
    if recipe.limit and request.run.long == "truncate":
        said = f"The model reads {recipe.limit} tokens of a text, special ones too; the rest is cut off."
        part = (
            f"[-{room(recipe.around, recipe.limit)}:]"
            if recipe.from_left
            else f"[:{room(recipe.around, recipe.limit)}]"
        )
        cut = [f"    ids, places = ids{part}, places{part}"]
    elif recipe.limit and request.run.long == "window":
        said = f"More than {recipe.limit} of them, special ones too, are read in windows."
        scores = [
            "    own = [read(ids[a:b])[first - a : last - a] for a, b, first, last in windows(len(ids))]",
            "    scores = np.concatenate(own)",
        ]
    elif recipe.limit:
        said = f"The model reads {recipe.limit} tokens, special ones too, and no text may have more."
        cut = refused(recipe.around, recipe.limit)
    conditions = ["start < stop", *(["kind in kept"] if request.labels is not None else [])]
    if request.threshold:
        conditions.append(f"score >= np.float32({request.threshold})")
    return Part(
        [
            "# 4. One text after another, so that nothing is padded.",
            f"# {said}",
            f"encoded = tokenizer({texts.readable}, add_special_tokens=False, return_offsets_mapping=True)",
            "records = []",
            f'given = zip({texts.labels}, {texts.readable}, encoded["input_ids"], encoded["offset_mapping"])',
            "for row, text, ids, places in given:",
            *cut,
            "    words = words_of(text, ids, places)",
            "    if not words:",
            "        continue",
            *scores,
            "    for kind, its_words, its_scores in entities_of(words, scores):",
            "        start, stop = places[its_words[0][0]][0], places[its_words[-1][-1]][1]",
            "        start += len(text[start:stop]) - len(text[start:stop].lstrip())  # without white space",
            "        stop = start + len(text[start:stop].rstrip())",
            "        score = np.float32(np.mean(its_scores))",
            f"        if {' and '.join(conditions)}:",
            "            records.append((row, start, stop, kind, score, text[start:stop]))",
        ],
        ("import numpy as np",),
    )


def _table(before: list[str]) -> Part:
    return Part(
        [
            *(before or ["# 5. The entities, one a row."]),
            'columns = ["row", "start", "end", "label", "score", "text"]',
            "table = pd.DataFrame(records, columns=columns)",
            "print(table)",
        ],
        ("import pandas as pd",),
    )
