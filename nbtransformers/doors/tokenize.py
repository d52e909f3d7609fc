"""`nbtransformers.tokenize`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from nbtransformers import settings
from nbtransformers.doors.common import model_given, run_and_keep, where_names_are
from nbtransformers.doors.door import door
from nbtransformers.inputs.refs import data_ref
from nbtransformers.panels.view import View, passing_view
from nbtransformers.request import DataRef, ModelRef, Objects, TokenizeRequest
from nbtransformers.results.tokenization import Tokenization


@door
def tokenize(
    data: Any,
    *,
    model: Any = None,
    column: str | int | None = None,
    encoding: str | None = None,
    split: str | None = None,
    subset: str | None = None,
    revision: str | None = None,
    special_tokens: bool = True,
    max_length: int | None = None,
    batch_size: int | None = None,
    trust_remote_code: bool = False,
) -> Tokenization:
    """Cut texts into tokens, with one tokenizer or with several side by side.

    What is None, or left out, is as `%nbt set`, the environment or a pyproject.toml says (see `defaults`), or else as
    below.

    Args:
        data: {DATA}
        model: whose tokenizer: a bundled name, a folder (that need hold nothing but a tokenizer), a Hub id, a
            tokenizer, a Transformers model, a pipeline, or a (model, tokenizer) pair; a list of them to compare
            several. Without one: the bundled encoder's. No weights are loaded.
        column: the column of a table that holds the texts.
        encoding: how a text file is encoded; None guesses, and says the guess.
        split: the split of a dataset.
        subset: the configuration of a Hub dataset.
        revision: a Hub model's branch, tag or commit.
        special_tokens: add the tokens that the model expects around a text.
        max_length: tokens that a text may have, special ones included; None is the limit of the model.
        batch_size: texts in the batch whose padding is shown; else 32.
        trust_remote_code: run the code that comes with the tokenizer.

    Returns:
        A `Tokenization`: `tokens`, `ids`, `offsets` (a list a row), `counts`, `batch()`, `compare()`, `to_pandas()`.

    Raises:
        UserError: one line that says what is wrong and what to type instead.

    Example:
        >>> import nbtransformers as nbt
        >>> nbt.tokenize("Unbelievable!").tokens[0]
        >>> nbt.tokenize(texts, model=["minilm", "owner/name"]).compare()
    """
    ref, objects = data_ref(data, column, encoding, split, subset)
    request, objects = tokenize_request(
        ref,
        objects,
        model=model,
        revision=revision,
        special_tokens=special_tokens,
        max_length=max_length,
        batch_size=batch_size,
        trust_remote_code=trust_remote_code,
    )
    return run_tokenize(request, objects, passing_view("Tokenizing"))


def tokenize_request(
    data: DataRef, objects: Objects, *, namespace: Mapping[str, Any] | None = None, **given: Any
) -> tuple[TokenizeRequest, Objects]:
    """The request for what a user gave, and the objects that it names.

    Args:
        data: the texts.
        objects: what `data` names.
        namespace: where names are looked up.
        given: arguments of `tokenize`; for one that is None, or missing, the settings are asked.
    """
    from nbtransformers.loading.tokenizers import tokenizer_ref

    filled = settings.filled("tokenize", given)
    values = dict(filled.values)
    model, revision = model_given(values)
    allowed = {"trust_remote_code": values.pop("trust_remote_code", False)}
    models = cast("list[Any]", model) if isinstance(model, list) else [] if model is None else [model]
    namespace = where_names_are(filled, namespace)
    refs: list[ModelRef] = []
    for one in models:
        with filled.naming("model"):
            ref, found = tokenizer_ref(one, revision, namespace, runs=settings.runs_folder(), **allowed)
        ref = replace(ref, default_from=filled.place("model"))
        ref, found = _by_another_name(ref, found, objects)
        refs.append(ref)
        objects = {**objects, **found}
    return TokenizeRequest(data=data, models=tuple(refs), **values), objects


def _by_another_name(ref: ModelRef, found: Objects, taken: Objects) -> tuple[ModelRef, Objects]:
    """The same reference, under a name that stands for nothing else: objects that come without one may share it."""
    name, number = ref.name, 2
    while name in found and name in taken and taken[name] is not found[name]:
        name, found = f"{ref.name} ({number})", {f"{ref.name} ({number})": found[name]}
        number += 1
    return replace(ref, name=name), found


def run_tokenize(request: TokenizeRequest, objects: Objects, view: View) -> Tokenization:
    """Run a request and show it in a view: the one way through, for magics and functions."""
    from nbtransformers.engine.tokenize import tokenize as run

    return run_and_keep(view, lambda: run(request, objects, view.progress, view.partial))
