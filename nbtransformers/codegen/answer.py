"""AnswerRequest -> program, of answers that are spans of their contexts."""

from __future__ import annotations

from nbtransformers.codegen.around import around_lines, room
from nbtransformers.codegen.layout import Part, call, program
from nbtransformers.codegen.literals import INDENT
from nbtransformers.codegen.models import model_part
from nbtransformers.codegen.pairs import pair_parts
from nbtransformers.request import AnswerRequest
from nbtransformers.results.recipe import AnswerRecipe

TITLE = "Answer questions from texts, with Transformers and PyTorch alone."


def answer_program(request: AnswerRequest, recipe: AnswerRecipe) -> str:
    """The program for a request, given how its model reads pairs; it leaves the answers in `table`."""
    pairs = pair_parts(recipe.reading, recipe.contexts, recipe.only)
    if recipe.reading.none_readable or recipe.contexts.none_readable:
        said = "# 2. No row holds both: there is nothing to answer, and no model is needed."
        none = "records = [(label, 1, None, -1, -1, np.nan) for label in labels]"
        return program(TITLE, [*pairs, Part([said, none], ("import numpy as np",)), table_part(request)])
    parts = [
        *pairs,
        model_part(recipe, "AutoModelForQuestionAnswering", request),
        Part(
            [
                "# 3. What the model says of a question and a context, or of a window of one.",
                *around_lines(recipe.around),
                f"between = {list(recipe.between)}  # what is between the question and the context",
            ]
        ),
        _read(recipe),
        _windows(request, recipe),
        _ENDS_WORD,
        _WHOLE_WORDS,
        _answers(request, recipe),
        _rows(request),
        table_part(request),
    ]
    return program(TITLE, parts)


def _read(recipe: AnswerRecipe) -> Part:
    given = ["input_ids=inputs"]
    types: list[str] = []
    if recipe.types is not None:
        types = _types(recipe)
        given.append("token_type_ids=types")
    none = "None"
    if recipe.none is not None:
        side, place = recipe.none
        none = f"logits[:, {place}]" if side == "before" else f"logits[:, at + len(ids) + {place}]"
    return Part(
        [
            "def read(asked, ids):",
            '    """Start and end logits `[2, token]` of the context\'s tokens, and those of no answer."""',
            "    inputs = torch.tensor([[*before, *asked, *between, *ids, *behind]], device=device)",
            *types,
            "    with torch.inference_mode():  # keeps nothing that only training needs",
            f"        output = model({', '.join(given)})",
            "    logits = torch.cat([output.start_logits, output.end_logits]).double().cpu().numpy()",
            "    at = len(before) + len(asked) + len(between)",
            f"    return logits[:, at : at + len(ids)], {none}",
        ],
        ("import torch",),
        is_function=True,
    )


def _types(recipe: AnswerRecipe) -> list[str]:
    assert recipe.types is not None
    kinds = list(recipe.types)
    before = [kinds.pop(0) for _ in recipe.around.before]
    question = kinds.pop(0)
    between = [kinds.pop(0) for _ in recipe.between]
    context = kinds.pop(0)
    arguments = [
        *([f"*{before}"] if before else []),
        f"*[{question}] * len(asked)",
        *([f"*{between}"] if between else []),
        f"*[{context}] * len(ids)",
        *([f"*{kinds}"] if kinds else []),
    ]
    joined = ", ".join(arguments)
    return [f"    types = [{joined}]", "    types = torch.tensor([types], device=device)"]


def _windows(request: AnswerRequest, recipe: AnswerRecipe) -> Part:
    longest = request.max_answer_length
    if not recipe.limit:
        return Part([])
    head = [
        "def windows(question, context):",
        f'    """The windows of a context by its tokens: the model reads {recipe.limit} with those of the question."""',
        f"    room = {room(recipe.around, recipe.limit) - len(recipe.between)} - question",
        f"    if room < {recipe.least}:",
        "        return []  # no context fits beside the question",
    ]
    if request.run.long == "truncate":
        rest = ["    return [(0, min(context, room))]  # the rest is cut off"]
    elif request.run.long == "window":
        rest = [
            "    # They overlap by a quarter, or by the longest answer, so that each is whole in one.",
            f"    step = room - max(room // 4, min({longest}, 3 * room // 4))",
            "    starts = range(0, max(1, context - room + step), step) if context > room else [0]",
            "    return [(start, min(context, start + room)) for start in starts]",
        ]
    else:
        rest = [
            "    if context > room:",
            '        raise ValueError(f"A context has {context} tokens, and there is room for {room}.")',
            "    return [(0, context)]",
        ]
    return Part([*head, *rest], is_function=True)


