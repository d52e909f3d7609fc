"""The lines of a program that read questions and their contexts."""

from __future__ import annotations

from nbtransformers.codegen.layout import Part
from nbtransformers.codegen.texts import Source, source
from nbtransformers.results.recipe import OnlyText, Reading


def pair_parts(questions: Reading, contexts: Reading, only: OnlyText) -> list[Part]:
    """The parts that leave `questions` and `contexts`, None where there is no text, and `labels`, those of the rows.

    Args:
        questions: how the questions are read.
        contexts: how the contexts are read.
        only: which of the two is one text for all rows.
    """
    asked, given = source(questions), source(contexts)
    first = [line.replace("# 1. The texts", "# 1. The questions", 1) for line in asked.part.lines]
    second = [line.replace("# 1. The texts", "# The contexts", 1) for line in given.part.lines]
    labels = "list(range(len(texts)))"
    after_first = [*_kept("questions", asked)]
    after_second = [*_kept("contexts", given)]
    named = asked if asked.index is not None or given.index is None else given
    if only == "question":
        named = given
        after_second.append("questions = questions * len(contexts)  # the one question, of each context")
    elif only == "context":
        named = asked
        after_second.append("contexts = contexts * len(questions)  # the one context, for each question")
    label = [f"labels = {f'list({named.index})' if named.index is not None else labels}"]
    (after_first if named is asked else after_second).extend(label)
    return [
        Part(first, asked.part.imports),
        Part(after_first),
        Part(second, given.part.imports),
        Part(after_second),
    ]


def _kept(name: str, texts: Source) -> list[str]:
    if texts.every_row:
        return [f"{name} = texts"]
    return [
        "by_row = dict(zip(rows, readable))",
        f"{name} = [by_row.get(row) for row in range(len(texts))]",
    ]
