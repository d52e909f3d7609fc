"""The lines of a program that make of rows what a model learns from: tokens and labels."""

from __future__ import annotations

from nbtransformers.codegen.layout import Part, call, definition
from nbtransformers.codegen.literals import INDENT
from nbtransformers.results.trainingrecipe import TrainingRecipe, WritingTrial

_MAPPED = Part(
    [
        "train, test = (",
        "    rows.map(encode, batched=True, remove_columns=rows.column_names) for rows in (train, test)",
        ")",
    ]
)


def encoding_parts(recipe: TrainingRecipe) -> list[Part]:
    """The parts that leave `train` and `test` with `input_ids` and `labels`, not padded."""
    task = recipe.training_task
    if task == "tokens":
        return _tagged(recipe)
    if task == "causal":
        return [*_gone_on_with(recipe), _MAPPED]
    if recipe.writing is not None:
        return [_chosen(recipe.writing), _paired(recipe), _MAPPED, Part(["asked = test.select(chosen)"])]
    return [_labelled(recipe), _MAPPED]


def _cut(recipe: TrainingRecipe) -> list[str]:
    return ["truncation=True", f"max_length={recipe.tokens.limit}"]


def _read(recipe: TrainingRecipe) -> list[str]:
    """What a tokenizer is given: texts, or pairs of texts."""
    return ['rows["text"]', *(['rows["pair"]'] if "pair" in recipe.columns else []), *_cut(recipe)]


def _labelled(recipe: TrainingRecipe) -> Part:
    """Texts or pairs of texts; of words to fill in there are no labels yet."""
    said = f"Texts to tokens, of which the model reads {recipe.tokens.limit}."
    if recipe.training_task == "masked":
        return definition("encode(rows)", said, call("return tokenizer(", _read(recipe), within=len(INDENT)))
    body = [
        *call("tokens = tokenizer(", _read(recipe), within=len(INDENT)),
        'return {**tokens, "labels": rows["label"]}',
    ]
    return definition("encode(rows)", said, body)


# --- one text for another ---


def _chosen(writing: WritingTrial) -> Part:
    if writing.rows is None:
        lines = ["# In an evaluation the model also writes: for every test row."]
        numbers = "range(len(test))"
    else:
        lines = [f"# In an evaluation the model also writes, which takes long: for {writing.rows} of the test rows."]
        numbers = f"[number * len(test) // {writing.rows} for number in range({writing.rows})]"
    return Part([*lines, f"chosen = {numbers}", 'references = list(test.select(chosen)["label"])'])


def _paired(recipe: TrainingRecipe) -> Part:
    return definition(
        "encode(rows)",
        f"Texts to tokens, of which the model reads {recipe.tokens.limit}; so too what is to be written.",
        [
            *call("tokens = tokenizer(", _read(recipe), within=len(INDENT)),
            *call("written = tokenizer(", ['text_target=rows["label"]', *_cut(recipe)], within=len(INDENT)),
            'return {**tokens, "labels": written["input_ids"]}',
        ],
    )


# --- a tag for each word ---

_FIRST = definition(
    "at_first(words, tags)",
    "The tag of each word at its first token; -100 elsewhere, where nothing is learnt.",
    [
        "return [",
        "    -100 if word is None or word == before else tags[word]",
        "    for before, word in zip([None, *words], words)",
        "]",
    ],
)
_STARTS = definition(
    "starts(word)",
    "The tokens that begin a word of the tokenizer's: of `@ann` the first and the second.",
    [
        "words = tokenizer(word, add_special_tokens=False).word_ids()",
        "return [place for place, word in enumerate(words) if place == 0 or word != words[place - 1]]",
    ],
)
_SPREAD = definition(
    "spread(words, tags, begins)",
    "As at_first; but where a word is several to the tokenizer, each of them learns what it is.",
    [
        "learnt, place, before = [], 0, None",
        "for word in words:",
        "    place = place + 1 if word == before else 0",
        "    before = word",
        "    if word is None or place not in begins[word]:",
        "        learnt.append(-100)",
        "    elif len(begins[word]) == 1:",
        "        learnt.append(tags[word])",
        "    else:",
        "        first, middle, last = parts[tags[word]]",
        "        learnt.append(first if place == 0 else last if place == begins[word][-1] else middle)",
        "return learnt",
    ],
)


def _tagged(recipe: TrainingRecipe) -> list[Part]:
    words = 'rows["tokens"]'
    lines: list[str] = []
    if recipe.tokens.spaced:
        lines += [
            "# Within a text, a word of this tokenizer begins with its space.",
            f'words = [[" " * (number > 0) + word for number, word in enumerate(row)] for row in {words}]',
        ]
        words = "words"
    lines += call("tokens = tokenizer(", [words, "is_split_into_words=True", *_cut(recipe)])
    said = f"Words to tokens, of which the model reads {recipe.tokens.limit}"
    first = ['labels = [at_first(tokens.word_ids(row), tags) for row, tags in enumerate(rows["label"])]']
    end = ['return {**tokens, "labels": labels}']
    if not recipe.tokens.parts:
        return [_FIRST, definition("encode(rows)", f"{said}.", [*lines, *first, *end]), _MAPPED]
    spread = [
        "labels = [",
        "    spread(tokens.word_ids(row), tags, [starts(word) for word in of_row])",
        f'    for row, (of_row, tags) in enumerate(zip({words}, rows["label"]))',
        "]",
    ]
    return [
        _FIRST,
        _parts(recipe),
        _STARTS,
        _SPREAD,
        definition("encode(rows)", f"{said}, to be evaluated: a tag a word.", [*lines, *first, *end]),
        definition("encode_to_learn(rows)", f"{said}, to be learnt.", [*lines, *spread, *end]),
        Part(
            [
                "train = train.map(encode_to_learn, batched=True, remove_columns=train.column_names)",
                "test = test.map(encode, batched=True, remove_columns=test.column_names)",
            ]
        ),
    ]


