"""The lines of a program that have a model write: `write`, and the table of what was written."""

from __future__ import annotations

from nbtransformers.codegen.layout import Part, call
from nbtransformers.codegen.literals import INDENT, inline, plain
from nbtransformers.codegen.texts import Source
from nbtransformers.results.writingrecipe import Writing


def auto_class(writing: Writing) -> str:
    """The class that loads a model that writes."""
    return "AutoModelForSeq2SeqLM" if writing.is_seq2seq else "AutoModelForCausalLM"


def passed_over(writing: Writing) -> list[str]:
    """The lines, within a loop, that go past the `ids` of a row that the model cannot read, or not write on for."""
    if not writing.reads:
        return []
    beyond = ">" if writing.is_seq2seq else ">="
    return [
        f"if len(ids) {beyond} {writing.reads}:",
        "    continue  # the model can read no more, and so write nothing",
    ]


def write_part(writing: Writing, *, goes_on: bool, begun: bool = False) -> Part:
    """The function `write`, of what the model reads.

    Args:
        writing: how the model writes.
        goes_on: whether the new text goes on with what is read, where it may begin in the middle of a word.
        begun: whether it may begin with tokens that it is told; of a model without an encoder.
    """
    drawn = writing.seed is not None
    seq2seq = writing.is_seq2seq
    limit, cut = writing.writes if seq2seq else writing.reads, "" if seq2seq else " - len(ids)"
    room = [
        f"if most > {limit}{cut}:  # the model has no room for more",
        f'    most, ending = {limit}{cut}, "end of context"',
    ]
    if seq2seq:
        likely = "logits = model(input_ids=inputs, decoder_input_ids=written[None, :-1]).logits[0]"
    else:
        likely = "logits = model(input_ids=written[None, :-1]).logits[0, len(ids) - 1 :]"
    text = "text = decoded(new)"
    if goes_on and not seq2seq:
        text = "text = decoded(written)[len(decoded(ids)) :]  # it may begin in the middle of a word"
    given = ["inputs = torch.tensor([ids], device=device)"]
    generated = [
        "written = model.generate(",
        "    inputs,",
        "    attention_mask=torch.ones_like(inputs),",
        "    max_new_tokens=most,",
        *(f"    {argument}," for argument in _arguments(writing)),
        ")[0]",
    ]
    if begun:
        given = ["most -= len(begun)", "inputs = torch.tensor([[*ids, *begun]], device=device)"]
        ended = f" and not (begun and begun[-1] {_one_of(list(map(str, writing.ends)))})" if writing.ends else ""
        generated = ["written = inputs[0]", f"if most > 0{ended}:", *(INDENT + line for line in generated)]
    return Part(
        [
            f"def write(ids, most{', begun' if begun else ''}{', seed' if drawn else ''}):",
            '    """The new text, its tokens, their log probabilities, and why there are no more."""',
            '    ending = "length"',
            *(INDENT + line for line in (room if limit else [])),
            *(INDENT + line for line in given),
            *(["    torch.manual_seed(seed)"] if drawn else []),
            "    with torch.inference_mode():  # keeps nothing that only training needs",
            *(INDENT * 2 + line for line in generated),
            f"        new = written[{'1:' if seq2seq else 'len(ids) :'}]",
            "        # How likely the model alone holds each token, whatever way it was chosen.",
            f"        {likely}",
            "        chances = logits.float().log_softmax(dim=-1).gather(1, new[:, None])[:, 0].cpu().numpy()",
            f"    {text}",
            *_endings(writing),
            "    return text, new.tolist(), chances, ending",
        ],
        ("import torch",),
        is_function=True,
    )


def _arguments(writing: Writing) -> list[str]:
    given: list[str] = []
    for name, value in writing.options:
        if name == "min_new_tokens":
            given.append(f"min_new_tokens=min({value}, most)")
        else:
            given.append(f"{name}={plain(value)}")
    if writing.stop_strings:
        given += [f"stop_strings=[{', '.join(map(inline, writing.stop_strings))}]", "tokenizer=tokenizer"]
    return given


def _endings(writing: Writing) -> list[str]:
    lines: list[str] = []
    if writing.ends:
        lines += [f"    if int(new[-1]) {_one_of(list(map(str, writing.ends)))}:"]
        lines += ['        ending = "end of text"']
    if writing.stop_strings:
        strings = list(map(inline, writing.stop_strings))
        within = f"{strings[0]} in text"
        if len(strings) > 1:
            within = f"any(string in text for string in ({', '.join(strings)}))"
        lines += [f"    {'elif' if writing.ends else 'if'} {within}:"]
        lines += ['        ending = "stop string"']
    return lines


def _one_of(values: list[str]) -> str:
    return f"== {values[0]}" if len(values) == 1 else f"in ({', '.join(values)})"


DECODED = Part(
    [
        "def decoded(ids):",
        '    """Tokens to text, special ones left out."""',
        "    return tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)",
    ],
    is_function=True,
)


def table_part(texts: Source, read: str, written: str, *, parts: bool = False) -> Part:
    """The table of what was written: that is in `found`, by row.

    Args:
        texts: the texts that were read.
        read: the name of their column.
        written: that of the new texts.
        parts: whether it is also told in how many parts a text was read.
    """
    columns = [written, *(["parts"] if parts else []), "tokens", "log_probability", "finish_reason"]
    nothing = ["None", *(["0"] if parts else []), "0", "np.nan", "None"]
    index = f", index={texts.index}" if texts.index is not None else ""
    given = f"pd.DataFrame(records, columns=columns{index})"
    return Part(
        [
            "# 5. What was written, one a row.",
            *call("columns = [", [inline(column) for column in columns], "]"),
            f"nothing = ({', '.join(nothing)})",
            "records = [found.get(row, nothing) for row in range(len(texts))]",
            f"table = {given}",
            f'table.insert(0, "{read}", texts)',
            f'table.insert({3 + parts + 1}, "perplexity", np.exp(-table["log_probability"]))',
            "print(table)",
        ],
        ("import numpy as np", "import pandas as pd"),
    )


def rows_of(texts: Source) -> str:
    """The rows that can be read, by their numbers, with their texts."""
    return "enumerate(texts)" if texts.every_row else "zip(rows, readable)"


def seed_of(writing: Writing, row: str) -> str:
    """What is handed to `write` for the random numbers of a row: its own, so that no row depends on the others."""
    if writing.seed is None:
        return ""
    return f", {row}" if writing.seed == 0 else f", {writing.seed} + {row}"
