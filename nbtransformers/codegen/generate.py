"""GenerateRequest -> program."""

from __future__ import annotations

from nbtransformers.codegen.layout import Part, call, program
from nbtransformers.codegen.literals import assigned
from nbtransformers.codegen.models import model_part
from nbtransformers.codegen.texts import Source, source
from nbtransformers.codegen.writing import DECODED, auto_class, passed_over, rows_of, seed_of, table_part, write_part
from nbtransformers.request import GenerateRequest
from nbtransformers.results.writingrecipe import GenerateRecipe

_TITLE = "Write on for prompts, with Transformers and PyTorch alone."


def generate_program(request: GenerateRequest, recipe: GenerateRecipe) -> str:
    """The program for a request, given how its model writes; it leaves the texts in `table`."""
    texts = source(recipe.reading)
    end = table_part(texts, "prompt", "text")
    if recipe.reading.none_readable:
        said = "# 2. No row holds a text: there is nothing to go on with, and no model is needed."
        return program(_TITLE, [texts.part, Part([said, "found = {}"]), end])
    parts = [
        texts.part,
        model_part(recipe, auto_class(recipe.writing), request),
        Part(["# 3. How the model writes."]),
        DECODED,
        write_part(recipe.writing, goes_on=not request.chats, begun=bool(recipe.begun)),
        _prompts(request, recipe, texts),
        end,
    ]
    return program(_TITLE, parts)


def _prompts(request: GenerateRequest, recipe: GenerateRecipe, texts: Source) -> Part:
    writing = recipe.writing
    lines = ['ids = tokenizer(text)["input_ids"]']
    if request.chats:
        lines = _chat(request)
    system = []
    if request.system is not None:
        system = ["# What says how to answer.", *assigned("system", request.system)]
    begun, given = [], ""
    if recipe.begun:
        begun = ["# What rows begin with that go on from another token: those that stay, and that one.", "begun = {}"]
        for row, ids in recipe.begun.items():
            begun += call(f"begun[{row}] = [", list(map(str, ids)), "]")
        given = ", begun.get(row, [])"
    drawn = ["# Each row has random numbers of its own."] if writing.seed is not None else []
    return Part(
        [
            *system,
            *begun,
            "# 4. One prompt after another, so that nothing is padded.",
            *drawn,
            "found = {}",
            f"for row, text in {rows_of(texts)}:",
            *(f"    {line}" for line in [*lines, *passed_over(writing)]),
            f"    text, new, chances, ending = write(ids, {recipe.most}{given}{seed_of(writing, 'row')})",
            "    found[row] = (text, len(new), chances.mean(), ending)",
        ],
        ("import json",) if request.messages else (),
    )


def _chat(request: GenerateRequest) -> list[str]:
    """The lines that make tokens of a message, or of messages, by the model's chat template."""
    message = "json.loads(text)" if request.messages else '[{"role": "user", "content": text}]'
    lines = [f"messages = {message}"]
    if request.system is not None:
        lines.append('messages = [{"role": "system", "content": system}, *messages]')
    if not request.messages:
        asked = "messages, add_generation_prompt=True, return_dict=True"
        return [*lines, f"encoded = tokenizer.apply_chat_template({asked})", 'ids = encoded["input_ids"]']
    return [
        *lines,
        'begun = messages[-1]["role"] == "assistant"  # the model goes on with what it has begun to say',
        "encoded = tokenizer.apply_chat_template(",
        "    messages,",
        "    add_generation_prompt=not begun,",
        "    continue_final_message=begun,",
        "    return_dict=True,",
        ")",
        'ids = encoded["input_ids"]',
    ]
