"""AnswerRequest -> program, of answers that a model writes by instruction."""

from __future__ import annotations

from nbtransformers.codegen.answer import TITLE, table_part
from nbtransformers.codegen.layout import Part, program
from nbtransformers.codegen.literals import INDENT, assigned
from nbtransformers.codegen.models import model_part
from nbtransformers.codegen.pairs import pair_parts
from nbtransformers.codegen.writing import DECODED, auto_class, passed_over, write_part
from nbtransformers.request import AnswerRequest
from nbtransformers.results.writingrecipe import WrittenAnswerRecipe


def written_answer_program(request: AnswerRequest, recipe: WrittenAnswerRecipe) -> str:
    """The program for a request, given how its model is told to answer; it leaves the answers in `table`."""
    parts = [
        *pair_parts(recipe.reading, recipe.contexts, recipe.only),
        model_part(recipe, auto_class(recipe.writing), request),
        Part(["# 3. How the model writes."]),
        DECODED,
        write_part(recipe.writing, goes_on=False),
        _LOCATED,
        _rows(request, recipe),
        table_part(request),
    ]
    return program(TITLE, parts)


_LOCATED = Part(
    [
        "def located(answer, context):",
        '    """Where an answer stands in a context: as it is, without stops, or in another case."""',
        '    bare = answer.strip("\\"\'“”‘’«»„.,;:!。 \\t\\n")',
        "    for wanted, flags in ((answer, 0), (bare, 0), (bare, re.IGNORECASE)):",
        '        for pattern in (rf"(?<!\\w){re.escape(wanted)}(?!\\w)", re.escape(wanted)):',
        "            match = re.search(pattern, context, flags) if wanted else None",
        "            if match:",
        "                return match.span()",
        "    return -1, -1",
    ],
    ("import re",),
    is_function=True,
)


def _rows(request: AnswerRequest, recipe: WrittenAnswerRecipe) -> Part:
    before, between, behind = recipe.around
    if recipe.chat:
        told = "before + context + between + question + behind"
        message = '{"role": "user", "content": told}'
        ids = [
            f"    messages = [{message}]",
            '    given = {"add_generation_prompt": True, "return_dict": True}',
            '    ids = tokenizer.apply_chat_template(messages, **given)["input_ids"]',
        ]
    else:
        told = "before + question + between + context + behind"
        ids = ['    ids = tokenizer(told)["input_ids"]']
    return Part(
        [
            "# 4. One question after another. The model is told:",
            *assigned("before", before),
            *assigned("between", between),
            *assigned("behind", behind),
            "records = []",
            "for label, question, context in zip(labels, questions, contexts):",
            "    records.append((label, None, -1, -1, np.nan))",
            "    if not (question and context):",
            "        continue",
            f"    told = {told}",
            *ids,
            *(INDENT + line for line in passed_over(recipe.writing)),
            f"    text, _, chances, _ = write(ids, {request.max_answer_length})",
            "    answer, score = text.strip(), np.exp(chances.mean())",
            '    if not answer or answer.strip("\\"\'“”‘’«»„.,;:!。 \\t\\n").casefold() == "unanswerable":',
            "        records[-1] = (label, None, -1, -1, score)",
            "    else:",
            "        records[-1] = (label, answer, *located(answer, context), score)",
        ],
        ("import numpy as np",),
    )
