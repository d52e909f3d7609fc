"""`nbtransformers.answer`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict, Unpack

from nbtransformers.doors.common import request_fields, run_and_keep
from nbtransformers.doors.door import door
from nbtransformers.doors.options import ModelOptions, RunArguments
from nbtransformers.errors import UserError, kind_of
from nbtransformers.inputs.dataset_objects import is_dataset
from nbtransformers.inputs.refs import data_ref, is_hub_name
from nbtransformers.inputs.tables import is_table
from nbtransformers.panels.view import View, passing_view
from nbtransformers.request import AnswerRequest, DataRef, Objects, RunOptions
from nbtransformers.results.answers import Answers

QUESTION, CONTEXT = "question", "context"  # the columns of a table, unless the user names others

Sources = tuple[DataRef, DataRef, Objects]
"""Questions, contexts, and the objects that they name."""


class _FileOptions(TypedDict, total=False):
    """How a file or a dataset is read."""

    encoding: str | None
    split: str | None
    subset: str | None


class _Options(_FileOptions, ModelOptions, RunArguments, total=False):
    """What the function takes besides its own arguments."""


@door
def answer(
    questions: Any,
    contexts: Any = None,
    *,
    question: str | int | None = None,
    context: str | int | None = None,
    model: Any = None,
    top_k: int | None = None,
    max_answer_length: int | None = None,
    no_answer: bool = False,
    generate: bool = False,
    **options: Unpack[_Options],
) -> Answers:
    """Answer questions from texts: each question from its own context, one from many, or many from one.

    A context that is longer than the model reads at once is read whole, in overlapping windows; a question is never
    cut. What is None, or left out, is as `%nbt set`, the environment or a pyproject.toml says (see `defaults`), or
    else as below.

    Args:
        questions: a question, a list of them, a Series, or a file as a `Path`; or, without `contexts`, a table, a file
            or a dataset that has a column of questions and one of contexts.
        contexts: a text, or as many as there are questions. Every row keeps its place and its index; one that holds
            no text gets a reason and no answer.
        question: the column of the questions; else `question`.
        context: the column of the contexts; else `context`.
        model: a folder, a Hub id, a Transformers model, a pipeline, or a (model, tokenizer) pair. None is bundled.
        top_k: how many answers a row has; else 1.
        max_answer_length: tokens of an answer at most; else 30.
        no_answer: let a row have no answer, where the model says that its context holds none; for models that were
            trained for it, as on SQuAD 2.
        generate: have a chat or sequence-to-sequence model write the answer, and look where it stands in the context.
        long: a longer context: `window` (else this one: overlapping windows), `truncate` or `error`.
        **options: as for every task.

    Returns:
        An `Answers`: `answers` (the best of each row), `no_answer` `[row]`, `to_pandas()` (a row an answer), `plot()`.

    Raises:
        UserError: one line that says what is wrong and what to type instead.

    Example:
        >>> import nbtransformers as nbt
        >>> nbt.answer("Where did she live?", "Ada lived in London.", model="deepset/roberta-base-squad2").answers
        ['London']
        >>> nbt.answer(df, question="title", context="body", model="deepset/roberta-base-squad2").to_pandas()
    """
    files = {key: options.pop(key) for key in _FileOptions.__annotations__ if key in options}
    if contexts is None:
        sources = columns_of(questions, question, context, files)
    else:
        for name, column in ((QUESTION, question), (CONTEXT, context)):
            if column is not None:
                raise UserError(f"`{name}` is the column of a table, and there are contexts.", hint="Leave it out.")
        sources = paired(questions, contexts, files)
    asked = answer_request(
        *sources,
        model=model,
        top_k=top_k,
        max_answer_length=max_answer_length,
        no_answer=no_answer,
        generate=generate,
        **options,
    )
    return run_answer(*asked, passing_view("Answering"))


def has_columns(value: Any) -> bool:
    """Whether a value may hold questions and contexts side by side: a table, a dataset, a file, or one of the Hub."""
    return isinstance(value, Path) or is_dataset(value) or is_table(value) or _is_on_hub(value)


def _is_on_hub(value: Any) -> bool:
    return isinstance(value, str) and is_hub_name(value)


def columns_of(
    data: Any, question: str | int | None, context: str | int | None, files: Mapping[str, Any], name: str = "data"
) -> Sources:
    """The questions and the contexts in two columns of one table.

    Raises:
        UserError: when it is none.
    """
    if not has_columns(data):
        raise UserError(
            f"There are questions, {kind_of(data)}, and no contexts to find the answers in.",
            hint="Type `nbt.answer(questions, contexts)`, or give a table with a column of each.",
        )
    names = [default if column is None else column for column, default in ((question, QUESTION), (context, CONTEXT))]
    refs = [data_ref(data, column, **files, name=name) for column in names]
    return refs[0][0], refs[1][0], refs[0][1]


def paired(
    questions: Any, contexts: Any, files: Mapping[str, Any], names: tuple[str, str] = ("questions", "contexts")
) -> Sources:
    """The questions and the contexts, each on its own; `files` says how to read those of them that are files."""
    found = [
        data_ref(
            value, **(files if isinstance(value, Path) or is_dataset(value) or _is_on_hub(value) else {}), name=name
        )
        for value, name in zip((questions, contexts), names, strict=True)
    ]
    return found[0][0], found[1][0], {**found[0][1], **found[1][1]}


def answer_request(
    questions: DataRef,
    contexts: DataRef,
    objects: Objects,
    *,
    namespace: Mapping[str, Any] | None = None,
    **given: Any,
) -> tuple[AnswerRequest, Objects]:
    """The request for what a user gave, and the objects that it names."""
    values, objects = request_fields("answer", objects, namespace, given, RunOptions(long="window"))
    return AnswerRequest(questions, contexts, **values), objects


def run_answer(request: AnswerRequest, objects: Objects, view: View) -> Answers:
    """Run a request and show it in a view: the one way through, for magics and functions."""
    from nbtransformers.engine.answer import answer as run

    return run_and_keep(view, lambda: run(request, objects, view.progress, view.partial))
