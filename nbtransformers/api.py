"""The public functions: the same names and the same errors as the magics, for plain Python."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar, cast

from nbtransformers import settings
from nbtransformers.door import door
from nbtransformers.errors import Interrupted, UserError, did_you_mean, kind_of, shown
from nbtransformers.inputs.refs import data_ref
from nbtransformers.interrupt import deferred_interrupts
from nbtransformers.panels.host import in_notebook, shell
from nbtransformers.panels.view import View, passing_view
from nbtransformers.request import (
    ClassifyRequest,
    DataRef,
    DataType,
    LongText,
    ModelRef,
    Objects,
    RunOptions,
    TokenizeRequest,
    parse_labels,
)
from nbtransformers.results.classification import Classification
from nbtransformers.results.tokenization import Tokenization

R = TypeVar("R")

RUN_OPTIONS = tuple(field.name for field in fields(RunOptions))
_PERMISSIONS = ("allow_pickle", "trust_remote_code", "allow_large")
_TOKENIZER = "the tokenizer"  # its place among the objects; the data's is an expression, which this never is


@door
def classify(
    data: Any,
    *,
    model: Any = None,
    tokenizer: Any = None,
    labels: str | Iterable[str] | None = None,
    column: str | int | None = None,
    encoding: str | None = None,
    split: str | None = None,
    subset: str | None = None,
    top_k: int | None = None,
    multi_label: bool | None = None,
    threshold: float | None = None,
    template: str | None = None,
    revision: str | None = None,
    allow_pickle: bool = False,
    trust_remote_code: bool = False,
    allow_large: bool = False,
    device: str | None = None,
    dtype: DataType | None = None,
    batch_tokens: int | None = None,
    threads: int | None = None,
    max_length: int | None = None,
    long: LongText | None = None,
) -> Classification:
    """Label texts with a classifier, or zero-shot with labels of your own.

    What is None, or left out, is as `%nbt set`, the environment or a pyproject.toml says (see `defaults`), or else as
    below.

    Args:
        data: a text, a list of texts, a Series, a table with `column`, a file as a `Path` (.txt .csv .tsv .jsonl
            .json .parquet, also compressed), or a Hub dataset as `"hub:owner/name"`. Every row keeps its place and
            its index; one that holds no text gets a reason and no score.
        model: a bundled name, a folder, a Hub id, a Transformers model, a pipeline, or a (model, tokenizer) pair.
            Without one: the bundled sentiment model, or with `labels` the bundled encoder.
        tokenizer: the tokenizer of a model that comes without one.
        labels: labels for zero-shot classification, as a list or as `"politics, sport"`.
        column: the column of a table that holds the texts.
        encoding: how a text file is encoded; None guesses, and says the guess.
        split: the split of a dataset.
        subset: the configuration of a Hub dataset.
        top_k: how many labels a row shows.
        multi_label: score each label on its own; None follows the model.
        threshold: a multi-label label is assigned at this score or above; else 0.5.
        template: the sentence that a zero-shot label is put into, with `{}` for the label.
        revision: a Hub model's branch, tag or commit.
        allow_pickle: load pickled weights where there are no safetensors; only tensors are unpickled.
        trust_remote_code: run the code that comes with the model.
        allow_large: load it even if it does not seem to fit into memory.
        device: `auto`, `cpu`, `cuda`, `cuda:1` or `mps`; else `auto`.
        dtype: `auto`, `float32`, `float16` or `bfloat16`; else `auto`.
        batch_tokens: tokens a batch; None finds it by a short probe.
        threads: CPU threads; None finds it by the same probe.
        max_length: tokens read of one text; None is the model's limit.
        long: a longer text: `truncate` (the default), `window` (overlapping windows, averaged) or `error`.

    Returns:
        A `Classification`: `labels`, `scores` `[text, label]`, `to_pandas()`, `plot()`.

    Raises:
        UserError: one line that says what is wrong and what to type instead.

    Example:
        >>> import nbtransformers as nbt
        >>> nbt.classify(["A joy from start to end.", "Dull."]).to_pandas()
        >>> nbt.classify(df, column="headline", labels=["politics", "sport"])
    """
    ref, objects = data_ref(data, column, encoding, split, subset)
    request, objects = classify_request(
        ref,
        objects,
        model=model,
        tokenizer=tokenizer,
        labels=labels,
        top_k=top_k,
        multi_label=multi_label,
        threshold=threshold,
        template=template,
        revision=revision,
        allow_pickle=allow_pickle,
        trust_remote_code=trust_remote_code,
        allow_large=allow_large,
        device=device,
        dtype=dtype,
        batch_tokens=batch_tokens,
        threads=threads,
        max_length=max_length,
        long=long,
    )
    return run_classify(request, objects, passing_view("Classifying"))


def classify_request(
    data: DataRef, objects: Objects, *, namespace: Mapping[str, Any] | None = None, **given: Any
) -> tuple[ClassifyRequest, Objects]:
    """The request for what a user gave, and the objects that it names.

    Args:
        data: the texts.
        objects: what `data` names.
        namespace: where names are looked up.
        given: arguments of `classify`; for one that is None, or missing, the settings are asked.
    """
    filled = settings.filled("classify", given)
    values = dict(filled.values)
    run = RunOptions(**{key: values.pop(key) for key in RUN_OPTIONS if key in values})
    model, found = _model_of(filled, values, namespace)
    objects = {**objects, **found}
    tokenizer = values.pop("tokenizer", None)
    if tokenizer is not None:
        objects = {**objects, _TOKENIZER: _tokenizer(tokenizer, namespace or {})}
    request = ClassifyRequest(
        data=data,
        model=model,
        tokenizer=None if tokenizer is None else _TOKENIZER,
        labels=parse_labels(values.pop("labels", None)),
        run=run,
        **values,
    )
    return request, objects


def _model_of(
    filled: settings.Filled, values: dict[str, Any], namespace: Mapping[str, Any] | None
) -> tuple[ModelRef | None, Objects]:
    """The reference to the model, and the objects that it names; takes the model's options out of `values`."""
    from nbtransformers.loading.refs import model_ref

    model, revision = _model_given(values)
    permissions = {name: values.pop(name) for name in _PERMISSIONS if name in values}
    if model is None:
        return None, {}
    namespace = _where_names_are(filled, namespace)
    with filled.naming("model"):
        ref, objects = model_ref(model, revision, namespace, **permissions)
    return replace(ref, default_from=filled.place("model")), objects


