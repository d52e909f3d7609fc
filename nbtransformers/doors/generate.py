"""`nbtransformers.generate` and `nbtransformers.continue_from`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Unpack, cast

from nbtransformers.doors.branching import run_writing
from nbtransformers.doors.common import request_fields, texts_of
from nbtransformers.doors.decoding import decoding_given
from nbtransformers.doors.door import door
from nbtransformers.doors.options import WritingOptions
from nbtransformers.errors import UserError, kind_of, shown
from nbtransformers.panels.view import View, passing_view
from nbtransformers.request import DataRef, GenerateRequest, Objects, is_conversation
from nbtransformers.results.generation import Generation


@door
def generate(
    prompts: Any,
    *,
    model: Any = None,
    chat: bool = False,
    system: str | None = None,
    messages: bool = False,
    **options: Unpack[WritingOptions],
) -> Generation:
    """Write on for prompts with a causal or a sequence-to-sequence model.

    Every token is kept with its probability and with what the model held likely in its place. What is None, or left
    out, is as `%nbt set`, the environment or a pyproject.toml says (see `defaults`), or else as below.

    Args:
        prompts: {DATA}
            Or a conversation, which is a list of messages with `role` and `content`, or a list of conversations: these
            go through the model's chat template.
        model: a bundled name (`smollm2`, else this one), a folder, a Hub id, a Transformers model, a pipeline, or a
            (model, tokenizer) pair.
        chat: hand each prompt over as a user's message in the model's chat template; else the model goes on with it.
        system: a message that comes before it and says how to answer; it makes a chat of it.
        messages: each prompt is a conversation written as JSON.
        max_new_tokens: new tokens of a row at most; else 100.
        batch_tokens: tokens a batch, of prompts and what they may become; else 4,096 on a CPU, 32,768 on a GPU.
        threads: CPU threads; None finds it by timing the first tokens.
        **options: as for every task.

    Returns:
        A `Generation`: `texts`, `tokens` (a list a row), `probabilities` (an array a row), `alternatives(row,
        position)`, `to_pandas()`, `plot()`.

    Raises:
        UserError: one line that says what is wrong and what to type instead.

    Example:
        >>> import nbtransformers as nbt
        >>> nbt.generate("The capital of France is", model="smollm2", max_new_tokens=10).texts[0]
        >>> nbt.generate(df, column="question", chat=True, temperature=0.7, seed=1).to_pandas()
    """
    prompts, conversations = _as_texts(prompts)
    asked = generate_request(
        *texts_of(prompts, options, name="prompts"),
        model=model,
        chat=chat,
        system=system,
        messages=messages or conversations,
        **options,
    )
    return run_generate(*asked, passing_view("Generating"))


def _as_texts(prompts: Any) -> tuple[Any, bool]:
    """Prompts, those that are conversations written as JSON, and whether there is one."""
    if is_conversation(prompts):
        return [_written(prompts)], True
    if hasattr(prompts, "iloc") and hasattr(prompts, "map") and getattr(prompts, "ndim", 0) == 1:
        return (prompts.map(_written), True) if len(prompts) and is_conversation(prompts.iloc[0]) else (prompts, False)
    if isinstance(prompts, list | tuple) and any(map(is_conversation, cast("list[Any]", prompts))):
        return [_written(prompt) for prompt in cast("list[Any]", prompts)], True
    return prompts, False


def _written(prompt: Any) -> Any:
    if isinstance(prompt, str) and prompt.strip():
        prompt = [{"role": "user", "content": prompt}]
    return json.dumps(prompt, ensure_ascii=False) if is_conversation(prompt) else prompt


def generate_request(
    data: DataRef, objects: Objects, *, namespace: Mapping[str, Any] | None = None, **given: Any
) -> tuple[GenerateRequest, Objects]:
    """The request for what a user gave, and the objects that it names.

    Args:
        data: the prompts.
        objects: what `data` names.
        namespace: where names are looked up.
        given: arguments of `generate`; for one that is None, or missing, the settings are asked.
    """
    values, objects = request_fields("generate", objects, namespace, given)
    decoding = decoding_given(values)
    return GenerateRequest(data=data, decoding=decoding, **values), objects


def run_generate(request: GenerateRequest, objects: Objects, view: View) -> Generation:
    """Run a request and show it in a view: the one way through, for magics and functions."""
    from nbtransformers.engine.generate import generate as run

    return run_writing(view, lambda: run(request, objects, view.progress, view.partial))


@door
def continue_from(result: Generation, row: int, position: int, token: int | str) -> Generation:
    """A result whose text of one row goes on from another token: what stood before it stays, the rest is written anew.

    Args:
        result: what was written; it stays as it is.
        row: the number of the row.
        position: of the token in its text, from 0.
        token: what stands there instead: the text, or the number, of one of its `alternatives`.

    Returns:
        A `Generation`, all other rows of which are as they were.

    Raises:
        UserError: when there is no such place, or no such token.

    Example:
        >>> result.alternatives(0, 0)
        >>> nbt.continue_from(result, 0, 0, " Lyon").texts[0]
    """
    from nbtransformers.engine.branching import branch

    if not isinstance(result, Generation):
        raise UserError(
            f"There is nothing to continue in {kind_of(result)}.",
            hint="Type `nbt.continue_from(result, row, position, token)` with a result of `nbt.generate`.",
        )
    number = _number(result, row, position, token) if isinstance(token, str) else token
    view = passing_view("Going on")
    return run_writing(view, lambda: branch(result, row, position, number, None, view.progress, view.partial))


def _number(result: Generation, row: int, position: int, token: str) -> int:
    alternatives = result.alternatives(row, position)
    for found in alternatives:
        if found.token == token:
            return found.id
    raise UserError(
        f"{shown(token)} is no alternative there.", hint=f"There are {', '.join(shown(a.token) for a in alternatives)}."
    )