def _parts(recipe: TrainingRecipe) -> Part:
    return Part(
        [
            "# What each tag becomes at the first, a middle and the last of several words that were one.",
            *call("parts = [", [str(part) for part in recipe.tokens.parts], "]"),
        ]
    )


# --- a text to go on with ---

_ENDED = definition(
    "ended(ids)",
    "With the token that ends a text, so that the model learns when it is through.",
    ["end = tokenizer.eos_token_id", "return ids if ids[-1:] == [end] else [*ids, end]"],
)
_ROWS = 'return {"input_ids": [ids for ids, _ in found], "labels": [labels for _, labels in found]}'


def _gone_on_with(recipe: TrainingRecipe) -> list[Part]:
    ended = [_ENDED] if recipe.tokens.ends and "messages" not in recipe.columns else []
    limit = recipe.tokens.limit
    if "messages" in recipe.columns:
        body = ['found = [cut(*conversation(json.loads(row))) for row in rows["messages"]]', _ROWS]
        said = "Conversations to tokens; what the assistant says is learnt."
        encode = definition("encode(rows)", said, body, ("import json",))
        return [_shortened(limit), *_conversation(marks=recipe.tokens.marks), encode]
    if "label" in recipe.columns:
        body = ['found = [cut(*prompted(*both)) for both in zip(rows["text"], rows["label"])]', _ROWS]
        encode = definition("encode(rows)", "Prompts and what follows to tokens; the latter is learnt.", body)
        return [*ended, _prompted(ends=bool(ended)), _shortened(limit), encode]
    ids = "ended(ids)" if ended else "ids"
    body = [
        f'found = [{ids}[:{limit}] for ids in tokenizer(rows["text"])["input_ids"]]',
        'return {"input_ids": found, "labels": found}',
    ]
    said = f"Texts to tokens, of which the model reads {limit}; each is learnt from those before it."
    return [*ended, definition("encode(rows)", said, body)]


def _shortened(limit: int) -> Part:
    return definition(
        "cut(ids, labels)",
        f"The first {limit} tokens, or the last where nothing is to be learnt of the first.",
        [
            f"if len(ids) <= {limit} or any(label != -100 for label in labels[1:{limit}]):",
            f"    return ids[:{limit}], labels[:{limit}]",
            f"return ids[-{limit}:], labels[-{limit}:]",
        ],
    )


def _prompted(*, ends: bool) -> Part:
    after = 'tokenizer(space + follows, add_special_tokens=False)["input_ids"]'
    popped = ["if before[-1:] == [tokenizer.eos_token_id]:", "    before.pop()  # the text goes on"] if ends else []
    return definition(
        "prompted(prompt, follows)",
        "The tokens of both, and what is learnt of them: what follows.",
        [
            'before = tokenizer(prompt)["input_ids"]',
            *popped,
            'space = "" if prompt[-1:].isspace() or follows[:1].isspace() or not prompt else " "',
            f"after = {f'ended({after})' if ends else after}",
            "return before + after, [-100] * len(before) + after",
        ],
    )


def _conversation(*, marks: bool) -> list[Part]:
    learnt = [
        "# Where a template does not tell turns apart, all is learnt.",
        "labels = [token if said or not any(spoken) else -100 for token, said in zip(ids, spoken)]",
        "return ids, labels",
    ]
    said = "The tokens of a conversation, and what is learnt of them: what the assistant says."
    if marks:
        body = [
            "given = tokenizer.apply_chat_template(",
            "    messages, return_dict=True, return_assistant_tokens_mask=True",
            ")",
            'ids, spoken = given["input_ids"], given["assistant_masks"]',
        ]
        return [definition("conversation(messages)", said, [*body, *learnt])]
    templated = definition(
        "templated(messages, **options)",
        "The tokens of messages, as the model's template has them.",
        ["return list(tokenizer.apply_chat_template(messages, return_dict=False, **options))"],
    )
    body = [
        "ids = templated(messages)",
        "spoken = [False] * len(ids)",
        "for number, message in enumerate(messages):",
        '    if message["role"] != "assistant" or number == 0:',
        "        continue",
        "    # What a turn of its adds behind what asks it to speak.",
        "    before = templated(messages[:number], add_generation_prompt=True)",
        "    after = templated(messages[: number + 1])",
        "    if ids[: len(after)] == after and after[: len(before)] == before:",
        "        spoken[len(before) : len(after)] = [True] * (len(after) - len(before))",
    ]
    return [templated, definition("conversation(messages)", said, [*body, *learnt])]