def _model_given(values: dict[str, Any]) -> tuple[Any, str | None]:
    """The model and its revision, taken out of `values`."""
    model, revision = values.pop("model", None), values.pop("revision", None)
    if revision is not None and (model is None or (isinstance(model, list) and not model)):
        raise UserError("A revision needs a model.", hint="Add `--model owner/name`.")
    return model, revision


def _where_names_are(filled: settings.Filled, namespace: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if namespace is None and "model" in filled.sources and shell() is not None:
        return shell().user_ns  # a name that was set in a notebook is one of its variables for functions too
    return namespace


def run_classify(request: ClassifyRequest, objects: Objects, view: View) -> Classification:
    """Run a request and show it in a view: the one way through, for magics and functions."""
    from nbtransformers.engine.classify import classify as run

    return _shown(view, lambda: run(request, objects, view.progress, view.partial))


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
        data: a text, a list of texts, a Series, a table with `column`, a file as a `Path` (.txt .csv .tsv .jsonl
            .json .parquet, also compressed), or a Hub dataset as `"hub:owner/name"`. Every row keeps its place and
            its index; one that holds no text gets a reason and no tokens.
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
    model, revision = _model_given(values)
    allowed = {"trust_remote_code": values.pop("trust_remote_code", False)}
    models = cast("list[Any]", model) if isinstance(model, list) else [] if model is None else [model]
    namespace = _where_names_are(filled, namespace)
    refs: list[ModelRef] = []
    for one in models:
        with filled.naming("model"):
            ref, found = tokenizer_ref(one, revision, namespace, **allowed)
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

    return _shown(view, lambda: run(request, objects, view.progress, view.partial))


def _shown(view: View, run: Callable[[], R]) -> R:
    """Run a task and show its result in a view; once there is a result, an interrupt does not lose it."""
    if in_notebook():
        from nbtransformers.panels.display import install

        install(shell())
    with view:
        try:
            result = run()
        except KeyboardInterrupt as error:
            raise Interrupted("Interrupted before any text was done. Run it again.") from error
        with deferred_interrupts():
            view.show(result)  # pyright: ignore[reportArgumentType]
    return result


Resumable = TypeVar("Resumable", Classification, Tokenization)


@door
def resume(result: Resumable, *, data: Any = None, model: Any = None, tokenizer: Any = None) -> Resumable:
    """Finish what an interrupt (or a failure on the way) left of a result.

    Args:
        result: the unfinished result; it stays as it is.
        data: the data again, where they were no list, and are gone: an open dataset, for instance.
        model: the model again, where it was a variable, and is gone.
        tokenizer: its tokenizer.

    Returns:
        The result that the run would have had without the interrupt; the same one when it is finished already.

    Raises:
        UserError: when the result cannot be resumed, or its input has changed.

    Example:
        >>> result.done.sum()
        7000
        >>> result = nbt.resume(result)
    """
    from nbtransformers.engine.resuming import recalled

    if not isinstance(result, Classification | Tokenization):
        raise UserError(f"There is nothing to resume in {kind_of(result)}.", hint="Type `nbt.resume(result)`.")
    if result.read_to_end and result.done.all():
        return result
    objects = recalled(result)
    if data is not None:
        objects[result.request.data.value] = data
    if isinstance(result, Tokenization):
        return _resume_tokenize(result, objects, tokenizer if model is None else model)
    return _resume_classify(result, objects, model, tokenizer)


def _resume_classify(result: Classification, objects: dict[str, Any], model: Any, tokenizer: Any) -> Classification:
    from nbtransformers.engine.classify import resume as run
    from nbtransformers.loading.refs import model_ref

    request = result.request
    if model is not None:
        ref, found = model_ref(model)
        request, objects = replace(request, model=ref), {**objects, **found}
    if tokenizer is not None:
        request, objects = replace(request, tokenizer=_TOKENIZER), {**objects, _TOKENIZER: _tokenizer(tokenizer, {})}
    _still_there([request.model] if request.model else [], objects, request.tokenizer)
    view = passing_view("Classifying")
    return _shown(view, lambda: run(replace(result, request=request), objects, view.progress, view.partial))


def _resume_tokenize(result: Tokenization, objects: Objects, model: Any) -> Tokenization:
    from nbtransformers.engine.tokenize import resume as run

    request = result.request
    if model is not None:
        given, objects = tokenize_request(request.data, objects, model=model)
        request = replace(request, models=given.models)
    _still_there(request.models, objects)
    view = passing_view("Tokenizing")
    return _shown(view, lambda: run(replace(result, request=request), objects, view.progress, view.partial))


def _still_there(models: Iterable[ModelRef], objects: Objects, tokenizer: str | None = None) -> None:
    for name in (*(model.name for model in models if model.kind == "variable"), tokenizer):
        if name is not None and name not in objects:
            raise UserError(f"The model {name} is not there any more.", hint="Type `nbt.resume(result, model=…)`.")


def _tokenizer(tokenizer: Any, namespace: Mapping[str, Any]) -> Any:
    if not isinstance(tokenizer, str):
        if not hasattr(tokenizer, "convert_ids_to_tokens"):
            raise UserError(
                f"The tokenizer is {shown(tokenizer, 40)}, {kind_of(tokenizer)}.",
                hint="Give the model's own tokenizer.",
            )
        return tokenizer
    if tokenizer in namespace:
        return namespace[tokenizer]
    tokenizers = [name for name, value in namespace.items() if hasattr(value, "convert_ids_to_tokens")]
    raise UserError(
        f"There is no variable {tokenizer} for the tokenizer.",
        hint=did_you_mean(tokenizer, tokenizers, what="There is"),
    )
