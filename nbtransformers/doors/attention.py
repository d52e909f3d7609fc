"""`nbtransformers.attention` and `nbtransformers.load_attention`."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any, Unpack

from nbtransformers import settings
from nbtransformers.doors.attentionwork import run_and_offer
from nbtransformers.doors.common import task_request
from nbtransformers.doors.door import door
from nbtransformers.doors.options import OneTextOptions
from nbtransformers.inputs.refs import data_ref
from nbtransformers.panels.view import View, passing_view
from nbtransformers.request import AttentionRequest, DataRef, Objects
from nbtransformers.results.attention import Attention


@door
def attention(
    text: Any,
    model: Any = None,
    pair: str | None = None,
    *,
    target: str | None = None,
    row: int | None = None,
    **options: Unpack[OneTextOptions],
) -> Attention:
    """Look at how every token of a text attends to the others, in each layer and head of a model.

    The model runs as fast as it does otherwise: queries and keys are kept, and a head is computed when it is looked
    at, for texts of thousands of tokens too. What is None, or left out, is as `%nbt set`, the environment or a
    pyproject.toml says (see `defaults`), or else as below.

    Args:
        text: one text; also a Series, a list or a file (as a `Path`) that holds just one; or a batch of inputs that
            a tokenizer has made, which is run as it is.
        model: a bundled name, a folder, a Hub id, a Transformers model, a pipeline, or a (model, tokenizer) pair.
            Without one: the bundled encoder.
        pair: a second text that the model reads behind it, as one input.
        target: the text that the decoder of an encoder-decoder reads; None lets the model write it, greedily.
        row: of such a batch, the row to look at; else the first. What its attention mask leaves out is left out.
        long: a longer text: `error` (the default), or `truncate` to look at its beginning.
        **options: as for every task.

    Returns:
        An `Attention`: `attention[layer, head]` is float32 `[query, key]`; `tokens`, `shape`, `cross`, `encoder`,
        `q`, `k`, `v`, `entropy()`, `rollout()`, `to_pandas()`, `plot()`, `save()`.

    Raises:
        UserError: one line that says what is wrong and what to type instead.

    Example:
        >>> import nbtransformers as nbt
        >>> a = nbt.attention("The cat sat because it was tired.")
        >>> a[3, 7].shape
        (10, 10)
        >>> nbt.attention("Wie geht es dir?", model="owner/translator", target="How are you?").cross[0, 0]
    """
    data, objects = data_ref(text, name="text")
    asked = attention_request(data, objects, model=model, pair=pair, target=target, row=row, **options)
    return run_attention(*asked, passing_view("Looking at attention"))


@door
def load_attention(path: str | PathLike[str]) -> Attention:
    """Read an attention that `attention.save("x.npz")` has written; the model is not needed.

    Args:
        path: the file.

    Raises:
        UserError: when there is no such file, or it is damaged, or none of these.

    Example:
        >>> nbt.attention(text).save("x.npz")
        >>> nbt.load_attention("x.npz")[3, 7]
    """
    return Attention.load(path)


def attention_request(
    data: DataRef, objects: Objects, *, namespace: Mapping[str, Any] | None = None, **given: Any
) -> tuple[AttentionRequest, Objects]:
    """The request for what a user gave, as `task_request` makes it, and the objects that it names."""
    if given.get("long") is None and settings.filled("attention", {}).values.get("long") == "window":
        given["long"] = "error"  # a default for the tasks that can read so
    return task_request(AttentionRequest, data, objects, namespace, given)


def run_attention(request: AttentionRequest, objects: Objects, view: View) -> Attention:
    """Run a request and show it in a view: the one way through, for magics and functions."""
    from nbtransformers.engine.attention import attention as run

    return run_and_offer(view, lambda: run(request, objects, view.progress, view.partial), objects)