_ENDS_WORD = Part(
    [
        "def is_cut(text, at):",
        '    """Whether a word may go on between two characters: neither is a space or a punctuation mark."""',
        "    if not 0 < at < len(text):",
        "        return False",
        "    sides = text[at - 1], text[at]",
        '    return not any(c.isspace() or unicodedata.category(c).startswith("P") for c in sides)',
    ],
    ("import unicodedata",),
    is_function=True,
)
_WHOLE_WORDS = Part(
    [
        "def whole_words(text, start, end, bounds):",
        '    """A span without the white space around it, widened to whole words (UAX #29)."""',
        "    end -= len(text[start:end]) - len(text[start:end].rstrip())",
        "    start += len(text[start:end]) - len(text[start:end].lstrip())",
        "    if start >= end:",
        "        return None",
        "    while is_cut(text, start) and start not in bounds:",
        "        start -= 1",
        "    while is_cut(text, end) and end not in bounds:",
        "        end += 1",
        "    return start, end",
    ],
    is_function=True,
)


def _answers(request: AnswerRequest, recipe: AnswerRecipe) -> Part:
    return Part(
        [
            "def answers_of(question, context):",
            '    """The best answers in a context: text, start, end and score of each."""',
            '    asked = tokenizer(question, add_special_tokens=False)["input_ids"]',
            "    given = tokenizer(context, add_special_tokens=False, return_offsets_mapping=True)",
            '    ids, places = given["input_ids"], np.array(given["offset_mapping"]).reshape(-1, 2)',
            '    bounds = {match.start() for match in regex.finditer(r"(?V1w)\\b", context)}',
            *_spans(request, recipe),
            *_scale(recipe),
            "    logit, first, last = np.concatenate(spans, axis=1)",
            "    best = {}",
            "    for at in np.lexsort((last, first, -logit)):",
            f"        if len(best) == {request.top_k} or logit[at] == -np.inf:",
            "            break",
            "        start, end = places[int(first[at]), 0], places[int(last[at]), 1]",
            "        span = whole_words(context, int(start), int(end), bounds)",
            "        if span is not None:",
            "            best.setdefault(span, np.exp(logit[at] - scale))",
            "    found = [(context[start:end], start, end, best[start, end]) for start, end in best]",
            *(_NO_ANSWER if request.no_answer else []),
            f"    return found[:{request.top_k}]",
        ],
        ("import numpy as np", "import regex", "import scipy.special"),
        is_function=True,
    )


def _spans(request: AnswerRequest, recipe: AnswerRecipe) -> list[str]:
    """The lines that leave all spans in `spans`, the logits of all tokens in `total`, and of no answer in `none`."""
    windows = "windows(len(asked), len(ids))" if recipe.limit else "[(0, len(ids))]"
    begun, read, kept = "spans = []", "logits, _", []
    if recipe.none is not None:
        begun, read = "spans, none = [], None", "logits, no_answer"
        kept = ["if none is None or no_answer.sum() < none.sum():", "    none = no_answer"]
    longest = request.max_answer_length
    return [
        "    total = np.full((2, len(ids)), -np.inf)  # a token that is in two windows counts once",
        f"    {begun}",
        f"    for first, stop in {windows}:",
        f"        {read} = read(asked, ids[first:stop])",
        "        total[:, first:stop] = np.maximum(total[:, first:stop], logits)",
        *(INDENT * 2 + line for line in kept),
        "        logits[:, places[first:stop, 0] >= places[first:stop, 1]] = -np.inf  # no text of its own",
        "        i, j = np.triu_indices(stop - first)",
        f"        i, j = i[j - i < {longest}], j[j - i < {longest}]",
        "        spans.append(np.stack([logits[0, i] + logits[1, j], first + i, first + j]))",
        "    if not spans:",
        "        return []",
    ]


def _scale(recipe: AnswerRecipe) -> list[str]:
    all_of = "total" if recipe.none is None else "np.append(total, none[:, None], axis=1)"
    return [
        "    # One softmax over the whole context, and no answer.",
        f"    scale = scipy.special.logsumexp({all_of}, axis=1).sum()",
    ]


_NO_ANSWER = [
    "    chance = np.exp(none.sum() - scale)",
    "    at = sum(score >= chance for *_, score in found)",
    "    found.insert(at, (None, -1, -1, chance))  # that there is none, at its place",
]


def _rows(request: AnswerRequest) -> Part:
    """One record a question, or as many as it has answers; one that has none says so."""
    kept = ["    records.append((label, *(found or [nothing])[0]))"]
    if request.top_k > 1:
        kept = [
            "    for rank, answer in enumerate(found or [nothing], start=1):",
            "        records.append((label, rank, *answer))",
        ]
    return Part(
        [
            "# 4. One question after another.",
            "nothing = (None, -1, -1, np.nan)",
            "records = []",
            "for label, question, context in zip(labels, questions, contexts):",
            "    found = answers_of(question, context) if question and context else []",
            *kept,
        ]
    )


def table_part(request: AnswerRequest) -> Part:
    """The table of the answers."""
    rank = ', "rank"' if request.top_k > 1 else ""
    return Part(
        [
            "# 5. The answers.",
            f'columns = ["row"{rank}, "answer", "start", "end", "score"]',
            *call("table = pd.DataFrame(", ["records", "columns=columns"]),
            "print(table)",
        ],
        ("import pandas as pd",),
    )
